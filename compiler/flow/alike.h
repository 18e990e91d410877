/*
 * What a host cannot tell apart: the local parts of a domain, or domains from
 * each other. Where it cannot, a proof asks about one and knows about all.
 */
#ifndef FLOW_ALIKE_H
#define FLOW_ALIKE_H

#include "flow/smtpd.h"
#include "flow/world.h"

/*
 * Whether what a host does with local@domain, come to a listener or to
 * sendmail(1) (port NULL), may depend on the local part.
 */
bool host_tells_locals(const struct world_host *host,
    const struct listener_port *port, struct str domain);

/*
 * Write what an alias domain is to a host, without naming it: where the same
 * is written of two, mail for local@one and for local@other ends alike,
 * whatever the local part but smtpd_probe()'s. False: it is none, or that
 * cannot be told.
 */
bool host_print(const struct world_host *host,
    const struct listener_port *port, struct str domain, struct buf *print);

#endif
