/*
 * Values are plain structs in an arena. A hash of more than a few pairs has
 * an index over all its keys, so that finding one does not depend on size.
 */
#include "tree/value.h"

#include "base/die.h"

enum { LINEAR = 8 };	/* pairs or items: up to here a scan beats an index */

const char *
value_kind_name(const struct value *v)
{
	switch ((enum value_kind)v->kind) {
	case VALUE_NULL:
		return "null";
	case VALUE_BOOL:
		return "a boolean";
	case VALUE_INT:
	case VALUE_BIGINT:
		return "an integer";
	case VALUE_FLOAT:
		return "a float";
	case VALUE_STRING:
		return "a string";
	case VALUE_SYMBOL:
		return "a symbol";
	case VALUE_LIST:
		return "a list";
	case VALUE_HASH:
		return "a hash";
	case VALUE_BAD:
		return "a broken value";
	}
	BUG("unknown kind of value");
}

struct value
value_at(enum value_kind kind, struct origin at)
{
	return (struct value){
		.kind = (uint8_t)kind,
		.source = at.source,
		.line = at.line,
		.column = at.column > UINT16_MAX ?
		    UINT16_MAX : (uint16_t)at.column,
	};
}

bool
value_has_tokens(struct str s)
{
	size_t i = str_find(s, '%');

	return i < s.len && memmem(s.s + i, s.len - i, "%{", 2);
}

static uint32_t
count_or_die(size_t n)
{
	if (n > UINT32_MAX / 2)
		die("out of memory (a collection of %zu)", n);
	return (uint32_t)n;
}

static uint32_t
mix(uint32_t hash, uint32_t more)
{
	return (hash ^ more) * 16777619u;
}

static uint32_t
hash_hash_of(const struct hash *hash, uint32_t n)
{
	uint32_t sum = 0, i;

	/* The order of pairs does not count. */
	for (i = 0; i < n; i++)
		sum += mix(value_hash_of(&hash->pair[i].key),
		    value_hash_of(&hash->pair[i].value));
	return sum;
}

uint32_t
value_hash_of(const struct value *v)
{
	uint32_t h = v->kind * 2654435761u, i;
	double f = v->u.f;

	switch ((enum value_kind)v->kind) {
	case VALUE_STRING:
		return str_hash(value_str(v));
	case VALUE_SYMBOL:
	case VALUE_BIGINT:
		return mix(h, str_hash(value_str(v)));
	case VALUE_BOOL:
		return h + v->u.b;
	case VALUE_INT:
		return str_hash((struct str){(const char *)&v->u.i,
		    sizeof(v->u.i)}) + h;
	case VALUE_FLOAT:
		if (f == 0)
			f = 0;	/* -0.0 is 0.0 */
		return str_hash((struct str){(const char *)&f, sizeof(f)}) + h;
	case VALUE_LIST:
		for (i = 0; i < v->len; i++)
			h = mix(h, value_hash_of(&v->u.item[i]));
		return h;
	case VALUE_HASH:
		return h + hash_hash_of(v->u.hash, v->len);
	case VALUE_NULL:
	case VALUE_BAD:
		break;
	}
	return h;
}

uint32_t
pair_hash(const void *pairs, uint32_t position)
{
	return value_hash_of(&((const struct pair *)pairs)[position].key);
}

bool
pair_is(const void *pairs, uint32_t position, const void *key)
{
	return value_eql(&((const struct pair *)pairs)[position].key, key);
}

static bool
key_is_string(const void *pairs, uint32_t position, const void *sought)
{
	const struct value *key = &((const struct pair *)pairs)[position].key;

	return key->kind == VALUE_STRING &&
	    str_eq(value_str(key), *(const struct str *)sought);
}

