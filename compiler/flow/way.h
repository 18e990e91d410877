/*
 * Where all messages end, each way walked once: what a host does with an
 * address is kept, so that a hundred thousand aliases of a thousand people
 * are a hundred thousand steps. A way says how mail ends and why in four
 * bytes; trace.h tells it at length.
 */
#ifndef FLOW_WAY_H
#define FLOW_WAY_H

#include "flow/trace.h"

/* How a message ends: an enum fate, and what else was seen on its way. */
typedef uint32_t way_end;
enum {
	WAY_FATE = 7,
	WAY_DONE = 1 << 3,
	WAY_WALKING = 1 << 4,
	WAY_MATTERED = 1 << 5,		/* another sender may end elsewhere */
	WAY_HANDED = 1 << 6,		/* an SRS host gets it as it is */
	WAY_RESOLVED = 1 << 7,		/* virtual_alias_maps had it */
	WAY_FINAL = 1 << 8,		/* of a listener: not to be followed */
	WAY_CAUSE = 16,			/* the number of a cause, from here */
	WAY_WEIGHT = 24,		/* of an alias, from here: way.c */
};

/* Why mail ends as it should not. */
struct cause {
	const struct world_host *host;
	enum fate fate;
	const char *what;		/* decided it */
	struct str table;		/* in which table */
	bool handoff;			/* an SRS host got what it has not */
};

/*
 * Answers by address; those of ours by number. In an alias domain each of
 * them is asked once, so that nothing is kept of it.
 */
struct memo {
	way_end *ours;			/* NULL: nothing yet */
	struct map other;		/* folded: way_end */
};

/* A way into a host: a listener as a client meets it, or sendmail(1). */
struct door {
	const struct world_host *host;
	const struct listener_port *port;	/* NULL: sendmail */
	struct message message;		/* of its first client */
	uint32_t kind;			/* smtpd_client_kind() */
	bool odd;			/* the listener has its own ways */
	bool stranger;			/* anybody may come here */
	struct memo memo;		/* of smtpd's answers */
	/* By sender: WAY_DONE, or how mail ends that is refused for it. */
	struct map senders;
	struct map tells;		/* by folded domain: alike.h */
	struct door *next;		/* of its host */
};

/* Where a next hop of a host leads. */
struct way_route {
	enum fate fate;
	struct door **door;		/* the hosts behind it */
	size_t n;
	bool self;			/* mail would loop back */
	bool to_srs;
	struct delivery delivery;
};

struct way_host {
	const struct world_host *host;
	struct door *door;
	struct memo memo;		/* of what aliases lead to */
	struct map by_sender;		/* "recipient\nsender": way_end */
	struct map senders;		/* what each became */
	struct map routes;		/* "transport\nnexthop" */
	bool filtered;			/* a content filter has it all */
	bool minds;			/* it changes senders, or may fail for
					   one */
	way_end most;			/* weight that its limits allow */
	bool is_mx, is_srs;
};

/* A message whose recipients come one after the other. */
struct way_mail {
	const struct door *door;	/* NULL: none yet */
	struct str sender;
	struct smtpd_mail *mail;
	struct arena arena;		/* of this message */
};
enum { WAY_MAILS = 16 };

struct way {
	const struct world *world;
	const struct fleet *fleet;
	struct arena keep;		/* answers */
	struct arena *scratch;		/* of one message */
	struct way_host *host;		/* as in the world */
	struct way_mail mail[WAY_MAILS];	/* by hash of door and sender */
	/*
	 * Senders that fail on some host that listens, or that a host turns
	 * into one of those: their answers are theirs alone.
	 */
	struct map strange;
	bool is_strange;		/* the one that is followed */
	struct cause cause[256];	/* 0: none */
	size_t ncause;
	/* A local part that stands for any, where it makes no difference. */
	struct str symbol;
	/* Told where it does make one; the mail counts as delivered. */
	void (*open)(void *self, struct door *door, struct str domain,
	    struct str sender);
	void *open_self;
	size_t undecidable;		/* ways that could not be told */
};

void way_init(struct way *w, const struct world *world,
    struct arena *scratch);
void way_release(struct way *w);

/* The door of a host for a message's client; NULL port: sendmail(1). */
struct door *way_door(struct way *w, const struct world_host *host,
    const struct listener_port *port, const struct message *message);
/* Whether what happens behind a door depends on local parts of a domain. */
bool way_tells(struct way *w, struct door *door, struct str domain);

/* What a listener answers to RCPT TO: DELIVERED is a yes. */
way_end way_answer(struct way *w, struct door *door, struct str sender,
    struct str recipient);
/* How a message ends that comes to a door. */
way_end way_follow(struct way *w, struct door *door, struct str sender,
    struct str recipient);

/* The same as trace.h tells it, with nothing from memory. */
way_end way_at_length(struct way *w, struct door *door, struct str sender,
    struct str recipient);

static inline enum fate
way_fate(way_end end)
{
	return (enum fate)(end & WAY_FATE);
}

static inline size_t
way_cause(way_end end)
{
	return end >> WAY_CAUSE & 0xff;
}

#endif
