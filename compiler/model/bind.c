/*
 * Assumes values that Hiera has interpolated. A VALUE_BAD is poison: it was
 * reported where it arose and makes the binding fail without another word.
 */
#include "model/bind.h"

#include "base/die.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { NAMES_MOST = 96, DOMAIN_LONGEST = 253, LABEL_LONGEST = 63 };

static bool
label_ok(struct str label)
{
	size_t i;

	if (!label.len || label.len > LABEL_LONGEST ||
	    label.s[0] == '-' || label.s[label.len - 1] == '-')
		return false;
	for (i = 0; i < label.len; i++) {
		unsigned char c = ascii_lower((unsigned char)label.s[i]);

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-')
			return false;
	}
	return true;
}

static bool
labels_ok(struct str s, size_t least)
{
	size_t n = 0;

	if (!s.len || s.len > DOMAIN_LONGEST)
		return false;
	for (;;) {
		size_t dot = str_find(s, '.');

		if (!label_ok((struct str){s.s, dot}))
			return false;
		n++;
		if (dot == s.len)
			break;
		s = (struct str){s.s + dot + 1, s.len - dot - 1};
	}
	return n >= least;
}

bool
domain_ok(struct str s)
{
	return labels_ok(s, 2);
}

bool
host_ok(struct str s)
{
	return labels_ok(s, 1);
}

bool
is_encrypted(const struct value *v)
{
	const char *begin;

	if (v->kind != VALUE_STRING)
		return false;
	begin = strstr(v->u.s, "ENC[");
	return (v->flags & VALUE_ENCRYPTED) || (begin && strchr(begin, ']'));
}

static bool
wrong_type(struct binder *b, const struct value *v, const char *name,
    const char *wanted)
{
	if (v->kind != VALUE_BAD)
		diag_add(b->diag, FINDING_WRONG_TYPE, value_origin(v),
		    "%s%s%s must be %s, not %s", b->what, *name ? ": " : "",
		    name, wanted, value_kind_name(v));
	return false;
}

/* Reports bytes that no line of a configuration file can hold. */
static bool
one_line(struct binder *b, const struct value *v, const char *name)
{
	uint32_t i;

	for (i = 0; i < v->len; i++) {
		unsigned char c = (unsigned char)v->u.s[i];

		if (c >= 0x20 && c != 0x7f)
			continue;
		diag_add(b->diag, FINDING_UNSAFE_TEXT, value_origin(v),
		    "%s: %s holds %s; write it on one line", b->what, name,
		    c == '\n' ? "a line break" : "a control character");
		return false;
	}
	return true;
}

static bool
bind_text(struct binder *b, const struct field *f, const struct value *v,
    struct text *out)
{
	if (v->kind != VALUE_STRING)
		return wrong_type(b, v, f->name,
		    v->kind == VALUE_INT || v->kind == VALUE_FLOAT ||
		    v->kind == VALUE_BOOL ? "a string (quote it)" : "a string");
	if (is_encrypted(v)) {
		diag_add(b->diag, FINDING_EYAML_ENCRYPTED, value_origin(v),
		    "%s: %s is still encrypted; secrets belong in a file on "
		    "the node, named by its path", b->what, f->name);
		return false;
	}
	if (!one_line(b, v, f->name))
		return false;
	*out = value_text(v);
	return true;
}

/* Domains and host names are kept in lower case. */
static bool
bind_name(struct binder *b, const struct field *f, const struct value *v,
    struct text *out)
{
	bool domain = f->kind == KIND_DOMAIN;
	struct text raw;
	char *lower;
	uint32_t i;

	if (!bind_text(b, f, v, &raw))
		return false;
	if (!(domain ? domain_ok : host_ok)(text_str(raw))) {
		diag_add(b->diag, FINDING_BAD_DOMAIN, raw.at,
		    "%s: '%s' is not a %s name", b->what, raw.s,
		    domain ? "domain" : "host");
		return false;
	}
	lower = arena_strndup(b->arena, raw.s, raw.len);
	for (i = 0; i < raw.len; i++)
		lower[i] = (char)ascii_lower((unsigned char)lower[i]);
	*out = (struct text){lower, raw.len, raw.at};
	return true;
}

static bool
path_ok(struct str s)
{
	struct str part = s;

	if (!s.len || s.s[0] != '/')
		return false;
	while (part.len) {
		size_t slash = str_find(part, '/');

		if (str_eq((struct str){part.s, slash}, STR("..")))
			return false;
		if (slash == part.len)
			break;
		part = (struct str){part.s + slash + 1, part.len - slash - 1};
	}
	return true;
}

