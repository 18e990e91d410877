/* model/address.c and the names of model/bind.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/address.h"
#include "model/bind.h"

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16
#define LABEL60 X16 X16 X16 "xxxxxxxxxxxx"
#define FINE FINDING_COUNT

static const struct {
	const char *address;
	enum finding_id problem;	/* FINE where there is none */
} cases[] = {
	{"alice@example.org", FINE},
	{"alice", FINE},
	{"a.b-c_d+e@example.org", FINE},
	{"o'brien@example.org", FINE},
	{"#$&'*+/=?^_`{}~@example.org", FINE},
	{X64 "@example.org", FINE},
	{X64 "x@example.org", FINDING_ADDRESS_LENGTH},
	{X64 "@" LABEL60 "." LABEL60 "." LABEL60 ".example", FINDING_ADDRESS_LENGTH},
	{"", FINDING_ADDRESS_SYNTAX},
	{"@example.org", FINDING_ADDRESS_SYNTAX},
	{"alice@", FINDING_ADDRESS_SYNTAX},
	{"alice@localhost", FINDING_ADDRESS_SYNTAX},
	{"alice@example..org", FINDING_ADDRESS_SYNTAX},
	{"alice@-example.org", FINDING_ADDRESS_SYNTAX},
	{"alice@[192.0.2.1]", FINDING_ADDRESS_SYNTAX},
	{"alice@@example.org", FINDING_ADDRESS_SYNTAX},
	{".alice@example.org", FINDING_ADDRESS_SYNTAX},
	{"alice.@example.org", FINDING_ADDRESS_SYNTAX},
	{"al..ice@example.org", FINDING_ADDRESS_SYNTAX},
	{"-f@example.org", FINDING_ADDRESS_SYNTAX},
	{"al ice@example.org", FINDING_ADDRESS_SYNTAX},
	{"a@example.org, b@example.org", FINDING_ADDRESS_SYNTAX},
	{"a@example.org\nb@example.org", FINDING_ADDRESS_SYNTAX},
	{"\"a b\"@example.org", FINDING_ADDRESS_SYNTAX},
	{"user%outside.example@example.org", FINDING_ADDRESS_SYNTAX},
	{"outside!user@example.org", FINDING_ADDRESS_SYNTAX},
	{"|/bin/sh@example.org", FINDING_ADDRESS_SYNTAX},
	{"/var/mail/x@example.org", FINDING_ADDRESS_SYNTAX},
	{":include:/etc/x@example.org", FINDING_ADDRESS_SYNTAX},
	{"<alice@example.org>", FINDING_ADDRESS_SYNTAX},
	{"@a.example:alice@example.org", FINDING_ADDRESS_SYNTAX},
	{"zo\xc3\xab@example.org", FINDING_ADDRESS_NON_ASCII},
	{"alice@ex\xc3\xa4mple.org", FINDING_ADDRESS_NON_ASCII},
	{"\xff@example.org", FINDING_ADDRESS_NON_ASCII},
	{"alice@example.org\x7f", FINDING_ADDRESS_NON_ASCII},
};

static void
test_addresses(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t local_len;
		struct address_problem p = address_check(
		    str_of(cases[i].address), true, &local_len);
		enum finding_id got = p.text ? p.id : FINE;

		if (got != cases[i].problem)
			fail_msg("%s: %s", cases[i].address,
			    p.text ? p.text : "taken");
	}
}

static void
test_hostile(void **state)
{
	(void)state;
	assert_true(address_is_hostile(STR("|command")));
	assert_true(address_is_hostile(STR("  \"|command arg\"")));
	assert_true(address_is_hostile(STR("/etc/passwd")));
	assert_true(address_is_hostile(STR(":include:/etc/passwd")));
	assert_false(address_is_hostile(STR("alice@example.org")));
	assert_false(address_is_hostile(STR("")));
}

static void
test_base(void **state)
{
	(void)state;
	assert_true(str_eq(local_base(STR("a+b"), STR("+")), STR("a")));
	assert_true(str_eq(local_base(STR("a-b+c"), STR("+")), STR("a-b")));
	assert_true(str_eq(local_base(STR("a-b+c"), STR("+-")), STR("a")));
	assert_true(str_eq(local_base(STR("+b"), STR("+")), STR("+b")));
	assert_true(str_eq(local_base(STR("a+b"), STR("")), STR("a+b")));
}

static void
test_domains(void **state)
{
	(void)state;
	assert_true(domain_ok(STR("torproject.org")));
	assert_true(domain_ok(STR("xn--bcher-kva.example")));
	assert_false(domain_ok(STR("localhost")));
	assert_true(host_ok(STR("localhost")));
	assert_false(domain_ok(STR("a_b.example")));
	assert_false(domain_ok(STR("a.example.")));
	assert_false(domain_ok(STR("../x.yaml")));
	assert_false(domain_ok(STR(X64 ".example")));
	assert_false(domain_ok(STR("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(test_base),
		cmocka_unit_test(test_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
