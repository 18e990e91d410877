/*
 * The records that a fleet needs. What the model says is all that is looked
 * at: names are as the data writes them, the order is the model's, so that
 * two runs give the same list. What the data cannot give (a public key, a
 * certificate) is there as RECORD_MISSING.
 */
#include "role/records_inside.h"

#include "role/role.h"

#include <arpa/inet.h>
#include <string.h>

enum {
	MX_PREFERENCE = 10,
	ED25519_BASE64 = 44,		/* 32 bytes */
};

static void
add_one_mx(struct records *r, const char *owner, const struct node *host)
{
	records_add(r, (struct record){.owner = owner, .type = RECORD_MX,
	    .preference = MX_PREFERENCE, .data = host->fqdn.s});
}

static void
add_mx(struct records *r, const char *owner, const struct list *hosts)
{
	const struct node *const *host = hosts->item;
	size_t i;

	for (i = 0; i < hosts->n; i++)
		add_one_mx(r, owner, host[i]);
}

static void
add_addresses(struct records *r, const char *owner, const struct node *node)
{
	const struct address *address = node->addresses.item;
	size_t i;

	for (i = 0; i < node->addresses.n; i++)
		records_add(r, (struct record){.owner = owner,
		    .type = address[i].v6 ? RECORD_AAAA : RECORD_A,
		    .data = address[i].text.s});
}

static void
add_txt(struct records *r, const char *owner, const char *text)
{
	records_add(r, (struct record){.owner = owner, .type = RECORD_TXT,
	    .data = text});
}

