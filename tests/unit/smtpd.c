/* What a real smtpd cannot show: assumptions, places, what cannot be told. */
#include "flow/smtpd.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static const struct one {
	const char *lists, *client, *recipient;
	enum verdict_kind kind;
	int code;
	const char *assumed, *what;
	bool authorised;
} cases[] = {
	{"smtpd_relay_restrictions = permit_mynetworks, "
	    "reject_unauth_destination\n", "127.0.0.1", "a@b.test",
	    VERDICT_ACCEPT, 250, NULL,
	    "smtpd_relay_restrictions: permit_mynetworks", true},
	{"smtpd_relay_restrictions = permit_mynetworks, "
	    "reject_unauth_destination\n", "192.0.2.1", "a@b.test",
	    VERDICT_REFUSE, 554, NULL,
	    "smtpd_relay_restrictions: reject_unauth_destination", false},
	{"smtpd_relay_restrictions = reject_rbl_client l.test, "
	    "reject_unauth_destination\n", "192.0.2.1", "a@own.test",
	    VERDICT_ACCEPT, 250, "l.test does not list 192.0.2.1",
	    "no restriction refuses it", false},
	{"smtpd_client_restrictions = check_client_access cdb:/none\n",
	    "192.0.2.1", "a@own.test", VERDICT_UNKNOWN, 0, NULL,
	    "smtpd_client_restrictions: check_client_access", false},
};

static void
judges(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct one *c = &cases[i];
		struct host_setup setup = {.name = "h.test"};
		struct session s = {.client = {.address = str_of(c->client),
			.name = STR("unknown")}, .sender = STR("s@t.test"),
			.recipient = str_of(c->recipient)};
		struct planned_node *node;
		struct verdict v;
		struct arena a;
		struct plan plan;
		struct host host;

		arena_init(&a);
		plan_init(&plan);
		node = plan_add(&plan, "h.test");
		buf_printf(&plan_add_file(node, "etc/postfix/main.cf",
		    0644)->content, "compatibility_level = 3.7\n"
		    "mydestination = own.test\nlocal_recipient_maps =\n"
		    "mynetworks = 127.0.0.0/8\n%s", c->lists);
		buf_addstr(&plan_add_file(node, "etc/postfix/master.cf",
		    0644)->content, "smtp inet n - n - - smtpd\n");
		plan_finish(&plan);
		setup.files = plan_node(&plan, "h.test");
		assert_true(host_open(&host, &setup, &a));
		smtpd_judge(host.port[0].smtpd, &s, &a, &v);
		assert_int_equal(v.kind, c->kind);
		assert_int_equal(v.code, c->code);
		assert_string_equal(v.by.what, c->what);
		assert_int_equal(v.authorised, c->authorised);
		if (c->assumed)
			assert_string_equal(v.assumed, c->assumed);
		else
			assert_null(v.assumed);
		assert_int_equal(smtpd_relays(host.port[0].smtpd, &s, &a, &v),
		    c->authorised);
		host_release(&host);
		plan_release(&plan);
		arena_release(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(judges)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
