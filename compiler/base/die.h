/*
 * The one way out. Memory that cannot be had, and a mistake in mailc itself,
 * end the process here; every other problem is a finding or a return value.
 */
#ifndef BASE_DIE_H
#define BASE_DIE_H

#include <stddef.h>

/* Print "mailc: " and the text on stderr, then exit 1. */
_Noreturn void die(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

/* A broken promise inside mailc: print the place and abort. */
_Noreturn void bug(const char *file, int line, const char *what);
#define BUG(what) bug(__FILE__, __LINE__, (what))

/* malloc and realloc that succeed or do not return; free with free(). */
void *xmalloc(size_t size);
void *xrealloc(void *p, size_t size);

/* n * size, or die: the only multiplication that may feed an allocation. */
size_t mul_or_die(size_t n, size_t size);

#endif
