/*
 * The laws, one call each, over hosts that were opened from rendered files.
 * A law that cannot be told for a message, because a table is not among the
 * files, says nothing about it: trace says what is missing.
 */
#include "flow/prove_inside.h"

#include <string.h>

void
prove_fleet(struct arena *a, struct diag *d, const struct world *world,
    const struct roles *roles)
{
	struct prover p = {.arena = a, .diag = d, .world = world,
		.fleet = world->fleet, .roles = roles};

	arena_init(&p.scratch);
	prove_addresses(&p);
	prove_relay(&p);
	prove_egress(&p);
	prove_senders(&p);
	prove_dead(&p);
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
	/* Networks for documentation (RFC 5737, RFC 3849); one is free. */
	static const char *const addresses[] = {
		"203.0.113.99", "198.51.100.99", "192.0.2.99", "192.88.99.99",
	};
	static const char *const addresses_v6[] = {
		"2001:db8:ffff:ffff::99", "2001:db8:fffe::99",
	};
	const char *const *address = v6 ? addresses_v6 : addresses;
	size_t n = v6 ? 2 : 4, i;

	for (i = 0; i + 1 < n; i++)
		if (!world_host_at(p->world, str_of(address[i])))
			break;
	return (struct client){.address = str_of(address[i]),
		.name = STR("mail.example.net"), .fingerprint = STR(""),
		.key_fingerprint = STR(""), .login = STR(""), .tls = true};
}

struct str
prove_stranger_sender(void)
{
	return STR("someone@example.net");
}

bool
prove_host_tells_locals(const struct world_host *host,
    const struct listener_port *port, struct str domain)
{
	const struct host_maps *maps = &host->host.maps;

	return maps_tell_locals(&maps->canonical, domain) ||
	    maps_tell_locals(&maps->recipient_canonical, domain) ||
	    maps_tell_locals(&maps->virtual_alias, domain) ||
	    maps_tell_locals(&maps->transport, domain) ||
	    maps_tell_locals(&maps->relocated, domain) ||
	    maps_tell_locals(&maps->generic, domain) ||
	    (port && smtpd_tells_locals(port->smtpd, domain));
}
