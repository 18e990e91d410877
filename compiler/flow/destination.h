/*
 * Where smtp(8) takes a message: the hosts behind a next hop, and the TLS
 * that it insists on.
 */
#ifndef FLOW_DESTINATION_H
#define FLOW_DESTINATION_H

#include "flow/world.h"



enum destination_kind {
	DESTINATION_FLEET,			/* hosts of the fleet */
	DESTINATION_OUTSIDE,			/* somebody else's */
	DESTINATION_SELF,			/* mail would loop back to the host */
	DESTINATION_BROKEN,			/* the next hop cannot be parsed */
};

struct destination {
	enum destination_kind kind;
	const struct world_host **host;	/* the preferred ones, all alike */
	size_t n;
	struct str name;		/* of the next hop without port */
	int64_t port;
	bool exact;			/* in brackets: no MX lookup */
};

/*
 * The hosts behind a next hop of a transport whose default port is given
 * (smtp: 25), asked by a host.
 */
void destination_find(const struct world *world, const struct world_host *from,
    struct str nexthop, int64_t port, struct arena *a, struct destination *to);

struct tls {
	const char *level;		/* none, may, encrypt, dane … */
	struct decision by;
	enum table_result result;	/* FOUND; RETRY: it defers everything;
					   UNKNOWN: it cannot be told */
	const char *why;
};

/*
 * The level for a next hop, as smtp_tls_policy_maps or
 * smtp_tls_security_level say for the service that delivers.
 */
void tls_find(const struct host *host, const struct service *service,
    struct str nexthop, struct arena *a, struct tls *tls);

/* Whether a level never sends without an authenticated server. */
bool tls_authenticates(const char *level);
/*
 * Whether the records have the key of a host's port (RFC 6698); true also
 * where the host's certificate is not known here.
 */
bool tls_has_tlsa(const struct world *world, const struct world_host *host,
    int64_t port);

#endif
