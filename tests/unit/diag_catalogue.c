/* The catalogue: every finding has a name, a title and a page of its own. */
#include "diag/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void
names_are_words_with_hyphens(void **state)
{
	int id;

	(void)state;
	for (id = 0; id < FINDING_COUNT; id++) {
		const char *name = finding_kinds[id].name;

		assert_non_null(name);
		assert_true(strlen(name) > 3);
		assert_int_equal(strspn(name,
		    "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(name));
	}
}

static void
names_lead_back_to_ids(void **state)
{
	int id;

	(void)state;
	for (id = 0; id < FINDING_COUNT; id++)
		assert_int_equal(finding_named(str_of(finding_kinds[id].name)),
		    id);
	assert_int_equal(finding_named(STR("no-such-finding")), FINDING_COUNT);
	assert_int_equal(finding_named(STR("")), FINDING_COUNT);
}

static void
every_finding_has_a_page(void **state)
{
	int id, missing = 0;

	(void)state;
	for (id = 0; id < FINDING_COUNT; id++) {
		if (finding_kinds[id].page)
			continue;
		print_error("compiler/diag/pages/%s.md is missing\n",
		    finding_kinds[id].name);
		missing++;
	}
	assert_int_equal(missing, 0);
}

/* "# alias-loop: aliases and forwards lead in a circle" comes first. */
static void
a_page_begins_with_name_and_title(void **state)
{
	int id, wrong = 0;
	char head[256];

	(void)state;
	for (id = 0; id < FINDING_COUNT; id++) {
		const struct finding_kind *kind = &finding_kinds[id];

		snprintf(head, sizeof(head), "# %s: %s\n\n", kind->name,
		    kind->title);
		if (!kind->page || !strncmp(kind->page, head, strlen(head)))
			continue;
		print_error("%s.md does not begin with %s", kind->name, head);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

/* A page fits a terminal; only the title may be longer. */
static void
a_page_is_one_page(void **state)
{
	int id, wrong = 0;

	(void)state;
	for (id = 0; id < FINDING_COUNT; id++) {
		const char *line = finding_kinds[id].page, *end;
		size_t lines = 0, longest = 0;

		for (; line && *line; line = end + 1, lines++) {
			end = strchr(line, '\n');
			assert_non_null(end);
			if (lines && (size_t)(end - line) > longest)
				longest = (size_t)(end - line);
		}
		if (lines > 60 || longest > 80) {
			print_error("%s.md: %zu lines, the longest of %zu\n",
			    finding_kinds[id].name, lines, longest);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

static void
a_hard_finding_is_an_error(void **state)
{
	int id;

	(void)state;
	for (id = 0; id < FINDING_COUNT; id++)
		if (finding_is_hard((enum finding_id)id))
			assert_int_equal(finding_kinds[id].level, LEVEL_ERROR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_words_with_hyphens),
		cmocka_unit_test(names_lead_back_to_ids),
		cmocka_unit_test(every_finding_has_a_page),
		cmocka_unit_test(a_page_begins_with_name_and_title),
		cmocka_unit_test(a_page_is_one_page),
		cmocka_unit_test(a_hard_finding_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
