/* Rendered main.cf and master.cf: what is found, and at which line. */
#include "flow/verify.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

/* Every service that a Postfix needs. */
#define SERVICES \
	"pickup unix n - y 60 1 pickup\n" \
	"cleanup unix n - y - 0 cleanup\n" \
	"qmgr unix n - n 300 1 qmgr\n" \
	"tlsmgr unix - - y 1000? 1 tlsmgr\n" \
	"rewrite unix - - y - - trivial-rewrite\n" \
	"bounce unix - - y - 0 bounce\n" \
	"defer unix - - y - 0 bounce\n" \
	"trace unix - - y - 0 bounce\n" \
	"verify unix - - y - 1 verify\n" \
	"flush unix n - y 1000? 0 flush\n" \
	"proxymap unix - - n - - proxymap\n" \
	"smtp unix - - y - - smtp\n" \
	"relay unix - - y - - smtp\n" \
	"showq unix n - y - - showq\n" \
	"error unix - - y - - error\n" \
	"retry unix - - y - - error\n" \
	"discard unix - - y - - discard\n" \
	"local unix - n n - - local\n" \
	"anvil unix - - y - 1 anvil\n" \
	"scache unix - - y - 1 scache\n" \
	"postlog unix-dgram n - n - 1 postlogd\n"
#define SMTPD "smtp inet n - y - - smtpd\n"
#define LEVEL "compatibility_level = 3.6\n"

struct one {
	const char *name;
	const char *main_cf, *master_cf, *table;	/* NULL: not rendered */
	const char *expect;	/* "finding-id line, …" or "" */
};

