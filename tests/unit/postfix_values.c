/* Values, each as Postfix accepts or refuses it. */
#include "postfix/postfix.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static const struct {
	const char *name, *value;
	const char *error;	/* a part of the clause, or NULL */
} values[] = {
	{"smtpd_tls_auth_only", "yes", NULL},
	{"smtpd_tls_auth_only", "YES", NULL},
	{"smtpd_tls_auth_only", "no", NULL},
	{"smtpd_tls_auth_only", "true", "neither yes nor no"},
	{"smtpd_tls_auth_only", "", "neither yes nor no"},
	{"smtpd_tls_auth_only", "${stress?{yes}:{no}}", NULL},
	{"smtpd_tls_auth_only", "${stress?yes", "never closed"},
	{"smtpd_tls_auth_only", "$(stress", "never closed"},
	{"smtpd_banner", "$myhostname ESMTP", NULL},
	{"smtpd_banner", "costs 5$", "lone $"},
	{"smtpd_banner", "costs 5$$", NULL},
	{"smtpd_banner", "costs $ 5", "without a name"},
	{"smtpd_banner", "${}", "names no parameter"},
	{"smtpd_banner", "${{$a} == {b} ? {c} : {d}}", NULL},
	{"smtpd_expansion_filter", "$", NULL},
	{"line_length_limit", "2048", NULL},
	{"line_length_limit", "511", "less than 512"},
	{"line_length_limit", "2k", "no number"},
	{"line_length_limit", "99999999999", "more than"},
	{"line_length_limit", "99999999999999999999999", "no number"},
	{"message_size_limit", "99999999999", NULL},
	{"default_process_limit", "0", "less than 1"},
	{"default_process_limit", "+5", NULL},
	{"maximal_queue_lifetime", "5d", NULL},
	{"maximal_queue_lifetime", "1h30m", "reads only \"1h\""},
	{"maximal_queue_lifetime", "5 d", "no unit"},
	{"maximal_queue_lifetime", "5y", "no unit"},
	{"maximal_queue_lifetime", "", "no time"},
	{"maximal_queue_lifetime", "-5d", "no time"},
	{"maximal_queue_lifetime", "9999999w", "longer than"},
	{"smtp_helo_timeout", "0s", "less than 1s"},
	{"mail_owner", "", "must not be empty"},
	{"mail_owner", "postfix", NULL},
	{"unverified_recipient_reject_code", "550", NULL},
	{"unverified_recipient_reject_code", "250", NULL},
	{"reject_code", "250", "no SMTP reply code"},
	{"reject_code", "5500", "no SMTP reply code"},
	{"mynetworks", "127.0.0.0/8, [::1]/128 192.0.2.1", NULL},
	{"mynetworks", "10.0.0.1/8", "write 10.0.0.0/8"},
	{"mynetworks", "[2001:db8::1]/32", "write [2001:db8::]/32"},
	{"mynetworks", "[2001:db8::/32]", NULL},
	{"mynetworks", "2001:db8::/32", "IPv6 address in brackets"},
	{"mynetworks", "::1", "IPv6 address in brackets"},
	{"mynetworks", "[::1", "lacks its \"]\""},
	{"mynetworks", "[::1]x", "text after \"]\""},
	{"mynetworks", "192.0.2.256", "no IPv4 address"},
	{"mynetworks", "192.0.2.0/33", "between 0 and 32"},
	{"mynetworks", "192.0.2.0/", "between 0 and 32"},
	{"mynetworks", "10/8", "no IPv4 address"},
	{"mynetworks", "!192.0.2.1 hash:/etc/postfix/net /etc/n $x", NULL},
	{"mynetworks", "192.0.2.1 # home", "line of its own"},
	{"mynetworks", "!", "follows a \"!\""},
	{"mynetworks", "192.0.2.0/999999999999999999999", "between 0 and 32"},
	{"virtual_alias_maps", "hash:/etc/postfix/a, ldap:/b", NULL},
	{"virtual_alias_maps", "/etc/postfix/a", "write type:name"},
	{"virtual_alias_maps", "hash:", "names no table"},
	{"virtual_alias_maps", "", NULL},
	{"virtual_alias_maps", "pipemap:{hash:/a, hash:/b}", NULL},
	{"virtual_alias_maps", "pipemap:{hash:/a, /b}", "write type:name"},
	{"virtual_alias_maps", "pipemap:hash:/a", "in braces"},
	{"virtual_alias_maps", "unionmap:{hash:/a", "in braces"},
	{"virtual_alias_maps", "proxy:unionmap:{ldap:/a,proxy:x}",
	    "write type:name"},
	{"virtual_alias_maps", "inline:{ {a@b = c@d} e=f }", NULL},
	{"virtual_alias_maps", "inline:{ a }", "no key = value"},
	{"virtual_alias_maps", "$virtual_maps $a:/b", NULL},
	{"smtpd_milters", "inet:localhost:11332, unix:/run/m", NULL},
	{"smtpd_milters", "{ inet:localhost:11332, timeout=3s }", NULL},
	{"smtpd_milters", "localhost:11332", "no milter"},
	{"smtpd_milters", "inet:localhost", "no milter"},
	{"smtpd_milters", "inet:localhost:0", "between 1 and 65535"},
	{"relayhost", "[mta.example.org]:587", NULL},
	{"relayhost", "mta.example.org:submission", NULL},
	{"relayhost", "mta.example.org", NULL},
	{"relayhost", "", NULL},
	{"relayhost", "[192.0.2.1]", NULL},
	{"relayhost", "[ipv6:2001:db8::1]:25", NULL},
	{"relayhost", "[mta.example.org:587", "lacks its \"]\""},
	{"relayhost", "[mta.example.org]587", "text after \"]\""},
	{"relayhost", "mta.example.org:", "is missing"},
	{"relayhost", "mta.example.org:99999", "between 1 and 65535"},
	{"relayhost", "2001:db8::1", "only in brackets"},
	{"relayhost", "smtp:[mta.example.org]", "transport in front"},
	{"relayhost", "mta..example.org", "no next hop"},
	{"default_transport", "smtp:[mta.example.org", "lacks"},
	{"default_transport", "smtp", NULL},
	{"default_transport", "error:no mail here", NULL},
	{"default_transport", "", "must not be empty"},
	{"default_transport", "[mta]:25", "has no transport"},
	{"smtp_tls_security_level", "dane-only", NULL},
	{"smtp_tls_security_level", "dane only", "none of"},
	{"smtp_tls_security_level", "", NULL},
	{"smtpd_tls_security_level", "verify", "none of: none may encrypt"},
	{"inet_protocols", "ipv4, ipv6", NULL},
	{"inet_protocols", "ipv5", "none of"},
	{"recipient_canonical_classes", "envelope_recipient,header_recipient",
	    NULL},
	{"recipient_canonical_classes", "envelope_sender", "none of"},
	{"smtpd_tls_protocols", "!SSLv2, !SSLv3, >=TLSv1.2", NULL},
	{"smtpd_tls_protocols", "TLS1.2", "no TLS protocol"},
	{"smtpd_restriction_classes", "greylist, outside", NULL},
	{"smtpd_restriction_classes", "a:b", "is no name"},
	{"smtpd_recipient_restrictions",
	    "permit_mynetworks,\n# why\n\treject_unauth_destination", NULL},
	{"smtpd_recipient_restrictions", "check_client_access /etc/x",
	    "write type:name"},
	{"smtpd_recipient_restrictions", "check_client_access",
	    "followed by type:table"},
	{"smtpd_recipient_restrictions", "check_client_access reject",
	    "followed by type:table"},
	{"smtpd_recipient_restrictions", "check_ccert_access { hash:/c }",
	    NULL},
	{"smtpd_recipient_restrictions", "check_policy_service inet:a:1",
	    NULL},
	{"smtpd_recipient_restrictions", "check_policy_service policy",
	    "followed by a server"},
	{"smtpd_recipient_restrictions", "reject_rbl_client permit",
	    "followed by a domain"},
	{"smtpd_recipient_restrictions", "sleep x", "followed by a number"},
	{"smtpd_recipient_restrictions", "hash:/etc/postfix/access", NULL},
	{"smtpd_recipient_restrictions", "nonsense", NULL},
	{"mydestination", "localhost, hash:/etc/x, !/etc/y", NULL},
	{"mydestination", "hash:", "names no table"},
	{"foo_destination_rate_delay", "1s", NULL},
	{"foo_destination_rate_delay", "x", "no time"},
};

