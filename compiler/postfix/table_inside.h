/*
 * What the types of tables share. A type opens a table once and then answers
 * for it; what it needs for that hangs from table.state, in the arena, and
 * what is not in the arena is freed by release().
 */
#ifndef POSTFIX_TABLE_INSIDE_H
#define POSTFIX_TABLE_INSIDE_H

#include "base/buf.h"
#include "base/index.h"
#include "base/map.h"
#include "postfix/postfix.h"
#include "postfix/table.h"

struct tables {
	struct arena *arena;
	const struct table_world *world;
	struct map open[2];	/* by "type:name"; [1]: keys folded */
	bool utf8;		/* smtputf8_enable: keys, values are checked */
	unsigned opening;	/* tables, one within the other */
	struct directory *directory;	/* table_directory.h; NULL: not yet */
};

struct table_type {
	const char *name;
	bool pattern;		/* no parts of addresses are looked for */
	bool chain;		/* it asks other tables and has no entries */
	/* Read what the name says, or table_break(). */
	void (*open)(struct table *table);
	enum table_result (*get)(struct table *table, struct str key,
	    struct arena *a, struct table_answer *answer);
	/* NULL: yes, the local part counts. */
	bool (*tells)(struct table *table, struct str domain);
	/* table_print() of its addresses. NULL: it cannot be told. */
	bool (*print)(struct table *table, struct str domain,
	    struct buf *print);
	/* NULL: none is, or that cannot be told. */
	void (*shadowed)(const struct table *table, table_shadowed_fn *each,
	    void *self);
	/* NULL: it has no entries to step through. */
	bool (*next)(const struct table *table, size_t *at, struct str *key,
	    struct table_answer *answer);
	void (*release)(struct table *table);
};

struct table {
	const struct table_type *type;
	struct tables *tables;
	struct str spec;	/* "cdb:/etc/postfix/maps/alias" */
	struct str name;	/* "/etc/postfix/maps/alias" */
	bool fold;		/* DICT_FLAG_FOLD_FIX */
	bool pattern;
	unsigned depth;		/* of the tables that it asks */
	const char *why;	/* it cannot be asked; then broken says */
	enum table_result broken;	/* RETRY or UNKNOWN */
	struct table_source source;	/* of a type that is a file */
	void *state;
};

enum { TABLE_DEEPEST = 16 };	/* tables within tables */

/* The types. */
extern const struct table_type table_indexed, table_texthash, table_inline,
    table_static, table_union, table_pipe, table_random, table_proxy,
    table_fail, table_regexp, table_pcre, table_cidr, table_ldap, table_unix;

void directory_free(struct directory *directory);

/* It answers result (RETRY, UNKNOWN) to every key, and says why. */
void table_break(struct table *table, enum table_result result,
    const char *why);
/* table_open() with or without folding of keys. */
struct table *table_open_as(struct tables *tables, struct str spec, bool fold);

/*
 * The source of a table that may stand in its name, {{rule} {rule}}: false
 * where it cannot be had; the table is broken then.
 */
bool table_source(struct table *table);
/* The text between the braces that are all of s; else false. */
bool table_braced(struct str s, struct str *inside);

/* table_print() of the keys that are made of the domain alone. */
void table_print_domain(struct table *table, struct str domain,
    struct buf *print);
/* .print of a table that answers all addresses alike. */
bool table_print_nothing(struct table *table, struct str domain,
    struct buf *print);
/* .print of one that has keys, where none is an address of the domain. */
bool table_print_keys(struct table *table, struct str domain,
    struct buf *print);

/* Postfix folds all letters here, and only ASCII's are known: UNKNOWN. */
enum table_result table_wide(struct table_answer *answer);

bool text_is_ascii(struct str s);
/* Whether it is UTF-8. */
bool table_text_ok(struct str s);
static inline bool
text_is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static inline bool
text_is_alnum(char c)
{
	unsigned char low = ascii_lower((unsigned char)c);

	return text_is_digit(c) || (low >= 'a' && low <= 'z');
}
/* Without the blanks (isspace) at its ends; at its start; at its end. */
struct str text_trim(struct str s);
struct str text_skip_space(struct str s);
/* The part of s from i on. */
static inline struct str
str_from(struct str s, size_t i)
{
	return (struct str){s.s + i, s.len - i};
}

/* A logical line as readllines(3) forms it. */
struct source_line {
	struct str text;	/* up to a NUL: a slice of the source, or … */
	bool joined;		/* … of the buffer, until the next call */
	size_t offset;		/* of the line in the source */
};
/* False at the end. Start with *at = 0; lines that start blank are skipped. */
bool source_line_next(struct str source, size_t *at, struct buf *b,
    struct source_line *line);

/*
 * The end of a key: at the first blank (or equal sign, where wanted) that
 * stands outside quotes; false where a quote is not closed.
 */
bool table_key_end(struct str line, bool equal_ends, size_t *end);

/* An address or a network, as cidr_match(3) reads it. */
struct cidr {
	unsigned char net[16], mask[16];
	unsigned char bytes;	/* 4 or 16 */
	bool match;		/* false: what is not in it */
};
/* Why the pattern is none, or NULL. */
const char *cidr_parse(struct arena *a, struct cidr *cidr,
    struct str pattern);
/* The bytes of an address: 4, 16, or 0 where it is none. */
unsigned cidr_address(struct str address, unsigned char bytes[16]);
bool cidr_has(const struct cidr *cidr, unsigned nbytes,
    const unsigned char bytes[16]);

#endif
