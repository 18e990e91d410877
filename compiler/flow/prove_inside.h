/* What the proofs share: messages to try, and counterexamples to show. */
#ifndef FLOW_PROVE_INSIDE_H
#define FLOW_PROVE_INSIDE_H

#include "flow/prove.h"
#include "flow/trace.h"

struct prover {
	struct arena *arena;		/* of findings */
	struct arena scratch;		/* of one message: prove_forget() */
	struct diag *diag;
	const struct world *world;
	const struct fleet *fleet;
	const struct roles *roles;
	struct map groups;		/* of findings: prove_may_report() */
};

/*
 * Whether a law broken on a host is worth a finding: the first few of a role
 * are, for they have one cause; the others are counted in a note.
 */
bool prove_may_report(struct prover *p, enum finding_id id,
    const struct world_host *host);

/* Drop what was traced so far: hops and their strings are gone. */
void prove_forget(struct prover *p);

/*
 * Somebody outside: no node's address, no certificate, no login, TLS. IPv4
 * or IPv6.
 */
struct client prove_stranger(const struct prover *p, bool v6);
/* Their envelope sender, and an address that they write to. */
struct str prove_stranger_sender(const struct prover *p);
struct str prove_outside(const struct prover *p);

/* What stands behind the last "@" of an address, or nothing. */
struct str prove_domain(struct str address);
/* Whether a domain is the main one or one of the alias domains. */
bool prove_is_ours(const struct prover *p, struct str domain);

/* A recipient that a listener's role has for its own; empty: none. */
struct str prove_own(struct prover *p, const struct world_host *host,
    const struct listener *contract);

/*
 * Report a law that is broken, with the trace that shows it: a note for every
 * host and decision on the way to the delivery that is wrong (NULL: the last
 * hop's verdict), and the command that shows all of it. The finding stands
 * where the decision comes from that the caller names; ORIGIN_NONE: the last
 * one on the way that has a place.
 */
void prove_report(struct prover *p, enum finding_id id, struct origin at,
    const struct hop *first, const struct delivery *wrong,
    const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* prove_address.c: termination, totality, hand-off. */
void prove_addresses(struct prover *p);
/* prove_dead.c: entries that no address reaches. */
void prove_dead(struct prover *p);
/* prove_relay.c: whom each listener relays for. */
void prove_relay(struct prover *p);
/* prove_egress.c: who sends outside, signed, as whom, with which TLS. */
void prove_egress(struct prover *p);
/* prove_receives.c: what is behind the addresses of other domains of ours. */
void prove_receives(struct prover *p);
/* Whether a host's aliases have an address of such a domain. */
bool prove_has_row(struct prover *p, const struct host *host,
    struct str local, struct str domain);
/* prove_sender.c: who may be whose sender. */
void prove_senders(struct prover *p);

#endif
