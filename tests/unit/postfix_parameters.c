/* The tables of parameters, restrictions and table types. */
#include "postfix/postfix.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

static const struct param_kind rows[] = {
#include "parameters.h"
};

enum { NROWS = sizeof(rows) / sizeof(rows[0]) };

static void
releases_have_names(void **state)
{
	(void)state;
	assert_int_equal(postfix_release_named(STR("3.5")), POSTFIX_3_5);
	assert_int_equal(postfix_release_named(STR("3.10")), POSTFIX_3_10);
	assert_int_equal(postfix_release_named(STR("3.1")), POSTFIX_RELEASES);
	assert_int_equal(postfix_release_named(STR("")), POSTFIX_RELEASES);
}

static void
every_row_is_found(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NROWS; i++) {
		const struct param_kind *p = param_named(str_of(rows[i].name));

		assert_non_null(p);
		assert_string_equal(p->name, rows[i].name);
		assert_true(p->max == 0 || p->min <= p->max);
	}
	assert_null(param_named(STR("")));
	assert_null(param_named(STR("zzz")));
}

static void
types_are_right(void **state)
{
	static const struct {
		const char *name;
		enum param_type type;
	} cases[] = {
		{"mynetworks", PARAM_NETWORKS},
		{"relayhost", PARAM_NEXTHOP},
		{"smtpd_relay_restrictions", PARAM_RESTRICTIONS},
		{"smtpd_restriction_classes", PARAM_NAMES},
		{"virtual_alias_maps", PARAM_TABLES},
		{"relay_clientcerts", PARAM_TABLES},
		{"mydestination", PARAM_MATCH},
		{"smtpd_milters", PARAM_MILTERS},
		{"default_transport", PARAM_TRANSPORT},
		{"smtpd_use_tls", PARAM_BOOL},
		{"append_dot_mydomain", PARAM_BOOL},
		{"message_size_limit", PARAM_INT},
		{"maximal_queue_lifetime", PARAM_TIME},
		{"access_map_reject_code", PARAM_CODE},
		{"smtp_tls_security_level", PARAM_CHOICE},
		{"inet_protocols", PARAM_WORDS},
		{"smtpd_tls_protocols", PARAM_PROTOCOLS},
		{"forward_path", PARAM_RAW},
		{"myhostname", PARAM_TEXT},
		{"srs_destination_recipient_limit", PARAM_INT},
		{"policy_time_limit", PARAM_TIME},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(param_named(str_of(cases[i].name))->type,
		    cases[i].type);
}

static void
releases_differ(void **state)
{
	static const struct {
		const char *name;
		enum postfix_release first, last;
	} cases[] = {
		{"smtpd_relay_before_recipient_restrictions", POSTFIX_3_6,
		    POSTFIX_3_11},
		{"smtpd_forbid_bare_newline", POSTFIX_3_5, POSTFIX_3_11},
		{"tls_ffdhe_auto_groups", POSTFIX_3_8, POSTFIX_3_11},
		{"smtpd_tls_enable_rpk", POSTFIX_3_9, POSTFIX_3_11},
		{"smtp_tlsrpt_enable", POSTFIX_3_10, POSTFIX_3_11},
		{"requiretls_enable", POSTFIX_3_11, POSTFIX_3_11},
		{"mydestination", POSTFIX_3_5, POSTFIX_3_11},
		{"x_recipient_limit", POSTFIX_3_5, POSTFIX_3_11},
	};
	size_t i, r;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (r = 0; r < POSTFIX_RELEASES; r++)
			assert_int_equal(param_known(str_of(cases[i].name),
			    (enum postfix_release)r),
			    r >= cases[i].first && r <= cases[i].last);
	assert_false(param_known(STR("transport_time_limt"), POSTFIX_3_7));
	assert_false(param_known(STR("_time_limit"), POSTFIX_3_7));
	assert_false(param_known(STR("domain_to_ascii"), POSTFIX_3_11));
}

static void
nearest_is_of_the_release(void **state)
{
	(void)state;
	assert_string_equal(param_nearest(STR("mydestnation"), POSTFIX_3_7),
	    "mydestination");
	assert_string_equal(param_nearest(STR("smtpd_tls_enable_rpkk"),
	    POSTFIX_3_9), "smtpd_tls_enable_rpk");
	assert_null(param_nearest(STR("qqqqqqqq"), POSTFIX_3_7));
	assert_string_equal(restriction_nearest(STR("permit_mynetwork")),
	    "permit_mynetworks");
}

static void
families_have_prefixes(void **state)
{
	static const struct {
		const char *name;
		enum param_family family;
		const char *prefix;
	} cases[] = {
		{"srs_destination_concurrency_limit", PARAM_OF_TRANSPORT,
		    "srs"},
		{"a_b_recipient_refill_limit", PARAM_OF_TRANSPORT, "a_b"},
		{"users_server_host", PARAM_OF_TABLE, "users"},
		{"users_tls_ca_cert_file", PARAM_OF_TABLE, "users"},
		{"smtpd_recipient_limit", PARAM_OF_NONE, ""},
		{"nothing", PARAM_OF_NONE, ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str prefix;

		assert_int_equal(param_family(str_of(cases[i].name), &prefix),
		    cases[i].family);
		assert_true(str_eq(prefix, str_of(cases[i].prefix)));
	}
}

/* What Postfix itself sets cannot be an error. */
static void
presets_are_accepted(void **state)
{
	struct arena a;
	size_t i;

	(void)state;
	arena_init(&a);
	for (i = 0; i < NROWS; i++) {
		const char *why;

		/* Set by each program, or computed from the machine. */
		if (!*rows[i].preset)
			continue;
		why = param_value_error(&a, &rows[i], str_of(rows[i].preset));
		if (why)
			fail_msg("%s = %s: %s", rows[i].name, rows[i].preset,
			    why);
	}
	arena_release(&a);
}

static void
restrictions_are_known(void **state)
{
	struct str rest = STR("warn_if_reject check_client_access hash:/x, "
	    "PERMIT_MYNETWORKS sleep 1 class reject_rbl_client"), name, arg;

	(void)state;
	assert_true(restriction_known(STR("permit_tls_clientcerts")));
	assert_true(restriction_known(STR("Reject")));
	assert_true(restriction_known(STR("reject_unknown_client")));
	assert_false(restriction_known(STR("bogus_thing")));
	assert_int_equal(restriction_takes(STR("check_policy_service")),
	    RESTRICTION_TAKES_SERVER);
	assert_true(restriction_next(&rest, &name, &arg));
	assert_int_equal(arg.len, 0);
	assert_true(restriction_next(&rest, &name, &arg));
	assert_true(str_eq(arg, STR("hash:/x")));
	assert_true(restriction_next(&rest, &name, &arg));
	assert_true(restriction_next(&rest, &name, &arg));
	assert_true(str_eq(arg, STR("1")));
	assert_true(restriction_next(&rest, &name, &arg));
	assert_true(str_eq(name, STR("class")));
	assert_true(restriction_next(&rest, &name, &arg));
	assert_int_equal(arg.len, 0);
	assert_false(restriction_next(&rest, &name, &arg));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(releases_have_names),
		cmocka_unit_test(every_row_is_found),
		cmocka_unit_test(types_are_right),
		cmocka_unit_test(releases_differ),
		cmocka_unit_test(nearest_is_of_the_release),
		cmocka_unit_test(families_have_prefixes),
		cmocka_unit_test(presets_are_accepted),
		cmocka_unit_test(restrictions_are_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
