/* Next hops, exceptions to DANE, and trusted networks (postconf(5)). */
#include "check/rules.h"

#include "model/bind.h"
#include "postfix/postfix.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* --- TLS policy -------------------------------------------------------- */

static bool
level_is(const struct tls_exception *e, const char *a, const char *b,
    const char *c)
{
	struct str level = text_str(e->level);

	return str_eq(level, str_of(a)) || str_eq(level, str_of(b)) ||
	    str_eq(level, str_of(c));
}

static void
check_attributes(struct checker *c, const struct tls_exception *e)
{
	if (level_is(e, "none", "none", "none")) {
		diag_add(c->diag, FINDING_TLS_POLICY_WEAK, e->level.at,
		    "mail for %s would travel in clear text; 'may' uses TLS "
		    "where it can", e->destination.s);
		if (e->match.n || e->protocols.len || e->ciphers.len)
			diag_add(c->diag, FINDING_TLS_POLICY_MATCH,
			    e->level.at, "level none of %s takes no "
			    "attributes", e->destination.s);
		return;
	}
	if (e->match.n && !level_is(e, "fingerprint", "verify", "secure"))
		diag_add(c->diag, FINDING_TLS_POLICY_MATCH, e->level.at,
		    "match of %s counts only with fingerprint, verify or "
		    "secure, not with %s", e->destination.s, e->level.s);
	if (!e->match.n && level_is(e, "fingerprint", "fingerprint",
	    "fingerprint"))
		diag_add(c->diag, FINDING_TLS_POLICY_MATCH, e->level.at,
		    "level fingerprint of %s needs match with at least one "
		    "fingerprint", e->destination.s);
}

/*
 * Mail to the outside has the recipient's domain as its next hop, without
 * brackets and port. An alias domain never is one: it is resolved before.
 */
static void
check_destination(struct checker *c, const struct tls_exception *e)
{
	struct str to = text_str(e->destination);
	const struct domain *domain;

	if (to.len && to.s[0] == '.')
		to = (struct str){to.s + 1, to.len - 1};
	domain = map_get(&c->fleet->domains, to);
	if (domain && !str_eq_fold(to, text_str(c->fleet->domain)))
		diag_add(c->diag, FINDING_TLS_POLICY_UNUSED,
		    e->destination.at, "%s is an alias domain and is never a "
		    "next hop", e->destination.s);
	else if (!domain_ok(to))
		diag_add(c->diag, FINDING_TLS_POLICY_UNUSED,
		    e->destination.at, "no next hop is written '%s'; mail to "
		    "the outside goes to the recipient's domain, without "
		    "brackets and port", e->destination.s);
}

void
check_tls_policy(struct checker *c)
{
	const struct tls_exception *e = c->fleet->tls_policy.item;
	size_t i;

	for (i = 0; i < c->fleet->tls_policy.n; i++) {
		check_attributes(c, &e[i]);
		check_destination(c, &e[i]);
	}
}

/* --- next hops --------------------------------------------------------- */

/* The host or domain of "[host]:port" or "domain:port". */
static struct str
nexthop_host(struct str s, bool *brackets)
{
	size_t end;

	s = str_trim(s);
	*brackets = s.len && s.s[0] == '[';
	if (*brackets)
		s = (struct str){s.s + 1, s.len - 1};
	end = str_find(s, *brackets ? ']' : ':');
	return (struct str){s.s, end};
}

static bool
is_mail_name(const struct fleet *fleet, struct str name)
{
	return str_eq_fold(name, text_str(fleet->domain)) ||
	    str_eq_fold(name, text_str(fleet->srs.name)) ||
	    str_eq_fold(name, text_str(fleet->mta.name));
}

static void
check_nexthop(struct checker *c, const struct node *node,
    const struct text *value, const char *what)
{
	bool brackets;
	struct str host = nexthop_host(text_str(*value), &brackets);

	if (!host.len)
		return;
	if (node && str_eq_fold(host, text_str(node->fqdn)))
		diag_add(c->diag, FINDING_NEXTHOP_SELF, value->at,
		    "%s of %s is %s itself; its mail would loop back",
		    what, node->fqdn.s, node->fqdn.s);
	else if (!brackets && map_get(&c->fleet->by_fqdn, host) &&
	    !is_mail_name(c->fleet, host))
		diag_add(c->diag, FINDING_NEXTHOP_BRACKETS, value->at,
		    "%s: %.*s is a host; without brackets Postfix asks for "
		    "its MX record, so write [%.*s]", what, STR_ARG(host),
		    STR_ARG(host));
	else if (brackets && is_mail_name(c->fleet, host))
		diag_add(c->diag, FINDING_NEXTHOP_MX, value->at,
		    "%s: %.*s is reached by its MX record; in brackets "
		    "Postfix never asks for it", what, STR_ARG(host));
}

/* The names that stand for several hosts need an MX record of their own. */
static void
check_service_name(struct checker *c, const struct text *name,
    const char *what)
{
	if (name->len && map_get(&c->fleet->by_fqdn, text_str(*name)))
		diag_add(c->diag, FINDING_NEXTHOP_BRACKETS, name->at,
		    "%s: %s is a host's own name; mail goes to the MX record "
		    "of a service name, so that a second host can join",
		    what, name->s);
}

