/*
 * main.cf and master.cf as settings. Postfix takes the last of two lines
 * with one name; a line that it cannot parse ends the daemon, here it is
 * reported and the rest is read.
 */
#include "flow/verify_inside.h"

struct origin
verify_origin(const struct planned_file *file, size_t offset)
{
	const struct span *span = spans_at(&file->spans, offset);

	if (!span)
		return file->at;
	return span->value_at.source ? span->value_at : span->template_at;
}

struct origin
verify_place(const struct setting *s, struct str part)
{
	size_t offset = s->offset;

	if (part.s >= s->value.s && part.s <= s->value.s + s->value.len)
		offset = s->value_offset + (size_t)(part.s - s->value.s);
	return verify_origin(s->file, offset);
}

const struct planned_file *
verify_file(const struct verify *v, struct str path)
{
	size_t i;

	for (i = 0; path.len && i < v->node->n; i++)
		if (str_eq(str_of(v->node->file[i].path),
		    (struct str){path.s + 1, path.len - 1}))
			return &v->node->file[i];
	return NULL;
}

struct setting *
verify_setting(const struct verify *v, const struct service *service,
    struct str name)
{
	size_t i;

	for (i = service ? service->noption : 0; i > 0; i--)
		if (str_eq(service->option[i - 1].name, name))
			return &service->option[i - 1];
	return map_get(&v->main, name);
}

bool
verify_service(const struct verify *v, struct str name)
{
	size_t i;

	for (i = 0; i < v->nservice; i++)
		if (str_eq(v->service[i].name, name) &&
		    !str_eq(v->service[i].type, STR("inet")))
			return true;
	return false;
}

/* The value with each comment line in it turned into blanks. */
static struct str
without_comments(struct arena *a, struct str value)
{
	size_t i, end = str_find(value, '\n');
	char *copy;

	if (end == value.len)
		return value;
	copy = arena_strndup(a, value.s, value.len);
	for (i = end; i < value.len; i = end) {
		size_t text = i;

		end = i + 1 + str_find((struct str){value.s + i + 1,
		    value.len - i - 1}, '\n');
		while (text < end && strchr(" \t\r\n", value.s[text]))
			text++;
		if (text < end && value.s[text] == '#')
			memset(copy + text, ' ', end - text);
	}
	return (struct str){copy, value.len};
}

static struct setting
setting_of(struct verify *v, const struct planned_file *file,
    const struct main_cf_line *line)
{
	return (struct setting){
		.name = line->name, .file = file, .offset = line->offset,
		.value = without_comments(v->arena, line->value),
		.value_offset = (size_t)(line->value.s - file->content.s),
	};
}

/*
 * Two lines set one parameter, and the later one counts. If it comes from
 * data it is extra_params over a line of the role, equal or not: the role
 * would no longer mean what it says.
 */
static void
report_twice(struct verify *v, const struct setting *s,
    const struct setting *last)
{
	const struct span *span = spans_at(&last->file->spans, last->offset);
	const struct span *first = spans_at(&s->file->spans, s->offset);

	if (first && span && span->value_at.source)
		diag_note(v->diag, diag_add(v->diag, FINDING_PARAM_OWNED,
		    span->value_at, "extra_params sets %.*s, which is the "
		    "role's own on this node; take it out, or change the role",
		    STR_ARG(s->name)), first->template_at,
		    "the role sets it here");
	else if (!str_eq(value_join(v->arena, last->value),
	    value_join(v->arena, s->value)))
		diag_add(v->diag, FINDING_PARAM_VALUE,
		    verify_origin(s->file, s->offset), "%.*s is set again "
		    "further down, and that value counts", STR_ARG(s->name));
}

static void
read_main(struct verify *v)
{
	const struct planned_file *file = v->main_cf;
	struct str text = {file->content.s, file->content.len};
	struct main_cf_line line;
	uint32_t number = 0;
	size_t at = 0, n = 0, i;

	while (main_cf_next(text, &at, &number, &line))
		n++;
	v->setting = ARENA_ARRAY(v->arena, struct setting, n);
	for (at = 0; main_cf_next(text, &at, &number, &line);) {
		if (line.name.len) {
			v->setting[v->nsetting++] = setting_of(v, file, &line);
			continue;
		}
		line.value.len = str_find(line.value, '\n');
		diag_add(v->diag, FINDING_PARAM_VALUE,
		    verify_origin(file, line.offset), "\"%.*s\" is no line of "
		    "main.cf; write name = value", STR_ARG(line.value));
	}
	/* The last one counts. */
	for (i = v->nsetting; i > 0; i--) {
		struct setting *s = &v->setting[i - 1];
		struct setting *last = map_add(&v->main, s->name, s);

		if (last != s)
			report_twice(v, s, last);
	}
}

static void
read_options(struct verify *v, struct service *service,
    const struct master_service *parsed)
{
	size_t i;

	service->option = ARENA_ARRAY(v->arena, struct setting,
	    parsed->noption);
	for (i = 0; i < parsed->noption; i++) {
		struct setting *s = &service->option[i];

		*s = setting_of(v, v->master_cf, &parsed->option[i]);
		s->service = service;
		map_add(&v->options, s->name, s);
	}
	service->noption = parsed->noption;
}

static void
read_master(struct verify *v)
{
	const struct planned_file *file = v->master_cf;
	struct str text = {file->content.s, file->content.len};
	struct master_service *parsed = ARENA_NEW(v->arena,
	    struct master_service);
	uint32_t line = 0;
	size_t at = 0, n = 0;

	while (master_cf_next(v->arena, text, &at, &line, parsed))
		n++;
	v->service = ARENA_ARRAY(v->arena, struct service, n);
	for (at = 0; master_cf_next(v->arena, text, &at, &line, parsed);) {
		struct service *service = &v->service[v->nservice];

		if (parsed->error) {
			diag_add(v->diag, FINDING_MASTER_SERVICE,
			    verify_origin(file, parsed->offset),
			    "%.*s: %s", STR_ARG(parsed->name), parsed->error);
			continue;
		}
		service->name = parsed->name;
		service->type = parsed->type;
		service->command = parsed->command;
		service->offset = parsed->offset;
		read_options(v, service, parsed);
		v->nservice++;
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
	size_t i, j;

	v->main_cf = verify_file(v, STR("/etc/postfix/main.cf"));
	v->master_cf = verify_file(v, STR("/etc/postfix/master.cf"));
	if (v->main_cf)
		read_main(v);
	if (v->master_cf)
		read_master(v);
	for (i = 0; i < v->nsetting; i++)
		note_names(v, &v->setting[i]);
	for (i = 0; i < v->nservice; i++)
		for (j = 0; j < v->service[i].noption; j++)
			note_names(v, &v->service[i].option[j]);
}
