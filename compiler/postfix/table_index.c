/*
 * Tables that are files of keys. hash, btree, cdb, lmdb and dbm are read
 * from the text that postmap(1) makes them of: the first of two equal keys
 * counts. texthash reads the same text when a program starts, and refuses a
 * file that has a key twice. An entry costs four bytes and its slot in the
 * index: keys and values stay in the source, and only an entry of several
 * lines is copied, as one line, behind the offset that it had.
 */
#include "postfix/table_inside.h"

#include <stdlib.h>

struct entries {
	struct str text;
	struct buf joined;	/* offset in text (4 bytes), line, \n */
	uint32_t *start;	/* of each line: in text, or behind it */
	size_t n, cap;
	struct index index;
	bool fold;		/* letter case of keys does not count */
	bool lower;		/* keys are stored in lower case */
	size_t wide;		/* keys that are not ASCII */
	bool aliases;		/* a key ends in ":" */
	bool bare;		/* a key is no full address */
	bool domains_known;
	struct map domains;	/* of user@domain */
};

/* What Postfix reads from a line; false: it ignores the line. */
static bool
entry_part(struct str line, struct str *key, struct str *value)
{
	size_t end;

	if (!table_key_end(line, false, &end))
		return false;
	*key = (struct str){line.s, end};
	*value = text_trim(str_from(line, end));
	return end && value->len;
}

/* The line of an entry, and where it stands in the source. */
static struct str
entry_line(const struct entries *e, uint32_t position, size_t *offset)
{
	size_t start = e->start[position];
	struct str line;
	uint32_t at;

	if (start < e->text.len) {
		line = str_from(e->text, start);
		*offset = start;
	} else {
		start -= e->text.len;
		memcpy(&at, e->joined.s + start, sizeof(at));
		line = (struct str){e->joined.s + start + sizeof(at),
		    e->joined.len - start - sizeof(at)};
		*offset = at;
	}
	line.len = str_find(line, '\n');
	return line;
}

static struct str
entry_key(const struct entries *e, uint32_t position)
{
	size_t offset, end;
	struct str line = entry_line(e, position, &offset);

	table_key_end(line, false, &end);
	return (struct str){line.s, end};
}

static uint32_t
key_hash(const struct entries *e, struct str key)
{
	return e->fold || e->lower ? str_hash_fold(key) : str_hash(key);
}

static uint32_t
hash_of(const void *array, uint32_t position)
{
	const struct entries *e = array;

	return key_hash(e, entry_key(e, position));
}

static bool
is_key(const void *array, uint32_t position, const void *sought)
{
	const struct entries *e = array;
	const struct str key = *(const struct str *)sought;
	size_t offset, end;
	struct str line = entry_line(e, position, &offset);
	struct str start = {line.s, key.len};

	/* An entry that does not start with it is another one. */
	if (line.len < key.len || !(e->fold || e->lower ?
	    str_eq_fold(start, key) : str_eq(start, key)))
		return false;
	table_key_end(line, false, &end);
	return end == key.len;
}

static void
start_add(struct entries *e, size_t start)
{
	if (e->n == e->cap) {
		e->cap = e->cap ? e->cap * 2 : 64;
		e->start = xrealloc(e->start,
		    mul_or_die(e->cap, sizeof(*e->start)));
	}
	e->start[e->n++] = (uint32_t)start;
}

/* Keep a line that is no slice of the source; where it starts. */
static size_t
join(struct entries *e, const struct source_line *line)
{
	size_t start = e->text.len + e->joined.len;
	uint32_t at = (uint32_t)line->offset;
	char bytes[sizeof(at)];

	memcpy(bytes, &at, sizeof(at));
	buf_add(&e->joined, bytes, sizeof(at));
	buf_add(&e->joined, line->text.s, line->text.len);
	buf_addch(&e->joined, '\n');
	return start;
}

