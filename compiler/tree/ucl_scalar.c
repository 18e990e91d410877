/*
 * What a value without quotes is, and what escapes and variables stand for.
 * rspamd 3.4 is followed to the letter where a letter decides whether a value
 * is a number: "5min" is, "5minutes" is a string.
 */
#include "tree/ucl_inside.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <strings.h>

bool
ucl_is(char c, unsigned classes)
{
	unsigned char u = (unsigned char)c;
	unsigned is = 0;

	if (u == ' ' || u == '\t')
		is = UCL_BLANK | UCL_SPACE;
	else if (u == '\n' || u == '\r')
		is = UCL_SPACE | UCL_END;
	else if (u == '\v' || u == '\f')
		is = UCL_SPACE;
	else if (!u || strchr("#,;]}", c))
		is = UCL_END;
	else if (u >= 0x80 || isalnum(u) || u == '_' || u == '/')
		is = UCL_KEY_START | UCL_KEY;
	else if (u == '-' || u == '.')
		is = UCL_KEY;
	return is & classes;
}

/*
 * Whether a number begins at *from. An x in it, wherever it is, makes it
 * hexadecimal and moves *from behind itself.
 */
static bool
scan_number(const char **from, const char *end, bool *is_hex, bool *is_double)
{
	const char *p, *digits = *from;
	bool dot = false, exponent = false, digit = false;

	*is_hex = false;
	for (p = digits; p < end; p++) {
		if (isdigit((unsigned char)*p)) {
			digit = true;
		} else if (*p == 'x' || *p == 'X') {
			*is_hex = true;
			*from = p + 1;
			break;
		} else if (p == digits) {
			return false;
		} else if (*p == '.') {
			if (dot)
				return false;
			dot = true;
		} else if (*p == 'e' || *p == 'E') {
			if (exponent || ++p >= end ||
			    (!isdigit((unsigned char)*p) && *p != '+' &&
			    *p != '-'))
				return false;
			exponent = true;
		} else {
			break;
		}
	}
	*is_double = dot || exponent;
	return digit;
}

struct number {
	bool is_double;
	bool is_time;
	double f;
	int64_t i;
};

static void
times(struct number *n, int64_t factor)
{
	n->f *= (double)factor;
	n->i = (int64_t)((uint64_t)n->i * (uint64_t)factor);
}

static void
seconds(struct number *n, double factor)
{
	if (!n->is_double)
		n->f = (double)n->i;
	n->is_double = n->is_time = true;
	n->f *= factor;
}

static bool
ends(const char *p, const char *end)
{
	return p >= end || ucl_is(*p, UCL_END);
}

static int64_t
multiplier(char c, int64_t thousand)
{
	switch (c | 0x20) {
	case 'k':
		return thousand;
	case 'm':
		return thousand * thousand;
	default:
		return thousand * thousand * thousand;
	}
}

/* Behind "5": k, kb, ks, m, ms, min … g. Returns what was read; 0: none. */
static int
scale(struct number *n, const char *p, const char *end)
{
	char second = end - p > 1 ? p[1] | 0x20 : '\0';

	if (end - p < 2) {
		times(n, multiplier(*p, 1000));
		return 1;
	}
	if (second == 's') {
		seconds(n, (*p | 0x20) == 'm' ? 1 :
		    (double)multiplier(*p, 1000));
		if ((*p | 0x20) == 'm')
			n->f /= 1000;
		return ends(p + 2, end) ? 2 : 0;
	}
	if (second == 'b') {
		if (n->is_double)
			n->i = (int64_t)n->f;
		n->is_double = false;
		times(n, multiplier(*p, 1024));
		return ends(p + 2, end) ? 2 : 0;
	}
	if (ucl_is(p[1], UCL_END)) {
		times(n, multiplier(*p, 1000));
		return 1;
	}
	if (end - p >= 3 && !strncasecmp(p, "min", 3)) {
		seconds(n, 60);
		return ends(p + 3, end) ? 3 : 0;
	}
	return 0;
}

static int
suffix(struct number *n, const char *p, const char *end)
{
	static const struct {
		char letter;
		double seconds;
	} time[] = {
		{'s', 1}, {'h', 3600}, {'d', 86400}, {'w', 7 * 86400},
		{'y', 365.0 * 86400},
	};
	const char *blank = p;
	size_t i;

	if (*p && strchr("mMgGkK", *p))
		return scale(n, p, end);
	for (i = 0; i < sizeof(time) / sizeof(time[0]); i++) {
		if ((*p | 0x20) != time[i].letter || !isalpha(
		    (unsigned char)*p) || !ends(p + 1, end))
			continue;
		seconds(n, time[i].seconds);
		return 1;
	}
	while (blank < end && ucl_is(*blank, UCL_BLANK))
		blank++;
	return blank > p && ends(blank, end) ? (int)(blank - p) : 0;
}

