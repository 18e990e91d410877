/*
 * Ask Postfix's own libraries what ask.c asks the simulator, on the machine's
 * main.cf and with its rewrite service:
 *
 * real match KIND PARENTS LIST, find KEYS PARENTS LIST, map PROPAGATE LIST,
 * rewrite, quote, unquote: as ask.c has them.
 *
 * Debian has the libraries but not their headers: what is used is declared
 * here.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

struct vbuf {
	int flags;
	unsigned char *data;
	ssize_t len, cnt;
	unsigned char *ptr;
	void *ready[3];
};
struct argv {
	ssize_t len, argc;
	char **argv;
};
struct maps {
	char *title;
	struct argv *argv;
	int error;
};
struct match_list;
typedef int match_fn(struct match_list *, const char *, const char *);
struct match_list {
	char *pname;
	int flags;
	struct argv *patterns;
	int match_count;
	match_fn **match_func;
	const char **match_args;
	struct vbuf *fold_buf;
	int error;
};

extern int dict_allow_surrogate;
extern char *var_queue_dir;
void mail_conf_read(void);
void mail_dict_init(void);
struct vbuf *vstring_alloc(ssize_t len);
struct maps *maps_create(const char *title, const char *list, int flags);
const char *maps_find(struct maps *maps, const char *key, int flags);
const char *mail_addr_find_opt(struct maps *maps, const char *address,
    char **extension, int in, int query, int out, int strategy);
struct argv *mail_addr_map_opt(struct maps *maps, const char *address,
    int propagate, int in, int query, int out);
struct match_list *match_list_init(const char *name, int flags,
    const char *list, int n, ...);
int match_list_match(struct match_list *list, ...);
int match_string(struct match_list *list, const char *s, const char *pattern);
int match_hostname(struct match_list *list, const char *s,
    const char *pattern);
int match_hostaddr(struct match_list *list, const char *s,
    const char *pattern);
struct vbuf *quote_822_local_flags(struct vbuf *to, const char *s, int flags);
struct vbuf *unquote_822_local(struct vbuf *to, const char *s);
struct vbuf *rewrite_clnt_internal(const char *rule, const char *address,
    struct vbuf *to);

enum {
	INTERNAL = 1, EXTERNAL, EXTERNAL_FIRST,		/* mail_addr_form.h */
	MAPS_FLAGS = 1 << 6 | 1 << 14 | 1 << 19,	/* LOCK FOLD_FIX UTF8 */
	PARENT = 1, RETURN = 2,				/* match_list.h */
	QUOTE = 1,					/* quote_flags.h */
	FULL = 1, NOEXT = 2, LOCAL = 4, AT_DOMAIN = 16,
	DOMAIN = 32, PDMS = 64, PDDMDS = 128, LOCAL_AT = 256,
};

static struct vbuf *out;

static void
say(const char *value, int error)
{
	if (value)
		printf("=%s\n", value);
	else
		puts(error ? "!" : "-");
}

static void
find(struct maps *maps, const char *keys, int parents, const char *address)
{
	int strategy = FULL | NOEXT | LOCAL | AT_DOMAIN;
	int domains = FULL | NOEXT | DOMAIN | (parents ? PDMS : PDDMDS);
	char *extension = NULL;
	const char *value;

	if (!strcmp(keys, "transport"))
		strategy = domains;
	else if (strcmp(keys, "default"))
		strategy = domains | LOCAL_AT;
	value = mail_addr_find_opt(maps, address, &extension, INTERNAL,
	    EXTERNAL_FIRST, EXTERNAL, strategy);
	if (!value && !maps->error && !strcmp(keys, "transport"))
		value = maps_find(maps, "*", 0);
	if (value)
		printf("=%s|%s\n", value, extension ? extension : "");
	else
		say(NULL, maps->error);
}

static void
map(struct maps *maps, int propagate, const char *address)
{
	struct argv *list = mail_addr_map_opt(maps, address, propagate,
	    INTERNAL, EXTERNAL, INTERNAL);
	ssize_t i;

	if (!list) {
		say(NULL, maps->error);
		return;
	}
	for (i = 0; i < list->argc; i++)
		printf("%s<%s>", i ? " " : "=", list->argv[i]);
	putchar('\n');
}

static void
match(struct match_list *list, char *line)
{
	char *address = strchr(line, ' ');
	int found;

	if (address)
		*address++ = '\0';
	found = match_list_match(list, line, address ? address : "");
	say(found ? "yes" : NULL, list->error);
}

int
main(int argc, char **argv)
{
	struct maps *maps = NULL;
	struct match_list *list = NULL;
	char *line = NULL;
	size_t cap = 0;
	ssize_t len;

	if (argc < 2)
		return 64;
	mail_conf_read();
	mail_dict_init();
	dict_allow_surrogate = 1;
	out = vstring_alloc(100);
	if (chdir(var_queue_dir))
		return 1;
	if (!strcmp(argv[1], "find"))
		maps = maps_create("find", argv[4], MAPS_FLAGS);
	else if (!strcmp(argv[1], "map"))
		maps = maps_create("map", argv[3], MAPS_FLAGS);
	else if (!strcmp(argv[1], "match") && !strcmp(argv[2], "clients"))
		list = match_list_init("match", RETURN |
		    (argv[3][0] == '1' ? PARENT : 0), argv[4], 2,
		    match_hostname, match_hostaddr);
	else if (!strcmp(argv[1], "match"))
		list = match_list_init("match", RETURN |
		    (argv[3][0] == '1' ? PARENT : 0), argv[4], 1,
		    strcmp(argv[2], "strings") ? match_hostname :
		    match_string);
	while ((len = getline(&line, &cap, stdin)) > 0) {
		if (line[len - 1] == '\n')
			line[len - 1] = '\0';
		if (!strcmp(argv[1], "find"))
			find(maps, argv[2], argv[3][0] == '1', line);
		else if (!strcmp(argv[1], "map"))
			map(maps, argv[2][0] == '1', line);
		else if (list)
			match(list, line);
		else if (!strcmp(argv[1], "quote"))
			say((char *)quote_822_local_flags(out, line,
			    QUOTE)->data, 0);
		else if (!strcmp(argv[1], "unquote"))
			say((char *)unquote_822_local(out, line)->data, 0);
		else
			say((char *)rewrite_clnt_internal("local", line,
			    out)->data, 0);
	}
	free(line);
	return 0;
}
