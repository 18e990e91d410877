#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "hiera/hiera.h"
#include "tree/ucl.h"

static const struct ucl_variable variables[] = {
	{{"DBDIR", 5}, {"/var/lib/rspamd", 15}},
	{{"HOSTNAME", 8}, {NULL, 0}},
};

/*
 * What Ruby would inspect of a text, with what local.d and override.d say
 * over it; else "broken 1:2 why", "unknown 1:2 why".
 */
static void
check_over(const char *base, const char *local, const char *override,
    const char *wanted)
{
	struct arena arena;
	struct ucl_problem problem;
	struct ucl *ucl;
	struct value v, list;
	enum ucl_result result;
	struct buf b = BUF_INIT;

	arena_init(&arena);
	ucl = ucl_new(&arena, variables, 2);
	result = ucl_read(ucl, 1, str_of(base), 0, UCL_APPEND, &problem);
	if (local && result == UCL_OK)
		result = ucl_read(ucl, 2, str_of(local), 1, UCL_MERGE,
		    &problem);
	if (override && result == UCL_OK)
		result = ucl_read(ucl, 3, str_of(override), 10, UCL_APPEND,
		    &problem);
	if (result == UCL_OK) {
		v = ucl_value(ucl);
		list = value_list(&arena, &v, 1, ORIGIN_NONE);
		ruby_text(&b, &list);
		b.s[b.len - 1] = '\0';
		assert_string_equal(b.s + 1, wanted);
	} else {
		buf_printf(&b, "%s %u:%u %s", result == UCL_BROKEN ?
		    "broken" : "unknown", problem.at.line, problem.at.column,
		    problem.why);
		assert_string_equal(b.s, wanted);
	}
	buf_release(&b);
	arena_release(&arena);
}

static void
check(const char *text, const char *wanted)
{
	check_over(text, NULL, NULL, wanted);
}

static void
reads_sections_and_lists(void **state)
{
	(void)state;
	check("", "{}");
	check("a = 1; b: \"x\", c yes\n", "{\"a\"=>1, \"b\"=>\"x\", \"c\"=>true}");
	check("a { b = 1 }\n\"c d\" [1, two words, [3]]\n",
	    "{\"a\"=>{\"b\"=>1}, \"c d\"=>[1, \"two words\", [3]]}");
	check("a \"n\" m { x = 1 }\n", "{\"a\"=>{\"n\"=>{\"m\"=>{\"x\"=>1}}}}");
	check("{\"a\": [null, true]}", "{\"a\"=>[nil, true]}");
	check("[1, 2]", "[1, 2]");
	check("a = [\n  1,\n  2,\n];\n", "{\"a\"=>[1, 2]}");
}

static void
knows_what_a_word_is(void **state)
{
	(void)state;
	check("a=5min;b=1.5h;c=100ms", "{\"a\"=>300.0, \"b\"=>5400.0, \"c\"=>0.1}");
	check("a=1k;b=1kb;c=0x1f;d=-2", "{\"a\"=>1000, \"b\"=>1024, \"c\"=>31, \"d\"=>-2}");
	check("a=5minutes;b=192.0.2.1;c= [::1]", "{\"a\"=>\"5minutes\", "
	    "\"b\"=>\"192.0.2.1\", \"c\"=>[\"::1\"]}");
	check("a=On;b=\"on\";c=off;d=null", "{\"a\"=>true, \"b\"=>\"on\", "
	    "\"c\"=>false, \"d\"=>nil}");
	check("a='$DBDIR\\n';b=\"\\u00e9\\t\";c=x\\;y", "{\"a\"=>\"$DBDIR\\\\n\", "
	    "\"b\"=>\"\xc3\xa9\\t\", \"c\"=>\"x;y\"}");
	check("a=<<EOD\none\n two\nEOD\nb=1", "{\"a\"=>\"one\\n two\", \"b\"=>1}");
	check("a=\"$DBDIR/x\";b=${DBDIR};c=\"$domain\"", "{\"a\"=>"
	    "\"/var/lib/rspamd/x\", \"b\"=>\"/var/lib/rspamd\", "
	    "\"c\"=>\"$domain\"}");
}

static void
skips_comments_as_libucl_does(void **state)
{
	(void)state;
	check("# c\n/* a /* b */ c */ a = 1 # d\n", "{\"a\"=>1}");
	check("a = [1, # c\n 2]", "{\"a\"=>[1, 2]}");
	/* Blanks behind a comment belong to the value. */
	check("a = [ # c\n  1, 2]", "{\"a\"=>[\"  1\", 2]}");
	check("/* c **/ a = 1", "broken 1:1 a comment does not end");
}

