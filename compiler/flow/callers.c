/*
 * Which clients to try. Every network that main.cf, a service's -o or a cidr
 * table names parts the addresses; from each part come the first, the second
 * and the last, and from what is in none a stranger.
 */
#include "flow/callers.h"

#include "flow/trace.h"

#include <arpa/inet.h>

struct client
caller_stranger(const struct world *world, bool v6)
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
		if (!world_host_at(world, str_of(address[i])))
			break;
	return (struct client){.address = str_of(address[i]),
		.name = STR("mail.example.net"), .fingerprint = STR(""),
		.key_fingerprint = STR(""), .login = STR(""), .tls = true};
}

struct str
caller_outside(const struct world *world, unsigned which)
{
	/* RFC 2606; a test fleet may have some of them for its own. */
	static const char *const addresses[] = {
		"someone@example.net", "someone@example.com",
		"someone@example.edu", "someone@elsewhere.example",
		"someone@nowhere.invalid",
	};
	size_t n = sizeof(addresses) / sizeof(addresses[0]), i;

	for (i = 0; i + 1 < n; i++)
		if (!records_domain(world->records, str_of(
		    addresses[i] + sizeof("someone@") - 1)) && !which--)
			break;
	return str_of(addresses[i]);
}

void
callers_init(struct callers *c, const struct world *world, struct arena *a)
{
	*c = (struct callers){.world = world, .arena = a};
	map_init(&c->seen);
}

void
callers_release(struct callers *c)
{
	map_release(&c->seen);
}

static struct str
keep(struct callers *c, struct str s)
{
	return (struct str){arena_strndup(c->arena, s.s, s.len), s.len};
}

static void
add_caller(struct callers *c, struct caller caller)
{
	const char *key = arena_printf(c->arena, "%.*s %.*s %.*s",
	    STR_ARG(caller.client.address), STR_ARG(caller.client.fingerprint),
	    STR_ARG(caller.client.login));
	size_t n = c->seen.n;

	map_add(&c->seen, str_of(key), c);
	if (c->seen.n == n)
		return;
	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 32;
		struct caller *grown = ARENA_ARRAY(c->arena,
		    struct caller, cap);

		if (c->n)
			memcpy(grown, c->caller, c->n * sizeof(*grown));
		c->caller = grown;
		c->cap = cap;
	}
	c->caller[c->n++] = caller;
}

static bool
is_loopback(struct str address)
{
	return str_starts(address, STR("127.")) ||
	    str_eq(address, STR("::1")) ||
	    str_starts(address, STR("::ffff:127."));
}

/* An address of a network that a setting or a table of the host names. */
static void
add_address(struct callers *c, int family, const unsigned char *bytes)
{
	char text[INET6_ADDRSTRLEN];
	struct client client = caller_stranger(c->world, family == AF_INET6);
	const struct world_host *node;

	if (!inet_ntop(family, bytes, text, sizeof(text)))
		return;
	client.address = keep(c, str_of(text));
	if (is_loopback(client.address))
		return;
	node = world_host_at(c->world, client.address);
	add_caller(c, (struct caller){client, node, arena_printf(c->arena,
	    "a client at %s", text)});
}

