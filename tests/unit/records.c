/* The records of a small fleet, asked as a sender would ask a resolver. */
#include "role/records_inside.h"
#include "role/role.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#define TEXT(literal) {(literal), sizeof(literal) - 1, {0}}
#define LIST(array) {(array), sizeof(array) / sizeof((array)[0])}

/* mx takes mail, srs and lists send it, a client has an address alone. */
static const struct egress out[] = {{.to = TEXT("internet"),
	.sender = TEXT("any")}};
static const struct listener smtp[] = {{.port = 25, .from = TEXT("anyone")}};
static const struct role mx_role = {.name = TEXT("mx"),
	.listeners = LIST(smtp)};
static const struct role srs_role = {.name = TEXT("srs"), .sends = LIST(out)};
static const struct address mx_address[] = {{TEXT("192.0.2.1"), false},
	{TEXT("2001:db8::1"), true}};
static const struct address srs_address[] = {{TEXT("192.0.2.2"), false}};
static const struct address client_address[] = {{TEXT("192.0.2.3"), false}};
static struct node nodes[] = {
	{.fqdn = TEXT("mx.example.org"), .role = &mx_role,
	    .addresses = LIST(mx_address)},
	{.fqdn = TEXT("pc.example.org"), .addresses = LIST(client_address)},
	{.fqdn = TEXT("srs.example.org"), .role = &srs_role,
	    .addresses = LIST(srs_address)},
};
static const struct node *const mx[] = {&nodes[0]}, *const srs[] = {&nodes[2]};
static const struct dkim_key keys[] = {
	{.domain = TEXT("example.org"), .node = TEXT("srs.example.org"),
	    .selector = TEXT("s1"), .public_key = TEXT("QUJD")},
	{.domain = TEXT("example.org"), .node = TEXT("srs.example.org"),
	    .selector = TEXT("s2")},
};

struct fixture {
	struct arena arena;
	struct fleet fleet;
	struct records records;
};

static int
set_up(void **state)
{
	static struct fixture f;
	size_t i;

	arena_init(&f.arena);
	f.fleet = (struct fleet){.domain = TEXT("example.org"),
	    .srs = {.name = TEXT("forward.example.org"),
	    .domain = TEXT("srs-domain.example.org")},
	    .nodes = LIST(nodes), .mx = LIST(mx), .srs_hosts = LIST(srs),
	    .dkim = LIST(keys)};
	map_init_fold(&f.fleet.by_fqdn);
	for (i = 0; i < f.fleet.nodes.n; i++)
		map_add(&f.fleet.by_fqdn, text_str(nodes[i].fqdn), &nodes[i]);
	records_init(&f.records, &f.arena);
	records_of_fleet(&f.records, &f.fleet);
	*state = &f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	records_release(&f->records);
	map_release(&f->fleet.by_fqdn);
	arena_release(&f->arena);
	return 0;
}

static void
test_mx(void **state)
{
	const struct records *r = &((struct fixture *)*state)->records;
	const struct record *const *got;
	size_t n;

	got = records_mx(r, STR("Example.ORG"), &n);
	assert_int_equal(n, 1);
	assert_string_equal(got[0]->data, "mx.example.org");
	assert_int_equal(got[0]->preference, 10);
	/* Only an address: its own MX. */
	got = records_mx(r, STR("PC.example.org"), &n);
	assert_int_equal(n, 1);
	assert_string_equal(got[0]->data, "pc.example.org");
	assert_int_equal(got[0]->preference, 0);
	/* A record, but nothing that takes mail; no record at all. */
	records_mx(r, STR("_dmarc.example.org"), &n);
	assert_int_equal(n, 0);
	records_mx(r, STR("example.net"), &n);
	assert_int_equal(n, 0);
}

static void
test_mx_order(void **state)
{
	static const struct {
		const char *host;
		int preference;
	} add[] = {
		{"c", 20}, {"a", 10}, {"d", 20}, {"b", 10}, {"A", 10},
	};
	struct fixture *f = *state;
	const struct record *const *got;
	struct records r;
	size_t i, n;

	records_init(&r, &f->arena);
	r.fleet = &f->fleet;
	records_add(&r, (struct record){.owner = "x.org", .type = RECORD_TXT,
	    .data = "first"});
	for (i = 0; i < sizeof(add) / sizeof(add[0]); i++)
		records_add(&r, (struct record){.owner = i % 2 ? "x.org" :
		    "X.org", .type = RECORD_MX, .data = add[i].host,
		    .preference = add[i].preference});
	records_add(&r, (struct record){.owner = "x.org", .type = RECORD_A,
	    .data = "192.0.2.9"});
	records_finish(&r);
	got = records_mx(&r, STR("x.org"), &n);
	assert_int_equal(n, 4);
	for (i = 0; i < n; i++)
		assert_int_equal(got[i]->data[0], "abcd"[i]);
	assert_int_equal(r.n, 6);
	records_txt(&r, STR("x.org"), &n);
	assert_int_equal(n, 1);
	records_release(&r);
}

