/*
 * ldap tables, searched in the directory's LDIF instead of on a server, with
 * its base, scope, filter, limits and templates. Whom the server would show
 * what to is not known here, nor what special_result_attribute leads to: an
 * entry that has such an attribute makes the answer UNKNOWN.
 */
#include "postfix/table_ldap.h"

#include "postfix/lines.h"
#include "postfix/lookup.h"
#include "postfix/postfix.h"

#include <limits.h>

/* A parameter of the table, or what it is by default. */
static struct str
parameter(struct table *table, const char *name, const char *preset)
{
	const struct table_world *world = table->tables->world;
	struct ldap_table *ldap = table->state;
	struct str value, *set;

	if (ldap->in_file) {
		set = map_get(&ldap->config, str_of(name));
		return set ? *set : str_of(preset);
	}
	if (world->parameter && world->parameter(world->self,
	    str_of(arena_printf(table->tables->arena, "%.*s_%s",
	    STR_ARG(table->name), name)), &value))
		return value;
	return str_of(preset);
}

/* name = value, the last one counts; false: Postfix does not start. */
static bool
config_read(struct table *table, struct ldap_table *ldap)
{
	struct arena *a = table->tables->arena;
	struct source_line line;
	struct buf b = BUF_INIT;
	size_t at = 0, end;
	bool ok = true;

	while (ok && source_line_next(table->source.text, &at, &b, &line)) {
		struct str *value = ARENA_NEW(a, struct str), rest, name;

		line.text.s = arena_strndup(a, line.text.s, line.text.len);
		for (end = 0; end < line.text.len && line.text.s[end] != '=' &&
		    !lines_is_space(line.text.s[end]); end++)
			;
		name = (struct str){line.text.s, end};
		rest = text_skip_space(str_from(line.text, end));
		ok = end && rest.len && rest.s[0] == '=';
		if (!ok)
			break;
		*value = text_trim(str_from(rest, 1));
		if (map_get(&ldap->config, name))
			*(struct str *)map_get(&ldap->config, name) = *value;
		else
			map_add(&ldap->config, name, value);
	}
	buf_release(&b);
	return ok;
}

/* A number; false: Postfix does not start. */
static bool
number(struct table *table, const char *name, long preset, long *n)
{
	struct str value = text_trim(parameter(table, name, ""));
	size_t i;

	*n = preset;
	if (!value.len)
		return true;
	*n = 0;
	for (i = 0; i < value.len; i++) {
		if (!text_is_digit(value.s[i]) || *n > INT_MAX / 10)
			return false;
		*n = *n * 10 + (value.s[i] - '0');
	}
	return true;
}

static void
attributes_add(struct table *table, const char *name, const char *preset)
{
	struct ldap_table *ldap = table->state;
	struct ldap_attributes *all = &ldap->attributes;
	struct str list = parameter(table, name, preset), rest, item, *grown;
	size_t n = all->n;

	for (rest = list; value_item(&rest, &item); n++)
		;
	grown = ARENA_ARRAY(table->tables->arena, struct str, n + 1);
	if (all->n)
		memcpy(grown, all->name, all->n * sizeof(*grown));
	all->name = grown;
	for (rest = list; value_item(&rest, &item); )
		all->name[all->n++] = item;
}

static void
attributes_read(struct table *table)
{
	struct ldap_table *ldap = table->state;

	attributes_add(table, "terminal_result_attribute", "");
	ldap->attributes.terminal = ldap->attributes.n;
	attributes_add(table, "leaf_result_attribute", "");
	attributes_add(table, "result_attribute", "maildrop");
	ldap->attributes.plain = ldap->attributes.n;
	attributes_add(table, "special_result_attribute", "");
}

/* Base, filter and format with what they need; false: Postfix refuses. */
static bool
templates_read(struct table *table)
{
	struct ldap_table *ldap = table->state;
	bool dynamic;

	ldap->base = parameter(table, "search_base", "");
	ldap->filter = parameter(table, "query_filter",
	    "(mailacceptinggeneralid=%s)");
	ldap->format = parameter(table, "result_format", "");
	if (!ldap->format.len)
		ldap->format = parameter(table, "result_filter", "%s");
	return ldap_template(&ldap->needs, ldap->base, true,
	    &ldap->dynamic_base) &&
	    ldap_template(&ldap->needs, ldap->filter, true, &dynamic) &&
	    ldap_template(&ldap->needs, ldap->format, false, &dynamic) &&
	    ldap->format.len;
}

/* What is modelled neither here nor anywhere else. */
static const char *
not_modelled(struct table *table)
{
	struct ldap_table *ldap = table->state;
	long dereference;

	if (!number(table, "dereference", 0, &dereference) || dereference)
		return "aliases in the directory are not followed here";
	if (!ldap->base.len)
		return "where an empty search_base begins is the server's "
		    "to say";
	return NULL;
}

static void
settings_read(struct table *table)
{
	struct tables *tables = table->tables;
	struct ldap_table *ldap = table->state;
	struct str scope, domains;

	if (!templates_read(table) ||
	    !number(table, "expansion_limit", 0, &ldap->expansion_limit) ||
	    !number(table, "size_limit", ldap->expansion_limit,
	    &ldap->size_limit)) {
		table_break(table, TABLE_RETRY, arena_printf(tables->arena,
		    "a setting of %.*s is broken", STR_ARG(table->spec)));
		return;
	}
	scope = parameter(table, "scope", "sub");
	if (str_eq_fold(scope, STR("one")))
		ldap->scope = SCOPE_ONE;
	else if (str_eq_fold(scope, STR("base")))
		ldap->scope = SCOPE_BASE;
	domains = parameter(table, "domain", "");
	if (domains.len)
		ldap->domains = match_list_open(tables, tables->arena,
		    MATCH_STRINGS, false, domains);
	attributes_read(table);
	ldap_prepare(ldap, tables->arena);
	if (not_modelled(table))
		table_break(table, TABLE_UNKNOWN, not_modelled(table));
}

static void
ldap_open(struct table *table)
{
	struct ldap_table *ldap = ARENA_NEW(table->tables->arena,
	    struct ldap_table);

	map_init(&ldap->config);
	map_init(&ldap->kept);
	ldap->in_file = table->name.s[0] == '/' || table->name.s[0] == '.';
	if (ldap->in_file && !table_source(table))
		return;
	table->state = ldap;
	if (ldap->in_file && !config_read(table, ldap))
		table_break(table, TABLE_RETRY, arena_printf(
		    table->tables->arena, "a line of %.*s is not name = value",
		    STR_ARG(table->name)));
	else
		settings_read(table);
}

static void
ldap_release(struct table *table)
{
	struct ldap_table *ldap = table->state;

	map_release(&ldap->config);
	map_release(&ldap->kept);
}

/* Nobody in a domain that the table is not asked about. */
static bool
ldap_tells(struct table *table, struct str domain)
{
	const struct ldap_table *ldap = table->state;
	struct table_answer answer;
	struct arena a;
	bool tells;

	arena_init(&a);
	tells = ldap_in_domain(ldap, str_of(arena_printf(&a, "x@%.*s",
	    STR_ARG(domain))), &a, &answer) != TABLE_NONE;
	arena_release(&a);
	return tells;
}

/* A filter may ask for the domain; only who is not asked about is told. */
static bool
ldap_print(struct table *table, struct str domain, struct buf *print)
{
	(void)print;
	return !ldap_tells(table, domain);
}

const struct table_type table_ldap = {
	.name = "ldap",
	.open = ldap_open,
	.get = ldap_get,
	.tells = ldap_tells,
	.print = ldap_print,
	.release = ldap_release,
};
