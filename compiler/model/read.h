/*
 * From an environment's files to the fleet, one step a function; cmd/
 * calls them in this order. Each reports what is wrong and goes on.
 */
#ifndef MODEL_READ_H
#define MODEL_READ_H

#include "hiera/hiera.h"
#include "model/fleet.h"

#include <time.h>

struct reader {
	struct arena *arena;
	struct diag *diag;
	const char *environment;
	time_t today;
	struct node *node;		/* fleet.nodes, while they are built */
	size_t nnode;
	struct mapping *alias, *forward;	/* likewise fleet.aliases … */
	struct account *account;		/* … and ldap.accounts */
	struct hiera *hiera;
	struct hiera_scope **scope;	/* one a node, in the nodes' order */
};

/* data/facts: which nodes there are, and what they are. */
void read_nodes(struct reader *r, struct fleet *fleet);
/* Hiera: every key of the fleet and of each node. */
void read_keys(struct reader *r, struct fleet *fleet);
/* data/ldap: the accounts. */
void read_directory(struct reader *r, struct fleet *fleet);
/* data/puppetdb: alias domains and fingerprints. */
void read_exports(struct reader *r, struct fleet *fleet);
/* data/certs: the certificates, and the fingerprints they give. */
void read_certificates(struct reader *r, struct fleet *fleet);
/* Which address leads where; alias domains, routes, keys of each node. */
void link_fleet(struct reader *r, struct fleet *fleet);

void fleet_release(struct fleet *fleet);

/* A Hiera key that somebody declares. */
struct key {
	const char *name;
	const char *field;		/* of struct fleet or struct node */
	bool fleet;			/* one value for all nodes */
	enum hiera_merge merge;
};
extern const struct key keys[];		/* ends in a NULL name */
const struct key *key_named(struct str name);
const struct field *key_field(const struct key *key);
/* Whether it was reported that the key has no good value for the node. */
bool key_reported(const struct key *key, const struct fleet *fleet,
    const struct node *node);

/* A file that its directory lists and that is not there: a link. */
void report_dead_link(struct reader *r, const char *path, const char *file);

/* mail::aliases and mail::forwards are too large for a descriptor. */
void bind_mappings(struct reader *r, struct fleet *fleet,
    const struct value *aliases, const struct value *forwards);

/* The release of an os.release.major, or NULL. */
const struct target_release *release_named(struct str major);

#endif
