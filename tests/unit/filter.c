/* LDAP filters; tests/real/tables compares them with a slapd. */
#include "tree/filter.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

#define TEXT(literal) {(literal), sizeof(literal) - 1, {0}}

static struct ldif_attribute attributes[] = {
	{TEXT("objectClass"), TEXT("debianAccount")},
	{TEXT("uid"), TEXT("alice")},
	{TEXT("cn"), TEXT("Alice  de  l'Exemple")},
	{TEXT("emailForward"), TEXT("a@b.example, (x)*\\")},
	{TEXT("uidNumber"), TEXT("1000")},
	{TEXT("description"), TEXT("one")},
	{TEXT("description"), TEXT("\xc3\x9c" "bung")},
	{TEXT("raw"), TEXT("a\0b")},
	{TEXT("empty"), TEXT("")},
};

static const struct ldif_entry entry = {
	.dn = TEXT("uid=alice,dc=example"),
	.attribute = attributes,
	.n = sizeof(attributes) / sizeof(attributes[0]),
};

static const struct {
	const char *filter;
	int matches;	/* -1: it cannot be parsed */
} cases[] = {
	{"(uid=alice)", 1},
	{"(UID=ALICE)", 1},
	{"(uid=  alice  )", 1},
	{"uid=alice", 1},
	{"  (uid=alice)  ", 1},
	{"(uid=bob)", 0},
	{"(uid=)", 0},
	{"(empty=)", 1},
	{"(empty=*)", 1},
	{"(nobody=*)", 0},
	{"(!(nobody=x))", 1},
	{"(objectClass=*)", 1},
	{"(objectclass=debianaccount)", 1},
	{"(cn=alice de l'exemple)", 1},
	{"(cn=alice   de l'exemple)", 1},
	{"(cn=alicede l'exemple)", 0},
	{"(cn=al*)", 1},
	{"(cn=*exemple)", 1},
	{"(cn=*de*)", 1},
	{"(cn=a*d*e)", 1},
	{"(cn=a*a*a*e)", 0},
	{"(cn=alice*alice*)", 0},
	{"(cn=*de l*)", 1},
	{"(cn=alice*exemple)", 1},
	{"(cn=alice de l'exemple*exemple)", 0},
	{"(uid=**)", 1},
	{"(uid=a**e)", 1},
	{"(emailForward=*\\28x\\29\\2a\\5c)", 1},
	{"(emailForward=*\\28*)", 1},
	{"(emailForward=*\\(*)", 1},
	{"(emailForward=*\\2A*)", 1},
	{"(raw=a\\00b)", 1},
	{"(raw=a\\00*)", 1},
	{"(raw=a)", 0},
	{"(description=one)", 1},
	{"(description=\xc3\x9c" "BUNG)", 1},
	{"(description=\\c3\\9cbung)", 1},
	{"(description=\\c3*)", 1},
	{"(uidNumber>=1000)", 1},
	{"(uidNumber>=999)", 1},
	{"(uidNumber>=1001)", 0},
	{"(uidNumber<=1000)", 1},
	{"(uidNumber<=99)", 0},
	{"(uidNumber>=01)", 0},
	{"(uid>=al)", 1},
	{"(uid<=al)", 0},
	{"(uid~=ALICE)", 1},
	{"(&)", 1},
	{"(|)", 0},
	{"(&(uid=alice)(description=one))", 1},
	{"(&(uid=alice)(description=two))", 0},
	{"(|(uid=bob)(description=one))", 1},
	{"(!(uid=alice))", 0},
	{"(&(uid=alice)(!(|(uid=bob)(uid=carol))))", 1},
	{"(& (uid=alice) (description=one) )", 1},
	{"( uid=alice)", 1},
	{"(uid;lang-en=alice)", 1},
	{"(2.5.4.3=x)", 0},
	{"", -1},
	{"(", -1},
	{")", -1},
	{"()", -1},
	{"(uid=alice", -1},
	{"(uid=alice))", -1},
	{"((uid=alice))", -1},
	{"(uid)", -1},
	{"(=x)", -1},
	{"(uid =x)", -1},
	{"(u(id=x)", -1},
	{"(uid=a(b)", -1},
	{"(uid=\\zz)", -1},
	{"(uid=\\2)", -1},
	{"(uid=\\)", -1},
	{"(!)", -1},
	{"(!(uid=a)(uid=b))", -1},
	{"(&(uid=a)", -1},
	{"(&uid=a)", -1},
	{"(uid:caseExactMatch:=alice)", -1},
	{"(uid:=alice)", -1},
	{"(uid=a)(uid=b)", -1},
	{"(>=1)", -1},
};

static void
each_case(void **state)
{
	struct arena a;
	const char *why;
	size_t i;

	(void)state;
	arena_init(&a);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct filter *f = filter_parse(&a,
		    str_of(cases[i].filter), &why);
		int got = f ? filter_matches(f, &entry) : -1;

		if (got != cases[i].matches)
			fail_msg("%s: %d, not %d (%s)", cases[i].filter, got,
			    cases[i].matches, f ? "" : why);
		if (!f)
			assert_non_null(why);
	}
	arena_release(&a);
}

static void
depth(void **state)
{
	char text[4096] = "";
	struct arena a;
	const char *why;
	size_t n;

	(void)state;
	arena_init(&a);
	for (n = 1; n < 200; n++) {
		size_t i, len = 0;
		bool parsed;

		for (i = 0; i < n; i++) {
			text[len++] = '(';
			text[len++] = '!';
		}
		memcpy(text + len, "(a=b)", 5);
		memset(text + len + 5, ')', n);
		text[len + 5 + n] = '\0';
		parsed = filter_parse(&a, str_of(text), &why) != NULL;
		assert_int_equal(parsed, n < 100);
	}
	arena_release(&a);
}

static void
equality(void **state)
{
	static const struct {
		const char *filter, *attribute, *value;
	} some[] = {
		{"(uid=a)", "uid", "a"},
		{"(&(objectClass=x)(uid=a))", "uid", "a"},
		{"(&(objectClass=x)(!(uid=a)))", "objectClass", "x"},
		{"(&(cn=*)(&(uid=a)))", "uid", "a"},
		{"(|(uid=a)(uid=b))", NULL, NULL},
		{"(!(uid=a))", NULL, NULL},
		{"(uid=a*)", NULL, NULL},
		{"(uid>=a)", NULL, NULL},
		{"(&)", NULL, NULL},
	};
	struct str attribute, value;
	struct arena a;
	const char *why;
	size_t i;

	(void)state;
	arena_init(&a);
	for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		const struct filter *f = filter_parse(&a,
		    str_of(some[i].filter), &why);

		assert_non_null(f);
		assert_int_equal(filter_equality(f, &attribute, &value),
		    some[i].attribute != NULL);
		if (!some[i].attribute)
			continue;
		assert_true(str_eq(attribute, str_of(some[i].attribute)));
		assert_true(str_eq(value, str_of(some[i].value)));
	}
	assert_int_equal(filter_hash(STR(" A  b ")), filter_hash(STR("a B")));
	assert_int_equal(filter_compare(STR(" A  b "), STR("a B")), 0);
	assert_true(filter_compare(STR("a"), STR("a b")) < 0);
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case),
		cmocka_unit_test(depth),
		cmocka_unit_test(equality),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
