/*
 * One scalar: its tag, its typing, and whether another YAML tool would read
 * it otherwise. Tags follow psych/visitors/to_ruby.rb with the classes that
 * Puppet permits, which is Symbol alone.
 */
#include "tree/yaml_reader.h"
#include "tree/yaml_scalar.h"

#include "base/buf.h"

#include <math.h>

#define CORE_TAG "tag:yaml.org,2002:"

enum tag {
	TAG_TYPED,	/* none, or one that changes nothing */
	TAG_STRING,
	TAG_BINARY,
	TAG_FLOAT,
	TAG_SYMBOL,
	TAG_REFUSED,
};

static bool
is(const char *tag, const char *name)
{
	return !strcmp(tag, name);
}

static bool
begins(const char *tag, const char *prefix)
{
	return !strncmp(tag, prefix, strlen(prefix));
}

static enum tag
scalar_tag(const char *tag)
{
	static const char *const refused[] = {
		"!ruby/object:BigDecimal", "!ruby/object:DateTime",
		"!ruby/object:Complex", "!ruby/object:Rational",
		"!ruby/class", "!ruby/module", "!ruby/regexp", "!ruby/range",
		"!ruby/encoding",
	};
	size_t i;

	if (!tag)
		return TAG_TYPED;
	if (is(tag, "!binary") || is(tag, CORE_TAG "binary"))
		return TAG_BINARY;
	if (is(tag, "!str") || is(tag, "!str:") || is(tag, CORE_TAG "str") ||
	    is(tag, "!ruby/string") || is(tag, "!ruby/string:"))
		return TAG_STRING;
	if (begins(tag, "!str:") || begins(tag, "!ruby/string:"))
		return TAG_REFUSED;
	if (is(tag, "!float") || is(tag, CORE_TAG "float"))
		return TAG_FLOAT;
	if (begins(tag, "!ruby/sym"))
		return TAG_SYMBOL;
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (is(tag, refused[i]))
			return TAG_REFUSED;
	return TAG_TYPED;
}

bool
yaml_tag_refused(const char *tag, bool is_hash)
{
	static const char *const hash_tag[] = {
		"!ruby/struct", "!ruby/array:", "!ruby/exception",
		"!ruby/hash-with-ivars", "!ruby/hash:", "!map:", "!str:",
		"!ruby/string", "!ruby/marshalable:",
	};
	size_t i;

	if (!tag)
		return false;
	if (!is_hash)
		return begins(tag, "!seq:") || begins(tag, "!ruby/array:");
	if (begins(tag, "!ruby/object"))
		return !is(tag, "!ruby/object:Hash");
	for (i = 0; i < sizeof(hash_tag) / sizeof(hash_tag[0]); i++)
		if (begins(tag, hash_tag[i]))
			return true;
	return is(tag, "!set") || is(tag, CORE_TAG "set") ||
	    is(tag, "!omap") || is(tag, CORE_TAG "omap") ||
	    is(tag, "!str") || is(tag, CORE_TAG "str") ||
	    is(tag, "!ruby/range");
}

