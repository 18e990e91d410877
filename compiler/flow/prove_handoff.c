/*
 * The MX and the SRS host have one list of forwards between them. That what
 * the MX hands over is resolved there is seen on every way (way.c); here the
 * other direction: what the SRS host resolves, the MX hands over. Its keys
 * are asked for, and where it asks the directory each uid.
 */
#include "flow/prove_address.h"

enum { CAUSE_MISSED = 2000 };		/* beyond those of ways */

/* Whether the SRS host's aliases have an address; false: or unknown. */
static bool
resolves(struct address_prover *ap, const struct world_host *srs,
    struct str address)
{
	struct lookup lookup = {0};

	return address_find(&srs->host.maps.virtual_alias, address,
	    ADDRESS_DEFAULT, false, &srs->host.rules, &ap->p->scratch,
	    &lookup);
}

/* An address that the SRS host resolves, as a stranger asks the MX for it. */
static void
ask_mx(struct address_prover *ap, struct door *mx,
    const struct world_host *srs, struct str address, uint32_t number)
{
	struct failure *f;
	struct str sender = prove_stranger_sender(ap->p);
	way_end end = way_follow(&ap->way, mx, sender, address);

	/* What does not arrive at all was told as that. */
	if (number != NOWHERE && way_fate(end) != FATE_DELIVERED)
		return;
	if (!(end & WAY_HANDED) && way_fate(end) != FATE_UNDECIDABLE &&
	    way_fate(end) != FATE_LOOP) {
		f = failure_add(ap, FINDING_FLOW_HANDOFF, end, CAUSE_MISSED,
		    mx, sender, address, number);
		if (f)
			f->srs = srs;
	}
	prove_forget(ap->p);
}

static void
ask_keys(struct address_prover *ap, struct door *mx,
    const struct world_host *srs)
{
	const struct maps *maps = &srs->host.maps.virtual_alias;
	struct table_answer answer;
	struct str key, local;
	size_t i, at;

	for (i = 0; i < maps->n; i++)
		for (at = 0; table_next(maps->table[i], &at, &key, &answer); )
			if (prove_is_main(ap, key)) {
				local = (struct str){key.s, key.len - 1 -
				    ap->domain[0].len};
				ask_mx(ap, mx, srs, key, fleet_address(
				    ap->p->fleet, local));
			}
}

/* Accounts whose uid another address has are reported as such. */
static bool
is_told(const struct account *account)
{
	return account->state == ACCOUNT_TAKES_ALIAS ||
	    account->state == ACCOUNT_TAKES_REQUIRED ||
	    account->state == ACCOUNT_UID_TWICE ||
	    account->state == ACCOUNT_BAD_UID;
}

static void
ask_accounts(struct address_prover *ap, struct door *mx,
    const struct world_host *srs)
{
	const struct fleet *fleet = ap->p->fleet;
	const struct account *account = fleet->ldap.accounts.item;
	size_t i;

	for (i = 0; i < fleet->ldap.accounts.n; i++) {
		struct str address = prove_join(ap, text_str(account[i].uid),
		    ap->domain[0]);

		if (!is_told(&account[i]) && resolves(ap, srs, address))
			ask_mx(ap, mx, srs, address, fleet_address(fleet,
			    text_str(account[i].uid)));
		prove_forget(ap->p);
	}
}

void
prove_handoff(struct address_prover *ap)
{
	const struct fleet *fleet = ap->p->fleet;
	const struct node *const *node = fleet->srs_hosts.item;
	const struct world_host *const *entry;
	const struct listener_port *port;
	struct message message;
	size_t i, j, n;

	prove_stranger_message(ap, false, &message);
	entry = prove_entries(ap, &n);
	for (i = 0; i < n; i++) {
		struct door *mx;

		if (!(port = trace_port(entry[i], 25)))
			continue;
		mx = way_door(&ap->way, entry[i], port, &message);
		for (j = 0; j < fleet->srs_hosts.n; j++) {
			const struct world_host *srs = world_host(
			    ap->p->world, text_str(node[j]->fqdn));

			if (!srs)
				continue;
			ask_keys(ap, mx, srs);
			ask_accounts(ap, mx, srs);
		}
	}
}
