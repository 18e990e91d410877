/*
 * A lookup in an ldap table: which entries of the directory's LDIF match,
 * and what their attributes say. Several entries come in file order, where a
 * server has an order of its own.
 */
#include "postfix/lookup.h"
#include "postfix/table_directory.h"
#include "postfix/table_ldap.h"
#include "tree/filter.h"

/* The answer to one lookup as it grows. */
struct ldap_search {
	struct table *table;
	struct ldap_table *ldap;
	struct arena *arena;
	struct str key;
	struct str base;		/* normal form */
	const struct filter *filter;
	struct buf result;
	bool terminal, plain;		/* entries with such attributes, without */
	long entries, values;
	struct origin at;		/* of the first value */
	enum table_result failed;	/* NONE: not */
	const char *why;
};

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

/*
 * Which kinds of attributes the entry has. Postfix does not forget from one
 * entry to the next that it saw a terminal one, and entries come in any
 * order.
 */
static void
look_over(struct ldap_search *search, const struct ldif_entry *entry)
{
	const struct ldap_attributes *all = &search->ldap->attributes;
	bool terminal = false;
	uint32_t i;

	for (i = 0; i < entry->n; i++) {
		size_t place = wanted(all, text_str(entry->attribute[i].name));

		if (place < all->terminal)
			terminal = true;
		else if (place >= all->plain && place < all->n)
			fail(search, TABLE_UNKNOWN, "where a special result "
			    "attribute leads to is not followed here");
	}
	*(terminal ? &search->terminal : &search->plain) = true;
	if (search->terminal && search->plain)
		fail(search, TABLE_UNKNOWN, "some entries have a terminal "
		    "result attribute and others have not");
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

static void
set_base(struct ldap_search *search)
{
	const struct ldap_table *ldap = search->ldap;
	struct str none = {NULL, 0};
	struct buf b = BUF_INIT;

	search->base = ldap->fixed_base;
	if (!ldap->dynamic_base)
		return;
	ldap_expand(&ldap->needs, ldap->base, search->key, none,
	    LDAP_QUOTE_DN, &b);
	search->base = dn_normal((struct str){b.s, b.len}, search->arena);
	buf_release(&b);
}

/* False: it is broken. */
static bool
set_filter(struct ldap_search *search)
{
	struct ldap_table *ldap = search->ldap;
	struct arena *a = search->arena;
	struct str none = {NULL, 0};
	struct buf b = BUF_INIT;
	const char *why;

	if (ldap->parsed.filter && str_find(search->key, '\0') ==
	    search->key.len) {
		ldap_filter_bind(ldap, search->key, a);
		search->filter = ldap->parsed.filter;
		return true;
	}
	ldap_expand(&ldap->needs, ldap->filter, search->key, none,
	    LDAP_QUOTE_FILTER, &b);
	search->filter = filter_parse(a, (struct str){arena_strndup(a, b.s,
	    b.len), b.len}, &why);
	buf_release(&b);
	return search->filter || fail(search, TABLE_RETRY, arena_printf(a,
	    "the query_filter is broken: %s", why));
}

enum table_result
ldap_in_domain(const struct ldap_table *ldap, struct str key, struct arena *a,
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
search_answer(const struct ldap_search *search, struct arena *a,
    struct table_answer *answer)
{
	struct buf result = search->result;

	if (search->failed != TABLE_NONE) {
		answer->why = search->why;
		return search->failed;
	}
	if (!result.len)
		return TABLE_NONE;
	answer->value = (struct str){arena_strndup(a, result.s, result.len),
	    result.len};
	answer->at = search->at;
	return TABLE_FOUND;
}

static void
search_run(struct ldap_search *search)
{
	if (!ldap_can_ask(&search->ldap->needs, search->key))
		return;
	set_base(search);
	if (!set_filter(search))
		return;
	search_entries(search);
	if (!search->result.len && !search->ldap->dynamic_base &&
	    !base_is_there(search))
		fail(search, TABLE_UNKNOWN, "the snapshot of the directory "
		    "has nothing below the search_base");
}

/* Keep what was found: the longest filter is the one that matches. */
static void
keep(const struct table *table, struct str key,
    const struct table_answer *answer)
{
	struct ldap_table *ldap = table->state;
	struct arena *a = table->tables->arena;
	struct table_answer *kept = ARENA_NEW(a, struct table_answer);

	*kept = *answer;
	kept->value.s = arena_strndup(a, answer->value.s, answer->value.len);
	map_add(&ldap->kept, (struct str){arena_strndup(a, key.s, key.len),
	    key.len}, kept);
}

static enum table_result
search_directory(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	struct ldap_search search = {
		.table = table,
		.ldap = table->state,
		.arena = a,
		.key = key,
		.result = BUF_INIT,
		.failed = TABLE_NONE,
	};
	enum table_result result;

	search_run(&search);
	result = search_answer(&search, a, answer);
	buf_release(&search.result);
	return result;
}

enum table_result
ldap_get(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	struct ldap_table *ldap = table->state;
	const struct table_answer *kept;
	enum table_result result;

	if (!table_text_ok(key))
		return TABLE_NONE;
	if (table->fold)
		key = text_lower(key, a);
	result = ldap_in_domain(ldap, key, a, answer);
	if (result != TABLE_FOUND)
		return result;
	if (!table->tables->world->directory) {
		answer->why = "there is no snapshot of the directory";
		return TABLE_UNKNOWN;
	}
	kept = map_get(&ldap->kept, key);
	if (kept) {
		*answer = *kept;
		return TABLE_FOUND;
	}
	result = search_directory(table, key, a, answer);
	if (result == TABLE_FOUND)
		keep(table, key, answer);
	return result;
}
