/*
 * signing_table and key_table, which rspamd has from OpenDKIM: patterns of
 * header addresses, each with the name of a key; patterns of such names, each
 * with "domain:selector:path". A pattern matches anywhere in what is looked
 * up, not only all of it: in rspamd nothing anchors it.
 */
#include "flow/sign_inside.h"

/* The place and lines of a table. */
struct lines {
	const struct value *list;	/* NULL: text is a file's */
	uint32_t i;
	struct str text;
	const struct value *at;
};

/* Positions of a pattern that what was read so far leads to. */
static void
step_over(const struct str *pattern, bool *reached)
{
	size_t i;

	/* Stars and question marks may stand for nothing. */
	for (i = 0; i < pattern->len; i++)
		if (reached[i] && strchr("*?", pattern->s[i]))
			reached[i + 1] = true;
}

static bool
pattern_matches(struct str pattern, struct str s, struct arena *a)
{
	bool *now = ARENA_ARRAY(a, bool, pattern.len + 1);
	bool *then = ARENA_ARRAY(a, bool, pattern.len + 1), *other;
	size_t i, p;

	for (i = 0;; i++) {
		now[0] = true;	/* it may begin anywhere */
		step_over(&pattern, now);
		if (now[pattern.len])
			return true;
		if (i == s.len)
			return false;
		memset(then, 0, pattern.len + 1);
		for (p = 0; p < pattern.len; p++) {
			char c = pattern.s[p];

			if (!now[p])
				continue;
			if (c == '*' || c == '+')
				then[p] = true;
			if (c == '?' || c == '+' || c == s.s[i])
				then[p + 1] = true;
		}
		other = now;
		now = then;
		then = other;
	}
}

/* A byte that rspamd does not take for itself. */
static bool
is_odd(struct str pattern)
{
	size_t i;

	if (pattern.len && (*pattern.s == '/' || *pattern.s == '"'))
		return true;
	for (i = 0; i < pattern.len; i++)
		if ((unsigned char)pattern.s[i] >= 0x7f)
			return true;
	return false;
}

static bool
open_lines(struct signing *d, const struct value *table, struct lines *lines)
{
	const struct table_world *world = d->s->host.world;
	struct table_source source;

	*lines = (struct lines){.at = table};
	if (table->kind == VALUE_LIST && table->len &&
	    table->u.item->kind == VALUE_STRING &&
	    !strchr("/h", *table->u.item->u.s)) {
		lines->list = table;
		return true;
	}
	if (table->kind != VALUE_STRING || *table->u.s != '/' ||
	    !world->file(world->self, value_str(table), &source))
		return sign_unknown(d, table,
		    "what the tables of signing have is not known here");
	lines->text = source.text;
	return true;
}

static bool
next_entry(struct lines *lines, struct str *key, struct str *value)
{
	struct str line;

	if (!lines->list) {
		if (!sign_next_line(&lines->text, &line))
			return false;
		sign_split_line(line, key, value);
		return true;
	}
	if (lines->i == lines->list->len)
		return false;
	lines->at = &lines->list->u.item[lines->i++];
	line = (struct str){0};
	if (lines->at->kind == VALUE_STRING)
		line = value_str(lines->at);
	sign_split_line(line, key, value);
	return true;
}

/*
 * What a table has for a key: false where that cannot be told. With more
 * than one pattern that matches, rspamd's compiler of them chooses.
 */
static bool
look_up(struct signing *d, const char *name, struct str sought,
    struct str *found, const struct value **at)
{
	struct lines lines;
	struct str key, value;

	*found = (struct str){0};
	if (!open_lines(d, sign_option(d, name), &lines))
		return false;
	while (next_entry(&lines, &key, &value)) {
		if (!key.len)
			continue;
		if (is_odd(key))
			return sign_unknown(d, lines.at, arena_printf(
			    d->arena, "a pattern in %s", name));
		if (!pattern_matches(key, sought, d->arena))
			continue;
		if (found->s && !str_eq(*found, value))
			return sign_unknown(d, lines.at, arena_printf(
			    d->arena, "more than one pattern of %s matches",
			    name));
		*found = value;
		*at = lines.at;
	}
	return true;
}

/* "%" in an entry stands for the domain of From. */
static struct str
fill_in_header(const struct signing *d, struct str s)
{
	char *out = arena_bytes(d->arena, s.len * (d->header.len + 1) + 1);
	size_t i, len = 0;

	for (i = 0; i < s.len; i++) {
		if (s.s[i] != '%') {
			out[len++] = s.s[i];
			continue;
		}
		memcpy(out + len, d->header.s, d->header.len);
		len += d->header.len;
	}
	out[len] = '\0';
	return (struct str){out, len};
}

static bool
sign_by_entry(struct signing *d, struct str entry, const struct value *at)
{
	const struct value *selector = sign_option(d, "selector");
	struct str part[4];
	size_t n = 0;

	for (;;) {
		size_t len = str_find(entry, ':');

		part[n++] = (struct str){entry.s, len};
		if (len == entry.len || n == 4)
			break;
		entry.s += len + 1;
		entry.len -= len + 1;
	}
	if (n != 2 && n != 3)
		return sign_no(d, at, "an entry of key_table that rspamd "
		    "cannot read");
	if (n == 2 && selector->kind != VALUE_STRING)
		return sign_unknown(d, selector, "the selector is no string");
	d->domain = fill_in_header(d, part[0]);
	return sign_with_key(d, n == 3 ? part[1] : value_str(selector),
	    fill_in_header(d, part[n - 1]), at);
}

bool
sign_by_tables(struct signing *d)
{
	const struct sign_message *m = d->message;
	const struct value *at = sign_option(d, "signing_table");
	struct str from, name, entry;

	if (!d->by_network && !d->by_login &&
	    !(d->is_local && sign_is_on(d, "sign_local")))
		return sign_no(d, at, "sign_inbound does not count where "
		    "there is a signing_table");
	if (!m->nfrom || !d->header.s)
		return sign_no(d, at, "signing_table, and there is no From");
	/* 3.4 compares letters as they are. */
	from = d->s->host.release == RSPAMD_3_4 ? m->from[0] :
	    sign_lower(m->from[0], d->arena);
	if (!look_up(d, "signing_table", from, &name, &at))
		return false;
	if (!name.s)
		return sign_no(d, at, arena_printf(d->arena,
		    "signing_table does not have %.*s", STR_ARG(from)));
	if (str_eq(name, STR("%")))
		name = d->header;
	if (!look_up(d, "key_table", name, &entry, &at))
		return false;
	if (!entry.s)
		return sign_no(d, at, arena_printf(d->arena,
		    "key_table does not have %.*s", STR_ARG(name)));
	return sign_by_entry(d, entry, at);
}
