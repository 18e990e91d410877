/*
 * convert_to: the conversions of Puppet's `new` that make sense for data.
 * Others are a finding: a guess would be a wrong answer.
 */
#include "hiera/inside.h"

#include "tree/yaml_scalar.h"

#include <math.h>
#include <stdlib.h>

static bool
wrong(struct lookup *l, struct str key, const struct value *v,
    const char *type)
{
	diag_add(l->hiera->diag, FINDING_HIERA_VALUE, value_origin(v),
	    "convert_to cannot make %s of the value of '%.*s', which is %s",
	    type, STR_ARG(key), value_kind_name(v));
	return false;
}

/* A sign and blanks behind it, which Puppet allows before a number. */
static struct str
skip_sign(struct str s, bool *negative)
{
	*negative = s.len && s.s[0] == '-';
	if (s.len && (s.s[0] == '-' || s.s[0] == '+'))
		s = (struct str){s.s + 1, s.len - 1};
	while (s.len && strchr(" \t\n\v\f\r", s.s[0]))
		s = (struct str){s.s + 1, s.len - 1};
	return s;
}

/* Then 0x, 0b, a leading zero for octal, or decimal digits. */
static bool
parse_integer(struct arena *a, struct str s, struct value *v)
{
	static const char digit[] = "0123456789abcdef";
	unsigned base = 10;
	bool negative;
	size_t i;

	s = skip_sign(s, &negative);
	if (s.len > 1 && s.s[0] == '0') {
		unsigned char mark = ascii_lower((unsigned char)s.s[1]);

		base = mark == 'x' ? 16 : mark == 'b' ? 2 : 8;
		s = (struct str){s.s + 1 + (base != 8),
		    s.len - 1 - (base != 8)};
	}
	for (i = 0; i < s.len; i++) {
		const char *at = memchr(digit,
		    ascii_lower((unsigned char)s.s[i]), base);

		if (!at)
			return false;
	}
	return s.len && scalar_integer(a, s, base, negative, v) == SCALAR_OK;
}

static size_t
skip_digits(struct str s, size_t i)
{
	while (i < s.len && s.s[i] >= '0' && s.s[i] <= '9')
		i++;
	return i;
}

/* (0|[1-9]\d*)(\.\d+)?([eE]-?\d+)? behind a sign. */
static bool
parse_decimal(struct str s, double *f)
{
	bool negative;
	size_t i, from;

	s = skip_sign(s, &negative);
	i = skip_digits(s, 0);
	if (!i || (i > 1 && s.s[0] == '0'))
		return false;
	if (i < s.len && s.s[i] == '.') {
		from = ++i;
		i = skip_digits(s, i);
		if (i == from)
			return false;
	}
	if (i < s.len && (s.s[i] == 'e' || s.s[i] == 'E')) {
		i += i + 1 < s.len && s.s[i + 1] == '-' ? 2 : 1;
		from = i;
		i = skip_digits(s, i);
		if (i == from)
			return false;
	}
	*f = strtod(s.s, NULL);
	if (negative)
		*f = -*f;
	return i == s.len;
}

static bool
to_integer(struct lookup *l, struct value *v)
{
	switch ((enum value_kind)v->kind) {
	case VALUE_INT:
	case VALUE_BIGINT:
		return true;
	case VALUE_BOOL:
		v->kind = VALUE_INT;
		v->u.i = v->u.b;
		return true;
	case VALUE_FLOAT:
		if (!(fabs(v->u.f) < 9e18))
			return false;
		v->kind = VALUE_INT;
		v->u.i = (int64_t)v->u.f;
		return true;
	case VALUE_STRING:
		return parse_integer(l->hiera->arena, value_str(v), v);
	case VALUE_NULL:
	case VALUE_SYMBOL:
	case VALUE_LIST:
	case VALUE_HASH:
	case VALUE_BAD:
		break;
	}
	return false;
}

static double
to_double(const struct value *number)
{
	return number->kind == VALUE_INT ? (double)number->u.i :
	    strtod(number->u.s, NULL);
}

static bool
is_binary(struct str s)
{
	return s.len > 1 && s.s[0] == '0' && (s.s[1] == 'b' || s.s[1] == 'B');
}

/* A leading zero makes an integer octal, yet not a float. */
static bool
string_to_float(struct lookup *l, const struct value *v, double *f)
{
	struct value number;
	bool negative;
	struct str bare = skip_sign(value_str(v), &negative);

	/* Puppet looks at the character behind a leading zero. */
	if (str_eq(value_str(v), STR("0")))
		return false;
	if (parse_decimal(value_str(v), f))
		return true;
	if (!parse_integer(l->hiera->arena, value_str(v), &number) ||
	    (is_binary(bare) && bare.s != v->u.s))
		return false;
	*f = to_double(&number);
	if (bare.len > 1 && skip_digits(bare, 0) == bare.len)
		*f = negative ? -strtod(bare.s, NULL) : strtod(bare.s, NULL);
	return true;
}

