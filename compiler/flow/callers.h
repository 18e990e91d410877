/*
 * Clients to try at a listener. Restrictions know a client by its address,
 * its certificate and its login; addresses that no network or table of the
 * host tells apart get one answer, so one of each kind stands for all.
 */
#ifndef FLOW_CALLERS_H
#define FLOW_CALLERS_H

#include "flow/smtpd.h"
#include "flow/world.h"

/* A client, and who it is. */
struct caller {
	struct client client;
	const struct world_host *node;	/* whose address or certificate it
					   has; NULL: a stranger's */
	const char *who;		/* "a stranger, by IPv6" */
};

struct callers {
	const struct world *world;
	struct arena *arena;
	struct caller *caller;
	size_t n, cap;
	struct map seen;		/* address, certificate, login */
};

/* Somebody outside: no node's address, no certificate, no login; TLS. */
struct client caller_stranger(const struct world *world, bool v6);

/* An address in a domain that is not the fleet's: the first or the second. */
struct str caller_outside(const struct world *world, unsigned which);

void callers_init(struct callers *c, const struct world *world,
    struct arena *a);
void callers_release(struct callers *c);
/*
 * Strangers; a few addresses of each network that a setting or a cidr table
 * of the host names; certificates that no node has, that nodes have and that
 * the listener lists; a login where it takes one.
 */
void callers_of_port(struct callers *c, const struct world_host *host,
    const struct listener_port *port);
/* Every node, by each address, with its certificate and without. */
void callers_of_nodes(struct callers *c);
void callers_add_login(struct callers *c);

#endif
