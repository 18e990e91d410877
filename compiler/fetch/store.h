/*
 * What a fetch leaves: a file that is replaced whole or not at all, and the
 * brake that refuses when too much would vanish from it.
 */
#ifndef FETCH_STORE_H
#define FETCH_STORE_H

#include "base/buf.h"
#include "diag/diag.h"

/* A file with the name that messages show and the one for open(2). */
struct stored {
	const char *path;
	const char *file;
	struct origin at;		/* the file as a whole */
};

struct stored stored_file(struct diag *d, const char *path,
    const char *file);

/*
 * Replace the file by bytes: written beside it, synced, renamed. A file that
 * holds them already is not touched. False and a finding: it stays as it is.
 */
bool stored_replace(struct diag *d, const struct stored *to, struct str bytes);

/* How much may vanish at once. */
struct brake_limit {
	int64_t percent;
	int64_t minimum;	/* of former ones, before the share counts */
};

/*
 * Whether gone of former things ("entries") may vanish from a file; or a
 * finding that says how to override.
 */
bool brake_allows(struct diag *d, const struct brake_limit *limit,
    const struct stored *from, const char *things, size_t former,
    size_t gone);

#endif
