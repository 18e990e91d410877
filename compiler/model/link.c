/*
 * Gives every name its meaning: domains, routes, addresses and where each
 * leads. Afterwards the fleet does not change. What is only worth a finding
 * is left to check/; what decides the tables is decided here.
 */
#include "model/address.h"
#include "model/read.h"
#include "model/resolve.h"

#include <stdlib.h>

/* --- domains ----------------------------------------------------------- */

static void
add_domain(struct fleet *fleet, struct domain *domain)
{
	struct domain *other = map_add(&fleet->domains,
	    text_str(domain->name), domain);

	/* A node's own fqdn and its export are one alias domain. */
	if (other != domain && !other->node)
		other->node = domain->node;
}

/*
 * mail::alias_domains, the exported ones, and every fqdn: one list, each
 * once, in that order. The main domain is the first in fleet.domains.
 */
static void
link_domains(struct reader *r, struct fleet *fleet)
{
	const struct domain *declared = fleet->alias_domains.item;
	size_t i, j, n = fleet->alias_domains.n;
	struct domain *all, *list;

	for (i = 0; i < r->nnode; i++)
		n += 1 + r->node[i].alias_domains.n;
	all = ARENA_ARRAY(r->arena, struct domain, n + 1);
	n = 0;
	map_init_fold(&fleet->domains);
	all[n] = (struct domain){.name = fleet->domain};
	add_domain(fleet, &all[n++]);
	for (i = 0; i < fleet->alias_domains.n; i++) {
		all[n] = declared[i];
		add_domain(fleet, &all[n++]);
	}
	for (i = 0; i < r->nnode; i++) {
		const struct text *exported = r->node[i].alias_domains.item;

		for (j = 0; j < r->node[i].alias_domains.n; j++) {
			all[n] = (struct domain){exported[j], &r->node[i]};
			add_domain(fleet, &all[n++]);
		}
	}
	for (i = 0; i < r->nnode; i++) {
		all[n] = (struct domain){r->node[i].fqdn, &r->node[i]};
		add_domain(fleet, &all[n++]);
	}
	list = ARENA_ARRAY(r->arena, struct domain, fleet->domains.n);
	for (i = 1; i < fleet->domains.n; i++)
		list[i - 1] = *(struct domain *)fleet->domains.entry[i].value;
	fleet->alias_domains = (struct list){list, fleet->domains.n - 1};
}

/* --- routes ------------------------------------------------------------ */

static void
link_routes(struct reader *r, struct fleet *fleet)
{
	struct route *route;
	size_t i, j, n = 0;

	for (i = 0; i < r->nnode; i++)
		n += r->node[i].receives.n;
	route = ARENA_ARRAY(r->arena, struct route, n);
	map_init_fold(&fleet->by_route);
	n = 0;
	for (i = 0; i < r->nnode; i++) {
		const struct text *domain = r->node[i].receives.item;

		for (j = 0; j < r->node[i].receives.n; j++) {
			struct route *other;

			route[n] = (struct route){domain[j], &r->node[i]};
			other = map_add(&fleet->by_route, text_str(domain[j]),
			    &route[n]);
			if (other == &route[n]) {
				n++;
				continue;
			}
			diag_note(r->diag, diag_add(r->diag,
			    FINDING_RECEIVES_TWICE, domain[j].at,
			    "%s receives for %s, and so does %s",
			    r->node[i].fqdn.s, domain[j].s,
			    other->node->fqdn.s), other->domain.at,
			    "the other one");
		}
	}
	fleet->routes = (struct list){route, n};
}

/* --- addresses --------------------------------------------------------- */

static uint32_t
hash_local(const void *array, uint32_t position)
{
	return str_hash_fold(fleet_local(array, position));
}

/* Give an address its local part; or the one that has it already. */
static uint32_t
index_address(struct fleet *fleet, uint32_t address)
{
	struct str local = fleet_local(fleet, address);
	uint32_t other = fleet_address(fleet, local);

	if (other == NOWHERE)
		index_add(&fleet->by_local, str_hash_fold(local), address,
		    hash_local, fleet);
	return other;
}

/* Whether the domain behind a mapping's key is one of ours. */
static bool
is_ours(struct reader *r, const struct fleet *fleet, const struct mapping *m)
{
	const struct value *key = m->key;
	struct str domain;
	const struct route *route;

	if (m->local_len == key->len)
		return true;
	domain = (struct str){key->u.s + m->local_len + 1,
		key->len - m->local_len - 1u};
	if (map_get(&fleet->domains, domain))
		return true;
	route = map_get(&fleet->by_route, domain);
	diag_add(r->diag, FINDING_ADDRESS_FOREIGN, value_origin(key),
	    "'%s': %.*s %s%s", key->u.s, STR_ARG(domain),
	    route ? "is received by " : "is neither mail::domain nor an alias "
	    "domain", route ? route->node->fqdn.s : "");
	return false;
}

