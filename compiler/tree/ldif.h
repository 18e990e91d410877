/*
 * LDIF (RFC 2849): a directory as a list of entries, every attribute value with
 * its place.
 */
#ifndef TREE_LDIF_H
#define TREE_LDIF_H

#include "base/buf.h"
#include "tree/yaml.h"

struct ldif_attribute {
	struct text name;	/* without options, as written */
	struct text value;	/* decoded; may hold any byte */
};

struct ldif_entry {
	struct text dn;
	struct ldif_attribute *attribute;	/* in file order */
	uint32_t n;
};

struct ldif {
	struct ldif_entry *entry;	/* in file order */
	uint32_t n;
};

/*
 * Read a file; a broken record is one finding and is left out. TREE_BROKEN
 * only where the rest of the file was not read.
 */
enum tree_result ldif_read(struct arena *a, struct diag *d, const char *path,
    const char *file, struct ldif *ldif);

/* The first value of an attribute (letter case ignored), or NULL. */
const struct text *ldif_get(const struct ldif_entry *entry, struct str name);

/* Append one record, lines folded at 76, base64 where RFC 2849 wants it. */
void ldif_write(struct buf *b, const struct ldif_entry *entry);

#endif
