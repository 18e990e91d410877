#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hiera/hiera.h"
#include "tree/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What Ruby would inspect; "BROKEN" where the file is refused. */
static void
check(const char *json, const char *wanted, size_t findings)
{
	struct arena arena;
	struct sources sources;
	struct diag diag;
	struct value v, list;
	struct buf b = BUF_INIT;
	char path[] = "/tmp/mailc-unit-XXXXXX";
	int fd = mkstemp(path);

	assert_int_equal(write(fd, json, strlen(json)), strlen(json));
	close(fd);
	arena_init(&arena);
	sources_init(&sources, &arena);
	diag_init(&diag, &arena, &sources);
	if (json_read(&arena, &diag, "f", path, &v) == TREE_OK) {
		list = value_list(&arena, &v, 1, ORIGIN_NONE);
		ruby_text(&b, &list);
		b.s[b.len - 1] = '\0';
		assert_string_equal(b.s + 1, wanted);
	} else {
		assert_string_equal("BROKEN", wanted);
	}
	assert_int_equal(diag.n, findings);
	unlink(path);
	buf_release(&b);
	diag_release(&diag);
	sources_release(&sources);
	arena_release(&arena);
}

static void
reads_json(void **state)
{
	(void)state;
	check("{\"a\": [1, -2.5e3, true, null]}",
	    "{\"a\"=>[1, -2500.0, true, nil]}", 0);
	check("\"\\ud83d\\ude00\\u00e9\\n\"", "\"\xf0\x9f\x98\x80\xc3\xa9"
	    "\\n\"", 0);
	check("12345678901234567890123", "12345678901234567890123", 0);
	check("{\"a\": 1, \"b\": 2, \"a\": 3}", "{\"a\"=>3, \"b\"=>2}", 1);
	check("{}", "{}", 0);
}

static void
refuses_what_is_no_json(void **state)
{
	static const char *const cases[] = {
		"", "{", "[1,]", "{\"a\" 1}", "'a'", "01", "\"\\ud83d\"",
		"\"\\x\"", "1 2", "nul", "\"\t\"", "\xff", "{a: 1}",
		"// x\n1", "NaN",
	};
	struct buf deep = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(cases[i], "BROKEN", 1);
	for (i = 0; i < 101; i++)
		buf_addch(&deep, '[');
	for (i = 0; i < 101; i++)
		buf_addch(&deep, ']');
	check(deep.s, "BROKEN", 1);
	buf_release(&deep);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_json),
		cmocka_unit_test(refuses_what_is_no_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
