/* From the fleet to the plan: every artifact of every node's role. */
#ifndef RENDER_ARTIFACTS_H
#define RENDER_ARTIFACTS_H

#include "render/plan.h"
#include "role/role.h"

/* What a template sees: fleet, node, role. */
struct scope {
	const struct fleet *fleet;
	const struct node *node;
	const struct role *role;
	/* Not for templates: who rendered it, for plan_span(). */
	struct templates *templates;
	struct arena *arena;
};
extern const struct type scope_type;

/* Compile what every role names, so that a slip shows without a node. */
void artifacts_check(const struct roles *roles, struct templates *templates);

/*
 * Render the artifacts of one node, or of all (only NULL), into plan. The
 * subject of a planned file is its struct artifact. What could not be
 * rendered was reported; the plan is then of no use.
 */
void render_artifacts(struct plan *plan, const struct fleet *fleet,
    const struct node *only, struct templates *templates, struct arena *a,
    struct diag *d);

#endif
