/*
 * Tables by "type:name": opened once and kept, and asked through one table
 * of types. What Postfix would refuse to open answers RETRY to every key, as
 * its dict_surrogate(3) does; what the tree does not hold answers UNKNOWN.
 */
#include "postfix/table_inside.h"

#include "postfix/lines.h"
#include "postfix/postfix.h"

/* A server's answer is the world's to give. */
static enum table_result
server_get(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	const struct table_world *world = table->tables->world;

	if (!world->ask) {
		answer->why = arena_printf(a, "what the server of %.*s "
		    "answers is not known here", STR_ARG(table->spec));
		return TABLE_UNKNOWN;
	}
	return world->ask(world->self, str_of(table->type->name),
	    table->name, key, a, answer);
}

static void
server_open(struct table *table)
{
	(void)table;
}

static void
elsewhere_open(struct table *table)
{
	table_break(table, TABLE_UNKNOWN, arena_printf(table->tables->arena,
	    "what %.*s answers is not part of the tree",
	    STR_ARG(table->spec)));
}

#define SERVER(type_name) { .name = (type_name), .pattern = true, \
	.open = server_open, .get = server_get }
#define ELSEWHERE(type_name) { .name = (type_name), .open = elsewhere_open }

static const struct table_type servers[] = {
	SERVER("tcp"),
	SERVER("socketmap"),
	ELSEWHERE("environ"),
	ELSEWHERE("internal"),
	ELSEWHERE("memcache"),
	ELSEWHERE("mysql"),
	ELSEWHERE("nis"),
	ELSEWHERE("pgsql"),
	ELSEWHERE("sdbm"),
	ELSEWHERE("sqlite"),
};

static const struct {
	const char *name;
	const struct table_type *type;
} types[] = {
	{"hash", &table_indexed},
	{"btree", &table_indexed},
	{"cdb", &table_indexed},
	{"lmdb", &table_indexed},
	{"dbm", &table_indexed},
	{"texthash", &table_texthash},
	{"inline", &table_inline},
	{"static", &table_static},
	{"regexp", &table_regexp},
	{"pcre", &table_pcre},
	{"cidr", &table_cidr},
	{"ldap", &table_ldap},
	{"proxy", &table_proxy},
	{"pipemap", &table_pipe},
	{"unionmap", &table_union},
	{"randmap", &table_random},
	{"fail", &table_fail},
	{"unix", &table_unix},
};

enum {
	NSERVERS = sizeof(servers) / sizeof(servers[0]),
	NTYPES = sizeof(types) / sizeof(types[0]),
};

static const struct table_type unknown_type = {
	.name = "", .open = elsewhere_open,
};

static const struct table_type *
type_named(struct str name)
{
	size_t i;

	for (i = 0; i < NTYPES; i++)
		if (str_eq(name, str_of(types[i].name)))
			return types[i].type;
	for (i = 0; i < NSERVERS; i++)
		if (str_eq(name, str_of(servers[i].name)))
			return &servers[i];
	return NULL;
}

/* smtputf8_enable, whose default depends on the compatibility level. */
static bool
utf8_enabled(const struct table_world *world)
{
	struct str value;

	if (!world->parameter)
		return true;
	if (world->parameter(world->self, STR("smtputf8_enable"), &value) &&
	    str_find(value, '$') == value.len)
		return str_eq_fold(str_trim(value), STR("yes"));
	if (!world->parameter(world->self, STR("compatibility_level"),
	    &value))
		return false;
	value = str_trim(value);
	return value.len && text_is_digit(value.s[0]) && value.s[0] != '0';
}

struct tables *
tables_new(struct arena *a, const struct table_world *world)
{
	struct tables *tables = ARENA_NEW(a, struct tables);

	tables->arena = a;
	tables->world = world;
	tables->utf8 = utf8_enabled(world);
	map_init(&tables->open[0]);
	map_init(&tables->open[1]);
	return tables;
}

void
tables_free(struct tables *tables)
{
	size_t i, fold;

	for (fold = 0; fold < 2; fold++) {
		for (i = 0; i < tables->open[fold].n; i++) {
			struct table *table = tables->open[fold].entry[i].value;

			if (table->type->release && table->state)
				table->type->release(table);
		}
		map_release(&tables->open[fold]);
	}
	directory_free(tables->directory);
}

