/*
 * A map from strings to pointers that keeps the order of insertion. Keys
 * are not copied; the array is freed by map_release(), the values are not.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/index.h"
#include "base/str.h"

struct map_entry {
	struct str key;
	void *value;
};

struct map {
	struct map_entry *entry;
	size_t n, cap;
	struct index index;
	bool fold;		/* letter case does not count */
};

void map_init(struct map *m);
void map_init_fold(struct map *m);
void map_release(struct map *m);

/* The value for key, or NULL. */
void *map_get(const struct map *m, struct str key);
/*
 * Add key unless it is there already; returns the value that stands now, so
 * that (map_add(m, key, v) != v) tells a duplicate.
 */
void *map_add(struct map *m, struct str key, void *value);

#endif
