/* The core schema of YAML 1.2.2, section 10.3.2. */
#include "tree/yaml_scalar.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

static bool
one_of(struct str s, const char *const *word)
{
	for (; *word; word++)
		if (str_eq(s, str_of(*word)))
			return true;
	return false;
}

static bool
core_word(struct str s, struct value *v)
{
	static const char *const null[] = {"null", "Null", "NULL", "~", "",
	    NULL};
	static const char *const yes[] = {"true", "True", "TRUE", NULL};
	static const char *const no[] = {"false", "False", "FALSE", NULL};
	static const char *const nan[] = {".nan", ".NaN", ".NAN", NULL};
	static const char *const inf[] = {".inf", ".Inf", ".INF", NULL};
	struct str word = s;

	if (s.len && (s.s[0] == '-' || s.s[0] == '+'))
		word = (struct str){s.s + 1, s.len - 1};
	if (one_of(s, null)) {
		v->kind = VALUE_NULL;
	} else if (one_of(s, yes) || one_of(s, no)) {
		v->kind = VALUE_BOOL;
		v->u.b = one_of(s, yes);
	} else if (one_of(s, nan)) {
		v->kind = VALUE_FLOAT;
		v->u.f = (double)NAN;
	} else if (one_of(word, inf)) {
		v->kind = VALUE_FLOAT;
		v->u.f = s.s[0] == '-' ? -(double)INFINITY : (double)INFINITY;
	} else {
		return false;
	}
	return true;
}

static size_t
skip_digits(struct str s, size_t i)
{
	while (i < s.len && isdigit((unsigned char)s.s[i]))
		i++;
	return i;
}

/* [-+]?[0-9]+, 0o[0-7]+, 0x[0-9a-fA-F]+ */
static bool
core_integer(struct arena *a, struct str s, struct value *v)
{
	size_t sign = s.s[0] == '-' || s.s[0] == '+', i;
	unsigned base = 10;

	if (s.len > 2 && s.s[0] == '0' && (s.s[1] == 'o' || s.s[1] == 'x')) {
		base = s.s[1] == 'o' ? 8 : 16;
		for (i = 2; i < s.len; i++)
			if (base == 8 ? s.s[i] < '0' || s.s[i] > '7' :
			    !isxdigit((unsigned char)s.s[i]))
				return false;
		sign = 2;
	} else if (sign == s.len || skip_digits(s, sign) != s.len) {
		return false;
	}
	return scalar_integer(a, (struct str){s.s + sign, s.len - sign}, base,
	    s.s[0] == '-', v) == SCALAR_OK;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool
core_float(struct str s, struct value *v)
{
	size_t i = s.s[0] == '-' || s.s[0] == '+', from = i;
	bool whole;

	i = skip_digits(s, i);
	whole = i > from;
	if (i < s.len && s.s[i] == '.') {
		from = ++i;
		i = skip_digits(s, i);
		if (!whole && i == from)
			return false;
	} else if (!whole) {
		return false;
	}
	if (i < s.len && (s.s[i] == 'e' || s.s[i] == 'E')) {
		i++;
		if (i < s.len && (s.s[i] == '-' || s.s[i] == '+'))
			i++;
		from = i;
		i = skip_digits(s, i);
		if (i == from)
			return false;
	}
	if (i != s.len)
		return false;
	v->kind = VALUE_FLOAT;
	v->u.f = strtod(s.s, NULL);
	return true;
}

void
scalar_core(struct arena *a, struct str s, struct value *v)
{
	v->len = 0;
	if (core_word(s, v) || core_integer(a, s, v) || core_float(s, v))
		return;
	v->kind = VALUE_STRING;
	v->u.s = s.s;
	v->len = (uint32_t)s.len;
}
