/*
 * The laws, one call each, over hosts that were opened from rendered files.
 * A law that cannot be told for a message, because a table is not among the
 * files, says nothing about it: trace says what is missing.
 */
#include "flow/callers.h"
#include "flow/prove_inside.h"

#include <string.h>

enum { REPORTS = 3 };			/* of one law in one role */

struct group {
	size_t n;
	size_t first;			/* finding */
	const char *role;
};

bool
prove_may_report(struct prover *p, enum finding_id id,
    const struct world_host *host)
{
	const char *role = host->node && host->node->role ?
	    host->node->role->name.s : "";
	const char *key = arena_printf(p->arena, "%d %s", (int)id, role);
	struct group *group = map_get(&p->groups, str_of(key));

	if (!group) {
		group = ARENA_NEW(p->arena, struct group);
		*group = (struct group){0, diag_mark(p->diag), role};
		map_add(&p->groups, str_of(key), group);
	}
	return group->n++ < REPORTS;
}

/* What was not reported one by one. */
static void
note_others(struct prover *p)
{
	size_t i;

	for (i = 0; i < p->groups.n; i++) {
		const struct group *group = p->groups.entry[i].value;

		if (group->n > REPORTS)
			diag_note(p->diag, group->first, ORIGIN_NONE,
			    "the same %zu times more on hosts of role '%s'",
			    group->n - REPORTS, group->role);
	}
}

void
prove_fleet(struct arena *a, struct diag *d, const struct world *world,
    const struct roles *roles)
{
	struct prover p = {.arena = a, .diag = d, .world = world,
		.fleet = world->fleet, .roles = roles};

	arena_init(&p.scratch);
	map_init(&p.groups);
	prove_addresses(&p);
	prove_relay(&p);
	prove_egress(&p);
	prove_receives(&p);
	prove_senders(&p);
	prove_dead(&p);
	note_others(&p);
	map_release(&p.groups);
	arena_release(&p.scratch);
}

void
prove_forget(struct prover *p)
{
	arena_clear(&p->scratch);
}

struct client
prove_stranger(const struct prover *p, bool v6)
{
	return caller_stranger(p->world, v6);
}

struct str
prove_stranger_sender(const struct prover *p)
{
	return caller_outside(p->world, 0);
}

struct str
prove_outside(const struct prover *p)
{
	return caller_outside(p->world, 1);
}

struct str
prove_domain(struct str address)
{
	size_t at = address.len;

	while (at && address.s[at - 1] != '@')
		at--;
	return (struct str){address.s + at, at ? address.len - at : 0};
}

bool
prove_is_ours(const struct prover *p, struct str domain)
{
	return map_get(&p->fleet->domains, domain) != NULL;
}

/* The first address of a kind that is in the tables. */
static struct str
first_mapping(struct prover *p, bool forward)
{
	uint32_t i, n = fleet_addresses(p->fleet);

	for (i = 0; i < n; i++) {
		const struct mapping *m = forward ?
		    fleet_forward(p->fleet, i) : fleet_alias(p->fleet, i);
		struct str local = fleet_local(p->fleet, i);

		if (m && !m->bad && !m->poisoned)
			return str_of(arena_printf(p->arena, "%.*s@%s",
			    STR_ARG(local), p->fleet->domain.s));
	}
	return (struct str){0};
}

struct str
prove_own(struct prover *p, const struct world_host *host,
    const struct listener *contract)
{
	const struct text *receives = host->node->receives.item;
	struct str found;

	if (!str_eq(text_str(contract->recipients), STR("own")))
		return (struct str){0};
	if (host->node->role->receives)
		return host->node->receives.n ?
		    str_of(arena_printf(p->arena, "postmaster@%s",
		    receives[0].s)) : (struct str){0};
	found = str_eq(text_str(contract->from), STR("mx")) ?
	    (struct str){0} : first_mapping(p, false);
	return found.len ? found : first_mapping(p, true);
}
