/*
 * The DNS records that the fleet's mail needs, as data: `mailc dns` prints
 * them, and what follows a message asks them instead of a resolver.
 */
#ifndef ROLE_RECORDS_H
#define ROLE_RECORDS_H

#include "base/map.h"
#include "model/fleet.h"

enum record_type {
	RECORD_A,
	RECORD_AAAA,
	RECORD_MX,
	RECORD_TXT,
	RECORD_SRV,
	RECORD_PTR,
	RECORD_TLSA,
	RECORD_MISSING,		/* none: the data cannot give it */
	RECORD_TYPES
};

/* Names stand without their last dot. */
struct record {
	const char *owner;
	enum record_type type;
	/*
	 * A, AAAA: the address in canonical form. MX, SRV, PTR: a host. TXT:
	 * the text, unquoted. TLSA: the certificate's key (3 1 1) as SHA-256
	 * in lower-case hex. MISSING: what, and why.
	 */
	const char *data;
	int preference;		/* of MX; the priority of SRV */
	int weight;		/* of SRV */
	int64_t port;		/* of SRV */
	const char *heading;	/* one pointer for all of a group */
};

struct records {
	struct arena *arena;
	const struct fleet *fleet;	/* or NULL */
	const struct record **record;	/* in the order of a zone file */
	size_t n, cap;
	struct map by_owner;		/* folded: what has a name */
	struct map by_address;		/* canonical: struct node */
	const char *heading;		/* of what is being added */
};

/* No records, which is all that a foreign host has. */
void records_init(struct records *r, struct arena *a);
void records_release(struct records *r);
/* What a fleet needs, once; each record stands once. */
void records_of_fleet(struct records *r, const struct fleet *fleet);

/*
 * Of a name, letter case aside, in the order of adding; *n is their number,
 * 0 where there are none. Arrays are the records'.
 */
const struct record *const *records_get(const struct records *r,
    struct str name, enum record_type type, size_t *n);
const struct record *const *records_txt(const struct records *r,
    struct str name, size_t *n);
/* A, then AAAA. */
const struct record *const *records_addresses(const struct records *r,
    struct str name, size_t *n);
/*
 * Hosts that take a domain's mail, the preferred first: its MX, or itself with
 * preference 0 where it has only addresses (RFC 5321, section 5.1).
 */
const struct record *const *records_mx(const struct records *r,
    struct str domain, size_t *n);
/* Whether there is any record of the name itself. */
bool records_domain(const struct records *r, struct str name);

/* The node that has an IP address, however it is written; or NULL. */
const struct node *records_host_of(const struct records *r,
    struct str address);

enum spf {
	SPF_NO,
	SPF_YES,
	/* No such name here, or a mechanism that mailc does not write. */
	SPF_UNKNOWN,
};

/*
 * Whether a domain's SPF record lets an IP address send for it. A name of
 * ours without one covers nobody.
 */
enum spf records_spf_covers(const struct records *r, struct str domain,
    struct str address);

#endif
