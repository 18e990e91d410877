/*
 * Untyped input: what YAML, JSON and LDIF are before anybody knows what they
 * mean. Every value has its place. Values are immutable once read; a copy of
 * the struct is a copy of the value.
 */
#ifndef TREE_VALUE_H
#define TREE_VALUE_H

#include "base/arena.h"
#include "base/index.h"
#include "base/str.h"
#include "diag/origin.h"

enum value_kind {
	VALUE_NULL,
	VALUE_BOOL,
	VALUE_INT,
	VALUE_BIGINT,		/* more than 64 bits: digits in u.s */
	VALUE_FLOAT,
	VALUE_STRING,
	VALUE_SYMBOL,		/* Psych's :name, without the colon */
	VALUE_LIST,
	VALUE_HASH,
	VALUE_BAD,		/* already reported; say nothing more */
};

enum value_flag {
	VALUE_PLAIN = 1,	/* a YAML scalar without quotes */
	VALUE_ENCRYPTED = 2,	/* holds ENC[...] that was not decrypted */
	VALUE_TOKENS = 4,	/* a string with "%{", or a collection with
				   one anywhere below it */
	VALUE_ODD = 8,		/* the same for what Puppet refuses: a symbol,
				   a key that is no string or number */
	VALUE_NUMBER_KEY = 16,	/* the same for a key that is a number */
	VALUE_DEFAULT = 32,	/* the same for the symbol :default, a value
				   that Puppet takes but does not merge */
	VALUE_REPEATED = 64,	/* UCL: the values of a key that stands more
				   than once, as a list */
	VALUE_INHERITED = VALUE_TOKENS | VALUE_ODD | VALUE_NUMBER_KEY |
	    VALUE_DEFAULT,
};

struct value {
	uint8_t kind;		/* enum value_kind */
	uint8_t flags;		/* enum value_flag */
	uint16_t column;	/* from 1; stays at 65535 */
	uint32_t line;		/* from 1 */
	uint32_t source;
	uint32_t len;		/* bytes, items or pairs */
	union {
		const char *s;	/* NUL-terminated as well */
		bool b;
		int64_t i;
		double f;
		const struct value *item;
		const struct hash *hash;
	} u;
};

struct pair {
	struct value key;	/* STRING, INT, FLOAT…: as the reader typed it */
	struct value value;
};

/* The pairs of a hash in their order; find with value_get(). */
struct hash {
	struct index index;	/* over string keys; empty for small hashes */
	struct pair pair[];
};

static inline struct origin
value_origin(const struct value *v)
{
	return (struct origin){v->source, v->line, v->column};
}

static inline struct str
value_str(const struct value *v)
{
	return (struct str){v->u.s, v->len};
}

static inline struct text
value_text(const struct value *v)
{
	return (struct text){v->u.s, v->len, value_origin(v)};
}

/* "a string", "a list": for messages. */
const char *value_kind_name(const struct value *v);

/*
 * Make a hash of n pairs (copied, keys distinct: the reader saw to that).
 * Everything, the index included, lives in the arena.
 */
struct value value_hash(struct arena *a, const struct pair *pair, size_t n,
    struct origin at);
struct value value_list(struct arena *a, const struct value *item, size_t n,
    struct origin at);
struct value value_string(struct arena *a, struct str s, struct origin at);

/* The pair of a string key in a hash; NULL where absent or not a hash. */
const struct pair *value_find(const struct value *hash, struct str key);
/* Its value, or NULL. */
const struct value *value_get(const struct value *hash, struct str key);

/* The pair of a key of any kind, by value_eql(). */
const struct pair *value_find_key(const struct value *hash,
    const struct value *key);

/* Whether two values are equal as Ruby's == has it; places do not count. */
bool value_eq(const struct value *a, const struct value *b);
/* The same as Ruby's eql?, by which hashes and unions compare: 1 is not 1.0. */
bool value_eql(const struct value *a, const struct value *b);
/* Equal for values that are value_eql(). */
uint32_t value_hash_of(const struct value *v);

/*
 * Whether value[n] is value_eql() to none before it, which were all told to
 * be new; index, empty at first and released by the caller, knows them.
 */
bool value_is_new(struct index *index, const struct value *value, uint32_t n);

/*
 * The parts of value_hash() for readers that fill a hash in place: memory
 * for n pairs; the value over the first n of them, indexed.
 */
struct hash *value_hash_alloc(struct arena *a, size_t n);
struct value value_hash_take(struct arena *a, struct hash *hash, size_t n,
    struct origin at);
/*
 * The same where the first pairs have the keys of another hash in its order:
 * its index is carried over as far as that is possible.
 */
struct value value_hash_take_like(struct arena *a, struct hash *hash, size_t n,
    const struct value *like, struct origin at);
/* The flags that a collection has from a pair in it. */
uint8_t pair_flags(const struct pair *pair);
/* Whether a string holds "%{": the flag VALUE_TOKENS. */
bool value_has_tokens(struct str s);
/* A value of a kind at a place, all else zero. */
struct value value_at(enum value_kind kind, struct origin at);

/* For an index over an array of pairs: by key, as value_eql() has it. */
index_hash_fn pair_hash;
index_is_fn pair_is;

#endif
