/*
 * The steps of a lookup, for reading and for scripts. Every leaf of a found
 * value is shown with the place that it came from.
 */
#include "cmd/lookup.h"

#include "base/die.h"

static void
indent(struct buf *b, unsigned depth)
{
	while (depth-- > 0)
		buf_addstr(b, "  ");
}

static void
add_place(struct buf *b, const struct sources *sources,
    const struct value *v)
{
	const struct source *source = sources_get(sources, v->source);

	if (source)
		buf_printf(b, "%s:%u:%u", source->path, v->line, v->column);
	else
		buf_addstr(b, "made by the lookup");
}

static bool
is_branch(const struct value *v)
{
	return (v->kind == VALUE_LIST || v->kind == VALUE_HASH) && v->len;
}

static void
add_leaves(struct buf *b, const struct sources *sources, unsigned depth,
    const struct value *v)
{
	uint32_t i;

	for (i = 0; i < v->len; i++) {
		bool is_hash = v->kind == VALUE_HASH;
		const struct value *item = is_hash ?
		    &v->u.hash->pair[i].value : &v->u.item[i];

		indent(b, depth);
		if (is_hash)
			ruby_text(b, &v->u.hash->pair[i].key);
		else
			buf_addch(b, '-');
		buf_addstr(b, is_hash ? ": " : " ");
		if (is_branch(item)) {
			buf_addch(b, '\n');
			add_leaves(b, sources, depth + 1, item);
			continue;
		}
		render_json(b, item);
		buf_addstr(b, "  (");
		add_place(b, sources, item);
		buf_addstr(b, ")\n");
	}
}

static void
add_value(struct buf *b, const struct sources *sources, unsigned depth,
    const struct value *v)
{
	buf_addstr(b, ": found");
	if (is_branch(v)) {
		buf_addch(b, '\n');
		add_leaves(b, sources, depth + 1, v);
		return;
	}
	buf_addch(b, ' ');
	render_json(b, v);
	buf_addstr(b, "  (");
	add_place(b, sources, v);
	buf_addstr(b, ")\n");
}

static const char *
result_text(enum hiera_step_result result)
{
	switch (result) {
	case STEP_OPEN:
		return "";
	case STEP_FOUND:
		return "found";
	case STEP_NO_KEY:
		return "no such key";
	case STEP_NO_FILE:
		return "no such file";
	case STEP_NO_MODULE:
		return "no such module";
	case STEP_FAILED:
		return "failed";
	}
	BUG("unknown result of a step");
}

static const char *
kind_text(enum hiera_step_kind kind)
{
	switch (kind) {
	case STEP_LOOKUP:
		return "lookup of";
	case STEP_OPTIONS:
		return "lookup_options ask for the strategy";
	case STEP_LAYER:
		return "layer";
	case STEP_LEVEL:
		return "level";
	case STEP_LOCATION:
		return "file";
	case STEP_MERGE:
		return "merge by";
	case STEP_DEFAULT:
		return "default_hierarchy of module";
	case STEP_DIG:
		return "dig";
	case STEP_CONVERT:
		return "convert by";
	}
	BUG("unknown kind of step");
}

static void
add_step(struct buf *b, const struct sources *sources, unsigned depth,
    const struct hiera_step *step)
{
	const struct hiera_step *child;
	bool shows = step->kind != STEP_LAYER && step->kind != STEP_LEVEL;

	indent(b, depth);
	buf_printf(b, "%s '%s'", kind_text(step->kind), step->text);
	if (step->kind == STEP_OPTIONS)
		buf_addch(b, '\n');
	else if (!step->child && step->result == STEP_FOUND)
		add_value(b, sources, depth, &step->value);
	else if (!step->child)
		buf_printf(b, ": %s\n", result_text(step->result));
	else
		buf_addch(b, '\n');
	for (child = step->child; child; child = child->next)
		add_step(b, sources, depth + 1, child);
	if (!step->child || !shows)
		return;
	indent(b, depth);
	buf_printf(b, "%s '%s'", kind_text(step->kind), step->text);
	if (step->result == STEP_FOUND)
		add_value(b, sources, depth, &step->value);
	else
		buf_printf(b, ": %s\n", result_text(step->result));
}

void
explain_text(struct buf *b, const struct sources *sources,
    const struct hiera_step *step)
{
	for (step = step->child; step; step = step->next)
		add_step(b, sources, 0, step);
}

static void
json_text(struct buf *b, const char *s)
{
	struct value v = {.kind = VALUE_STRING, .u.s = s,
	    .len = (uint32_t)strlen(s)};

	render_json(b, &v);
}

/* {"value":…,"at":"file:line:column"}, collections with "items". */
static void
json_value(struct buf *b, const struct sources *sources,
    const struct value *v)
{
	struct buf place = BUF_INIT;
	uint32_t i;

	add_place(&place, sources, v);
	buf_addstr(b, "{\"at\":");
	json_text(b, place.s);
	buf_release(&place);
	if (!is_branch(v)) {
		size_t before = b->len;

		buf_addstr(b, ",\"value\":");
		if (!render_json(b, v)) {
			b->len = before;
			b->s[before] = '\0';
		}
		buf_addch(b, '}');
		return;
	}
	buf_addstr(b, v->kind == VALUE_HASH ? ",\"hash\":[" : ",\"list\":[");
	for (i = 0; i < v->len; i++) {
		if (i)
			buf_addch(b, ',');
		if (v->kind == VALUE_HASH) {
			buf_addstr(b, "{\"key\":");
			render_json(b, &v->u.hash->pair[i].key);
			buf_addstr(b, ",\"is\":");
			json_value(b, sources, &v->u.hash->pair[i].value);
			buf_addch(b, '}');
		} else {
			json_value(b, sources, &v->u.item[i]);
		}
	}
	buf_addstr(b, "]}");
}

static void
json_step(struct buf *b, const struct sources *sources,
    const struct hiera_step *step)
{
	static const char *const kind[] = {
		"lookup", "lookup_options", "layer", "level", "file", "merge",
		"default_hierarchy", "dig", "convert_to",
	};
	const struct hiera_step *child;

	buf_printf(b, "{\"step\":\"%s\",\"name\":", kind[step->kind]);
	json_text(b, step->text);
	buf_printf(b, ",\"result\":\"%s\"", result_text(step->result));
	if (step->result == STEP_FOUND) {
		buf_addstr(b, ",\"found\":");
		json_value(b, sources, &step->value);
	}
	if (step->child) {
		buf_addstr(b, ",\"steps\":[");
		for (child = step->child; child; child = child->next) {
			if (child != step->child)
				buf_addch(b, ',');
			json_step(b, sources, child);
		}
		buf_addch(b, ']');
	}
	buf_addch(b, '}');
}

void
explain_json(struct buf *b, const struct sources *sources,
    const struct hiera_step *step)
{
	const struct hiera_step *child;

	buf_addstr(b, "{\"version\":1,\"steps\":[");
	for (child = step->child; child; child = child->next) {
		if (child != step->child)
			buf_addch(b, ',');
		json_step(b, sources, child);
	}
	buf_addstr(b, "]}\n");
}
