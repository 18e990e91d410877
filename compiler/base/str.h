/*
 * Strings with a length, not owned, not always NUL-terminated; ASCII letter
 * case (mail addresses and domains know no other, RFC 5321 section 2.4).
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
	const char *s;
	size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
/* For printf's "%.*s". */
#define STR_ARG(str) (int)(str).len, (str).s

static inline struct str
str_of(const char *s)
{
	return (struct str){s, s ? strlen(s) : 0};
}

static inline bool
str_eq(struct str a, struct str b)
{
	return a.len == b.len && (!a.len || !memcmp(a.s, b.s, a.len));
}

static inline unsigned char
ascii_lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c | 0x20) : c;
}

/* Byte order, the shorter first: strcmp for strings with a length. */
int str_cmp(struct str a, struct str b);
/* The same, letters folded. */
int str_cmp_fold(struct str a, struct str b);
bool str_eq_fold(struct str a, struct str b);
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
/* Position of c, or s.len. */
size_t str_find(struct str s, char c);
/* s without blanks and line breaks at its ends. */
struct str str_trim(struct str s);

/* A hash for tables in memory; the folded one is equal for equal folds. */
uint32_t str_hash(struct str s);
uint32_t str_hash_fold(struct str s);

/*
 * Of n names, the one that s is most likely a slip of (edit distance at most
 * a third of its length), or NULL. Used for "did you mean".
 */
const char *str_nearest(struct str s, const char *const *name, size_t n);

#endif