static void
unites_by_priority(void **state)
{
	(void)state;
	check("a=1;a=2;b {c=1};b {d=2}", "{\"a\"=>[1, 2], \"b\"=>[{\"c\"=>1}, {\"d\"=>2}]}");
	check("a=[1];a=[2]", "{\"a\"=>[1, 2]}");
	check_over("a=1;l=[1];s {x=1;y=1}", "a=2;l=[2];s {y=2}", NULL,
	    "{\"a\"=>2, \"l\"=>[1, 2], \"s\"=>{\"x\"=>1, \"y\"=>2}}");
	check_over("a=1;l=[1];s {x=1;y=1}", NULL, "a=2;l=[2];s {y=2}",
	    "{\"a\"=>2, \"l\"=>[2], \"s\"=>{\"y\"=>2}}");
	check_over("a=1", "a=2\na=3", NULL, "{\"a\"=>[2, 3]}");
	check_over("a=1", "a=2", "a=3", "{\"a\"=>3}");
	check_over("a {b=1}\na {c=1}", "a {c=2}", NULL, "unknown 1:4 rspamd may "
	    "lose this key: the section stands more than once");
}

static void
says_what_it_cannot_know(void **state)
{
	(void)state;
	check("a=1\n.include \"x\"\n", "unknown 2:1 a macro's work is not "
	    "known here");
	check("a=1\n  b { # {% if x %}\n", "unknown 2:9 rspamd reads this as "
	    "a tag of a template");
	check("a=\"$HOSTNAME\"", "unknown 1:3 the value of a variable is not "
	    "known here");
	check_over("a=1", "{b=1}", NULL, "unknown 1:1 a file that is included "
	    "cannot have braces around it");
	check_over("a=1", "b=1}", NULL, "unknown 1:4 a brace closes what none "
	    "opened");
}

static void
says_where_it_is_broken(void **state)
{
	struct buf deep = BUF_INIT;
	int i;

	(void)state;
	check("a", "broken 1:2 a key without a value");
	check("a = ;", "broken 1:5 a value is empty");
	check("a = 1\nb {\n c = 2\n", "broken 2:3 a brace is not closed");
	check("a = 1}", "broken 1:6 a brace closes what none opened");
	check("a = [1}", "broken 1:7 the other bracket was opened");
	check("a = \"x\n\"", "broken 1:7 a string does not end on its line");
	check("a = 'x", "broken 1:7 a string does not end");
	check("a = <<EOD\nx\n", "broken 1:5 a text of many lines does not end");
	check("a{b=1}", "broken 1:2 a key cannot have this in it");
	check("a=1\n=2", "broken 2:1 a key begins with a letter");
	check("a=\"x\" b=1", "broken 1:7 a value ends with ; , or a line break");
	check("a == 1", "broken 1:4 a second sign between a key and its value");
	check("a=99999999999999999999", "broken 1:3 a number is out of range");
	check(".nope x\n", "broken 1:1 there is no such macro");
	check_over("a{b=1}x", NULL, NULL,
	    "broken 1:2 a key cannot have this in it");
	check_over("a {b=1}", "a [1]", NULL,
	    "broken 1:3 a section and a list cannot be united");
	for (i = 0; i < 101; i++)
		buf_addstr(&deep, "a {");
	check(deep.s, "unknown 1:300 sections nest deeper than 100 levels");
	buf_release(&deep);
}

/* A million keys, and a million values of one key, in little time. */
static void
stands_large_texts(void **state)
{
	struct buf b = BUF_INIT;
	struct arena arena;
	struct ucl_problem problem;
	struct ucl *ucl;
	struct value v;
	int i;

	(void)state;
	for (i = 0; i < 500000; i++)
		buf_printf(&b, "k%d=1\nr=[1]\n", i);
	arena_init(&arena);
	ucl = ucl_new(&arena, NULL, 0);
	assert_int_equal(ucl_read(ucl, 1, (struct str){b.s, b.len}, 0,
	    UCL_APPEND, &problem), UCL_OK);
	v = ucl_value(ucl);
	assert_int_equal(v.len, 500001);
	assert_int_equal(value_get(&v, STR("r"))->len, 500000);
	assert_int_equal(value_find(&v, STR("k499999"))->key.line, 999999);
	arena_release(&arena);
	buf_release(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_sections_and_lists),
		cmocka_unit_test(knows_what_a_word_is),
		cmocka_unit_test(skips_comments_as_libucl_does),
		cmocka_unit_test(unites_by_priority),
		cmocka_unit_test(says_what_it_cannot_know),
		cmocka_unit_test(says_where_it_is_broken),
		cmocka_unit_test(stands_large_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
