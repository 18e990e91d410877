/*
 * Where a value came from. Every value carries an origin from the first byte
 * read to the last byte written: twelve bytes, a source by number.
 */
#ifndef DIAG_ORIGIN_H
#define DIAG_ORIGIN_H

#include "base/arena.h"
#include "base/str.h"

#include <stdint.h>

struct origin {
	uint32_t source;	/* 0: nowhere (built in) */
	uint32_t line;		/* from 1; 0: the file as a whole */
	uint32_t column;	/* from 1, in bytes; 0: the line as a whole */
};

#define ORIGIN_NONE ((struct origin){0})

/* A string of the source with its place. */
struct text {
	const char *s;		/* NUL-terminated; len counts */
	uint32_t len;
	struct origin at;
};

static inline struct str
text_str(struct text t)
{
	return (struct str){t.s, t.len};
}

/* A file that was read (or would have been). */
struct source {
	const char *path;	/* as in messages: relative to the environment */
	const char *file;	/* as open(2) wants it */
};

/* The sources of a run. Their number starts at 1. */
struct sources {
	struct arena *arena;
	struct source *source;
	uint32_t n, cap;
};

void sources_init(struct sources *all, struct arena *a);
void sources_release(struct sources *all);
/* A new number for path; both strings are copied. */
uint32_t sources_add(struct sources *all, const char *path, const char *file);
/* The source of a number, NULL for 0. */
const struct source *sources_get(const struct sources *all, uint32_t source);

#endif
