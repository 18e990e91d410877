/*
 * Tables whose name says all: inline, static, randmap and fail; and tables
 * that ask other tables: proxy, pipemap and unionmap.
 */
#include "postfix/table_inside.h"

#include "postfix/lines.h"
#include "postfix/postfix.h"

/* What a broken name is told. */
static void
break_name(struct table *table, const char *form)
{
	table_break(table, TABLE_RETRY, arena_printf(table->tables->arena,
	    "\"%.*s\" is not written %s", STR_ARG(table->spec), form));
}

/* {text} with nothing behind it, blanks at its ends dropped (extpar(3)). */
static bool
strip_braces(struct str *s)
{
	struct str inside;

	if (!table_braced(*s, &inside))
		return false;
	*s = text_trim(inside);
	return true;
}

struct pair {
	struct str key, value;
};

/* name=value or {name = value}; the last of two equal names counts. */
static bool
pair_part(struct str item, struct pair *pair)
{
	struct str rest;
	size_t end;

	if (item.s[0] == '{' && !strip_braces(&item))
		return false;
	item = text_skip_space(item);
	if (!item.len || !table_key_end(item, true, &end))
		return false;
	rest = text_skip_space(str_from(item, end));
	if (!rest.len || rest.s[0] != '=')
		return false;
	pair->key = (struct str){item.s, end};
	pair->value = text_trim(str_from(rest, 1));
	return true;
}

static void
inline_open(struct table *table)
{
	struct arena *a = table->tables->arena;
	struct map *map = ARENA_NEW(a, struct map);
	struct pair one, *pair;
	struct str rest, item;
	bool ok = table_braced(table->name, &rest);

	if (table->fold)
		map_init_fold(map);
	else
		map_init(map);
	table->state = map;
	while (ok && value_item(&rest, &item)) {
		ok = pair_part(item, &one);
		pair = ok ? map_get(map, one.key) : NULL;
		if (!ok || (table->tables->utf8 && (!table_text_ok(one.key) ||
		    !table_text_ok(one.value))))
			continue;
		if (!pair)
			pair = ARENA_NEW(a, struct pair);
		*pair = one;
		map_add(map, pair->key, pair);
	}
	if (!ok || !map->n)
		break_name(table, "inline:{ {key = value} ... }");
}

static enum table_result
inline_get(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	const struct map *map = table->state;
	const struct pair *pair = map_get(map, key);
	size_t i, wide = 0;

	(void)a;
	for (i = 0; table->tables->utf8 && !text_is_ascii(key) &&
	    i < map->n; i++)
		wide += !text_is_ascii(map->entry[i].key);
	if (wide > (pair != NULL))
		return table_wide(answer);
	if (!pair)
		return TABLE_NONE;
	answer->value = pair->value;
	return TABLE_FOUND;
}

static bool
inline_tells(struct table *table, struct str domain)
{
	const struct map *map = table->state;
	size_t i;

	for (i = 0; i < map->n; i++) {
		struct str key = map->entry[i].key;
		size_t at = key.len;

		while (at && key.s[at - 1] != '@')
			at--;
		if (!domain.len ? !at || at == key.len :
		    at > 1 && str_eq_fold(str_from(key, at), domain))
			return true;
	}
	return false;
}

static bool
inline_next(const struct table *table, size_t *at, struct str *key,
    struct table_answer *answer)
{
	const struct map *map = table->state;
	const struct pair *pair;

	if (*at >= map->n)
		return false;
	pair = map->entry[(*at)++].value;
	*key = pair->key;
	answer->value = pair->value;
	return true;
}

static void
inline_release(struct table *table)
{
	map_release(table->state);
}

static void
static_open(struct table *table)
{
	struct str *value = ARENA_NEW(table->tables->arena, struct str);

	*value = table->name;
	table->state = value;
	if (value->s[0] == '{' && !strip_braces(value))
		break_name(table, "static:{text}");
}

static enum table_result
static_get(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	const struct str *value = table->state;

	(void)key;
	(void)a;
	answer->value = *value;
	return TABLE_FOUND;
}

static bool
tells_nothing(struct table *table, struct str domain)
{
	(void)table;
	(void)domain;
	return false;
}

/* One value, or several that are the same; else chance decides. */
static void
random_open(struct table *table)
{
	struct str rest, item, *value;

	value = ARENA_NEW(table->tables->arena, struct str);
	table->state = value;
	if (!table_braced(table->name, &rest) || !value_item(&rest, value)) {
		break_name(table, "randmap:{value, ...}");
		return;
	}
	while (value_item(&rest, &item))
		if (!str_eq(item, *value))
			table_break(table, TABLE_UNKNOWN,
			    "randmap answers with one of several values");
}

static void
fail_open(struct table *table)
{
	table_break(table, TABLE_RETRY, arena_printf(table->tables->arena,
	    "%.*s fails each lookup", STR_ARG(table->spec)));
}

/* The tables that a table asks, in order. */
struct parts {
	struct table **table;
	size_t n;
};

static void
parts_add(struct table *table, struct str spec)
{
	struct parts *parts = table->state;
	struct table *part = table_open_as(table->tables, spec, table->fold);

	if (!parts->n)
		table->pattern = part->pattern;
	if (table->depth <= part->depth)
		table->depth = part->depth + 1;
	parts->table[parts->n++] = part;
}

