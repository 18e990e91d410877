/*
 * What an untagged plain scalar means: to Psych (which is what Puppet sees)
 * and to the core schema of YAML 1.2 (which is what most other tools see).
 */
#ifndef TREE_YAML_SCALAR_H
#define TREE_YAML_SCALAR_H

#include "tree/value.h"

enum scalar_result {
	SCALAR_OK,
	SCALAR_DATE,		/* class Date: Puppet refuses the file */
	SCALAR_TIME,
	SCALAR_BROKEN,		/* like a number, and Psych dies on it */
	SCALAR_LIMIT,		/* more digits than mailc converts */
};

/*
 * Type s as Psych does. Sets kind, len and u of v; a STRING or a SYMBOL
 * points into s, digits of a BIGINT are in the arena.
 */
enum scalar_result scalar_psych(struct arena *a, struct str s,
    struct value *v);

/* Type s by the core schema of YAML 1.2.2. */
void scalar_core(struct arena *a, struct str s, struct value *v);

/* Ruby's Float(s): false where it raises. */
bool scalar_float(struct str s, double *f);

/* Digits in base 2, 8, 10 or 16 with an optional sign, no separators. */
enum scalar_result scalar_integer(struct arena *a, struct str digits,
    unsigned base, bool negative, struct value *v);

#endif