/* Base64 as Ruby's unpack("m"): what is no digit is passed over. */
static struct value
decode_binary(struct arena *a, struct str s, struct origin at)
{
	static const char digit[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	struct buf b = BUF_INIT;
	struct value v;
	unsigned bits = 0, n = 0;
	size_t i;

	for (i = 0; i < s.len && s.s[i] != '='; i++) {
		const char *d = s.s[i] ? strchr(digit, s.s[i]) : NULL;

		if (!d)
			continue;
		bits = bits << 6 | (unsigned)(d - digit);
		n += 6;
		if (n >= 8) {
			n -= 8;
			buf_addch(&b, (char)(bits >> n & 0xff));
		}
	}
	v = value_string(a, (struct str){b.s, b.len}, at);
	buf_release(&b);
	return v;
}

static void
refuse(struct yaml_reader *r, struct value *v, const char *what)
{
	if (yaml_may_say(r))
		diag_add(r->diag, FINDING_YAML_CLASS, value_origin(v),
		    "%s, and Puppet refuses the whole file; quote it", what);
	r->broken = true;
	v->kind = VALUE_BAD;
}

static void
take_result(struct yaml_reader *r, enum scalar_result result, struct value *v)
{
	switch (result) {
	case SCALAR_OK:
		if (v->kind == VALUE_SYMBOL && r->dialect == YAML_FACTS)
			refuse(r, v, "this is a Ruby symbol");
		break;
	case SCALAR_DATE:
		refuse(r, v, "this is a date");
		break;
	case SCALAR_TIME:
		refuse(r, v, "this is a time");
		break;
	case SCALAR_BROKEN:
		refuse(r, v, "this looks like a number and is none");
		break;
	case SCALAR_LIMIT:
		diag_add(r->diag, FINDING_YAML_LIMIT, value_origin(v),
		    "this number has more than 4096 digits; quote it");
		r->broken = true;
		v->kind = VALUE_BAD;
		break;
	}
}

static void
type_float(struct yaml_reader *r, struct str s, struct value *v)
{
	enum scalar_result result = scalar_psych(r->arena, s, v);
	double f = 0;
	bool ok = true;

	if (result == SCALAR_OK && v->kind == VALUE_INT)
		f = (double)v->u.i;
	else if (result == SCALAR_OK && v->kind == VALUE_FLOAT)
		f = v->u.f;
	else if (result == SCALAR_OK && v->kind == VALUE_STRING)
		ok = scalar_float(s, &f);
	else
		ok = false;
	v->kind = VALUE_FLOAT;
	v->len = 0;
	v->u.f = f;
	if (!ok)
		refuse(r, v, "!!float stands before what is no number");
}

static const char *
describe(struct arena *a, const struct value *v)
{
	switch ((enum value_kind)v->kind) {
	case VALUE_NULL:
		return "null";
	case VALUE_BOOL:
		return v->u.b ? "true" : "false";
	case VALUE_INT:
		return arena_printf(a, "the number %lld", (long long)v->u.i);
	case VALUE_BIGINT:
		return arena_printf(a, "the number %s", v->u.s);
	case VALUE_FLOAT:
		return arena_printf(a, "the number %.15g", v->u.f);
	case VALUE_STRING:
	case VALUE_SYMBOL:
	case VALUE_LIST:
	case VALUE_HASH:
	case VALUE_BAD:
		break;
	}
	return "a string";
}

/* A string that begins like this is one to everybody. */
static bool
is_plainly_string(const struct value *v)
{
	return v->kind == VALUE_STRING && !strchr("0123456789+-.", v->u.s[0]);
}

static void
check_readings(struct yaml_reader *r, struct str s, const struct value *v)
{
	struct value core = *v;

	if (is_plainly_string(v) || v->kind == VALUE_SYMBOL ||
	    v->kind == VALUE_BAD)
		return;
	scalar_core(r->arena, s, &core);
	if (value_eql(v, &core) || (v->kind == VALUE_FLOAT &&
	    core.kind == VALUE_FLOAT && isnan(v->u.f) && isnan(core.u.f)))
		return;
	if (yaml_may_say(r))
		diag_add(r->diag, FINDING_YAML_AMBIGUOUS, value_origin(v),
		    "Puppet reads %.*s as %s, YAML 1.2 as %s; quote it or "
		    "write what is meant", STR_ARG(s), describe(r->arena, v),
		    describe(r->arena, &core));
}

static void
check_key(struct yaml_reader *r, struct str s, const struct value *v)
{
	if ((v->kind == VALUE_BOOL || v->kind == VALUE_NULL) &&
	    yaml_may_say(r))
		diag_add(r->diag, FINDING_YAML_KEY_TYPE, value_origin(v),
		    "the key %.*s is %s and cannot be looked up; quote it",
		    STR_ARG(s), describe(r->arena, v));
	else if (v->kind == VALUE_SYMBOL && yaml_may_say(r))
		diag_add(r->diag, FINDING_YAML_AMBIGUOUS, value_origin(v),
		    "Puppet drops the colon before the key %.*s; quote it to "
		    "keep the colon", STR_ARG(s));
	else
		check_readings(r, s, v);
}

struct value
yaml_scalar(struct yaml_reader *r, const yaml_event_t *event, bool is_key)
{
	struct value v = value_at(VALUE_STRING,
	    yaml_place(r, &event->start_mark));
	struct str s = {(const char *)event->data.scalar.value,
	    event->data.scalar.length};
	bool quoted = event->data.scalar.quoted_implicit;
	enum tag tag = quoted ? TAG_STRING :
	    scalar_tag((const char *)event->data.scalar.tag);
	bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;

	v.u.s = s.s;
	v.len = (uint32_t)s.len;
	if (tag == TAG_BINARY)
		return decode_binary(r->arena, s, value_origin(&v));
	if (tag == TAG_TYPED)
		take_result(r, scalar_psych(r->arena, s, &v), &v);
	else if (tag == TAG_FLOAT)
		type_float(r, s, &v);
	else if (tag == TAG_SYMBOL)
		v.kind = VALUE_SYMBOL;
	else if (tag == TAG_REFUSED)
		refuse(r, &v, "this tag asks for a Ruby class");
	if (plain)
		v.flags |= VALUE_PLAIN;
	if (plain && !event->data.scalar.tag && r->dialect == YAML_HIERA) {
		if (is_key)
			check_key(r, s, &v);
		else
			check_readings(r, s, &v);
	}
	if (v.kind == VALUE_STRING || v.kind == VALUE_SYMBOL)
		v.u.s = arena_strndup(r->arena, v.u.s, v.len);
	/* Puppet has :default and :undef for values of its own. */
	if (v.kind == VALUE_SYMBOL && str_eq(value_str(&v), STR("default")))
		v.flags |= VALUE_DEFAULT;
	else if (v.kind == VALUE_SYMBOL &&
	    !str_eq(value_str(&v), STR("undef")))
		v.flags |= VALUE_ODD;
	if (v.kind == VALUE_STRING && value_has_tokens(value_str(&v)))
		v.flags |= VALUE_TOKENS;
	return v;
}
