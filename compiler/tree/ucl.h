/*
 * UCL as rspamd reads its files (its own libucl): sections, lists, repeated
 * keys, includes of local.d and override.d one over the other, with a place
 * in every value. What only a running rspamd can know (.include, a template
 * tag, a macro) is UCL_UNKNOWN, never guessed.
 */
#ifndef TREE_UCL_H
#define TREE_UCL_H

#include "tree/value.h"

enum ucl_result {
	UCL_OK,
	UCL_BROKEN,		/* rspamd refuses the file */
	UCL_UNKNOWN,		/* what it says cannot be known here */
};

/* The first reason for a result other than UCL_OK. */
struct ucl_problem {
	const char *why;	/* a clause */
	struct origin at;
};

/* What stands for $name and ${name}; other names stay as they are. */
struct ucl_variable {
	struct str name;
	struct str value;	/* s NULL: not known here */
};

/* How the keys of a file meet those that are there: .include(duplicate=…). */
enum ucl_duplicate {
	UCL_APPEND,		/* by priority; where equal, it has both */
	UCL_MERGE,		/* so, but sections and lists are united */
};

/* An object that files are read into, one after the other. */
struct ucl;

struct ucl *ucl_new(struct arena *a, const struct ucl_variable *variable,
    size_t n);
/*
 * Read a file's text into the object: priority and duplicate are those of
 * the .include that names it. Origins have the source; the text is copied.
 */
enum ucl_result ucl_read(struct ucl *ucl, uint32_t source, struct str text,
    unsigned priority, enum ucl_duplicate duplicate,
    struct ucl_problem *problem);
/*
 * What all of it says, as rspamd's modules see it: a VALUE_HASH, or VALUE_LIST
 * where the text is a list. A key that has more than one value is a VALUE_LIST
 * with VALUE_REPEATED, or, where the first one is a list, all of them joined.
 * Asked once, when everything was read.
 * Times are seconds, as VALUE_FLOAT; VALUE_PLAIN is a string without quotes.
 */
struct value ucl_value(struct ucl *ucl);

#endif
