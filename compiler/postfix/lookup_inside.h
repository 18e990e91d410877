/* What the files of lookup.h share. */
#ifndef POSTFIX_LOOKUP_INSIDE_H
#define POSTFIX_LOOKUP_INSIDE_H

#include "postfix/lookup.h"

/* The quoted form; bare: all of it is a local part. */
struct str address_quote_as(struct str address, bool bare, struct arena *a);
/*
 * The addresses in a table's result, each completed as trivial-rewrite does
 * it, with the extension (empty: none) put in.
 */
void address_crunch(const struct address_rules *rules, struct str text,
    struct str extension, struct arena *a, struct address_list *list);
/* The last "@" of an address, or its length. */
size_t address_at(struct str address);

#endif
