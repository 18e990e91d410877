/*
 * Every domain is in one address class (postconf(5): "do not list a domain
 * in both"): the main domain, an alias domain, or an independent mailer's.
 */
#include "check/rules.h"

static void
twice(struct checker *c, enum finding_id id, const struct text *domain,
    struct origin other, const char *what)
{
	diag_note(c->diag, diag_add(c->diag, id, domain->at,
	    "%s is %s", domain->s, what), other, "the other one");
}

/* One list of mail::alias_domains as a data file has it. */
static void
check_declared(struct checker *c, const struct value *list)
{
	struct map seen;
	uint32_t i;

	map_init_fold(&seen);
	for (i = 0; i < list->len; i++) {
		const struct value *v = &list->u.item[i];
		struct text name = value_text(v);
		struct origin *at, *first;

		if (v->kind != VALUE_STRING)
			continue;
		if (str_eq_fold(value_str(v), text_str(c->fleet->domain)))
			twice(c, FINDING_DOMAIN_CLASS, &name,
			    c->fleet->domain.at,
			    "the main domain; it cannot be an alias domain");
		at = ARENA_NEW(c->arena, struct origin);
		*at = name.at;
		first = map_add(&seen, value_str(v), at);
		if (first != at)
			twice(c, FINDING_ALIAS_DOMAIN_TWICE, &name, *first,
			    "an alias domain already");
	}
	map_release(&seen);
}

void
check_domains(struct checker *c)
{
	const struct route *route = c->fleet->routes.item;
	const struct hiera_file *file;
	size_t i, n;

	file = hiera_files(c->hiera, &n);
	for (i = 0; i < n; i++) {
		const struct value *list = value_get(&file[i].root,
		    STR("mail::alias_domains"));

		if (list && list->kind == VALUE_LIST)
			check_declared(c, list);
	}
	for (i = 0; i < c->fleet->routes.n; i++) {
		const struct text *name = &route[i].domain;
		const struct domain *domain =
		    map_get(&c->fleet->domains, text_str(*name));

		if (domain && domain->node != route[i].node)
			twice(c, FINDING_DOMAIN_CLASS, name, domain->name.at,
			    "received by an independent mailer, but it is the "
			    "main domain or an alias domain; take one out");
	}
}

void
check_receives(struct checker *c)
{
	size_t i, j;

	for (i = 0; i < c->fleet->nodes.n; i++) {
		const struct node *node = fleet_node(c->fleet, i);
		const struct text *domain = node->receives.item;

		for (j = 0; j < node->receives.n; j++) {
			if (str_eq_fold(text_str(domain[j]),
			    text_str(node->fqdn)))
				diag_add(c->diag, FINDING_RECEIVES_OWN_NAME,
				    domain[j].at, "%s receives for its own "
				    "name, which is an alias domain; give it "
				    "a subdomain", node->fqdn.s);
			if (node->role && !node->role->receives)
				diag_add(c->diag, FINDING_RECEIVES_REGULAR,
				    domain[j].at, "%s is to receive %s, but "
				    "role %s does not receive; set "
				    "profile::postfix::independent: true",
				    node->fqdn.s, domain[j].s,
				    node->role->name.s);
		}
	}
}
