/* What deep_merge() works on: lists and hashes that are shared and changed. */
#ifndef HIERA_DEEP_H
#define HIERA_DEEP_H

#include "hiera/inside.h"

struct object;

struct node {
	struct value v;			/* a scalar, or a kind and place */
	struct object *object;		/* of a list or a hash */
};

struct member {
	struct value key;
	struct node value;
};

struct object {
	struct node *item;		/* of a list */
	struct member *member;		/* of a hash */
	size_t n, cap;
	struct value like;		/* first members: keys of this hash */
	struct index added;		/* the members behind them */
};

struct deep {
	struct lookup *lookup;
	const struct strategy *strategy;
	struct arena arena;		/* objects */
	const struct regex *knockout;	/* ^prefix, or NULL */
	struct object **with_index;	/* whose index must be released */
	size_t nwith, with_cap;
	bool failed;
};

static inline bool
is_list(const struct node *n)
{
	return n->v.kind == VALUE_LIST;
}

static inline bool
is_hash(const struct node *n)
{
	return n->v.kind == VALUE_HASH;
}

/* Between values and objects; children are objects of their own. */
struct node node_thaw(struct deep *d, const struct value *v);
struct value node_freeze(struct deep *d, const struct node *n);
/* Ruby's dup: a new object over the same children. */
struct node node_dup(struct deep *d, const struct node *n);

/* The value of a member, or NULL. */
struct node *object_find(struct deep *d, struct object *o,
    const struct value *key);
void object_set(struct deep *d, struct object *o, const struct value *key,
    struct node value);
/* Add the items of another list from one on; the array is a new one. */
void object_append(struct deep *d, struct object *list,
    const struct object *more, size_t from);
/* Array#delete of a string. */
void object_delete_text(struct object *list, struct str s);

#endif
