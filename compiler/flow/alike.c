/*
 * Everything that meets a recipient is asked: cleanup's and trivial-rewrite's
 * tables, and those of the listener. A domain that is not an alias domain of
 * the host has itself as next hop, which no other domain has.
 */
#include "flow/alike.h"

#include "flow/agent.h"
#include "flow/resolve.h"

/* The last one is never asked for a local part alone. */
enum { MAPS = 6, BARE = 5 };

static void
recipient_maps(const struct host *host, const struct maps *maps[MAPS])
{
	maps[0] = &host->maps.canonical;
	maps[1] = &host->maps.recipient_canonical;
	maps[2] = &host->maps.virtual_alias;
	maps[3] = &host->maps.relocated;
	maps[4] = &host->maps.generic;
	maps[5] = &host->maps.transport;
}

/* What a host makes of the address of anybody in a domain. */
static void
resolve_any(const struct host *host, struct str domain, struct arena *a,
    struct resolution *r)
{
	resolve_address(host, STR(""), str_of(arena_printf(a, "any@%.*s",
	    STR_ARG(domain))), a, r);
}

/* Whether an agent of the host ends mail for a domain and asks for whom. */
static bool
agent_tells(const struct host *host, struct str domain)
{
	const struct service *service;
	const struct agent *agent;
	struct resolution r;
	struct arena a;

	arena_init(&a);
	resolve_any(host, domain, &a, &r);
	service = r.result == TABLE_FOUND && !r.bad ?
	    host_transport(host, r.transport) : NULL;
	agent = service ? host_agent(host, service) : NULL;
	arena_release(&a);
	return agent && agent_tells_locals(agent);
}

bool
host_tells_locals(const struct world_host *host,
    const struct listener_port *port, struct str domain)
{
	const struct maps *maps[MAPS];
	size_t i;

	recipient_maps(&host->host, maps);
	for (i = 0; i < MAPS; i++)
		if (maps_tell_locals(maps[i], domain))
			return true;
	for (i = 0; i < host->host.cf.nservice; i++)
		if (maps_tell_locals(&host->host.generic[i], domain))
			return true;
	if (agent_tells(&host->host, domain))
		return true;
	return port && smtpd_tells_locals(port->smtpd, domain);
}

static bool
is_alias_domain(const struct host *host, struct str domain)
{
	struct resolution r;
	struct arena a;

	arena_init(&a);
	resolve_any(host, domain, &a, &r);
	arena_release(&a);
	return r.result == TABLE_FOUND && !r.bad && r.class == CLASS_ALIAS;
}

bool
host_print(const struct world_host *host, const struct listener_port *port,
    struct str domain, struct buf *print)
{
	const struct host *h = &host->host;
	const struct maps *maps[MAPS];
	bool bare = false;
	size_t i;

	if (!is_alias_domain(h, domain) || (h->set.masquerade_domains.len &&
	    h->set.masquerade.envelope_recipient))
		return false;
	recipient_maps(h, maps);
	for (i = 0; i < BARE; i++)
		bare |= maps_tell_bare(maps[i]);
	for (i = 0; i < h->cf.nservice; i++)
		bare |= maps_tell_bare(&h->generic[i]);
	buf_printf(print, "bare %d\n", bare && str_eq_fold(domain,
	    h->rules.origin));
	for (i = 0; i < MAPS; i++)
		if (!maps_print(maps[i], domain, print))
			return false;
	for (i = 0; i < h->cf.nservice; i++)
		if (!maps_print(&h->generic[i], domain, print))
			return false;
	return !port || smtpd_print(port->smtpd, domain, print);
}
