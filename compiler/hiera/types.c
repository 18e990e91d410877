/*
 * Puppet's data types as --type names them: those that data can have, with
 * their parameters. Others are a finding.
 */
#include "hiera/inside.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>

enum { TYPE_DEPTH = 64 };

struct checker {
	struct hiera *hiera;
	const char *p;			/* in the text of the type */
	bool broken;			/* it cannot be parsed */
	unsigned depth;
};

struct type {
	struct str name;
	struct type *parameter;		/* types and literals */
	unsigned n;
	bool literal;			/* a string, a number or default */
	bool is_default;
	double number;
};

static void
blanks(struct checker *c)
{
	while (isspace((unsigned char)*c->p))
		c->p++;
}

static void
parse(struct checker *c, struct type *type);

static void
parse_parameters(struct checker *c, struct type *type)
{
	enum { MOST = 64 };
	struct type *all = ARENA_ARRAY(c->hiera->arena, struct type, MOST);

	c->p++;
	type->parameter = all;
	do {
		if (type->n == MOST) {
			c->broken = true;
			return;
		}
		parse(c, &all[type->n++]);
		blanks(c);
	} while (!c->broken && *c->p == ',' && c->p++);
	if (*c->p != ']')
		c->broken = true;
	else
		c->p++;
}

static void
parse_literal(struct checker *c, struct type *type)
{
	char quote = *c->p;
	const char *end = strchr(c->p + 1, quote);

	type->literal = true;
	if (!end) {
		c->broken = true;
		return;
	}
	type->name = (struct str){c->p + 1, (size_t)(end - c->p) - 1};
	c->p = end + 1;
}

static void
parse(struct checker *c, struct type *type)
{
	const char *from;
	char *end;

	*type = (struct type){0};
	blanks(c);
	if (++c->depth > TYPE_DEPTH) {
		c->broken = true;
		return;
	}
	from = c->p;
	if (*c->p == '\'' || *c->p == '"') {
		parse_literal(c, type);
	} else if (*c->p == '-' || isdigit((unsigned char)*c->p)) {
		type->literal = true;
		type->number = strtod(c->p, &end);
		c->p = end;
	} else {
		while (isalnum((unsigned char)*c->p) || *c->p == '_' ||
		    *c->p == ':')
			c->p++;
		type->name = (struct str){from, (size_t)(c->p - from)};
		type->is_default = str_eq(type->name, STR("default"));
		type->literal = type->is_default;
		c->broken |= !type->name.len;
		blanks(c);
		if (!c->broken && *c->p == '[')
			parse_parameters(c, type);
	}
	c->depth--;
}

static bool
in_range(const struct type *type, unsigned from, double n)
{
	const struct type *least = type->n > from ? &type->parameter[from] :
	    NULL;
	const struct type *most = type->n > from + 1 ?
	    &type->parameter[from + 1] : NULL;

	return (!least || least->is_default || n >= least->number) &&
	    (!most || most->is_default || n <= most->number);
}

static size_t
characters(const struct value *v)
{
	size_t n = 0;
	uint32_t i;

	for (i = 0; i < v->len; i++)
		n += ((unsigned char)v->u.s[i] & 0xc0) != 0x80;
	return n;
}

static bool
is(struct checker *c, const struct type *type, const struct value *v);

static bool
is_list_of(struct checker *c, const struct type *type, const struct value *v)
{
	unsigned from = type->n && !type->parameter[0].literal;
	uint32_t i;

	/* Sizes come behind the type of the items. */
	c->broken |= type->n && !from;
	if (v->kind != VALUE_LIST || !in_range(type, from, v->len))
		return false;
	for (i = 0; from && i < v->len; i++)
		if (!is(c, &type->parameter[0], &v->u.item[i]))
			return false;
	return true;
}

static bool
is_hash_of(struct checker *c, const struct type *type, const struct value *v)
{
	unsigned from = type->n > 1 && !type->parameter[0].literal ? 2 : 0;
	uint32_t i;

	if (v->kind != VALUE_HASH || !in_range(type, from, v->len))
		return false;
	for (i = 0; from && i < v->len; i++)
		if (!is(c, &type->parameter[0], &v->u.hash->pair[i].key) ||
		    !is(c, &type->parameter[1], &v->u.hash->pair[i].value))
			return false;
	return true;
}

