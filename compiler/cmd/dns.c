/*
 * The records that the fleet needs, as a zone file (RFC 1035, section 5).
 * Names are absolute, each record stands once, and the order is the model's,
 * so that two runs print the same bytes. What the data cannot give (a public
 * key, a certificate) is a comment in its place.
 */
#include "cmd/dns.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <string.h>

enum {
	MX_PREFERENCE = 10,
	ED25519_BASE64 = 44,		/* 32 bytes */
};

static void
add_mx(struct zone *z, const char *owner, const struct list *hosts)
{
	const struct node *const *host = hosts->item;
	size_t i;

	for (i = 0; i < hosts->n; i++)
		zone_add(z, owner, "MX", "%d %s.", MX_PREFERENCE,
		    host[i]->fqdn.s);
}

static void
add_addresses(struct zone *z, const char *owner, const struct node *node)
{
	const struct address *address = node->addresses.item;
	size_t i;

	for (i = 0; i < node->addresses.n; i++)
		zone_add(z, owner, address[i].v6 ? "AAAA" : "A", "%s",
		    address[i].text.s);
}

/* What the role says of the internet: bounces have no domain to be checked. */
static bool
sends_out(const struct node *node, bool bounces_too)
{
	const struct egress *egress;
	size_t i;

	if (!node->role)
		return false;
	egress = node->role->sends.item;
	for (i = 0; i < node->role->sends.n; i++)
		if (str_eq(text_str(egress[i].to), STR("internet")) &&
		    (bounces_too ||
		    !str_eq(text_str(egress[i].sender), STR("null"))))
			return true;
	return false;
}

/* Loopback does not count: an independent mailer may receive nothing. */
static bool
listens(const struct node *node)
{
	return node->role && node->role->listeners.n &&
	    (!node->role->receives || node->receives.n);
}

static void
spf_open(struct buf *b)
{
	buf_clear(b);
	buf_addstr(b, "v=spf1");
}

/* By address: names would cost the receiver lookups, and ten are all. */
static void
spf_node(struct buf *b, const struct node *node)
{
	const struct address *address = node->addresses.item;
	size_t i;

	for (i = 0; i < node->addresses.n; i++)
		buf_printf(b, " ip%c:%s", address[i].v6 ? '6' : '4',
		    address[i].text.s);
}

static void
spf_nodes(struct buf *b, const struct list *nodes)
{
	const struct node *const *node = nodes->item;
	size_t i;

	for (i = 0; i < nodes->n; i++)
		spf_node(b, node[i]);
}

static void
spf_close(struct zone *z, const char *owner, struct buf *b)
{
	buf_addstr(b, " ~all");
	if (map_get(&z->spf, str_of(owner)))
		return;
	map_add(&z->spf, str_of(owner), z);
	zone_add_txt(z, owner, b);
}

/* The nodes that sign for a domain or receive for it send as it, too. */
static bool
sends_as(const struct node *node, struct str domain)
{
	const struct text *name = node->dkim_domains.item;
	size_t i;

	for (i = 0; i < node->dkim_domains.n; i++)
		if (str_eq_fold(text_str(name[i]), domain))
			return true;
	name = node->receives.item;
	for (i = 0; i < node->receives.n; i++)
		if (str_eq_fold(text_str(name[i]), domain))
			return true;
	return false;
}

static void
add_dmarc(struct zone *z, const char *domain)
{
	struct arena *a = &z->run->arena;
	struct buf b = BUF_INIT;

	buf_printf(&b, "v=DMARC1; p=none; rua=mailto:postmaster@%s",
	    z->fleet->domain.s);
	zone_add_txt(z, arena_printf(a, "_dmarc.%s", domain), &b);
	buf_release(&b);
}

/* A client finds its server by SRV (RFC 6186, RFC 8314). */
static void
add_srv(struct zone *z, const char *service, int64_t port)
{
	zone_add(z, arena_printf(&z->run->arena, "_%s._tcp.%s", service,
	    z->fleet->domain.s), "SRV", "0 1 %lld %s.", (long long)port,
	    z->fleet->submission.name.s);
}

static void
add_main_domain(struct zone *z)
{
	const struct fleet *f = z->fleet;
	const struct node *node = f->nodes.item;
	struct buf b = BUF_INIT;
	size_t i;

	zone_heading(z, "the main domain");
	add_mx(z, f->domain.s, &f->mx);
	spf_open(&b);
	for (i = 0; i < f->nodes.n; i++)
		if (sends_out(&node[i], false))
			spf_node(&b, &node[i]);
	spf_close(z, f->domain.s, &b);
	buf_release(&b);
	add_dmarc(z, f->domain.s);
	if (f->submissions.n) {
		add_srv(z, "submission", f->submission.port);
		add_srv(z, "submissions", f->submission.tls_port);
	}
}

/* A node's own name is printed with the node. */
static bool
is_fqdn(const struct domain *domain)
{
	return domain->node && str_eq(text_str(domain->name),
	    text_str(domain->node->fqdn));
}

