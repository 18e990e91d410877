/*
 * Lookup tables as values name them: type:name, where some types take
 * further tables between braces. Depth is bounded by the length of the
 * text, each step of a chain being shorter than the one before.
 */
#include "postfix/postfix.h"
#include "postfix/table_inside.h"

static const char *const types[] = {
	"btree", "cdb", "cidr", "environ", "fail", "hash", "inline",
	"internal", "ldap", "lmdb", "memcache", "mysql", "nis", "pcre",
	"pgsql", "pipemap", "proxy", "randmap", "regexp", "socketmap",
	"sqlite", "static", "tcp", "texthash", "unionmap", "unix",
};

enum { NTYPES = sizeof(types) / sizeof(types[0]) };

bool
table_type_known(struct str name)
{
	size_t i;

	for (i = 0; i < NTYPES; i++)
		if (str_eq(name, str_of(types[i])))
			return true;
	return false;
}

const char *
table_type_nearest(struct str name)
{
	return str_nearest(name, types, NTYPES);
}

/* Part type:name at the first colon; false where there is none. */
static bool
table_part(struct str table, struct str *type, struct str *name)
{
	size_t colon = str_find(table, ':');

	if (colon == table.len)
		return false;
	*type = (struct str){table.s, colon};
	*name = (struct str){table.s + colon + 1, table.len - colon - 1};
	return true;
}

static bool
has_dollar(struct str s)
{
	return str_find(s, '$') < s.len;
}

static bool
is_type(struct str type, const char *name)
{
	return str_eq(type, str_of(name));
}

static const char *table_error_at(struct arena *a, struct str table,
    unsigned depth);

/* pipemap:{type:name …} and unionmap:{…}: each part is a table. */
static const char *
tables_error(struct arena *a, struct str type, struct str name,
    unsigned depth)
{
	struct str rest, item;
	const char *why = NULL;

	if (!table_braced(name, &rest) || !str_trim(rest).len)
		return arena_printf(a,
		    "%.*s takes its tables in braces: %.*s:{type:name ...}",
		    STR_ARG(type), STR_ARG(type));
	while (!why && value_item(&rest, &item))
		why = table_error_at(a, item, depth + 1);
	return why;
}

/* inline:{key=value, {key = value}}. */
static const char *
inline_error(struct arena *a, struct str name)
{
	struct str rest, item, pair;

	if (!table_braced(name, &rest) || !str_trim(rest).len)
		return "inline takes its entries in braces: "
		    "inline:{ {key = value} ... }";
	while (value_item(&rest, &item)) {
		pair = item;
		if (item.s[0] == '{' && !table_braced(item, &pair))
			return arena_printf(a,
			    "\"%.*s\" lacks its closing brace",
			    STR_ARG(item));
		if (has_dollar(item))
			continue;
		pair = str_trim(pair);
		if (str_find(pair, '=') == pair.len)
			return arena_printf(a,
			    "\"%.*s\" is no key = value; write "
			    "inline:{ {key = value} ... }", STR_ARG(item));
	}
	return NULL;
}

static const char *
table_error_at(struct arena *a, struct str table, unsigned depth)
{
	struct str type, name, inside;

	if (has_dollar(table) && str_find(table, ':') == table.len)
		return NULL;
	if (!table_part(table, &type, &name) || !type.len)
		return arena_printf(a,
		    "\"%.*s\" is no table; write type:name",
		    STR_ARG(table));
	if (!name.len)
		return arena_printf(a,
		    "\"%.*s\" names no table after its type",
		    STR_ARG(table));
	if (depth > TABLE_DEEPEST)
		return "tables stand within tables too deep";
	if (is_type(type, "pipemap") || is_type(type, "unionmap"))
		return tables_error(a, type, name, depth);
	if (is_type(type, "proxy"))
		return table_error_at(a, name, depth + 1);
	if (is_type(type, "inline"))
		return inline_error(a, name);
	if (is_type(type, "randmap") && !table_braced(name, &inside))
		return "randmap takes its values in braces: "
		    "randmap:{value, ...}";
	if (name.s[0] == '{' && !table_braced(name, &inside))
		return arena_printf(a, "\"%.*s\" lacks its closing brace",
		    STR_ARG(table));
	return NULL;
}

const char *
table_error(struct arena *a, struct str table)
{
	return table_error_at(a, table, 0);
}

static bool
unknown_type_at(struct str table, struct str *type, unsigned depth)
{
	struct str name, rest, item;

	if (!table_part(table, type, &name) || depth > TABLE_DEEPEST ||
	    has_dollar(*type))
		return false;
	if (!table_type_known(*type))
		return true;
	if (is_type(*type, "proxy"))
		return unknown_type_at(name, type, depth + 1);
	if ((is_type(*type, "pipemap") || is_type(*type, "unionmap")) &&
	    table_braced(name, &rest))
		while (value_item(&rest, &item))
			if (unknown_type_at(item, type, depth + 1))
				return true;
	return false;
}

bool
table_unknown_type(struct str table, struct str *type)
{
	return unknown_type_at(table, type, 0);
}

struct str
table_file(struct str table, struct str *type)
{
	struct str name;

	*type = (struct str){0};
	while (table_part(table, type, &name)) {
		table = name;
		if (!is_type(*type, "proxy"))
			break;
	}
	return table;
}