static const struct one cases[] = {
	{"nothing to say", LEVEL, SERVICES SMTPD, NULL, ""},
	{"no files", NULL, NULL, NULL, ""},
	{"only master.cf", NULL, SMTPD, NULL, ""},
	{"unknown", LEVEL "mydestnation = x\n", SERVICES, NULL,
	    "param-unknown 2"},
	{"of a later release", LEVEL "smtpd_tls_enable_rpk = yes\n", NULL,
	    NULL, "param-unknown 2"},
	{"own name used", LEVEL "x = y\nmyorigin = $x\n", NULL, NULL, ""},
	{"own name used in master.cf", LEVEL "x = y\n",
	    SERVICES SMTPD " -o myorigin=${x}\n", NULL, ""},
	{"class", LEVEL "smtpd_restriction_classes = c\nc = reject\n", NULL,
	    NULL, ""},
	{"table parameters", LEVEL "u_server_host = h\n"
	    "alias_maps = proxy:ldap:u\nv_server_host = h\n", NULL, NULL,
	    "param-unknown 4"},
	{"transport parameter", LEVEL "smtp_destination_rate_delay = 1s\n"
	    "x_destination_rate_delay = 1s\n", SERVICES, NULL,
	    "param-unknown 3"},
	{"option unknown", LEVEL, SERVICES SMTPD " -o smtpd_bannr=x\n", NULL,
	    "param-unknown 23"},
	{"value", LEVEL "biff = maybe\n", NULL, NULL, "param-value 2"},
	{"value in option", LEVEL,
	    SERVICES SMTPD " -o smtpd_tls_auth_only=1\n", NULL,
	    "param-value 23"},
	{"no parameter line", LEVEL "biff: no\n", NULL, NULL,
	    "param-value 2"},
	{"set twice", LEVEL "biff = no\nbiff = yes\n", NULL, NULL,
	    "param-value 2"},
	{"set twice alike", LEVEL "biff = no\nbiff = no\n", NULL, NULL, ""},
	{"undefined", LEVEL "smtpd_banner = $myhostnam\n", NULL, NULL,
	    "param-undefined 2"},
	{"undefined on a later line", LEVEL "mydestination = a\n"
	    "# $in_a_comment\n  $b\n", NULL, NULL, "param-undefined 4"},
	{"undefined but asked", LEVEL "smtpd_banner = ${x?y}\n", NULL, NULL,
	    ""},
	{"defined by an option", LEVEL "smtpd_banner = $x\n",
	    SERVICES SMTPD " -o x=y\n", NULL, ""},
	{"expanded later", LEVEL "forward_path = $home/$extension\n", NULL,
	    NULL, ""},
	{"restriction", LEVEL "smtpd_sender_restrictions =\n"
	    "  permit_mynetworks,\n  rejcet\n", NULL, NULL,
	    "restriction-unknown 4"},
	{"class without a declaration", LEVEL "c = reject\n"
	    "smtpd_sender_restrictions = c $c\n", NULL, NULL,
	    "restriction-unknown 3"},
	{"restriction behind a name", LEVEL "c = rejcet\n"
	    "smtpd_sender_restrictions = $c\n", NULL, NULL,
	    "restriction-unknown 2"},
	{"restriction in a class", LEVEL "smtpd_restriction_classes = c\n"
	    "c = rejcet\n", NULL, NULL, "restriction-unknown 3"},
	{"table type", LEVEL "virtual_alias_maps = hash:/a\n"
	    " proxy:hahs:/b\n", NULL, NULL, "table-type 3"},
	{"table type in a restriction", LEVEL
	    "smtpd_sender_restrictions = check_sender_access hahs:/a\n",
	    NULL, NULL, "table-type 2"},
	{"table type in a list", LEVEL "mydestination = !hahs:/a\n", NULL,
	    NULL, "table-type 2"},
	{"network", LEVEL "mynetworks = 127.0.0.0/8\n 10.0.0.0/7\n"
	    " 10.0.0.0/8 [2001:db8::]/32\n [2000::]/3\n", NULL, NULL,
	    "network-wide 3, network-wide 5"},
	{"no network", LEVEL "mynetworks = 10.0.0.1/8\n", NULL, NULL,
	    "network-syntax 2"},
	{"no trust", LEVEL "smtpd_sasl_exceptions_networks = 0.0.0.0/0\n",
	    NULL, NULL, ""},
	{"two classes", LEVEL "mydestination = a.example, B.example\n"
	    "relay_domains = b.example\n", NULL, NULL, "domain-class 3"},
	{"two classes by name", LEVEL "myhostname = a.example\n"
	    "mydestination = $myhostname\n"
	    "virtual_alias_domains = a.example\n", NULL, NULL,
	    "domain-class 4"},
	{"two classes by table", LEVEL "mydestination = a.example\n"
	    "virtual_alias_domains = hash:/etc/postfix/maps/t\n", NULL,
	    "# a comment\nb.example x\nA.example x\n", "domain-class 3"},
	{"one class twice", LEVEL "mydestination = a.example a.example\n",
	    NULL, NULL, ""},
	{"open", LEVEL "smtpd_relay_restrictions = permit_mynetworks\n",
	    SERVICES SMTPD, NULL, "restriction-open 2"},
	{"open by permit", LEVEL "smtpd_relay_restrictions = permit, reject\n",
	    SERVICES SMTPD, NULL, "restriction-open 2"},
	{"closed by recipients", LEVEL "smtpd_relay_restrictions =\n"
	    "smtpd_recipient_restrictions = reject_unauth_destination\n",
	    SERVICES SMTPD, NULL, ""},
	{"only warned", LEVEL "smtpd_relay_restrictions = warn_if_reject "
	    "reject_unauth_destination\n", SERVICES SMTPD, NULL,
	    "restriction-open 2"},
	{"closed by a class", LEVEL "smtpd_restriction_classes = c\n"
	    "c = permit_mynetworks $r\nr = Reject\n"
	    "smtpd_relay_restrictions = c\n", SERVICES SMTPD, NULL, ""},
	{"a refusal misspelt", LEVEL "smtpd_relay_restrictions = rejcet\n",
	    SERVICES SMTPD, NULL, "restriction-unknown 2"},
	{"class in a circle", LEVEL "smtpd_restriction_classes = c\nc = c c\n"
	    "smtpd_relay_restrictions = c c\n", SERVICES SMTPD, NULL,
	    "restriction-open 4"},
	{"open by an option", LEVEL, SERVICES SMTPD
	    " -o smtpd_relay_restrictions=permit_mynetworks\n", NULL,
	    "restriction-open 23"},
	{"closed by an option", LEVEL "smtpd_relay_restrictions =\n",
	    SERVICES SMTPD " -o smtpd_recipient_restrictions=reject\n", NULL,
	    ""},
	{"open by default", "biff = no\n", SERVICES SMTPD, NULL,
	    "restriction-open 1"},
	{"no smtpd", "biff = no\n", SERVICES, NULL, ""},
	{"service broken", NULL, "smtp inet n - y\n", NULL,
	    "master-service 1"},
	{"service twice", NULL, SMTPD SMTPD, NULL, "master-service 2"},
	{"any order, own services", LEVEL, SMTPD SERVICES "qmgr2 unix - - - - - q\n"
	    "smtps inet n - y - - smtpd\n", NULL, ""},
	{"transport missing", LEVEL "default_transport = srs:[a]\n", SERVICES,
	    NULL, "master-service 2"},
	{"transport table", LEVEL
	    "transport_maps = texthash:/etc/postfix/maps/t\n", SERVICES,
	    "a smtp:[b]:25\nb smtp:[b\nc srs:x\nd :\n",
	    "param-value 2, master-service 3"},
};

