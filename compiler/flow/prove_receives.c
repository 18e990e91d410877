/*
 * Hosts that receive for domains of their own: what their tables have for
 * these (virtual_alias_maps, and alias_maps where local(8) delivers) arrives,
 * does not go round, and does not leave as a stranger's mail. The data does
 * not list these addresses; the keys of the tables do.
 */
#include "flow/prove_inside.h"

struct own {
	struct prover *p;
	const struct world_host *host;
	const struct listener_port *port;
	struct str domain;		/* that it receives for */
	struct map told;		/* "id end": of what is said already */
};

/* The row that leads there: what the next hosts do is not to blame. */
static struct origin
last_row(const struct hop *hop)
{
	struct origin at = ORIGIN_NONE;
	const struct step *step;

	for (step = hop->cleaned.steps; step; step = step->next)
		if (step->by.at.source)
			at = step->by.at;
	return at;
}

/*
 * Many addresses lead to one that is wrong, and all of a circle to each other:
 * the first is told. end: where it goes wrong, or NULL.
 */
static void
report(struct own *o, enum finding_id id, const struct hop *first,
    const struct delivery *end, const char *what)
{
	struct str at = end && id != FINDING_FLOW_LOOP ? end->recipient :
	    STR("");
	const char *key = arena_printf(o->p->arena, "%d %.*s", (int)id,
	    STR_ARG(at));

	if (map_get(&o->told, str_of(key)))
		return;
	map_add(&o->told, str_of(key), o);
	if (prove_may_report(o->p, id, o->host))
		prove_report(o->p, id, last_row(first), first,
		    id == FINDING_FLOW_ENVELOPE ? end : NULL, "<%.*s> %s",
		    STR_ARG(first->message.recipient), what);
}

/* The delivery that makes a hop's fate what it is, or NULL. */
static const struct delivery *
worst(const struct hop *hop)
{
	size_t i;

	for (i = 0; i < hop->n; i++)
		if (hop->delivery[i].fate == hop->fate)
			return &hop->delivery[i];
	return NULL;
}

/* Mail of a stranger that leaves must not say that it is still theirs. */
static void
check_sender(struct own *o, const struct hop *first, const struct hop *hop)
{
	struct str sender = first->message.sender;
	size_t i;

	for (i = 0; i < hop->n; i++) {
		const struct delivery *d = &hop->delivery[i];

		if (d->hop)
			check_sender(o, first, d->hop);
		else if (d->outside && !prove_is_ours(o->p,
		    prove_domain(d->recipient)) &&
		    str_eq_fold(d->sender, sender))
			report(o, FINDING_FLOW_ENVELOPE, first, d,
			    arena_printf(o->p->arena, "leads outside, and "
			    "%s sends what strangers write to it with their "
			    "own sender, whose SPF record names other hosts",
			    hop->host->host.name));
	}
}

/*
 * An address that the host takes: who knows of it expects that mail arrives.
 * What it refuses is nobody's address, whatever the tables say.
 */
static void
ask(struct own *o, struct str recipient)
{
	const struct message m = {.client = prove_stranger(o->p, false),
		.helo = STR("mail.example.net"), .recipient = recipient,
		.sender = prove_stranger_sender(o->p),
		.header_from = prove_stranger_sender(o->p)};
	const struct hop *hop = trace_message(o->host, o->port, &m,
	    &o->p->scratch);

	if (hop->verdict.kind == VERDICT_ACCEPT) {
		if (hop->fate == FATE_LOOP)
			report(o, FINDING_FLOW_LOOP, hop, worst(hop),
			    "goes round and never ends");
		else if (hop->fate == FATE_BOUNCED ||
		    hop->fate == FATE_DEFERRED)
			report(o, FINDING_FLOW_LOST, hop, worst(hop),
			    arena_printf(o->p->arena, "is taken by %s, and "
			    "its mail is %s", o->host->host.name,
			    fate_names[hop->fate]));
		check_sender(o, hop, hop);
	}
	prove_forget(o->p);
}

/* user, user@domain; what belongs to another domain is not asked here. */
static void
ask_key(struct own *o, struct str key)
{
	size_t at = key.len;
	struct arena *a = o->p->arena;

	while (at && key.s[at - 1] != '@')
		at--;
	if (!at)
		ask(o, str_of(arena_printf(a, "%.*s@%.*s", STR_ARG(key),
		    STR_ARG(o->domain))));
	else if (at > 1 && str_eq_fold((struct str){key.s + at, key.len - at},
	    o->domain))
		ask(o, key);
}

static void
ask_keys(struct own *o, const struct maps *maps)
{
	struct table_answer answer;
	struct str key;
	size_t i, at;

	for (i = 0; i < maps->n; i++)
		for (at = 0; table_next(maps->table[i], &at, &key, &answer); )
			ask_key(o, key);
}

/*
 * Whether one of the tables that ask_keys() steps through has a local part,
 * bare or in the domain.
 */
static bool
maps_have(struct prover *p, const struct maps *maps, struct str local,
    struct str domain)
{
	struct str full = str_of(arena_printf(p->arena, "%.*s@%.*s",
	    STR_ARG(local), STR_ARG(domain))), key;
	struct table_answer answer;
	size_t i;

	for (i = 0; i < maps->n; i++) {
		struct table *table = maps->table[i];
		size_t at = 0;

		if (table_next(table, &at, &key, &answer) &&
		    (table_get(table, full, &p->scratch, &answer) ==
		    TABLE_FOUND || table_get(table, local, &p->scratch,
		    &answer) == TABLE_FOUND))
			return true;
	}
	return false;
}

bool
prove_has_row(struct prover *p, const struct host *host, struct str local,
    struct str domain)
{
	size_t i;

	if (maps_have(p, &host->maps.virtual_alias, local, domain))
		return true;
	for (i = 0; i < host->cf.nservice; i++)
		if (host->agent[i] && maps_have(p,
		    agent_aliases(host->agent[i]), local, domain))
			return true;
	return false;
}

void
prove_receives(struct prover *p)
{
	const struct fleet *fleet = p->fleet;
	const struct route *route = fleet->routes.item;
	size_t i, k;

	for (i = 0; i < fleet->routes.n; i++) {
		struct own o = {.p = p, .host = world_host(p->world,
			text_str(route[i].node->fqdn)),
			.domain = text_str(route[i].domain)};
		const struct host *host = o.host ? &o.host->host : NULL;

		o.port = o.host ? trace_port(o.host, 25) : NULL;
		if (!o.port)
			continue;
		map_init_fold(&o.told);
		ask_keys(&o, &host->maps.virtual_alias);
		for (k = 0; k < host->cf.nservice; k++)
			if (host->agent[k])
				ask_keys(&o, agent_aliases(host->agent[k]));
		map_release(&o.told);
	}
}