static void
add_alias_domains(struct zone *z)
{
	const struct domain *domain = z->fleet->alias_domains.item;
	size_t i;

	zone_heading(z, "alias domains");
	for (i = 0; i < z->fleet->alias_domains.n; i++)
		if (!is_fqdn(&domain[i]))
			add_mx(z, domain[i].name.s, &z->fleet->mx);
}

static void
add_srs(struct zone *z)
{
	const struct fleet *f = z->fleet;
	struct buf b = BUF_INIT;

	zone_heading(z, "the SRS host, where the MX looks for it");
	if (!f->srs_hosts.n)
		return;
	add_mx(z, f->srs.name.s, &f->srs_hosts);
	/* Bounces to rewritten senders come back to the MX. */
	add_mx(z, f->srs.domain.s, &f->mx);
	spf_open(&b);
	spf_nodes(&b, &f->srs_hosts);
	spf_close(z, f->srs.domain.s, &b);
	buf_release(&b);
}

/* _587._tcp.NAME and its like: the key that a listener shows. */
static void
add_tlsa(struct zone *z, const char *name, const struct node *node,
    int64_t port)
{
	const char *owner = arena_printf(&z->run->arena, "_%lld._tcp.%s",
	    (long long)port, name);
	struct buf b = BUF_INIT;
	const char *s;

	if (!node->certificate) {
		zone_missing(z, owner, arena_printf(&z->run->arena,
		    "no TLSA, there is no data/certs/%s.pem", node->fqdn.s));
		return;
	}
	for (s = node->certificate->key_fingerprint; *s; s++)
		if (*s != ':')
			buf_addch(&b, (char)ascii_lower((unsigned char)*s));
	zone_add(z, owner, "TLSA", "3 1 1 %s", b.s);
	buf_release(&b);
}

static void
add_service_names(struct zone *z)
{
	const struct fleet *f = z->fleet;
	const struct node *const *host = f->submissions.item;
	size_t i;

	zone_heading(z, "the MTA, where the regular nodes look for it");
	if (f->mtas.n)
		add_mx(z, f->mta.name.s, &f->mtas);
	zone_heading(z, "submission");
	if (f->submissions.n)
		add_mx(z, f->submission.name.s, &f->submissions);
	for (i = 0; i < f->submissions.n; i++) {
		add_addresses(z, f->submission.name.s, host[i]);
		add_tlsa(z, f->submission.name.s, host[i],
		    f->submission.port);
		add_tlsa(z, f->submission.name.s, host[i],
		    f->submission.tls_port);
	}
}

/* A domain that nodes send as: who may, and DMARC unless it inherits that. */
static void
add_sender_domain(struct zone *z, const struct text *domain)
{
	const struct fleet *f = z->fleet;
	const struct node *node = f->nodes.item;
	struct str below = str_of(arena_printf(&z->run->arena, ".%s",
	    f->domain.s));
	struct buf b = BUF_INIT;
	size_t i;

	if (str_eq_fold(text_str(*domain), text_str(f->domain)))
		return;
	spf_open(&b);
	for (i = 0; i < f->nodes.n; i++)
		if (sends_as(&node[i], text_str(*domain)))
			spf_node(&b, &node[i]);
	spf_close(z, domain->s, &b);
	if (!str_ends(text_str(*domain), below))
		add_dmarc(z, domain->s);
	if (!map_get(&f->by_route, text_str(*domain)) &&
	    !map_get(&f->domains, text_str(*domain)))
		zone_missing(z, domain->s, "no MX, no node receives for it; "
		    "bounces and replies to it are lost");
	buf_release(&b);
}

static void
add_sender_domains(struct zone *z)
{
	const struct node *node = z->fleet->nodes.item;
	const struct route *route = z->fleet->routes.item;
	const struct text *domain;
	size_t i, j;

	for (i = 0; i < z->fleet->routes.n; i++) {
		zone_heading(z, arena_printf(&z->run->arena,
		    "received by %s", route[i].node->fqdn.s));
		zone_add(z, route[i].domain.s, "MX", "%d %s.",
		    MX_PREFERENCE, route[i].node->fqdn.s);
		add_sender_domain(z, &route[i].domain);
	}
	for (i = 0; i < z->fleet->nodes.n; i++) {
		zone_heading(z, arena_printf(&z->run->arena,
		    "sent by %s", node[i].fqdn.s));
		domain = node[i].dkim_domains.item;
		for (j = 0; j < node[i].dkim_domains.n; j++)
			if (!map_get(&z->fleet->by_route,
			    text_str(domain[j])))
				add_sender_domain(z, &domain[j]);
	}
}

static void
add_dkim(struct zone *z)
{
	const struct dkim_key *key = z->fleet->dkim.item;
	struct buf b = BUF_INIT;
	const char *owner;
	size_t i;

	for (i = 0; i < z->fleet->dkim.n; i++) {
		zone_heading(z, arena_printf(&z->run->arena,
		    "signatures of %s", key[i].node.s));
		owner = arena_printf(&z->run->arena, "%s._domainkey.%s",
		    key[i].selector.s, key[i].domain.s);
		if (!key[i].public_key.len) {
			zone_missing(z, owner, "no TXT, mail::dkim has no "
			    "public_key for it");
			continue;
		}
		buf_clear(&b);
		buf_printf(&b, "v=DKIM1; k=%s; p=%s",
		    key[i].public_key.len == ED25519_BASE64 ? "ed25519" :
		    "rsa", key[i].public_key.s);
		zone_add_txt(z, owner, &b);
	}
	buf_release(&b);
}