static void
each_value(void **state)
{
	struct arena a;
	size_t i;

	(void)state;
	arena_init(&a);
	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		const struct param_kind *p =
		    param_named(str_of(values[i].name));
		const char *why;

		assert_non_null(p);
		why = param_value_error(&a, p, str_of(values[i].value));
		if (!why != !values[i].error ||
		    (why && !strstr(why, values[i].error)))
			fail_msg("%s = %s: %s", values[i].name,
			    values[i].value, why ? why : "(accepted)");
	}
	arena_release(&a);
}

static void
items_part_outside_braces(void **state)
{
	struct str rest = STR(" a,b {c, d}e\n{ f ,"), item;
	static const char *const want[] = {"a", "b", "{c, d}e", "{ f ,"};
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_true(value_item(&rest, &item));
		assert_true(str_eq(item, str_of(want[i])));
	}
	assert_false(value_item(&rest, &item));
}

static void
names_of_a_value(void **state)
{
	static const struct {
		const char *value;
		const char *names;	/* a ? after those that may miss */
	} cases[] = {
		{"$a ${b} $(c)", "a b c"},
		{"$$a $a.$b", "a b"},
		{"${a?{$b}:{${c:d}}}", "a? b c?"},
		{"${{$a} == {x} ? {$b} : {}}", "a b"},
		{"${domain_to_ascii{$a}}", "a"},
		{"${ a }", "a"},
		{"$", ""},
		{"${", ""},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct value_name n;
		struct buf got = BUF_INIT;
		size_t at = 0;

		while (value_name(str_of(cases[i].value), &at, &n))
			buf_printf(&got, "%s%.*s%s", got.len ? " " : "",
			    STR_ARG(n.name), n.conditional ? "?" : "");
		assert_string_equal(got.s, cases[i].names);
		buf_release(&got);
	}
}

