/*
 * Dialects: what each target carries and how, and what it refuses. Every
 * "carried" line was read back by the target's own program.
 */
#include "base/buf.h"
#include "render/dialect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

struct carried {
	const char *dialect;
	const char *value;
	const char *expected;	/* NULL: refused */
};

static const struct carried cases[] = {
	{"plain", "", ""},
	{"plain", " a $b {\"'\\%#} \xc3\xa4\xe2\x82\xac ",
	 " a $b {\"'\\%#} \xc3\xa4\xe2\x82\xac "},
	{"plain", "\xf0\x9f\x93\xa7", "\xf0\x9f\x93\xa7"},
	{"plain", "a\xe2\x80\xa8" "b", NULL},	/* line separator */
	{"plain", "a\xc2\x85" "b", NULL},	/* next line */

	{"main_cf", "", ""},
	{"main_cf", "a, b {c} \"d\" e=f", "a, b {c} \"d\" e=f"},
	{"main_cf", "a #b", "a #b"},
	{"main_cf", "a$b", NULL},
	{"main_cf", "$$", NULL},
	{"main_cf", "#a", NULL},
	{"main_cf", " a", NULL},
	{"main_cf", "a ", NULL},
	{"main_cf", "\xc3\xa4", NULL},
	{"main_cf_expr", "${a?{b}:{c}} $d", "${a?{b}:{c}} $d"},
	{"main_cf_expr", "#$a", NULL},
	{"main_cf_word", "inet:[::1]:8891", "inet:[::1]:8891"},
	{"main_cf_word", "", NULL},
	{"main_cf_word", "a b", NULL},
	{"main_cf_word", "a,b", NULL},
	{"main_cf_word", "{a", NULL},
	{"main_cf_word", "$a", NULL},
	{"master_cf", "a,b", "a,b"},
	{"master_cf", "a b", NULL},
	{"master_cf", "{a", NULL},
	{"master_cf", "${a}", NULL},
	{"master_cf", "", NULL},

	{"map_key", "Alice+X@Example.ORG", "alice+x@example.org"},
	{"map_key", "[mx.example.org]:587", "[mx.example.org]:587"},
	{"map_key", "a#b", "a#b"},
	{"map_key", "#a", NULL},
	{"map_key", "a b", NULL},
	{"map_key", "\"a", NULL},
	{"map_key", "a\\", NULL},
	{"map_key", "a:", NULL},
	{"map_key", "", NULL},
	{"map_key", "\xc3\xa4@example.org", NULL},
	{"map_value", "a@b, \"c d\"@e", "a@b, \"c d\"@e"},
	{"map_value", "secure match=a:.b", "secure match=a:.b"},
	{"map_value", "", NULL},
	{"map_value", " a", NULL},

	{"ldap_cf", "ou=users, dc=example,dc=org", "ou=users, "
	 "dc=example,dc=org"},
	{"ldap_cf", "(objectClass=a)", "(objectClass=a)"},
	{"ldap_cf", "ou=%u", NULL},
	{"ldap_cf", "$a", NULL},
	{"ldap_filter", "a*b(c)\\", "a\\2ab\\28c\\29\\5c"},
	{"ldap_filter", " %u$x#", "\\20\\25u\\24x\\23"},
	{"ldap_filter", "alice", "alice"},

	{"pcre", "a.b/c", "a\\.b\\/c"},
	{"pcre", "^$.[]|()?*+{}\\#", "\\^\\$\\.\\[\\]\\|\\(\\)\\?\\*\\+\\{\\}"
	 "\\\\\\#"},
	{"pcre", "a-b@c d", "a-b@c d"},
	{"pcre", "", NULL},

	{"cidr", "192.0.2.1", "192.0.2.1"},
	{"cidr", "192.0.2.0/24", "192.0.2.0/24"},
	{"cidr", "0.0.0.0/0", "0.0.0.0/0"},
	{"cidr", "2001:db8::/32", "2001:db8::/32"},
	{"cidr", "[2001:db8::1]/128", "[2001:db8::1]/128"},
	{"cidr", "::ffff:192.0.2.1", "::ffff:192.0.2.1"},
	{"cidr", "192.0.2.1/24", NULL},
	{"cidr", "2001:db8::1/127", NULL},
	{"cidr", "192.0.2.0/33", NULL},
	{"cidr", "192.0.2.0/024", NULL},
	{"cidr", "192.0.2.0/", NULL},
	{"cidr", "192.0.2", NULL},
	{"cidr", "192.0.2.01", NULL},
	{"cidr", "[192.0.2.1]", NULL},
	{"cidr", "[::1", NULL},
	{"cidr", "fe80::1%eth0", NULL},
	{"cidr", "", NULL},
	{"cidr", "a", NULL},

	{"ucl", "", ""},
	{"ucl", "a \"b\" \\c", "a \\\"b\\\" \\\\c"},
	{"ucl", "${DBDIR} $DBDIR", "\\u0024\\u007bDBDIR\\u007d \\u0024DBDIR"},
	{"ucl", "{% x %} {{ y }}", "\\u007b% x %\\u007d "
	 "\\u007b\\u007b y \\u007d\\u007d"},
	{"ucl", "/* # */ \xc3\xa4", "/* # */ \xc3\xa4"},
	{"ucl_word", "5min", "5min"},
	{"ucl_word", "-1.5", "-1.5"},
	{"ucl_word", "a b", NULL},
	{"ucl_word", "a;", NULL},
	{"ucl_word", "", NULL},

	{"dovecot", "/etc/dovecot/users", "/etc/dovecot/users"},
	{"dovecot", "</etc/passwd", NULL},
	{"dovecot", "%u", NULL},
	{"dovecot", "a b", NULL},
	{"dovecot", "a=b", NULL},
	{"dovecot", "", NULL},
	{"shell", "", ""},
	{"shell", "a b 'c' #d ; & | <x>", "a b 'c' #d ; & | <x>"},
	{"shell", "$a", NULL},
	{"shell", "`a`", NULL},
	{"shell", "a\\", NULL},
	{"shell", "\"", NULL},
	{"shell", "!", NULL},
	{"ini", "smtp, 587 = x", "smtp, 587 = x"},
	{"ini", "%(x)s", NULL},
	{"ini", "<x>", NULL},
	{"ini", "a ; b", NULL},
	{"ini", "a # b", NULL},
};

