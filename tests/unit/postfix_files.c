/* main.cf and master.cf, line by line as Postfix reads them. */
#include "postfix/postfix.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static void
main_cf_lines(void **state)
{
	static const char file[] =
	    "# comment\n"
	    "a = 1\n"
	    "\n"
	    "b=2\n"
	    "   # inside\n"
	    "# inside too\n"
	    "\n"
	    "\t3 \n"
	    "c =\n"
	    "# first\n"
	    " x\n"
	    "# tail\n"
	    "no parameter\n"
	    "= 5\n"
	    "d  =  #4\n"
	    "e = ";
	static const struct {
		const char *name, *value;
		uint32_t line;
	} want[] = {
		{"a", "1", 2}, {"b", "2\t3", 4}, {"c", "x", 9},
		{"", "no parameter", 13}, {"", "= 5", 14}, {"d", "#4", 15},
		{"e", "", 16},
	};
	struct arena a;
	struct main_cf_line got;
	size_t at = 0, i;
	uint32_t line = 0;

	(void)state;
	arena_init(&a);
	for (i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		assert_true(main_cf_next(STR(file), &at, &line, &got));
		assert_true(str_eq(got.name, str_of(want[i].name)));
		assert_true(str_eq(value_join(&a, got.value),
		    str_of(want[i].value)));
		assert_int_equal(got.line, want[i].line);
		if (got.name.len)
			assert_ptr_equal(got.name.s, file + got.offset);
	}
	assert_false(main_cf_next(STR(file), &at, &line, &got));
	at = 0;
	assert_true(main_cf_next(STR("  x = y\nz = 1\n"), &at, &line, &got));
	assert_int_equal(got.name.len, 0);
	assert_true(main_cf_next(STR("  x = y\nz = 1\n"), &at, &line, &got));
	assert_true(str_eq(got.name, STR("z")));
	arena_release(&a);
}

static void
master_cf_services(void **state)
{
	static const char file[] =
	    "# service type private unpriv chroot wakeup maxproc command\n"
	    "smtp      inet  n - y - - smtpd\n"
	    "submission inet n - y - - smtpd\n"
	    "  -v -o syslog_name=postfix/submission\n"
	    "# between\n"
	    "  -o { smtpd_recipient_restrictions = permit_sasl_authenticated,\n"
	    "    reject }\n"
	    "  -osmtpd_tls_security_level=encrypt\n"
	    "maildrop  unix  - n n - - pipe\n"
	    "  flags=DRXhu user=vmail argv=/usr/bin/maildrop -o x\n"
	    "qmgr      unix  n - n 300? 1 qmgr\n";
	struct master_service s;
	struct arena a;
	size_t at = 0;
	uint32_t line = 0;

	(void)state;
	arena_init(&a);
	assert_true(master_cf_next(&a, STR(file), &at, &line, &s));
	assert_null(s.error);
	assert_true(str_eq(s.name, STR("smtp")));
	assert_true(str_eq(s.type, STR("inet")));
	assert_true(str_eq(s.field[2], STR("y")));
	assert_true(str_eq(s.command, STR("smtpd")));
	assert_int_equal(s.line, 2);
	assert_true(master_cf_next(&a, STR(file), &at, &line, &s));
	assert_null(s.error);
	assert_int_equal(s.noption, 3);
	assert_true(str_eq(s.option[0].name, STR("syslog_name")));
	assert_int_equal(s.option[0].line, 4);
	assert_true(str_eq(s.option[1].name,
	    STR("smtpd_recipient_restrictions")));
	assert_true(str_eq(value_join(&a, s.option[1].value),
	    STR("permit_sasl_authenticated,    reject")));
	assert_int_equal(s.option[1].line, 6);
	assert_true(str_eq(s.option[2].value, STR("encrypt")));
	assert_int_equal(s.option[2].line, 8);
	assert_memory_equal(file + s.option[2].offset, "smtpd_tls_sec", 13);
	assert_true(master_cf_next(&a, STR(file), &at, &line, &s));
	assert_null(s.error);
	assert_int_equal(s.noption, 0);
	assert_true(master_cf_next(&a, STR(file), &at, &line, &s));
	assert_null(s.error);
	assert_false(master_cf_next(&a, STR(file), &at, &line, &s));
	arena_release(&a);
}

static void
master_cf_errors(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"smtp inet n - y - smtpd", "7 fields"},
		{"smtp", "1 fields"},
		{"smtp tcp n - y - - smtpd", "none of: inet"},
		{"smtp inet - - y - - smtpd", "cannot be private"},
		{"smtp inet n x y - - smtpd", "unpriv \"x\""},
		{"qmgr unix n - n 300x 1 qmgr", "no number of seconds"},
		{"qmgr unix n - n 300? many qmgr", "maxproc"},
		{"99999999 inet n - y - - smtpd", "is no port"},
		{"127.0.0.1: inet n - y - - smtpd", "is no port"},
		{"[::1]:10025 inet n - y - - smtpd", NULL},
		{"[::1:10025 inet n - y - - smtpd", "lacks"},
		{"127.0.0.1:10025 inet n - y - - smtpd", NULL},
		{"smtp inet n - y - - smtpd -o a", "has no ="},
		{"smtp inet n - y - - smtpd -o a = b", "has no ="},
		{"smtp inet n - y - - smtpd -o", "has no ="},
		{"smtp inet n - y - - smtpd -o {a = b", "closing brace"},
		{"smtp inet n - y - - smtpd -o {a = }", NULL},
		{" smtp inet n - y - - smtpd", "starts with a blank"},
	};
	struct arena a;
	size_t i;

	(void)state;
	arena_init(&a);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct master_service s;
		size_t at = 0;
		uint32_t line = 0;

		assert_true(master_cf_next(&a, str_of(cases[i].text), &at,
		    &line, &s));
		if (!s.error != !cases[i].error ||
		    (s.error && !strstr(s.error, cases[i].error)))
			fail_msg("%s: %s", cases[i].text,
			    s.error ? s.error : "(accepted)");
	}
	arena_release(&a);
}

static void
master_cf_many_options(void **state)
{
	struct buf b = BUF_INIT;
	struct master_service s;
	struct arena a;
	size_t at = 0, i;
	uint32_t line = 0;

	(void)state;
	arena_init(&a);
	buf_addstr(&b, "smtp inet n - y - - smtpd");
	for (i = 0; i < 65; i++)
		buf_addstr(&b, " -o a=b");
	assert_true(master_cf_next(&a, (struct str){b.s, b.len}, &at, &line,
	    &s));
	assert_int_equal(s.noption, 64);
	assert_non_null(s.error);
	buf_release(&b);
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(main_cf_lines),
		cmocka_unit_test(master_cf_services),
		cmocka_unit_test(master_cf_errors),
		cmocka_unit_test(master_cf_many_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
