/*
 * All hosts that mail meets, and the DNS between them: the rendered nodes of
 * a fleet with the records that the fleet needs, or one foreign host that
 * knows nothing of others.
 */
#ifndef FLOW_WORLD_H
#define FLOW_WORLD_H

#include "flow/host.h"
#include "flow/sign.h"
#include "postfix/srs_config.h"
#include "role/records.h"

struct world_host {
	struct host host;
	const struct node *node;	/* NULL: a foreign host */
	struct signer *signer;		/* NULL: no rspamd here */
	struct srs_config srs;		/* .rules for a host with postsrsd */
	bool has_srs;
	struct world *world;
};

struct world {
	struct arena *arena;
	const struct fleet *fleet;	/* NULL: there is none */
	const struct records *records;
	const struct ldif *directory;	/* NULL: not known */
	time_t today;
	struct str srs_secret;		/* the bytes of postsrsd's secret file,
					   the same for all; empty: not known */
	/*
	 * Proofs only: a host whose SRS secret is not among its files has one
	 * that stands for the file's path, so that hosts which share a path
	 * share a secret.
	 */
	bool stand_in_secrets;
	struct world_host *host;	/* sorted by name; only those with a
					   main.cf */
	size_t n;
	struct map by_name;		/* folded: struct world_host */
	struct map by_fingerprint;	/* of certificates; the same */
	/* trace --verbose: told of each lookup in a table; may be NULL. */
	void (*tried)(void *self, const struct table *table, struct str key,
	    enum table_result result, const struct table_answer *answer);
	void *tried_self;
};

/*
 * Open every host of a plan. fleet, directory: NULL where there is none. The
 * plan, the fleet and the records must outlive the world, whose .tried,
 * .srs_secret and .stand_in_secrets are the caller's.
 */
void world_open(struct world *world, struct arena *a, const struct plan *plan,
    const struct fleet *fleet, const struct records *records,
    const struct ldif *directory, time_t today);
void world_release(struct world *world);

/* The host of a name, letter case aside; or NULL. */
const struct world_host *world_host(const struct world *world,
    struct str name);
/* The host that has an IP address; or NULL. */
const struct world_host *world_host_at(const struct world *world,
    struct str address);

/* The host that shows a certificate, by its fingerprint; or NULL. */
const struct world_host *world_certified(const struct world *world,
    struct str fingerprint);

/* How a host is seen by others: its first address of a family ("" : none). */
struct str world_address(const struct world_host *host, bool v6);

#endif