/* The role names the usual port; the data may name another. */
static int64_t
listener_port(const struct fleet *f, const struct listener *listener)
{
	if (str_eq(text_str(listener->from), STR("certificate")))
		return f->mta.port;
	if (!str_eq(text_str(listener->from), STR("login")))
		return listener->port;
	return str_eq(text_str(listener->tls), STR("wrapper")) ?
	    f->submission.tls_port : f->submission.port;
}

static void
add_node_tlsa(struct zone *z, const struct node *node)
{
	const struct listener *listener = node->role->listeners.item;
	size_t i;

	for (i = 0; i < node->role->listeners.n; i++)
		add_tlsa(z, node->fqdn.s, node,
		    listener_port(z->fleet, &listener[i]));
}

/* Mail as user@fqdn leaves from the node itself, or from the MTA for it. */
static void
add_node(struct zone *z, const struct node *node)
{
	struct buf b = BUF_INIT;

	zone_heading(z, arena_printf(&z->run->arena, "%s: %s", node->fqdn.s,
	    node->role ? node->role->name.s : "no role"));
	add_addresses(z, node->fqdn.s, node);
	if (map_get(&z->fleet->domains, text_str(node->fqdn)))
		add_mx(z, node->fqdn.s, &z->fleet->mx);
	spf_open(&b);
	if (sends_out(node, true))
		spf_node(&b, node);
	if (node->role && node->role->client)
		spf_nodes(&b, &z->fleet->mtas);
	spf_close(z, node->fqdn.s, &b);
	if (listens(node))
		add_node_tlsa(z, node);
	buf_release(&b);
}

/* The name of an address in in-addr.arpa or ip6.arpa. */
static const char *
reverse_name(struct arena *a, const struct address *address)
{
	unsigned char byte[sizeof(struct in6_addr)];
	char name[2 * 2 * sizeof(struct in6_addr) + sizeof("ip6.arpa")];
	char *s = name;
	size_t i;

	if (inet_pton(address->v6 ? AF_INET6 : AF_INET, address->text.s,
	    byte) != 1)
		return NULL;
	if (!address->v6)
		return arena_printf(a, "%u.%u.%u.%u.in-addr.arpa", byte[3],
		    byte[2], byte[1], byte[0]);
	for (i = sizeof(byte); i--; s += 4)
		snprintf(s, 5, "%x.%x.", byte[i] & 15u, byte[i] >> 4);
	return arena_printf(a, "%sip6.arpa", name);
}

static void
add_reverse(struct zone *z, const struct node *node)
{
	const struct address *address = node->addresses.item;
	const char *name;
	size_t i;

	for (i = 0; i < node->addresses.n; i++) {
		name = reverse_name(&z->run->arena, &address[i]);
		if (name)
			zone_add(z, name, "PTR", "%s.", node->fqdn.s);
	}
}

static void
print_zone(struct zone *z)
{
	const struct node *node = z->fleet->nodes.item;
	size_t i;

	printf("; The mail records of %.*s. SOA and NS are not mailc's.\n"
	    "$TTL 3600\n", STR_ARG(z->name.len ? z->name :
	    text_str(z->fleet->domain)));
	add_main_domain(z);
	add_alias_domains(z);
	add_srs(z);
	add_service_names(z);
	add_sender_domains(z);
	add_dkim(z);
	for (i = 0; i < z->fleet->nodes.n; i++)
		add_node(z, &node[i]);
	zone_heading(z, "reverse, of every mail server");
	for (i = 0; i < z->fleet->nodes.n; i++)
		if (listens(&node[i]) || sends_out(&node[i], true))
			add_reverse(z, &node[i]);
}

enum { OPT_ZONE = OPT_VERB };

int
cmd_dns(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		RUN_LONG_OPTIONS,
		{"zone", required_argument, NULL, OPT_ZONE},
		{NULL, 0, NULL, 0}
	};
	struct compilation c = {0};
	struct zone z;
	int option, status;

	zone_init(&z, run, &c.fleet);
	while ((option = getopt_long(argc, argv, RUN_SHORT_OPTIONS, options,
	    NULL)) != -1) {
		if (option == OPT_ZONE)
			z.name = str_of(optarg);
		else if (!run_option(run, option, optarg))
			return run_usage(run, "dns", NULL);
	}
	if (optind < argc)
		return run_usage(run, "dns", "'%s' is not expected",
		    argv[optind]);
	/* As a zone file writes it, "example.org." */
	if (z.name.len && z.name.s[z.name.len - 1] == '.')
		z.name.len--;
	if (compile_fleet(run, NULL, &c))
		print_zone(&z);
	zone_release(&z);
	status = run_finish(run, true);
	compilation_release(&c);
	return status;
}
