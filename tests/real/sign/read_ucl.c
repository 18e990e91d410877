/*
 * read_ucl FILE...: what the reader makes of each file (with FILE.local read
 * over it as local.d is, and FILE.override as override.d), a line each:
 * "ok JSON", "broken LINE:COLUMN WHY" or "unknown LINE:COLUMN WHY".
 */
#include "base/file.h"
#include "tree/ucl.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <unistd.h>

static void
put_string(struct str s)
{
	size_t i;

	putchar('"');
	for (i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (c == '"' || c == '\\')
			printf("\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			printf("\\u%04x", c);
		else
			putchar(c);
	}
	putchar('"');
}

static void
put_value(const struct value *v)
{
	uint32_t i;

	switch ((enum value_kind)v->kind) {
	case VALUE_BOOL:
		fputs(v->u.b ? "true" : "false", stdout);
		break;
	case VALUE_INT:
		printf("%" PRId64, v->u.i);
		break;
	case VALUE_FLOAT:
		if (isfinite(v->u.f))
			printf("%.17g", v->u.f);
		else
			fputs(isnan(v->u.f) ? "NaN" : "Infinity", stdout);
		break;
	case VALUE_STRING:
		put_string(value_str(v));
		break;
	case VALUE_LIST:
		putchar('[');
		for (i = 0; i < v->len; i++) {
			fputs(i ? "," : "", stdout);
			put_value(&v->u.item[i]);
		}
		putchar(']');
		break;
	case VALUE_HASH:
		putchar('{');
		for (i = 0; i < v->len; i++) {
			fputs(i ? "," : "", stdout);
			put_string(value_str(&v->u.hash->pair[i].key));
			putchar(':');
			put_value(&v->u.hash->pair[i].value);
		}
		putchar('}');
		break;
	case VALUE_NULL:
	case VALUE_BIGINT:
	case VALUE_SYMBOL:
	case VALUE_BAD:
		fputs("null", stdout);
		break;
	}
}

static enum ucl_result
read_one(struct ucl *ucl, const char *path, unsigned priority,
    enum ucl_duplicate duplicate, struct ucl_problem *problem)
{
	struct buf b = BUF_INIT;
	enum ucl_result result = UCL_OK;

	if (file_read(path, 1 << 24, &b) == FILE_OK)
		result = ucl_read(ucl, 1, (struct str){b.s, b.len}, priority,
		    duplicate, problem);
	buf_release(&b);
	return result;
}

static bool
exists(struct arena *a, const char *path, const char *suffix)
{
	return !access(arena_printf(a, "%s.%s", path, suffix), F_OK);
}

static void
read_file(const char *path)
{
	static const struct ucl_variable variable[] = {
		{{"DBDIR", 5}, {"/var/lib/rspamd", 15}},
		{{"VERSION", 7}, {"3.4", 3}},
	};
	static const char *const name[] = {"ok", "broken", "unknown"};
	struct ucl_problem problem = {0};
	struct arena arena;
	struct ucl *ucl;
	struct value v;
	enum ucl_result result;

	arena_init(&arena);
	ucl = ucl_new(&arena, variable, 2);
	/* A file that is read into a section of the test's is included. */
	if (exists(&arena, path, "local") || exists(&arena, path, "override"))
		ucl_read(ucl, 1, STR("\n"), 0, UCL_APPEND, &problem);
	result = read_one(ucl, path, 0, UCL_APPEND, &problem);
	if (result == UCL_OK)
		result = read_one(ucl, arena_printf(&arena, "%s.local", path),
		    1, UCL_MERGE, &problem);
	if (result == UCL_OK)
		result = read_one(ucl, arena_printf(&arena, "%s.override",
		    path), 10, UCL_APPEND, &problem);
	printf("%s ", name[result]);
	if (result == UCL_OK) {
		v = ucl_value(ucl);
		put_value(&v);
	} else {
		printf("%u:%u %s", problem.at.line, problem.at.column,
		    problem.why);
	}
	putchar('\n');
	arena_release(&arena);
}

int
main(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		read_file(argv[i]);
	return 0;
}
