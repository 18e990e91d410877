/*
 * Failures become findings: one for each cause, with the first message that
 * showed it followed again, at length, and the number of the others.
 */
#include "flow/prove_address.h"

#include <stdlib.h>

void
failure_add(struct address_prover *ap, enum finding_id id, way_end end,
    uint32_t cause, struct door *door, struct str sender,
    struct str recipient, uint32_t address, const char *what)
{
	struct arena *a = &ap->way.keep;
	struct failure *f;
	size_t i;

	if (prove_is_reported(ap->p->fleet, address))
		return;
	for (i = 0; i < ap->nfailure; i++) {
		f = &ap->failure[i];
		if (f->id != id || f->cause != cause)
			continue;
		/* Each address counts once, as it came first. */
		f->n += f->door == door && str_eq(f->sender, sender);
		return;
	}
	if (ap->nfailure == ap->cap_failure) {
		ap->cap_failure = ap->cap_failure ? ap->cap_failure * 2 : 16;
		ap->failure = xrealloc(ap->failure, mul_or_die(
		    ap->cap_failure, sizeof(*f)));
	}
	f = &ap->failure[ap->nfailure++];
	*f = (struct failure){.id = id, .end = end, .cause = cause,
		.door = door, .address = address, .n = 1, .what = what,
		.sender = {arena_strndup(a, sender.s, sender.len), sender.len},
		.recipient = {arena_strndup(a, recipient.s, recipient.len),
		recipient.len}};
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

/*
 * A table lacks one address: nothing in the files is wrong, and the line is
 * the address's own. Else it is the last line that decided.
 */
static struct origin
place_of(const struct address_prover *ap, const struct failure *f,
    const struct hop *hop)
{
	if (f->address != NOWHERE && f->n == 1 && refusal(hop))
		return fleet_origin(ap->p->fleet, f->address);
	return ORIGIN_NONE;
}

static const char *
more(const struct address_prover *ap, const struct failure *f)
{
	if (f->n < 2)
		return "";
	return arena_printf(ap->p->arena, ", and so it is with %zu other%s",
	    f->n - 1, f->n == 2 ? "" : "s");
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
		if (prove_is_usable(fleet, i) && !prove_is_reported(fleet, i))
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
	hop = trace_message(p->world, f->door->host, f->door->port, &message,
	    &p->scratch);
	who = f->door->port ? arena_printf(p->arena, "%s:%lld",
	    f->door->host->host.name, (long long)f->door->port->port) :
	    arena_printf(p->arena, "sendmail of %s",
	    f->door->host->host.name);
	prove_report(p, f->id, place_of(ap, f, hop), hop, NULL,
	    "<%.*s>, by way of %s: %s (%s)%s", STR_ARG(message.recipient),
	    who, f->what, fate_names[hop->fate], more(ap, f));
	prove_forget(p);
}

void
failures_report(struct address_prover *ap)
{
	size_t i;

	for (i = 0; i < ap->nfailure; i++)
		failure_report(ap, &ap->failure[i]);
}
