/*
 * Chunks double in size up to a limit; what is larger than a quarter of a
 * chunk gets one of its own, so that a big table wastes nothing.
 */
#include "base/arena.h"

#include "base/die.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct arena_chunk {
	struct arena_chunk *older;
	size_t size;
	alignas(max_align_t) char byte[];
};

enum {
	CHUNK_FIRST = 64 * 1024,
	CHUNK_LARGEST = 4 * 1024 * 1024,
};

void
arena_init(struct arena *a)
{
	*a = (struct arena){0};
}

void
arena_release(struct arena *a)
{
	struct arena_chunk *c, *older;

	for (c = a->chunk; c; c = older) {
		older = c->older;
		free(c);
	}
	arena_init(a);
}

void
arena_clear(struct arena *a)
{
	struct arena_chunk *c = a->chunk;

	if (!c)
		return;
	a->chunk = c->older;
	c->older = NULL;
	arena_release(a);
	*a = (struct arena){.chunk = c, .next = c->byte,
		.end = c->byte + c->size, .total = sizeof(*c) + c->size};
}

static char *
chunk_add(struct arena *a, size_t size)
{
	struct arena_chunk *c;

	if (size > SIZE_MAX - sizeof(*c))
		die("out of memory (asked for %zu bytes)", size);
	c = xmalloc(sizeof(*c) + size);
	a->total += sizeof(*c) + size;
	c->older = a->chunk;
	c->size = size;
	a->chunk = c;
	return c->byte;
}

/* A chunk of its own, put behind the one that is being filled. */
static char *
chunk_own(struct arena *a, size_t size)
{
	struct arena_chunk *filling = a->chunk;
	char *p = chunk_add(a, size);

	if (filling) {
		struct arena_chunk *own = a->chunk;

		own->older = filling->older;
		filling->older = own;
		a->chunk = filling;
	}
	return p;
}

static char *
take(struct arena *a, size_t size, size_t align)
{
	size_t skip = 0;
	size_t chunk = CHUNK_FIRST;
	char *p;

	if (a->next)
		skip = (align - (uintptr_t)a->next % align) % align;
	if (a->next && size <= (size_t)(a->end - a->next) &&
	    skip <= (size_t)(a->end - a->next) - size) {
		p = a->next + skip;
		a->next = p + size;
		return p;
	}
	while (chunk < a->total / 4 && chunk < CHUNK_LARGEST)
		chunk *= 2;
	if (size > chunk / 4)
		return chunk_own(a, size);
	p = chunk_add(a, chunk);
	a->next = p + size;
	a->end = p + chunk;
	return p;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	return take(a, size ? size : 1, alignof(max_align_t));
}

void *
arena_zero(struct arena *a, size_t size)
{
	return memset(arena_alloc(a, size), 0, size);
}

char *
arena_bytes(struct arena *a, size_t size)
{
	return take(a, size ? size : 1, 1);
}

char *
arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *p = arena_bytes(a, len + 1);

	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *
arena_strdup(struct arena *a, const char *s)
{
	return arena_strndup(a, s, strlen(s));
}

char *
arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *p;
	int len;

	va_copy(again, ap);
	len = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (len < 0)
		BUG("a format that vsnprintf refuses");
	p = arena_bytes(a, (size_t)len + 1);
	vsnprintf(p, (size_t)len + 1, fmt, ap);
	return p;
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}
