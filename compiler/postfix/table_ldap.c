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
#include "postfix/table_directory.h"
#include "tree/filter.h"

#include <limits.h>

enum ldap_scope { SCOPE_SUB, SCOPE_ONE, SCOPE_BASE };

/* A list of attributes; the kinds follow each other as in Postfix. */
struct ldap_attributes {
	struct str *name;
	size_t n;
	size_t terminal;	/* the first ones */
	size_t plain;		/* these and leaf, result: the rest is special */
};

struct ldap_table {
	struct map config;		/* of a file: struct str */
	bool in_file;
	struct str base, filter, format;
	bool dynamic_base;
	bool base_seen;			/* the fixed base is in the directory */
	enum ldap_scope scope;
	struct ldap_needs needs;
	struct match_list *domains;	/* NULL: all */
	struct ldap_attributes attributes;
	long expansion_limit, size_limit;
	struct map kept;		/* struct ldap_answer, by key */
};

/* An answer that was given: a filter takes long, and is asked often. */
struct ldap_answer {
	enum table_result result;	/* NONE or FOUND */
	struct table_answer answer;
};

/* The answer to one lookup as it grows. */
struct ldap_search {
	struct table *table;
	struct ldap_table *ldap;
	struct arena *arena;
	struct str key;
	struct str base;		/* normal form */
	const struct filter *filter;
	struct buf result;
	bool terminal;			/* as Postfix keeps it: across entries */
	long entries, values;
	struct origin at;		/* of the first value */
	enum table_result failed;	/* NONE: not */
	const char *why;
};

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

	if (!table->tables->world->directory)
		return "there is no snapshot of the directory";
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

/* A DN in lower case, without blanks around "," and "=". */
static struct str
dn_normal(struct str dn, struct arena *a)
{
	char *to = arena_bytes(a, dn.len + 1);
	size_t i, n = 0;

	for (i = 0; i < dn.len; i++) {
		char c = dn.s[i];
		bool part = c == ',' || c == '=' || c == ';';

		if (c == ' ' && (!n || to[n - 1] == ',' || to[n - 1] == '=' ||
		    to[n - 1] == ' '))
			continue;
		if (part && n && to[n - 1] == ' ')
			n--;
		to[n++] = (char)ascii_lower((unsigned char)(c == ';' ? ',' :
		    c));
		if (c == '\\' && i + 1 < dn.len)
			to[n++] = (char)ascii_lower(
			    (unsigned char)dn.s[++i]);
	}
	if (n && to[n - 1] == ' ')
		n--;
	return (struct str){to, n};
}

/* Whether the entry is at the base or below it, as the scope wants it. */
static bool
in_scope(const struct ldap_search *search, struct str dn,
    enum ldap_scope scope)
{
	struct str base = search->base;
	size_t i, head;

	dn = dn_normal(dn, search->arena);
	if (str_eq(dn, base))
		return scope != SCOPE_ONE;
	if (scope == SCOPE_BASE || dn.len <= base.len ||
	    !str_ends(dn, base) || dn.s[dn.len - base.len - 1] != ',')
		return false;
	head = dn.len - base.len - 1;
	for (i = 0; i < head && scope == SCOPE_ONE; i++) {
		if (dn.s[i] == '\\')
			i++;
		else if (dn.s[i] == ',')
			return false;
	}
	return true;
}

static bool
fail(struct ldap_search *search, enum table_result result, const char *why)
{
	if (search->failed == TABLE_NONE) {
		search->failed = result;
		search->why = why;
	}
	return false;
}

/* The place of an attribute in the list, or its end. */
static size_t
wanted(const struct ldap_attributes *all, struct str name)
{
	size_t i;

	for (i = 0; i < all->n; i++) {
		struct str one = {all->name[i].s,
		    str_find(all->name[i], ';')};

		if (str_eq_fold(one, name))
			break;
	}
	return i;
}

/* Whether the attribute at i of an entry is the first of its name. */
static bool
is_first(const struct ldif_entry *entry, uint32_t i)
{
	uint32_t j;

	for (j = 0; j < i; j++)
		if (str_eq_fold(text_str(entry->attribute[j].name),
		    text_str(entry->attribute[i].name)))
			return false;
	return true;
}