/* The first, the second and the last address of a pattern. */
static void
add_network(struct callers *c, struct str pattern)
{
	unsigned family, prefix, bit, size;
	unsigned char bytes[16];
	struct str address = pattern;
	char text[INET6_ADDRSTRLEN];
	size_t i = 0, n = 0;

	if (network_error(c->arena, pattern, &family, &prefix))
		return;
	for (; i < address.len && n + 1 < sizeof(text) &&
	    address.s[i] != '/'; i++)
		if (address.s[i] != '[' && address.s[i] != ']')
			text[n++] = address.s[i];
	text[n] = '\0';
	if (inet_pton(family == 4 ? AF_INET : AF_INET6, text, bytes) != 1)
		return;
	size = family == 4 ? 4 : 16;
	add_address(c, family == 4 ? AF_INET : AF_INET6, bytes);
	if (prefix < size * 8) {
		bytes[size - 1] |= 1;
		add_address(c, family == 4 ? AF_INET : AF_INET6, bytes);
	}
	for (bit = prefix; bit < size * 8; bit++)
		bytes[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
	add_address(c, family == 4 ? AF_INET : AF_INET6, bytes);
}

/* The networks that lines of a cidr table begin with. */
static void
add_cidr(struct callers *c, const struct world_host *host, struct str path)
{
	const struct planned_file *file = place_file(host->host.files, path);
	struct str text = {0}, line, word;

	if (file)
		text = (struct str){file->content.s, file->content.len};
	while (text.len) {
		line = (struct str){text.s, str_find(text, '\n')};
		text.s += line.len;
		text.len -= line.len;
		if (text.len) {
			text.s++;
			text.len--;
		}
		if (value_item(&line, &word))
			add_network(c, word.s[0] == '!' ?
			    (struct str){word.s + 1, word.len - 1} : word);
	}
}

static void
add_mentioned(struct callers *c, const struct world_host *host,
    const struct service *service, struct str value)
{
	struct str item, type, path;

	value = cf_expand(&host->host.cf, service, value, c->arena);
	while (value_item(&value, &item)) {
		path = table_file(item, &type);
		if (str_eq(type, STR("cidr")))
			add_cidr(c, host, path);
		else
			add_network(c, item);
	}
}

/* Every network that tells clients apart here. */
static void
add_networks(struct callers *c, const struct world_host *host,
    const struct service *service)
{
	const struct cf *cf = &host->host.cf;
	size_t i;

	for (i = 0; i < cf->nsetting; i++)
		add_mentioned(c, host, service, cf->setting[i].value);
	for (i = 0; i < service->noption; i++)
		add_mentioned(c, host, service, service->option[i].value);
}

void
callers_of_nodes(struct callers *c)
{
	const struct world *world = c->world;
	size_t i, v6;

	for (i = 0; i < world->n; i++) {
		const struct world_host *node = &world->host[i];
		struct caller caller = {.node = node};

		for (v6 = 0; v6 < 2; v6++) {
			trace_client(node, v6, &caller.client);
			if (!caller.client.address.len)
				continue;
			caller.who = arena_printf(c->arena, "%s%s",
			    node->host.name, caller.client.fingerprint.len ?
			    ", with its certificate" : "");
			add_caller(c, caller);
			caller.client.fingerprint = STR("");
			caller.client.key_fingerprint = STR("");
			caller.who = arena_printf(c->arena,
			    "%s, without a certificate", node->host.name);
			add_caller(c, caller);
		}
	}
}

/* Every certificate of a node, shown from anywhere, and every listed one. */
static void
add_certificates(struct callers *c, const struct world_host *host,
    const struct service *service)
{
	struct client stranger = caller_stranger(c->world, false);
	const struct world *world = c->world;
	struct maps listed = {0};
	struct table_answer answer;
	struct str key;
	size_t i, j, at;

	stranger.fingerprint = STR("00:11:22:33:44:55:66:77:88:99:AA:BB:CC:"
	    "DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF");
	add_caller(c, (struct caller){stranger, NULL,
	    "a client with a certificate that no node has"});
	for (i = 0; i < world->n; i++) {
		const struct node *node = world->host[i].node;
		const struct fingerprint *f = node ? node->fingerprints.item :
		    NULL;

		for (j = 0; f && j < node->fingerprints.n; j++) {
			stranger.fingerprint = text_str(f[j].value);
			add_caller(c, (struct caller){stranger,
			    &world->host[i], arena_printf(c->arena,
			    "the certificate of %s", node->fqdn.s)});
		}
	}
	maps_open(&listed, host->host.tables, cf_value(&host->host.cf,
	    service, STR("relay_clientcerts"), c->arena));
	for (i = 0; i < listed.n; i++)
		for (at = 0; table_next(listed.table[i], &at, &key, &answer);) {
			stranger.fingerprint = keep(c, key);
			add_caller(c, (struct caller){stranger, NULL,
			    arena_printf(c->arena, "the listed certificate "
			    "%.*s", STR_ARG(key))});
		}
}

void
callers_add_login(struct callers *c)
{
	const struct fleet *fleet = c->world->fleet;
	struct client client = caller_stranger(c->world, false);
	const struct account *account = fleet ? fleet->ldap.accounts.item :
	    NULL;

	client.login = fleet && fleet->ldap.accounts.n ?
	    text_str(account[0].uid) : STR("alice");
	add_caller(c, (struct caller){client, NULL, "somebody who logged in"});
}

void
callers_of_port(struct callers *c, const struct world_host *host,
    const struct listener_port *port)
{
	add_caller(c, (struct caller){caller_stranger(c->world, false), NULL,
	    "a stranger"});
	add_caller(c, (struct caller){caller_stranger(c->world, true), NULL,
	    "a stranger, by IPv6"});
	add_networks(c, host, port->service);
	add_certificates(c, host, port->service);
	/* Where nobody can log in, nobody tries. */
	if (cf_bool(&host->host.cf, port->service,
	    STR("smtpd_sasl_auth_enable")))
		callers_add_login(c);
}
