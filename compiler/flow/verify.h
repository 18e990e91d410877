/*
 * The rendered main.cf and master.cf of a node, read again as Postfix will
 * read them: a slip in a template is found as well as one in the data.
 */
#ifndef FLOW_VERIFY_H
#define FLOW_VERIFY_H

#include "diag/diag.h"
#include "model/fleet.h"
#include "postfix/postfix.h"
#include "render/plan.h"

struct verify_input {
	const struct planned_node *node;	/* etc/postfix/main.cf … */
	enum postfix_release release;
	const struct node *host;	/* for the places of extra_params; NULL */
};

/*
 * Report what Postfix of the release would refuse or misread. Nothing is
 * done for a node without main.cf and master.cf. The arena is for what is
 * needed meanwhile; findings keep nothing in it.
 */
void verify_postfix(struct arena *a, struct diag *d,
    const struct verify_input *input);

/*
 * Report keys that a rendered table has twice: postmap takes the first and
 * says so in a warning that nobody reads.
 */
void verify_tables(struct diag *d, const struct planned_node *node);

/* Both for every node of the plan, by its release in the fleet. */
void verify_plan(struct diag *d, const struct plan *plan,
    const struct fleet *fleet);

#endif
