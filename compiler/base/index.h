/*
 * A hash index over an array that somebody else keeps: it stores positions
 * only, so that a table of a million strings costs eight bytes an entry.
 */
#ifndef BASE_INDEX_H
#define BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index {
	uint32_t *slot;		/* index.c says what is in one */
	uint32_t nslot;		/* a power of two, or 0 */
	uint32_t n;
};

/* The hash of what stands at a position; whether it is the one sought. */
typedef uint32_t index_hash_fn(const void *array, uint32_t position);
typedef bool index_is_fn(const void *array, uint32_t position,
    const void *sought);

#define INDEX_NONE UINT32_MAX

void index_init(struct index *ix);
void index_release(struct index *ix);
/* Make room for n entries in an empty index, whose number is known. */
void index_reserve(struct index *ix, size_t n);

/* The position of what is sought, or INDEX_NONE. */
uint32_t index_find(const struct index *ix, uint32_t hash,
    index_is_fn *is, const void *array, const void *sought);
/* Ask the memory for what index_find() will look at first, some finds ahead. */
static inline void
index_prefetch(const struct index *ix, uint32_t hash)
{
	if (ix->nslot)
		__builtin_prefetch(&ix->slot[hash & (ix->nslot - 1)]);
}
enum { INDEX_AHEAD = 8 };

/*
 * Note a position; hash_of tells the others' hashes when the index grows.
 * Slots are allotted for the highest position, so positions are dense.
 */
void index_add(struct index *ix, uint32_t hash, uint32_t position,
    index_hash_fn *hash_of, const void *array);

/*
 * For an index whose size is known and whose slots somebody else keeps (an
 * arena): how many slots n entries need; an index over them, all zero, that
 * never grows and is not released.
 */
uint32_t index_slots(size_t n);
void index_init_fixed(struct index *ix, uint32_t *slot, uint32_t nslot);

#endif
