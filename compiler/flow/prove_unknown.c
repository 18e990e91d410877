/*
 * Whoever is not declared is refused at RCPT: by shapes of local parts that
 * nobody has, in every domain; by the keys of the host's own tables that no
 * data stands behind; by the accounts that data leaves out on purpose.
 */
#include "flow/prove_address.h"

/* The prover's own causes: beyond those of ways. */
enum {
	CAUSE_OURS = 1000,		/* in the main domain */
	CAUSE_ALIAS_DOMAIN,
	CAUSE_ELSEWHERE,
};

/* The local parts of no one that Postfix reads in its own ways. */
static const char *const shapes[] = {
	"nobody-has-this", "Nobody.Has.This", "nobody+extension",
	"nobody-request", "owner-nobody", "no body", "nobody%no.example",
	"no.example!nobody", "nobody@no.example", "-nobody", "n",
	"sixty-four-octets-are-the-most-that-a-local-part-may-have-000000",
	"mailer-daemon", "root", "SRS0", "SRS0=x",
};
enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]) };

static bool
is_declared(const struct fleet *fleet, struct str local)
{
	uint32_t address = fleet_recipient(fleet, local);

	return address != NOWHERE && prove_is_usable(fleet, address);
}

/*
 * A stranger asks for an address that nobody has. strict: it must be
 * refused; else it is enough that nothing comes back of what was taken.
 */
static void
ask(struct address_prover *ap, struct door *door, struct str recipient,
    uint32_t cause, bool strict)
{
	struct str sender = prove_stranger_sender(ap->p);
	struct way *w = &ap->way;
	enum fate fate;
	way_end end;

	end = way_answer(w, door, sender, recipient);
	if (way_fate(end) == FATE_UNDECIDABLE)
		w->undecidable++;
	if (way_fate(end) == FATE_DELIVERED) {
		end = way_follow(w, door, sender, recipient);
		fate = way_fate(end);
		if (fate != FATE_UNDECIDABLE &&
		    (strict || fate != FATE_DELIVERED))
			failure_add(ap, fate == FATE_LOOP ?
			    FINDING_FLOW_LOOP : FINDING_FLOW_ACCEPTS, end,
			    fate == FATE_LOOP ? (uint32_t)way_cause(end) :
			    cause, door, sender, recipient, NOWHERE);
	}
	prove_forget(ap->p);
}

static void
ask_shapes(struct address_prover *ap, struct door *door, struct str domain,
    uint32_t cause, bool strict)
{
	size_t i;

	for (i = 0; i < SHAPES; i++)
		if (!strict || !is_declared(ap->p->fleet, str_of(shapes[i])))
			ask(ap, door, prove_join(ap, str_of(shapes[i]),
			    domain), cause, strict);
}

/* Domains that are none of ours but look like it, and no domain at all. */
static void
ask_elsewhere(struct address_prover *ap, struct door *door)
{
	struct str address = world_address(door->host, false), main;
	size_t i;

	main = ap->domain[0];
	/* What is kept between questions is not in the scratch arena. */
	ask_shapes(ap, door, str_of(arena_printf(&ap->way.keep, "x@%.*s",
	    STR_ARG(main))), CAUSE_ELSEWHERE, false);
	ask_shapes(ap, door, str_of(arena_printf(&ap->way.keep, "no-such.%.*s",
	    STR_ARG(main))), CAUSE_ELSEWHERE, false);
	if (address.len)
		ask_shapes(ap, door, str_of(arena_printf(&ap->way.keep,
		    "[%.*s]", STR_ARG(address))), CAUSE_ELSEWHERE, false);
	for (i = 0; i < SHAPES; i++)
		if (!is_declared(ap->p->fleet, str_of(shapes[i])))
			ask(ap, door, str_of(shapes[i]), CAUSE_ELSEWHERE,
			    false);
}

/* Keys */

/*
 * A key that makes an address valid somewhere: it is tried as it stands, and
 * in the first alias domain. A domain alone, "@domain", is what the shapes
 * find.
 */
