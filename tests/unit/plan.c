/* The plan: its order, its MANIFEST, and the paths that it may hold. */
#include "render/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

static void
paths(void **state)
{
	static const struct {
		const char *path;
		bool ok;
	} cases[] = {
		{"main.cf", true},
		{"etc/postfix/main.cf", true},
		{"etc/.hidden", true},
		{"a..b/...", true},
		{"etc/MANIFEST", true},
		{"a b/\xc3\xa4", true},
		{"MANIFEST", false},
		{"", false},
		{"/etc/passwd", false},
		{"etc/", false},
		{"etc//main.cf", false},
		{".", false},
		{"..", false},
		{"./a", false},
		{"../a", false},
		{"a/../b", false},
		{"a/.", false},
		{"a/..", false},
		{"a\nb", false},
		{"a\x7f", false},
		{"\x01", false},
	};
	char deep[3 * PATH_DEEPEST + 1], wide[NAME_LONGEST + 2];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (plan_path_ok(cases[i].path) != cases[i].ok)
			fail_msg("%s", cases[i].path);
	for (i = 0; i <= PATH_DEEPEST; i++)
		memcpy(deep + 2 * i, "a/", 3);
	deep[2 * PATH_DEEPEST + 1] = '\0';
	assert_false(plan_path_ok(deep));
	deep[2 * PATH_DEEPEST - 1] = '\0';
	assert_true(plan_path_ok(deep));
	memset(wide, 'a', sizeof(wide));
	wide[NAME_LONGEST + 1] = '\0';
	assert_false(plan_path_ok(wide));
	wide[NAME_LONGEST] = '\0';
	assert_true(plan_path_ok(wide));
}

static void
add(struct planned_node *node, const char *path, unsigned mode, const char *s)
{
	buf_addstr(&plan_add_file(node, path, mode)->content, s);
}

static void
manifest(void **state)
{
	struct planned_node *node;
	struct plan plan;

	(void)state;
	plan_init(&plan);
	plan_add(&plan, "z.example.org");
	node = plan_add(&plan, "a.example.org");
	add(node, "etc/postfix/maps/alias", 0644, "");
	add(node, "etc/default/postsrsd", 0640, "abc");
	add(node, "etc/postfix/main.cf", 0644, "a\n");
	plan_finish(&plan);
	assert_string_equal(plan.node[0].name, "a.example.org");
	assert_string_equal(plan.node[1].name, "z.example.org");
	assert_int_equal(plan.node[0].n, 4);
	assert_string_equal(plan.node[0].file[0].path, "etc/default/postsrsd");
	assert_string_equal(plan.node[0].file[3].path, "MANIFEST");
	assert_int_equal(plan.node[0].file[3].mode, 0644);
	assert_string_equal(plan.node[0].file[3].content.s,
	    "# mailc MANIFEST 1\n"
	    "0640 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2"
	    "0015ad 3 etc/default/postsrsd\n"
	    "0644 87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4"
	    "cf25c7 2 etc/postfix/main.cf\n"
	    "0644 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b78"
	    "52b855 0 etc/postfix/maps/alias\n");
	assert_string_equal(plan.node[1].file[0].content.s,
	    "# mailc MANIFEST 1\n");
	plan_release(&plan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths),
		cmocka_unit_test(manifest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
