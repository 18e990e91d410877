/*
 * The object that files are read into, and what it says in the end. A key
 * meets one that is there as in libucl: a list and a section are united
 * under .include(duplicate=merge), whatever their priorities; of all else
 * the higher priority stays, and equals stand side by side.
 */
#include "tree/ucl_inside.h"

enum { LINEAR_CHILDREN = 16 };	/* up to here a scan beats an index */

struct ucl *
ucl_new(struct arena *a, const struct ucl_variable *variable, size_t n)
{
	struct ucl *ucl = ARENA_NEW(a, struct ucl);

	*ucl = (struct ucl){
		.arena = a, .variable = variable, .nvariable = n,
	};
	return ucl;
}

struct node *
node_new(struct ucl *ucl, unsigned priority, struct origin at)
{
	struct node *node = ARENA_NEW(ucl->arena, struct node);

	node->value = value_at(VALUE_NULL, at);
	node->priority = priority;
	return node;
}

static uint32_t
child_hash(const void *children, uint32_t position)
{
	struct node *const *child = children;

	return str_hash(child[position]->key);
}

static bool
child_is(const void *children, uint32_t position, const void *sought)
{
	struct node *const *child = children;

	return str_eq(child[position]->key, *(const struct str *)sought);
}

static uint32_t
position_of(const struct node *hash, struct str key)
{
	uint32_t i;

	if (hash->index.nslot)
		return index_find(&hash->index, str_hash(key), child_is,
		    hash->child, &key);
	for (i = 0; i < hash->n; i++)
		if (str_eq(hash->child[i]->key, key))
			return i;
	return INDEX_NONE;
}

struct node *
node_find(struct node *hash, struct str key)
{
	uint32_t i;

	for (; hash; hash = hash->next) {
		if (hash->value.kind != VALUE_HASH)
			continue;
		i = position_of(hash, key);
		if (i != INDEX_NONE)
			return hash->child[i];
	}
	return NULL;
}

static void
index_children(struct ucl *ucl, struct node *node)
{
	uint32_t i, nslot = index_slots(node->cap);

	index_init_fixed(&node->index,
	    ARENA_ARRAY(ucl->arena, uint32_t, nslot), nslot);
	for (i = 0; i < node->n; i++)
		index_add(&node->index, child_hash(node->child, i), i,
		    child_hash, node->child);
}

void
node_append(struct ucl *ucl, struct node *collection, struct node *child)
{
	struct node *c = collection;

	if (c->n == c->cap) {
		struct node **old = c->child;

		c->cap = c->cap ? c->cap * 2 : 4;
		c->child = ARENA_ARRAY(ucl->arena, struct node *, c->cap);
		if (c->n)
			memcpy(c->child, old, c->n * sizeof(struct node *));
		if (c->value.kind == VALUE_HASH && c->cap > LINEAR_CHILDREN)
			index_children(ucl, c);
	}
	c->child[c->n] = child;
	if (c->index.nslot)
		index_add(&c->index, str_hash(child->key), c->n, child_hash,
		    c->child);
	c->n++;
}

static void
stand_beside(struct node *first, struct node *node)
{
	struct node *last = first->last ? first->last : first;

	last->next = node;
	first->last = node;
}

/* False: the old one is in a section that stands behind this one. */
static bool
replace(struct node *hash, const struct node *old, struct node *node)
{
	uint32_t i = position_of(hash, node->key);

	if (i == INDEX_NONE || hash->child[i] != old)
		return false;
	hash->child[i] = node;
	return true;
}

struct node *
node_insert(struct ucl *ucl, struct node *hash, struct node *node,
    enum ucl_duplicate duplicate)
{
	struct node *old = node_find(hash, node->key);

	if (!old)
		node_append(ucl, hash, node);
	else if (duplicate == UCL_MERGE && node_is_collection(old))
		return old;
	else if (old->priority == node->priority)
		stand_beside(old, node);
	else if (old->priority < node->priority && !replace(hash, old, node))
		return NULL;
	return node;
}

static struct value
collection_value(struct ucl *ucl, struct node *node);
static struct value
first_value(struct ucl *ucl, struct node *first);

static struct value
one_value(struct ucl *ucl, struct node *node)
{
	return node_is_collection(node) ? collection_value(ucl, node) :
	    node->value;
}

/*
 * libucl gives Lua a list that has more values of its key behind it with all
 * that is in those as well. Each list of them ends like the first one: they
 * share its items, and each is made once.
 */
static struct value
joined_list(struct ucl *ucl, struct node *first)
{
	struct node *each;
	struct value *item, *list;
	size_t n = 0, at = 0;
	uint32_t i;

	if (first->joined)
		return *first->joined;
	for (each = first; each; each = each->next)
		n += node_is_collection(each) ? each->n : 1;
	item = ARENA_ARRAY(ucl->arena, struct value, n);
	for (each = first; each; each = each->next) {
		if (each->value.kind == VALUE_LIST) {
			list = ARENA_NEW(ucl->arena, struct value);
			*list = value_at(VALUE_LIST,
			    value_origin(&each->value));
			list->u.item = item + at;
			list->len = (uint32_t)(n - at);
			each->joined = list;
		}
		if (!node_is_collection(each))
			item[at++] = each->value;
		else
			for (i = 0; i < each->n; i++)
				item[at++] = first_value(ucl, each->child[i]);
	}
	return *first->joined;
}

/* The first value of a key alone. */
static struct value
first_value(struct ucl *ucl, struct node *first)
{
	if (first->value.kind == VALUE_LIST && first->next)
		return joined_list(ucl, first);
	return one_value(ucl, first);
}

static struct value
node_value(struct ucl *ucl, struct node *first)
{
	struct node *each;
	struct value *item, v;
	size_t n = 0;

	if (!first->next || first->value.kind == VALUE_LIST)
		return first_value(ucl, first);
	for (each = first; each; each = each->next)
		n++;
	item = ARENA_ARRAY(ucl->arena, struct value, n);
	for (n = 0, each = first; each; each = each->next)
		item[n++] = first_value(ucl, each);
	v = value_list(ucl->arena, item, n, value_origin(&first->value));
	v.flags |= VALUE_REPEATED;
	return v;
}

static struct value
list_value(struct ucl *ucl, const struct node *node)
{
	struct value *item = ARENA_ARRAY(ucl->arena, struct value, node->n);
	uint32_t i;

	for (i = 0; i < node->n; i++)
		item[i] = node_value(ucl, node->child[i]);
	return value_list(ucl->arena, item, node->n,
	    value_origin(&node->value));
}

static struct value
hash_value(struct ucl *ucl, const struct node *node)
{
	struct hash *hash = value_hash_alloc(ucl->arena, node->n);
	uint32_t i;

	for (i = 0; i < node->n; i++)
		hash->pair[i] = (struct pair){
			.key = value_string(ucl->arena, node->child[i]->key,
			    node->child[i]->key_at),
			.value = node_value(ucl, node->child[i]),
		};
	return value_hash_take(ucl->arena, hash, node->n,
	    value_origin(&node->value));
}

static struct value
collection_value(struct ucl *ucl, struct node *node)
{
	struct value *made;

	if (!node->made) {
		made = ARENA_NEW(ucl->arena, struct value);
		*made = node->value.kind == VALUE_LIST ?
		    list_value(ucl, node) : hash_value(ucl, node);
		node->made = made;
	}
	return *node->made;
}

struct value
ucl_value(struct ucl *ucl)
{
	if (!ucl->top)
		return value_hash(ucl->arena, NULL, 0, ORIGIN_NONE);
	return node_value(ucl, ucl->top);
}
