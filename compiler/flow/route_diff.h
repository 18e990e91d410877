/*
 * What a change does to mail: two worlds asked the same questions. Text that
 * moved, comments and the order of keys change no answer.
 */
#ifndef FLOW_ROUTE_DIFF_H
#define FLOW_ROUTE_DIFF_H

#include "flow/world.h"

enum change_kind {
	CHANGE_LOST,			/* an address is no longer delivered */
	CHANGE_GAINED,			/* one is delivered now */
	CHANGE_REROUTED,		/* one goes elsewhere */
	CHANGE_REFUSAL,			/* one fails in another way */
	CHANGE_LISTENER,		/* a port opens or closes */
	CHANGE_RELAY,			/* a client is served otherwise */
	CHANGE_SIGNING,			/* what rspamd signs, with which key */
	CHANGE_TLS,			/* the TLS level for a next hop */
	CHANGE_KINDS
};
extern const char *const change_names[CHANGE_KINDS];

struct change {
	enum change_kind kind;
	const char *subject;		/* "x@y", "mx-01:25, a stranger" */
	const char **was, **now;	/* what is no longer so, what is now:
					   for an address the ends that go
					   and those that come */
	size_t nwas, nnow;
	struct origin at;		/* of the line behind it … */
	bool old;			/* … in the old side's sources */
};

struct changes {
	struct change *change;		/* by kind, then in the data's order */
	size_t n, cap;
	struct arena *arena;
};

/*
 * Compare. Both worlds have a fleet; where the old side is but a tree of
 * files it is the new one's, for who the nodes are, and the old side's tables
 * say which addresses it had.
 */
void route_diff(const struct world *old, const struct world *new,
    struct arena *a, struct changes *changes);

#endif
