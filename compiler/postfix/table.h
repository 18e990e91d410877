/*
 * Lookup tables, answered as Postfix's own programs answer (DATABASE_README,
 * and the page of each type: cidr_table(5), pcre_table(5), ldap_table(5) …).
 * What cannot be known here is TABLE_UNKNOWN and says why; it is never
 * guessed.
 */
#ifndef POSTFIX_TABLE_H
#define POSTFIX_TABLE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "diag/origin.h"

struct ldif;
struct table;
struct tables;

enum table_result {
	TABLE_NONE,		/* not found */
	TABLE_FOUND,
	TABLE_RETRY,		/* the table answers "try again" (fail:, ldap) */
	TABLE_UNKNOWN,		/* cannot be told here: answer.why */
};

/* A file's bytes; owner is the caller's, and comes back with answers. */
struct table_source {
	struct str text;
	const void *owner;
};

/* An answer. What is in it lives as long as the table or the arena given. */
struct table_answer {
	struct str value;
	const void *owner;	/* of the file it stands in; NULL: in none */
	size_t offset;		/* of its line there */
	struct origin at;	/* of the entry, for ldap:; else nowhere */
	const char *why;	/* RETRY, UNKNOWN: a clause */
};

/* What tables need to know of the host that they are opened on. */
struct table_world {
	void *self;		/* the first argument of the functions */
	/* The bytes of a file by its absolute path; false: not known here. */
	bool (*file)(void *self, struct str path, struct table_source *source);
	/* main.cf's parameter, for ldap:name; false: not set there. */
	bool (*parameter)(void *self, struct str name, struct str *value);
	/* A server's answer: type tcp or socketmap, name as in the table. */
	enum table_result (*ask)(void *self, struct str type, struct str name,
	    struct str key, struct arena *a, struct table_answer *answer);
	const struct ldif *directory;	/* what ldap: searches; NULL: unknown */
	/* Told of each lookup in a table that ends a chain; may be NULL. */
	void (*tried)(void *self, const struct table *table, struct str key,
	    enum table_result result, const struct table_answer *answer);
};

/* All tables of one Postfix: each is read once, when it is first opened. */
struct tables *tables_new(struct arena *a, const struct table_world *world);
void tables_free(struct tables *tables);

/*
 * The table of "type:name", long forms and nesting included. Never NULL: a
 * table that is not known here answers TABLE_UNKNOWN, and one that Postfix
 * would refuse to open TABLE_RETRY, as it does in Postfix.
 */
struct table *table_open(struct tables *tables, struct str spec);
/*
 * The same without DICT_FLAG_FOLD_FIX, as match lists have it: a texthash or
 * inline table keeps the letter case of its keys.
 */
struct table *table_open_unfolded(struct tables *tables, struct str spec);
/* Every table that was opened so far, one after another; NULL at the end. */
struct table *tables_next(const struct tables *tables, size_t *at);
/* The owner of the file that it is; NULL: it is none. */
const void *table_file_owner(const struct table *table);
/* As it was asked for: "cdb:/etc/postfix/maps/alias". */
struct str table_name(const struct table *table);

/*
 * Look a key up, letter case folded as the type of table does it. The
 * answer's bytes may be in the arena.
 */
enum table_result table_get(struct table *table, struct str key,
    struct arena *a, struct table_answer *answer);

/*
 * Whether a key is looked for as a pattern (regexp, pcre, cidr …): such
 * tables are not asked for parts of an address (DICT_FLAG_FIXED is not set).
 */
bool table_is_pattern(const struct table *table);

/*
 * Whether the answer for local@domain may depend on the local part; false
 * only where it cannot, for any local part and any extension. An empty
 * domain asks the same of "local" and "local@", which some lookups try.
 */
bool table_tells_locals(const struct table *table, struct str domain);

/*
 * Write what the table makes of a domain's addresses, without naming the
 * domain: where the same is written of two, local@one and local@other have
 * the same answer, whatever the local part. False: it cannot be told.
 */
bool table_print(const struct table *table, struct str domain,
    struct buf *print);

/*
 * Tell each() of every network or pattern that never answers, for one before
 * it in the same table is plainly broader and does. Of both .value, .owner
 * and .offset are set. Of keys that stand twice nothing is told.
 */
typedef void table_shadowed_fn(void *self, struct str key,
    const struct table_answer *entry, const struct table_answer *by);
void table_shadowed(const struct table *table, table_shadowed_fn *each,
    void *self);

/*
 * Step through the entries of a table that is a file of keys (texthash,
 * hash, cdb …, inline): false at the end, at once for all other types. Start
 * with *at = 0.
 */
bool table_next(const struct table *table, size_t *at, struct str *key,
    struct table_answer *answer);

#endif