/* One span a line, as the templates give them. */
static void
add_spans(struct planned_file *file, uint32_t source)
{
	size_t at = 0;
	uint32_t line = 1;

	while (at < file->content.len) {
		struct str rest = {file->content.s + at,
		    file->content.len - at};
		struct spans *s = &file->spans;

		s->span = realloc(s->span, (s->n + 1) * sizeof(s->span[0]));
		s->span[s->n++] = (struct span){.offset = at,
		    .template_at = {source, line++, 1}};
		at += str_find(rest, '\n') + 1;
	}
}

static void
add_file(struct planned_node *node, const char *path, const char *text,
    uint32_t source)
{
	struct planned_file *file;

	if (!text)
		return;
	file = plan_add_file(node, path, 0644);
	buf_addstr(&file->content, text);
	add_spans(file, source);
}

static void
run_case(const struct one *one)
{
	struct arena a;
	struct sources sources;
	struct diag d;
	struct plan plan;
	struct planned_node *node;
	struct buf got = BUF_INIT;
	size_t i;

	arena_init(&a);
	sources_init(&sources, &a);
	diag_init(&d, &a, &sources);
	plan_init(&plan);
	node = plan_add(&plan, "mx.example");
	add_file(node, "etc/postfix/main.cf", one->main_cf,
	    sources_add(&sources, "main", "main"));
	add_file(node, "etc/postfix/maps/t", one->table,
	    sources_add(&sources, "t", "t"));
	add_file(node, "etc/postfix/master.cf", one->master_cf,
	    sources_add(&sources, "master", "master"));
	verify_postfix(&a, &d, &(struct verify_input){node, POSTFIX_3_7, NULL});
	diag_finish(&d);
	for (i = 0; i < d.n; i++)
		buf_printf(&got, "%s%s %u", i ? ", " : "",
		    finding_kinds[d.finding[i].id].name,
		    d.finding[i].at.line);
	if (strcmp(got.s, one->expect))
		fail_msg("%s: got \"%s\", not \"%s\": %s", one->name, got.s,
		    one->expect, d.n ? d.finding[0].text : "");
	buf_release(&got);
	plan_release(&plan);
	diag_release(&d);
	sources_release(&sources);
	arena_release(&a);
}

static void
each_case(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		run_case(&cases[i]);
}

/* The name of an extra parameter has a place of its own in the data. */
static void
unknown_name_is_at_the_name(void **state)
{
	static const struct parameter extra = {{"nosuch", 6, {1, 7, 3}},
	    {"x", 1, {1, 7, 11}}};
	struct node host = {.extra_params = {&extra, 1}};
	struct arena a;
	struct sources sources;
	struct diag d;
	struct plan plan;
	struct planned_node *node;

	(void)state;
	arena_init(&a);
	sources_init(&sources, &a);
	diag_init(&d, &a, &sources);
	plan_init(&plan);
	node = plan_add(&plan, "mx.example");
	sources_add(&sources, "data", "data");
	add_file(node, "etc/postfix/main.cf", LEVEL "nosuch = x\n",
	    sources_add(&sources, "main", "main"));
	node->file[0].spans.span[1].value_at = extra.value.at;
	verify_postfix(&a, &d, &(struct verify_input){node, POSTFIX_3_7,
	    &host});
	diag_finish(&d);
	assert_int_equal(d.n, 1);
	assert_int_equal(d.finding[0].at.source, 1);
	assert_int_equal(d.finding[0].at.column, 3);
	plan_release(&plan);
	diag_release(&d);
	sources_release(&sources);
	arena_release(&a);
}

/* Each needed service, left out one at a time, is missed by its name. */
static void
each_service_is_missed(void **state)
{
	const char *line = SERVICES;

	(void)state;
	while (*line) {
		size_t len = str_find(str_of(line), '\n') + 1;
		struct buf rest = BUF_INIT;
		struct one one = {"service left out", LEVEL, NULL, NULL,
		    "master-service 1"};

		buf_add(&rest, SERVICES, sizeof(SERVICES) - 1 - strlen(line));
		buf_addstr(&rest, line + len);
		one.master_cf = rest.s;
		/* smtp and relay are default transports: told once more. */
		if (!strncmp(line, "smtp ", 5) || !strncmp(line, "relay ", 6))
			one.expect = "master-service 1, master-service 1";
		run_case(&one);
		buf_release(&rest);
		line += len;
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_case),
		cmocka_unit_test(unknown_name_is_at_the_name),
		cmocka_unit_test(each_service_is_missed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
