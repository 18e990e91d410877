/* What the files of agent.h share. */
#ifndef FLOW_AGENT_INSIDE_H
#define FLOW_AGENT_INSIDE_H

#include "flow/agent.h"

/* Where an address comes from: allow_mail_to_commands and its like. */
enum origin_kind { FROM_QUEUE, FROM_ALIAS, FROM_INCLUDE, FROMS };

struct agent {
	const struct host *host;
	const struct service *service;
	bool is_local;			/* else virtual(8) */
	/* local(8) */
	struct maps aliases, mailbox_transports, fallback_transports;
	struct table *users;
	struct str mailbox_transport, fallback_transport, luser_relay;
	struct address_rules rules;	/* with the service's own */
	bool propagate_alias, propagate_include;
	bool expand_owner, reset_owner, frozen;
	bool commands[FROMS], files[FROMS];
	/* virtual(8) */
	struct maps mailboxes, uids, gids;
	int64_t minimum_uid;
};

struct outcome *agent_end(struct outcomes *out, struct arena *a,
    enum outcome_kind kind, struct str sender, struct str recipient,
    const char *text);
/* A table that gives no answer; its decision. */
struct decision agent_decision(const struct agent *agent,
    const char *parameter, const struct lookup *lookup);

void local_deliver(const struct agent *agent, const struct parcel *parcel,
    struct arena *a, struct cleaned *steps, struct outcomes *out);

#endif