static bool
bind_path(struct binder *b, const struct field *f, const struct value *v,
    struct text *out)
{
	struct text raw;

	if (!bind_text(b, f, v, &raw))
		return false;
	if (!path_ok(text_str(raw))) {
		diag_add(b->diag, FINDING_BAD_PATH, raw.at,
		    "%s: %s '%s' is not an absolute path without '..'",
		    b->what, f->name, raw.s);
		return false;
	}
	*out = raw;
	return true;
}

static bool
bind_enum(struct binder *b, const struct field *f, const struct value *v,
    struct text *out)
{
	struct buf all = BUF_INIT;
	size_t i;

	/* YAML 1.1 reads a bare off as false. */
	if (v->kind == VALUE_BOOL && !v->u.b) {
		for (i = 0; f->choice[i]; i++)
			if (!strcmp(f->choice[i], "off")) {
				*out = (struct text){"off", 3, value_origin(v)};
				return true;
			}
	}
	if (v->kind != VALUE_STRING)
		return wrong_type(b, v, f->name, "a string");
	for (i = 0; f->choice[i]; i++) {
		if (str_eq(str_of(f->choice[i]), value_str(v))) {
			*out = value_text(v);
			buf_release(&all);
			return true;
		}
		buf_printf(&all, "%s'%s'", i ? ", " : "", f->choice[i]);
	}
	diag_add(b->diag, FINDING_BAD_VALUE, value_origin(v),
	    "%s: %s is '%s'; it can be %s", b->what, f->name, v->u.s, all.s);
	buf_release(&all);
	return false;
}

static bool
bind_int(struct binder *b, const struct field *f, const struct value *v,
    int64_t *out)
{
	bool port = f->kind == KIND_PORT;

	if (v->kind != VALUE_INT)
		return wrong_type(b, v, f->name, "an integer");
	if (port && (v->u.i < 1 || v->u.i > 65535)) {
		diag_add(b->diag, FINDING_BAD_PORT, value_origin(v),
		    "%s: %s %" PRId64 " is not between 1 and 65535", b->what,
		    f->name, v->u.i);
		return false;
	}
	if (!port && (v->u.i < 0 || v->u.i > INT32_MAX)) {
		diag_add(b->diag, FINDING_BAD_VALUE, value_origin(v),
		    "%s: %s %" PRId64 " is negative or far too large", b->what,
		    f->name, v->u.i);
		return false;
	}
	*out = v->u.i;
	return true;
}

static bool
setting_put(struct binder *b, const struct value *v, struct buf *out)
{
	uint32_t i;

	switch ((enum value_kind)v->kind) {
	case VALUE_NULL:
		return true;
	case VALUE_BOOL:
		buf_addstr(out, v->u.b ? "yes" : "no");
		return true;
	case VALUE_INT:
		buf_printf(out, "%" PRId64, v->u.i);
		return true;
	case VALUE_STRING:
		if (!one_line(b, v, "the value"))
			return false;
		buf_add(out, v->u.s, v->len);
		return true;
	case VALUE_LIST:
		for (i = 0; i < v->len; i++) {
			const struct value *item = &v->u.item[i];

			if (item->kind == VALUE_LIST)
				return wrong_type(b, item, "", "a scalar");
			if (i)
				buf_addstr(out, ", ");
			if (!setting_put(b, item, out))
				return false;
		}
		return true;
	case VALUE_BIGINT:
	case VALUE_FLOAT:
	case VALUE_SYMBOL:
	case VALUE_HASH:
	case VALUE_BAD:
		break;
	}
	return wrong_type(b, v, "", "a string, an integer, a boolean or a list");
}

static bool
bind_setting(struct binder *b, const struct field *f, const struct value *v,
    struct text *out)
{
	struct buf text = BUF_INIT;
	bool ok;

	if (v->kind == VALUE_STRING)
		return bind_text(b, f, v, out);
	ok = setting_put(b, v, &text);
	if (ok)
		*out = (struct text){
			arena_strndup(b->arena, text.s, text.len),
			(uint32_t)text.len, value_origin(v)};
	buf_release(&text);
	return ok;
}

/* One item of a list, from its value and up to two keys of a map. */
static bool
bind_item(struct binder *b, const struct field *list, const struct value *v,
    const struct value *const *key, size_t nkey, void *item)
{
	const struct field *f = list->type->field;
	bool ok = true;
	size_t i;

	if (list->type == &text_type) {
		static const struct field one = {.name = "an item",
			.kind = KIND_TEXT};

		return bind_text(b, &one, v, item);
	}
	bind_presets(b, list->type, item);
	if (list->type == &port_type) {
		((struct port *)item)->at = value_origin(v);
		return bind_field(b, f, v, item);
	}
	for (i = 0; i < nkey; i++)
		ok &= bind_field(b, &f[i], key[i], item);
	if ((list->flags & FIELD_SCALAR) && v->kind != VALUE_HASH)
		return bind_field(b, &f[nkey], v, item) && ok;
	return bind_struct(b, list->type, v, item) && ok;
}