void
table_break(struct table *table, enum table_result result, const char *why)
{
	table->broken = result;
	table->why = why;
}

enum table_result
table_wide(struct table_answer *answer)
{
	answer->why = "letter case beyond ASCII is not folded here";
	return TABLE_UNKNOWN;
}

/* Find the type and let it open the table. */
static void
open_type(struct table *table)
{
	struct tables *tables = table->tables;
	size_t colon = str_find(table->spec, ':');
	struct str type = {table->spec.s, colon};

	table->type = &unknown_type;
	if (colon + 1 >= table->spec.len) {
		table_break(table, TABLE_RETRY, arena_printf(tables->arena,
		    "\"%.*s\" is no table; it is written type:name",
		    STR_ARG(table->spec)));
		return;
	}
	table->name = str_from(table->spec, colon + 1);
	if (type_named(type))
		table->type = type_named(type);
	table->pattern = table->type->pattern;
	if (tables->opening <= TABLE_DEEPEST) {
		tables->opening++;
		table->type->open(table);
		tables->opening--;
	}
	if (tables->opening > TABLE_DEEPEST || table->depth > TABLE_DEEPEST)
		table_break(table, TABLE_UNKNOWN,
		    "tables stand within tables too deep");
}

struct table *
table_open_as(struct tables *tables, struct str spec, bool fold)
{
	struct table *table = map_get(&tables->open[fold], spec);

	if (table)
		return table;
	table = ARENA_NEW(tables->arena, struct table);
	table->tables = tables;
	table->spec.s = arena_strndup(tables->arena, spec.s, spec.len);
	table->spec.len = spec.len;
	table->fold = fold;
	open_type(table);
	map_add(&tables->open[fold], table->spec, table);
	return table;
}

struct table *
table_open(struct tables *tables, struct str spec)
{
	return table_open_as(tables, spec, true);
}

struct table *
table_open_unfolded(struct tables *tables, struct str spec)
{
	return table_open_as(tables, spec, false);
}

struct table *
tables_next(const struct tables *tables, size_t *at)
{
	const struct map *map = &tables->open[0];
	size_t i = (*at)++;

	if (i >= map->n) {
		i -= map->n;
		map = &tables->open[1];
	}
	return i < map->n ? map->entry[i].value : NULL;
}

const void *
table_file_owner(const struct table *table)
{
	return table->source.owner;
}

struct str
table_name(const struct table *table)
{
	return table->spec;
}

bool
table_is_pattern(const struct table *table)
{
	return table->pattern;
}

/* What Postfix checks of keys and values where SMTPUTF8 is on. */
static enum table_result
get_checked(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	bool utf8 = table->tables->utf8;
	enum table_result result;

	if (table->why) {
		answer->why = table->why;
		return table->broken;
	}
	if (utf8 && !table_text_ok(key))
		return TABLE_NONE;
	result = table->type->get(table, key, a, answer);
	if (result == TABLE_FOUND && utf8 && !table_text_ok(answer->value)) {
		answer->why = "the value is not UTF-8";
		return TABLE_RETRY;
	}
	return result;
}

enum table_result
table_get(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	const struct table_world *world = table->tables->world;
	enum table_result result;

	*answer = (struct table_answer){.value = {"", 0}};
	result = get_checked(table, key, a, answer);
	if (world->tried && (!table->type->chain || table->why))
		world->tried(world->self, table, key, result, answer);
	return result;
}

bool
table_tells_locals(const struct table *table, struct str domain)
{
	/* A type may note what it finds out; nothing else changes. */
	struct table *own = (struct table *)(uintptr_t)table;

	/* It answers all keys alike. */
	if (table->why)
		return false;
	return !table->type->tells || table->type->tells(own, domain);
}

bool
table_print_nothing(struct table *table, struct str domain,
    struct buf *print)
{
	(void)table;
	(void)domain;
	(void)print;
	return true;
}

bool
table_print_keys(struct table *table, struct str domain, struct buf *print)
{
	(void)print;
	return !table->type->tells(table, domain);
}

/* What a key is answered. */
static void
print_answer(struct table *table, struct str key, struct arena *a,
    struct buf *print)
{
	struct table_answer answer = {.value = {"", 0}};
	enum table_result result = get_checked(table, key, a, &answer);

