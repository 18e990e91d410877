/* Open addressing, linear probing, at most two thirds full. */
#include "base/index.h"

#include "base/die.h"

#include <stdlib.h>
#include <string.h>

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
	uint32_t i, mask = ix->nslot - 1;

	if (!ix->nslot)
		return INDEX_NONE;
	for (i = hash & mask; ix->slot[i]; i = (i + 1) & mask)
		if (is(array, ix->slot[i] - 1, sought))
			return ix->slot[i] - 1;
	return INDEX_NONE;
}

static void
put(struct index *ix, uint32_t hash, uint32_t position)
{
	uint32_t mask = ix->nslot - 1;
	uint32_t i = hash & mask;

	while (ix->slot[i])
		i = (i + 1) & mask;
	ix->slot[i] = position + 1;
}

static void
grow(struct index *ix, index_hash_fn *hash_of, const void *array)
{
	struct index bigger = {.n = ix->n};
	uint32_t i;

	if (ix->nslot > UINT32_MAX / 4)
		die("out of memory (an index of %u entries)", ix->n);
	bigger.nslot = ix->nslot ? ix->nslot * 2 : 16;
	bigger.slot = xmalloc(mul_or_die(bigger.nslot, sizeof(uint32_t)));
	memset(bigger.slot, 0, bigger.nslot * sizeof(uint32_t));
	for (i = 0; i < ix->nslot; i++)
		if (ix->slot[i])
			put(&bigger, hash_of(array, ix->slot[i] - 1),
			    ix->slot[i] - 1);
	free(ix->slot);
	*ix = bigger;
}

void
index_add(struct index *ix, uint32_t hash, uint32_t position,
    index_hash_fn *hash_of, const void *array)
{
	if (ix->n >= ix->nslot / 3 * 2)
		grow(ix, hash_of, array);
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
