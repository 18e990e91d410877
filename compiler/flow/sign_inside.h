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
bool sign_ip_read(struct ip *ip, struct str text);

/*
 * Whether an address is in networks as an option has them, in rspamd's
 * "radix" maps; *at is the one, *why says what MAYBE is for.
 */
enum maybe sign_networks_have(const struct signer *s,
    const struct value *networks, const struct ip *ip,
    const struct value **at, const char **why);
/* Whether rspamd calls the address local. */
enum maybe sign_ip_is_local(const struct signer *s, const struct ip *ip,
    const struct value **at, const char **why);

/* As Lua has it: all but false (and an option that is not there). */
static inline bool
is_true(const struct value *v)
{
	return v && !(v->kind == VALUE_BOOL && !v->u.b);
}

/* The domain of an address, in lower case; s NULL where it has none. */
struct str sign_domain_of(struct str address, struct arena *a);
struct str sign_lower(struct str s, struct arena *a);

/* Whether a string, or a string in a list, is a name. */
bool sign_names(const struct value *list, struct str name);

/*
 * Whether settings.conf leaves the symbol of signing on for the message; at
 * is the rule that turns it off.
 */
enum maybe sign_settings_let(const struct signer *s,
    const struct sign_message *message, const struct value **at,
    const char **why, struct arena *a);

enum { SIGN_DOMAINS = 4 };

/* One way to cut domains: how many labels are left of each. */
struct reading {
	struct str domain[SIGN_DOMAINS];
	unsigned labels[SIGN_DOMAINS];
	unsigned n;
	bool full;		/* more domains than fit */
};

/* One message on its way through the steps of the decision. */
struct signing {
	const struct signer *s;
	const struct sign_message *message;
	struct arena *arena;
	struct reading *reading;	/* NULL: use_esld is off */
	struct sign_verdict verdict;
	const struct value *eligible_at;
	const char *eligible;
	bool is_local, by_network, by_login;
	struct str header, envelope, login, recipient;	/* domains */
	struct str domain;
};

/* An option of dkim_signing; NULL: it is not set. */
const struct value *sign_option(const struct signing *d, const char *name);
bool sign_is_on(const struct signing *d, const char *name);
/* End the decision, at an option's place. Always false. */
bool sign_no(struct signing *d, const struct value *at, const char *why);
bool sign_unknown(struct signing *d, const struct value *at, const char *why);

/* The last steps; true: the message is signed. */
bool sign_find_keys(struct signing *d);
/* signing_table and key_table, where both are set. */
bool sign_by_tables(struct signing *d);
/* Sign d->domain with one key; a path that is none is the key itself. */
bool sign_with_key(struct signing *d, struct str selector, struct str path,
    const struct value *at);

/* Step through the lines of a map or list of names: false at the end. */
bool sign_next_line(struct str *rest, struct str *line);
/* A line's key and what stands behind it; a comment has an empty key. */
void sign_split_line(struct str line, struct str *key, struct str *value);

#endif