/* Note a line; false: its key was there before. */
static bool
entry_add(struct entries *e, const struct source_line *line, struct str key,
    bool cut)
{
	uint32_t hash = key_hash(e, key);
	bool first;

	first = index_find(&e->index, hash, is_key, e, &key) == INDEX_NONE;
	start_add(e, line->joined || cut ? join(e, line) : line->offset);
	if (first)
		index_add(&e->index, hash, (uint32_t)(e->n - 1), hash_of, e);
	e->wide += !text_is_ascii(key);
	e->aliases |= key.s[key.len - 1] == ':';
	return first;
}

static size_t
count_lines(struct str text)
{
	size_t n = 1;
	const char *p = text.s, *end = text.s + text.len;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		p++;
		n++;
	}
	return n;
}

/* "name: value" of aliases(5); false: the line is none. */
static bool
alias_part(struct str line, struct str *name, struct str *value)
{
	bool quoted = line.s[0] == '"';
	size_t end = quoted;

	while (end < line.len && (quoted ? line.s[end] != '"' :
	    !strchr(": \t@", line.s[end])))
		end++;
	*name = (struct str){line.s + quoted, end - quoted};
	*value = text_skip_space(str_from(line, end + (quoted &&
	    end < line.len)));
	if (!name->len || !value->len || value->s[0] != ':')
		return false;
	*value = text_trim(str_from(*value, 1));
	return value->len != 0;
}

/*
 * Whether a source is for postalias(1) rather than postmap(1): each line has
 * a name and a colon, and one of them a blank behind it, as no address or
 * fingerprint with colons in it does.
 */
static bool
is_for_postalias(struct str text)
{
	struct source_line line;
	struct buf b = BUF_INIT;
	struct str name, value;
	size_t at = 0;
	bool all = true, blank = false;

	while (all && source_line_next(text, &at, &b, &line)) {
		all = alias_part(line.text, &name, &value);
		blank |= all && strchr(" \t", value.s[-1]);
	}
	buf_release(&b);
	return all && blank;
}

/* The line as postmap(1) would have it. */
static void
turn_alias(struct source_line *line, struct str name, struct str value,
    struct buf *b)
{
	buf_clear(b);
	buf_printf(b, "%.*s %.*s", STR_ARG(name), STR_ARG(value));
	line->text = (struct str){b->s, b->len};
	line->joined = true;
}

static void
entries_read(struct table *table, bool once)
{
	struct entries *e = table->state;
	bool aliases = e->lower && is_for_postalias(e->text);
	struct source_line line;
	struct buf b = BUF_INIT, turned = BUF_INIT;
	struct str key, value;
	size_t at = 0;

	index_reserve(&e->index, count_lines(e->text));

	while (source_line_next(e->text, &at, &b, &line)) {
		bool cut = !line.joined && line.offset + line.text.len <
		    e->text.len && line.text.s[line.text.len] == '\0';

		if (table->tables->utf8 && !table_text_ok(line.text))
			continue;
		if (aliases && alias_part(line.text, &key, &value))
			turn_alias(&line, key, value, &turned);
		if (!entry_part(line.text, &key, &value))
			continue;
		if (e->text.len + e->joined.len + line.text.len >=
		    UINT32_MAX - 64) {
			table_break(table, TABLE_UNKNOWN,
			    "a table of more than 4 GiB is not read");
			break;
		}
		if (!entry_add(e, &line, key, cut) && once && !table->why)
			table_break(table, TABLE_RETRY, arena_printf(
			    table->tables->arena, "%.*s has the key %.*s "
			    "twice, and Postfix refuses such a file",
			    STR_ARG(table->spec), STR_ARG(key)));
	}
	buf_release(&turned);
	buf_release(&b);
}