/* All values of an attribute; false: the lookup fails. */
static bool
add_values(struct ldap_search *search, const struct ldif_entry *entry,
    uint32_t at)
{
	const struct ldap_table *ldap = search->ldap;
	struct str name = text_str(entry->attribute[at].name);
	uint32_t i;

	for (i = at; i < entry->n; i++) {
		struct str value = text_str(entry->attribute[i].value);

		if (!str_eq_fold(text_str(entry->attribute[i].name), name))
			continue;
		value.len = str_find(value, '\0');
		if (!ldap_expand(&ldap->needs, ldap->format, value,
		    search->key, LDAP_QUOTE_NONE, &search->result))
			continue;
		if (ldap->expansion_limit > 0 &&
		    ++search->values > ldap->expansion_limit)
			return fail(search, TABLE_RETRY,
			    "more values than expansion_limit allows");
	}
	return true;
}

/* Which kinds of attributes the entry has. */
static void
look_over(struct ldap_search *search, const struct ldif_entry *entry)
{
	const struct ldap_attributes *all = &search->ldap->attributes;
	uint32_t i;

	for (i = 0; i < entry->n; i++) {
		size_t place = wanted(all, text_str(entry->attribute[i].name));

		if (place < all->terminal)
			search->terminal = true;
		else if (place >= all->plain && place < all->n)
			fail(search, TABLE_UNKNOWN, "where a special result "
			    "attribute leads to is not followed here");
	}
}

/* Take what a matching entry says; false: no need to look further. */
static bool
take_entry(struct ldap_search *search, uint32_t number)
{
	const struct ldap_table *ldap = search->ldap;
	const struct ldif_entry *entry =
	    &search->table->tables->world->directory->entry[number];
	uint32_t i;

	if (!in_scope(search, text_str(entry->dn), ldap->scope) ||
	    !filter_matches(search->filter, entry))
		return true;
	if (ldap->size_limit && ++search->entries > ldap->size_limit)
		return fail(search, TABLE_RETRY,
		    "more entries than size_limit allows");
	look_over(search, entry);
	for (i = 0; i < entry->n && search->failed == TABLE_NONE; i++) {
		size_t place = wanted(&ldap->attributes,
		    text_str(entry->attribute[i].name));

		if (place < (search->terminal ? ldap->attributes.terminal :
		    ldap->attributes.plain) && is_first(entry, i))
			add_values(search, entry, i);
		if (!search->at.source && search->result.len)
			search->at = entry->attribute[i].value.at;
	}
	return search->failed == TABLE_NONE;
}

/* Go through the entries that can match. */
static void
search_entries(struct ldap_search *search)
{
	struct tables *tables = search->table->tables;
	const struct ldif *ldif = tables->world->directory;
	const struct directory *d;
	struct str attribute, value;
	uint32_t i, last = UINT32_MAX;

	if (!filter_equality(search->filter, &attribute, &value)) {
		for (i = 0; i < ldif->n && take_entry(search, i); i++)
			;
		return;
	}
	d = directory_of(tables, attribute);
	for (i = directory_first(d, value); i != INDEX_NONE;
	    i = directory_next(d, i)) {
		/* A value may stand twice in one entry. */
		if (directory_entry(d, i) == last)
			continue;
		last = directory_entry(d, i);
		if (!take_entry(search, last))
			return;
	}
}

/* Whether anything in the directory stands at or below the base. */
static bool
base_is_there(const struct ldap_search *search)
{
	const struct ldif *ldif = search->table->tables->world->directory;
	struct ldap_table *ldap = search->ldap;
	uint32_t i;

	for (i = 0; i < ldif->n && !ldap->base_seen; i++)
		ldap->base_seen = in_scope(search,
		    text_str(ldif->entry[i].dn), SCOPE_SUB);
	return ldap->base_seen;
}