static const char *
kind_of(const struct fleet *fleet, uint32_t address)
{
	return fleet_alias(fleet, address) ? "an alias" :
	    fleet_forward(fleet, address) ? "a forward" : "an account";
}

static void
report_twice(struct reader *r, const struct fleet *fleet, uint32_t address,
    uint32_t other)
{
	bool same = !fleet_alias(fleet, address) ==
	    !fleet_alias(fleet, other);
	struct str local = fleet_local(fleet, address);
	size_t f = diag_add(r->diag,
	    same ? FINDING_ADDRESS_TWICE : FINDING_ALIAS_AND_FORWARD,
	    fleet_origin(fleet, address), "'%.*s' is %s%s; letter case and "
	    "alias domains make no difference, so take one out",
	    STR_ARG(local), kind_of(fleet, address),
	    same ? " twice" : ", and an alias as well");

	diag_note(r->diag, f, fleet_origin(fleet, other), "the other one");
}

static void
link_mappings(struct reader *r, struct fleet *fleet)
{
	size_t n = fleet->aliases.n + fleet->forwards.n;
	uint32_t address, other;

	for (address = 0; address < n; address++) {
		const struct mapping *m = fleet_alias(fleet, address);

		if (!m)
			m = fleet_forward(fleet, address);
		if (address + INDEX_AHEAD < n)
			index_prefetch(&fleet->by_local,
			    hash_local(fleet, address + INDEX_AHEAD));
		if (!is_ours(r, fleet, m))
			continue;
		other = index_address(fleet, address);
		if (other != NOWHERE)
			report_twice(r, fleet, address, other);
	}
}

/* RFC 2142 and RFC 5321 section 4.5.1: never a private person's. */
static bool
is_reserved(struct str uid)
{
	static const char *const reserved[] = {"postmaster", "abuse",
		"hostmaster", "mailer-daemon", "root", "security", "webmaster",
		"noc"};
	size_t i;

	for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (str_eq_fold(uid, str_of(reserved[i])))
			return true;
	return false;
}

/* Data of ours goes before the directory: its entries are their owners'. */
static void
link_accounts(struct fleet *fleet, struct account *account)
{
	uint32_t first = (uint32_t)(fleet->aliases.n + fleet->forwards.n);
	uint32_t i, other;

	for (i = 0; i < fleet->ldap.accounts.n; i++) {
		struct account *a = &account[i];

		if (a->state == ACCOUNT_BAD_UID)
			continue;
		other = index_address(fleet, first + i);
		if (a->state != ACCOUNT_USABLE &&
		    a->state != ACCOUNT_NO_FORWARD)
			continue;
		if (is_reserved(text_str(a->uid)))
			a->state = ACCOUNT_TAKES_REQUIRED;
		else if (other != NOWHERE)
			a->state = other < first ? ACCOUNT_TAKES_ALIAS :
			    ACCOUNT_UID_TWICE;
		a->taken = other;
	}
}

/* --- where a target leads ---------------------------------------------- */

static struct str
target_local(const struct target *t)
{
	return (struct str){t->text->u.s, t->local_len};
}

static struct str
target_domain(const struct target *t)
{
	return (struct str){t->text->u.s + t->local_len + 1,
		t->text->len - t->local_len - 1u};
}

static bool
is_inside(const struct fleet *fleet, const struct target *t)
{
	struct str domain;

	if (t->bare)
		return true;
	domain = target_domain(t);
	return str_eq_fold(domain, text_str(fleet->domain)) ||
	    map_get(&fleet->domains, domain);
}

static void
link_target(const struct fleet *fleet, struct target *t)
{
	uint32_t to;

	if (!is_inside(fleet, t)) {
		t->where = map_get(&fleet->by_route, target_domain(t)) ?
		    TARGET_INDEPENDENT : TARGET_OUTSIDE;
		return;
	}
	to = fleet_recipient(fleet, target_local(t));
	t->leads_to = to;
	t->where = to == NOWHERE ? TARGET_NOWHERE :
	    fleet_alias(fleet, to) ? TARGET_ALIAS :
	    fleet_forward(fleet, to) ? TARGET_FORWARD : TARGET_ACCOUNT;
}

