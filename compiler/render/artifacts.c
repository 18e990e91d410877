/*
 * Large tables carry no spans: a line of theirs is found again by its key.
 * main.cf and master.cf do, because flow/ points from them to the data.
 */
#include "render/artifacts.h"

#include <stdlib.h>

const struct type scope_type = {"template", sizeof(struct scope),
	(const struct field[]){
		FIELD(scope, fleet, KIND_REF, .type = &fleet_type,
		    .doc = "the whole fleet"),
		FIELD(scope, node, KIND_REF, .type = &node_type,
		    .doc = "the node that the artifact is for"),
		FIELD(scope, role, KIND_REF, .type = &role_type,
		    .doc = "its role"),
		{.name = NULL}
	}, "what a template can name"};

void
artifacts_check(const struct roles *roles, struct templates *templates)
{
	size_t i, j;
	bool answer;

	for (i = 0; i < roles->n; i++) {
		const struct artifact *artifact =
		    roles->role[i].artifacts.item;

		for (j = 0; j < roles->role[i].artifacts.n; j++) {
			templates_get(templates, artifact[j].template,
			    artifact[j].dialect);
			if (artifact[j].when.len)
				template_test(templates, artifact[j].when,
				    NULL, &answer);
		}
	}
}

static bool
wants_spans(const struct artifact *artifact)
{
	return str_ends(text_str(artifact->path), STR(".cf"));
}

static bool
is_wanted(const struct artifact *artifact, struct templates *templates,
    const struct scope *scope)
{
	bool answer = false;

	if (!artifact->when.len)
		return true;
	return template_test(templates, artifact->when, scope, &answer) &&
	    answer;
}

/* Nothing but one line in the plan may have a path. */
static bool
path_fits(const struct planned_node *node, const struct artifact *artifact,
    struct diag *d)
{
	size_t i, f;

	if (!plan_path_ok(artifact->path.s)) {
		diag_add(d, FINDING_ARTIFACT_PATH, artifact->path.at,
		    "'%s' must be a path below the node's directory, without "
		    "'.' and '..'", artifact->path.s);
		return false;
	}
	for (i = 0; i < node->n; i++) {
		if (!str_eq(str_of(node->file[i].path),
		    text_str(artifact->path)))
			continue;
		f = diag_add(d, FINDING_ARTIFACT_TWICE, artifact->path.at,
		    "'%s' is written twice; let one 'when' exclude the other",
		    artifact->path.s);
		diag_note(d, f, node->file[i].at, "the other one");
		return false;
	}
	return true;
}

static void
render_node(struct planned_node *planned, const struct scope *scope,
    struct templates *templates, struct diag *d)
{
	const struct artifact *artifact = scope->role->artifacts.item;
	size_t i;

	for (i = 0; i < scope->role->artifacts.n; i++) {
		const struct artifact *one = &artifact[i];
		const struct template *template;
		struct planned_file *file;

		if (!is_wanted(one, templates, scope) ||
		    !path_fits(planned, one, d))
			continue;
		template = templates_get(templates, one->template,
		    one->dialect);
		if (!template)
			continue;
		file = plan_add_file(planned, one->path.s,
		    (unsigned)strtoul(one->mode.s, NULL, 8));
		file->subject = one;
		file->at = one->path.at;
		template_render(template, scope, d, &file->content,
		    wants_spans(one) ? &file->spans : NULL);
	}
}

void
render_artifacts(struct plan *plan, const struct fleet *fleet,
    const struct node *only, struct templates *templates, struct arena *a,
    struct diag *d)
{
	const struct node *node = fleet->nodes.item;
	size_t i;

	for (i = 0; i < fleet->nodes.n; i++) {
		struct scope *scope;

		if (!node[i].role || (only && only != &node[i]))
			continue;
		scope = ARENA_NEW(a, struct scope);
		*scope = (struct scope){fleet, &node[i], node[i].role};
		render_node(plan_add(plan, node[i].fqdn.s), scope, templates,
		    d);
	}
	plan_finish(plan);
}
