/*
 * A filter is parsed as libldap does it, which is a little wider than RFC
 * 4515: a comparison may stand without parentheses, and blanks between
 * parts do not count. Values are bytes; ASCII letters are folded and runs of
 * spaces are one space, at both ends of a value none. There is no schema: an
 * attribute that an entry does not have makes a comparison false and its
 * negation true, and a piece between asterisks keeps the blanks at its ends,
 * which slapd drops where the attribute is an IA5 string.
 */
#include "tree/filter.h"

#include "base/die.h"

#include <stdlib.h>

enum filter_kind {
	FILTER_AND, FILTER_OR, FILTER_NOT,
	FILTER_EQUAL, FILTER_SUBSTRINGS, FILTER_PRESENT,
	FILTER_GREATER, FILTER_LESS, FILTER_APPROX,
};

struct filter {
	enum filter_kind kind;
	struct filter *part;		/* of and, or, not: the first */
	struct filter *next;		/* in what this is a part of */
	struct str attribute;		/* without options */
	struct str value;		/* decoded; of substrings: unused */
	struct str *piece;		/* between the asterisks */
	size_t npiece;
};

enum { DEEPEST = 100 };

struct filter_reader {
	struct arena *arena;
	struct str s;
	size_t at;
	unsigned depth;
	const char *why;
};

static char
peek(const struct filter_reader *r)
{
	return r->at < r->s.len ? r->s.s[r->at] : '\0';
}

static void
skip_spaces(struct filter_reader *r)
{
	while (peek(r) == ' ')
		r->at++;
}

static struct filter *
wrong(struct filter_reader *r, const char *why)
{
	if (!r->why)
		r->why = arena_printf(r->arena, "%s, at character %zu", why,
		    r->at + 1);
	return NULL;
}

static struct filter *filter_read(struct filter_reader *r);

/* What follows "&", "|" or "!" up to the closing parenthesis. */
static struct filter *
read_parts(struct filter_reader *r, enum filter_kind kind)
{
	struct filter *f = ARENA_NEW(r->arena, struct filter);
	struct filter **end = &f->part;
	size_t n = 0;

	f->kind = kind;
	r->at++;
	for (skip_spaces(r); peek(r) == '('; skip_spaces(r), n++) {
		*end = filter_read(r);
		if (!*end)
			return NULL;
		end = &(*end)->next;
	}
	if (kind == FILTER_NOT && n != 1)
		return wrong(r, "\"!\" takes one filter in parentheses");
	return f;
}

static int
hex_digit(char c)
{
	unsigned char low = ascii_lower((unsigned char)c);

	if (c >= '0' && c <= '9')
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* Decode \2a, and \* as RFC 1960 had it; false: broken. */
static bool
unescape(struct filter_reader *r, struct str s, struct str *out)
{
	char *to = arena_bytes(r->arena, s.len + 1);
	size_t i, n = 0;

	for (i = 0; i < s.len; i++) {
		char c = s.s[i];

		if (c == '\\' && i + 1 < s.len &&
		    strchr("()*\\", s.s[i + 1]) && s.s[i + 1]) {
			c = s.s[++i];
		} else if (c == '\\') {
			int high = i + 2 < s.len ? hex_digit(s.s[i + 1]) : -1;
			int low = high < 0 ? -1 : hex_digit(s.s[i + 2]);

			if (low < 0) {
				wrong(r, "\"\\\" is not followed by two "
				    "hexadecimal digits");
				return false;
			}
			c = (char)(high << 4 | low);
			i += 2;
		} else if (c == '(' || c == '*' || c == '\0') {
			wrong(r, "a character that is written \\28, \\2a or "
			    "\\00 in a value");
			return false;
		}
		to[n++] = c;
	}
	to[n] = '\0';
	*out = (struct str){to, n};
	return true;
}

/* The length of the next piece: to an asterisk that is no escaped one. */
static size_t
piece_length(struct str s)
{
	size_t i;

	for (i = 0; i < s.len && s.s[i] != '*'; i++)
		if (s.s[i] == '\\' && i + 1 < s.len)
			i++;
	return i;
}

static struct filter *
read_pieces(struct filter_reader *r, struct filter *f, struct str value)
{
	struct str rest = value;
	size_t len, n = 1;

	for (len = 0; len < value.len; len++)
		n += value.s[len] == '*';
	f->kind = FILTER_SUBSTRINGS;
	f->piece = ARENA_ARRAY(r->arena, struct str, n);
	for (;;) {
		len = piece_length(rest);
		if (!unescape(r, (struct str){rest.s, len},
		    &f->piece[f->npiece++]))
			return NULL;
		if (len == rest.len)
			return f;
		rest.s += len + 1;
		rest.len -= len + 1;
	}
}

static bool
is_attribute(struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		unsigned char c = ascii_lower((unsigned char)s.s[i]);

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
		    c == '-' || c == '.' || c == ';'))
			return false;
	}
	return s.len && s.s[0] != '-' && s.s[0] != ';' && s.s[0] != '.';
}

