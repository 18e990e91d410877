/*
 * Objects of a deep merge. A thawed hash is searched by the index of the
 * value that it comes from; what is added gets an index of its own.
 */
#include "hiera/deep.h"

#include "base/die.h"

#include <stdlib.h>

struct object *
object_list(struct deep *d, size_t n)
{
	struct object *o = ARENA_NEW(&d->arena, struct object);

	o->cap = n;
	o->item = arena_alloc(&d->arena, mul_or_die(n, sizeof(*o->item)));
	return o;
}

static struct object *
object_hash(struct deep *d, size_t n)
{
	struct object *o = ARENA_NEW(&d->arena, struct object);

	o->cap = n;
	o->member = arena_alloc(&d->arena, mul_or_die(n, sizeof(*o->member)));
	return o;
}

/* An object of its own over the children of a node. */
static struct object *
object_of(struct deep *d, const struct node *n)
{
	size_t count = node_count(n), i;
	struct object *o;

	if (is_list(n)) {
		o = object_list(d, count);
		for (i = 0; i < count; i++)
			o->item[i] = node_item(n, i);
	} else {
		o = object_hash(d, count);
		o->like = n->object ? n->object->like : n->v;
		for (i = 0; i < count; i++)
			o->member[i] = node_member(n, i);
	}
	o->n = count;
	return o;
}

void
node_open(struct deep *d, struct node *n)
{
	if (!n->object && (is_list(n) || is_hash(n)))
		n->object = object_of(d, n);
}

void
node_open_all(struct deep *d, struct node *n)
{
	size_t i;

	node_open(d, n);
	for (i = 0; n->object && i < n->object->n; i++)
		node_open_all(d, is_list(n) ? &n->object->item[i] :
		    &n->object->member[i].value);
}

struct node
node_dup(struct deep *d, const struct node *n)
{
	struct node copy = *n;

	if (copy.object)
		copy.object = object_of(d, n);
	return copy;
}

struct value
node_freeze(struct deep *d, const struct node *n)
{
	struct arena *a = d->lookup->hiera->arena;
	const struct object *o = n->object;
	struct value *item;
	struct hash *hash;
	size_t i;

	if (!o)
		return n->v;
	if (is_list(n)) {
		item = arena_alloc(a, mul_or_die(o->n, sizeof(*item)));
		for (i = 0; i < o->n; i++)
			item[i] = node_freeze(d, &o->item[i]);
		return value_list(a, item, o->n, value_origin(&n->v));
	}
	hash = value_hash_alloc(a, o->n);
	for (i = 0; i < o->n; i++)
		hash->pair[i] = (struct pair){o->member[i].key,
		    node_freeze(d, &o->member[i].value)};
	if (o->like.kind == VALUE_HASH)
		return value_hash_take_like(a, hash, o->n, &o->like,
		    value_origin(&n->v));
	return value_hash_take(a, hash, o->n, value_origin(&n->v));
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
object_add(struct deep *d, struct object *o, const struct value *key,
    struct node value)
{
	struct member *bigger;

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
