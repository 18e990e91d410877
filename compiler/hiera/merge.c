/*
 * Merge strategies. A fold takes the found values from the highest priority
 * down. One variant alone is not merged, and a single found value among
 * several variants is only converted: Puppet makes that difference.
 */
#include "hiera/inside.h"

#include "base/die.h"

#include <stdlib.h>

bool
strategy_named(struct str name, struct strategy *s)
{
	static const struct {
		const char *name;
		enum strategy_kind kind;
	} known[] = {
		{"first", STRATEGY_FIRST}, {"default", STRATEGY_FIRST},
		{"unique", STRATEGY_UNIQUE}, {"hash", STRATEGY_HASH},
		{"deep", STRATEGY_DEEP},
		{"unconstrained_deep", STRATEGY_DEEP},
		{"reverse_deep", STRATEGY_REVERSE_DEEP},
	};
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (str_eq(name, str_of(known[i].name))) {
			s->kind = known[i].kind;
			return true;
		}
	return false;
}

static bool
wrong(struct fold *f, const struct value *v, const char *wants)
{
	size_t finding = diag_add(f->lookup->hiera->diag, FINDING_HIERA_MERGE,
	    value_origin(v), "%s cannot be merged: the strategy wants %s",
	    value_kind_name(v), wants);

	if (f->strategy->at.line)
		diag_note(f->lookup->hiera->diag, finding, f->strategy->at,
		    "the strategy is set here");
	return false;
}

/* Items of nested lists, in one list. */
static void
flatten(struct fold *f, const struct value *v)
{
	uint32_t i;

	if (v->kind == VALUE_LIST) {
		for (i = 0; i < v->len; i++)
			flatten(f, &v->u.item[i]);
		return;
	}
	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 16;
		f->item = xrealloc(f->item,
		    mul_or_die(f->cap, sizeof(*f->item)));
	}
	f->item[f->n++] = *v;
}

/* The first of equal items stays: Ruby's uniq. */
static size_t
make_unique(struct value *item, size_t n)
{
	struct index index;
	uint32_t kept = 0;
	size_t i;

	index_init(&index);
	for (i = 0; i < n; i++) {
		item[kept] = item[i];
		kept += value_is_new(&index, item, kept);
	}
	index_release(&index);
	return kept;
}

struct value
list_unique(struct arena *a, const struct value *list)
{
	struct value *item = ARENA_ARRAY(a, struct value, list->len);

	if (list->len)
		memcpy(item, list->u.item, list->len * sizeof(*item));
	return value_list(a, item, make_unique(item, list->len),
	    value_origin(list));
}

static bool
is_scalar(const struct value *v)
{
	return v->kind == VALUE_BOOL || v->kind == VALUE_INT ||
	    v->kind == VALUE_BIGINT || v->kind == VALUE_FLOAT ||
	    v->kind == VALUE_STRING;
}

/* Puppet's Data: no symbols, and strings for keys at any depth. */
bool
is_data(const struct value *v)
{
	return v->kind != VALUE_BAD && !(v->flags & (VALUE_ODD |
	    VALUE_NUMBER_KEY | VALUE_DEFAULT));
}

static bool
add_unique(struct fold *f, const struct value *v)
{
	size_t i;

	if (f->merged == 1)
		for (i = 0; i < f->n; i++)
			if (!is_data(&f->item[i]))
				return wrong(f, &f->item[i],
				    "scalars and lists of data");
	if (f->merged && (!is_data(v) ||
	    (!is_scalar(v) && v->kind != VALUE_LIST)))
		return wrong(f, v, "scalars and lists of data");
	flatten(f, v);
	return true;
}

static bool
is_hash_of_data(const struct value *v)
{
	return v->kind == VALUE_HASH && is_data(v);
}

static bool
add_hash(struct fold *f, const struct value *v)
{
	static const char wants[] = "hashes with strings for keys";

	if (f->merged == 1 && !is_hash_of_data(&f->item[0]))
		return wrong(f, &f->item[0], wants);
	if (f->merged && !is_hash_of_data(v))
		return wrong(f, v, wants);
	if (f->n == f->cap) {
		f->cap = f->cap ? f->cap * 2 : 16;
		f->item = xrealloc(f->item,
		    mul_or_die(f->cap, sizeof(*f->item)));
	}
	f->item[f->n++] = *v;
	return true;
}