/* What the data cannot give. */
static void
missing(struct records *r, const char *owner, const char *why)
{
	records_add(r, (struct record){.owner = owner,
	    .type = RECORD_MISSING, .data = why});
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
	buf_addstr(b, SPF_VERSION);
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

/* A name may have one such record. */
static void
spf_close(struct records *r, const char *owner, struct buf *b)
{
	buf_addstr(b, " ~all");
	if (!records_spf(r, str_of(owner)))
		add_txt(r, owner, arena_strndup(r->arena, b->s, b->len));
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
add_dmarc(struct records *r, const char *domain)
{
	add_txt(r, arena_printf(r->arena, "_dmarc.%s", domain),
	    arena_printf(r->arena,
	    "v=DMARC1; p=none; rua=mailto:postmaster@%s",
	    r->fleet->domain.s));
}

/* A client finds its server by SRV (RFC 6186, RFC 8314). */
static void
add_srv(struct records *r, const char *service, int64_t port)
{
	const struct fleet *f = r->fleet;

	records_add(r, (struct record){
	    .owner = arena_printf(r->arena, "_%s._tcp.%s", service,
	    f->domain.s), .type = RECORD_SRV, .preference = 0, .weight = 1,
	    .port = port, .data = f->submission.name.s});
}

static void
add_main_domain(struct records *r)
{
	const struct fleet *f = r->fleet;
	const struct node *node = f->nodes.item;
	struct buf b = BUF_INIT;
	size_t i;

	records_heading(r, "the main domain");
	add_mx(r, f->domain.s, &f->mx);
	spf_open(&b);
	for (i = 0; i < f->nodes.n; i++)
		if (sends_out(&node[i], false))
			spf_node(&b, &node[i]);
	spf_close(r, f->domain.s, &b);
	buf_release(&b);
	add_dmarc(r, f->domain.s);
	if (f->submissions.n) {
		add_srv(r, "submission", f->submission.port);
		add_srv(r, "submissions", f->submission.tls_port);
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
add_alias_domains(struct records *r)
{
	const struct domain *domain = r->fleet->alias_domains.item;
	size_t i;

	records_heading(r, "alias domains");
	for (i = 0; i < r->fleet->alias_domains.n; i++)
		if (!is_fqdn(&domain[i]))
			add_mx(r, domain[i].name.s, &r->fleet->mx);
}

static void
add_srs(struct records *r)
{
	const struct fleet *f = r->fleet;
	struct buf b = BUF_INIT;

	records_heading(r, "the SRS host, where the MX looks for it");
	if (!f->srs_hosts.n)
		return;
	add_mx(r, f->srs.name.s, &f->srs_hosts);
	/* Bounces to rewritten senders come back to the MX. */
	add_mx(r, f->srs.domain.s, &f->mx);
	spf_open(&b);
	spf_nodes(&b, &f->srs_hosts);
	spf_close(r, f->srs.domain.s, &b);
	buf_release(&b);
}

/* _587._tcp.NAME and its like: the key that a listener shows. */
static void
add_tlsa(struct records *r, const char *name, const struct node *node,
    int64_t port)
{
	const char *owner = arena_printf(r->arena, "_%lld._tcp.%s",
	    (long long)port, name);
	struct buf b = BUF_INIT;
	const char *s;

	if (!node->certificate) {
		missing(r, owner, arena_printf(r->arena,
		    "no TLSA, there is no data/certs/%s.pem", node->fqdn.s));
		return;
	}
	for (s = node->certificate->key_fingerprint; *s; s++)
		if (*s != ':')
			buf_addch(&b, (char)ascii_lower((unsigned char)*s));
	records_add(r, (struct record){.owner = owner, .type = RECORD_TLSA,
	    .data = arena_strndup(r->arena, b.s, b.len)});
	buf_release(&b);
}

static void
add_service_names(struct records *r)
{
	const struct fleet *f = r->fleet;
	const struct node *const *host = f->submissions.item;
	size_t i;

	records_heading(r, "the MTA, where the regular nodes look for it");
	if (f->mtas.n)
		add_mx(r, f->mta.name.s, &f->mtas);
	records_heading(r, "submission");
	if (f->submissions.n)
		add_mx(r, f->submission.name.s, &f->submissions);
	for (i = 0; i < f->submissions.n; i++) {
		add_addresses(r, f->submission.name.s, host[i]);
		add_tlsa(r, f->submission.name.s, host[i],
		    f->submission.port);
		add_tlsa(r, f->submission.name.s, host[i],
		    f->submission.tls_port);
	}
}

/* A domain that nodes send as: who may, and DMARC unless it inherits that. */
static void
add_sender_domain(struct records *r, const struct text *domain)
{
	const struct fleet *f = r->fleet;
	const struct node *node = f->nodes.item;
	struct str below = str_of(arena_printf(r->arena, ".%s",
	    f->domain.s));
	struct buf b = BUF_INIT;
	size_t i;

	if (str_eq_fold(text_str(*domain), text_str(f->domain)))
		return;
	spf_open(&b);
	for (i = 0; i < f->nodes.n; i++)
		if (sends_as(&node[i], text_str(*domain)))
			spf_node(&b, &node[i]);
	spf_close(r, domain->s, &b);
	if (!str_ends(text_str(*domain), below))
		add_dmarc(r, domain->s);
	if (!map_get(&f->by_route, text_str(*domain)) &&
	    !map_get(&f->domains, text_str(*domain)))
		missing(r, domain->s, "no MX, no node receives for it; "
		    "bounces and replies to it are lost");
	buf_release(&b);
}

static void
add_sender_domains(struct records *r)
{
	const struct node *node = r->fleet->nodes.item;
	const struct route *route = r->fleet->routes.item;
	const struct text *domain;
	size_t i, j;

	for (i = 0; i < r->fleet->routes.n; i++) {
		records_heading(r, arena_printf(r->arena,
		    "received by %s", route[i].node->fqdn.s));
		add_one_mx(r, route[i].domain.s, route[i].node);
		add_sender_domain(r, &route[i].domain);
	}
	for (i = 0; i < r->fleet->nodes.n; i++) {
		records_heading(r, arena_printf(r->arena,
		    "sent by %s", node[i].fqdn.s));
		domain = node[i].dkim_domains.item;
		for (j = 0; j < node[i].dkim_domains.n; j++)
			if (!map_get(&r->fleet->by_route,
			    text_str(domain[j])))
				add_sender_domain(r, &domain[j]);
	}
}

static void
add_dkim(struct records *r)
{
	const struct dkim_key *key = r->fleet->dkim.item;
	const char *owner;
	size_t i;

	for (i = 0; i < r->fleet->dkim.n; i++) {
		records_heading(r, arena_printf(r->arena,
		    "signatures of %s", key[i].node.s));
		owner = arena_printf(r->arena, "%s._domainkey.%s",
		    key[i].selector.s, key[i].domain.s);
		if (!key[i].public_key.len)
			missing(r, owner, "no TXT, mail::dkim has no "
			    "public_key for it");
		else
			add_txt(r, owner, arena_printf(r->arena,
			    "v=DKIM1; k=%s; p=%s",
			    key[i].public_key.len == ED25519_BASE64 ?
			    "ed25519" : "rsa", key[i].public_key.s));
	}
}

static void
add_node_tlsa(struct records *r, const struct node *node)
{
	const struct listener *listener = node->role->listeners.item;
	size_t i;

	for (i = 0; i < node->role->listeners.n; i++)
		add_tlsa(r, node->fqdn.s, node,
		    role_listener_port(r->fleet, &listener[i]));
}

/* Mail as user@fqdn leaves from the node itself, or from the MTA for it. */
static void
add_node(struct records *r, const struct node *node)
{
	struct buf b = BUF_INIT;

	records_heading(r, arena_printf(r->arena, "%s: %s", node->fqdn.s,
	    node->role ? node->role->name.s : "no role"));
	add_addresses(r, node->fqdn.s, node);
	if (map_get(&r->fleet->domains, text_str(node->fqdn)))
		add_mx(r, node->fqdn.s, &r->fleet->mx);
	spf_open(&b);
	if (sends_out(node, true))
		spf_node(&b, node);
	if (node->role && node->role->client)
		spf_nodes(&b, &r->fleet->mtas);
	spf_close(r, node->fqdn.s, &b);
	if (listens(node))
		add_node_tlsa(r, node);
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
add_reverse(struct records *r, const struct node *node)
{
	const struct address *address = node->addresses.item;
	const char *name;
	size_t i;

	for (i = 0; i < node->addresses.n; i++) {
		name = reverse_name(r->arena, &address[i]);
		if (name)
			records_add(r, (struct record){.owner = name,
			    .type = RECORD_PTR, .data = node->fqdn.s});
	}
}

void
records_of_fleet(struct records *r, const struct fleet *fleet)
{
	const struct node *node = fleet->nodes.item;
	size_t i;

	r->fleet = fleet;
	add_main_domain(r);
	add_alias_domains(r);
	add_srs(r);
	add_service_names(r);
	add_sender_domains(r);
	add_dkim(r);
	for (i = 0; i < fleet->nodes.n; i++)
		add_node(r, &node[i]);
	records_heading(r, "reverse, of every mail server");
	for (i = 0; i < fleet->nodes.n; i++)
		if (listens(&node[i]) || sends_out(&node[i], true))
			add_reverse(r, &node[i]);
	records_finish(r);
}