/* The items that could be bound stay; ok tells whether all could. */
struct filling {
	char *item;
	size_t n;
	bool ok;
};

static void
fill(struct binder *b, const struct field *f, const struct value *v,
    const struct value *const *key, size_t nkey, struct filling *to)
{
	void *item = to->item + to->n * f->type->size;

	if (bind_item(b, f, v, key, nkey, item))
		to->n++;
	else {
		to->ok = false;
		memset(item, 0, f->type->size);
	}
}

static void
fill_maps(struct binder *b, const struct field *f, const struct value *v,
    struct filling *to)
{
	uint32_t i, j;

	for (i = 0; i < v->len; i++) {
		const struct pair *outer = &v->u.hash->pair[i];

		if (outer->value.kind != VALUE_HASH) {
			to->ok = wrong_type(b, &outer->value, "an entry",
			    "a hash");
			continue;
		}
		for (j = 0; j < outer->value.len; j++) {
			const struct pair *inner =
			    &outer->value.u.hash->pair[j];

			fill(b, f, &inner->value, (const struct value *const[])
			    {&outer->key, &inner->key}, 2, to);
		}
	}
}

struct keyed {
	const struct field *field;	/* the first ones are the keys */
	size_t nkey;
};

static int
by_keys(const void *a, const void *b, void *data)
{
	const struct keyed *keyed = data;
	int order = 0;
	size_t i;

	for (i = 0; i < keyed->nkey && !order; i++) {
		size_t offset = keyed->field[i].offset;
		const struct text *x = (const void *)((const char *)a + offset);
		const struct text *y = (const void *)((const char *)b + offset);

		order = str_cmp(text_str(*x), text_str(*y));
	}
	return order;
}

/* A hash has no order, so the list that it becomes has that of its keys. */
static void
sort_by_keys(const struct field *f, struct filling *to)
{
	struct keyed keyed = {f->type->field,
		f->flags & FIELD_MAP_OF_MAPS ? 2 : 1};

	if (to->n)
		qsort_r(to->item, to->n, f->type->size, by_keys, &keyed);
}

static size_t
count_items(const struct field *f, const struct value *v)
{
	size_t n = 0;
	uint32_t i;

	if (!(f->flags & FIELD_MAP_OF_MAPS))
		return v->kind == VALUE_LIST || v->kind == VALUE_HASH ?
		    v->len : 1;
	for (i = 0; i < v->len; i++)
		if (v->u.hash->pair[i].value.kind == VALUE_HASH)
			n += v->u.hash->pair[i].value.len;
	return n;
}

static bool
bind_list(struct binder *b, const struct field *f, const struct value *v,
    struct list *out)
{
	bool map = f->flags & (FIELD_MAP | FIELD_MAP_OF_MAPS);
	struct filling to = {.ok = true};
	uint32_t i;

	if (map && v->kind != VALUE_HASH)
		return wrong_type(b, v, "", "a hash");
	if (!map && v->kind != VALUE_LIST &&
	    (!(f->flags & FIELD_ONE_OR_MANY) || v->kind == VALUE_HASH))
		return wrong_type(b, v, f->name, "a list");
	to.item = arena_zero(b->arena,
	    mul_or_die(count_items(f, v), f->type->size));
	if (f->flags & FIELD_MAP_OF_MAPS)
		fill_maps(b, f, v, &to);
	else if (map)
		for (i = 0; i < v->len; i++) {
			const struct pair *p = &v->u.hash->pair[i];

			fill(b, f, &p->value,
			    (const struct value *const[]){&p->key}, 1, &to);
		}
	else if (v->kind == VALUE_LIST)
		for (i = 0; i < v->len; i++)
			fill(b, f, &v->u.item[i], NULL, 0, &to);
	else
		fill(b, f, v, NULL, 0, &to);
	if (map)
		sort_by_keys(f, &to);
	*out = (struct list){to.item, to.n};
	return to.ok;
}

