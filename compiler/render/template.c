/*
 * The templates of a directory: each file is read and parsed once, compiled
 * once for each dialect that asks for it, and reported once.
 */
#include "render/program.h"

#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

enum { DIRECTORIES = 16 };	/* nested, below the templates' directory */

struct templates *
templates_new(struct arena *a, struct diag *d, const char *path,
    const char *dir, const struct type *root)
{
	struct templates *t = ARENA_NEW(a, struct templates);

	t->arena = a;
	t->diag = d;
	t->path = arena_strdup(a, path);
	t->dir = arena_strdup(a, dir);
	t->root = root;
	map_init(&t->files);
	map_init(&t->tests);
	return t;
}

void
templates_free(struct templates *t)
{
	if (!t)
		return;
	map_release(&t->files);
	map_release(&t->tests);
}

bool
template_name_ok(struct str name)
{
	size_t i, part = 0;

	for (i = 0; i <= name.len; i++) {
		struct str s = {name.s + part, i - part};

		if (i < name.len && name.s[i] != '/') {
			unsigned char c = (unsigned char)name.s[i];

			if (c < 0x20 || c == 0x7f)
				return false;
			continue;
		}
		if (!s.len || str_eq(s, STR(".")) || str_eq(s, STR("..")))
			return false;
		part = i + 1;
	}
	return name.len < 1024;
}

struct template_file *
templates_file(struct templates *t, struct str name)
{
	struct template_file *file = map_get(&t->files, name);
	struct buf bytes = BUF_INIT;
	enum file_error why;
	const char *s;

	if (file)
		return file;
	file = ARENA_NEW(t->arena, struct template_file);
	file->name = arena_strndup(t->arena, name.s, name.len);
	map_add(&t->files, str_of(file->name), file);
	s = file_join(t->arena, t->dir, file->name);
	why = file_read(s, TEMPLATE_LARGEST, &bytes);
	if (why != FILE_OK) {
		file->unreadable = arena_strdup(t->arena,
		    file_error_text(why));
	} else {
		file->at.source = sources_add(t->diag->sources,
		    file_join(t->arena, t->path, file->name), s);
		s = arena_strndup(t->arena, bytes.s, bytes.len);
		template_parse(file, (struct str){s, bytes.len}, t->arena,
		    t->diag);
	}
	buf_release(&bytes);
	return file;
}

/* Report what a role asked for in vain, once a place. */
static void
report(struct templates *t, struct template *program, struct text name,
    struct text dialect)
{
	const struct template_file *file = program->file;

	if (program->told && !memcmp(&program->asked, &name.at,
	    sizeof(name.at)))
		return;
	program->told = true;
	program->asked = name.at;
	if (file->unreadable)
		diag_add(t->diag, FINDING_FILE_UNREADABLE, name.at,
		    "the template '%s' %s", file->name, file->unreadable);
	if (dialect.len && !dialect_named(text_str(dialect)))
		dialect_unknown(t->diag, dialect.at, text_str(dialect));
}

static struct template *
find_program(struct templates *t, struct template_file *file,
    struct text dialect)
{
	struct str wanted = dialect.len ? text_str(dialect) : STR("plain");
	struct template *program;

	for (program = file->first; program; program = program->next)
		if (str_eq(program->dialect, wanted))
			return program;
	program = ARENA_NEW(t->arena, struct template);
	program->file = file;
	program->dialect = str_of(arena_strndup(t->arena, wanted.s,
	    wanted.len));
	program->next = file->first;
	file->first = program;
	file->used = true;
	if (file->unreadable || !dialect_named(wanted))
		program->broken = true;
	else
		template_compile(t, program, dialect_named(wanted));
	return program;
}

const struct template *
templates_get(struct templates *t, struct text name, struct text dialect)
{
	struct template *program;

	if (!template_name_ok(text_str(name))) {
		diag_add(t->diag, FINDING_BAD_PATH, name.at, "'%.*s' names no "
		    "template; write its path below %s",
		    STR_SHORT(text_str(name)), t->path);
		return NULL;
	}
	program = find_program(t, templates_file(t, text_str(name)), dialect);
	if (!program->broken)
		return program;
	report(t, program, name, dialect);
	return NULL;
}

