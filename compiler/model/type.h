/*
 * Descriptors: one table per struct that says what its fields are called,
 * what kind they have and what they are for. The same table binds Hiera
 * values, gives templates their names (so that a misspelt one is an error
 * at the template's line), explains keys and prints the reference.
 */
#ifndef MODEL_TYPE_H
#define MODEL_TYPE_H

#include "base/buf.h"
#include "diag/origin.h"

#include <stdbool.h>
#include <stddef.h>

struct type;

enum field_kind {
	KIND_BOOL,	/* bool */
	KIND_INT,	/* int64_t */
	KIND_PORT,	/* int64_t, 1 to 65535 */
	KIND_TEXT,	/* struct text, one line */
	KIND_DOMAIN,	/* struct text, a domain in lower case */
	KIND_HOST,	/* struct text, a host name in lower case */
	KIND_PATH,	/* struct text, an absolute path */
	KIND_URI,	/* struct text */
	KIND_ENUM,	/* struct text, one of field.choice */
	KIND_SETTING,	/* struct text: any scalar or list, as main.cf has it */
	KIND_STRUCT,	/* a struct of .type in place */
	KIND_REF,	/* pointer to a struct of .type; may be NULL */
	KIND_LIST,	/* struct list of structs of .type in a row */
	KIND_REFS,	/* struct list of pointers to structs of .type */
	KIND_PUT,	/* text that .put computes; templates only */
	KIND_TEST,	/* bool that .test computes; templates only */
	KIND_HAS,	/* any name below it: .has(object, name) */
};

struct list {
	const void *item;
	size_t n;
};

enum field_flag {
	FIELD_REQUIRED = 1,
	FIELD_DERIVED = 2,	/* computed, not read from Hiera */
	FIELD_SECRET = 4,	/* shown as a digest in every report */
	FIELD_MAP = 8,		/* LIST from a hash, sorted by key; the key
				   goes to the item's first field */
	FIELD_SCALAR = 16,	/* STRUCT item written as a bare scalar sets
				   the item's second field (map) */
	FIELD_ONE_OR_MANY = 32,	/* LIST: a single scalar is a list of one */
	FIELD_MAP_OF_MAPS = 64,	/* LIST from a hash of hashes: the two keys
				   go to the item's first two fields */
};

/*
 * Append the text of an object's field to b and say where it comes from.
 */
typedef void field_put_fn(const void *object, struct buf *b,
    struct origin *at);
typedef bool field_test_fn(const void *object);
typedef bool field_has_fn(const void *object, struct str name, bool *known);

struct field {
	const char *name;
	enum field_kind kind;
	unsigned flags;
	size_t offset;
	const struct type *type;
	const char *const *choice;	/* KIND_ENUM, ends in NULL */
	field_put_fn *put;
	field_test_fn *test;
	field_has_fn *has;
	const char *preset;		/* the default, as text; NULL: none */
	const char *doc;
};

struct type {
	const char *name;
	size_t size;
	const struct field *field;	/* ends in a NULL name */
	const char *doc;
};

#define FIELD(strct, member, k, ...) \
	{.name = #member, .kind = (k), .offset = offsetof(struct strct, member), \
	 __VA_ARGS__}

/* A struct's descriptor, struct_type: its fields, and a sentence on it. */
#define TYPE(strct, description, ...) \
	const struct type strct##_type = {#strct, sizeof(struct strct), \
		(const struct field[]){__VA_ARGS__, {.name = NULL}}, \
		description}

/* A list item that is a bare text: {{.}} in a template prints it. */
extern const struct type text_type;
extern const struct type port_type;	/* struct port */

struct port {
	int64_t port;
	struct origin at;
};

const struct field *type_field(const struct type *type, struct str name);

static inline const void *
list_item(const struct list *list, const struct type *type, size_t i)
{
	return (const char *)list->item + i * type->size;
}

#endif
