/*
 * Match lists: names, networks, files and tables, tried from the left; the
 * first that matches decides, and says no where it was negated. A list is
 * read once, files and all, when it is opened.
 */
#include "postfix/lookup_inside.h"

#include "postfix/postfix.h"
#include "postfix/table_inside.h"

#include <stdlib.h>

enum { LONGEST = 1000000 };	/* patterns; else a list never ends */

struct match_pattern {
	struct str text;	/* in lower case, without "!" */
	struct table *table;	/* NULL: none */
	bool match;
	bool network;		/* it is to be read as one */
	const char *why;	/* it cannot be told, or (network) is broken */
	struct cidr cidr;
};

/* A file that is being read, and the one that names it. */
struct match_file {
	struct str path;
	const struct match_file *outer;
};

struct match_list {
	enum match_kind kind;
	bool parents;
	struct match_pattern *pattern;
	size_t n, cap;
	struct tables *tables;
	struct arena *arena;
};

static void
pattern_add(struct match_list *list, const struct match_pattern *pattern)
{
	struct match_pattern *grown;

	if (list->n == list->cap) {
		list->cap = list->cap ? list->cap * 2 : 8;
		grown = ARENA_ARRAY(list->arena, struct match_pattern,
		    list->cap);
		if (list->n)
			memcpy(grown, list->pattern,
			    list->n * sizeof(*grown));
		list->pattern = grown;
	}
	list->pattern[list->n++] = *pattern;
}

static bool
consists_of(struct str s, const char *set)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!s.s[i] || !strchr(set, s.s[i]))
			return false;
	return true;
}

#define V4_BYTES "0123456789."
#define V6_BYTES V4_BYTES "abcdef:"

/* Whether Postfix reads a pattern as a network. */
static bool
is_network(struct str s)
{
	return (str_find(s, ':') < s.len || str_find(s, '/') < s.len) &&
	    consists_of(s, V6_BYTES "[]/");
}

static void list_read(struct match_list *list, struct str text, bool match,
    const struct match_file *outer);

static void
unknown_add(struct match_list *list, struct str text, bool match,
    const char *why)
{
	struct match_pattern unknown = {.text = text, .match = match,
	    .why = why};

	pattern_add(list, &unknown);
}

/* Each line of a file that is no comment is a list of its own. */
static void
file_read(struct match_list *list, struct str path, bool match,
    const struct match_file *outer)
{
	const struct table_world *world = list->tables->world;
	const struct match_file file = {path, outer}, *each;
	struct table_source source;
	struct str rest;

	for (each = outer; each && !str_eq(each->path, path);
	    each = each->outer)
		;
	if (each || !world->file ||
	    !world->file(world->self, path, &source)) {
		unknown_add(list, path, match, arena_printf(list->arena,
		    each ? "the file %.*s names itself" :
		    "the file %.*s is not part of the tree", STR_ARG(path)));
		return;
	}
	for (rest = source.text; rest.len; ) {
		struct str line = {rest.s, str_find(rest, '\n')};

		rest = str_from(rest, line.len + (line.len < rest.len));
		if (line.len && line.s[0] != '#')
			list_read(list, line, match, &file);
	}
}

static void
item_read(struct match_list *list, struct str item, bool match,
    const struct match_file *outer)
{
	struct match_pattern pattern = {.match = match, .text = item};

	if (item.s[0] == '/') {
		file_read(list, item, match, outer);
		return;
	}
	if (item.s[0] != '[' && str_find(item, ':') < item.len) {
		pattern.table = table_open_unfolded(list->tables, item);
	} else {
		pattern.text = text_lower((struct str){arena_strndup(
		    list->arena, item.s, item.len), item.len}, list->arena);
		pattern.network = list->kind == MATCH_CLIENTS &&
		    is_network(pattern.text);
		if (pattern.network)
			pattern.why = cidr_parse(list->arena, &pattern.cidr,
			    pattern.text);
	}
	pattern_add(list, &pattern);
}

static void
list_read(struct match_list *list, struct str text, bool match,
    const struct match_file *outer)
{
	struct str item;

	while (value_item(&text, &item) && item.s[0] != '#' &&
	    list->n <= LONGEST) {
		bool wanted = match;

		for (; item.len && item.s[0] == '!'; item = str_from(item, 1))
			wanted = !wanted;
		if (list->n == LONGEST)
			unknown_add(list, item, wanted, "it is too long");
		else if (item.len)
			item_read(list, item, wanted, outer);
		else
			unknown_add(list, STR("!"), wanted,
			    "nothing follows a \"!\"");
	}
}

struct match_list *
match_list_open(struct tables *tables, struct arena *a, enum match_kind kind,
    bool parents, struct str list)
{
	struct match_list *all = ARENA_NEW(a, struct match_list);

	all->kind = kind;
	all->parents = parents;
	all->tables = tables;
	all->arena = a;
	list_read(all, (struct str){arena_strndup(a, list.s, list.len),
	    list.len}, true, NULL);
	return all;
}

/* A table is asked for the name and, if keys are no patterns, its parents. */
static enum table_result
table_has_name(const struct match_pattern *pattern, struct str name,
    bool names, bool parents, struct arena *a, struct lookup *lookup)
{
	size_t dot;

	/* A name that is empty is asked for where it has no parents. */
	while (name.len || !names) {
		lookup->key = name;
		lookup->table = pattern->table;
		lookup->result = table_get(pattern->table, name, a,
		    &lookup->answer);
		if (lookup->result != TABLE_NONE || !names ||
		    table_is_pattern(pattern->table))
			break;
		dot = 1 + str_find(str_from(name, 1), '.');
		if (dot >= name.len)
			break;
		name = str_from(name, dot + parents);
	}
	return lookup->result;
}