/* Every name below a directory, as a template's name. */
static void
list_files(struct templates *t, const char *below, unsigned depth)
{
	const char *dir = file_join(t->arena, t->dir, below);
	char **name = file_list(t->arena, *below ? dir : t->dir);

	if (!name) {
		struct origin at = {sources_add(t->diag->sources,
		    *below ? file_join(t->arena, t->path, below) : t->path,
		    *below ? dir : t->dir), 0, 0};

		diag_add(t->diag, FINDING_FILE_UNREADABLE, at,
		    "the directory cannot be read: %s", strerror(errno));
		return;
	}
	for (; *name; name++) {
		const char *inner = file_join(t->arena, below, *name);
		struct stat st;

		/* An editor's backup is no template. */
		if (**name == '.' || str_ends(str_of(*name), STR("~")))
			continue;
		if (lstat(file_join(t->arena, t->dir, inner), &st) == 0 &&
		    S_ISDIR(st.st_mode)) {
			if (depth < DIRECTORIES)
				list_files(t, inner, depth + 1);
		} else if (template_name_ok(str_of(inner))) {
			templates_file(t, str_of(inner));
		}
	}
}

/* Whose slips nobody reported so far, is compiled on its own. */
static void
check_file(struct templates *t, struct template_file *file)
{
	struct text plain = {.s = "plain", .len = 5};

	if (file->unreadable && file->included) {
		/* Reported where it is included. */
	} else if (file->unreadable) {
		struct origin at = {sources_add(t->diag->sources,
		    file_join(t->arena, t->path, file->name),
		    file_join(t->arena, t->dir, file->name)), 0, 0};

		diag_add(t->diag, FINDING_FILE_UNREADABLE, at,
		    "the template %s", file->unreadable);
	} else {
		find_program(t, file, plain);
	}
	file->used = true;
}

void
templates_check_all(struct templates *t)
{
	size_t pass, i, j;

	list_files(t, "", 0);
	/* A partial is checked where it is included, in that scope. */
	for (i = 0; i < t->files.n; i++) {
		struct template_file *file = t->files.entry[i].value;

		for (j = 0; j < file->ntag; j++)
			if (file->tag[j].kind == TAG_PARTIAL)
				templates_file(t, file->tag[j].text)->included =
				    true;
	}
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < t->files.n; i++) {
			struct template_file *file = t->files.entry[i].value;

			if (!file->used && (pass || !file->included))
				check_file(t, file);
		}
	}
}

static struct test *
find_test(struct templates *t, struct text expression)
{
	struct test *test = map_get(&t->tests, text_str(expression));
	struct str name = text_str(expression);

	if (test)
		return test;
	test = ARENA_NEW(t->arena, struct test);
	test->asked = expression.at;
	if (str_starts(name, STR("!"))) {
		test->negated = true;
		name = str_trim((struct str){name.s + 1, name.len - 1});
		expression.at.column += (uint32_t)(name.s - expression.s);
	}
	test->broken = !template_compile_test(t, name, expression.at,
	    &test->op);
	expression.s = arena_strndup(t->arena, expression.s, expression.len);
	map_add(&t->tests, text_str(expression), test);
	return test;
}

bool
template_test(struct templates *t, struct text expression, const void *root,
    bool *answer)
{
	struct test *test = find_test(t, expression);

	if (test->broken) {
		if (memcmp(&test->asked, &expression.at,
		    sizeof(expression.at))) {
			test->asked = expression.at;
			diag_add(t->diag, FINDING_TEMPLATE_NAME,
			    expression.at, "'%s' names nothing",
			    expression.s);
		}
		return false;
	}
	*answer = template_holds(&test->op, root) != test->negated;
	return true;
}
