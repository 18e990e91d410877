/* The directory as a file: in order, and compared with the one before. */
#ifndef FETCH_SNAPSHOT_H
#define FETCH_SNAPSHOT_H

#include "fetch/store.h"
#include "tree/ldif.h"

struct snapshot_change {
	size_t entries;			/* now */
	size_t added, gone, changed;
	size_t former;			/* entries before */
	size_t former_forwards;		/* of them with an emailForward */
	size_t gone_forwards;		/* that have none any more */
};

/* Order entries by DN, letter case ignored. */
void snapshot_sort(struct arena *a, struct ldif *ldif);

/* What changes between two snapshots. The former one need not be sorted. */
struct snapshot_change snapshot_compare(struct arena *a,
    const struct ldif *former, const struct ldif *now);

/*
 * Whether now may replace the snapshot in a file: it is not empty, and no
 * more vanishes than the limit allows. *change is set in any case.
 */
bool snapshot_allowed(struct arena *a, struct diag *d,
    const struct stored *file, const struct brake_limit *limit,
    const struct ldif *now, struct snapshot_change *change);

/* Append the whole file. */
void snapshot_write(struct buf *b, const struct ldif *ldif);

#endif
