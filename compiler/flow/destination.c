/*
 * smtp(8)'s next hop. The fleet's own records answer for its names; a name
 * that they do not have is somebody else's, and there the model ends.
 */
#include "flow/destination.h"

#include <stdio.h>

/* Part "[host]:port", "host:port" or "host". False: broken. */
static bool
part_nexthop(struct str nexthop, struct destination *to)
{
	struct str rest = nexthop, port = {0};
	int64_t n = 0;
	size_t i;

	to->name = rest;
	if (rest.len && rest.s[0] == '[') {
		size_t end = str_find(rest, ']');

		if (end == rest.len)
			return false;
		to->exact = true;
		to->name = (struct str){rest.s + 1, end - 1};
		rest = (struct str){rest.s + end + 1, rest.len - end - 1};
		if (rest.len && rest.s[0] != ':')
			return false;
		if (rest.len)
			port = (struct str){rest.s + 1, rest.len - 1};
	} else if (str_find(rest, ':') < rest.len) {
		to->name.len = str_find(rest, ':');
		port = (struct str){rest.s + to->name.len + 1,
		    rest.len - to->name.len - 1};
	}
	if (str_eq(port, STR("smtp")) || !port.len)
		return to->name.len != 0;
	if (str_eq(port, STR("submission")))
		n = 587;
	else if (str_eq(port, STR("submissions")) ||
	    str_eq(port, STR("smtps")))
		n = 465;
	else
		for (i = 0; i < port.len && n <= 65535; i++) {
			if (port.s[i] < '0' || port.s[i] > '9')
				return false;
			n = n * 10 + (port.s[i] - '0');
		}
	to->port = n;
	return to->name.len && n > 0 && n <= 65535;
}

static void
add_host(struct destination *to, const struct world_host *host)
{
	size_t i;

	for (i = 0; i < to->n; i++)
		if (to->host[i] == host)
			return;
	to->host[to->n++] = host;
}

/* The host behind a name with addresses, or NULL. */
static const struct world_host *
host_of_name(const struct world *world, struct str name)
{
	const struct world_host *host = world_host(world, name);
	const struct record *const *address;
	size_t n;

	if (host)
		return host;
	address = records_addresses(world->records, name, &n);
	return n ? world_host_at(world, str_of(address[0]->data)) : NULL;
}

static struct str
without_ipv6(struct str literal)
{
	if (str_starts(literal, STR("IPv6:")) ||
	    str_starts(literal, STR("ipv6:")))
		literal = (struct str){literal.s + 5, literal.len - 5};
	return literal;
}

static void
find_exact(const struct world *world, struct arena *a,
    struct destination *to)
{
	const struct world_host *host = world_host_at(world,
	    without_ipv6(to->name));

	if (!host)
		host = host_of_name(world, to->name);
	to->host = ARENA_ARRAY(a, const struct world_host *, 1);
	if (host)
		add_host(to, host);
}

/*
 * The preferred exchangers. Where the asking host is among them its own
 * preference and all worse ones do not count (RFC 5321, section 5.1).
 */
static void
find_mx(const struct world *world, const struct world_host *from,
    struct arena *a, struct destination *to)
{
	const struct record *const *mx;
	size_t n, i;

	mx = records_mx(world->records, to->name, &n);
	to->host = ARENA_ARRAY(a, const struct world_host *, n);
	for (i = 0; i < n && mx[i]->preference == mx[0]->preference; i++) {
		const struct world_host *host = host_of_name(world,
		    str_of(mx[i]->data));

		if (host == from && host) {
			to->kind = DESTINATION_SELF;
			return;
		}
		if (host)
			add_host(to, host);
	}
}

void
destination_find(const struct world *world, const struct world_host *from,
    struct str nexthop, int64_t port, struct arena *a, struct destination *to)
{
	struct str first = nexthop, item;

