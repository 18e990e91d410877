/*
 * LDAP search filters (RFC 4515) against the entries of an LDIF file, with
 * the matching rules that a mail directory uses (RFC 4517): letter case and
 * runs of blanks do not count.
 */
#ifndef TREE_FILTER_H
#define TREE_FILTER_H

#include "tree/ldif.h"

struct filter;

/* NULL: broken, or it needs a matching rule by name (":="); *why says how. */
struct filter *filter_parse(struct arena *a, struct str text,
    const char **why);
/*
 * Whether the entry matches; a comparison with an attribute that it does not
 * have is false. "~=" is taken as "=".
 */
bool filter_matches(const struct filter *filter,
    const struct ldif_entry *entry);

/*
 * Every value that attributes are compared with, and every piece between
 * asterisks, decoded: each() may put another in its place.
 */
void filter_each_value(struct filter *filter,
    void (*each)(void *self, struct str *value), void *self);

/* A value that each match has in an attribute; false: none is known. */
bool filter_equality(const struct filter *filter, struct str *attribute,
    struct str *value);
/* How "=" compares values, and a hash that is equal for equal ones. */
int filter_compare(struct str a, struct str b);
uint32_t filter_hash(struct str value);

#endif
