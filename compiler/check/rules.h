/*
 * The laws: every rule over the model, one topic a file, one table in
 * rules.c. A rule reads the fleet and adds findings; it changes nothing.
 */
#ifndef CHECK_RULES_H
#define CHECK_RULES_H

#include "model/read.h"
#include "role/role.h"

#include <time.h>

struct checker {
	struct arena *arena;
	struct diag *diag;
	const struct fleet *fleet;
	const struct roles *roles;
	const struct hiera *hiera;
	const char *environment;
	time_t today;
};

/* Apply every rule to what the reader made. */
void check_fleet(struct arena *a, struct diag *d, const struct fleet *fleet,
    const struct roles *roles, const struct reader *reader);

/* addresses.c */
void check_loops(struct checker *c);
void check_aliases(struct checker *c);
void check_forwards(struct checker *c);
void check_repeated_targets(struct checker *c);
void check_extensions(struct checker *c);
void check_expansion(struct checker *c);
void check_required_addresses(struct checker *c);
void check_levels(struct checker *c);
/* directory.c */
void check_accounts(struct checker *c);
void check_directory_access(struct checker *c);
/* domains.c */
void check_domains(struct checker *c);
void check_receives(struct checker *c);
/* nodes.c */
void check_needs(struct checker *c);
void check_addresses_of_nodes(struct checker *c);
void check_monitoring(struct checker *c);
void check_unread_files(struct checker *c);
/* certificates.c */
void check_fingerprints(struct checker *c);
void check_certificates(struct checker *c);
/* dkim.c */
void check_dkim(struct checker *c);
/* transport.c */
void check_tls_policy(struct checker *c);
void check_relayhosts(struct checker *c);
void check_networks(struct checker *c);
/* lint.c */
void check_lint(struct checker *c);

/* The i-th node of the fleet. */
const struct node *fleet_node(const struct fleet *fleet, size_t i);

#endif
