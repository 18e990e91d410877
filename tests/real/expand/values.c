/*
 * values DIR: the values that cf_value() gives, in the form of postconf -x
 * and postconf -xP, whose own lines say on standard input which ones:
 * "name = ..." of main.cf, "service/type/name = ..." of master.cf.
 */
#include "base/file.h"
#include "postfix/cf.h"

#include <stdio.h>
#include <stdlib.h>

static bool
read_cf(const char *dir, const char *name, struct arena *a,
    struct cf_file *file)
{
	struct buf b = BUF_INIT;
	char *path = file_join(a, dir, name);
	enum file_error why = file_read(path, 1 << 24, &b);

	if (why != FILE_OK) {
		fprintf(stderr, "%s %s\n", path, file_error_text(why));
		return false;
	}
	*file = (struct cf_file){path,
	    {arena_strndup(a, b.s, b.len), b.len}, NULL};
	buf_release(&b);
	return true;
}

/* The service of "smtp/inet/name", which then is "name". */
static const struct service *
cut_service(const struct cf *cf, struct str *name)
{
	struct str service, type;
	size_t i, slash = str_find(*name, '/');

	if (slash == name->len)
		return NULL;
	service = (struct str){name->s, slash};
	*name = (struct str){name->s + slash + 1, name->len - slash - 1};
	slash = str_find(*name, '/');
	type = (struct str){name->s, slash};
	*name = (struct str){name->s + slash + 1, name->len - slash - 1};
	for (i = 0; i < cf->nservice; i++)
		if (str_eq(cf->service[i].name, service) &&
		    str_eq(cf->service[i].type, type))
			return &cf->service[i];
	return NULL;
}

static void
print(const struct cf *cf, struct str line)
{
	struct str name = line, value;
	const struct service *service = cut_service(cf, &name);

	value = cf_value(cf, service, name, cf->arena);
	printf("%.*s =%s%.*s\n", STR_ARG(line), value.len ? " " : "",
	    STR_ARG(value));
}

int
main(int argc, char **argv)
{
	struct cf_file main_cf, master_cf;
	char *line = NULL;
	size_t size = 0;
	struct arena a;
	struct cf cf;

	arena_init(&a);
	if (argc != 2 || !read_cf(argv[1], "main.cf", &a, &main_cf) ||
	    !read_cf(argv[1], "master.cf", &a, &master_cf))
		return EXIT_FAILURE;
	cf_read(&cf, &a, &main_cf, &master_cf);
	while (getline(&line, &size, stdin) > 0)
		print(&cf, (struct str){line, strcspn(line, " =\n")});
	free(line);
	cf_release(&cf);
	arena_release(&a);
	return EXIT_SUCCESS;
}
