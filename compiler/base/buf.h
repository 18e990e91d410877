/*
 * A byte string that grows. s is never NULL and always ends in a NUL that
 * len does not count; it may hold NUL bytes itself.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

struct buf {
	char *s;
	size_t len;
	size_t cap;	/* 0: s is the shared empty string */
};

extern char buf_empty[];
#define BUF_INIT ((struct buf){.s = buf_empty})

void buf_init(struct buf *b);
void buf_release(struct buf *b);
/* Empty it and keep the memory. */
void buf_clear(struct buf *b);
/* Make room for extra more bytes and the NUL. */
void buf_grow(struct buf *b, size_t extra);

void buf_add(struct buf *b, const char *s, size_t len);
void buf_addstr(struct buf *b, const char *s);
void buf_printf(struct buf *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static inline void
buf_addch(struct buf *b, char c)
{
	if (b->cap < b->len + 2)
		buf_grow(b, 1);
	b->s[b->len++] = c;
	b->s[b->len] = '\0';
}

#endif
