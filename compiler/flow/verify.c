/*
 * Each parameter of main.cf and of the -o options, judged by what it is
 * called and what kind of value it wants. Postfix passes over an unknown
 * parameter and expands an unknown $name to nothing, both without a word.
 */
#include "flow/verify_inside.h"

#include <stdlib.h>

enum { WIDEST_V4 = 8, WIDEST_V6 = 32 };

/* A name that Postfix does not have may be the file's own. */
static bool
is_own_name(const struct verify *v, struct str name)
{
	struct str prefix;

	return map_get(&v->used, name) || map_get(&v->classes, name) ||
	    (param_family(name, &prefix) == PARAM_OF_TABLE &&
	    map_get(&v->databases, prefix));
}

static bool
same_place(struct origin a, struct origin b)
{
	return a.source == b.source && a.line == b.line && a.column == b.column;
}

/*
 * Where the name comes from: the template, unless the whole line is a
 * parameter of extra_params or a role's default.
 */
static struct origin
name_origin(const struct verify *v, const struct setting *s)
{
	const struct planned_file *file = s->file->owner;
	const struct span *span = plan_span(file, s->offset);
	const struct list *lists[2] = {NULL, NULL};
	size_t i, j;

	if (!span)
		return file->at;
	if (v->host) {
		lists[0] = &v->host->extra_params;
		lists[1] = &v->host->defaults;
	}
	for (i = 0; i < 2 && lists[i]; i++) {
		const struct parameter *p = lists[i]->item;

		for (j = 0; j < lists[i]->n; j++)
			if (str_eq(text_str(p[j].name), s->name) &&
			    same_place(p[j].value.at, span->value_at))
				return p[j].name.at;
	}
	return span->template_at;
}

static void
check_name(struct verify *v, const struct setting *s)
{
	struct str prefix;
	const char *near;

	if (param_known(s->name, v->release)) {
		if (param_family(s->name, &prefix) == PARAM_OF_TRANSPORT &&
		    v->master_cf && !cf_service(&v->cf, prefix))
			diag_add(v->diag, FINDING_PARAM_UNKNOWN,
			    name_origin(v, s),
			    "%.*s: master.cf has no service '%.*s'; add it, "
			    "or name one that is there", STR_ARG(s->name),
			    STR_ARG(prefix));
		return;
	}
	if (is_own_name(v, s->name))
		return;
	near = param_nearest(s->name, v->release);
	diag_add(v->diag, FINDING_PARAM_UNKNOWN, name_origin(v, s),
	    "Postfix %s has no parameter '%.*s'%s%s%s",
	    postfix_release_name(v->release), STR_ARG(s->name),
	    near ? "; did you mean '" : "", near ? near : "",
	    near ? "'?" : "");
}

static bool
is_defined(const struct verify *v, const struct setting *s, struct str name)
{
	return param_known(name, v->release) ||
	    cf_setting(&v->cf, s->service, name) ||
	    (!s->service && map_get(&v->options, name));
}

static void
check_names_used(struct verify *v, const struct setting *s)
{
	struct value_name used;
	size_t at = 0;

	while (value_name(s->value, &at, &used)) {
		const char *near;

		if (used.conditional || is_defined(v, s, used.name))
			continue;
		near = param_nearest(used.name, v->release);
		diag_add(v->diag, FINDING_PARAM_UNDEFINED,
		    place_value(s, (struct str){s->value.s + used.offset, 1}),
		    "%.*s: $%.*s is not defined%s%s%s", STR_ARG(s->name),
		    STR_ARG(used.name), near ? "; did you mean $" : "",
		    near ? near : "", near ? "?" : "; write $$ for a dollar");
	}
}

static void
check_table_types(struct verify *v, const struct setting *s)
{
	struct str rest = s->value, item, type;

	while (value_item(&rest, &item)) {
		const char *near;

		while (item.len && item.s[0] == '!') {
			item.s++;
			item.len--;
		}
		if (!item.len || item.s[0] == '/' || item.s[0] == '[' ||
		    !table_unknown_type(item, &type))
			continue;
		near = table_type_nearest(type);
		diag_add(v->diag, FINDING_TABLE_TYPE, place_value(s, item),
		    "%.*s: Postfix has no table type '%.*s'%s%s%s",
		    STR_ARG(s->name), STR_ARG(type),
		    near ? "; did you mean '" : "", near ? near : "",
		    near ? "'?" : "");
	}
}

