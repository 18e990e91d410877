/*
 * Numbers as Psych reads them: integers in four bases with separators, base
 * 60 and floats. The regular expressions of psych/scalar_scanner.rb are
 * written out as small matchers.
 */
#include "tree/yaml_number.h"

#include "base/buf.h"

#include <ctype.h>
#include <openssl/bn.h>
#include <openssl/crypto.h>
#include <stdlib.h>

enum { MOST_DIGITS = 4096 };

static struct str
rest(struct str s, size_t i)
{
	return (struct str){s.s + i, s.len - i};
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

static void
set_string(struct value *v, struct str s)
{
	v->kind = VALUE_STRING;
	v->u.s = s.s;
	v->len = (uint32_t)s.len;
}

static bool
is_blank(char c)
{
	return c && strchr(" \t\r\n\f\v", c);
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
		if (scan_is_digit(s.s[i]))
			buf_addch(b, s.s[i]);
		else if (s.s[i] != '_' || !scan_is_digit(scan_at(s, i + 1)))
			break;
	}
	return (struct str){b->s, b->len};
}

/* [-+]?[0-9][0-9_]*(:[0-5]?[0-9]){1,2}(\.[0-9_]*)? */
bool
number_split_sixty(struct str s, struct sixty *t)
{
	size_t i = 0, start;

	*t = (struct sixty){.negative = scan_at(s, 0) == '-'};
	if (scan_at(s, 0) == '-' || scan_at(s, 0) == '+')
		i++;
	start = i;
	if (!scan_is_digit(scan_at(s, i)))
		return false;
	while (scan_is_digit(scan_at(s, i)) || scan_at(s, i) == '_')
		i++;
	t->part[t->n++] = (struct str){s.s + start, i - start};
	while (t->n < 3 && scan_literal(s, &i, ':')) {
		start = i;
		if (!scan_digits(s, &i, 1, 2) ||
		    (i - start == 2 && s.s[start] > '5'))
			return false;
		t->part[t->n++] = (struct str){s.s + start, i - start};
	}
	if (t->n < 2)
		return false;
	if (scan_literal(s, &i, '.')) {
		t->fraction = true;
		while (scan_is_digit(scan_at(s, i)) || scan_at(s, i) == '_')
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
enum scalar_result
number_sixty(struct arena *a, const struct sixty *t, struct value *v)
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

void
number_sixty_float(const struct sixty *t, struct value *v)
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
bool
number_is_float(struct str s)
{
	size_t i = 0;

	if (scan_at(s, 0) == '-' || scan_at(s, 0) == '+')
		i++;
	if (scan_is_digit(scan_at(s, i)))
		while (scan_is_digit(scan_at(s, i)) || scan_at(s, i) == '_' ||
		    scan_at(s, i) == ',')
			i++;
	if (!scan_literal(s, &i, '.'))
		return false;
	scan_digits(s, &i, 0, SIZE_MAX);
	if (i == s.len)
		return true;
	if (!scan_literal(s, &i, 'e') && !scan_literal(s, &i, 'E'))
		return false;
	if (!scan_literal(s, &i, '-') && !scan_literal(s, &i, '+'))
		return false;
	return scan_digits(s, &i, 1, SIZE_MAX) && i == s.len;
}

enum scalar_result
number_float(struct str s, struct value *v)
{
	size_t sign = scan_at(s, 0) == '-' || scan_at(s, 0) == '+';
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
		has_digit |= scan_is_digit(s.s[i]);
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

	*i = scan_at(s, 0) == '-' || scan_at(s, 0) == '+';
	if (!scan_is_digit(scan_at(s, *i)))
		return 0;
	if (scan_at(s, *i) == '0' && s.len > *i + 1) {
		char c = scan_at(s, ++*i);

		base = c == 'b' ? 2 : c == 'x' ? 16 : 8;
		*i += base != 8;
		if (*i == s.len)
			return 0;
	}
	for (n = *i; n < s.len; n++) {
		bool separator = s.s[n] == '_' || s.s[n] == ',';

		if (!in_base(s.s[n], base) && !separator)
			return 0;
		if (separator && base == 10 &&
		    !scan_is_digit(scan_at(s, n + 1)))
			return 0;
	}
	return base;
}

enum scalar_result
number_integer(struct arena *a, struct str s, struct value *v)
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
		if (s.s[from] != '_' || !from ||
		    !scan_is_digit(s.s[from - 1]) ||
		    !scan_is_digit(scan_at(s, from + 1)))
			buf_addch(&b, s.s[from]);
	s = (struct str){b.s, b.len};
	if (scan_at(s, i) == '-' || scan_at(s, i) == '+')
		i++;
	if (scan_at(s, i) == '0' && (scan_at(s, i + 1) | 0x20) == 'x') {
		ok = s.len > i + 2;
		for (i += 2; i < s.len; i++)
			ok = ok && isxdigit((unsigned char)s.s[i]);
	} else {
		from = i;
		scan_digits(s, &i, 0, SIZE_MAX);
		ok = i > from || scan_at(s, i) == '.';
		if (scan_literal(s, &i, '.'))
			ok = ok && scan_digits(s, &i, 1, SIZE_MAX);
		if (ok && (scan_literal(s, &i, 'e') ||
		    scan_literal(s, &i, 'E'))) {
			if (!scan_literal(s, &i, '-'))
				scan_literal(s, &i, '+');
			ok = scan_digits(s, &i, 1, SIZE_MAX);
		}
		ok = ok && i == s.len;
	}
	*f = ok ? strtod(s.s, NULL) : 0;
	buf_release(&b);
	return ok;
}
