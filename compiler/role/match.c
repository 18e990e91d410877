/* Which node has which role, and the fleet's lists by role. */
#include "role/role.h"

#include <string.h>

static bool
has_class(const struct node *node, struct text class, struct origin *at)
{
	const struct text *have = node->classes.item;
	size_t i;

	for (i = 0; i < node->classes.n; i++)
		if (str_eq_fold(text_str(have[i]), text_str(class))) {
			*at = have[i].at;
			return true;
		}
	return false;
}

/* The role that a class of the node asks for, or NULL. */
static struct role *
by_class(struct roles *roles, const struct node *node, struct diag *d)
{
	struct role *found = NULL;
	struct origin first = ORIGIN_NONE, at = ORIGIN_NONE;
	size_t i;

	for (i = 0; i < roles->n; i++) {
		struct role *role = &roles->role[i];

		if (!role->select.class.len ||
		    !has_class(node, role->select.class, &at))
			continue;
		if (!found) {
			found = role;
			first = at;
			continue;
		}
		diag_note(d, diag_add(d, FINDING_TWO_ROLES, at,
		    "%s has the roles %s and %s; a node can have one",
		    node->fqdn.s, found->name.s, role->name.s), first,
		    "the other one");
	}
	return found;
}

static struct role *
role_of(struct roles *roles, const struct node *node, struct diag *d)
{
	struct role *role;
	size_t i;

	if (node->poisoned)
		return NULL;
	role = by_class(roles, node, d);

	for (i = 0; !role && node->independent && i < roles->n; i++)
		if (roles->role[i].select.independent)
			role = &roles->role[i];
	for (i = 0; !role && i < roles->n; i++)
		if (roles->role[i].select.otherwise)
			role = &roles->role[i];
	if (!role)
		diag_add(d, FINDING_NO_ROLE, node->at,
		    "no role applies to %s: no class of it selects one, and "
		    "no role says 'otherwise'", node->fqdn.s);
	return role;
}

static bool
sets_parameter(const struct node *node, struct text name)
{
	const struct parameter *extra = node->extra_params.item;
	size_t i;

	for (i = 0; i < node->extra_params.n; i++)
		if (str_eq(text_str(extra[i].name), text_str(name)))
			return true;
	return false;
}

static void
set_defaults(struct node *node, const struct role *role, struct arena *a)
{
	const struct parameter *preset = role->defaults.item;
	struct parameter *left =
	    ARENA_ARRAY(a, struct parameter, role->defaults.n);
	size_t i, n = 0;

	for (i = 0; i < role->defaults.n; i++)
		if (!sets_parameter(node, preset[i].name))
			left[n++] = preset[i];
	node->defaults = (struct list){left, n};
}

/* References to the nodes with a role, or whose role is a client. */
static struct list
select_nodes(struct arena *a, const struct node *node, size_t n,
    const char *role, bool clients)
{
	const struct node **ref = ARENA_ARRAY(a, const struct node *, n);
	struct list list = {.item = ref};
	size_t i;

	for (i = 0; i < n; i++) {
		const struct role *have = node[i].role;

		if (have && (clients ? have->client :
		    str_eq(text_str(have->name), str_of(role))))
			ref[list.n++] = &node[i];
	}
	return list;
}

void
roles_match(struct roles *roles, struct fleet *fleet, struct node *node,
    struct arena *a, struct diag *d)
{
	size_t i, n = fleet->nodes.n;

	for (i = 0; i < n; i++) {
		struct role *role = role_of(roles, &node[i], d);

		node[i].role = role;
		if (role)
			set_defaults(&node[i], role, a);
	}
	for (i = 0; i < roles->n; i++)
		roles->role[i].nodes = select_nodes(a, node, n,
		    roles->role[i].name.s, false);
	fleet->mx = select_nodes(a, node, n, "mx", false);
	fleet->srs_hosts = select_nodes(a, node, n, "srs", false);
	fleet->mtas = select_nodes(a, node, n, "mta", false);
	fleet->submissions = select_nodes(a, node, n, "submission", false);
	fleet->clients = select_nodes(a, node, n, NULL, true);
}
