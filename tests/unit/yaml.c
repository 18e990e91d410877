#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hiera/hiera.h"
#include "tree/yaml.h"

#include <stdio.h>

struct run {
	struct arena arena;
	struct sources sources;
	struct diag diag;
	struct value v;
	enum tree_result result;
};

static void
parse(struct run *run, const char *text, size_t len,
    enum yaml_dialect dialect)
{
	arena_init(&run->arena);
	sources_init(&run->sources, &run->arena);
	diag_init(&run->diag, &run->arena, &run->sources);
	run->result = yaml_parse(&run->arena, &run->diag, 0,
	    (struct str){text, len}, dialect, &run->v);
}

static void
release(struct run *run)
{
	diag_release(&run->diag);
	sources_release(&run->sources);
	arena_release(&run->arena);
}

/* What Ruby would inspect; "BROKEN" where Puppet refuses the file. */
static void
check(const char *yaml, const char *wanted)
{
	struct buf b = BUF_INIT;
	struct value list;
	struct run run;

	parse(&run, yaml, strlen(yaml), YAML_HIERA);
	if (run.result == TREE_OK) {
		list = value_list(&run.arena, &run.v, 1, ORIGIN_NONE);
		ruby_text(&b, &list);
		b.s[b.len - 1] = '\0';
		assert_string_equal(b.s + 1, wanted);
	} else {
		if (strcmp(wanted, "BROKEN"))
			print_error("%s\n", yaml);
		assert_string_equal("BROKEN", wanted);
	}
	buf_release(&b);
	release(&run);
}