static void
link_targets(struct fleet *fleet, struct account *account)
{
	uint32_t i, j;

	for (i = 0; i < fleet->ntarget; i++) {
		if (i + INDEX_AHEAD < fleet->ntarget)
			index_prefetch(&fleet->by_local, str_hash_fold(
			    target_local(&fleet->target[i + INDEX_AHEAD])));
		link_target(fleet, &fleet->target[i]);
	}
	for (i = 0; i < fleet->ldap.accounts.n; i++)
		for (j = 0; j < account[i].ntarget; j++)
			link_target(fleet, &account[i].target[j]);
}

static void
sort_accounts(struct reader *r, struct fleet *fleet, struct account *account)
{
	size_t i, n = fleet->ldap.accounts.n;
	struct account **usable = ARENA_ARRAY(r->arena, struct account *, n);
	struct account **refused = ARENA_ARRAY(r->arena, struct account *, n);

	fleet->ldap.usable = (struct list){.item = usable};
	fleet->ldap.refused = (struct list){.item = refused};
	for (i = 0; i < n; i++)
		if (account[i].state == ACCOUNT_USABLE)
			usable[fleet->ldap.usable.n++] = &account[i];
		else if (account[i].state != ACCOUNT_NO_FORWARD)
			refused[fleet->ldap.refused.n++] = &account[i];
}

/* --- nodes ------------------------------------------------------------- */

static bool
signs_for(const struct node *node, const struct dkim_key *key)
{
	const struct text *domain = node->dkim_domains.item;
	size_t i;

	if (!str_eq_fold(text_str(key->node), text_str(node->fqdn)))
		return false;
	for (i = 0; i < node->dkim_domains.n; i++)
		if (str_eq_fold(text_str(domain[i]), text_str(key->domain)))
			return true;
	return false;
}

static void
link_keys(struct reader *r, struct fleet *fleet)
{
	const struct dkim_key *key = fleet->dkim.item;
	size_t i, j;

	for (i = 0; i < fleet->dkim.n; i++) {
		struct node *node = map_get(&fleet->by_fqdn,
		    text_str(key[i].node));
		const struct dkim_key **all;

		if (!node) {
			diag_add(r->diag, FINDING_NODE_UNKNOWN, key[i].node.at,
			    "mail::dkim: '%s' is not in the fleet",
			    key[i].node.s);
			continue;
		}
		if (!signs_for(node, &key[i]))
			continue;
		all = ARENA_ARRAY(r->arena, const struct dkim_key *,
		    node->dkim.n + 1);
		for (j = 0; j < node->dkim.n; j++)
			all[j] = ((const struct dkim_key *const *)
			    node->dkim.item)[j];
		all[j] = &key[i];
		node->dkim = (struct list){all, j + 1};
	}
}

static void
link_fingerprints(struct reader *r)
{
	size_t i;

	for (i = 0; i < r->nnode; i++) {
		struct node *node = &r->node[i];
		struct fingerprint *one;

		if (node->fingerprints.n || !node->certificate)
			continue;
		one = ARENA_NEW(r->arena, struct fingerprint);
		one->value = (struct text){node->certificate->fingerprint,
			(uint32_t)strlen(node->certificate->fingerprint),
			node->certificate->at};
		one->node = node->fqdn;
		node->fingerprints = (struct list){one, 1};
	}
}

/* postsrsd from elsewhere than the release: mail::srs says which. */
static void
link_postsrsd(struct reader *r, const struct fleet *fleet)
{
	struct str version = text_str(fleet->srs.postsrsd);
	size_t i;

	if (!fleet->srs.name.len || str_eq(version, STR("release")))
		return;
	for (i = 0; i < r->nnode; i++) {
		struct target_release *own;

		if (!r->node[i].release)
			continue;
		own = ARENA_NEW(r->arena, struct target_release);
		*own = *r->node[i].release;
		own->postsrsd_2 = str_eq(version, STR("2"));
		own->postsrsd = fleet->srs.postsrsd;
		r->node[i].release = own;
	}
}

void
link_fleet(struct reader *r, struct fleet *fleet)
{
	link_domains(r, fleet);
	link_routes(r, fleet);
	index_reserve(&fleet->by_local, fleet_addresses(fleet));
	link_mappings(r, fleet);
	link_accounts(fleet, r->account);
	link_targets(fleet, r->account);
	resolve_addresses(r, fleet);
	sort_accounts(r, fleet, r->account);
	link_keys(r, fleet);
	link_fingerprints(r);
	link_postsrsd(r, fleet);
}
