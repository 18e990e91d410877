/*
 * Domains of which a host knows the same: on hosts made by chance, with
 * tables that treat domains alike or not, each address of two domains with
 * one print must be answered alike by smtpd, cleanup and trivial-rewrite.
 */
#include "flow/alike.h"

#include "flow/cleanup.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

static const char *const domains[] = {
	"one.test", "two.test", "three.example", "four.one.test", "o.n",
};
enum { DOMAINS = sizeof(domains) / sizeof(domains[0]), HOSTS = 400 };

static const char *const locals[] = {
	"a", "b", "x", "joe", "joe+ext", "one", "test", "n", "SRS0=x",
	"postmaster", "joE", "owner-x", "a.b", "-a", "Joe", "two.t",
};
enum { LOCALS = sizeof(locals) / sizeof(locals[0]) };

#define PICK(from) ((from)[next(sizeof(from) / sizeof((from)[0]))])

static unsigned long seed;
static struct arena arena;
static struct planned_node *node;	/* of the host in the making */
static size_t files;

static size_t
next(size_t n)
{
	seed = seed * 6364136223846793005UL + 1442695040888963407UL;
	return (size_t)(seed >> 33) % n;
}

/* A domain in a pattern, its dots mostly escaped. */
static void
add_domain(struct buf *b, const char *domain)
{
	for (; *domain; domain++) {
		if (*domain == '.' && next(20))
			buf_addch(b, '\\');
		buf_addch(b, *domain);
	}
}

static const char *const heads[] = {
	"^(.+)@", "^(.+?)([\\+][^@]*)?@", "^(.*)@", "@", "^(x|a)@", "(.)@",
	"^([a-j]+)@", "^(joe)@", "(n)", "^(SRS.)", "^(.+@", "(one)",
	"^(a)?\\b@", "^(.+)\\\\?@",
};
static const char *const values[] = {
	"$1@main.test", "$1@one.test", "gone@elsewhere.test", "${1}", "OK",
	"REJECT", "error:gone", "$1@$1.test",
};
static const char *const values_plain[] = {
	"someone@main.test", "x@one.test", "OK", "REJECT", "error:gone",
};

static void
add_rule(struct buf *b, const char *domain)
{
	const char *head = PICK(heads);
	bool open = head[strlen(head) - 1] == '@' && head[1] == '(' &&
	    !strchr(head, ')');

	buf_printf(b, "/%s", head);
	if (head[strlen(head) - 1] == '@' || !next(4))
		add_domain(b, domain);
	buf_printf(b, "%s%s/%s %s\n", open ? ")" : "", next(8) ? "$" : "",
	    next(15) ? "" : "i", strchr(head, '(') ? PICK(values) :
	    PICK(values_plain));
}

/*
 * A rule for each domain, mostly the same one: what a template does. The
 * heads are such that a print can be made of them.
 */
static void
add_template(struct buf *b)
{
	static const char *const plain_heads[] = {
		"^(.+)@", "^(.+?)([\\+][^@]*)?@", "^([a-j]+)@", "^(j)oe@",
		"(x)@", "^(.+\\b)@", "^(a)+\\\\?@", "^((.)*)@",
	};
	const char *head = PICK(plain_heads), *value = PICK(values);
	const char *flags = next(6) ? "" : "i";
	bool group = !next(8);
	size_t i;

	for (i = 0; i < DOMAINS; i++) {
		if (!next(8))
			continue;
		buf_printf(b, "/%s%s", group ? "(" : "",
		    next(6) ? head : PICK(plain_heads));
		add_domain(b, domains[i]);
		buf_printf(b, "%s$/%s %s\n", group ? ")" : "", flags,
		    next(6) ? value : PICK(values));
	}
}

/* A file of the host whose table is written to main.cf. */
static struct buf *
add_file(struct buf *main_cf, const char *type)
{
	char *name = arena_printf(&arena, "etc/postfix/table-%zu", files++);

	buf_printf(main_cf, "%s:/%s", type, name);
	return &plan_add_file(node, name, 0644)->content;
}

static void
add_pcre(struct buf *main_cf)
{
	struct buf *b = add_file(main_cf, next(4) ? "pcre" : "regexp");
	bool within = !next(3);
	const char *domain = PICK(domains);
	size_t n = next(6) ? 0 : 1 + next(2);

	if (within) {
		buf_printf(b, "if %s/%s", next(2) ? "!" : "",
		    next(2) ? "@" : "");
		add_domain(b, next(2) ? domain : domain + 1);
		buf_addstr(b, "$/\n");
	}
	if (next(4))
		add_template(b);
	while (n--)
		add_rule(b, PICK(domains));
	if (within && next(8))
		buf_addstr(b, "endif\n");
	if (next(2))
		add_template(b);
}