static void
assert_put(const struct dialect *d, struct str value, const char *expected)
{
	struct buf b = BUF_INIT;
	const char *why;

	/* It is appended, and after a refusal nothing is. */
	buf_addstr(&b, "before ");
	why = d->put(&b, value);
	if ((why == NULL) != (expected != NULL))
		fail_msg("%s of '%.*s': %s", d->name, STR_ARG(value),
		    why ? why : b.s);
	assert_memory_equal(b.s, "before ", 7);
	assert_string_equal(b.s + 7, expected ? expected : "");
	assert_int_equal(b.len, strlen(b.s));
	buf_release(&b);
}

static void
carries(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const struct dialect *d = dialect_named(
		    str_of(cases[i].dialect));

		assert_non_null(d);
		assert_put(d, str_of(cases[i].value), cases[i].expected);
	}
}

/* What no dialect carries, wherever it stands in the value. */
static void
refuses_everywhere(void **state)
{
	static const struct str bad[] = {
		{"\n", 1}, {"\r", 1}, {"\t", 1}, {"\0", 1}, {"\x1b", 1},
		{"\x7f", 1}, {"\x80", 1}, {"\xff", 1}, {"\xc3", 1},
		{"\xc0\xaf", 2}, {"\xe0\x80\xaf", 3}, {"\xed\xa0\x80", 3},
		{"\xf4\x90\x80\x80", 4}, {"\xc2\x80", 2}, {"\xe2\x80\xa9", 3},
		{"\xe2\x82", 2}, {"\xf8\x88\x80\x80\x80", 5},
	};
	const struct dialect *d;
	size_t i;
	int where;

	(void)state;
	for (d = dialects; d->name; d++) {
		for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
			for (where = 0; where < 4; where++) {
				struct buf b = BUF_INIT;

				buf_addstr(&b, where & 1 ? "1" : "");
				buf_add(&b, bad[i].s, bad[i].len);
				buf_addstr(&b, where & 2 ? "1" : "");
				assert_put(d, (struct str){b.s, b.len}, NULL);
				buf_release(&b);
			}
		}
	}
}

static void
names(void **state)
{
	const struct dialect *d;

	(void)state;
	for (d = dialects; d->name; d++) {
		assert_ptr_equal(dialect_named(str_of(d->name)), d);
		assert_non_null(d->doc);
	}
	assert_null(dialect_named(STR("")));
	assert_null(dialect_named(STR("main_cf ")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(carries),
		cmocka_unit_test(refuses_everywhere),
		cmocka_unit_test(names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