uint8_t
pair_flags(const struct pair *pair)
{
	uint8_t flags = (pair->key.flags | pair->value.flags) &
	    VALUE_INHERITED;

	switch ((enum value_kind)pair->key.kind) {
	case VALUE_STRING:
		return flags;
	case VALUE_INT:
	case VALUE_BIGINT:
	case VALUE_FLOAT:
		return flags | VALUE_NUMBER_KEY;
	case VALUE_NULL:
	case VALUE_BOOL:
	case VALUE_SYMBOL:
	case VALUE_LIST:
	case VALUE_HASH:
	case VALUE_BAD:
		break;
	}
	return flags | VALUE_ODD;
}

struct hash *
value_hash_alloc(struct arena *a, size_t n)
{
	struct hash *hash;

	hash = arena_alloc(a, sizeof(*hash) +
	    mul_or_die(count_or_die(n), sizeof(hash->pair[0])));
	index_init(&hash->index);
	return hash;
}

struct value
value_hash_take(struct arena *a, struct hash *hash, size_t n,
    struct origin at)
{
	struct value v = value_at(VALUE_HASH, at);
	uint32_t i, nslot;

	v.len = count_or_die(n);
	v.u.hash = hash;
	for (i = 0; i < v.len; i++)
		v.flags |= pair_flags(&hash->pair[i]);
	if (v.len <= LINEAR || hash->index.nslot)
		return v;
	nslot = index_slots(n);
	index_init_fixed(&hash->index, ARENA_ARRAY(a, uint32_t, nslot), nslot);
	for (i = 0; i < v.len; i++)
		index_add(&hash->index, pair_hash(hash->pair, i), i, pair_hash,
		    hash->pair);
	return v;
}

struct value
value_hash_take_like(struct arena *a, struct hash *hash, size_t n,
    const struct value *like, struct origin at)
{
	const struct index *old = &like->u.hash->index;
	size_t bytes = old->nslot * sizeof(*old->slot);
	uint32_t i;

	if (!old->nslot || index_slots(n) > old->nslot)
		return value_hash_take(a, hash, n, at);
	hash->index = *old;
	if (n > like->len) {
		hash->index.slot = memcpy(arena_alloc(a, bytes), old->slot,
		    bytes);
		for (i = like->len; i < n; i++)
			index_add(&hash->index, pair_hash(hash->pair, i), i,
			    pair_hash, hash->pair);
	}
	return value_hash_take(a, hash, n, at);
}

struct value
value_hash(struct arena *a, const struct pair *pair, size_t n,
    struct origin at)
{
	struct hash *hash = value_hash_alloc(a, n);

	if (n)
		memcpy(hash->pair, pair, n * sizeof(*pair));
	return value_hash_take(a, hash, n, at);
}

struct value
value_list(struct arena *a, const struct value *item, size_t n,
    struct origin at)
{
	struct value v = value_at(VALUE_LIST, at);
	struct value *copy;
	size_t i;

	v.len = count_or_die(n);
	copy = arena_alloc(a, mul_or_die(n, sizeof(*copy)));
	if (n)
		memcpy(copy, item, n * sizeof(*copy));
	v.u.item = copy;
	for (i = 0; i < n; i++)
		v.flags |= item[i].flags & VALUE_INHERITED;
	return v;
}

struct value
value_string(struct arena *a, struct str s, struct origin at)
{
	struct value v = value_at(VALUE_STRING, at);

	v.len = count_or_die(s.len);
	v.u.s = arena_strndup(a, s.s, s.len);
	if (value_has_tokens(s))
		v.flags |= VALUE_TOKENS;
	return v;
}

const struct pair *
value_find(const struct value *hash, struct str key)
{
	const struct hash *h = hash->u.hash;
	uint32_t i;

	if (hash->kind != VALUE_HASH)
		return NULL;
	if (h->index.nslot) {
		i = index_find(&h->index, str_hash(key), key_is_string,
		    h->pair, &key);
		return i == INDEX_NONE ? NULL : &h->pair[i];
	}
	for (i = 0; i < hash->len; i++)
		if (key_is_string(h->pair, i, &key))
			return &h->pair[i];
	return NULL;
}