static bool
is_any_of(struct checker *c, const struct type *type, const struct value *v)
{
	unsigned i;

	for (i = 0; i < type->n; i++)
		if (is(c, &type->parameter[i], v))
			return true;
	return false;
}

static bool
is_enum(const struct type *type, const struct value *v)
{
	unsigned i;

	for (i = 0; v->kind == VALUE_STRING && i < type->n; i++)
		if (str_eq(type->parameter[i].name, value_str(v)))
			return true;
	return false;
}

static bool
is_boolean(const struct type *type, const struct value *v)
{
	return v->kind == VALUE_BOOL && (!type->n ||
	    str_eq(type->parameter[0].name,
	        v->u.b ? STR("true") : STR("false")));
}

static bool
is_number(const struct value *v)
{
	return v->kind == VALUE_INT || v->kind == VALUE_BIGINT ||
	    v->kind == VALUE_FLOAT;
}

static bool
is_integer(const struct type *type, const struct value *v)
{
	return (v->kind == VALUE_INT &&
	    in_range(type, 0, (double)v->u.i)) ||
	    (v->kind == VALUE_BIGINT && !type->n);
}

static bool
is(struct checker *c, const struct type *type, const struct value *v)
{
	struct str name = type->name;
	bool scalar = is_number(v) || v->kind == VALUE_STRING ||
	    v->kind == VALUE_BOOL;

	if (type->literal)
		return v->kind == VALUE_STRING && str_eq(name, value_str(v));
	if (str_eq(name, STR("Any")))
		return true;
	if (str_eq(name, STR("Data")))
		return is_data(v);
	if (str_eq(name, STR("Scalar")) || str_eq(name, STR("ScalarData")))
		return scalar;
	if (str_eq(name, STR("String")))
		return v->kind == VALUE_STRING &&
		    in_range(type, 0, (double)characters(v));
	if (str_eq(name, STR("Integer")))
		return is_integer(type, v);
	if (str_eq(name, STR("Float")))
		return v->kind == VALUE_FLOAT && in_range(type, 0, v->u.f);
	if (str_eq(name, STR("Numeric")))
		return is_number(v);
	if (str_eq(name, STR("Boolean")))
		return is_boolean(type, v);
	if (str_eq(name, STR("Undef")))
		return v->kind == VALUE_NULL;
	if (str_eq(name, STR("Array")))
		return is_list_of(c, type, v);
	if (str_eq(name, STR("Hash")))
		return is_hash_of(c, type, v);
	if (str_eq(name, STR("Collection")))
		return (v->kind == VALUE_LIST || v->kind == VALUE_HASH) &&
		    in_range(type, 0, v->len);
	if (str_eq(name, STR("Enum")))
		return is_enum(type, v);
	if (str_eq(name, STR("Variant")))
		return is_any_of(c, type, v);
	if (str_eq(name, STR("Optional")))
		return v->kind == VALUE_NULL || is_any_of(c, type, v);
	if (str_eq(name, STR("NotUndef")))
		return v->kind != VALUE_NULL &&
		    (!type->n || is_any_of(c, type, v));
	c->broken = true;
	return false;
}

bool
hiera_check_type(struct hiera *h, const char *type, const struct value *v)
{
	struct checker c = {.hiera = h, .p = type};
	struct type parsed;
	bool fits = false;

	parse(&c, &parsed);
	blanks(&c);
	if (!c.broken && !*c.p)
		fits = is(&c, &parsed, v);
	if (c.broken || *c.p)
		diag_add(h->diag, FINDING_HIERA_UNSUPPORTED, ORIGIN_NONE,
		    "mailc cannot check the type '%s'", type);
	else if (!fits)
		diag_add(h->diag, FINDING_HIERA_VALUE, value_origin(v),
		    "the value found is %s, and '%s' is wanted",
		    value_kind_name(v), type);
	return fits && !c.broken;
}
