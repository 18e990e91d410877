/*
 * The way of one message through all hosts: a tree of hops, each with what
 * decided. Models a message with one recipient, as RFC 5321 transports it.
 */
#ifndef FLOW_TRACE_H
#define FLOW_TRACE_H

#include "flow/agent.h"
#include "flow/destination.h"
#include "flow/smtpd.h"

/* How it ends, the better first: the worst of a tree is its fate. */
enum fate {
	FATE_DELIVERED,			/* left the fleet, or ended in a
					   mailbox or program of a host */
	FATE_DISCARDED,
	FATE_REJECTED,			/* at the first host, to the client */
	FATE_BOUNCED,			/* accepted, then undeliverable */
	FATE_DEFERRED,
	FATE_UNDECIDABLE,
	FATE_LOOP,
	FATES
};
extern const char *const fate_names[FATES];
enum fate fate_worse(enum fate a, enum fate b);
/* How mail ends with an agent; what is handed on has not ended yet. */
enum fate fate_of_outcome(enum outcome_kind kind);

struct message {
	struct client client;
	const struct world_host *from;	/* the fleet's host that sends; NULL:
					   somebody else */
	struct str helo, sender, recipient;
	bool bad_sender, bad_recipient;	/* smtpd_address() refuses it */
	struct str header_from;		/* an address; s NULL: not known */
	size_t signatures;		/* made so far */
};

struct hop;

struct delivery {
	struct str recipient, sender;	/* as they leave the host */
	struct str header_from;
	struct str transport, nexthop;
	struct decision by;
	const char *text;		/* of error:, retry:, a bounce; where
					   it is delivered on the host */
	const struct service *service;	/* of master.cf; NULL: none */
	bool passed;			/* an agent handed it to the transport,
					   not the queue manager */
	const struct agent *agent;	/* that ends it on the host, or NULL */
	struct destination to;		/* of transports that are SMTP */
	bool smtp;			/* .to and .tls mean something */
	bool outside;			/* it leaves the fleet here */
	struct tls tls;
	enum fate fate;			/* with what follows */
	struct hop *hop;		/* at the next host; NULL: it ends */
};

/* What one host does with one recipient. */
struct hop {
	const struct world_host *host;
	const struct listener_port *port;	/* NULL: sendmail(1) */
	struct message message;
	struct verdict verdict;		/* of smtpd; ACCEPT for sendmail */
	enum header_rewriting headers;
	struct cleaned cleaned;
	struct sign_verdict signing;	/* .result SIGN_NOT without milters */
	struct delivery *delivery;
	size_t n;
	enum fate fate;
	const char *text;		/* why, where no delivery says it */
};

/*
 * What a host does with a message that comes to a listener, or to its
 * sendmail(1) (port NULL): one hop, and where its deliveries lead; what
 * happens there is not followed. Everything is in the arena.
 */
struct hop *trace_hop(const struct world_host *host,
    const struct listener_port *port, const struct message *message,
    struct arena *a);

/*
 * The message that a delivery is for one of the hosts it goes to, and the
 * listener that gets it; NULL: it cannot be handed over, *fate and *text say
 * why.
 */
const struct listener_port *trace_handover(const struct hop *hop,
    const struct delivery *delivery, const struct world_host *to,
    struct arena *a, struct message *message, enum fate *fate,
    const char **text);

/*
 * Where a delivery leads whose transport and next hop are set: the rest but
 * the addresses, which smtp_generic_maps may still change.
 */
void trace_route(const struct world_host *host, struct arena *a,
    struct delivery *delivery);
/*
 * What the milters of a listener (port NULL: of sendmail) sign a message
 * with; for sendmail as cleanup leaves it.
 */
struct sign_verdict trace_signing(const struct world_host *host,
    const struct listener_port *port, const struct message *message,
    struct arena *a);

/* Follow a message to all its ends: a tree. */
struct hop *trace_message(const struct world_host *host,
    const struct listener_port *port, const struct message *message,
    struct arena *a);

/* A client goes on without TLS, and without a certificate, at a listener that
 * offers none. */
void trace_greet(const struct world_host *host,
    const struct listener_port *port, struct client *client);

/* The client that a host is for the next one, by IPv6 or IPv4. */
void trace_client(const struct world_host *from, bool v6,
    struct client *client);

/* The listener of a port; NULL: nothing that others reach listens there. */
const struct listener_port *trace_port(const struct world_host *host,
    int64_t port);

#endif
