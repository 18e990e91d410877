/*
 * What deep_merge() works on: lists and hashes that are shared and changed.
 * Until something changes one, it is the value that was read.
 */
#ifndef HIERA_DEEP_H
#define HIERA_DEEP_H

#include "hiera/inside.h"

struct object;

struct node {
	struct value v;
	struct object *object;		/* of an open list or hash, of which
					   v tells kind and place only */
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
	struct value *scratch;		/* of unite() */
	size_t scratch_cap;
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

/* Items or members, of a node that is open or not. */
static inline size_t
node_count(const struct node *n)
{
	return n->object ? n->object->n : n->v.len;
}

static inline struct node
node_item(const struct node *list, size_t i)
{
	return list->object ? list->object->item[i] :
	    (struct node){.v = list->v.u.item[i]};
}

static inline struct member
node_member(const struct node *hash, size_t i)
{
	const struct pair *pair;

	if (hash->object)
		return hash->object->member[i];
	pair = &hash->v.u.hash->pair[i];
	return (struct member){pair->key, {.v = pair->value}};
}

/* Make a list or hash an object that can be changed; its children wait. */
void node_open(struct deep *d, struct node *n);
/* The same with all that is below it. */
void node_open_all(struct deep *d, struct node *n);
/* What it is now, as a value. */
struct value node_freeze(struct deep *d, const struct node *n);
/* Ruby's dup: a new object over the same children. */
struct node node_dup(struct deep *d, const struct node *n);

/* The value of a member, or NULL. */
struct node *object_find(struct deep *d, struct object *o,
    const struct value *key);
/* A member that object_find() does not find. */
void object_add(struct deep *d, struct object *o, const struct value *key,
    struct node value);
/* A list with room for n items, and none yet. */
struct object *object_list(struct deep *d, size_t n);
/* Array#delete of a string. */
void object_delete_text(struct object *list, struct str s);

#endif
