/* Values of main.cf and master.cf as programs read them. */
#include "postfix/cf.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static struct arena arena;
static struct cf_file main_cf, master_cf;
static struct cf cf;

static void
read_files(const char *main_text, const char *master_text)
{
	main_cf = (struct cf_file){"main.cf", str_of(main_text), NULL};
	master_cf = (struct cf_file){"master.cf", str_of(master_text), NULL};
	arena_init(&arena);
	cf_read(&cf, &arena, &main_cf, &master_cf);
}

static void
release(void)
{
	cf_release(&cf);
	arena_release(&arena);
}

static const char *
value_of(const struct service *service, const char *name)
{
	struct str value = cf_value(&cf, service, str_of(name), &arena);

	return arena_strndup(&arena, value.s, value.len);
}

static const char *
expansion_of(const char *text)
{
	struct str value = cf_expand(&cf, NULL, str_of(text), &arena);

	return arena_strndup(&arena, value.s, value.len);
}

static const char settings[] =
    "compatibility_level = 3.6\n"
    "myhostname = mx.example.org\n"
    "empty =\n"
    "blank = $empty\n"
    "ten = 10\n"
    "two = 2\n"
    "word = w\n"
    "dollar = a$$b\n"
    "long = one\n"
    "   two\n"
    "# not this\n"
    "\tthree\n";

static void
test_expansion(void **state)
{
	static const struct {
		const char *text, *expansion;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"$word", "w"},
		{"a$word.b", "aw.b"},
		{"${word}x", "wx"},
		{"$(word)x", "wx"},
		{"${ word }", "w"},
		{"$nothing", ""},
		{"$$word", "$word"},
		{"$dollar", "a$b"},
		{"$long", "one   two\tthree"},
		/* A condition is about the text, before it is expanded. */
		{"${word?yes}", "yes"},
		{"${word:no}", ""},
		{"${empty?yes}", ""},
		{"${empty:no}", "no"},
		{"${nothing:no}", "no"},
		{"${blank?yes}", "yes"},
		{"${word?{yes}:{no}}", "yes"},
		{"${empty?{yes}:{no}}", "no"},
		{"${word ? {yes} : {no}}", "yes"},
		{"${word?{ a b }}", " a b "},
		{"${word? a}", " a"},
		{"${word?a:b}", "a:b"},
		{"${word?$word$word}", "ww"},
		{"${word?{${empty:{in}}}}", "in"},
		/* Comparisons: as numbers where both are. */
		{"${{a}=={a}}", "true"},
		{"${{a}!={a}}", ""},
		{"${{a}=={a}?y:n}", "y:n"},
		{"${{a} == {b} ? {y} : {n}}", "n"},
		{"${{$ten} > {$two} ? {y} : {n}}", "y"},
		{"${{x$ten} > {x$two} ? {y} : {n}}", "n"},
		{"${{010} == {10} ? {y} : {n}}", "y"},
		{"${{ 10} == {10} ? {y} : {n}}", "n"},
		{"${{100000000000000000001} > {99} ? {y} : {n}}", "y"},
		{"${{} == {$empty} ? {y} : {n}}", "y"},
		{"${{$compatibility_level} <level {3.10} ? {y} : {n}}", "y"},
		{"${{3.10} <level {3.9} ? {y} : {n}}", "n"},
		{"${{3} ==level {3.0.0} ? {y} : {n}}", "y"},
		{"${{3.6} < {3.10} ? {y} : {n}}", "n"},
		/* What Postfix itself knows. */
		{"$mydomain", "example.org"},
		{"${mydomain?yes}", "yes"},
		{"$myorigin", "mx.example.org"},
		{"$smtp_destination_recipient_limit", "50"},
		{"$service_name", ""},
	};
	size_t i;

	(void)state;
	read_files(settings, "");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(expansion_of(cases[i].text),
		    cases[i].expansion);
	release();
}

/* Postfix ends there; here it must end as well, and give no nonsense. */
static void
test_broken(void **state)
{
	static const char *const texts[] = {
		"$", "x$", "${", "${word", "${}", "$()", "${word?{a}",
		"${{a}", "${{a}==", "${{a}=={b}", "${{a}=~{b}}",
		"${{a}==lvl{b}}", "$-", "${{", "${word?{a}:{",
	};
	size_t i;

	(void)state;
	read_files("word = w\n", "");
	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_null(strchr(expansion_of(texts[i]), '{'));
	release();
	read_files("a = $b\nb = x$c\nc = ${a}\n"
	    "self = ${self?$self}\n"
	    "in = ${{$in} == {} ? {y} : {n}}\n", "");
	value_of(NULL, "a");
	value_of(NULL, "self");
	value_of(NULL, "in");
	release();
}

static void
test_service(void **state)
{
	const struct service *smtp, *other;

	(void)state;
	read_files("x = main\ny = $x-$service_name\n",
	    "smtp inet n - y - - smtpd -o x=own\n"
	    "  -o { z = $y and $process_name }\n"
	    "587 inet n - y - - smtpd\n");
	smtp = &cf.service[0];
	other = &cf.service[1];
	assert_string_equal(value_of(NULL, "x"), "main");
	assert_string_equal(value_of(other, "x"), "main");
	assert_string_equal(value_of(smtp, "x"), "own");
	assert_string_equal(value_of(smtp, "y"), "own-smtp");
	assert_string_equal(value_of(other, "y"), "main-587");
	assert_string_equal(value_of(smtp, "z"), "own-smtp and smtpd");
	assert_string_equal(value_of(other, "z"), "");
	release();
}

/* Text that is expanded for each message is read as it stands. */
static void
test_raw(void **state)
{
	(void)state;
	read_files("mailbox_command = run $user\n"
	    "smtpd_reject_footer = \\c $myhostname\n", "");
	assert_string_equal(value_of(NULL, "mailbox_command"), "run $user");
	assert_string_equal(value_of(NULL, "smtpd_reject_footer"),
	    "\\c $myhostname");
	assert_string_equal(value_of(NULL, "forward_path"),
	    "$home/.forward${recipient_delimiter}${extension}, "
	    "$home/.forward");
	release();
}

static void
test_numbers(void **state)
{
	(void)state;
	read_files("a = 5\nb = 5m\nc = 2h\nd = 1d\ne = 1w\nf = 7s\n"
	    "yes = yes\nYES = YES\nno = no\nother = 1\ng = $a\n", "");
	assert_int_equal(cf_int(&cf, NULL, STR("a")), 5);
	assert_int_equal(cf_int(&cf, NULL, STR("b")), 300);
	assert_int_equal(cf_int(&cf, NULL, STR("c")), 7200);
	assert_int_equal(cf_int(&cf, NULL, STR("d")), 86400);
	assert_int_equal(cf_int(&cf, NULL, STR("e")), 604800);
	assert_int_equal(cf_int(&cf, NULL, STR("f")), 7);
	assert_int_equal(cf_int(&cf, NULL, STR("g")), 5);
	assert_true(cf_bool(&cf, NULL, STR("yes")));
	assert_true(cf_bool(&cf, NULL, STR("YES")));
	assert_false(cf_bool(&cf, NULL, STR("no")));
	assert_false(cf_bool(&cf, NULL, STR("other")));
	assert_true(cf_bool(&cf, NULL, STR("append_at_myorigin")));
	release();
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expansion),
		cmocka_unit_test(test_broken),
		cmocka_unit_test(test_service),
		cmocka_unit_test(test_raw),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