static void
types_scalars_as_psych(void **state)
{
	static const char *const cases[][2] = {
		{"", "nil"}, {"~", "nil"}, {"null", "nil"}, {"nULL", "nil"},
		{"yes", "true"}, {"yEs", "true"}, {"On", "true"},
		{"OFF", "false"}, {"y", "\"y\""}, {"n", "\"n\""},
		{"'yes'", "\"yes\""}, {"false", "false"},
		{"0755", "493"}, {"08", "\"08\""}, {"0o17", "\"0o17\""},
		{"0x1F", "31"}, {"-0x10", "-16"}, {"0X1F", "\"0X1F\""},
		{"0b101", "5"}, {"1_000", "1000"}, {"1__0", "\"1__0\""},
		{"1_", "\"1_\""}, {"1,5", "15"}, {"25,465,587", "25465587"},
		{"0,5", "5"}, {"0,", "0"}, {"0x_", "BROKEN"},
		{"0b_", "BROKEN"}, {"1:30", "5400"}, {"22:30", "81000"},
		{"-1:30", "-1800"}, {"1:30.5", "5430.0"},
		{"1:60", "\"1:60\""}, {"8080:80", "\"8080:80\""},
		{"2001:47", "7206420"}, {".5", "0.5"}, {"5.", "5.0"},
		{"1,234.56", "1234.56"}, {"09.5", "9.5"},
		{"1.0e+3", "1000.0"}, {"1e3", "\"1e3\""},
		{"1.0e3", "\"1.0e3\""}, {"1.5_5", "\"1.5_5\""},
		{".", "\".\""}, {".e+5", "BROKEN"}, {".inf", "Infinity"},
		{"-.INF", "-Infinity"}, {".NaN", "NaN"},
		{"1.10", "1.1"}, {"10.1", "10.1"}, {"10.0.0.1",
		"\"10.0.0.1\""}, {":sym", ":sym"}, {"::1", "::1"},
		{"2024-01-01", "BROKEN"}, {"2024-13-01", "\"2024-13-01\""},
		{"2024-02-30", "BROKEN"}, {"2024-01-32", "\"2024-01-32\""},
		{"2024-01-01 10:00:00", "BROKEN"},
		{"2024-01-01T10:00:00+123", "BROKEN"},
		{"12345678901234567890123", "12345678901234567890123"},
		{"0xFFFFFFFFFFFFFFFFFF", "4722366482869645213695"},
		{"9223372036854775808:00", "33204139332677192908800"},
		{"!x \"123\"", "123"}, {"! \"yes\"", "true"},
		{"!!str 5", "\"5\""}, {"!!float 3", "3.0"},
		{"!!float x", "BROKEN"}, {"!!binary aGk=", "\"hi\""},
		{"!!set {a}", "BROKEN"}, {"!ruby/object:X {}", "BROKEN"},
		{"!!omap [a: 1, b: 2]", "{\"a\"=>1, \"b\"=>2}"},
		{"!example.com foo", "\"foo\""}, {"!example.com", "nil"},
		{"|\n  5\n", "\"5\\n\""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(cases[i][0], cases[i][1]);
}

static void
builds_collections_as_psych(void **state)
{
	static const char *const cases[][2] = {
		{"{a: 1, b: 2, a: 3}", "{\"a\"=>3, \"b\"=>2}"},
		{"{25: x, '25': y}", "{25=>\"x\", \"25\"=>\"y\"}"},
		{":k: v", "{\"k\"=>\"v\"}"},
		{"a: &x {b: 1}\nc:\n  <<: *x\n  d: 2\n",
		"{\"a\"=>{\"b\"=>1}, \"c\"=>{\"b\"=>1, \"d\"=>2}}"},
		{"b: 2\n<<: {b: 1}\n", "{\"b\"=>1}"},
		{"\"<<\": {b: 1}\n", "{\"b\"=>1}"},
		{"<<: [{b: 1, c: 1}, {b: 2, d: 2}]\n",
		"{\"b\"=>1, \"d\"=>2, \"c\"=>1}"},
		{"<<: x\n", "{\"<<\"=>\"x\"}"},
		{"a: &x [1]\n<<: *x\n", "{\"a\"=>[1], \"<<\"=>[1]}"},
		{"- &x a\n- *x\n", "[\"a\", \"a\"]"},
		{"- *x\n", "BROKEN"}, {"&x [*x]", "BROKEN"},
		{"&x [&x 1, *x]", "[1, 1]"},
		{"a: 1\n---\nb: [", "{\"a\"=>1}"},
		{"a: 1\n...\n}}", "{\"a\"=>1}"},
		{"a: 1\r\nb: 2\r\n", "{\"a\"=>1, \"b\"=>2}"},
		{"\xef\xbb\xbf" "a: 1", "{\"a\"=>1}"},
		{"\xef\xbb\xbf" "---\na: 1", "BROKEN"},
		{"a: \xff", "BROKEN"}, {"a: b: c", "BROKEN"},
		{"%YAML 2.0\n--- a", "BROKEN"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(cases[i][0], cases[i][1]);
}

static void
counts_columns_in_bytes(void **state)
{
	static const char text[] = "k\xc3\xa4y: [\xc3\xa9, b]\n\xe2\x82\xac: c";
	const struct value *list;
	struct run run;

	(void)state;
	parse(&run, text, sizeof(text) - 1, YAML_HIERA);
	list = &run.v.u.hash->pair[0].value;
	assert_int_equal(list->column, 7);
	assert_int_equal(list->u.item[0].column, 8);
	assert_int_equal(list->u.item[1].column, 12);
	assert_int_equal(run.v.u.hash->pair[1].value.line, 2);
	assert_int_equal(run.v.u.hash->pair[1].value.column, 6);
	release(&run);
}

static void
check_finding(const char *text, enum yaml_dialect dialect,
    enum finding_id id, uint32_t line, uint32_t column)
{
	struct run run;

	parse(&run, text, strlen(text), dialect);
	assert_int_equal(run.diag.n, id == FINDING_COUNT ? 0 : 1);
	if (run.diag.n) {
		assert_int_equal(run.diag.finding[0].id, id);
		assert_int_equal(run.diag.finding[0].at.line, line);
		assert_int_equal(run.diag.finding[0].at.column, column);
	}
	release(&run);
}

static void
reports_with_a_place(void **state)
{
	(void)state;
	check_finding("a: 1\na: 2", YAML_HIERA, FINDING_YAML_DUPLICATE_KEY,
	    2, 1);
	check_finding("a: 0755", YAML_HIERA, FINDING_YAML_AMBIGUOUS, 1, 4);
	check_finding("a: 0755", YAML_OURS, FINDING_COUNT, 0, 0);
	check_finding("a: 00", YAML_HIERA, FINDING_COUNT, 0, 0);
	check_finding("a: true", YAML_HIERA, FINDING_COUNT, 0, 0);
	check_finding("a: tRue", YAML_HIERA, FINDING_YAML_AMBIGUOUS, 1, 4);
	check_finding("no: norway", YAML_HIERA, FINDING_YAML_KEY_TYPE, 1, 1);
	check_finding("a: 2024-01-01", YAML_HIERA, FINDING_YAML_CLASS, 1, 4);
	check_finding("a: :s", YAML_FACTS, FINDING_YAML_CLASS, 1, 4);
	check_finding("a: 1\n--- 2", YAML_HIERA, FINDING_YAML_MORE_DOCUMENTS,
	    2, 1);
	check_finding("a: [1", YAML_HIERA, FINDING_YAML_SYNTAX, 2, 1);
}

static void
bounds_what_is_nested(void **state)
{
	struct buf b = BUF_INIT;
	struct run run;
	int i;

	(void)state;
	for (i = 0; i < 100000; i++)
		buf_addch(&b, '[');
	check_finding(b.s, YAML_HIERA, FINDING_YAML_LIMIT, 1, 1001);
	buf_clear(&b);
	buf_addstr(&b, "a0: &a0 x\n");
	for (i = 1; i < 5000; i++)
		buf_printf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	parse(&run, b.s, b.len, YAML_HIERA);
	assert_int_equal(run.result, TREE_BROKEN);
	release(&run);
	buf_clear(&b);
	buf_addstr(&b, "a0: &a0 x\n");
	for (i = 1; i < 40; i++)
		buf_printf(&b, "a%d: &a%d [*a%d, *a%d]\n", i, i, i - 1, i - 1);
	parse(&run, b.s, b.len, YAML_HIERA);
	assert_int_equal(run.result, TREE_BROKEN);
	release(&run);
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_scalars_as_psych),
		cmocka_unit_test(builds_collections_as_psych),
		cmocka_unit_test(counts_columns_in_bytes),
		cmocka_unit_test(reports_with_a_place),
		cmocka_unit_test(bounds_what_is_nested),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
