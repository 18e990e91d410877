/*
 * Failures become findings: one for each cause, with the first message that
 * showed it followed again, at length, and the number of the others.
 */
#include "flow/prove_address.h"

#include <stdlib.h>

/* What follows from what was told, of the address itself or its targets. */
static bool
is_consequence(struct address_prover *ap, struct str recipient,
    uint32_t address)
{
	uint8_t domain = prove_is_main(ap, recipient) ? TOLD_MAIN : TOLD_ALIAS;

	if (address == NOWHERE)
		return false;
	if ((ap->told[address] & (domain | TOLD_MAIN)) ||
	    prove_is_reported(ap, address))
		return true;
	ap->told[address] |= domain;
	return false;
}

static struct failure *
failure_new(struct address_prover *ap)
{
	if (ap->nfailure == ap->cap_failure) {
		ap->cap_failure = ap->cap_failure ? ap->cap_failure * 2 : 16;
		ap->failure = xrealloc(ap->failure, mul_or_die(
		    ap->cap_failure, sizeof(*ap->failure)));
	}
	return &ap->failure[ap->nfailure++];
}

struct failure *
failure_add(struct address_prover *ap, enum finding_id id, way_end end,
    uint32_t cause, struct door *door, struct str sender,
    struct str recipient, uint32_t address)
{
	struct arena *a = &ap->way.keep;
	struct failure *f;
	size_t i;

	if (is_consequence(ap, recipient, address))
		return NULL;
	ap->failed++;
	for (i = 0; i < ap->nfailure; i++) {
		f = &ap->failure[i];
		if (f->id == id && f->cause == cause) {
			f->n++;
			return f;
		}
	}
	f = failure_new(ap);
	*f = (struct failure){.id = id, .end = end, .cause = cause,
		.door = door, .address = address, .n = 1,
		.sender = {arena_strndup(a, sender.s, sender.len), sender.len},
		.recipient = {arena_strndup(a, recipient.s, recipient.len),
		recipient.len}};
	return f;
}

/* The host that refuses it in the end, whoever hears of it; or NULL. */
static const struct hop *
refusal(const struct hop *hop)
{
	size_t i;

	if (hop->verdict.kind == VERDICT_REFUSE)
		return hop;
	for (i = 0; i < hop->n; i++) {
		const struct hop *next = hop->delivery[i].hop;

		if (next && hop->delivery[i].fate == hop->fate &&
		    (next = refusal(next)))
			return next;
	}
	return NULL;
}

/* Where the SRS host has an address. */
static struct origin
place_at_srs(const struct address_prover *ap, const struct failure *f)
{
	struct lookup lookup = {0};

	address_find(&f->srs->host.maps.virtual_alias, f->recipient,
	    ADDRESS_DEFAULT, false, &f->srs->host.rules, &ap->p->scratch,
	    &lookup);
	return host_origin(&lookup);
}

/* The row that makes an address something else; or where the host sends it. */
static struct origin
place_of_step(const struct hop *hop)
{
	const struct step *step;

	for (step = hop->cleaned.steps; step; step = step->next)
		if (step->by.at.source)
			return step->by.at;
	return hop->n ? hop->delivery[0].by.at : hop->cleaned.by.at;
}

/*
 * Many go round, so no row of a table is to blame: the last setting on the
 * way, or the main.cf of the last host, which has none of it.
 */
static struct origin
place_of_circle(const struct hop *hop)
{
	struct origin at = ORIGIN_NONE, own;
	size_t i;

	if (!hop->n)
		return place_of_step(hop);
	own = ((const struct planned_file *)hop->host->host.main_cf.owner)->at;
	for (i = 0; i < hop->n; i++) {
		const struct delivery *d = &hop->delivery[i];

		if (d->fate != hop->fate)
			continue;
		if (d->hop)
			return place_of_circle(d->hop);
		/* Of aliases(5) a row is to blame. */
		if (!d->by.table.len || !d->smtp)
			at = d->by.at;
		break;
	}
	return at.source ? at : own;
}