void
check_relayhosts(struct checker *c)
{
	size_t i, j;

	check_service_name(c, &c->fleet->srs.name, "mail::srs: name");
	check_service_name(c, &c->fleet->mta.name, "mail::mta: name");
	for (i = 0; i < c->fleet->nodes.n; i++) {
		const struct node *node = fleet_node(c->fleet, i);
		const struct parameter *p = node->extra_params.item;

		for (j = 0; j < node->extra_params.n; j++) {
			const struct param_kind *kind =
			    param_named(text_str(p[j].name));

			if (kind && kind->type == PARAM_NEXTHOP)
				check_nexthop(c, node, &p[j].value,
				    p[j].name.s);
		}
	}
}

/* --- trusted networks -------------------------------------------------- */

struct network {
	unsigned char byte[16];
	int bits;
	bool v6;
};

/* "192.0.2.0/24" or "[2001:db8::]/32"; false: not an address. */
static bool
network_parse(struct str s, struct network *net)
{
	char text[INET6_ADDRSTRLEN];
	size_t slash = str_find(s, '/');
	struct str address = {s.s, slash};
	char *end;

	*net = (struct network){0};
	if (address.len > 2 && address.s[0] == '[' &&
	    address.s[address.len - 1] == ']')
		address = (struct str){address.s + 1, address.len - 2};
	if (!address.len || address.len >= sizeof(text))
		return false;
	memcpy(text, address.s, address.len);
	text[address.len] = '\0';
	net->v6 = str_find(address, ':') < address.len;
	if (inet_pton(net->v6 ? AF_INET6 : AF_INET, text, net->byte) != 1)
		return false;
	net->bits = net->v6 ? 128 : 32;
	if (slash == s.len)
		return true;
	if (s.len - slash - 1 == 0 || s.len - slash - 1 > 3)
		return false;
	memcpy(text, s.s + slash + 1, s.len - slash - 1);
	text[s.len - slash - 1] = '\0';
	slash = (size_t)net->bits;
	net->bits = (int)strtol(text, &end, 10);
	return !*end && net->bits >= 0 && net->bits <= (int)slash;
}

static bool
network_holds(const struct network *net, const struct address *address)
{
	unsigned char byte[16];
	int i;

	if (address->v6 != net->v6 || inet_pton(address->v6 ? AF_INET6 :
	    AF_INET, address->text.s, byte) != 1)
		return false;
	for (i = 0; i < net->bits; i++)
		if ((byte[i / 8] ^ net->byte[i / 8]) & 0x80 >> i % 8)
			return false;
	return true;
}

static bool
holds_any(const struct network *net, size_t n, const struct list *addresses)
{
	const struct address *address = addresses->item;
	size_t i, j;

	for (i = 0; i < n; i++)
		for (j = 0; j < addresses->n; j++)
			if (network_holds(&net[i], &address[j]))
				return true;
	return false;
}

/* A node that is trusted by one family comes in by the other as well. */
static void
check_families(struct checker *c, const struct text *value,
    const struct network *net, size_t n, const char *name)
{
	size_t i;

	/* What holds everything is too wide, and verify says so. */
	for (i = 0; i < n; i++)
		if (!net[i].bits)
			return;
	for (i = 0; i < c->fleet->nodes.n; i++) {
		const struct node *node = fleet_node(c->fleet, i);
		bool v4 = holds_any(net, n, &node->ipv4);
		bool v6 = holds_any(net, n, &node->ipv6);

		if (v4 == v6 || !node->ipv4.n || !node->ipv6.n)
			continue;
		diag_add(c->diag, FINDING_NETWORK_ONE_FAMILY, value->at,
		    "%s trusts %s by its %s address only; add %s", name,
		    node->fqdn.s, v4 ? "IPv4" : "IPv6",
		    ((const struct address *)(v4 ? node->ipv6.item :
		    node->ipv4.item))->text.s);
	}
}

static void
check_network(struct checker *c, const struct text *value, const char *name)
{
	struct network net[64];
	struct str rest = text_str(*value);
	size_t n = 0, i;

	while (rest.len && n < 64) {
		for (i = 0; i < rest.len && !strchr(" ,\t", rest.s[i]); i++)
			;
		if (i && rest.s[0] != '!' && rest.s[0] != '$' &&
		    str_find((struct str){rest.s, i}, '/') != 0 &&
		    network_parse((struct str){rest.s, i}, &net[n]))
			n++;
		i += i < rest.len;
		rest = (struct str){rest.s + i, rest.len - i};
	}
	check_families(c, value, net, n, name);
}

/*
 * A value that a whole fleet shares is one value: its nodes are compared
 * with it once, not once for each of them.
 */
void
check_networks(struct checker *c)
{
	struct map seen;
	size_t i, j;

	map_init(&seen);
	for (i = 0; i < c->fleet->nodes.n; i++) {
		const struct node *node = fleet_node(c->fleet, i);
		const struct parameter *p = node->extra_params.item;

		for (j = 0; j < node->extra_params.n; j++) {
			const struct param_kind *kind =
			    param_named(text_str(p[j].name));
			char *name;

			if (!kind || kind->type != PARAM_NETWORKS)
				continue;
			name = arena_printf(c->arena, "%s %u:%u:%u %s",
			    p[j].name.s, p[j].value.at.source,
			    p[j].value.at.line, p[j].value.at.column,
			    p[j].value.s);
			if (map_add(&seen, str_of(name), name) == name)
				check_network(c, &p[j].value, p[j].name.s);
		}
	}
	map_release(&seen);
}