enum ucl_number
ucl_number(const char **p, const char *end, struct value *v)
{
	struct number n = {0};
	bool negative = **p == '-', is_hex;
	const char *digits = *p + negative;
	char *behind;
	int more;

	if (!scan_number(&digits, end, &is_hex, &n.is_double))
		return UCL_NO_NUMBER;
	errno = 0;
	if (n.is_double)
		n.f = strtod(digits, &behind);
	else
		n.i = strtoimax(digits, &behind, is_hex ? 16 : 10);
	if (errno == ERANGE)
		return UCL_NUMBER_RANGE;
	if (!ends(behind, end)) {
		more = suffix(&n, behind, end);
		if (!more)
			return UCL_NO_NUMBER;
		behind += more;
	}
	if (!is_hex && (n.is_double || n.is_time)) {
		v->kind = VALUE_FLOAT;
		v->u.f = negative ? -n.f : n.f;
	} else {
		v->kind = VALUE_INT;
		v->u.i = negative ? -n.i : n.i;
	}
	*p = behind;
	return UCL_NUMBER;
}

bool
ucl_boolean(struct str s, bool *b)
{
	static const struct {
		const char *word;
		bool b;
	} words[] = {
		{"true", true}, {"yes", true}, {"on", true},
		{"false", false}, {"no", false}, {"off", false},
	};
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!str_eq_fold(s, str_of(words[i].word)))
			continue;
		*b = words[i].b;
		return true;
	}
	return false;
}

static unsigned
hex_value(char c)
{
	if (isdigit((unsigned char)c))
		return (unsigned)(c - '0');
	return (unsigned)((c | 0x20) - 'a' + 10);
}

static size_t
put_utf8(char *to, unsigned code)
{
	if (code < 0x80) {
		to[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		to[0] = (char)(0xc0 | code >> 6);
		to[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	to[0] = (char)(0xe0 | code >> 12);
	to[1] = (char)(0x80 | (code >> 6 & 0x3f));
	to[2] = (char)(0x80 | (code & 0x3f));
	return 3;
}

/* \uXXXX; a digit that is none ends it early, but four bytes are read. */
static size_t
unescape_unicode(char *to, const char *four)
{
	unsigned code = 0;
	int i;

	for (i = 0; i < 4; i++) {
		code <<= 4;
		if (!isxdigit((unsigned char)four[i]))
			break;
		code += hex_value(four[i]);
	}
	return put_utf8(to, code & 0xffff);
}

void
ucl_unescape(struct buf *b)
{
	static const char from[] = "nrbtf", to[] = "\n\r\b\t\f";
	const char *p = b->s, *end = b->s + b->len, *known;
	char *out = b->s;

	/* One byte is left as it is: libucl. */
	if (b->len <= 1)
		return;
	while (p < end) {
		if (*p != '\\' || p + 1 == end) {
			*out++ = *p++;
			continue;
		}
		p++;
		known = strchr(from, *p);
		if (*p == 'u' && end - p > 3) {
			out += unescape_unicode(out, p + 1);
			p = end - p > 5 ? p + 5 : end;
		} else if (*p == 'u') {
			/* Too short, and the next byte is lost: libucl. */
			*out++ = 'u';
			p = end - p > 2 ? p + 2 : end;
		} else if (*p && known) {
			*out++ = to[known - from];
			p++;
		} else {
			*out++ = *p++;
		}
	}
	*out = '\0';
	b->len = (size_t)(out - b->s);
}

void
ucl_unescape_single(struct buf *b)
{
	const char *p = b->s, *end = b->s + b->len;
	char *out = b->s;

	if (b->len <= 1)
		return;
	while (p < end) {
		if (*p != '\\' || p + 1 == end) {
			*out++ = *p++;
			continue;
		}
		p++;
		if (*p == '\r' && end - p > 1 && p[1] == '\n')
			p++;
		else if (*p != '\n' && *p != '\r' && *p != '\'')
			*out++ = '\\';
		if (*p != '\n' && *p != '\r')
			*out++ = *p;
		p++;
	}
	*out = '\0';
	b->len = (size_t)(out - b->s);
}

/* The variable that a text behind "$" begins with; *len: what names it. */
static const struct ucl_variable *
variable_at(const struct ucl *ucl, struct str s, size_t *len)
{
	size_t i, close = str_find(s, '}');
	bool braces = s.len && *s.s == '{';
	struct str name = braces ?
	    (struct str){s.s + 1, close > 0 ? close - 1 : 0} : s;

	if (braces && close == s.len)
		return NULL;
	for (i = 0; i < ucl->nvariable; i++) {
		const struct ucl_variable *v = &ucl->variable[i];

		if (braces ? !str_eq(name, v->name) : !str_starts(s, v->name))
			continue;
		*len = v->name.len + (braces ? 2 : 0);
		return v;
	}
	return NULL;
}

/* "$$" is one dollar, but only where a variable is as well: libucl. */
bool
ucl_expand(const struct ucl *ucl, struct buf *b)
{
	const char *p = b->s, *end = b->s + b->len;
	struct buf out = BUF_INIT;
	bool known = true, any = false;

	while (p < end) {
		const struct ucl_variable *v = NULL;
		struct str rest = {p + 1, (size_t)(end - p) - 1};
		size_t len = 0;

		if (*p == '$' && rest.len && *rest.s == '$') {
			buf_addch(&out, '$');
			p += 2;
			continue;
		}
		if (*p == '$' && rest.len)
			v = variable_at(ucl, rest, &len);
		if (!v) {
			buf_addch(&out, *p++);
			continue;
		}
		any = true;
		known &= v->value.s != NULL;
		buf_add(&out, v->value.s ? v->value.s : "", v->value.len);
		p += 1 + len;
	}
	if (any) {
		buf_clear(b);
		buf_add(b, out.s, out.len);
	}
	buf_release(&out);
	return known;
}
