/* Exported resources as a file: in order, and compared with the one before. */
#ifndef FETCH_RESOURCES_H
#define FETCH_RESOURCES_H

#include "fetch/store.h"

#include <jansson.h>

struct resources_change {
	size_t resources;		/* now */
	size_t added, gone, changed;
	size_t former;
};

/* Order the resources by certname and title, and the tags of each. */
void resources_sort(json_t *all);

/*
 * Whether sorted resources may replace those in a file: there are some, and
 * no more vanish than the limit allows. *change is set in any case.
 */
bool resources_allowed(struct diag *d, const struct stored *file,
    const struct brake_limit *limit, const json_t *now,
    struct resources_change *change);

/* Append the whole file, keys sorted. */
void resources_write(struct buf *b, const json_t *all);

#endif