/* attribute=value and its like, up to an unescaped parenthesis. */
static struct filter *
read_item(struct filter_reader *r)
{
	struct filter *f = ARENA_NEW(r->arena, struct filter);
	struct str item = {r->s.s + r->at, 0}, name, value;
	size_t equal;

	while (r->at + item.len < r->s.len && item.s[item.len] != ')')
		item.len += item.s[item.len] == '\\' &&
		    r->at + item.len + 1 < r->s.len ? 2 : 1;
	equal = str_find(item, '=');
	if (equal == item.len)
		return wrong(r, "a comparison without \"=\"");
	name = (struct str){item.s, equal};
	value = (struct str){item.s + equal + 1, item.len - equal - 1};
	f->kind = FILTER_EQUAL;
	if (equal && name.s[equal - 1] == ':')
		return wrong(r, "extensible matches are not evaluated here");
	if (equal && strchr("<>~", name.s[equal - 1]) && name.s[equal - 1]) {
		f->kind = name.s[equal - 1] == '<' ? FILTER_LESS :
		    name.s[equal - 1] == '>' ? FILTER_GREATER : FILTER_APPROX;
		name.len--;
	}
	if (!is_attribute(name))
		return wrong(r, "this is no name of an attribute");
	f->attribute = (struct str){arena_strndup(r->arena, name.s, name.len),
	    str_find(name, ';')};
	if (f->kind == FILTER_EQUAL && str_eq(value, STR("*")))
		f->kind = FILTER_PRESENT;
	else if (f->kind == FILTER_EQUAL && piece_length(value) < value.len)
		f = read_pieces(r, f, value);
	else if (!unescape(r, value, &f->value))
		f = NULL;
	if (f)
		r->at += item.len;
	return f;
}

/* One filter in parentheses. */
static struct filter *
filter_read(struct filter_reader *r)
{
	struct filter *f;

	r->at++;
	if (++r->depth > DEEPEST)
		return wrong(r, "parentheses within parentheses too deep");
	skip_spaces(r);
	switch (peek(r)) {
	case '&':
		f = read_parts(r, FILTER_AND);
		break;
	case '|':
		f = read_parts(r, FILTER_OR);
		break;
	case '!':
		f = read_parts(r, FILTER_NOT);
		break;
	default:
		f = read_item(r);
	}
	r->depth--;
	if (!f)
		return NULL;
	if (peek(r) != ')')
		return wrong(r, "a \")\" is missing");
	r->at++;
	return f;
}

struct filter *
filter_parse(struct arena *a, struct str text, const char **why)
{
	struct filter_reader r = {.arena = a, .s = text};
	struct filter *f;

	skip_spaces(&r);
	f = peek(&r) == '(' ? filter_read(&r) : read_item(&r);
	skip_spaces(&r);
	if (f && r.at != text.len)
		f = wrong(&r, "text follows the filter");
	*why = r.why;
	return f;
}

void
filter_each_value(struct filter *f, void (*each)(void *self,
    struct str *value), void *self)
{
	struct filter *part;
	size_t i;

	for (part = f->part; part; part = part->next)
		filter_each_value(part, each, self);
	for (i = 0; i < f->npiece; i++)
		each(self, &f->piece[i]);
	if (f->value.s)
		each(self, &f->value);
}

/* A value as it is compared, a character at a time. */
struct reading {
	struct str s;
	size_t at;
};

/* The next character, -1 at the end; a run of spaces is one. */
static int
next_char(struct reading *r)
{
	unsigned char c;

	if (r->at >= r->s.len)
		return -1;
	c = (unsigned char)r->s.s[r->at++];
	if (c == ' ')
		while (r->at < r->s.len && r->s.s[r->at] == ' ')
			r->at++;
	return ascii_lower(c);
}

static struct str
trim_spaces(struct str s)
{
	while (s.len && s.s[s.len - 1] == ' ')
		s.len--;
	while (s.len && s.s[0] == ' ') {
		s.s++;
		s.len--;
	}
	return s;
}

int
filter_compare(struct str a, struct str b)
{
	struct reading left = {.s = trim_spaces(a)};
	struct reading right = {.s = trim_spaces(b)};
	int l, r;

	do {
		l = next_char(&left);
		r = next_char(&right);
	} while (l == r && l >= 0);
	return (l > r) - (l < r);
}