/* Lists whose members may relay, or may say who they are. */
static bool
is_trust(struct str name)
{
	return str_eq(name, STR("mynetworks")) ||
	    str_eq(name, STR("permit_mx_backup_networks")) ||
	    str_starts(name, STR("smtpd_authorized_"));
}

static void
check_width(struct verify *v, const struct setting *s)
{
	struct str rest = s->value, item;
	unsigned family, prefix;

	while (is_trust(s->name) && value_item(&rest, &item)) {
		if (network_error(v->arena, item, &family, &prefix) ||
		    prefix >= (family == 4 ? WIDEST_V4 : WIDEST_V6))
			continue;
		diag_add(v->diag, FINDING_NETWORK_WIDE, place_value(s, item),
		    "%.*s: %.*s trusts far more than a fleet; name its hosts",
		    STR_ARG(s->name), STR_ARG(item));
	}
}

static void
check_value(struct verify *v, const struct setting *s)
{
	const struct param_kind *kind = param_named(s->name);
	const char *why;

	if (!kind || kind->type != PARAM_RAW)
		check_names_used(v, s);
	if (!kind) {
		if (map_get(&v->classes, s->name))
			verify_restrictions(v, s);
		return;
	}
	why = param_value_error(v->arena, kind, s->value);
	if (why) {
		diag_add(v->diag, kind->type == PARAM_NETWORKS ?
		    FINDING_NETWORK_SYNTAX : FINDING_PARAM_VALUE,
		    place_value(s, str_trim(s->value)), "%.*s: %s",
		    STR_ARG(s->name), why);
		return;
	}
	if (kind->type == PARAM_RESTRICTIONS)
		verify_restrictions(v, s);
	if (kind->type == PARAM_TABLES || kind->type == PARAM_MATCH ||
	    kind->type == PARAM_NETWORKS)
		check_table_types(v, s);
	if (kind->type == PARAM_NETWORKS)
		check_width(v, s);
}

static void
check_settings(struct verify *v, const struct setting *s, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (!s[i].name.len)
			continue;
		check_name(v, &s[i]);
		check_value(v, &s[i]);
	}
}

void
verify_postfix(struct arena *a, struct diag *d,
    const struct verify_input *input)
{
	struct verify v = {.arena = a, .diag = d, .node = input->node,
		.release = input->release, .host = input->host};
	size_t i;

	map_init(&v.walked);
	map_init(&v.used);
	map_init(&v.classes);
	map_init(&v.options);
	map_init(&v.databases);
	verify_read(&v);
	check_settings(&v, v.cf.setting, v.cf.nsetting);
	for (i = 0; i < v.cf.nservice; i++)
		check_settings(&v, v.cf.service[i].option,
		    v.cf.service[i].noption);
	if (v.main_cf) {
		verify_relaying(&v);
		verify_domains(&v);
	}
	verify_services(&v);
	verify_transports(&v);
	map_release(&v.walked);
	cf_release(&v.cf);
	map_release(&v.used);
	map_release(&v.classes);
	map_release(&v.options);
	map_release(&v.databases);
}

void
verify_plan(struct diag *d, const struct plan *plan,
    const struct fleet *fleet)
{
	size_t i;

	for (i = 0; i < plan->n; i++) {
		const struct node *node = map_get(&fleet->by_fqdn,
		    str_of(plan->node[i].name));
		struct verify_input input = {.node = &plan->node[i],
			.host = node};
		struct arena scratch;

		verify_tables(d, &plan->node[i]);
		if (!node || !node->release)
			continue;
		input.release =
		    postfix_release_named(text_str(node->release->postfix));
		if (input.release == POSTFIX_RELEASES)
			continue;
		arena_init(&scratch);
		verify_postfix(&scratch, d, &input);
		arena_release(&scratch);
	}
}