static void
test_addresses(void **state)
{
	const struct records *r = &((struct fixture *)*state)->records;
	const struct record *const *got;
	size_t n;

	got = records_addresses(r, STR("mx.example.org"), &n);
	assert_int_equal(n, 2);
	assert_int_equal(got[0]->type, RECORD_A);
	assert_string_equal(got[0]->data, "192.0.2.1");
	assert_int_equal(got[1]->type, RECORD_AAAA);
	assert_string_equal(got[1]->data, "2001:db8::1");
	records_addresses(r, STR("example.org"), &n);
	assert_int_equal(n, 0);
	assert_ptr_equal(records_host_of(r, STR("192.0.2.2")), &nodes[2]);
	assert_ptr_equal(records_host_of(r, STR("2001:DB8:0::0001")),
	    &nodes[0]);
	assert_null(records_host_of(r, STR("192.0.2.4")));
	assert_null(records_host_of(r, STR("192.0.2.02x")));
	assert_null(records_host_of(r, STR("")));
}

static void
test_texts(void **state)
{
	const struct records *r = &((struct fixture *)*state)->records;
	const struct record *const *got;
	size_t i, n, missing = 0;

	got = records_txt(r, STR("s1._domainkey.example.org"), &n);
	assert_int_equal(n, 1);
	assert_string_equal(got[0]->data, "v=DKIM1; k=rsa; p=QUJD");
	/* What is missing is listed, and is no record of its name. */
	assert_false(records_domain(r, STR("s2._domainkey.example.org")));
	for (i = 0; i < r->n; i++)
		missing += r->record[i]->type == RECORD_MISSING;
	assert_int_equal(missing, 2);	/* and TLSA of the MX */
	assert_true(records_domain(r, STR("s1._DOMAINKEY.example.org")));
	assert_true(records_domain(r, STR("2.2.0.192.in-addr.arpa")));
	assert_false(records_domain(r, STR("3.2.0.192.in-addr.arpa")));
	assert_false(records_domain(r, STR("org")));
}

static void
test_spf(void **state)
{
	static const struct {
		const char *domain, *address;
		enum spf covers;
	} cases[] = {
		{"example.org", "192.0.2.2", SPF_YES},
		{"EXAMPLE.org", "192.0.2.1", SPF_NO},
		{"srs-domain.example.org", "192.0.2.2", SPF_YES},
		{"srs-domain.example.org", "::ffff:192.0.2.2", SPF_NO},
		{"pc.example.org", "192.0.2.3", SPF_NO},
		/* A name of ours without SPF. */
		{"forward.example.org", "192.0.2.2", SPF_NO},
		{"example.net", "192.0.2.2", SPF_UNKNOWN},
		{"example.org", "no address", SPF_UNKNOWN},
	};
	const struct records *r = &((struct fixture *)*state)->records;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (records_spf_covers(r, str_of(cases[i].domain),
		    str_of(cases[i].address)) != cases[i].covers)
			fail_msg("%s from %s", cases[i].domain,
			    cases[i].address);
}

static void
test_spf_terms(void **state)
{
	static const struct {
		const char *text;
		enum spf covers;	/* 192.0.2.2 */
	} cases[] = {
		{"v=spf1 ip4:192.0.2.1 ip4:192.0.2.2 -all", SPF_YES},
		{"v=spf1 +ip4:192.0.2.2", SPF_YES},
		{"v=spf1 -ip4:192.0.2.2 +all", SPF_NO},
		{"v=spf1 ~all ip4:192.0.2.2", SPF_NO},
		{"v=spf1  ip6:2001:db8::2  ?all", SPF_NO},
		{"v=spf1 ip4:192.0.2.3", SPF_NO},
		{"v=spf1 all", SPF_YES},
		{"v=spf1 ip4:192.0.2.2 include:x.org", SPF_YES},
		{"v=spf1 include:x.org ip4:192.0.2.2", SPF_UNKNOWN},
		{"v=spf1 mx -all", SPF_UNKNOWN},
		{"v=spf1 ip4:192.0.2.0/24 -all", SPF_UNKNOWN},
		{"v=spf10 ip4:192.0.2.2", SPF_NO},
	};
	struct fixture *f = *state;
	struct records r;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		records_init(&r, &f->arena);
		r.fleet = &f->fleet;
		records_add(&r, (struct record){.owner = "x.org",
		    .type = RECORD_TXT, .data = cases[i].text});
		records_finish(&r);
		if (records_spf_covers(&r, STR("x.org"), STR("192.0.2.2")) !=
		    cases[i].covers)
			fail_msg("%s", cases[i].text);
		records_release(&r);
	}
}

/* A host without a fleet has none. */
static void
test_none(void **state)
{
	struct fixture *f = *state;
	struct records r;
	size_t n;

	records_init(&r, &f->arena);
	assert_null(records_mx(&r, STR("x.org"), &n));
	assert_int_equal(n, 0);
	assert_null(records_host_of(&r, STR("192.0.2.1")));
	assert_int_equal(records_spf_covers(&r, STR("x.org"),
	    STR("192.0.2.1")), SPF_UNKNOWN);
	records_release(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mx),
		cmocka_unit_test(test_mx_order),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_spf),
		cmocka_unit_test(test_spf_terms),
		cmocka_unit_test(test_none),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
