/*
 * Psych's typing, tried in its order (psych/scalar_scanner.rb, 4.0); the
 * regular expressions there are written out as small matchers here. Its `^`
 * and `$` match at every line, so that a plain scalar with line breaks in it
 * can still be a boolean.
 */
#include "tree/yaml_number.h"

#include <math.h>

enum { SHORT_STRING = 5 };	/* Psych looks for words up to this length */

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static struct str
rest(struct str s, size_t i)
{
	return (struct str){s.s + i, s.len - i};
}

static bool
is_word(struct str s, const char *word)
{
	return str_eq_fold(s, str_of(word));
}

static void
set_string(struct value *v, struct str s)
{
	v->kind = VALUE_STRING;
	v->u.s = s.s;
	v->len = (uint32_t)s.len;
}

static void
set_bool(struct value *v, bool b)
{
	v->kind = VALUE_BOOL;
	v->u.b = b;
	v->len = 0;
}

static void
set_null(struct value *v)
{
	v->kind = VALUE_NULL;
	v->len = 0;
	v->u.i = 0;
}

static void
set_float(struct value *v, double f)
{
	v->kind = VALUE_FLOAT;
	v->len = 0;
	v->u.f = f;
}

/* [[:alpha:]_\s!@#$%^&*(){}<>|/\~;=] */
static bool
is_string_char(char c)
{
	return is_alpha(c) || (unsigned char)c >= 0x80 ||
	    (c && strchr("_ \t\r\n\f\v!@#$%^&*(){}<>|/\\~;=", c));
}

/*
 * Whether Psych takes s for a string at a glance (unless it is a word).
 * What begins beyond ASCII ends as a string by any way.
 */
static bool
looks_like_string(struct str s)
{
	char c = s.s[0];

	if (is_string_char(c))
		return true;
	if (s.len > 1 && !scan_is_digit(c) && !strchr(".:-", c) &&
	    is_string_char(s.s[1]))
		return true;
	return memchr(s.s, '\n', s.len);
}

static size_t
characters(struct str s)
{
	size_t i, n = 0;

	for (i = 0; i < s.len; i++)
		n += ((unsigned char)s.s[i] & 0xc0) != 0x80;
	return n;
}

/* The line of s at *from, which moves behind its line break. */
static struct str
next_line(struct str s, size_t *from)
{
	struct str line = rest(s, *from);

	line.len = str_find(line, '\n');
	*from += line.len + 1;
	return line;
}

static void
type_word(struct str s, struct value *v)
{
	bool has_null = false, has_true = false, has_false = false;
	size_t from = 0;

	set_string(v, s);
	while (from < s.len) {
		char c = (char)ascii_lower((unsigned char)s.s[from]);
		struct str line;

		if (!strchr("ytonf~", c))
			return;
		line = next_line(s, &from);
		has_null |= is_word(line, "null");
		has_true |= is_word(line, "yes") || is_word(line, "true") ||
		    is_word(line, "on");
		has_false |= is_word(line, "no") || is_word(line, "false") ||
		    is_word(line, "off");
	}
	if (str_eq(s, STR("~")) || has_null)
		set_null(v);
	else if (has_true || has_false)
		set_bool(v, has_true);
}

static bool
is_blank(char c)
{
	return c && strchr(" \t\r\n\f\v", c);
}

/* -?\d{4}-\d{1,2}-\d{1,2} */
static bool
year_month_day(struct str s, size_t *i)
{
	scan_literal(s, i, '-');
	return scan_digits(s, i, 4, 4) && scan_literal(s, i, '-') &&
	    scan_digits(s, i, 1, 2) && scan_literal(s, i, '-') &&
	    scan_digits(s, i, 1, 2);
}

