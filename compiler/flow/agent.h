/*
 * The delivery agents that end mail on a host: local(8) and virtual(8).
 * What local does with a recipient is a program of its own: aliases(5) lead to
 * more recipients, to commands, files and other transports, or back to the
 * queue as a new message. Users are those of the host's etc/passwd; where that
 * is not known, an account that nothing else stands in for is taken for
 * granted, and no user has a .forward.
 */
#ifndef FLOW_AGENT_H
#define FLOW_AGENT_H

#include "flow/cleanup.h"

/* A service of master.cf that runs one of them. */
struct agent;

/* NULL: it runs another program. Everything is in the host's arena. */
struct agent *agent_open(const struct host *host,
    const struct service *service);

/* What an agent is asked for. */
struct parcel {
	struct str sender, recipient;	/* internal form */
	struct str nexthop;
	/* Whom the message was delivered to before (Delivered-To). */
	const struct delivered *before;
};
struct delivered {
	struct str address;
	const struct delivered *before;
};

enum outcome_kind {
	OUTCOME_HERE,			/* a mailbox, a command, a file */
	OUTCOME_FORWARD,		/* a new message: back to cleanup(8) */
	OUTCOME_PASS,			/* .transport takes over */
	OUTCOME_DISCARD,
	OUTCOME_BOUNCE,
	OUTCOME_DEFER,
	OUTCOME_LOOP,			/* it bounces because it goes round */
	OUTCOME_UNKNOWN,
};

struct outcome {
	enum outcome_kind kind;
	struct str recipient, sender;
	struct str delivered;		/* FORWARD: what Delivered-To names */
	struct str transport, nexthop;	/* PASS */
	const char *text;		/* HERE: in what; else why */
	struct decision by;		/* .what NULL: the transport itself */
};

struct outcomes {
	struct outcome *item;
	size_t n, cap;
};

/*
 * What becomes of a recipient; no outcome at all: all of it was delivered
 * before. Expansions are added to the steps of a message.
 */
void agent_deliver(const struct agent *agent, const struct parcel *parcel,
    struct arena *a, struct cleaned *steps, struct outcomes *out);

/* alias_maps of local(8); virtual(8) has none. */
const struct maps *agent_aliases(const struct agent *agent);

/* Whether what it does may depend on the local part. */
bool agent_tells_locals(const struct agent *agent);

#endif