static void
ask_key(struct address_prover *ap, struct door *door, struct str key)
{
	size_t at = key.len;
	struct str local, domain;

	while (at && key.s[at - 1] != '@')
		at--;
	if (at < 2)
		return;
	local = (struct str){key.s, at - 1};
	domain = (struct str){key.s + at, key.len - at};
	if (!prove_is_ours(ap->p, domain) || is_declared(ap->p->fleet, local))
		return;
	ask(ap, door, key, prove_is_main(ap, key) ? CAUSE_OURS :
	    CAUSE_ALIAS_DOMAIN, true);
	if (ap->ndomain > 1)
		ask(ap, door, prove_join(ap, local, ap->domain[1]),
		    CAUSE_ALIAS_DOMAIN, true);
}

static void
ask_keys(struct address_prover *ap, struct door *door)
{
	const struct tables *tables = door->host->host.tables;
	const struct table *table;
	struct table_answer answer;
	size_t i = 0, at;
	struct str key;

	while ((table = tables_next(tables, &i)))
		for (at = 0; table_next(table, &at, &key, &answer); )
			ask_key(ap, door, key);
}

/* Accounts */

static void
ask_accounts(struct address_prover *ap, struct door *door)
{
	const struct fleet *fleet = ap->p->fleet;
	const struct account *account = fleet->ldap.accounts.item;
	size_t i;

	for (i = 0; i < fleet->ldap.accounts.n; i++) {
		struct str uid = text_str(account[i].uid);

		if (account[i].state == ACCOUNT_USABLE ||
		    account[i].state == ACCOUNT_BAD_UID ||
		    is_declared(fleet, uid))
			continue;
		ask(ap, door, prove_join(ap, uid, ap->domain[0]),
		    CAUSE_OURS, true);
		if (ap->ndomain > 1)
			ask(ap, door, prove_join(ap, uid, ap->domain[1]),
			    CAUSE_ALIAS_DOMAIN, true);
	}
}

static struct door *
stranger_door(struct address_prover *ap, const struct world_host *host,
    const struct listener_port *port)
{
	struct message message;

	prove_stranger_message(ap, false, &message);
	return way_door(&ap->way, host, port, &message);
}

static void
unknown_at(struct address_prover *ap, const struct world_host *host,
    const struct listener_port *port)
{
	struct door *door = stranger_door(ap, host, port);
	size_t d;

	for (d = 0; d < ap->ndomain; d++)
		ask_shapes(ap, door, ap->domain[d],
		    d ? CAUSE_ALIAS_DOMAIN : CAUSE_OURS, true);
	ask_keys(ap, door);
	ask_accounts(ap, door);
	ask_elsewhere(ap, door);
}

/*
 * What an independent mailer takes for its own domains is its own to say; what
 * its aliases have is proven by prove_receives().
 */
static void
unknown_routes(struct address_prover *ap)
{
	const struct fleet *fleet = ap->p->fleet;
	const struct route *route = fleet->routes.item;
	size_t i, k;

	for (i = 0; i < fleet->routes.n; i++) {
		const struct world_host *host = world_host(ap->p->world,
		    text_str(route[i].node->fqdn));
		const struct listener_port *port = host ?
		    trace_port(host, 25) : NULL;
		struct str domain = text_str(route[i].domain);

		for (k = 0; port && k < SHAPES; k++)
			if (!prove_has_row(ap->p, &host->host,
			    str_of(shapes[k]), domain))
				ask(ap, stranger_door(ap, host, port),
				    prove_join(ap, str_of(shapes[k]), domain),
				    CAUSE_ELSEWHERE, false);
	}
}

void
prove_unknown(struct address_prover *ap)
{
	const struct world_host *const *entry;
	const struct listener_port *port;
	size_t i, n;

	entry = prove_entries(ap, &n);
	for (i = 0; i < n; i++)
		if ((port = trace_port(entry[i], 25)))
			unknown_at(ap, entry[i], port);
	unknown_routes(ap);
}
