/*
 * Whom each listener relays for must be what its role says, no more and no
 * less. Restrictions know a client by its address, its certificate and its
 * login; addresses that no network or table of the host tells apart get one
 * answer, so one of each kind stands for all.
 */
#include "flow/prove_inside.h"

#include <arpa/inet.h>

/* A client to try, and who it is. */
struct caller {
	struct client client;
	const struct world_host *node;	/* whose address or certificate it
					   has; NULL: a stranger's */
	const char *who;
};

struct relay {
	struct prover *p;
	const struct world_host *host;
	const struct listener_port *port;
	const struct listener *contract;
	struct caller *caller;
	size_t n, cap;
	struct map seen;		/* address, certificate, login */
	struct str outside, own;	/* recipients; own.len 0: none */
};

static struct str
keep(struct prover *p, struct str s)
{
	return (struct str){arena_strndup(p->arena, s.s, s.len), s.len};
}

static void
add_caller(struct relay *r, struct caller caller)
{
	const char *key = arena_printf(r->p->arena, "%.*s %.*s %.*s",
	    STR_ARG(caller.client.address), STR_ARG(caller.client.fingerprint),
	    STR_ARG(caller.client.login));
	size_t n = r->seen.n;

	map_add(&r->seen, str_of(key), r);
	if (r->seen.n == n)
		return;
	if (r->n == r->cap) {
		size_t cap = r->cap ? r->cap * 2 : 32;
		struct caller *grown = ARENA_ARRAY(r->p->arena,
		    struct caller, cap);

		if (r->n)
			memcpy(grown, r->caller, r->n * sizeof(*grown));
		r->caller = grown;
		r->cap = cap;
	}
	r->caller[r->n++] = caller;
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
add_address(struct relay *r, int family, const unsigned char *bytes)
{
	char text[INET6_ADDRSTRLEN];
	struct client client = prove_stranger(r->p, family == AF_INET6);
	const struct world_host *node;

	if (!inet_ntop(family, bytes, text, sizeof(text)))
		return;
	client.address = keep(r->p, str_of(text));
	if (is_loopback(client.address))
		return;
	node = world_host_at(r->p->world, client.address);
	add_caller(r, (struct caller){client, node, arena_printf(r->p->arena,
	    "a client at %s", text)});
}

/* The first, the second and the last address of a pattern. */
static void
add_network(struct relay *r, struct str pattern)
{
	unsigned family, prefix, bit, size;
	unsigned char bytes[16];
	struct str address = pattern;
	char text[INET6_ADDRSTRLEN];
	size_t i = 0, n = 0;

	if (network_error(r->p->arena, pattern, &family, &prefix))
		return;
	for (; i < address.len && n + 1 < sizeof(text) &&
	    address.s[i] != '/'; i++)
		if (address.s[i] != '[' && address.s[i] != ']')
			text[n++] = address.s[i];
	text[n] = '\0';
	if (inet_pton(family == 4 ? AF_INET : AF_INET6, text, bytes) != 1)
		return;
	size = family == 4 ? 4 : 16;
	add_address(r, family == 4 ? AF_INET : AF_INET6, bytes);
	if (prefix < size * 8) {
		bytes[size - 1] |= 1;
		add_address(r, family == 4 ? AF_INET : AF_INET6, bytes);
	}
	for (bit = prefix; bit < size * 8; bit++)
		bytes[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
	add_address(r, family == 4 ? AF_INET : AF_INET6, bytes);
}

/* The networks that lines of a cidr table begin with. */
static void
add_cidr(struct relay *r, struct str path)
{
	const struct planned_file *file = place_file(r->host->host.files,
	    path);
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
			add_network(r, word.s[0] == '!' ?
			    (struct str){word.s + 1, word.len - 1} : word);
	}
}

static void
add_mentioned(struct relay *r, struct str value)
{
	struct str item, type, path;

	value = cf_expand(&r->host->host.cf, r->port->service, value,
	    r->p->arena);
	while (value_item(&value, &item)) {
		path = table_file(item, &type);
		if (str_eq(type, STR("cidr")))
			add_cidr(r, path);
		else
			add_network(r, item);
	}
}

/* Every network that tells clients apart here. */
static void
add_networks(struct relay *r)
{
	const struct cf *cf = &r->host->host.cf;
	const struct service *service = r->port->service;
	size_t i;

	for (i = 0; i < cf->nsetting; i++)
		add_mentioned(r, cf->setting[i].value);
	for (i = 0; i < service->noption; i++)
		add_mentioned(r, service->option[i].value);
}

static void
add_nodes(struct relay *r)
{
	const struct world *world = r->p->world;
	size_t i, v6;

	for (i = 0; i < world->n; i++) {
		const struct world_host *node = &world->host[i];
		struct caller caller = {.node = node};

		for (v6 = 0; v6 < 2; v6++) {
			trace_client(node, v6, &caller.client);
			if (!caller.client.address.len)
				continue;
			caller.who = arena_printf(r->p->arena, "%s%s",
			    node->host.name, caller.client.fingerprint.len ?
			    ", with its certificate" : "");
			add_caller(r, caller);
			caller.client.fingerprint = STR("");
			caller.client.key_fingerprint = STR("");
			caller.who = arena_printf(r->p->arena,
			    "%s, without a certificate", node->host.name);
			add_caller(r, caller);
		}
	}
}

/* Every certificate of a node, shown from anywhere, and every listed one. */
static void
add_certificates(struct relay *r)
{
	struct client stranger = prove_stranger(r->p, false);
	const struct world *world = r->p->world;
	struct maps listed = {0};
	struct table_answer answer;
	struct str key;
	size_t i, j, at;

	stranger.fingerprint = STR("00:11:22:33:44:55:66:77:88:99:AA:BB:CC:"
	    "DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF");
	add_caller(r, (struct caller){stranger, NULL,
	    "a client with a certificate that no node has"});
	for (i = 0; i < world->n; i++) {
		const struct node *node = world->host[i].node;
		const struct fingerprint *f = node ? node->fingerprints.item :
		    NULL;

		for (j = 0; f && j < node->fingerprints.n; j++) {
			stranger.fingerprint = text_str(f[j].value);
			add_caller(r, (struct caller){stranger,
			    &world->host[i], arena_printf(r->p->arena,
			    "the certificate of %s", node->fqdn.s)});
		}
	}
	maps_open(&listed, r->host->host.tables, cf_value(&r->host->host.cf,
	    r->port->service, STR("relay_clientcerts"), r->p->arena));
	for (i = 0; i < listed.n; i++)
		for (at = 0; table_next(listed.table[i], &at, &key, &answer);) {
			stranger.fingerprint = keep(r->p, key);
			add_caller(r, (struct caller){stranger, NULL,
			    arena_printf(r->p->arena, "the listed certificate "
			    "%.*s", STR_ARG(key))});
		}
}

static void
add_logins(struct relay *r)
{
	const struct account *account = r->p->fleet->ldap.accounts.item;
	struct client client = prove_stranger(r->p, false);

	/* Where nobody can log in, nobody tries. */
	if (!str_eq(text_str(r->contract->from), STR("login")) &&
	    !cf_bool(&r->host->host.cf, r->port->service,
	    STR("smtpd_sasl_auth_enable")))
		return;
	client.login = r->p->fleet->ldap.accounts.n ?
	    text_str(account[0].uid) : STR("alice");
	add_caller(r, (struct caller){client, NULL, "somebody who logged in"});
}

/*
 * A listener for anyone knows nodes only where it names them, and what it
 * names is there already.
 */
static void
add_callers(struct relay *r)
{
	add_caller(r, (struct caller){prove_stranger(r->p, false), NULL,
	    "a stranger"});
	add_caller(r, (struct caller){prove_stranger(r->p, true), NULL,
	    "a stranger, by IPv6"});
	add_networks(r);
	if (!str_eq(text_str(r->contract->from), STR("anyone")))
		add_nodes(r);
	add_certificates(r);
	add_logins(r);
}

static bool
in_refs(const struct list *refs, const struct world_host *node)
{
	const struct node *const *ref = refs->item;
	size_t i;

	for (i = 0; node && i < refs->n; i++)
		if (ref[i] == node->node)
			return true;
	return false;
}

static bool
has_fingerprint(const struct world_host *node, struct str fingerprint)
{
	const struct fingerprint *f;
	size_t i;

	if (!node || !node->node)
		return false;
	f = node->node->fingerprints.item;
	for (i = 0; i < node->node->fingerprints.n; i++)
		if (str_eq_fold(text_str(f[i].value), fingerprint))
			return true;
	return false;
}

/* The node whose certificate it is, wherever it comes from. */
static const struct world_host *
certified(const struct relay *r, const struct client *client)
{
	const struct world *world = r->p->world;
	size_t i;

	for (i = 0; client->fingerprint.len && i < world->n; i++)
		if (has_fingerprint(&world->host[i], client->fingerprint))
			return &world->host[i];
	return NULL;
}

/* Whether the role lets the client in at all. */
static bool
is_served(const struct relay *r, const struct caller *caller)
{
	struct str from = text_str(r->contract->from);

	if (str_eq(from, STR("mx")))
		return in_refs(&r->p->fleet->mx, caller->node) &&
		    world_host_at(r->p->world, caller->client.address) ==
		    caller->node;
	if (str_eq(from, STR("login")))
		return caller->client.login.len != 0;
	if (str_eq(from, STR("certificate")))
		return in_refs(&r->p->fleet->clients,
		    certified(r, &caller->client));
	return str_eq(from, STR("anyone"));
}

/* The sender that a client of this kind has. */
static struct str
sender_of(const struct relay *r, const struct caller *caller)
{
	if (caller->client.login.len)
		return str_of(arena_printf(r->p->arena, "%.*s@%s",
		    STR_ARG(caller->client.login), r->p->fleet->domain.s));
	if (caller->node)
		return str_of(arena_printf(r->p->arena, "root@%s",
		    caller->node->host.name));
	return prove_stranger_sender();
}

static void
report(struct relay *r, const struct caller *caller, struct str sender,
    struct str recipient, bool wide)
{
	struct message m = {.client = caller->client, .from = caller->node,
		.helo = caller->client.name, .sender = sender,
		.recipient = recipient, .header_from = sender};
	const struct hop *hop;

	if (!prove_may_report(r->p, FINDING_FLOW_RELAY, r->host))
		return;
	hop = trace_hop(r->p->world, r->host, r->port, &m, &r->p->scratch);
	if (wide)
		prove_report(r->p, FINDING_FLOW_RELAY, hop->verdict.by.at, hop,
		    NULL, "%s takes mail for <%.*s> from %s on port %lld; by "
		    "its role (from %s, recipients %s) it must not",
		    r->host->host.name, STR_ARG(recipient), caller->who,
		    (long long)r->port->port, r->contract->from.s,
		    r->contract->recipients.s);
	else
		prove_report(r->p, FINDING_FLOW_RELAY, hop->verdict.by.at, hop,
		    NULL, "%s refuses mail for <%.*s> from %s on port %lld; "
		    "by its role (from %s, recipients %s) it must not",
		    r->host->host.name, STR_ARG(recipient), caller->who,
		    (long long)r->port->port, r->contract->from.s,
		    r->contract->recipients.s);
}

static void
try_one(struct relay *r, const struct caller *caller, struct str sender,
    struct str recipient, bool wanted)
{
	struct session session = {.client = caller->client,
		.helo = caller->client.name, .sender = sender,
		.recipient = recipient};
	struct verdict verdict;

	smtpd_judge(r->port->smtpd, &session, &r->p->scratch, &verdict);
	if (verdict.kind == VERDICT_ACCEPT && !wanted)
		report(r, caller, sender, recipient, true);
	else if (verdict.kind == VERDICT_REFUSE && wanted)
		report(r, caller, sender, recipient, false);
	prove_forget(r->p);
}

/* Widening is tried with every kind of sender, the rest with the usual. */
static void
try_caller(struct relay *r, const struct caller *caller)
{
	struct str usual = sender_of(r, caller);
	struct str own = str_of(arena_printf(r->p->arena, "postmaster@%s",
	    r->p->fleet->domain.s));
	bool any = str_eq(text_str(r->contract->recipients), STR("any"));
	bool served = is_served(r, caller);

	try_one(r, caller, usual, r->outside, served && any);
	if (!(served && any)) {
		try_one(r, caller, STR(""), r->outside, false);
		try_one(r, caller, own, r->outside, false);
		try_one(r, caller, prove_stranger_sender(), r->outside,
		    false);
	}
	if (r->own.len)
		try_one(r, caller, usual, r->own, served);
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

/* A recipient that the listener's role has for its own; empty: none. */
static struct str
own_recipient(struct relay *r)
{
	const struct text *receives = r->host->node->receives.item;
	struct str found;

	if (!str_eq(text_str(r->contract->recipients), STR("own")))
		return (struct str){0};
	if (r->host->node->role->receives)
		return r->host->node->receives.n ?
		    str_of(arena_printf(r->p->arena, "postmaster@%s",
		    receives[0].s)) : (struct str){0};
	found = str_eq(text_str(r->contract->from), STR("mx")) ?
	    (struct str){0} : first_mapping(r->p, false);
	return found.len ? found : first_mapping(r->p, true);
}

/* Whoever is served must not be served in clear text. */
static void
prove_encrypted(struct relay *r)
{
	bool wrapper = str_eq(text_str(r->contract->tls), STR("wrapper"));
	struct message m = {.helo = STR("mail.example.net"),
		.recipient = r->own.len ? r->own : r->outside};
	const struct hop *hop;
	size_t i = 0;

	if (!wrapper && !str_eq(text_str(r->contract->tls), STR("encrypt")))
		return;
	while (i < r->n && !is_served(r, &r->caller[i]))
		i++;
	if (i == r->n || (wrapper && cf_bool(&r->host->host.cf,
	    r->port->service, STR("smtpd_tls_wrappermode"))))
		return;
	m.client = r->caller[i].client;
	m.client.tls = false;
	m.sender = m.header_from = sender_of(r, &r->caller[i]);
	hop = trace_hop(r->p->world, r->host, r->port, &m, &r->p->scratch);
	if (wrapper || hop->verdict.kind == VERDICT_ACCEPT)
		prove_report(r->p, FINDING_FLOW_TLS, hop->verdict.by.at, hop,
		    NULL, "%s takes mail on port %lld without TLS; its role "
		    "promises '%s'", r->host->host.name,
		    (long long)r->port->port, r->contract->tls.s);
	prove_forget(r->p);
}

static void
prove_listener(struct prover *p, const struct world_host *host,
    const struct listener *contract)
{
	struct relay r = {.p = p, .host = host, .contract = contract};
	int64_t port = role_listener_port(p->fleet, contract);
	size_t i;

	r.port = trace_port(host, port);
	if (!r.port) {
		if (!host->node->role->receives || host->node->receives.n)
			diag_add(p->diag, FINDING_FLOW_LISTENER,
			    contract->service.at, "%s does not listen on port "
			    "%lld, which its role opens; give master.cf a "
			    "service for it", host->host.name,
			    (long long)port);
		return;
	}
	map_init(&r.seen);
	r.outside = STR("someone@example.com");
	r.own = own_recipient(&r);
	add_callers(&r);
	for (i = 0; i < r.n; i++)
		try_caller(&r, &r.caller[i]);
	prove_encrypted(&r);
	map_release(&r.seen);
}

/* A port that others reach and that the role does not name. */
static void
prove_no_other(struct prover *p, const struct world_host *host)
{
	const struct listener *contract = host->node->role->listeners.item;
	size_t i, j;

	for (i = 0; i < host->host.nport; i++) {
		const struct listener_port *port = &host->host.port[i];

		for (j = 0; j < host->node->role->listeners.n; j++)
			if (role_listener_port(p->fleet, &contract[j]) ==
			    port->port)
				break;
		if (port->loopback || j < host->node->role->listeners.n)
			continue;
		diag_add(p->diag, FINDING_FLOW_LISTENER, place_origin(
		    host->host.master_cf.owner, port->service->offset),
		    "%s listens on port %lld, which its role does not open; "
		    "name it in roles/%s.yaml, or take the service out",
		    host->host.name, (long long)port->port,
		    host->node->role->name.s);
	}
}

void
prove_relay(struct prover *p)
{
	size_t i, j;

	for (i = 0; i < p->world->n; i++) {
		const struct world_host *host = &p->world->host[i];
		const struct listener *contract;

		if (!host->node || !host->node->role)
			continue;
		contract = host->node->role->listeners.item;
		for (j = 0; j < host->node->role->listeners.n; j++)
			prove_listener(p, host, &contract[j]);
		prove_no_other(p, host);
	}
}
