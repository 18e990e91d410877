/* What the files of the signer share. */
#ifndef FLOW_SIGN_INSIDE_H
#define FLOW_SIGN_INSIDE_H

#include "flow/sign.h"
#include "tree/value.h"

enum { SIGN_FILES = 16 };

/* A file that was read; its position + 1 is the source in its values. */
struct sign_file {
	const char *path;
	struct table_source source;
};

/* A section of rspamd's configuration, with all that is read over it. */
struct section {
	struct value value;		/* a VALUE_HASH */
	const char *unknown;		/* why it cannot be known, or NULL */
	struct sign_place place;	/* of what makes it so */
};

/* Yes, no, or a third. */
enum maybe { NO, YES, MAYBE };

struct signer {
	struct arena *arena;
	struct sign_host host;
	struct sign_file file[SIGN_FILES];
	uint32_t nfile;
	struct section signing, settings, options;
	const char *broken;		/* rspamd refuses a file */
	struct sign_place broken_place;
	const char *foreign;		/* a file that may say anything */
	struct sign_place foreign_place;
};

struct sign_place sign_place_of(const struct signer *s,
    const struct value *v);

/* An IP address: IPv4 as ::ffff:0:0/96. */
struct ip {
	unsigned char byte[16];
	bool is_4;
};
bool ip_read(struct ip *ip, struct str text);
/* Whether the first bits of both are equal; of an IPv4 address, from 96. */
bool ip_in(const struct ip *ip, const struct ip *network, unsigned bits);

/*
 * Whether an address is in networks as an option has them, in rspamd's
 * "radix" maps; *at is the one, *why says what MAYBE is for.
 */
enum maybe networks_have(const struct signer *s, const struct value *networks,
    const struct ip *ip, const struct value **at, const char **why);
/* Whether rspamd calls the address local. */
enum maybe ip_is_local(const struct signer *s, const struct ip *ip,
    const struct value **at, const char **why);

/* As Lua has it: all but false (and an option that is not there). */
static inline bool
is_true(const struct value *v)
{
	return v && !(v->kind == VALUE_BOOL && !v->u.b);
}

/* The domain of an address, in lower case; s NULL where it has none. */
struct str domain_of(struct str address, struct arena *a);
struct str lower(struct str s, struct arena *a);

/*
 * Whether settings.conf leaves the symbol of signing on for the message; at
 * is the rule that turns it off.
 */
enum maybe settings_sign(const struct signer *s,
    const struct sign_message *message, const struct value **at,
    const char **why, struct arena *a);

#endif
