/*
 * An index over the directory, one attribute at a time, made when an ldap
 * table first asks for that attribute: a lookup then reads the entries that
 * have the value, in file order, and no others.
 */
#include "postfix/table_directory.h"

#include "tree/filter.h"

#include <stdlib.h>

/* A value of the attribute in an entry. */
struct occurrence {
	uint32_t entry, attribute;
	uint32_t next;		/* with an equal value, or INDEX_NONE */
	uint32_t last;		/* of the first of them: the last */
};

struct directory {
	const struct ldif *ldif;
	struct str attribute;
	struct index index;
	struct occurrence *occurrence;
	uint32_t n, cap;
	struct directory *more;		/* of another attribute */
};

static struct str
value_of(const struct directory *d, uint32_t position)
{
	const struct occurrence *o = &d->occurrence[position];

	return text_str(d->ldif->entry[o->entry].attribute[o->attribute].
	    value);
}

static uint32_t
hash_of(const void *array, uint32_t position)
{
	return filter_hash(value_of(array, position));
}

static bool
has_value(const void *array, uint32_t position, const void *sought)
{
	return !filter_compare(value_of(array, position),
	    *(const struct str *)sought);
}

static void
occurrence_add(struct directory *d, uint32_t entry, uint32_t attribute)
{
	struct str value = text_str(d->ldif->entry[entry].
	    attribute[attribute].value);
	uint32_t hash = filter_hash(value), first;

	first = index_find(&d->index, hash, has_value, d, &value);
	if (d->n == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 64;
		d->occurrence = xrealloc(d->occurrence,
		    mul_or_die(d->cap, sizeof(*d->occurrence)));
	}
	d->occurrence[d->n] = (struct occurrence){
		.entry = entry,
		.attribute = attribute,
		.next = INDEX_NONE,
		.last = d->n,
	};
	if (first == INDEX_NONE) {
		index_add(&d->index, hash, d->n, hash_of, d);
	} else {
		struct occurrence *head = &d->occurrence[first];

		d->occurrence[head->last].next = d->n;
		head->last = d->n;
	}
	d->n++;
}

static struct directory *
directory_new(struct tables *tables, struct str attribute)
{
	struct directory *d = ARENA_NEW(tables->arena, struct directory);
	const struct ldif *ldif = tables->world->directory;
	uint32_t i, j;

	d->ldif = ldif;
	d->attribute = (struct str){arena_strndup(tables->arena, attribute.s,
	    attribute.len), attribute.len};
	index_init(&d->index);
	for (i = 0; i < ldif->n; i++)
		for (j = 0; j < ldif->entry[i].n; j++)
			if (str_eq_fold(text_str(
			    ldif->entry[i].attribute[j].name), attribute))
				occurrence_add(d, i, j);
	d->more = tables->directory;
	tables->directory = d;
	return d;
}

const struct directory *
directory_of(struct tables *tables, struct str attribute)
{
	const struct directory *d;

	for (d = tables->directory; d; d = d->more)
		if (str_eq_fold(d->attribute, attribute))
			return d;
	return directory_new(tables, attribute);
}

uint32_t
directory_first(const struct directory *d, struct str value)
{
	return index_find(&d->index, filter_hash(value), has_value, d,
	    &value);
}

uint32_t
directory_next(const struct directory *d, uint32_t position)
{
	return d->occurrence[position].next;
}

uint32_t
directory_entry(const struct directory *d, uint32_t position)
{
	return d->occurrence[position].entry;
}

void
directory_free(struct directory *d)
{
	for (; d; d = d->more) {
		index_release(&d->index);
		free(d->occurrence);
	}
}