uint32_t
filter_hash(struct str value)
{
	struct reading r = {.s = trim_spaces(value)};
	uint32_t h = 2166136261u;
	int c;

	while ((c = next_char(&r)) >= 0)
		h = (h ^ (uint32_t)c) * 16777619u;
	return h ^ h >> 15;
}

/* Whether the piece stands at r; r moves behind it. */
static bool
piece_at(struct reading *r, struct str piece)
{
	struct reading p = {.s = piece}, from = *r;
	int c;

	while ((c = next_char(&p)) >= 0)
		if (next_char(&from) != c)
			return false;
	*r = from;
	return true;
}

static bool
piece_after(struct reading *r, struct str piece)
{
	for (;;) {
		if (piece_at(r, piece))
			return true;
		if (next_char(r) < 0)
			return false;
	}
}

/* Whether the value, from r on, ends with the piece. */
static bool
piece_ends(struct reading r, struct str piece)
{
	do {
		struct reading end = r;

		if (piece_at(&end, piece) && end.at >= end.s.len)
			return true;
	} while (next_char(&r) >= 0);
	return false;
}

static bool
has_pieces(const struct filter *f, struct str value)
{
	struct reading r = {.s = trim_spaces(value)};
	size_t i, last = f->npiece - 1;

	if (!piece_at(&r, f->piece[0]))
		return false;
	for (i = 1; i < last; i++)
		if (!piece_after(&r, f->piece[i]))
			return false;
	return piece_ends(r, f->piece[last]);
}

/* Digits with an optional "-", and no zeros in front of others. */
static bool
is_number(struct str s)
{
	size_t i = s.len && s.s[0] == '-';

	if (i == s.len || s.len > 18 || (s.s[i] == '0' && s.len > 1))
		return false;
	for (; i < s.len; i++)
		if (s.s[i] < '0' || s.s[i] > '9')
			return false;
	return true;
}

/* Whether a value is as large as b, or (less) as small. */
static bool
is_in_order(struct str a, struct str b, bool less)
{
	long long l, r;
	int order;

	if (!is_number(a)) {
		order = filter_compare(a, b);
	} else {
		if (!is_number(b))
			return false;
		l = strtoll(a.s, NULL, 10);
		r = strtoll(b.s, NULL, 10);
		order = (l > r) - (l < r);
	}
	return less ? order <= 0 : order >= 0;
}

static bool
value_matches(const struct filter *f, struct str value)
{
	switch (f->kind) {
	case FILTER_PRESENT:
		return true;
	case FILTER_EQUAL:
	case FILTER_APPROX:
		return !filter_compare(value, f->value);
	case FILTER_SUBSTRINGS:
		return has_pieces(f, value);
	case FILTER_GREATER:
		return is_in_order(value, f->value, false);
	case FILTER_LESS:
		return is_in_order(value, f->value, true);
	case FILTER_AND:
	case FILTER_OR:
	case FILTER_NOT:
		break;
	}
	BUG("a filter of filters compares no value");
}

static bool
item_matches(const struct filter *f, const struct ldif_entry *entry)
{
	uint32_t i;

	/* Each entry has a class, whether or not it was fetched. */
	if (f->kind == FILTER_PRESENT &&
	    str_eq_fold(f->attribute, STR("objectClass")))
		return true;
	for (i = 0; i < entry->n; i++)
		if (str_eq_fold(text_str(entry->attribute[i].name),
		    f->attribute) &&
		    value_matches(f, text_str(entry->attribute[i].value)))
			return true;
	return false;
}

bool
filter_matches(const struct filter *f, const struct ldif_entry *entry)
{
	const struct filter *part;

	switch (f->kind) {
	case FILTER_AND:
		for (part = f->part; part; part = part->next)
			if (!filter_matches(part, entry))
				return false;
		return true;
	case FILTER_OR:
		for (part = f->part; part; part = part->next)
			if (filter_matches(part, entry))
				return true;
		return false;
	case FILTER_NOT:
		return !filter_matches(f->part, entry);
	case FILTER_EQUAL: case FILTER_SUBSTRINGS: case FILTER_PRESENT:
	case FILTER_GREATER: case FILTER_LESS: case FILTER_APPROX:
		break;
	}
	return item_matches(f, entry);
}

bool
filter_equality(const struct filter *f, struct str *attribute,
    struct str *value)
{
	const struct filter *part;
	bool found = false;

	if (f->kind == FILTER_EQUAL) {
		*attribute = f->attribute;
		*value = f->value;
		return true;
	}
	if (f->kind != FILTER_AND)
		return false;
	/* The class says little; any other attribute says more. */
	for (part = f->part; part; part = part->next)
		if (filter_equality(part, attribute, value)) {
			found = true;
			if (!str_eq_fold(*attribute, STR("objectClass")))
				break;
		}
	return found;
}
