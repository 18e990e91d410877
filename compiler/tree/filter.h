/*
 * LDAP search filters (RFC 4515) against the entries of an LDIF file, with
 * the matching rules that a mail directory uses (RFC 4517): letter case and
 * runs of blanks do not count.
 */
#ifndef TREE_FILTER_H
#define TREE_FILTER_H

#include "tree/ldif.h"

struct filter;

/* NULL: broken, and *why says how. */
struct filter *filter_parse(struct arena *a, struct str text,
    const char **why);
/* Whether the entry matches; an undefined comparison does not. */
bool filter_matches(const struct filter *filter,
    const struct ldif_entry *entry);

#endif
