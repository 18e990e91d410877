/*
 * Open addressing, linear probing, at most two thirds full. With a mask of m
 * bits a slot holds position + 1 in its m low bits, 0 where it is free, and
 * above them the bits of the hash that did not choose the slot: they tell
 * most collisions apart without a look at the array. So there are always
 * more slots than the highest position.
 */
#include "base/index.h"

#include "base/die.h"

#include <stdlib.h>

void
index_init(struct index *ix)
{
	*ix = (struct index){0};
}

void
index_release(struct index *ix)
{
	free(ix->slot);
	index_init(ix);
}

uint32_t
index_find(const struct index *ix, uint32_t hash, index_is_fn *is,
    const void *array, const void *sought)
{
	uint32_t i, slot, mask = ix->nslot - 1;

	if (!ix->nslot)
		return INDEX_NONE;
	for (i = hash & mask; (slot = ix->slot[i]) != 0; i = (i + 1) & mask)
		if (!((slot ^ hash) & ~mask) &&
		    is(array, (slot & mask) - 1, sought))
			return (slot & mask) - 1;
	return INDEX_NONE;
}

static void
put(struct index *ix, uint32_t hash, uint32_t position)
{
	uint32_t mask = ix->nslot - 1;
	uint32_t i = hash & mask;

	while (ix->slot[i])
		i = (i + 1) & mask;
	ix->slot[i] = (hash & ~mask) | (position + 1);
}

static bool
has_room(const struct index *ix, uint32_t position)
{
	return ix->n < ix->nslot / 3 * 2 && position + 1 < ix->nslot;
}

static void
grow(struct index *ix, uint32_t nslot, index_hash_fn *hash_of,
    const void *array)
{
	struct index bigger = {.n = ix->n, .nslot = nslot};
	uint32_t i;

	bigger.slot = calloc(nslot, sizeof(uint32_t));
	if (!bigger.slot)
		die("out of memory (an index of %u entries)", ix->n);
	for (i = 0; i < ix->nslot; i++) {
		uint32_t position = (ix->slot[i] & (ix->nslot - 1)) - 1;

		if (ix->slot[i])
			put(&bigger, hash_of(array, position), position);
	}
	free(ix->slot);
	*ix = bigger;
}

void
index_reserve(struct index *ix, size_t n)
{
	grow(ix, index_slots(n), NULL, NULL);
}

void
index_add(struct index *ix, uint32_t hash, uint32_t position,
    index_hash_fn *hash_of, const void *array)
{
	if (!has_room(ix, position))
		grow(ix, index_slots((size_t)(position < ix->n ? ix->n :
		    position) + 1), hash_of, array);
	put(ix, hash, position);
	ix->n++;
}

uint32_t
index_slots(size_t n)
{
	uint32_t nslot = 16;

	while (nslot / 3 * 2 < n) {
		if (nslot > UINT32_MAX / 4)
			die("out of memory (an index of %zu entries)", n);
		nslot *= 2;
	}
	return nslot;
}

void
index_init_fixed(struct index *ix, uint32_t *slot, uint32_t nslot)
{
	*ix = (struct index){.slot = slot, .nslot = nslot};
}
