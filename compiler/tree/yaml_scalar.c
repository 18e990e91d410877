/*
 * Psych's typing, tried in its order (psych/scalar_scanner.rb, 4.0); the
 * regular expressions there are written out as small matchers here. Its `^`
 * and `$` match at every line, so that a plain scalar with line breaks in it
 * can still be a boolean.
 */
#include "tree/yaml_scalar.h"

#include "base/buf.h"

#include <ctype.h>
#include <math.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <stdlib.h>

enum {
	SHORT_STRING = 5,	/* Psych looks for words up to this length */
	MOST_DIGITS = 4096,
};

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
is_alpha(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char
at(struct str s, size_t i)
{
	return i < s.len ? s.s[i] : '\0';
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
set_int(struct value *v, int64_t i)
{
	v->kind = VALUE_INT;
	v->len = 0;
	v->u.i = i;
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
	if (s.len > 1 && !is_digit(c) && c != '.' && c != ':' && c != '-' &&
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

/* Skip between least and most digits; false: too few. */
static bool
digits(struct str s, size_t *i, size_t least, size_t most)
{
	size_t n = 0;

	while (n < most && is_digit(at(s, *i + n)))
		n++;
	*i += n;
	return n >= least;
}

static bool
literal(struct str s, size_t *i, char c)
{
	if (at(s, *i) != c)
		return false;
	++*i;
	return true;
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
	literal(s, i, '-');
	return digits(s, i, 4, 4) && literal(s, i, '-') &&
	    digits(s, i, 1, 2) && literal(s, i, '-') && digits(s, i, 1, 2);
}

/* \s*(?:Z|[-+]\d{1,2}:?(?:\d\d)?) up to the end. */
static bool
is_zone(struct str s, size_t i)
{
	size_t before, after;

	while (is_blank(at(s, i)))
		i++;
	if (at(s, i) == 'Z')
		return i + 1 == s.len;
	if (!literal(s, &i, '-') && !literal(s, &i, '+'))
		return false;
	before = i;
	digits(s, &i, 0, 4);
	before = i - before;
	if (before < 1)
		return false;
	if (i == s.len)
		return true;
	if (before > 2 || !literal(s, &i, ':'))
		return false;
	after = i;
	digits(s, &i, 0, 2);
	return i == s.len && (i == after || i == after + 2);
}

static bool
is_time(struct str s)
{
	size_t i = 0, blanks;

	if (!year_month_day(s, &i))
		return false;
	blanks = i;
	while (is_blank(at(s, i)))
		i++;
	if (i == blanks && !literal(s, &i, 'T') && !literal(s, &i, 't'))
		return false;
	if (!digits(s, &i, 1, 2) || !literal(s, &i, ':') ||
	    !digits(s, &i, 2, 2) || !literal(s, &i, ':') ||
	    !digits(s, &i, 2, 2))
		return false;
	if (literal(s, &i, '.'))
		digits(s, &i, 0, SIZE_MAX);
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
		if (!is_digit(s.s[n]))
			return false;
	for (n = 0; n < 2 && is_digit(at(s, i)); n++)
		month = month * 10 + at(s, i++) - '0';
	if (!n || month > 12 || !literal(s, &i, '-'))
		return false;
	for (n = 0; n < 2 && is_digit(at(s, i)); n++)
		day = day * 10 + at(s, i++) - '0';
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
	if (at(s, 0) == '+' || at(s, 0) == '-')
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
			if (at(name, 0) == ':')
				name = rest(name, 1);
		}
	}
	set_string(v, name);
	v->kind = VALUE_SYMBOL;
}

/* A number in decimal digits as a value. */
static void
set_decimal(struct arena *a, const char *text, struct value *v)
{
	v->kind = VALUE_BIGINT;
	v->u.s = arena_strdup(a, text);
	v->len = (uint32_t)strlen(v->u.s);
}

static enum scalar_result
type_big(struct arena *a, struct str s, unsigned base, bool negative,
    struct value *v)
{
	BIGNUM *n;
	char *text;
	size_t i;

	if (s.len > MOST_DIGITS)
		return SCALAR_LIMIT;
	n = BN_new();
	for (i = 0; i < s.len; i++) {
		unsigned char c = ascii_lower((unsigned char)s.s[i]);

		BN_mul_word(n, base);
		BN_add_word(n, (BN_ULONG)(c > '9' ? c - 'a' + 10 : c - '0'));
	}
	BN_set_negative(n, negative);
	text = BN_bn2dec(n);
	set_decimal(a, text, v);
	OPENSSL_free(text);
	BN_free(n);
	return SCALAR_OK;
}

enum scalar_result
scalar_integer(struct arena *a, struct str s, unsigned base, bool negative,
    struct value *v)
{
	int64_t sum = 0;
	size_t i;

	for (i = 0; i < s.len; i++) {
		unsigned char c = ascii_lower((unsigned char)s.s[i]);
		int digit = c > '9' ? c - 'a' + 10 : c - '0';

		if (__builtin_mul_overflow(sum, (int64_t)base, &sum) ||
		    __builtin_add_overflow(sum, negative ? -digit : digit,
		        &sum))
			return type_big(a, s, base, negative, v);
	}
	set_int(v, sum);
	return SCALAR_OK;
}

/* Ruby's to_i: digits with single underscores between them. */
static struct str
leading_digits(struct str s, struct buf *b)
{
	size_t i;

	buf_clear(b);
	for (i = 0; i < s.len; i++) {
		if (is_digit(s.s[i]))
			buf_addch(b, s.s[i]);
		else if (s.s[i] != '_' || !is_digit(at(s, i + 1)))
			break;
	}
	return (struct str){b->s, b->len};
}

struct sixty {
	bool negative;
	struct str part[3];	/* the first without its sign */
	size_t n;
	bool fraction;
};

/* [-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}(\.[0-9_]*)? */
static bool
split_sixty(struct str s, struct sixty *t)
{
	size_t i = 0, start;

	*t = (struct sixty){.negative = at(s, 0) == '-'};
	if (at(s, 0) == '-' || at(s, 0) == '+')
		i++;
	start = i;
	if (!is_digit(at(s, i)))
		return false;
	while (is_digit(at(s, i)) || at(s, i) == '_')
		i++;
	t->part[t->n++] = (struct str){s.s + start, i - start};
	while (t->n < 3 && literal(s, &i, ':')) {
		start = i;
		if (!digits(s, &i, 1, 2) ||
		    (i - start == 2 && s.s[start] > '5'))
			return false;
		t->part[t->n++] = (struct str){s.s + start, i - start};
	}
	if (t->n < 2)
		return false;
	if (literal(s, &i, '.')) {
		t->fraction = true;
		while (is_digit(at(s, i)) || at(s, i) == '_')
			i++;
		t->part[t->n - 1].len = (size_t)(s.s + i -
		    t->part[t->n - 1].s);
	}
	return i == s.len;
}

static long
part_number(const struct sixty *t, size_t n)
{
	return n < t->n ? strtol(t->part[n].s, NULL, 10) : 0;
}

/* The sign belongs to the hours alone, and 1:30 is an hour and a half. */
static enum scalar_result
type_sixty(struct arena *a, const struct sixty *t, struct value *v)
{
	long small = part_number(t, 1) * 60 + part_number(t, 2);
	struct buf b = BUF_INIT;
	struct str hours = leading_digits(t->part[0], &b);
	enum scalar_result result = SCALAR_OK;
	BIGNUM *n = NULL;
	char *text;

	if (hours.len > MOST_DIGITS) {
		result = SCALAR_LIMIT;
	} else if (hours.len < 15) {
		int64_t seconds = strtoll(hours.s, NULL, 10) * 3600;

		set_int(v, (t->negative ? -seconds : seconds) + small);
	} else {
		BN_dec2bn(&n, hours.s);
		BN_mul_word(n, 3600);
		BN_set_negative(n, t->negative);
		BN_add_word(n, (BN_ULONG)small);
		text = BN_bn2dec(n);
		set_decimal(a, text, v);
		OPENSSL_free(text);
		BN_free(n);
	}
	buf_release(&b);
	return result;
}

static double
ruby_to_f(struct str s)
{
	struct buf b = BUF_INIT, whole = BUF_INIT;
	size_t dot = str_find(s, '.');
	double f;

	leading_digits((struct str){s.s, dot}, &whole);
	buf_add(&b, whole.s, whole.len);
	if (dot < s.len) {
		leading_digits(rest(s, dot + 1), &whole);
		buf_addch(&b, '.');
		buf_add(&b, whole.s, whole.len);
	}
	f = strtod(b.s, NULL);
	buf_release(&b);
	buf_release(&whole);
	return f;
}

static void
type_sixty_float(const struct sixty *t, struct value *v)
{
	static const double unit[] = {3600, 60, 1};
	double sum = 0;
	size_t i;

	for (i = 0; i < t->n; i++) {
		double f = ruby_to_f(t->part[i]) * unit[i];

		sum += i == 0 && t->negative ? -f : f;
	}
	set_float(v, sum);
}

/* [-+]?([0-9][0-9_,]*)?\.[0-9]*([eE][-+][0-9]+)? */
static bool
is_float(struct str s)
{
	size_t i = 0;

	if (at(s, 0) == '-' || at(s, 0) == '+')
		i++;
	if (is_digit(at(s, i)))
		while (is_digit(at(s, i)) || at(s, i) == '_' ||
		    at(s, i) == ',')
			i++;
	if (!literal(s, &i, '.'))
		return false;
	digits(s, &i, 0, SIZE_MAX);
	if (i == s.len)
		return true;
	if (!literal(s, &i, 'e') && !literal(s, &i, 'E'))
		return false;
	if (!literal(s, &i, '-') && !literal(s, &i, '+'))
		return false;
	return digits(s, &i, 1, SIZE_MAX) && i == s.len;
}

static enum scalar_result
type_float(struct str s, struct value *v)
{
	size_t sign = at(s, 0) == '-' || at(s, 0) == '+';
	struct buf b = BUF_INIT;
	bool has_digit = false;
	size_t i;

	if (s.len == sign + 1) {
		set_string(v, s);	/* a lone dot */
		return SCALAR_OK;
	}
	for (i = 0; i < s.len; i++) {
		if (s.s[i] == 'e' || s.s[i] == 'E')
			break;
		has_digit |= is_digit(s.s[i]);
	}
	if (!has_digit)
		return SCALAR_BROKEN;	/* .e+5 */
	for (i = 0; i < s.len; i++)
		if (s.s[i] != '_' && s.s[i] != ',')
			buf_addch(&b, s.s[i]);
	set_float(v, strtod(b.s, NULL));
	buf_release(&b);
	return SCALAR_OK;
}

static bool
in_base(char c, unsigned base)
{
	return base == 16 ? isxdigit((unsigned char)c) != 0 :
	    c >= '0' && c < (char)('0' + base);
}

/* The base of an integer as Psych accepts it, *i at its digits; 0: none. */
static unsigned
integer_base(struct str s, size_t *i)
{
	unsigned base = 10;
	size_t n;

	*i = at(s, 0) == '-' || at(s, 0) == '+';
	if (!is_digit(at(s, *i)))
		return 0;
	if (at(s, *i) == '0' && s.len > *i + 1) {
		char c = at(s, ++*i);

		base = c == 'b' ? 2 : c == 'x' ? 16 : 8;
		*i += base != 8;
		if (*i == s.len)
			return 0;
	}
	for (n = *i; n < s.len; n++) {
		bool separator = s.s[n] == '_' || s.s[n] == ',';

		if (!in_base(s.s[n], base) && !separator)
			return 0;
		if (separator && base == 10 && !is_digit(at(s, n + 1)))
			return 0;
	}
	return base;
}

static enum scalar_result
type_integer(struct arena *a, struct str s, struct value *v)
{
	size_t i;
	unsigned base = integer_base(s, &i);
	enum scalar_result result;
	struct buf b = BUF_INIT;

	if (!base) {
		set_string(v, s);
		return SCALAR_OK;
	}
	for (; i < s.len; i++)
		if (s.s[i] != '_' && s.s[i] != ',')
			buf_addch(&b, s.s[i]);
	if (!b.len && base != 8)
		result = SCALAR_BROKEN;	/* 0x_ */
	else
		result = scalar_integer(a, (struct str){b.s, b.len}, base,
		    s.s[0] == '-', v);
	buf_release(&b);
	return result;
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
	if (split_sixty(s, &sixty)) {
		if (!sixty.fraction)
			return type_sixty(a, &sixty, v);
		type_sixty_float(&sixty, v);
		return SCALAR_OK;
	}
	if (is_float(s))
		return type_float(s, v);
	return type_integer(a, s, v);
}

/* Ruby's Float() of text: underscores between digits, no bare dots at ends. */
bool
scalar_float(struct str s, double *f)
{
	struct buf b = BUF_INIT;
	size_t i = 0, from;
	bool ok;

	while (s.len && is_blank(s.s[s.len - 1]))
		s.len--;
	while (s.len && is_blank(s.s[0]))
		s = rest(s, 1);
	for (from = 0; from < s.len; from++)
		if (s.s[from] != '_' || !from || !is_digit(s.s[from - 1]) ||
		    !is_digit(at(s, from + 1)))
			buf_addch(&b, s.s[from]);
	s = (struct str){b.s, b.len};
	if (at(s, i) == '-' || at(s, i) == '+')
		i++;
	if (at(s, i) == '0' && (at(s, i + 1) | 0x20) == 'x') {
		ok = s.len > i + 2;
		for (i += 2; i < s.len; i++)
			ok = ok && isxdigit((unsigned char)s.s[i]);
	} else {
		from = i;
		digits(s, &i, 0, SIZE_MAX);
		ok = i > from || at(s, i) == '.';
		if (literal(s, &i, '.'))
			ok = ok && digits(s, &i, 1, SIZE_MAX);
		if (ok && (literal(s, &i, 'e') || literal(s, &i, 'E'))) {
			if (!literal(s, &i, '-'))
				literal(s, &i, '+');
			ok = digits(s, &i, 1, SIZE_MAX);
		}
		ok = ok && i == s.len;
	}
	*f = ok ? strtod(s.s, NULL) : 0;
	buf_release(&b);
	return ok;
}
