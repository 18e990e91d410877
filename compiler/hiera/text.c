/*
 * Text that Ruby makes of values: to_s for what stands in a longer string,
 * inspect for what stands in a list or a hash there.
 */
#include "hiera/inside.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The shortest digits that read back as f, and the decimal exponent. */
static int
shortest(double f, char digit[32])
{
	char text[40];
	char *e;
	size_t n = 0;
	int precision;
	const char *p;

	for (precision = 0; precision < 17; precision++) {
		snprintf(text, sizeof(text), "%.*e", precision, f);
		if (strtod(text, NULL) == f)
			break;
	}
	e = strchr(text, 'e');
	for (p = text; p < e; p++)
		if (*p >= '0' && *p <= '9')
			digit[n++] = *p;
	while (n > 1 && digit[n - 1] == '0')
		n--;
	digit[n] = '\0';
	return (int)strtol(e + 1, NULL, 10) + 1;
}

static void
add_fixed(struct buf *b, const char *digit, int point)
{
	int n = (int)strlen(digit), i;

	if (point <= 0) {
		buf_addstr(b, "0.");
		for (i = point; i < 0; i++)
			buf_addch(b, '0');
		buf_addstr(b, digit);
		return;
	}
	for (i = 0; i < point || i < n; i++) {
		if (i == point)
			buf_addch(b, '.');
		buf_addch(b, i < n ? digit[i] : '0');
	}
	if (n <= point)
		buf_addstr(b, ".0");
}

static void
add_float(struct buf *b, double f)
{
	char digit[32];
	int point;

	if (isnan(f)) {
		buf_addstr(b, "NaN");
		return;
	}
	if (signbit(f))
		buf_addch(b, '-');
	if (isinf(f)) {
		buf_addstr(b, "Infinity");
		return;
	}
	point = shortest(fabs(f), digit);
	if (f == 0)
		buf_addstr(b, "0.0");
	else if (point > -4 && point <= 15)
		add_fixed(b, digit, point);
	else
		buf_printf(b, "%c.%se%c%02d", digit[0],
		    digit[1] ? digit + 1 : "0", point > 0 ? '+' : '-',
		    abs(point - 1));
}

/* How many bytes the character at s has, its number in *code. */
static size_t
decode(struct str s, uint32_t *code)
{
	unsigned char c = (unsigned char)s.s[0];
	size_t len = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1, i;

	*code = len == 1 ? c : c & (0xffu >> (len + 1));
	if (len > s.len || (len == 1 && c >= 0x80))
		return 0;
	for (i = 1; i < len; i++) {
		if (((unsigned char)s.s[i] & 0xc0) != 0x80)
			return 0;
		*code = *code << 6 | ((unsigned char)s.s[i] & 0x3f);
	}
	return len;
}

static bool
is_unprintable(uint32_t code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0 && code != 0x85) ||
	    code == 0x2028 || code == 0x2029 || (code & 0xfffe) == 0xfffe;
}

static void
inspect_string(struct buf *b, struct str s)
{
	static const char from[] = "\"\\\n\t\r\x1b\a\b\v\f";
	static const char to[] = "\"\\ntreabvf";
	size_t i, len;
	uint32_t code;

	buf_addch(b, '"');
	for (i = 0; i < s.len; i += len) {
		struct str rest = {s.s + i, s.len - i};
		const char *escape = s.s[i] ? strchr(from, s.s[i]) : NULL;

		len = decode(rest, &code);
		if (!len) {
			buf_printf(b, "\\x%02X", (unsigned char)s.s[i]);
			len = 1;
		} else if (escape) {
			buf_addch(b, '\\');
			buf_addch(b, to[escape - from]);
		} else if (s.s[i] == '#' && rest.len > 1 &&
		    (s.s[i + 1] == '{' || s.s[i + 1] == '$' ||
		     s.s[i + 1] == '@')) {
			buf_addstr(b, "\\#");
		} else if (is_unprintable(code)) {
			buf_printf(b, code > 0xffff ? "\\u{%X}" : "\\u%04X",
			    (unsigned)code);
		} else {
			buf_add(b, rest.s, len);
		}
	}
	buf_addch(b, '"');
}

static void
inspect(struct buf *b, const struct value *v)
{
	uint32_t i;

	switch ((enum value_kind)v->kind) {
	case VALUE_NULL:
		buf_addstr(b, "nil");
		break;
	case VALUE_STRING:
		inspect_string(b, value_str(v));
		break;
	case VALUE_SYMBOL:
		buf_addch(b, ':');
		buf_add(b, v->u.s, v->len);
		break;
	case VALUE_LIST:
		buf_addch(b, '[');
		for (i = 0; i < v->len; i++) {
			if (i)
				buf_addstr(b, ", ");
			inspect(b, &v->u.item[i]);
		}
		buf_addch(b, ']');
		break;
	case VALUE_HASH:
		buf_addch(b, '{');
		for (i = 0; i < v->len; i++) {
			if (i)
				buf_addstr(b, ", ");
			inspect(b, &v->u.hash->pair[i].key);
			buf_addstr(b, "=>");
			inspect(b, &v->u.hash->pair[i].value);
		}
		buf_addch(b, '}');
		break;
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_BIGINT:
	case VALUE_FLOAT:
	case VALUE_BAD:
		ruby_text(b, v);
		break;
	}
}

void
ruby_text(struct buf *b, const struct value *v)
{
	switch ((enum value_kind)v->kind) {
	case VALUE_BOOL:
		buf_addstr(b, v->u.b ? "true" : "false");
		break;
	case VALUE_INT:
		buf_printf(b, "%lld", (long long)v->u.i);
		break;
	case VALUE_FLOAT:
		add_float(b, v->u.f);
		break;
	case VALUE_BIGINT:
	case VALUE_STRING:
	case VALUE_SYMBOL:
		buf_add(b, v->u.s, v->len);
		break;
	case VALUE_LIST:
	case VALUE_HASH:
		inspect(b, v);
		break;
	case VALUE_NULL:
	case VALUE_BAD:
		break;
	}
}
