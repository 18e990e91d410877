/*
 * profile::postfix::extra_params, judged where it stands. What the role's
 * template sets itself is seen on the rendered file (flow/verify.c).
 */
#include "check/rules.h"

#include "postfix/postfix.h"

static void
check_parameter(struct checker *c, const struct node *node,
    const struct parameter *p, enum postfix_release release)
{
	struct str name = text_str(p->name);
	const struct param_kind *kind = param_named(name);
	const char *problem, *near;

	if (!param_known(name, release)) {
		near = param_nearest(name, release);
		diag_add(c->diag, FINDING_PARAM_UNKNOWN, p->name.at,
		    "Postfix %s of %s has no parameter '%s'%s%s%s",
		    node->release->postfix.s, node->fqdn.s, p->name.s,
		    near ? "; did you mean '" : "", near ? near : "",
		    near ? "'?" : "");
		return;
	}
	problem = kind ? param_value_error(c->arena, kind,
	    text_str(p->value)) : NULL;
	if (problem)
		diag_add(c->diag, FINDING_PARAM_VALUE, p->value.at,
		    "%s: %s", p->name.s, problem);
}

void
check_parameters(struct checker *c)
{
	size_t i, j;

	for (i = 0; i < c->fleet->nodes.n; i++) {
		const struct node *node = fleet_node(c->fleet, i);
		const struct parameter *p = node->extra_params.item;
		enum postfix_release release;

		if (!node->release)
			continue;
		release =
		    postfix_release_named(text_str(node->release->postfix));
		for (j = 0; j < node->extra_params.n; j++)
			check_parameter(c, node, &p[j], release);
	}
}