static bool
has_name(const struct match_list *list, struct str text, struct str name)
{
	size_t head;

	if (str_eq(name, text))
		return true;
	if (list->kind == MATCH_STRINGS || name.len <= text.len ||
	    !str_ends(name, text))
		return false;
	head = name.len - text.len;
	return list->parents ? name.s[head - 1] == '.' :
	    text.len && text.s[0] == '.';
}

static enum table_result
matches_name(const struct match_list *list,
    const struct match_pattern *pattern, struct str name, struct arena *a,
    struct lookup *lookup)
{
	if (pattern->table)
		return table_has_name(pattern, name,
		    list->kind != MATCH_STRINGS, list->parents, a, lookup);
	return has_name(list, pattern->text, name) ? TABLE_FOUND : TABLE_NONE;
}

/* An address as it is, or in brackets. */
static bool
is_address(struct str text, struct str address)
{
	if (text.len && text.s[0] == '[')
		return text.len == address.len + 2 &&
		    text.s[text.len - 1] == ']' &&
		    !memcmp(text.s + 1, address.s, address.len);
	return str_eq(text, address);
}

static enum table_result
matches_address(const struct match_pattern *pattern, struct str address,
    struct arena *a, struct lookup *lookup)
{
	unsigned char bytes[16];
	unsigned nbytes;

	if (!consists_of(address, V6_BYTES))
		return TABLE_NONE;
	if (pattern->table)
		return table_has_name(pattern, address, false, false, a,
		    lookup);
	if (is_address(pattern->text, address))
		return TABLE_FOUND;
	if (!pattern->network || (str_find(address, ':') < address.len) !=
	    (str_find(pattern->text, ':') < pattern->text.len))
		return TABLE_NONE;
	if (pattern->why) {
		lookup->answer.why = pattern->why;
		return TABLE_RETRY;
	}
	nbytes = cidr_address(address, bytes);
	return nbytes && cidr_has(&pattern->cidr, nbytes, bytes) ?
	    TABLE_FOUND : TABLE_NONE;
}

static enum table_result
matches(const struct match_list *list, const struct match_pattern *pattern,
    struct str name, struct str address, struct arena *a,
    struct lookup *lookup)
{
	enum table_result result;

	if (pattern->why && !pattern->network) {
		lookup->answer.why = pattern->why;
		return TABLE_UNKNOWN;
	}
	result = matches_name(list, pattern, name, a, lookup);
	if (result == TABLE_NONE && list->kind == MATCH_CLIENTS)
		result = matches_address(pattern, address, a, lookup);
	return result;
}

enum table_result
match_list_has(const struct match_list *list, struct str name,
    struct str address, struct arena *a, struct lookup *lookup)
{
	size_t i;

	*lookup = (struct lookup){.result = TABLE_NONE};
	if (!list->n)
		return TABLE_NONE;
	name = text_lower(name, a);
	address = text_lower(address, a);
	for (i = 0; i < list->n; i++) {
		const struct match_pattern *pattern = &list->pattern[i];
		enum table_result result = matches(list, pattern, name,
		    address, a, lookup);

		lookup->result = result;
		if (result == TABLE_NONE)
			continue;
		if (!pattern->table) {
			lookup->key = pattern->text;
			lookup->answer.value = pattern->text;
		}
		if (result == TABLE_FOUND && !pattern->match)
			lookup->result = TABLE_NONE;
		return lookup->result;
	}
	*lookup = (struct lookup){.result = TABLE_NONE};
	return TABLE_NONE;
}

/* Whether an address in brackets is one of the host's. */
static bool
is_own(const struct address_rules *rules, struct str address)
{
	struct str rest = rules->interfaces, item, ipv6 = STR("ipv6:");
	unsigned char sought[16], own[16];
	unsigned nbytes;
	bool tagged = address.len > ipv6.len &&
	    str_eq_fold((struct str){address.s, ipv6.len}, ipv6);

	if (tagged)
		address = str_from(address, ipv6.len);
	nbytes = cidr_address(address, sought);
	if (nbytes != (tagged ? 16 : 4))
		return false;
	while (value_item(&rest, &item)) {
		if (item.len > 1 && item.s[0] == '[')
			item = (struct str){item.s + 1, item.len - 2};
		if (cidr_address(item, own) == nbytes &&
		    !memcmp(own, sought, nbytes))
			return true;
	}
	return false;
}

enum table_result
address_is_local(const struct address_rules *rules, struct str domain,
    struct arena *a)
{
	struct lookup lookup;
	enum table_result result = TABLE_NONE;

	if (domain.len && domain.s[domain.len - 1] == '.')
		domain.len--;
	if (!domain.len || domain.s[domain.len - 1] == '.')
		return TABLE_NONE;
	if (rules->destination)
		result = match_list_has(rules->destination, domain,
		    (struct str){"", 0}, a, &lookup);
	if (result != TABLE_NONE)
		return result;
	if (domain.len > 2 && domain.s[0] == '[' &&
	    domain.s[domain.len - 1] == ']')
		return is_own(rules, (struct str){domain.s + 1,
		    domain.len - 2}) ? TABLE_FOUND : TABLE_NONE;
	return TABLE_NONE;
}