static bool
to_float(struct lookup *l, struct value *v)
{
	struct value number = *v;
	double f;

	if (v->kind == VALUE_FLOAT)
		return true;
	if (v->kind == VALUE_STRING) {
		if (!string_to_float(l, v, &f))
			return false;
	} else if (to_integer(l, &number)) {
		f = to_double(&number);
	} else {
		return false;
	}
	v->kind = VALUE_FLOAT;
	v->len = 0;
	v->u.f = f;
	return true;
}

static bool
to_numeric(struct lookup *l, struct value *v)
{
	struct value number = *v;

	if (v->kind == VALUE_FLOAT)
		return true;
	if (!to_integer(l, &number))
		return v->kind == VALUE_STRING && to_float(l, v);
	*v = number;
	return true;
}

static bool
to_boolean(struct value *v)
{
	static const char *const yes[] = {"true", "yes", "y"};
	static const char *const no[] = {"false", "no", "n"};
	size_t i;

	if (v->kind == VALUE_BOOL)
		return true;
	if (v->kind == VALUE_INT || v->kind == VALUE_FLOAT) {
		bool b = v->kind == VALUE_INT ? v->u.i != 0 : v->u.f != 0;

		v->kind = VALUE_BOOL;
		v->u.b = b;
		return true;
	}
	for (i = 0; v->kind == VALUE_STRING && i < 3; i++) {
		bool is_yes = str_eq_fold(value_str(v), str_of(yes[i]));

		if (!is_yes && !str_eq_fold(value_str(v), str_of(no[i])))
			continue;
		v->kind = VALUE_BOOL;
		v->len = 0;
		v->u.b = is_yes;
		return true;
	}
	return false;
}

/* In double quotes where single ones cannot hold it. */
static void
add_double_quoted(struct buf *b, struct str s)
{
	static const char from[] = "\t\n\r\"$\\", to[] = "tnr\"$\\";
	size_t i;

	buf_addch(b, '"');
	for (i = 0; i < s.len; i++) {
		const char *escape = s.s[i] ? strchr(from, s.s[i]) : NULL;

		if (escape)
			buf_printf(b, "\\%c", to[escape - from]);
		else if ((unsigned char)s.s[i] < 0x20)
			buf_printf(b, "\\u{%X}", (unsigned char)s.s[i]);
		else
			buf_addch(b, s.s[i]);
	}
	buf_addch(b, '"');
}

/* A backslash is doubled at the end only, and kept before a quote. */
static void
add_quoted(struct buf *b, struct str s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if ((unsigned char)s.s[i] < 0x20) {
			add_double_quoted(b, s);
			return;
		}
	buf_addch(b, '\'');
	for (i = 0; i < s.len; i++) {
		bool escaped = s.s[i] == '\\' && i + 1 < s.len;

		if (escaped) {
			buf_addch(b, '\\');
			i++;
		} else if (s.s[i] == '\'' || s.s[i] == '\\') {
			buf_addch(b, '\\');
		}
		buf_addch(b, s.s[i]);
	}
	buf_addch(b, '\'');
}

/* Puppet's text of what stands in a list or a hash. */
static void
add_puppet(struct buf *b, const struct value *v)
{
	bool is_hash = v->kind == VALUE_HASH;
	uint32_t i;

	if (v->kind == VALUE_NULL) {
		buf_addstr(b, "undef");
	} else if (v->kind == VALUE_STRING) {
		add_quoted(b, value_str(v));
	} else if (v->kind == VALUE_LIST || is_hash) {
		buf_addch(b, is_hash ? '{' : '[');
		for (i = 0; i < v->len; i++) {
			if (i)
				buf_addstr(b, ", ");
			if (is_hash) {
				add_puppet(b, &v->u.hash->pair[i].key);
				buf_addstr(b, " => ");
			}
			add_puppet(b, is_hash ? &v->u.hash->pair[i].value :
			    &v->u.item[i]);
		}
		buf_addch(b, is_hash ? '}' : ']');
	} else {
		ruby_text(b, v);
	}
}

static void
to_string(struct lookup *l, struct value *v)
{
	struct buf b = BUF_INIT;

	if (v->kind == VALUE_FLOAT && isfinite(v->u.f))
		buf_printf(&b, "%f", v->u.f);
	else if (v->kind == VALUE_FLOAT)
		buf_addstr(&b, isnan(v->u.f) ? "NaN" :
		    v->u.f < 0 ? "-Inf" : "Inf");
	else if (v->kind == VALUE_LIST || v->kind == VALUE_HASH)
		add_puppet(&b, v);
	else
		ruby_text(&b, v);
	*v = value_string(l->hiera->arena, (struct str){b.s, b.len},
	    value_origin(v));
	buf_release(&b);
}