static void
open_file(struct table *table, bool built, bool once)
{
	struct entries *e;

	if (!table_source(table))
		return;
	e = ARENA_NEW(table->tables->arena, struct entries);
	e->text = table->source.text;
	e->fold = table->fold;
	e->lower = built;
	buf_init(&e->joined);
	index_init(&e->index);
	map_init_fold(&e->domains);
	table->state = e;
	entries_read(table, once);
}

static void
indexed_open(struct table *table)
{
	open_file(table, true, false);
}

static void
texthash_open(struct table *table)
{
	open_file(table, false, true);
}

static void
entries_release(struct table *table)
{
	struct entries *e = table->state;

	free(e->start);
	buf_release(&e->joined);
	index_release(&e->index);
	map_release(&e->domains);
}

static void
answer_from(const struct table *table, const struct entries *e,
    uint32_t position, struct table_answer *answer)
{
	struct str line = entry_line(e, position, &answer->offset);
	struct str key;

	entry_part(line, &key, &answer->value);
	answer->owner = table->source.owner;
}

static bool
has_capital(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (s.s[i] >= 'A' && s.s[i] <= 'Z')
			return true;
	return false;
}

/* What a key that was not found may be after all. */
static enum table_result
not_found(const struct entries *e, struct str key, struct arena *a,
    struct table_answer *answer)
{
	struct str alias = {NULL, key.len + 1};
	char *copy;

	if (!e->aliases || !e->lower)
		return TABLE_NONE;
	copy = arena_strndup(a, key.s, key.len);
	copy[key.len] = ':';
	alias.s = copy;
	if (index_find(&e->index, key_hash(e, alias), is_key, e, &alias) ==
	    INDEX_NONE)
		return TABLE_NONE;
	answer->why = "the source is written as aliases(5)";
	return TABLE_UNKNOWN;
}

static enum table_result
entries_get(struct table *table, struct str key, struct arena *a,
    struct table_answer *answer)
{
	const struct entries *e = table->state;
	bool wide = table->tables->utf8 && !text_is_ascii(key);
	uint32_t position = INDEX_NONE;

	/* Keys were folded when the table was built; this one is not. */
	if (e->fold || !e->lower || !has_capital(key))
		position = index_find(&e->index, key_hash(e, key), is_key, e,
		    &key);
	if (wide && e->wide > (position != INDEX_NONE))
		return table_wide(answer);
	if (position == INDEX_NONE)
		return not_found(e, key, a, answer);
	answer_from(table, e, position, answer);
	return TABLE_FOUND;
}

/* Which domains have addresses in the table: found out when first asked. */
static void
domains_read(struct entries *e)
{
	size_t i;

	for (i = 0; i < e->n; i++) {
		struct str key = entry_key(e, (uint32_t)i);
		size_t at = key.len;

		while (at && key.s[at - 1] != '@')
			at--;
		if (!at || at == key.len)
			e->bare = true;
		else if (at > 1)
			map_add(&e->domains, str_from(key, at), e);
	}
	e->domains_known = true;
}

static bool
entries_tell(struct table *table, struct str domain)
{
	struct entries *e = table->state;

	if (!e->domains_known)
		domains_read(e);
	return domain.len ? map_get(&e->domains, domain) != NULL : e->bare;
}

static bool
entries_next(const struct table *table, size_t *at, struct str *key,
    struct table_answer *answer)
{
	const struct entries *e = table->state;

	if (*at >= e->n)
		return false;
	*key = entry_key(e, (uint32_t)*at);
	answer_from(table, e, (uint32_t)*at, answer);
	++*at;
	return true;
}

const struct table_type table_indexed = {
	.name = "indexed",
	.open = indexed_open,
	.get = entries_get,
	.tells = entries_tell,
	.print = table_print_keys,
	.next = entries_next,
	.release = entries_release,
};

const struct table_type table_texthash = {
	.name = "texthash",
	.open = texthash_open,
	.get = entries_get,
	.tells = entries_tell,
	.print = table_print_keys,
	.next = entries_next,
	.release = entries_release,
};
