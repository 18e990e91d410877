/*
 * trivial-rewrite(8): which class an address is in, and which transport and
 * next hop its mail takes.
 */
#ifndef FLOW_RESOLVE_H
#define FLOW_RESOLVE_H

#include "flow/host.h"

/* ADDRESS_CLASS_README */
enum address_class {
	CLASS_DEFAULT,			/* anywhere else */
	CLASS_LOCAL,			/* mydestination */
	CLASS_ALIAS,			/* virtual_alias_domains */
	CLASS_MAILBOX,			/* virtual_mailbox_domains */
	CLASS_RELAY,			/* relay_domains */
};

struct resolution {
	enum table_result result;	/* FOUND; RETRY: a table fails;
					   UNKNOWN: why */
	const char *why;
	enum address_class class;
	bool bad;			/* no address that Postfix takes */
	bool routed;			/* user@here@there and its like */
	bool sender_mattered;		/* its own transport or relay was
					   sought */
	struct str transport, nexthop;	/* "smtp", "[host]:port" */
	struct str recipient;		/* complete and rewritten */
	struct decision by;		/* transport and next hop */
};

/*
 * Resolve a recipient (internal form, rewritten by address_rewrite()) of mail
 * from a sender (empty: the null sender). Strings are in the arena or the
 * host's own.
 */
void resolve_address(const struct host *host, struct str sender,
    struct str recipient, struct arena *a, struct resolution *out);

#endif
