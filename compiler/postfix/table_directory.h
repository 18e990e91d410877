/* The entries of the directory by the value of an attribute. */
#ifndef POSTFIX_TABLE_DIRECTORY_H
#define POSTFIX_TABLE_DIRECTORY_H

#include "postfix/table_inside.h"

struct directory;

/* The index of an attribute; it belongs to the tables. */
const struct directory *directory_of(struct tables *tables,
    struct str attribute);
/* The first place that has the value, and the next; INDEX_NONE: no more. */
uint32_t directory_first(const struct directory *d, struct str value);
uint32_t directory_next(const struct directory *d, uint32_t position);
/* Which entry of the directory a place is in. */
uint32_t directory_entry(const struct directory *d, uint32_t position);

#endif
