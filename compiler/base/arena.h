/*
 * An arena: memory that lives until the end of the run and is freed at once.
 * Allocation succeeds or the process ends (base/die.h).
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/die.h"

#include <stddef.h>
#include <stdarg.h>

struct arena_chunk;

struct arena {
	struct arena_chunk *chunk;	/* newest first */
	char *next;			/* first free byte of the newest */
	char *end;
	size_t total;			/* bytes asked from the system */
};

void arena_init(struct arena *a);
/* Free everything that was ever allocated from a. */
void arena_release(struct arena *a);
/* The same, but keep one chunk to be filled again: for work in a loop. */
void arena_clear(struct arena *a);

/* size bytes, aligned for any type, not cleared. */
void *arena_alloc(struct arena *a, size_t size);
/* The same, all zero. */
void *arena_zero(struct arena *a, size_t size);
/* size bytes without alignment: for text. */
char *arena_bytes(struct arena *a, size_t size);

/* Copies that end in NUL. */
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t len);
char *arena_printf(struct arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* One zeroed struct; an array of n zeroed structs. */
#define ARENA_NEW(a, type) ((type *)arena_zero((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) \
	((type *)arena_zero((a), mul_or_die((n), sizeof(type))))

#endif