static void
types_of_tables(void **state)
{
	static const struct {
		const char *table, *unknown, *file;
	} cases[] = {
		{"hash:/a", NULL, "/a"},
		{"proxy:ldap:/a", NULL, "/a"},
		{"proxy:lpad:/a", "lpad", "/a"},
		{"pipemap:{hash:/a,{hahs:/b}}", "{hahs", NULL},
		{"unionmap:{hash:/a, hahs:/b}", "hahs", NULL},
		{"$x:/a", NULL, "/a"},
		{"text", NULL, "text"},
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str type, table = str_of(cases[i].table);
		bool unknown = table_unknown_type(table, &type);

		assert_int_equal(unknown, cases[i].unknown != NULL);
		if (unknown)
			assert_true(str_eq(type, str_of(cases[i].unknown)));
		if (cases[i].file)
			assert_true(str_eq(table_file(table, &type),
			    str_of(cases[i].file)));
	}
	assert_string_equal(table_type_nearest(STR("hahs")), "hash");
}

/* Depth and length cost no more than the text has bytes. */
static void
hostile_values_end(void **state)
{
	static const char *const pieces[] = {"{", "${", "}", "pipemap:{",
	    "proxy:", "[", "!", "$(", "\n", "inline:{a=", "${a?{"};
	struct arena a;
	struct buf b = BUF_INIT;
	size_t i, n, type;

	(void)state;
	arena_init(&a);
	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		buf_clear(&b);
		for (n = 0; n < 20000; n++)
			buf_addstr(&b, pieces[i]);
		for (type = 0; type <= PARAM_PROTOCOLS; type++) {
			struct param_kind p = {"x", (enum param_type)type, 127,
			    "", 0, 0, "yes no"};
			struct value_name name;
			struct str t;
			size_t at = 0;

			param_value_error(&a, &p, (struct str){b.s, b.len});
			table_unknown_type((struct str){b.s, b.len}, &t);
			while (value_name((struct str){b.s, b.len}, &at, &name))
				;
		}
	}
	buf_release(&b);
	arena_release(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_value),
		cmocka_unit_test(items_part_outside_braces),
		cmocka_unit_test(names_of_a_value),
		cmocka_unit_test(types_of_tables),
		cmocka_unit_test(hostile_values_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
