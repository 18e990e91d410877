/*
 * The deep merge of Puppet's strategy, which is the Ruby gem deep_merge. It
 * works on objects that several places may share and that it changes while
 * it walks them, and what comes out depends on that; so both sides are
 * thawed into such objects here, merged by the same steps, and frozen again.
 * The objects live in an arena of their own.
 */
#include "hiera/inside.h"

#include "base/die.h"

#include <stdlib.h>

struct object;

struct node {
	struct value v;			/* a scalar, or the kind and place */
	struct object *object;		/* of a list or a hash */
};

struct member {
	struct value key;
	struct node value;
};

struct object {
	struct node *item;		/* of a list */
	struct member *member;		/* of a hash */
	size_t n, cap;
	struct value like;		/* first members: keys of this hash */
	struct index added;		/* the members behind them */
};

struct deep {
	struct lookup *lookup;
	const struct strategy *strategy;
	struct arena arena;		/* objects */
	const struct regex *knockout;	/* ^prefix, or NULL */
	struct object **with_index;	/* whose index must be released */
	size_t nwith, with_cap;
	bool failed;
};

static bool
is_list(const struct node *n)
{
	return n->v.kind == VALUE_LIST;
}

static bool
is_hash(const struct node *n)
{
	return n->v.kind == VALUE_HASH;
}

static bool
is_true(const struct node *n)
{
	return n->v.kind != VALUE_NULL &&
	    !(n->v.kind == VALUE_BOOL && !n->v.u.b);
}

static struct node
thaw(struct deep *d, const struct value *v)
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
			o->item[i] = thaw(d, &v->u.item[i]);
	} else {
		o->like = *v;
		o->member = arena_alloc(&d->arena,
		    mul_or_die(o->n, sizeof(*o->member)));
		for (i = 0; i < v->len; i++) {
			o->member[i].key = v->u.hash->pair[i].key;
			o->member[i].value = thaw(d,
			    &v->u.hash->pair[i].value);
		}
	}
	return node;
}

static struct value
freeze(struct deep *d, const struct node *n)
{
	struct arena *a = d->lookup->hiera->arena;
	const struct object *o = n->object;
	struct value *item;
	struct hash *hash;
	size_t i;

	if (is_list(n)) {
		item = arena_alloc(a, mul_or_die(o->n, sizeof(*item)));
		for (i = 0; i < o->n; i++)
			item[i] = freeze(d, &o->item[i]);
		return value_list(a, item, o->n, value_origin(&n->v));
	}
	if (!is_hash(n))
		return n->v;
	hash = value_hash_alloc(a, o->n);
	for (i = 0; i < o->n; i++)
		hash->pair[i] = (struct pair){o->member[i].key,
		    freeze(d, &o->member[i].value)};
	if (o->like.kind == VALUE_HASH)
		return value_hash_take_like(a, hash, o->n, &o->like,
		    value_origin(&n->v));
	return value_hash_take(a, hash, o->n, value_origin(&n->v));
}

/* Ruby's dup: a new object over the same children. */
static struct node
dup_node(struct deep *d, const struct node *n)
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

static struct node *
find_member(struct deep *d, struct object *o, const struct value *key)
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