/* \s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?) up to the end. */
static bool
is_zone(struct str s, size_t i)
{
	size_t before, after;

	while (is_blank(scan_at(s, i)))
		i++;
	if (scan_at(s, i) == 'Z')
		return i + 1 == s.len;
	if (!scan_literal(s, &i, '-') && !scan_literal(s, &i, '+'))
		return false;
	before = i;
	scan_digits(s, &i, 0, 4);
	before = i - before;
	if (before < 1)
		return false;
	if (i == s.len)
		return true;
	if (before > 2 || !scan_literal(s, &i, ':'))
		return false;
	after = i;
	scan_digits(s, &i, 0, 2);
	return i == s.len && (i == after || i == after + 2);
}

static bool
is_time(struct str s)
{
	size_t i = 0, blanks;

	if (!year_month_day(s, &i))
		return false;
	blanks = i;
	while (is_blank(scan_at(s, i)))
		i++;
	if (i == blanks && !scan_literal(s, &i, 'T') &&
	    !scan_literal(s, &i, 't'))
		return false;
	if (!scan_digits(s, &i, 1, 2) || !scan_literal(s, &i, ':') ||
	    !scan_digits(s, &i, 2, 2) || !scan_literal(s, &i, ':') ||
	    !scan_digits(s, &i, 2, 2))
		return false;
	if (scan_literal(s, &i, '.'))
		scan_digits(s, &i, 0, SIZE_MAX);
	return i == s.len || is_zone(s, i);
}

static bool
is_date(struct str s)
{
	size_t i = 5, n;
	int month = 0, day = 0;

	if (s.len < 8 || s.len > 10 || s.s[4] != '-')
		return false;
	for (n = 0; n < 4; n++)
		if (!scan_is_digit(s.s[n]))
			return false;
	for (n = 0; n < 2 && scan_is_digit(scan_at(s, i)); n++)
		month = month * 10 + scan_at(s, i++) - '0';
	if (!n || month > 12 || !scan_literal(s, &i, '-'))
		return false;
	for (n = 0; n < 2 && scan_is_digit(scan_at(s, i)); n++)
		day = day * 10 + scan_at(s, i++) - '0';
	return n && day <= 31 && i == s.len;
}

static bool
type_infinity(struct str s, struct value *v)
{
	struct str word = s;

	if (is_word(s, ".nan")) {
		set_float(v, (double)NAN);
		return true;
	}
	if (scan_at(s, 0) == '+' || scan_at(s, 0) == '-')
		word = rest(s, 1);
	if (!is_word(word, ".inf"))
		return false;
	set_float(v, s.s[0] == '-' ? -(double)INFINITY : (double)INFINITY);
	return true;
}

/* :name, :"name" and :'name'; one more leading colon goes in the quotes. */
static void
type_symbol(struct str s, struct value *v)
{
	struct str name = rest(s, 1);
	char quote = name.s[0];

	if (quote == '"' || quote == '\'') {
		const char *end = memrchr(name.s + 1, quote, name.len - 1);

		if (end) {
			name = (struct str){name.s + 1,
			    (size_t)(end - name.s) - 1};
			if (scan_at(name, 0) == ':')
				name = rest(name, 1);
		}
	}
	set_string(v, name);
	v->kind = VALUE_SYMBOL;
}

enum scalar_result
scalar_psych(struct arena *a, struct str s, struct value *v)
{
	struct sixty sixty;

	if (!s.len) {
		set_null(v);
		return SCALAR_OK;
	}
	if (looks_like_string(s)) {
		if (s.len > SHORT_STRING && (!memchr(s.s, '\n', s.len) ||
		    characters(s) > SHORT_STRING))
			set_string(v, s);
		else
			type_word(s, v);
		return SCALAR_OK;
	}
	if (is_time(s))
		return SCALAR_TIME;
	if (is_date(s))
		return SCALAR_DATE;
	if (type_infinity(s, v))
		return SCALAR_OK;
	if (s.s[0] == ':' && s.len > 1) {
		type_symbol(s, v);
		return SCALAR_OK;
	}
	if (number_split_sixty(s, &sixty)) {
		if (!sixty.fraction)
			return number_sixty(a, &sixty, v);
		number_sixty_float(&sixty, v);
		return SCALAR_OK;
	}
	if (number_is_float(s))
		return number_float(s, v);
	return number_integer(a, s, v);
}