static void
add_keys(struct buf *main_cf)
{
	static const char *const keys[] = {
		"a@%s", "@%s", "%s", ".%s", "joe@main.test", "x@main.test",
		"a", "@main.test", "joe", "a@",
	};
	struct buf *b = add_file(main_cf, "hash");
	size_t n = 1 + next(4);

	while (n--) {
		const char *key = PICK(keys), *at = strstr(key, "%s");

		if (at)
			buf_printf(b, "%.*s%s %s\n", (int)(at - key), key,
			    PICK(domains), PICK(values_plain));
		else
			buf_printf(b, "%s %s\n", key, PICK(values_plain));
	}
}

static void
add_table(struct buf *b)
{
	switch (next(8)) {
	case 0:
		add_keys(b);
		break;
	case 1:
		buf_addstr(b, "unionmap:{");
		add_keys(b);
		buf_addch(b, ',');
		add_pcre(b);
		buf_addch(b, '}');
		break;
	case 2:
		buf_addstr(b, "hash:/missing");
		break;
	case 3:
		buf_addstr(b, "pipemap:{");
		add_pcre(b);
		buf_addch(b, ',');
		add_keys(b);
		buf_addch(b, '}');
		break;
	default:
		add_pcre(b);
	}
}

static void
add_maps(struct buf *b, const char *parameter)
{
	size_t n = next(3);

	buf_printf(b, "%s =", parameter);
	while (n--) {
		buf_addch(b, ' ');
		add_table(b);
	}
	buf_addch(b, '\n');
}

static void
add_main_cf(struct buf *b)
{
	size_t i;

	buf_printf(b, "compatibility_level = 3.6\nmyhostname = main.test\n"
	    "mydestination = %s\nlocal_recipient_maps =\n"
	    "myorigin = %s\nmynetworks = 127.0.0.0/8\n"
	    "recipient_delimiter = %s\n"
	    "parent_domain_matches_subdomains = %s\n"
	    "relay_domains = main.test\nvirtual_alias_domains =",
	    next(8) ? "" : PICK(domains), next(8) ? "main.test" :
	    PICK(domains), next(2) ? "+" : "", next(4) ? "" :
	    "smtpd_access_maps, transport_maps");
	for (i = 0; i < DOMAINS; i++)
		if (next(12))
			buf_printf(b, " %s", domains[i]);
	buf_addch(b, '\n');
	if (!next(12))
		buf_printf(b, "masquerade_domains = %s\nmasquerade_classes = "
		    "envelope_recipient\n", PICK(domains));
	add_maps(b, "virtual_alias_maps");
	if (!next(3))
		add_maps(b, "recipient_canonical_maps");
	if (!next(3))
		add_maps(b, "transport_maps");
	if (!next(6))
		add_maps(b, "relocated_maps");
	buf_addstr(b, "smtpd_recipient_restrictions = permit_mynetworks, ");
	if (!next(2)) {
		buf_addstr(b, "check_recipient_access ");
		add_table(b);
	}
	buf_addstr(b, "\nsmtpd_relay_restrictions = "
	    "reject_unauth_destination\n");
}

/* An answer; "=" before one that is just what was asked. */
static void
add_answer(struct buf *b, struct str answer, struct str asked)
{
	buf_printf(b, "%s%.*s\n", str_eq_fold(answer, asked) ? "=" : "",
	    STR_ARG(answer));
}

/* Whether each line is the same, or what was asked in both. */
static bool
are_alike(const char *left, const char *right)
{
	while (*left && *right) {
		size_t n = strcspn(left, "\n"), m = strcspn(right, "\n");
		struct str l = {left + (*left == '='), n - (*left == '=')};
		struct str r = {right + (*right == '='), m - (*right == '=')};

		if ((*left != '=' || *right != '=') && !str_eq(l, r))
			return false;
		left += n + 1;
		right += m + 1;
	}
	return *left == *right;
}

/* All that happens to an address, in words. */
static void
tell(const struct world_host *host, const char *local, struct str domain,
    struct buf *b)
{
	const struct host *h = &host->host;
	struct session s = {.client = {.address = STR("192.0.2.1"),
		.name = STR("unknown")}, .helo = STR("c.test"),
		.sender = STR("s@t.test")};
	struct verdict v;
	struct cleaned c, all;
	struct resolution r;
	struct arena a;
	size_t i;

