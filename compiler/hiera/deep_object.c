/*
 * Objects of a deep merge. A thawed hash is searched by the index of the
 * value that it comes from; what is added gets an index of its own.
 */
#include "hiera/deep.h"

#include "base/die.h"

#include <stdlib.h>

struct node
node_thaw(struct deep *d, const struct value *v)
{
	struct node node = {.v = *v};
	struct object *o;
	uint32_t i;

	if (v->kind != VALUE_LIST && v->kind != VALUE_HASH)
		return node;
	node.object = o = ARENA_NEW(&d->arena, struct object);
	o->n = o->cap = v->len;
	if (v->kind == VALUE_LIST) {
		o->item = arena_alloc(&d->arena,
		    mul_or_die(o->n, sizeof(*o->item)));
		for (i = 0; i < v->len; i++)
			o->item[i] = node_thaw(d, &v->u.item[i]);
	} else {
		o->like = *v;
		o->member = arena_alloc(&d->arena,
		    mul_or_die(o->n, sizeof(*o->member)));
		for (i = 0; i < v->len; i++) {
			o->member[i].key = v->u.hash->pair[i].key;
			o->member[i].value = node_thaw(d,
			    &v->u.hash->pair[i].value);
		}
	}
	return node;
}

struct value
node_freeze(struct deep *d, const struct node *n)
{
	struct arena *a = d->lookup->hiera->arena;
	const struct object *o = n->object;
	struct value *item;
	struct hash *hash;
	size_t i;

	if (is_list(n)) {
		item = arena_alloc(a, mul_or_die(o->n, sizeof(*item)));
		for (i = 0; i < o->n; i++)
			item[i] = node_freeze(d, &o->item[i]);
		return value_list(a, item, o->n, value_origin(&n->v));
	}
	if (!is_hash(n))
		return n->v;
	hash = value_hash_alloc(a, o->n);
	for (i = 0; i < o->n; i++)
		hash->pair[i] = (struct pair){o->member[i].key,
		    node_freeze(d, &o->member[i].value)};
	if (o->like.kind == VALUE_HASH)
		return value_hash_take_like(a, hash, o->n, &o->like,
		    value_origin(&n->v));
	return value_hash_take(a, hash, o->n, value_origin(&n->v));
}

struct node
node_dup(struct deep *d, const struct node *n)
{
	struct node copy = *n;
	struct object *o;

	if (!n->object)
		return copy;
	copy.object = o = ARENA_NEW(&d->arena, struct object);
	*o = *n->object;
	index_init(&o->added);
	o->cap = o->n;
	if (is_list(n)) {
		o->item = arena_alloc(&d->arena,
		    mul_or_die(o->n, sizeof(*o->item)));
		if (o->n)
			memcpy(o->item, n->object->item,
			    o->n * sizeof(*o->item));
	} else {
		o->member = arena_alloc(&d->arena,
		    mul_or_die(o->n, sizeof(*o->member)));
		if (o->n)
			memcpy(o->member, n->object->member,
			    o->n * sizeof(*o->member));
	}
	return copy;
}

static uint32_t
member_hash(const void *members, uint32_t position)
{
	return value_hash_of(&((const struct member *)members)[position].key);
}

static bool
member_is(const void *members, uint32_t position, const void *key)
{
	return value_eql(&((const struct member *)members)[position].key, key);
}

static void
index_members(struct deep *d, struct object *o)
{
	size_t i;

	if (o->added.nslot || o->n == o->like.len)
		return;
	if (d->nwith == d->with_cap) {
		d->with_cap = d->with_cap ? d->with_cap * 2 : 16;
		d->with_index = xrealloc(d->with_index,
		    mul_or_die(d->with_cap, sizeof(struct object *)));
	}
	d->with_index[d->nwith++] = o;
	for (i = o->like.len; i < o->n; i++)
		index_add(&o->added, member_hash(o->member, (uint32_t)i),
		    (uint32_t)i, member_hash, o->member);
}

struct node *
object_find(struct deep *d, struct object *o, const struct value *key)
{
	const struct pair *pair;
	uint32_t at;

	pair = o->like.kind == VALUE_HASH ? value_find_key(&o->like, key) :
	    NULL;
	if (pair)
		return &o->member[pair - o->like.u.hash->pair].value;
	index_members(d, o);
	at = index_find(&o->added, value_hash_of(key), member_is, o->member,
	    key);
	return at == INDEX_NONE ? NULL : &o->member[at].value;
}

void
object_set(struct deep *d, struct object *o, const struct value *key,
    struct node value)
{
	struct node *old = object_find(d, o, key);
	struct member *bigger;

	if (old) {
		*old = value;
		return;
	}
	if (o->n == o->cap) {
		o->cap = o->cap ? o->cap * 2 : 8;
		bigger = arena_alloc(&d->arena,
		    mul_or_die(o->cap, sizeof(*bigger)));
		if (o->n)
			memcpy(bigger, o->member, o->n * sizeof(*bigger));
		o->member = bigger;
	}
	o->member[o->n++] = (struct member){*key, value};
	if (o->added.nslot)
		index_add(&o->added, value_hash_of(key), (uint32_t)o->n - 1,
		    member_hash, o->member);
	else
		index_members(d, o);
}

void
object_delete_text(struct object *list, struct str s)
{
	size_t i, kept = 0;

	for (i = 0; i < list->n; i++)
		if (list->item[i].v.kind != VALUE_STRING ||
		    !str_eq(value_str(&list->item[i].v), s))
			list->item[kept++] = list->item[i];
	list->n = kept;
}

void
object_append(struct deep *d, struct object *list, const struct object *more,
    size_t from)
{
	size_t n = more->n > from ? more->n - from : 0;
	struct node *item = arena_alloc(&d->arena,
	    mul_or_die(list->n + n, sizeof(*item)));

	if (list->n)
		memcpy(item, list->item, list->n * sizeof(*item));
	if (n)
		memcpy(item + list->n, more->item + from, n * sizeof(*item));
	list->item = item;
	list->n += n;
	list->cap = list->n;
}
