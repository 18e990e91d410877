/*
 * main.cf and master.cf carry spans, because flow/ points from them to the
 * data in every run. Tables may be large and are asked for a line only where
 * something is found: then one is rendered again, with spans.
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

/* It was rendered before, so there is nothing left to report. */
static void
render_again(struct later_spans *later, const struct planned_file *file)
{
	const struct scope *scope = later->scope;
	const struct artifact *artifact = file->subject;
	const struct template *template = templates_get(scope->templates,
	    artifact->template, artifact->dialect);
	struct buf out = BUF_INIT;
	struct sources sources;
	struct diag silent;

	sources_init(&sources, scope->arena);
	diag_init(&silent, scope->arena, &sources);
	if (template)
		template_render(template, scope, &silent, &out,
		    &later->spans);
	diag_release(&silent);
	sources_release(&sources);
	buf_release(&out);
}

static struct later_spans *
later_spans(const struct scope *scope)
{
	struct later_spans *later = ARENA_NEW(scope->arena,
	    struct later_spans);

	later->render = render_again;
	later->scope = scope;
	return later;
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
		if (!wants_spans(one))
			file->later = later_spans(scope);
		template_render(template, scope, d, &file->content,
		    file->later ? NULL : &file->spans);
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
		*scope = (struct scope){fleet, &node[i], node[i].role,
			templates, a};
		render_node(plan_add(plan, node[i].fqdn.s), scope, templates,
		    d);
	}
	plan_finish(plan);
}
