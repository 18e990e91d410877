/*
 * Binding: untyped values into typed structs, walked by the descriptors.
 * What does not fit is reported at its place and left at its preset; the
 * caller learns from the return value that something was.
 */
#ifndef MODEL_BIND_H
#define MODEL_BIND_H

#include "diag/diag.h"
#include "model/type.h"
#include "tree/value.h"

struct binder {
	struct arena *arena;
	struct diag *diag;
	const char *what;	/* "mail::srs": for messages */
};

/* Set the presets of every field of type in *object (which is all zero). */
void bind_presets(struct binder *b, const struct type *type, void *object);

/* Bind a hash to a struct whose presets are set. */
bool bind_struct(struct binder *b, const struct type *type,
    const struct value *v, void *object);

/* Bind a value to one field of object. */
bool bind_field(struct binder *b, const struct field *field,
    const struct value *v, void *object);

/* Whether a string holds ENC[...] of hiera-eyaml that nobody decrypted. */
bool is_encrypted(const struct value *v);

/* Whether s is a domain name (RFC 1035 labels, at least two of them). */
bool domain_ok(struct str s);
/* Whether s is a host name; one label is enough. */
bool host_ok(struct str s);

#endif
