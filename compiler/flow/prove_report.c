/*
 * A counterexample is a trace, told as notes: where the message came in, what
 * each host made of it, and what is wrong at the end.
 */
#include "flow/prove_inside.h"

enum { NOTES = 12 };			/* more is what mailc trace is for */

struct report {
	struct prover *p;
	size_t finding;
	size_t notes;
	const struct delivery *wrong;
};

static const char *
text(struct arena *a, struct str s)
{
	return arena_strndup(a, s.s, s.len);
}

static void
note(struct report *r, struct origin at, const char *what)
{
	if (r->notes++ < NOTES)
		diag_note(r->p->diag, r->finding, at, "%s", what);
}

static bool
leads_to(const struct hop *hop, const struct delivery *wrong)
{
	size_t i;

	for (i = 0; hop && i < hop->n; i++)
		if (&hop->delivery[i] == wrong ||
		    leads_to(hop->delivery[i].hop, wrong))
			return true;
	return false;
}

/* The delivery that is on the way: NULL where the hop is the last one. */
static const struct delivery *
next_delivery(const struct hop *hop, const struct delivery *wrong)
{
	size_t i;

	for (i = 0; i < hop->n; i++) {
		const struct delivery *d = &hop->delivery[i];

		if (wrong ? d == wrong || leads_to(d->hop, wrong) :
		    d->fate == hop->fate)
			return d;
	}
	return NULL;
}

static void
note_steps(struct report *r, const struct hop *hop)
{
	struct arena *a = r->p->arena;
	const struct step *step;

	for (step = hop->cleaned.steps; step; step = step->next)
		if (step->nto)
			note(r, step->by.at, arena_printf(a, "%s: %s <%.*s> "
			    "becomes <%.*s>%s", hop->host->host.name,
			    step_names[step->kind], STR_ARG(step->from),
			    STR_ARG(step->to[0]), step->nto > 1 ?
			    " and others" : ""));
}

static void
note_hop(struct report *r, const struct hop *hop)
{
	struct arena *a = r->p->arena;
	const struct delivery *d = next_delivery(hop, r->wrong);

	if (hop->verdict.kind == VERDICT_REFUSE)
		note(r, hop->verdict.by.at, arena_printf(a, "%s answers %d "
		    "%s", hop->host->host.name, hop->verdict.code,
		    hop->verdict.text));
	note_steps(r, hop);
	if (!d && hop->verdict.kind == VERDICT_ACCEPT && hop->text)
		note(r, hop->cleaned.by.at, arena_printf(a, "%s: %s: %s",
		    hop->host->host.name, fate_names[hop->fate], hop->text));
	if (!d)
		return;
	note(r, d->by.at, arena_printf(a, "%s: <%.*s> goes to %.*s:%.*s%s%s",
	    hop->host->host.name, STR_ARG(d->recipient),
	    STR_ARG(d->transport), STR_ARG(d->nexthop), d->text && !d->hop ?
	    ": " : "", d->text && !d->hop ? d->text : ""));
	if (d->hop && d != r->wrong)
		note_hop(r, d->hop);
}

/* The last place on the way: the line that one would change. */
static struct origin
last_place(const struct hop *hop, const struct delivery *wrong)
{
	const struct delivery *d = next_delivery(hop, wrong);
	struct origin at = ORIGIN_NONE;
	const struct step *step;

	if (d && d->hop && d != wrong)
		at = last_place(d->hop, wrong);
	if (!at.source && d)
		at = d->by.at;
	for (step = hop->cleaned.steps; !at.source && step;
	    step = step->next)
		at = step->by.at;
	return at.source ? at : hop->verdict.by.at;
}

/* What shows all of it. */
static void
note_command(struct report *r, const struct hop *first)
{
	const struct message *m = &first->message;
	struct arena *a = r->p->arena;
	struct buf b = BUF_INIT;

	buf_printf(&b, "all of it: mailc trace '%.*s' --from '%.*s' --at %s",
	    STR_ARG(m->recipient), STR_ARG(m->sender), first->host->host.name);
	if (first->port)
		buf_printf(&b, ":%lld --client %.*s",
		    (long long)first->port->port,
		    STR_ARG(m->client.address));
	else
		buf_addstr(&b, ":sendmail");
	if (m->client.login.len)
		buf_printf(&b, " --login '%.*s'", STR_ARG(m->client.login));
	if (m->client.fingerprint.len && m->from)
		buf_printf(&b, " --cert %s", m->from->host.name);
	diag_note(r->p->diag, r->finding, ORIGIN_NONE, "%s",
	    text(a, (struct str){b.s, b.len}));
	buf_release(&b);
}

void
prove_report(struct prover *p, enum finding_id id, struct origin at,
    const struct hop *first, const struct delivery *wrong,
    const char *fmt, ...)
{
	struct report r = {.p = p, .wrong = wrong};
	const char *what;
	va_list ap;

	va_start(ap, fmt);
	what = arena_vprintf(p->arena, fmt, ap);
	va_end(ap);
	if (!at.source)
		at = last_place(first, wrong);
	/* A default decided: the role says which files the host has. */
	if (!at.source)
		at = ((const struct planned_file *)
		    first->host->host.main_cf.owner)->at;
	r.finding = diag_add(p->diag, id, at, "%s", what);
	note_hop(&r, first);
	note_command(&r, first);
}