bool
bind_field(struct binder *b, const struct field *f, const struct value *v,
    void *object)
{
	void *out = (char *)object + f->offset;

	switch (f->kind) {
	case KIND_BOOL:
		if (v->kind != VALUE_BOOL)
			return wrong_type(b, v, f->name, "true or false");
		*(bool *)out = v->u.b;
		return true;
	case KIND_INT:
	case KIND_PORT:
		return bind_int(b, f, v, out);
	case KIND_TEXT:
	case KIND_URI:
		return bind_text(b, f, v, out);
	case KIND_DOMAIN:
	case KIND_HOST:
		return bind_name(b, f, v, out);
	case KIND_PATH:
		return bind_path(b, f, v, out);
	case KIND_ENUM:
		return bind_enum(b, f, v, out);
	case KIND_SETTING:
		return bind_setting(b, f, v, out);
	case KIND_STRUCT:
		return bind_struct(b, f->type, v, out);
	case KIND_LIST:
		return bind_list(b, f, v, out);
	case KIND_REF:
	case KIND_REFS:
	case KIND_PUT:
	case KIND_TEST:
	case KIND_HAS:
		break;
	}
	BUG("a field that Hiera cannot set");
}

static bool
is_bindable(const struct field *f)
{
	return !(f->flags & FIELD_DERIVED) && f->kind != KIND_REF &&
	    f->kind != KIND_REFS && f->kind != KIND_PUT &&
	    f->kind != KIND_TEST && f->kind != KIND_HAS;
}

static void
unknown_field(struct binder *b, const struct type *type,
    const struct value *key)
{
	const char *name[NAMES_MOST];
	const char *near;
	const struct field *f;
	size_t n = 0;

	for (f = type->field; f->name && n < NAMES_MOST; f++)
		if (is_bindable(f))
			name[n++] = f->name;
	near = key->kind == VALUE_STRING ?
	    str_nearest(value_str(key), name, n) : NULL;
	diag_add(b->diag, FINDING_UNKNOWN_FIELD, value_origin(key),
	    "%s has no field '%s'%s%s%s", b->what,
	    key->kind == VALUE_STRING ? key->u.s : value_kind_name(key),
	    near ? "; did you mean '" : "", near ? near : "",
	    near ? "'?" : "");
}

bool
bind_struct(struct binder *b, const struct type *type, const struct value *v,
    void *object)
{
	const struct field *f;
	bool ok = true;
	uint32_t i;

	if (v->kind != VALUE_HASH)
		return wrong_type(b, v, "", "a hash");
	for (i = 0; i < v->len; i++) {
		const struct pair *p = &v->u.hash->pair[i];

		f = p->key.kind == VALUE_STRING ?
		    type_field(type, value_str(&p->key)) : NULL;
		if (!f || !is_bindable(f)) {
			unknown_field(b, type, &p->key);
			ok = false;
		} else
			ok &= bind_field(b, f, &p->value, object);
	}
	for (f = type->field; f->name; f++) {
		if (!(f->flags & FIELD_REQUIRED) ||
		    value_get(v, str_of(f->name)))
			continue;
		diag_add(b->diag, FINDING_MISSING_FIELD, value_origin(v),
		    "%s needs '%s': %s", b->what, f->name, f->doc);
		ok = false;
	}
	return ok;
}

static void
preset(const struct field *f, void *out)
{
	switch (f->kind) {
	case KIND_BOOL:
		*(bool *)out = !strcmp(f->preset, "true");
		break;
	case KIND_INT:
	case KIND_PORT:
		*(int64_t *)out = strtoll(f->preset, NULL, 10);
		break;
	case KIND_TEXT:
	case KIND_DOMAIN:
	case KIND_HOST:
	case KIND_PATH:
	case KIND_URI:
	case KIND_ENUM:
	case KIND_SETTING:
		*(struct text *)out = (struct text){f->preset,
			(uint32_t)strlen(f->preset), ORIGIN_NONE};
		break;
	case KIND_STRUCT:
	case KIND_REF:
	case KIND_LIST:
	case KIND_REFS:
	case KIND_PUT:
	case KIND_TEST:
	case KIND_HAS:
		BUG("a preset for a field that has none");
	}
}

static bool
is_text(enum field_kind kind)
{
	return kind == KIND_TEXT || kind == KIND_DOMAIN || kind == KIND_HOST ||
	    kind == KIND_PATH || kind == KIND_URI || kind == KIND_ENUM ||
	    kind == KIND_SETTING;
}

void
bind_presets(struct binder *b, const struct type *type, void *object)
{
	const struct field *f;

	for (f = type->field; f->name; f++) {
		void *out = (char *)object + f->offset;

		if (f->preset)
			preset(f, out);
		else if (is_text(f->kind))
			((struct text *)out)->s = "";
		else if (f->kind == KIND_STRUCT)
			bind_presets(b, f->type, out);
	}
}
