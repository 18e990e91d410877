/*
 * The end of a hash. Without << the pairs are made unique where they are;
 * with it a second array is filled, as Ruby's Hash#merge! would.
 */
#include "tree/yaml_reader.h"

#include "base/die.h"

#include <stdlib.h>

enum { FEW = 8 };

struct pairs {
	struct pair *pair;
	size_t n, cap;
	struct index index;
};

static void
say_duplicate(struct yaml_reader *r, const struct value *first,
    const struct value *second)
{
	size_t finding;

	if (!yaml_may_say(r))
		return;
	if (first->kind == VALUE_STRING)
		finding = diag_add(r->diag, FINDING_YAML_DUPLICATE_KEY,
		    value_origin(second), "key '%.*s' stands twice in one "
		    "hash; Puppet keeps the last value, so take one out",
		    STR_ARG(value_str(first)));
	else
		finding = diag_add(r->diag, FINDING_YAML_DUPLICATE_KEY,
		    value_origin(second), "a key stands twice in one hash; "
		    "Puppet keeps the last value, so take one out");
	diag_note(r->diag, finding, value_origin(first),
	    "it stands here first");
}

/* What a large hash is searched for; hashes differ cheaply, keys do not. */
struct sought {
	const struct value *key;
	const uint32_t *hash;	/* of the pairs so far */
	uint32_t key_hash;
};

static bool
sought_is(const void *array, uint32_t position, const void *data)
{
	const struct sought *sought = data;

	return sought->hash[position] == sought->key_hash &&
	    pair_is(array, position, sought->key);
}

static uint32_t
find_first(const struct hash *hash, size_t n, const struct value *key)
{
	uint32_t i;

	for (i = 0; i < n; i++)
		if (pair_is(hash->pair, i, key))
			return i;
	return INDEX_NONE;
}

static bool
keep_pair(struct yaml_reader *r, struct hash *hash, uint32_t first,
    size_t kept, size_t i)
{
	if (first != INDEX_NONE) {
		say_duplicate(r, &hash->pair[first].key, &hash->pair[i].key);
		hash->pair[first].value = hash->pair[i].value;
		return false;
	}
	if (kept != i)
		hash->pair[kept] = hash->pair[i];
	return true;
}

static size_t
make_many_unique(struct yaml_reader *r, struct hash *hash, size_t n)
{
	uint32_t *hashes = xmalloc(mul_or_die(n, sizeof(*hashes)));
	uint32_t nslot = index_slots(n);
	uint32_t kept = 0, first;
	size_t i;

	index_init_fixed(&hash->index, ARENA_ARRAY(r->arena, uint32_t, nslot),
	    nslot);
	for (i = 0; i < n; i++)
		hashes[i] = pair_hash(hash->pair, (uint32_t)i);
	for (i = 0; i < n; i++) {
		struct sought sought = {&hash->pair[i].key, hashes, hashes[i]};

		if (i + INDEX_AHEAD < n)
			index_prefetch(&hash->index, hashes[i + INDEX_AHEAD]);
		first = index_find(&hash->index, sought.key_hash, sought_is,
		    hash->pair, &sought);
		if (!keep_pair(r, hash, first, kept, i))
			continue;
		index_add(&hash->index, sought.key_hash, kept, pair_hash,
		    hash->pair);
		hashes[kept++] = sought.key_hash;
	}
	free(hashes);
	return kept;
}

static size_t
make_unique(struct yaml_reader *r, struct hash *hash, size_t n)
{
	size_t i, kept = 0;

	if (n > FEW)
		return make_many_unique(r, hash, n);
	for (i = 0; i < n; i++)
		kept += keep_pair(r, hash,
		    find_first(hash, kept, &hash->pair[i].key), kept, i);
	return kept;
}

static void
put(struct pairs *all, const struct pair *pair, struct yaml_reader *say)
{
	uint32_t hash = value_hash_of(&pair->key);
	uint32_t at = index_find(&all->index, hash, pair_is, all->pair,
	    &pair->key);

	if (at != INDEX_NONE) {
		if (say)
			say_duplicate(say, &all->pair[at].key, &pair->key);
		all->pair[at].value = pair->value;
		return;
	}
	if (all->n == all->cap) {
		all->cap = all->cap ? all->cap * 2 : 16;
		all->pair = xrealloc(all->pair,
		    mul_or_die(all->cap, sizeof(*all->pair)));
	}
	all->pair[all->n] = *pair;
	index_add(&all->index, hash, (uint32_t)all->n, pair_hash, all->pair);
	all->n++;
}

static void
put_all(struct pairs *all, const struct value *hash)
{
	uint32_t i;

	for (i = 0; i < hash->len; i++)
		put(all, &hash->u.hash->pair[i], NULL);
}

static void
release(struct pairs *all)
{
	free(all->pair);
	index_release(&all->index);
}

/* <<: [a, b]: a wins over b, yet b's keys come first. */
static bool
merge_list(struct pairs *all, const struct value *list)
{
	struct pairs sum = {0};
	uint32_t i;

	for (i = 0; i < list->len; i++)
		if (list->u.item[i].kind != VALUE_HASH)
			return false;
	for (i = list->len; i-- > 0;)
		put_all(&sum, &list->u.item[i]);
	for (i = 0; i < sum.n; i++)
		put(all, &sum.pair[i], NULL);
	release(&sum);
	return true;
}

static bool
merge(struct pairs *all, const struct value *value)
{
	if (value->kind == VALUE_HASH) {
		put_all(all, value);
		return true;
	}
	return value->kind == VALUE_LIST && !(value->flags & FLAG_ALIAS) &&
	    merge_list(all, value);
}

/*
 * A key that stands in its hash for itself and through << is meant to win
 * or lose; only one that is written twice gets a finding.
 */
static struct value
hash_with_merges(struct yaml_reader *r, const struct hash *hash, size_t n,
    const struct frame *frame)
{
	struct pairs all = {0}, written = {0};
	struct value v;
	size_t i;

	for (i = 0; i < n; i++) {
		struct pair pair = hash->pair[i];

		if ((pair.key.flags & FLAG_MERGE) && merge(&all, &pair.value))
			continue;
		pair.key.flags &= (uint8_t)~FLAG_MERGE;
		pair.value.flags &= (uint8_t)~FLAG_ALIAS;
		put(&written, &pair, r);
		put(&all, &pair, NULL);
	}
	v = value_hash(r->arena, all.pair, all.n, value_origin(&frame->value));
	release(&all);
	release(&written);
	return v;
}

struct value
yaml_hash(struct yaml_reader *r, struct hash *hash, size_t n,
    const struct frame *frame)
{
	if (frame->merges)
		return hash_with_merges(r, hash, n, frame);
	n = make_unique(r, hash, n);
	return value_hash_take(r->arena, hash, n, value_origin(&frame->value));
}