const struct pair *
value_find_key(const struct value *hash, const struct value *key)
{
	const struct hash *h = hash->u.hash;
	uint32_t i;

	if (hash->kind != VALUE_HASH)
		return NULL;
	if (h->index.nslot) {
		i = index_find(&h->index, value_hash_of(key), pair_is,
		    h->pair, key);
		return i == INDEX_NONE ? NULL : &h->pair[i];
	}
	for (i = 0; i < hash->len; i++)
		if (value_eql(&h->pair[i].key, key))
			return &h->pair[i];
	return NULL;
}

const struct value *
value_get(const struct value *hash, struct str key)
{
	const struct pair *pair = value_find(hash, key);

	return pair ? &pair->value : NULL;
}

static bool
is_number(const struct value *v)
{
	return v->kind == VALUE_INT || v->kind == VALUE_FLOAT;
}

static bool
equal(const struct value *a, const struct value *b, bool strict);

static bool
hash_equal(const struct value *a, const struct value *b, bool strict)
{
	uint32_t i;

	if (a->u.hash == b->u.hash)
		return true;
	for (i = 0; i < a->len; i++) {
		const struct pair *mine = &a->u.hash->pair[i];
		const struct pair *other = value_find_key(b, &mine->key);

		if (!other || !equal(&mine->value, &other->value, strict))
			return false;
	}
	return true;
}

static bool
list_equal(const struct value *a, const struct value *b, bool strict)
{
	uint32_t i;

	for (i = 0; i < a->len && a->u.item != b->u.item; i++)
		if (!equal(&a->u.item[i], &b->u.item[i], strict))
			return false;
	return true;
}

static bool
equal(const struct value *a, const struct value *b, bool strict)
{
	if (!strict && is_number(a) && is_number(b) && a->kind != b->kind)
		return (a->kind == VALUE_INT ? (double)a->u.i : a->u.f) ==
		    (b->kind == VALUE_INT ? (double)b->u.i : b->u.f);
	if (a->kind != b->kind)
		return false;
	switch ((enum value_kind)a->kind) {
	case VALUE_NULL:
	case VALUE_BAD:
		return true;
	case VALUE_BOOL:
		return a->u.b == b->u.b;
	case VALUE_INT:
		return a->u.i == b->u.i;
	case VALUE_FLOAT:
		return a->u.f == b->u.f;
	case VALUE_STRING:
	case VALUE_SYMBOL:
	case VALUE_BIGINT:
		return str_eq(value_str(a), value_str(b));
	case VALUE_LIST:
		return a->len == b->len && list_equal(a, b, strict);
	case VALUE_HASH:
		return a->len == b->len && hash_equal(a, b, strict);
	}
	BUG("unknown kind of value");
}

bool
value_eq(const struct value *a, const struct value *b)
{
	return equal(a, b, false);
}

bool
value_eql(const struct value *a, const struct value *b)
{
	return equal(a, b, true);
}

static uint32_t
item_hash(const void *items, uint32_t position)
{
	return value_hash_of(&((const struct value *)items)[position]);
}

static bool
item_is(const void *items, uint32_t position, const void *sought)
{
	return value_eql(&((const struct value *)items)[position], sought);
}

bool
value_is_new(struct index *index, const struct value *value, uint32_t n)
{
	uint32_t hash, i;

	if (n < LINEAR) {
		for (i = 0; i < n; i++)
			if (value_eql(&value[i], &value[n]))
				return false;
		return true;
	}
	for (i = index->n; i < n; i++)
		index_add(index, item_hash(value, i), i, item_hash, value);
	hash = value_hash_of(&value[n]);
	if (index_find(index, hash, item_is, value, &value[n]) != INDEX_NONE)
		return false;
	index_add(index, hash, n, item_hash, value);
	return true;
}