static void
set_member(struct deep *d, struct object *o, const struct value *key,
    struct node value)
{
	struct node *old = find_member(d, o, key);
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

static bool
has_prefix(struct deep *d, const struct value *v)
{
	size_t start, end;

	return v->kind == VALUE_STRING &&
	    regex_match(d->knockout, value_str(v), 0, &start, &end);
}

/* String#gsub(/^prefix/, ""); false: nothing was taken away. */
static bool
without_prefix(struct deep *d, const struct value *v, struct value *out)
{
	struct str s = value_str(v);
	struct buf b = BUF_INIT;
	size_t from = 0, start, end;

	if (v->kind != VALUE_STRING)
		return false;
	while (from <= s.len &&
	    regex_match(d->knockout, s, from, &start, &end)) {
		buf_add(&b, s.s + from, start - from);
		from = end;
		if (start == end) {
			if (from == s.len)
				break;
			buf_addch(&b, s.s[from++]);
		}
	}
	if (from < s.len)
		buf_add(&b, s.s + from, s.len - from);
	*out = value_string(d->lookup->hiera->arena,
	    (struct str){b.s, b.len}, value_origin(v));
	buf_release(&b);
	return !str_eq(value_str(out), s);
}

/* Array#delete of a string. */
static void
delete_text(struct object *list, struct str s)
{
	size_t i, kept = 0;

	for (i = 0; i < list->n; i++)
		if (list->item[i].v.kind != VALUE_STRING ||
		    !str_eq(value_str(&list->item[i].v), s))
			list->item[kept++] = list->item[i];
	list->n = kept;
}

/*
 * Array#delete_if over source, where the block deletes from dest: both may
 * be one array, and what Ruby does then is done here.
 */
static void
knock_out(struct deep *d, struct object *source, struct object *dest)
{
	size_t i, kept = 0;
	struct value item, rest;

	for (i = 0; i < source->n; i++) {
		item = source->item[i].v;
		if (without_prefix(d, &item, &rest)) {
			if (dest) {
				delete_text(dest, value_str(&rest));
				delete_text(dest, value_str(&item));
			}
			continue;
		}
		if (i != kept)
			source->item[kept] = source->item[i];
		kept++;
	}
	if (kept < source->n && kept < i)
		source->n = kept;
}

static struct node
overwrite(struct deep *d, const struct node *source)
{
	struct node node = *source;
	struct value rest;
	size_t i, kept = 0;

	if (!d->knockout)
		return node;
	if (source->v.kind == VALUE_STRING &&
	    without_prefix(d, &source->v, &rest))
		node.v = value_string(d->lookup->hiera->arena, STR(""),
		    value_origin(&source->v));
	for (i = 0; is_list(source) && i < source->object->n; i++)
		if (!has_prefix(d, &source->object->item[i].v))
			source->object->item[kept++] =
			    source->object->item[i];
	if (is_list(source))
		source->object->n = kept;
	return node;
}

static int
compare_lists(const struct object *a, const struct object *b, bool *failed);

/* Ruby's <=>; *failed where it gives nil. */
static int
compare(const struct node *a, const struct node *b, bool *failed)
{
	bool a_number = a->v.kind == VALUE_INT || a->v.kind == VALUE_FLOAT;
	bool b_number = b->v.kind == VALUE_INT || b->v.kind == VALUE_FLOAT;

	if (a->v.kind == VALUE_INT && b->v.kind == VALUE_INT)
		return (a->v.u.i > b->v.u.i) - (a->v.u.i < b->v.u.i);
	if (a_number && b_number) {
		double x = a->v.kind == VALUE_INT ? (double)a->v.u.i :
		    a->v.u.f;
		double y = b->v.kind == VALUE_INT ? (double)b->v.u.i :
		    b->v.u.f;

		return (x > y) - (x < y);
	}
	if (a->v.kind == VALUE_STRING && b->v.kind == VALUE_STRING)
		return str_cmp(value_str(&a->v), value_str(&b->v));
	if (is_list(a) && is_list(b))
		return compare_lists(a->object, b->object, failed);
	if (a->v.kind != b->v.kind || a->object ||
	    !value_eql(&a->v, &b->v))
		*failed = true;
	return 0;
}

static int
compare_lists(const struct object *a, const struct object *b, bool *failed)
{
	size_t i;
	int order = 0;

	for (i = 0; i < a->n && i < b->n && !order && !*failed; i++)
		order = compare(&a->item[i], &b->item[i], failed);
	return order ? order : (a->n > b->n) - (a->n < b->n);
}

static int
by_order(const void *a, const void *b, void *failed)
{
	return compare(a, b, failed);
}

static void
sort(struct deep *d, const struct node *list)
{
	bool failed = false;

	if (list->object->n > 1)
		qsort_r(list->object->item, list->object->n,
		    sizeof(*list->object->item), by_order, &failed);
	if (!failed || d->failed)
		return;
	d->failed = true;
	diag_add(d->lookup->hiera->diag, FINDING_HIERA_MERGE,
	    value_origin(&list->v), "this list holds what has no order, and "
	    "sort_merged_arrays is set");
}

static void
append(struct deep *d, struct object *list, const struct object *more,
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

static uint32_t
frozen_hash(const void *values, uint32_t position)
{
	return value_hash_of(&((const struct value *)values)[position]);
}

static bool
frozen_is(const void *values, uint32_t position, const void *sought)
{
	return value_eql(&((const struct value *)values)[position], sought);
}

/* dest | source: equal items once, those of dest first. */
static struct node
unite(struct deep *d, const struct node *source, const struct node *dest)
{
	size_t n = source->object->n + dest->object->n, i, kept = 0;
	struct node all = *dest;
	struct value *value = xmalloc(mul_or_die(n + 1, sizeof(*value)));
	struct index index;
	uint32_t hash;

	all.object = ARENA_NEW(&d->arena, struct object);
	append(d, all.object, dest->object, 0);
	append(d, all.object, source->object, 0);
	index_init(&index);
	for (i = 0; i < n; i++) {
		value[kept] = all.object->item[i].object ?
		    freeze(d, &all.object->item[i]) :
		    all.object->item[i].v;
		hash = value_hash_of(&value[kept]);
		if (index_find(&index, hash, frozen_is, value,
		    &value[kept]) != INDEX_NONE)
			continue;
		index_add(&index, hash, (uint32_t)kept, frozen_hash, value);
		all.object->item[kept++] = all.object->item[i];
	}
	all.object->n = kept;
	index_release(&index);
	free(value);
	return all;
}

static struct node
merge(struct deep *d, const struct node *source, const struct node *dest);

static bool
all_hashes(const struct object *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (!is_hash(&list->item[i]))
			return false;
	return true;
}

/* Hashes of two lists by their position. */
static struct node
merge_positions(struct deep *d, const struct node *source,
    const struct node *dest)
{
	struct node list = *dest, empty = *dest;
	size_t n = dest->object->n, i;

	list.object = ARENA_NEW(&d->arena, struct object);
	append(d, list.object, dest->object, 0);
	empty.v = value_hash(&d->arena, NULL, 0, value_origin(&dest->v));
	for (i = 0; i < n; i++) {
		empty.object = ARENA_NEW(&d->arena, struct object);
		list.object->item[i] = merge(d, i < source->object->n ?
		    &source->object->item[i] : &empty,
		    &dest->object->item[i]);
	}
	append(d, list.object, source->object, n);
	return list;
}

static struct node
merge_list(struct deep *d, const struct node *source, const struct node *dest)
{
	struct node result;
	size_t i;

	if (d->knockout) {
		struct str prefix = d->strategy->knockout;

		for (i = 0; i < source->object->n; i++)
			if (source->object->item[i].v.kind == VALUE_STRING &&
			    str_eq(value_str(&source->object->item[i].v),
			        prefix))
				break;
		if (i < source->object->n) {
			if (is_list(dest))
				dest->object->n = 0;
			delete_text(source->object, prefix);
		}
	}
	if (!is_list(dest))
		return overwrite(d, source);
	if (d->knockout)
		knock_out(d, source->object, dest->object);
	if (d->strategy->merge_hash_arrays && all_hashes(source->object) &&
	    all_hashes(dest->object))
		result = merge_positions(d, source, dest);
	else
		result = unite(d, source, dest);
	if (d->strategy->sort)
		sort(d, &result);
	return result;
}

static struct node
merge_hash(struct deep *d, const struct node *source, const struct node *dest)
{
	struct node result = *dest;
	size_t i;

	for (i = 0; i < source->object->n && !d->failed; i++) {
		struct value key = source->object->member[i].key;
		struct node value = source->object->member[i].value;
		struct node *old, under;

		if (!is_hash(&result)) {
			result = *source;
			continue;
		}
		old = find_member(d, result.object, &key);
		under = old && is_true(old) ? *old : dup_node(d, &value);
		under = merge(d, &value, &under);
		set_member(d, result.object, &key, under);
	}
	return result;
}

static struct node
merge(struct deep *d, const struct node *source, const struct node *dest)
{
	if (d->failed || source->v.kind == VALUE_NULL)
		return *dest;
	if (!is_true(dest))
		return *source;
	if (is_hash(source))
		return merge_hash(d, source, dest);
	if (is_list(source))
		return merge_list(d, source, dest);
	return overwrite(d, source);
}

static bool
prepare(struct deep *d)
{
	const struct strategy *s = d->strategy;
	struct buf b = BUF_INIT;

	if (!s->knockout.s)
		return true;
	if (!s->knockout.len) {
		diag_add(d->lookup->hiera->diag, FINDING_HIERA_MERGE, s->at,
		    "knockout_prefix cannot be empty");
		return false;
	}
	buf_addch(&b, '^');
	buf_add(&b, s->knockout.s, s->knockout.len);
	d->knockout = regex_compile(d->lookup->hiera,
	    (struct str){b.s, b.len}, s->at);
	buf_release(&b);
	return d->knockout;
}

bool
deep_merge(struct lookup *l, const struct strategy *s,
    const struct value *source, const struct value *dest, struct value *v)
{
	struct deep d = {.lookup = l, .strategy = s};
	struct node from, to;
	size_t i;

	if (!prepare(&d))
		return false;
	arena_init(&d.arena);
	from = thaw(&d, source);
	to = thaw(&d, dest);
	to = merge(&d, &from, &to);
	if (!d.failed)
		*v = freeze(&d, &to);
	for (i = 0; i < d.nwith; i++)
		index_release(&d.with_index[i]->added);
	free(d.with_index);
	arena_release(&d.arena);
	return !d.failed;
}