static size_t
character(struct str s)
{
	size_t len = 1;

	while (len < s.len && ((unsigned char)s.s[len] & 0xc0) == 0x80)
		len++;
	return len;
}

static bool
to_array(struct lookup *l, bool wrap, struct value *v)
{
	struct arena *a = l->hiera->arena;
	struct origin at = value_origin(v);
	struct value *item = NULL;
	uint32_t n = 0, i;

	if (v->kind == VALUE_LIST)
		return true;
	if (wrap) {
		*v = value_list(a, v, 1, at);
		return true;
	}
	if (v->kind == VALUE_STRING) {
		struct str s = value_str(v);

		item = ARENA_ARRAY(a, struct value, s.len);
		while (s.len) {
			size_t len = character(s);

			item[n++] = value_string(a, (struct str){s.s, len},
			    at);
			s = (struct str){s.s + len, s.len - len};
		}
	} else if (v->kind == VALUE_HASH) {
		n = v->len;
		item = ARENA_ARRAY(a, struct value, n);
		for (i = 0; i < n; i++)
			item[i] = value_list(a, &v->u.hash->pair[i].key, 2,
			    at);
	} else if (v->kind == VALUE_INT && v->u.i >= 0 &&
	    v->u.i <= 100000) {
		n = (uint32_t)v->u.i;
		item = ARENA_ARRAY(a, struct value, n);
		for (i = 0; i < n; i++) {
			item[i] = value_at(VALUE_INT, at);
			item[i].u.i = i;
		}
	} else {
		return false;
	}
	*v = value_list(a, item, n, at);
	return true;
}

static bool
is_pairs(const struct value *list)
{
	uint32_t i;

	for (i = 0; i < list->len; i++)
		if (list->u.item[i].kind != VALUE_LIST ||
		    list->u.item[i].len != 2)
			return false;
	return true;
}

/*
 * A list of pairs, or else keys and values in turn: of a list, of the
 * characters of a string, of the numbers below one. The last of equal keys
 * wins at the place of the first.
 */
static bool
to_hash(struct lookup *l, struct value *v)
{
	struct arena *a = l->hiera->arena;
	struct value *one;
	uint32_t n, i;
	bool pairs;

	if (v->kind == VALUE_HASH)
		return true;
	if (!to_array(l, false, v))
		return false;
	pairs = is_pairs(v);
	if (!pairs && v->len % 2)
		return false;
	n = pairs ? v->len : v->len / 2;
	if (!n) {
		*v = value_hash(a, NULL, 0, value_origin(v));
		return true;
	}
	one = ARENA_ARRAY(a, struct value, n);
	for (i = 0; i < n; i++) {
		const struct value *item = pairs ? v->u.item[i].u.item :
		    &v->u.item[i * 2];
		struct pair pair = {item[0], item[1]};

		/* The lowest comes first where hashes are summed. */
		one[n - 1 - i] = value_hash(a, &pair, 1, value_origin(v));
	}
	*v = hash_sum(a, one, n);
	return true;
}

bool
convert_value(struct lookup *l, struct str key,
    const struct value *convert_to, struct value *v)
{
	const struct value *type = convert_to, *argument = NULL;
	bool is_array, ok = true;

	if (convert_to->kind == VALUE_LIST && convert_to->len) {
		type = &convert_to->u.item[0];
		argument = convert_to->len > 1 ? type + 1 : NULL;
	}
	if (type->kind != VALUE_STRING) {
		diag_add(l->hiera->diag, FINDING_HIERA_LOOKUP_OPTIONS,
		    value_origin(type), "convert_to must be the name of a "
		    "type");
		return false;
	}
	is_array = !strcmp(type->u.s, "Array") && argument &&
	    argument->kind == VALUE_BOOL && convert_to->len == 2;
	if (v->flags & VALUE_ENCRYPTED || (argument && !is_array))
		ok = false;
	else if (!strcmp(type->u.s, "Integer"))
		ok = to_integer(l, v);
	else if (!strcmp(type->u.s, "Float"))
		ok = to_float(l, v);
	else if (!strcmp(type->u.s, "Numeric"))
		ok = to_numeric(l, v);
	else if (!strcmp(type->u.s, "Boolean"))
		ok = to_boolean(v);
	else if (!strcmp(type->u.s, "String"))
		to_string(l, v);
	else if (!strcmp(type->u.s, "Array"))
		ok = to_array(l, is_array && argument->u.b, v);
	else if (!strcmp(type->u.s, "Hash"))
		ok = to_hash(l, v);
	else if (!strcmp(type->u.s, "Sensitive"))
		return true;
	else
		ok = false;
	return ok || wrong(l, key, v, type->u.s);
}
