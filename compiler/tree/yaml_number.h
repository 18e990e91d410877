/* The numbers of a YAML scalar; private to compiler/tree/yaml_*.c. */
#ifndef TREE_YAML_NUMBER_H
#define TREE_YAML_NUMBER_H

#include "tree/yaml_scalar.h"

static inline bool
scan_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The byte at i, NUL behind the end. */
static inline char
scan_at(struct str s, size_t i)
{
	return i < s.len ? s.s[i] : '\0';
}

/* Step over c where it stands at *i. */
static inline bool
scan_literal(struct str s, size_t *i, char c)
{
	if (scan_at(s, *i) != c)
		return false;
	++*i;
	return true;
}

/* Step over at most so many digits; false: too few. */
static inline bool
scan_digits(struct str s, size_t *i, size_t least, size_t most)
{
	size_t n = 0;

	while (n < most && scan_is_digit(scan_at(s, *i + n)))
		n++;
	*i += n;
	return n >= least;
}

struct sixty {
	bool negative;
	struct str part[3];	/* the first without its sign */
	size_t n;
	bool fraction;
};

/* 1:30:00 and 1:30.5; false: s is no number in base 60. */
bool number_split_sixty(struct str s, struct sixty *t);
enum scalar_result number_sixty(struct arena *a, const struct sixty *t,
    struct value *v);
void number_sixty_float(const struct sixty *t, struct value *v);

bool number_is_float(struct str s);
/* Of what number_is_float(): a float, a lone dot as a string, or broken. */
enum scalar_result number_float(struct str s, struct value *v);
/* An integer, or s as a string. */
enum scalar_result number_integer(struct arena *a, struct str s,
    struct value *v);

#endif