/*
 * Where no table has one address, nothing in the files is wrong, and the line
 * is the address's own. Else it is the last line that decided.
 */
static struct origin
place_of(const struct address_prover *ap, const struct failure *f,
    const struct hop *hop)
{
	if (f->srs)
		return place_at_srs(ap, f);
	if (f->id == FINDING_FLOW_ACCEPTS)
		return place_of_step(hop);
	if (f->id == FINDING_FLOW_LOOP && f->n > 1)
		return place_of_circle(hop);
	hop = refusal(hop);
	if (f->address != NOWHERE && f->n == 1 && hop &&
	    !hop->verdict.by.table.len)
		return fleet_origin(ap->p->fleet, f->address);
	return hop ? hop->verdict.by.at : ORIGIN_NONE;
}

static const char *
more(const struct address_prover *ap, const struct failure *f)
{
	if (f->n < 2)
		return "";
	return arena_printf(ap->p->arena, "; and so it is %zu time%s more",
	    f->n - 1, f->n == 2 ? "" : "s");
}

/* What the law says, and what is so instead. */
static const char *
law(const struct address_prover *ap, const struct failure *f,
    const struct hop *hop)
{
	const struct cause *cause = &ap->way.cause[way_cause(f->end)];
	const char *host = cause->host ? cause->host->host.name :
	    hop->host->host.name;

	if (f->srs)
		return arena_printf(ap->p->arena, "%s resolves it, but the "
		    "MX does not hand it over", f->srs->host.name);
	if (f->id == FINDING_FLOW_LOOP)
		return "its mail never ends";
	if (f->id == FINDING_FLOW_ACCEPTS)
		return arena_printf(ap->p->arena, "nobody has it, and it is "
		    "taken at RCPT, then %s", fate_names[hop->fate]);
	if (f->id == FINDING_FLOW_HANDOFF)
		return arena_printf(ap->p->arena, "the MX hands it to %s, "
		    "which does not resolve it", host);
	return arena_printf(ap->p->arena, "its mail is %s at %s",
	    fate_names[hop->fate], host);
}

/* "any-address" stands for all; people see one that there is. */
static struct str
shown(const struct address_prover *ap, struct str recipient, uint32_t *address)
{
	const struct fleet *fleet = ap->p->fleet;
	struct str symbol = ap->way.symbol, local;
	uint32_t i, n = fleet_addresses(fleet);

	if (recipient.len <= symbol.len || recipient.s[symbol.len] != '@' ||
	    !str_starts(recipient, symbol))
		return recipient;
	for (i = 0; i < n; i++)
		if (prove_is_usable(fleet, i) && !prove_is_reported(ap, i))
			break;
	if (i == n)
		return recipient;
	local = fleet_local(fleet, i);
	*address = NOWHERE;
	return str_of(arena_printf(ap->p->arena, "%.*s%.*s", STR_ARG(local),
	    (int)(recipient.len - symbol.len), recipient.s + symbol.len));
}

static void
failure_report(struct address_prover *ap, const struct failure *f)
{
	struct message message = f->door->message;
	struct prover *p = ap->p;
	uint32_t address = f->address;
	struct hop *hop;
	const char *who;

	message.sender = f->sender;
	message.recipient = shown(ap, f->recipient, &address);
	hop = trace_message(f->door->host, f->door->port, &message,
	    &p->scratch);
	who = f->door->port ? arena_printf(p->arena, "%s:%lld",
	    f->door->host->host.name, (long long)f->door->port->port) :
	    arena_printf(p->arena, "sendmail of %s",
	    f->door->host->host.name);
	prove_report(p, f->id, place_of(ap, f, hop), hop, NULL,
	    "<%.*s>, by way of %s: %s%s", STR_ARG(message.recipient), who,
	    law(ap, f, hop), more(ap, f));
	prove_forget(p);
}

void
failures_report(struct address_prover *ap)
{
	size_t i;

	for (i = 0; i < ap->nfailure; i++)
		failure_report(ap, &ap->failure[i]);
}
