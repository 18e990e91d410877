/* Every rule, in the order in which an administrator would ask. */
#include "check/rules.h"

static const struct {
	void (*check)(struct checker *c);
	const char *law;
} rules[] = {
	{check_lint, "a finding is silenced by its id, with a reason, in time"},
	{check_needs, "what a role needs is there: keys and other roles"},
	{check_unread_files, "every data file has a reader"},
	{check_addresses_of_nodes, "one address, one node"},
	{check_domains, "a domain is in one address class"},
	{check_receives, "an independent mailer receives its own subdomain"},
	{check_monitoring, "what is probed is open"},
	{check_loops, "no address leads back to itself"},
	{check_aliases, "an alias leads to somebody inside"},
	{check_forwards, "a forward leads to somebody, as a rule outside"},
	{check_repeated_targets, "nobody gets a message twice"},
	{check_extensions, "an extension is not an address of its own"},
	{check_expansion, "Postfix follows every alias to its end"},
	{check_required_addresses, "postmaster and abuse answer"},
	{check_levels, "one level defines an address"},
	{check_accounts, "an entry of the directory is its owner's, no more"},
	{check_directory_access, "the directory is asked safely"},
	{check_fingerprints, "a fingerprint is one node's, and each has one"},
	{check_certificates, "a certificate is valid, and names its node"},
	{check_dkim, "who signs has a key, published under its selector"},
	{check_tls_policy, "an exception to DANE matches a next hop"},
	{check_relayhosts, "a next hop is written as what it is"},
	{check_networks, "a trusted network is small and has both families"},
};

const struct node *
fleet_node(const struct fleet *fleet, size_t i)
{
	const struct node *node = fleet->nodes.item;

	return &node[i];
}

void
check_fleet(struct arena *a, struct diag *d, const struct fleet *fleet,
    const struct roles *roles, const struct reader *reader)
{
	struct checker c = {a, d, fleet, roles, reader->hiera,
		reader->environment, reader->today};
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		rules[i].check(&c);
}
