/*
 * main.cf and master.cf as settings. Postfix takes the last of two lines
 * with one name; a line that it cannot parse ends the daemon, here it is kept
 * for whoever reports it, and the rest is read.
 */
#include "postfix/cf.h"

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
setting_of(struct cf *c, const struct cf_file *file,
    const struct main_cf_line *line)
{
	return (struct setting){
		.name = line->name, .file = file, .offset = line->offset,
		.value = without_comments(c->arena, line->value),
		.value_offset = (size_t)(line->value.s - file->text.s),
	};
}

static void
read_main(struct cf *c)
{
	struct str text = c->main_cf->text;
	struct main_cf_line line;
	uint32_t number = 0;
	size_t at = 0, n = 0, i;

	while (main_cf_next(text, &at, &number, &line))
		n++;
	c->setting = ARENA_ARRAY(c->arena, struct setting, n);
	for (at = 0; main_cf_next(text, &at, &number, &line);)
		c->setting[c->nsetting++] = setting_of(c, c->main_cf, &line);
	/* The last one counts. */
	for (i = c->nsetting; i > 0; i--)
		if (c->setting[i - 1].name.len)
			map_add(&c->main, c->setting[i - 1].name,
			    &c->setting[i - 1]);
}

static void
read_service(struct cf *c, const struct master_service *parsed)
{
	struct service *service = &c->service[c->nservice++];
	size_t i;

	*service = (struct service){
		.name = parsed->name, .type = parsed->type,
		.command = parsed->command, .offset = parsed->offset,
		.error = parsed->error,
	};
	if (service->error)
		return;
	service->noption = parsed->noption;
	service->option = ARENA_ARRAY(c->arena, struct setting,
	    parsed->noption);
	for (i = 0; i < parsed->noption; i++) {
		service->option[i] = setting_of(c, c->master_cf,
		    &parsed->option[i]);
		service->option[i].service = service;
	}
}

static void
read_master(struct cf *c)
{
	struct str text = c->master_cf->text;
	struct master_service *parsed = ARENA_NEW(c->arena,
	    struct master_service);
	uint32_t line = 0;
	size_t at = 0, n = 0;

	while (master_cf_next(c->arena, text, &at, &line, parsed))
		n++;
	c->service = ARENA_ARRAY(c->arena, struct service, n);
	for (at = 0; master_cf_next(c->arena, text, &at, &line, parsed);)
		read_service(c, parsed);
}

void
cf_read(struct cf *c, struct arena *a,
    const struct cf_file *main_cf, const struct cf_file *master_cf)
{
	*c = (struct cf){.arena = a, .hostname = "localhost",
		.main_cf = main_cf, .master_cf = master_cf};
	map_init(&c->main);
	if (main_cf)
		read_main(c);
	if (master_cf)
		read_master(c);
}

void
cf_release(struct cf *c)
{
	map_release(&c->main);
}

const struct setting *
cf_setting(const struct cf *c, const struct service *service,
    struct str name)
{
	size_t i;

	for (i = service ? service->noption : 0; i > 0; i--)
		if (str_eq(service->option[i - 1].name, name))
			return &service->option[i - 1];
	return map_get(&c->main, name);
}

bool
cf_service(const struct cf *c, struct str name)
{
	size_t i;

	for (i = 0; i < c->nservice; i++)
		if (!c->service[i].error &&
		    str_eq(c->service[i].name, name) &&
		    !str_eq(c->service[i].type, STR("inet")))
			return true;
	return false;
}

size_t
setting_offset(const struct setting *s, struct str part)
{
	if (part.s >= s->value.s && part.s <= s->value.s + s->value.len)
		return s->value_offset + (size_t)(part.s - s->value.s);
	return s->offset;
}
