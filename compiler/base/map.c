#include "base/map.h"

#include "base/die.h"

#include <stdlib.h>

void
map_init(struct map *m)
{
	*m = (struct map){0};
}

void
map_init_fold(struct map *m)
{
	*m = (struct map){.fold = true};
}

void
map_release(struct map *m)
{
	free(m->entry);
	index_release(&m->index);
	*m = (struct map){.fold = m->fold};
}

static uint32_t
hash_exact(const void *array, uint32_t position)
{
	return str_hash(((const struct map_entry *)array)[position].key);
}

static uint32_t
hash_folded(const void *array, uint32_t position)
{
	return str_hash_fold(((const struct map_entry *)array)[position].key);
}

static bool
is_exact(const void *array, uint32_t position, const void *sought)
{
	return str_eq(((const struct map_entry *)array)[position].key,
	    *(const struct str *)sought);
}

static bool
is_folded(const void *array, uint32_t position, const void *sought)
{
	return str_eq_fold(((const struct map_entry *)array)[position].key,
	    *(const struct str *)sought);
}

static uint32_t
position_of(const struct map *m, struct str key, uint32_t hash)
{
	return index_find(&m->index, hash, m->fold ? is_folded : is_exact,
	    m->entry, &key);
}

static uint32_t
hash_key(const struct map *m, struct str key)
{
	return m->fold ? str_hash_fold(key) : str_hash(key);
}

void *
map_get(const struct map *m, struct str key)
{
	uint32_t at = position_of(m, key, hash_key(m, key));

	return at == INDEX_NONE ? NULL : m->entry[at].value;
}

void *
map_add(struct map *m, struct str key, void *value)
{
	uint32_t hash = hash_key(m, key);
	uint32_t at = position_of(m, key, hash);

	if (at != INDEX_NONE)
		return m->entry[at].value;
	if (m->n == m->cap) {
		m->cap = m->cap ? m->cap * 2 : 16;
		m->entry = xrealloc(m->entry,
		    mul_or_die(m->cap, sizeof(*m->entry)));
	}
	m->entry[m->n] = (struct map_entry){key, value};
	index_add(&m->index, hash, (uint32_t)m->n,
	    m->fold ? hash_folded : hash_exact, m->entry);
	m->n++;
	return value;
}