	buf_printf(print, "%d %zu ", (int)result, answer.value.len);
	if (result == TABLE_FOUND)
		buf_add(print, answer.value.s, answer.value.len);
	buf_addch(print, '\n');
}

/* Whether a table was printed before, for another list of tables. */
static bool
is_printed(const struct table *table, const struct buf *print)
{
	struct str spec = table->spec;
	const char *from = print->s, *end = print->s + print->len;

	while ((from = memmem(from, (size_t)(end - from), spec.s,
	    spec.len))) {
		from += spec.len;
		if (*from == '\n' && (from - spec.len == print->s ||
		    from[-(ptrdiff_t)spec.len - 1] == '\n'))
			return true;
	}
	return false;
}

/* The keys that are made of a domain: itself, @domain, its parents. */
void
table_print_domain(struct table *table, struct str domain,
    struct buf *print)
{
	struct arena a;
	size_t dot;

	arena_init(&a);
	print_answer(table, str_of(arena_printf(&a, "@%.*s",
	    STR_ARG(domain))), &a, print);
	print_answer(table, domain, &a, print);
	while (domain.len && (dot = 1 + str_find(str_from(domain, 1), '.')) <
	    domain.len) {
		domain = str_from(domain, dot);
		print_answer(table, domain, &a, print);
		domain = str_from(domain, 1);
		print_answer(table, domain, &a, print);
	}
	arena_release(&a);
}

bool
table_print(const struct table *table, struct str domain, struct buf *print)
{
	/* To be asked for a key changes what a table remembers. */
	struct table *own = (struct table *)(uintptr_t)table;

	if (is_printed(table, print))
		return true;
	buf_printf(print, "%.*s\n", STR_ARG(table->spec));
	if (table->why)
		return true;
	if (!table->type->print || !table->type->print(own, domain, print))
		return false;
	/* Patterns are not asked for parts of addresses. */
	if (!table->type->chain && !table->pattern)
		table_print_domain(own, domain, print);
	return true;
}

void
table_shadowed(const struct table *table, table_shadowed_fn *each,
    void *self)
{
	if (!table->why && table->type->shadowed)
		table->type->shadowed(table, each, self);
}

bool
table_next(const struct table *table, size_t *at, struct str *key,
    struct table_answer *answer)
{
	if (table->why || !table->type->next)
		return false;
	*answer = (struct table_answer){.value = {"", 0}};
	return table->type->next(table, at, key, answer);
}

bool
table_braced(struct str s, struct str *inside)
{
	size_t i, level = 0;

	if (s.len < 2 || s.s[0] != '{')
		return false;
	for (i = 0; i < s.len; i++) {
		if (s.s[i] == '{')
			level++;
		else if (s.s[i] == '}' && !--level)
			break;
	}
	*inside = (struct str){s.s + 1, s.len - 2};
	return i == s.len - 1;
}

/* {{rule}, {rule}}: each a line of its own. */
static bool
source_inline(struct table *table)
{
	struct arena *a = table->tables->arena;
	struct buf b = BUF_INIT;
	struct str rest, item, rule;
	bool ok = table_braced(table->name, &rest);

	while (ok && value_item(&rest, &item)) {
		ok = table_braced(item, &rule);
		if (!ok)
			break;
		rule = text_trim(rule);
		buf_add(&b, rule.s, rule.len);
		buf_addch(&b, '\n');
	}
	table->source.text = (struct str){arena_strndup(a, b.s, b.len), b.len};
	buf_release(&b);
	if (!ok)
		table_break(table, TABLE_RETRY, arena_printf(a,
		    "\"%.*s\" is not written %s:{{rule} ...}",
		    STR_ARG(table->spec), table->type->name));
	return ok;
}

bool
table_source(struct table *table)
{
	const struct table_world *world = table->tables->world;

	if (table->name.s[0] == '{')
		return source_inline(table);
	if (table->name.s[0] == '/' && world->file &&
	    world->file(world->self, table->name, &table->source))
		return true;
	table_break(table, TABLE_UNKNOWN, arena_printf(table->tables->arena,
	    "the file %.*s is not part of the tree", STR_ARG(table->name)));
	return false;
}
