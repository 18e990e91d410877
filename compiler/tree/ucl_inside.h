/* What the files of the UCL reader share. */
#ifndef TREE_UCL_INSIDE_H
#define TREE_UCL_INSIDE_H

#include "base/buf.h"
#include "tree/ucl.h"

/* An object while files are read into it: values that may still change. */
struct node {
	struct value value;		/* scalars; else kind and place */
	struct str key;
	struct origin key_at;
	unsigned priority;
	struct node *next, *last;	/* more values of the key; last: of the
					   first one */
	struct node **child;
	uint32_t n, cap;
	struct index index;		/* over the keys of many children */
	const struct value *made;	/* what ucl_value() made of it */
	const struct value *joined;	/* a list with what stands behind it */
};

struct ucl {
	struct arena *arena;
	const struct ucl_variable *variable;
	size_t nvariable;
	struct node *top;		/* NULL: nothing was read */
};

static inline bool
node_is_collection(const struct node *node)
{
	return node->value.kind == VALUE_HASH ||
	    node->value.kind == VALUE_LIST;
}

struct node *node_new(struct ucl *ucl, unsigned priority, struct origin at);
/* The child of a key in a section or in those of its name behind it. */
struct node *node_find(struct node *hash, struct str key);
/* Append a child; for a list, it has no key. */
void node_append(struct ucl *ucl, struct node *collection,
    struct node *child);
/*
 * Put a node with a key into a section, by priority and duplicate. Returns
 * the node that a value is now read into: it may be one that was there, or
 * one that nobody will see; NULL where libucl's own books are wrong then.
 */
struct node *node_insert(struct ucl *ucl, struct node *hash,
    struct node *node, enum ucl_duplicate duplicate);

/* The text of a file and how far it was read. */
struct ucl_text {
	const char *p, *end;		/* *end is NUL */
	const char *line_start;
	uint32_t source, line;
};

struct origin text_place(const struct ucl_text *t);
/* Step over one byte; at the end not further. */
void text_step(struct ucl_text *t);

enum ucl_class {
	UCL_BLANK = 1,			/* space, tab */
	UCL_SPACE = 2,			/* and line breaks */
	UCL_END = 4,			/* ends a value without quotes */
	UCL_KEY_START = 8,
	UCL_KEY = 16,
};
bool ucl_is(char c, unsigned classes);

enum ucl_number {
	UCL_NO_NUMBER,
	UCL_NUMBER,			/* kind and u of v are set, *p moved */
	UCL_NUMBER_RANGE,
};
enum ucl_number ucl_number(const char **p, const char *end, struct value *v);
/* true, yes, on, false, no, off in any case. */
bool ucl_boolean(struct str s, bool *b);

/* Escapes as in "" and without quotes; as in ''. In place. */
void ucl_unescape(struct buf *b);
void ucl_unescape_single(struct buf *b);
/*
 * Put what stands for variables into b. False: it has one whose value is not
 * known.
 */
bool ucl_expand(const struct ucl *ucl, struct buf *b);

enum { UCL_NESTING = 100 };

/* A section or list that is open. */
struct ucl_open {
	struct node *node;
	unsigned level;		/* sections that one } closes share none */
	bool braced;
	struct origin at;
};

enum ucl_state {
	AT_KEY,
	AT_VALUE,
	AFTER_VALUE,
	AT_END,			/* behind the brace that closed the top */
};

/* The reading of one file. */
struct ucl_reader {
	struct ucl *ucl;
	struct ucl_text t;
	unsigned priority;
	enum ucl_duplicate duplicate;
	struct ucl_open open[UCL_NESTING];
	unsigned depth;
	struct node *current;	/* whose value comes */
	enum ucl_state state;
	bool included;		/* into what was read before */
	bool more_keys;		/* the last key without "=" had one behind */
	struct buf text;
	enum ucl_result result;
	struct ucl_problem *problem;
};

/* Note the first problem, at a place or where the reading is. Always false. */
bool ucl_stop_at(struct ucl_reader *r, enum ucl_result result,
    struct origin at, const char *why);
bool ucl_broken(struct ucl_reader *r, const char *why);

void ucl_skip(struct ucl_reader *r, unsigned classes);
bool ucl_at_comment(const struct ucl_reader *r);
/* The comments that follow each other without a blank. */
bool ucl_skip_comments(struct ucl_reader *r);
/* Behind the opening quote, to behind the closing one. */
bool ucl_skip_quoted(struct ucl_reader *r, bool *escapes);

static inline struct ucl_open *
ucl_innermost(struct ucl_reader *r)
{
	return &r->open[r->depth - 1];
}

/* The node that a value goes into; in a list, a new one. */
struct node *ucl_value_node(struct ucl_reader *r);
void ucl_set_value(struct node *node, struct value v);

/* A value from its first byte to behind its last. */
bool ucl_read_quoted(struct ucl_reader *r);
/* *is: whether it is <<EOD; "<x" is a value without quotes. */
bool ucl_read_heredoc(struct ucl_reader *r, bool *is);
bool ucl_read_bare(struct ucl_reader *r);

#endif