	*to = (struct destination){.kind = DESTINATION_OUTSIDE, .port = port};
	if (value_item(&first, &item))
		nexthop = item;
	if (!part_nexthop(nexthop, to)) {
		to->kind = DESTINATION_BROKEN;
		return;
	}
	/* "[192.0.2.1]" as a domain of an address is such a next hop, too. */
	if (to->exact)
		find_exact(world, a, to);
	else
		find_mx(world, from, a, to);
	if (to->kind == DESTINATION_SELF)
		return;
	if (to->n == 1 && to->host[0] == from && to->port == 25)
		to->kind = DESTINATION_SELF;
	else if (to->n)
		to->kind = DESTINATION_FLEET;
}

/* The first word of a policy is its level. */
static const char *
level_of(struct str policy, struct arena *a)
{
	struct str level;

	if (!value_item(&policy, &level))
		return "";
	return arena_strndup(a, level.s, level.len);
}

/* Whether parents of a destination are asked for, too: it is a domain. */
static bool
has_parents(struct str destination)
{
	return destination.len && destination.s[0] != '[' &&
	    str_find(destination, ':') == destination.len;
}

static bool
find_policy(const struct host *host, struct str destination, struct arena *a,
    struct tls *tls)
{
	struct str key = destination;
	struct lookup lookup = {0};

	while (key.len) {
		if (maps_find(&host->maps.tls_policy, key, false, a,
		    &lookup)) {
			tls->level = level_of(lookup.answer.value, a);
			tls->by = host_decision(host, "smtp_tls_policy_maps",
			    &lookup);
			return true;
		}
		if (lookup.result == TABLE_RETRY ||
		    lookup.result == TABLE_UNKNOWN) {
			tls->result = TABLE_UNKNOWN;
			tls->why = lookup.answer.why;
			tls->by = host_decision(host, "smtp_tls_policy_maps",
			    &lookup);
			return true;
		}
		if (!has_parents(destination))
			return false;
		key = (struct str){key.s + 1, key.len - 1};
		key.s += str_find(key, '.');
		key.len = (size_t)(destination.s + destination.len - key.s);
	}
	return false;
}

void
tls_find(const struct host *host, const struct service *service,
    struct str nexthop, struct arena *a, struct tls *tls)
{
	struct str level = cf_value(&host->cf, service,
	    STR("smtp_tls_security_level"), a);
	bool secure_dns = str_eq(cf_value(&host->cf, service,
	    STR("smtp_dns_support_level"), a), STR("dnssec"));

	*tls = (struct tls){.result = TABLE_FOUND, .level = "none",
		.by = {.what = "smtp_tls_security_level",
		.at = host_setting_origin(host, service,
		"smtp_tls_security_level")}};
	if (!find_policy(host, nexthop, a, tls)) {
		if (level.len)
			tls->level = arena_strndup(a, level.s, level.len);
		else if (cf_bool(&host->cf, service,
		    STR("smtp_enforce_tls")))
			tls->level = "encrypt";
		else if (cf_bool(&host->cf, service, STR("smtp_use_tls")))
			tls->level = "may";
	}
	/* Without DNSSEC lookups Postfix falls back, without a word. */
	if (!secure_dns && !strcmp(tls->level, "dane"))
		tls->level = "may";
	if (!secure_dns && !strcmp(tls->level, "dane-only")) {
		tls->result = TABLE_RETRY;
		tls->why = "dane-only needs smtp_dns_support_level = dnssec; "
		    "without it everything is deferred";
	}
}

bool
tls_authenticates(const char *level)
{
	return !strcmp(level, "dane") || !strcmp(level, "dane-only") ||
	    !strcmp(level, "half-dane") || !strcmp(level, "fingerprint") ||
	    !strcmp(level, "verify") || !strcmp(level, "secure");
}

bool
tls_has_tlsa(const struct world *world, const struct world_host *host,
    int64_t port)
{
	char owner[300];
	size_t n;

	/* Without its certificate the record is made by others. */
	if (!host->node || !host->node->certificate)
		return true;
	snprintf(owner, sizeof(owner), "_%lld._tcp.%s", (long long)port,
	    host->host.name);
	records_get(world->records, str_of(owner), RECORD_TLSA, &n);
	return n != 0;
}