static void
parts_open(struct table *table)
{
	struct arena *a = table->tables->arena;
	struct parts *parts = ARENA_NEW(a, struct parts);
	struct str rest, count, item;
	size_t n = 0;
	bool ok = table_braced(table->name, &rest);

	table->state = parts;
	for (count = rest; ok && value_item(&count, &item); n++)
		ok = str_find(item, ':') < item.len;
	if (!ok || !n) {
		break_name(table, table->type == &table_pipe ?
		    "pipemap:{type:name ...}" : "unionmap:{type:name ...}");
		return;
	}
	parts->table = ARENA_ARRAY(a, struct table *, n);
	while (value_item(&rest, &item))
		parts_add(table, item);
}

static void
proxy_open(struct table *table)
{
	struct arena *a = table->tables->arena;
	struct parts *parts = ARENA_NEW(a, struct parts);

	table->state = parts;
	parts->table = ARENA_ARRAY(a, struct table *, 1);
	parts_add(table, table->name);
}

/* Each table's value is the key of the next. */
static enum table_result
pipe_get(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	const struct parts *parts = table->state;
	struct table_answer from = {0}, one = {0};
	enum table_result result;
	size_t i;

	for (i = 0; i < parts->n; i++) {
		result = table_get(parts->table[i], key, a, &one);
		if (result != TABLE_FOUND) {
			*answer = one;
			return result;
		}
		key = one.value;
		if (one.owner)
			from = one;
	}
	*answer = one;
	answer->owner = from.owner;
	answer->offset = from.offset;
	return TABLE_FOUND;
}

static struct str
join(struct str a, struct str b, struct arena *arena)
{
	char *s = arena_bytes(arena, a.len + 1 + b.len);

	memcpy(s, a.s, a.len);
	s[a.len] = ',';
	memcpy(s + a.len + 1, b.s, b.len);
	return (struct str){s, a.len + 1 + b.len};
}

/* What all of them say, with a comma between. */
static enum table_result
union_get(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	const struct parts *parts = table->state;
	struct table_answer one;
	enum table_result result;
	struct str all = {"", 0};
	size_t i;

	for (i = 0; i < parts->n; i++) {
		result = table_get(parts->table[i], key, a, &one);
		if (result == TABLE_NONE)
			continue;
		if (result != TABLE_FOUND) {
			*answer = one;
			return result;
		}
		if (!answer->owner) {
			answer->owner = one.owner;
			answer->offset = one.offset;
		}
		all = all.len ? join(all, one.value, a) : one.value;
	}
	answer->value = all;
	return all.len ? TABLE_FOUND : TABLE_NONE;
}

static enum table_result
proxy_get(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	const struct parts *parts = table->state;

	return table_get(parts->table[0], key, a, answer);
}

static bool
parts_tell(struct table *table, struct str domain)
{
	const struct parts *parts = table->state;
	size_t i;

	for (i = 0; i < parts->n; i++)
		if (table_tells_locals(parts->table[i], domain))
			return true;
	return false;
}

/* What the first makes of an address is all that the others see of it. */
static bool
pipe_tells(struct table *table, struct str domain)
{
	const struct parts *parts = table->state;

	return table_tells_locals(parts->table[0], domain);
}

static bool
parts_print(struct table *table, struct str domain, struct buf *print)
{
	const struct parts *parts = table->state;
	size_t i;

	for (i = 0; i < parts->n; i++) {
		struct table *part = parts->table[i];

		if (!table_print(part, domain, print))
			return false;
		/* What it is not asked for itself comes through this one. */
		if (!part->why && part->pattern && !table->pattern)
			table_print_domain(part, domain, print);
	}
	return true;
}

static bool
pipe_print(struct table *table, struct str domain, struct buf *print)
{
	const struct parts *parts = table->state;

	return table_print(parts->table[0], domain, print);
}

static bool
proxy_next(const struct table *table, size_t *at, struct str *key,
    struct table_answer *answer)
{
	const struct parts *parts = table->state;

	return table_next(parts->table[0], at, key, answer);
}

const struct table_type table_inline = {
	.name = "inline",
	.open = inline_open,
	.get = inline_get,
	.tells = inline_tells,
	.print = table_print_keys,
	.next = inline_next,
	.release = inline_release,
};

const struct table_type table_static = {
	.name = "static",
	.open = static_open,
	.get = static_get,
	.tells = tells_nothing,
	.print = table_print_nothing,
};

const struct table_type table_random = {
	.name = "randmap",
	.pattern = true,
	.open = random_open,
	.get = static_get,
	.tells = tells_nothing,
	.print = table_print_nothing,
};

const struct table_type table_fail = {
	.name = "fail",
	.pattern = true,
	.open = fail_open,
};

const struct table_type table_proxy = {
	.name = "proxy",
	.chain = true,
	.open = proxy_open,
	.get = proxy_get,
	.tells = parts_tell,
	.print = parts_print,
	.next = proxy_next,
};

const struct table_type table_pipe = {
	.name = "pipemap",
	.chain = true,
	.open = parts_open,
	.get = pipe_get,
	.tells = pipe_tells,
	.print = pipe_print,
};

const struct table_type table_union = {
	.name = "unionmap",
	.chain = true,
	.open = parts_open,
	.get = union_get,
	.tells = parts_tell,
	.print = parts_print,
};