	arena_init(&a);
	s.recipient = str_of(arena_printf(&a, "%s@%.*s", local,
	    STR_ARG(domain)));
	smtpd_judge(h->port[0].smtpd, &s, &a, &v);
	buf_printf(b, "%d %d %s %.*s\n", (int)v.kind, v.code, v.by.what,
	    STR_ARG(v.by.table));
	cleanup_canonical(h, s.recipient, &a, &c);
	buf_printf(b, "%d %zu\n", (int)c.result, c.n);
	if (c.n) {
		add_answer(b, c.recipient[0], s.recipient);
		cleanup_aliases(h, c.recipient[0], &a, &all);
		buf_printf(b, "%d %d %zu\n", (int)all.result, all.endless,
		    all.n);
		for (i = 0; i < all.n; i++) {
			add_answer(b, all.recipient[i], s.recipient);
			resolve_address(h, s.sender, all.recipient[i], &a,
			    &r);
			buf_printf(b, "%d %d %d %.*s\n", (int)r.result,
			    (int)r.class, r.bad, STR_ARG(r.transport));
			add_answer(b, r.nexthop, domain);
		}
	}
	arena_release(&a);
}

struct counts {
	size_t pairs, alike, printed;
};

/* Two domains: what is told of each address of them. */
static void
compare(const struct world_host *host, const char *one, const char *other,
    bool same, struct counts *counts)
{
	bool alike = true;
	size_t i;

	for (i = 0; i < LOCALS; i++) {
		struct buf left = BUF_INIT, right = BUF_INIT;

		tell(host, locals[i], str_of(one), &left);
		tell(host, locals[i], str_of(other), &right);
		if (!are_alike(left.s, right.s)) {
			alike = false;
			if (same)
				fprintf(stderr, "%s@%s\n%s%s@%s\n%s",
				    locals[i], one, left.s, locals[i], other,
				    right.s);
		}
		buf_release(&left);
		buf_release(&right);
		if (!alike)
			break;
	}
	counts->pairs++;
	counts->alike += alike;
	counts->printed += same;
	if (same && !alike)
		fail_msg("two domains of one print are not alike");
}

static void
try_host(struct counts *counts)
{
	struct host_setup setup = {.name = "main.test"};
	struct world_host host = {.node = NULL};
	struct buf print[DOMAINS];
	bool known[DOMAINS];
	struct plan plan;
	struct buf main_cf = BUF_INIT;
	size_t i, j;

	arena_init(&arena);
	plan_init(&plan);
	node = plan_add(&plan, "main.test");
	files = 0;
	add_main_cf(&main_cf);
	buf_addstr(&plan_add_file(node, "etc/postfix/main.cf",
	    0644)->content, main_cf.s);
	buf_addstr(&plan_add_file(node, "etc/postfix/master.cf",
	    0644)->content, "smtp inet n - n - - smtpd\n");
	plan_finish(&plan);
	setup.files = plan_node(&plan, "main.test");
	assert_true(host_open(&host.host, &setup, &arena));
	for (i = 0; i < DOMAINS; i++) {
		buf_init(&print[i]);
		known[i] = host_print(&host, &host.host.port[0],
		    str_of(domains[i]), &print[i]);
	}
	for (i = 0; i < DOMAINS; i++)
		for (j = i + 1; j < DOMAINS; j++) {
			bool same = known[i] && known[j] &&
			    !strcmp(print[i].s, print[j].s);

			compare(&host, domains[i], domains[j], same, counts);
		}
	for (i = 0; i < DOMAINS; i++)
		buf_release(&print[i]);
	host_release(&host.host);
	plan_release(&plan);
	buf_release(&main_cf);
	arena_release(&arena);
}

static void
alike_domains(void **state)
{
	struct counts counts = {0};
	size_t i;

	(void)state;
	for (i = 0; i < HOSTS; i++) {
		seed = i + 1;
		try_host(&counts);
	}
	/* Enough of each kind, or nothing was tried. */
	printf("%zu pairs, %zu alike, %zu known to be\n", counts.pairs,
	    counts.alike, counts.printed);
	assert_true(counts.printed > counts.pairs / 50);
	assert_true(counts.pairs - counts.alike > counts.pairs / 5);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(alike_domains)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
