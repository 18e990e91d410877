/* What prove_address.c and its parts share. */
#ifndef FLOW_PROVE_ADDRESS_H
#define FLOW_PROVE_ADDRESS_H

#include "flow/prove_inside.h"
#include "flow/way.h"

/* A sender that a message may have where it comes in. */
struct sender {
	struct str address;
	uint32_t hash;
	bool must;			/* its mail to our addresses arrives */
};

/* All of them, the usual one first. */
struct senders {
	struct sender *sender;
	size_t n, cap;
};

/* A failure, and how many more there are of the same cause. */
struct failure {
	enum finding_id id;
	way_end end;
	uint32_t cause;			/* of .end, or the prover's own */
	struct door *door;
	struct str sender, recipient;
	uint32_t address;		/* of ours, or NOWHERE */
	size_t n;
	const struct world_host *srs;	/* that resolves it, all the same */
};

/* All addresses of ours in one domain, at one door. */
struct task {
	struct door *door;
	struct str domain;
	struct senders senders;
};

/* What is known of a host among others: prove_twins.c. */
struct twin {
	struct twin *of;		/* an earlier one, the same but for
					   its name; NULL: there is none */
	bool failed;			/* mail that starts here is lost */
};

struct address_prover {
	struct prover *p;
	struct way way;
	struct failure *failure;
	size_t nfailure, cap_failure;
	size_t failed;			/* messages, all failures together */
	struct task *task;
	size_t ntask, cap_task;
	struct map by_task;		/* "door domain": its number + 1 */
	/*
	 * Alias domains that were proven at a door, by what the host knows of
	 * them (alike.h): the number of failures that they had.
	 */
	struct map proven;
	bool must;			/* of the message on its way */
	struct twin *twin;		/* of each host of the world */
	struct str *domain;		/* ours: the main one first */
	size_t ndomain;
	struct str srs;			/* an address that we would make */
	/* Of each address of ours: whether its failure was noted already. */
	uint8_t *told;
};

enum { TOLD_MAIN = 1, TOLD_ALIAS = 2 };	/* in which domain */

/*
 * Note a failure; one of a cause that is known is only counted. NULL: it is
 * a consequence of what was told.
 */
struct failure *failure_add(struct address_prover *ap, enum finding_id id,
    way_end end, uint32_t cause, struct door *door, struct str sender,
    struct str recipient, uint32_t address);
/* Turn all of them into findings. */
void failures_report(struct address_prover *ap);

/*
 * Follow one message, and note it if it never ends, or does not arrive
 * although it must. address: whose it is, or NOWHERE.
 */
way_end prove_message(struct address_prover *ap, struct door *door,
    struct str sender, struct str recipient, uint32_t address, bool must);

/* prove_twins.c: find out which hosts are the same but for their names. */
void twins_find(struct address_prover *ap);
struct twin *twin_of_host(const struct address_prover *ap,
    const struct world_host *host);
/*
 * Whether the same hosts are behind a host and the one that it is a twin of,
 * as far as mail went that was followed, and whose mail was never lost.
 */
bool twin_leads_alike(const struct address_prover *ap,
    const struct world_host *host);

/* prove_unknown.c: every other one is refused at RCPT. */
void prove_unknown(struct address_prover *ap);
/* prove_handoff.c: what the MX hands over, the SRS host resolves. */
void prove_handoff(struct address_prover *ap);

/* The hosts that the DNS sends mail for our main domain to; *n of them. */
const struct world_host *const *prove_entries(struct address_prover *ap,
    size_t *n);
/* local@domain in the scratch arena. */
struct str prove_join(struct address_prover *ap, struct str local,
    struct str domain);
/* Somebody outside who comes to a listener. */
void prove_stranger_message(const struct address_prover *ap, bool v6,
    struct message *message);
/* Whether a finding of another pass has said what happens to an address. */
bool prove_is_reported(const struct address_prover *ap, uint32_t address);
/* Whether a domain is the main one. */
bool prove_is_main(const struct address_prover *ap, struct str recipient);
/* Whether data declares it and nothing speaks against its mail. */
bool prove_is_usable(const struct fleet *fleet, uint32_t address);

#endif
