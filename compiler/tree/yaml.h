/*
 * YAML as Puppet reads it: libyaml's scanner and Psych's typing (facts in
 * the Hiera manual and in psych/scalar_scanner.rb).
 */
#ifndef TREE_YAML_H
#define TREE_YAML_H

#include "diag/diag.h"
#include "tree/value.h"

enum yaml_dialect {
	YAML_HIERA,	/* Symbols allowed, Date and Time fail the file */
	YAML_FACTS,	/* no extra classes at all: a Symbol fails as well */
	YAML_OURS,	/* roles: like Hiera's */
};

/* What came of reading a file. */
enum tree_result {
	TREE_OK,
	TREE_MISSING,	/* nothing was reported */
	TREE_BROKEN,	/* reported; Puppet would fail as well */
};

/*
 * Read the first document of file. path is its name in messages. Duplicate
 * keys keep the last value at the first place, as Psych does, with a
 * finding; scalars that YAML 1.2 reads otherwise get a finding too.
 * An empty file is VALUE_NULL.
 */
enum tree_result yaml_read(struct arena *a, struct diag *d, const char *path,
    const char *file, enum yaml_dialect dialect, struct value *v);
/* The same from memory; for facts of the tests and for --default. */
enum tree_result yaml_parse(struct arena *a, struct diag *d, uint32_t source,
    struct str text, enum yaml_dialect dialect, struct value *v);

#endif
