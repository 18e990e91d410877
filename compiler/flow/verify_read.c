/*
 * What is wrong with main.cf and master.cf as files: lines that are no
 * settings, parameters that stand twice, services that the master refuses.
 */
#include "flow/verify_inside.h"

/*
 * Two lines set one parameter, and the later one counts. If it comes from
 * data it is extra_params over a line of the role, equal or not: the role
 * would no longer mean what it says.
 */
static void
report_twice(struct verify *v, const struct setting *s,
    const struct setting *last)
{
	const struct span *span = plan_span(v->main_cf, last->offset);
	const struct span *first = plan_span(v->main_cf, s->offset);

	if (first && span && span->value_at.source)
		diag_note(v->diag, diag_add(v->diag, FINDING_PARAM_OWNED,
		    span->value_at, "extra_params sets %.*s, which is the "
		    "role's own on this node; take it out, or change the role",
		    STR_ARG(s->name)), first->template_at,
		    "the role sets it here");
	else if (!str_eq(value_join(v->arena, last->value),
	    value_join(v->arena, s->value)))
		diag_add(v->diag, FINDING_PARAM_VALUE,
		    place_setting(s), "%.*s is set again "
		    "further down, and that value counts", STR_ARG(s->name));
}

static void
check_main(struct verify *v)
{
	const struct cf *c = &v->cf;
	size_t i;

	for (i = 0; i < c->nsetting; i++) {
		const struct setting *s = &c->setting[i];
		const struct setting *last = map_get(&c->main, s->name);

		if (!s->name.len)
			diag_add(v->diag, FINDING_PARAM_VALUE,
			    place_setting(s), "\"%.*s\" is no line of "
			    "main.cf; write name = value",
			    (int)str_find(s->value, '\n'), s->value.s);
		else if (last != s)
			report_twice(v, s, last);
	}
}

static void
check_master(struct verify *v)
{
	const struct cf *c = &v->cf;
	size_t i, j;

	for (i = 0; i < c->nservice; i++) {
		const struct service *service = &c->service[i];

		if (service->error)
			diag_add(v->diag, FINDING_MASTER_SERVICE,
			    place_origin(v->master_cf, service->offset),
			    "%.*s: %s", STR_ARG(service->name),
			    service->error);
		for (j = 0; j < service->noption; j++)
			map_add(&v->options, service->option[j].name, v);
	}
}

/* Tables whose parameters may stand in main.cf under the table's name. */
static void
note_databases(struct verify *v, struct str value)
{
	struct str item, type, name;

	while (value_item(&value, &item)) {
		name = table_file(item, &type);
		if (type.len && name.len && name.s[0] != '/' &&
		    name.s[0] != '{' && table_type_known(type))
			map_add(&v->databases, name, v);
		else if (type.len && name.len > 2 && name.s[0] == '{')
			note_databases(v, (struct str){name.s + 1,
			    name.len - 2});
	}
}

static void
note_names(struct verify *v, const struct setting *s)
{
	struct value_name used;
	size_t at = 0;

	while (value_name(s->value, &at, &used))
		map_add(&v->used, used.name, v);
	note_databases(v, s->value);
	if (str_eq(s->name, STR("smtpd_restriction_classes"))) {
		struct str rest = s->value, item;

		while (value_item(&rest, &item))
			map_add(&v->classes, item, v);
	}
}

void
verify_read(struct verify *v)
{
	const struct cf *c = &v->cf;
	size_t i, j;

	v->main_cf = place_file(v->node, STR("/etc/postfix/main.cf"));
	v->master_cf = place_file(v->node, STR("/etc/postfix/master.cf"));
	if (v->main_cf)
		v->file[0] = place_cf_file(v->main_cf);
	if (v->master_cf)
		v->file[1] = place_cf_file(v->master_cf);
	cf_read(&v->cf, v->arena, v->main_cf ? &v->file[0] : NULL,
	    v->master_cf ? &v->file[1] : NULL);
	check_main(v);
	check_master(v);
	for (i = 0; i < c->nsetting; i++)
		note_names(v, &c->setting[i]);
	for (i = 0; i < c->nservice; i++)
		for (j = 0; j < c->service[i].noption; j++)
			note_names(v, &c->service[i].option[j]);
}
