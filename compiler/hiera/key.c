/*
 * Lookup keys: segments between dots, each bare or wholly quoted, and the
 * digging into a found value. The rules are those of Puppet's SubLookup,
 * accidents included; where Ruby would crash there is a finding.
 */
#include "hiera/inside.h"

#include <stdlib.h>

static bool
is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == '\0';
}

static struct str
strip(struct str s)
{
	while (s.len && is_blank(s.s[s.len - 1]))
		s.len--;
	while (s.len && is_blank(s.s[0]) && s.s[0]) {
		s.s++;
		s.len--;
	}
	return s;
}

/* (:?[+-]?[0-9]+) and nothing else */
static bool
is_integer(struct str s)
{
	size_t i = 0;

	i += i < s.len && s.s[i] == ':';
	i += i < s.len && (s.s[i] == '+' || s.s[i] == '-');
	if (i == s.len)
		return false;
	for (; i < s.len; i++)
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
	return true;
}

static struct segment
bare_segment(struct arena *a, struct str s)
{
	struct segment segment = {
		.key = value_string(a, s, ORIGIN_NONE),
	};

	if (is_integer(s)) {
		segment.is_number = true;
		segment.key.kind = VALUE_INT;
		segment.key.len = 0;
		/* Ruby's to_i stops at the colon. */
		segment.key.u.i = s.s[0] == ':' ? 0 :
		    strtoll(segment.key.u.s, NULL, 10);
	}
	return segment;
}

/* The end of a quoted text that begins at i, or 0. */
static size_t
quoted_end(struct str s, size_t i)
{
	const char *end;

	if (i >= s.len || (s.s[i] != '"' && s.s[i] != '\''))
		return 0;
	end = memchr(s.s + i + 1, s.s[i], s.len - i - 1);
	return end && end > s.s + i + 1 ? (size_t)(end - s.s) + 1 : 0;
}

/* One segment from *i on; false: none can be read there. */
static bool
next_segment(struct arena *a, struct str s, size_t *i, struct segment *to)
{
	size_t from = *i, end;

	while (*i < s.len && is_blank(s.s[*i]))
		++*i;
	end = quoted_end(s, *i);
	if (end) {
		*to = (struct segment){.key = value_string(a,
		    (struct str){s.s + *i + 1, end - *i - 2}, ORIGIN_NONE)};
		*i = end;
		while (*i < s.len && is_blank(s.s[*i]))
			++*i;
		return true;
	}
	*i = from;
	while (*i < s.len && !strchr("'\".", s.s[*i]))
		++*i;
	if (*i == from)
		return false;
	*to = bare_segment(a, strip((struct str){s.s + from, *i - from}));
	return true;
}

bool
key_split(struct arena *a, struct str text, struct key *key)
{
	size_t i, dots = 0;

	*key = (struct key){.text = text};
	for (i = 0; i < text.len; i++)
		dots += text.s[i] == '.';
	key->segment = ARENA_ARRAY(a, struct segment, dots + 1);
	if (!memchr(text.s, '\'', text.len) && !memchr(text.s, '"', text.len) &&
	    !dots) {
		key->segment[0].key = value_string(a, text, ORIGIN_NONE);
		key->n = 1;
	} else {
		for (i = 0;;) {
			if (key->n > dots || !next_segment(a, text, &i,
			    &key->segment[key->n]))
				return false;
			key->n++;
			if (i == text.len)
				break;
			if (text.s[i++] != '.')
				return false;
		}
	}
	if (!key->segment[0].is_number) {
		struct str root = key_root(key);
		const char *colons = memmem(root.s, root.len, "::", 2);

		if (colons)
			key->module = (struct str){root.s,
			    (size_t)(colons - root.s)};
	}
	return true;
}

struct str
key_root(const struct key *key)
{
	return value_str(&key->segment[0].key);
}

static const char *
segment_text(struct lookup *l, const struct segment *segment)
{
	if (segment->is_number)
		return arena_printf(l->hiera->arena, "%lld",
		    (long long)segment->key.u.i);
	return segment->key.u.s;
}

static enum hiera_result
dig_one(struct lookup *l, const struct key *key,
    const struct segment *segment, struct origin at, struct value *v)
{
	const struct pair *pair;

	if (v->kind == VALUE_NULL)
		return HIERA_NOT_FOUND;
	if (v->kind == VALUE_LIST && segment->is_number) {
		if (segment->key.u.i < 0 || segment->key.u.i >= v->len)
			return HIERA_NOT_FOUND;
		*v = v->u.item[segment->key.u.i];
		return HIERA_FOUND;
	}
	if (v->kind != VALUE_HASH) {
		diag_add(l->hiera->diag, FINDING_HIERA_KEY,
		    v->line ? value_origin(v) : at, "the key '%.*s' wants "
		    "'%s' of %s, and only a hash has members",
		    STR_ARG(key->text), segment_text(l, segment),
		    value_kind_name(v));
		return HIERA_ERROR;
	}
	pair = value_find_key(v, &segment->key);
	if (!pair)
		return HIERA_NOT_FOUND;
	*v = pair->value;
	return HIERA_FOUND;
}

enum hiera_result
key_dig(struct lookup *l, const struct key *key, struct origin at,
    struct value *v)
{
	uint32_t i;

	for (i = 1; i < key->n; i++) {
		enum hiera_result result = dig_one(l, key, &key->segment[i],
		    at, v);

		if (result != HIERA_FOUND)
			return result;
	}
	return HIERA_FOUND;
}
