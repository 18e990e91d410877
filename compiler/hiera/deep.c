/*
 * The deep merge of Puppet's strategy, which is the Ruby gem deep_merge. It
 * works on objects that several places may share and that it changes while
 * it walks them, and what comes out depends on that; so what is changed is
 * made such an object here, merged by the same steps, and frozen again.
 * Which objects are one matters only where a knockout prefix deletes from
 * them: then all are opened at first, else each when it is changed. The
 * objects live in an arena of their own.
 */
#include "hiera/deep.h"

#include "base/die.h"

#include <stdlib.h>

static bool
is_true(const struct node *n)
{
	return n->v.kind != VALUE_NULL &&
	    !(n->v.kind == VALUE_BOOL && !n->v.u.b);
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
				object_delete_text(dest, value_str(&rest));
				object_delete_text(dest, value_str(&item));
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
compare_lists(const struct node *a, const struct node *b, bool *failed);

static bool
is_integer(const struct value *v)
{
	return v->kind == VALUE_INT || v->kind == VALUE_BIGINT;
}

/* Where a number beyond 64 bits lies among the others: -1, 1, else 0. */
static int
beyond(const struct value *v)
{
	return v->kind != VALUE_BIGINT ? 0 : v->u.s[0] == '-' ? -1 : 1;
}

static int
compare_integers(const struct value *a, const struct value *b)
{
	int side = beyond(a);

	if (side != beyond(b))
		return side - beyond(b);
	if (!side)
		return (a->u.i > b->u.i) - (a->u.i < b->u.i);
	if (a->len != b->len)
		return a->len > b->len ? side : -side;
	return side * str_cmp(value_str(a), value_str(b));
}

static double
as_double(const struct value *v)
{
	return v->kind == VALUE_INT ? (double)v->u.i :
	    v->kind == VALUE_BIGINT ? strtod(v->u.s, NULL) : v->u.f;
}

/* Ruby's <=>; *failed where it gives nil. */
static int
compare(const struct node *a, const struct node *b, bool *failed)
{
	bool a_number = is_integer(&a->v) || a->v.kind == VALUE_FLOAT;
	bool b_number = is_integer(&b->v) || b->v.kind == VALUE_FLOAT;

	if (is_integer(&a->v) && is_integer(&b->v))
		return compare_integers(&a->v, &b->v);
	if (a_number && b_number) {
		double x = as_double(&a->v), y = as_double(&b->v);

		return (x > y) - (x < y);
	}
	if (a->v.kind == VALUE_STRING && b->v.kind == VALUE_STRING)
		return str_cmp(value_str(&a->v), value_str(&b->v));
	if (is_list(a) && is_list(b))
		return compare_lists(a, b, failed);
	if (a->v.kind != b->v.kind || is_hash(a) || !value_eql(&a->v, &b->v))
		*failed = true;
	return 0;
}

static int
compare_lists(const struct node *a, const struct node *b, bool *failed)
{
	size_t na = node_count(a), nb = node_count(b), i;
	int order = 0;

	for (i = 0; i < na && i < nb && !order && !*failed; i++) {
		struct node mine = node_item(a, i), other = node_item(b, i);

		order = compare(&mine, &other, failed);
	}
	return order ? order : (na > nb) - (na < nb);
}

static int
by_order(const void *a, const void *b, void *failed)
{
	return compare(a, b, failed);
}

static void
sort(struct deep *d, struct node *list)
{
	bool failed = false;

	node_open(d, list);
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

/* Room for n values until the next call. */
static struct value *
scratch(struct deep *d, size_t n)
{
	if (n > d->scratch_cap) {
		d->scratch_cap = n * 2;
		d->scratch = xrealloc(d->scratch,
		    mul_or_die(d->scratch_cap, sizeof(*d->scratch)));
	}
	return d->scratch;
}

/* dest | source: equal items once, those of dest first. */
static struct node
unite(struct deep *d, const struct node *source, const struct node *dest)
{
	size_t of_dest = node_count(dest), n = of_dest + node_count(source);
	struct value *value = scratch(d, n);
	struct node all = *dest;
	struct index index;
	bool is_new, changed = dest->object;
	uint32_t kept = 0;
	size_t i;

	if (d->knockout)
		all.object = object_list(d, n);
	index_init(&index);
	for (i = 0; i < n; i++) {
		struct node item = i < of_dest ? node_item(dest, i) :
		    node_item(source, i - of_dest);

		value[kept] = node_freeze(d, &item);
		is_new = value_is_new(&index, value, kept);
		changed |= is_new != (i < of_dest);
		if (!is_new)
			continue;
		if (d->knockout)
			all.object->item[all.object->n++] = item;
		kept++;
	}
	index_release(&index);
	if (!d->knockout && changed)
		all = (struct node){.v = value_list(d->lookup->hiera->arena,
		    value, kept, value_origin(&dest->v))};
	return all;
}

static struct node
merge(struct deep *d, const struct node *source, const struct node *dest);

static bool
all_hashes(const struct node *list)
{
	size_t n = node_count(list), i;

	for (i = 0; i < n; i++)
		if (node_item(list, i).v.kind != VALUE_HASH)
			return false;
	return true;
}

/* Hashes of two lists by their position. */
static struct node
merge_positions(struct deep *d, const struct node *source,
    const struct node *dest)
{
	size_t of_source = node_count(source), of_dest = node_count(dest), i;
	struct node list = *dest, empty = *dest, mine, other;
	struct node *item;

	list.object = object_list(d, of_source > of_dest ? of_source : of_dest);
	item = list.object->item;
	empty.v = value_hash(&d->arena, NULL, 0, value_origin(&dest->v));
	for (i = 0; i < of_dest; i++) {
		empty.object = ARENA_NEW(&d->arena, struct object);
		mine = i < of_source ? node_item(source, i) : empty;
		other = node_item(dest, i);
		item[i] = merge(d, &mine, &other);
	}
	for (; i < of_source; i++)
		item[i] = node_item(source, i);
	list.object->n = i;
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
			object_delete_text(source->object, prefix);
		}
	}
	if (!is_list(dest))
		return overwrite(d, source);
	if (d->knockout)
		knock_out(d, source->object, dest->object);
	if (d->strategy->merge_hash_arrays && all_hashes(source) &&
	    all_hashes(dest))
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

	for (i = 0; i < node_count(source) && !d->failed; i++) {
		struct member from = node_member(source, i);
		struct node *old, under;

		if (!is_hash(&result)) {
			result = *source;
			continue;
		}
		node_open(d, &result);
		old = object_find(d, result.object, &from.key);
		under = old && is_true(old) ? *old : node_dup(d, &from.value);
		under = merge(d, &from.value, &under);
		if (old)
			*old = under;
		else
			object_add(d, result.object, &from.key, under);
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
	struct node from = {.v = *source}, to = {.v = *dest};
	size_t i;

	if (!prepare(&d))
		return false;
	arena_init(&d.arena);
	if (d.knockout) {
		node_open_all(&d, &from);
		node_open_all(&d, &to);
	}
	to = merge(&d, &from, &to);
	if (!d.failed)
		*v = node_freeze(&d, &to);
	for (i = 0; i < d.nwith; i++)
		index_release(&d.with_index[i]->added);
	free(d.with_index);
	free(d.scratch);
	arena_release(&d.arena);
	return !d.failed;
}