void
fold_init(struct fold *f, struct lookup *l, const struct strategy *s,
    size_t variants)
{
	*f = (struct fold){.lookup = l, .strategy = s, .variants = variants};
}

bool
fold_add(struct fold *f, const struct value *v)
{
	bool ok = true;

	switch (f->strategy->kind) {
	case STRATEGY_FIRST:
		f->value = *v;
		break;
	case STRATEGY_UNIQUE:
		if (f->variants == 1)
			f->value = v->kind == VALUE_LIST ?
			    list_unique(f->lookup->hiera->arena, v) : *v;
		else
			ok = add_unique(f, v);
		f->at = f->merged ? f->at : value_origin(v);
		break;
	case STRATEGY_HASH:
		ok = add_hash(f, v);
		break;
	case STRATEGY_DEEP:
		if (!f->merged)
			f->value = *v;
		else
			ok = deep_merge(f->lookup, f->strategy, &f->value, v,
			    &f->value);
		break;
	case STRATEGY_REVERSE_DEEP:
		if (!f->merged)
			f->value = *v;
		else
			ok = deep_merge(f->lookup, f->strategy, v, &f->value,
			    &f->value);
		break;
	}
	f->merged++;
	f->failed |= !ok;
	return ok;
}

bool
fold_done(const struct fold *f)
{
	return f->failed || (f->merged && f->strategy->kind == STRATEGY_FIRST);
}

struct sum {
	const struct value *lowest;	/* its pairs stand first */
	struct hash *hash;
	uint32_t n;
	struct index added;		/* the pairs behind them */
};

static void
put(struct sum *sum, const struct pair *pair)
{
	const struct pair *old = value_find_key(sum->lowest, &pair->key);
	uint32_t hash, at;

	if (old) {
		at = (uint32_t)(old - sum->lowest->u.hash->pair);
	} else {
		hash = value_hash_of(&pair->key);
		at = index_find(&sum->added, hash, pair_is, sum->hash->pair,
		    &pair->key);
		if (at == INDEX_NONE) {
			at = sum->n++;
			sum->hash->pair[at] = *pair;
			index_add(&sum->added, hash, at, pair_hash,
			    sum->hash->pair);
		}
	}
	sum->hash->pair[at] = *pair;
}

/* The lowest comes first, the others lay themselves over it. */
struct value
hash_sum(struct arena *a, const struct value *all, size_t n)
{
	struct sum sum = {.lowest = &all[n - 1], .n = all[n - 1].len};
	size_t total = 0, i;
	uint32_t k;

	for (i = 0; i < n; i++)
		total += all[i].len;
	sum.hash = value_hash_alloc(a, total);
	if (sum.n)
		memcpy(sum.hash->pair, sum.lowest->u.hash->pair,
		    sum.n * sizeof(sum.hash->pair[0]));
	for (i = n - 1; i-- > 0;)
		for (k = 0; k < all[i].len; k++)
			put(&sum, &all[i].u.hash->pair[k]);
	index_release(&sum.added);
	return value_hash_take_like(a, sum.hash, sum.n, sum.lowest,
	    value_origin(&all[0]));
}

enum hiera_result
fold_end(struct fold *f, struct value *v)
{
	struct arena *a = f->lookup->hiera->arena;

	*v = f->value;
	if (!f->failed && f->merged && f->variants > 1 &&
	    f->strategy->kind == STRATEGY_UNIQUE) {
		if (f->merged > 1)
			f->n = make_unique(f->item, f->n);
		*v = value_list(a, f->item, f->n, f->at);
	}
	if (!f->failed && f->merged && f->strategy->kind == STRATEGY_HASH)
		*v = f->merged == 1 ? f->item[0] :
		    hash_sum(a, f->item, f->n);
	free(f->item);
	f->item = NULL;
	return f->failed ? HIERA_ERROR : f->merged ? HIERA_FOUND :
	    HIERA_NOT_FOUND;
}