/* Expand base and filter for the key; false: nothing is looked up. */
static bool
search_prepare(struct ldap_search *search)
{
	const struct ldap_table *ldap = search->ldap;
	struct arena *a = search->arena;
	struct str none = {NULL, 0};
	struct buf b = BUF_INIT;
	const char *why;
	bool ok;

	ok = ldap_expand(&ldap->needs, ldap->base, search->key, none,
	    LDAP_QUOTE_DN, &b);
	search->base = dn_normal((struct str){b.s, b.len}, a);
	buf_clear(&b);
	ok = ok && ldap_expand(&ldap->needs, ldap->filter, search->key, none,
	    LDAP_QUOTE_FILTER, &b);
	if (ok) {
		search->filter = filter_parse(a, (struct str){
		    arena_strndup(a, b.s, b.len), b.len}, &why);
		if (!search->filter)
			ok = fail(search, TABLE_RETRY, arena_printf(a,
			    "the query_filter is broken: %s", why));
	}
	buf_release(&b);
	return ok;
}

/* Whether the key is in a domain that the table is asked about. */
static enum table_result
in_domain(const struct ldap_table *ldap, struct str key, struct arena *a,
    struct table_answer *answer)
{
	struct lookup lookup;
	enum table_result result;
	size_t at = key.len;

	if (!ldap->domains)
		return TABLE_FOUND;
	while (at && key.s[at - 1] != '@')
		at--;
	if (at <= 1)
		return TABLE_NONE;
	result = match_list_has(ldap->domains, str_from(key, at),
	    (struct str){NULL, 0}, a, &lookup);
	answer->why = lookup.answer.why;
	return result;
}

static enum table_result
search_answer(const struct ldap_search *search, struct table_answer *answer)
{
	struct buf result = search->result;

	answer->why = search->why;
	if (search->failed != TABLE_NONE)
		return search->failed;
	if (!result.len)
		return TABLE_NONE;
	answer->value = (struct str){arena_strndup(search->arena, result.s,
	    result.len), result.len};
	answer->at = search->at;
	return TABLE_FOUND;
}

static void
keep(const struct table *table, struct str key, enum table_result result,
    const struct table_answer *answer)
{
	struct ldap_table *ldap = table->state;
	struct arena *a = table->tables->arena;
	struct ldap_answer *kept;

	if (result != TABLE_NONE && result != TABLE_FOUND)
		return;
	kept = ARENA_NEW(a, struct ldap_answer);
	kept->result = result;
	kept->answer = *answer;
	kept->answer.value.s = arena_strndup(a, answer->value.s,
	    answer->value.len);
	map_add(&ldap->kept, (struct str){arena_strndup(a, key.s, key.len),
	    key.len}, kept);
}

static enum table_result
ldap_search(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	struct ldap_table *ldap = table->state;
	struct ldap_search search = {
		.table = table,
		.ldap = ldap,
		.arena = a,
		.key = key,
		.result = BUF_INIT,
		.failed = TABLE_NONE,
	};
	enum table_result result;

	if (search_prepare(&search)) {
		search_entries(&search);
		if (!search.result.len && !ldap->dynamic_base &&
		    !base_is_there(&search))
			fail(&search, TABLE_UNKNOWN, "the snapshot of the "
			    "directory has nothing below the search_base");
	}
	result = search_answer(&search, answer);
	buf_release(&search.result);
	return result;
}

static enum table_result
ldap_get(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	struct ldap_table *ldap = table->state;
	const struct ldap_answer *kept;
	enum table_result result;

	if (!table_text_ok(key))
		return TABLE_NONE;
	if (table->fold)
		key = text_lower(key, a);
	result = in_domain(ldap, key, a, answer);
	if (result != TABLE_FOUND)
		return result;
	kept = map_get(&ldap->kept, key);
	if (kept) {
		*answer = kept->answer;
		return kept->result;
	}
	result = ldap_search(table, key, a, answer);
	keep(table, key, result, answer);
	return result;
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
	tells = in_domain(ldap, str_of(arena_printf(&a, "x@%.*s",
	    STR_ARG(domain))), &a, &answer) != TABLE_NONE;
	arena_release(&a);
	return tells;
}

const struct table_type table_ldap = {
	.name = "ldap",
	.open = ldap_open,
	.get = ldap_get,
	.tells = ldap_tells,
	.release = ldap_release,
};
