/*
 * What ways keep: answers by address and by sender, and why mail ends as it
 * should not. Strings of one message are in the scratch arena; what is kept
 * is copied.
 */
#include "flow/way_inside.h"

enum { CAUSES = 256 };

void
way_memo_init(struct memo *memo)
{
	*memo = (struct memo){0};
	map_init_fold(&memo->other);
}

/* The weight that reaches none of a host's limits. */
static way_end
most_of(const struct host_settings *set)
{
	int64_t most = HEAVIEST;

	if (set->alias_recursion < most)
		most = set->alias_recursion;
	if (set->alias_expansion < most)
		most = set->alias_expansion;
	return most > 0 ? (way_end)most : 0;
}

void
way_init(struct way *w, const struct world *world, struct arena *scratch)
{
	const struct fleet *fleet = world->fleet;
	size_t i;

	*w = (struct way){.world = world, .fleet = fleet, .scratch = scratch,
		.ncause = 1};
	arena_init(&w->keep);
	map_init(&w->strange);
	w->symbol = STR("any-address");
	while (fleet_address(fleet, w->symbol) != NOWHERE)
		w->symbol = str_of(arena_printf(&w->keep, "%.*s-at-all",
		    STR_ARG(w->symbol)));
	w->host = ARENA_ARRAY(&w->keep, struct way_host, world->n);
	for (i = 0; i < world->n; i++) {
		struct way_host *h = &w->host[i];

		h->host = &world->host[i];
		way_memo_init(&h->memo);
		map_init(&h->by_sender);
		map_init(&h->senders);
		map_init(&h->routes);
		h->filtered = host_value(&h->host->host,
		    "content_filter").len != 0;
		h->minds = h->host->host.maps.canonical.n ||
		    h->host->host.maps.sender_canonical.n ||
		    h->host->host.maps.generic.n ||
		    h->host->host.set.masquerade_domains.len;
		h->most = most_of(&h->host->host.set);
	}
	for (i = 0; i < fleet->mx.n; i++) {
		const struct world_host *host = world_host(world, text_str(
		    ((const struct node *const *)fleet->mx.item)[i]->fqdn));

		if (host)
			w->host[host - world->host].is_mx = true;
	}
	for (i = 0; i < fleet->srs_hosts.n; i++) {
		const struct world_host *host = world_host(world, text_str(
		    ((const struct node *const *)fleet->srs_hosts.item)[i]->
		    fqdn));

		if (host)
			w->host[host - world->host].is_srs = true;
	}
}

void
way_release(struct way *w)
{
	struct door *door;
	size_t i;

	for (i = 0; i < w->world->n; i++) {
		struct way_host *h = &w->host[i];

		for (door = h->door; door; door = door->next) {
			map_release(&door->memo.other);
			map_release(&door->senders);
			map_release(&door->tells);
		}
		map_release(&h->memo.other);
		map_release(&h->by_sender);
		map_release(&h->senders);
		map_release(&h->routes);
	}
	map_release(&w->strange);
	for (i = 0; i < WAY_MAILS; i++)
		arena_release(&w->mail[i].arena);
	arena_release(&w->keep);
}

struct str
way_copy(struct way *w, struct str s)
{
	return (struct str){arena_strndup(&w->keep, s.s, s.len), s.len};
}

struct way_host *
way_host_of(const struct way *w, const struct world_host *host)
{
	return &w->host[host - w->world->host];
}

/* Memory */

/* Whose domain it is. */
enum { DOMAIN_MAIN, DOMAIN_ALIAS, DOMAIN_OTHER };

static int
domain_kind(const struct way *w, struct str domain)
{
	if (str_eq_fold(domain, text_str(w->fleet->domain)))
		return DOMAIN_MAIN;
	return map_get(&w->fleet->domains, domain) ? DOMAIN_ALIAS :
	    DOMAIN_OTHER;
}

way_end *
way_map_cell(struct way *w, struct map *map, struct str key)
{
	way_end *cell = map_get(map, key);

	if (cell)
		return cell;
	cell = ARENA_NEW(&w->keep, way_end);
	map_add(map, way_copy(w, key), cell);
	return cell;
}

way_end *
way_cell(struct way *w, struct memo *memo, struct str address)
{
	size_t at = address.len;
	uint32_t number = NOWHERE;
	int kind = DOMAIN_OTHER;

	while (at && address.s[at - 1] != '@')
		at--;
	if (at)
		kind = domain_kind(w, (struct str){address.s + at,
		    address.len - at});
	if (kind != DOMAIN_OTHER)
		number = fleet_address(w->fleet, (struct str){address.s,
		    at - 1});
	if (number == NOWHERE)
		return way_map_cell(w, &memo->other, address);
	if (kind == DOMAIN_ALIAS)
		return NULL;
	if (!memo->ours)
		memo->ours = ARENA_ARRAY(&w->keep, way_end,
		    fleet_addresses(w->fleet));
	return &memo->ours[number];
}

way_end *
way_sender_cell(struct way *w, struct way_host *h, const void *door,
    struct str address, struct str sender)
{
	char *key = arena_printf(w->scratch, "%p %.*s\n%.*s", door,
	    STR_ARG(address), STR_ARG(sender));

	return way_map_cell(w, &h->by_sender, str_of(key));
}

/* Causes */

way_end
way_ended(struct way *w, const struct world_host *host, enum fate fate,
    const struct decision *by, bool handoff)
{
	const char *what = by && by->what ? by->what : "";
	struct str table = by ? by->table : (struct str){0};
	struct cause *c;
	size_t i;

	for (i = 1; i < w->ncause; i++) {
		c = &w->cause[i];
		if (c->host == host && c->fate == fate &&
		    c->handoff == handoff && !strcmp(c->what, what) &&
		    str_eq(c->table, table))
			break;
	}
	if (i == CAUSES)
		i--;
	if (i == w->ncause) {
		w->cause[i] = (struct cause){host, fate,
			arena_strdup(&w->keep, what), way_copy(w, table),
			handoff};
		w->ncause++;
	}
	return (way_end)fate | WAY_DONE | (way_end)i << WAY_CAUSE;
}
