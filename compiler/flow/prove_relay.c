/*
 * Whom each listener relays for must be what its role says, no more and no
 * less.
 */
#include "flow/callers.h"
#include "flow/prove_inside.h"

struct relay {
	struct prover *p;
	const struct world_host *host;
	const struct listener_port *port;
	const struct listener *contract;
	struct callers callers;
	const struct match_list *trusted;	/* the data's own mynetworks */
	struct str outside, own;	/* recipients; own.len 0: none */
};

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
		return in_refs(&r->p->fleet->clients, world_certified(
		    r->p->world, caller->client.fingerprint));
	return str_eq(from, STR("anyone"));
}

/* The sender that a client of this kind has. */
static struct str
sender_of(const struct relay *r, const struct caller *caller)
{
	if (caller->client.login.len)
		return str_of(arena_printf(r->p->arena, "%.*s@%s",
		    STR_ARG(caller->client.login), r->p->fleet->domain.s));
	/* A certificate does not make a stranger one of ours to everybody. */
	if (caller->node && (str_eq(text_str(r->contract->senders),
	    STR("any")) || world_host_at(r->p->world,
	    caller->client.address) == caller->node))
		return str_of(arena_printf(r->p->arena, "root@%s",
		    caller->node->host.name));
	return prove_stranger_sender(r->p);
}

/* The line that let it through; where none did, the lists that did not. */
static struct origin
place_of(const struct relay *r, const struct hop *hop)
{
	static const char *const lists[] = {
		"smtpd_client_restrictions", "smtpd_relay_restrictions",
		"smtpd_recipient_restrictions",
	};
	struct origin at = hop->verdict.by.at;
	size_t i;

	for (i = 0; !at.source && i < sizeof(lists) / sizeof(lists[0]); i++)
		at = host_setting_origin(&r->host->host, r->port->service,
		    lists[i]);
	return at;
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
	hop = trace_hop(r->host, r->port, &m, &r->p->scratch);
	if (wide)
		prove_report(r->p, FINDING_FLOW_RELAY, place_of(r, hop), hop,
		    NULL, "%s takes mail for <%.*s> from %s on port %lld; by "
		    "its role (from %s, recipients %s) it must not",
		    r->host->host.name, STR_ARG(recipient), caller->who,
		    (long long)r->port->port, r->contract->from.s,
		    r->contract->recipients.s);
	else
		prove_report(r->p, FINDING_FLOW_RELAY, place_of(r, hop), hop,
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

	trace_greet(r->host, r->port, &session.client);
	smtpd_judge(r->port->smtpd, &session, &r->p->scratch, &verdict);
	if (verdict.kind == VERDICT_ACCEPT && !wanted)
		report(r, caller, sender, recipient, true);
	else if (verdict.kind == VERDICT_REFUSE && wanted)
		report(r, caller, sender, recipient, false);
	prove_forget(r->p);
}

/*
 * Where the role leaves mynetworks to the data (extra_params), who is in it is
 * the operator's own word; that it is not the world is network-wide's.
 */
static const struct match_list *
trusted_of(const struct relay *r)
{
	const struct parameter *p = r->host->node->extra_params.item;
	size_t i;

	for (i = 0; i < r->host->node->extra_params.n; i++)
		if (str_eq(text_str(p[i].name), STR("mynetworks")))
			return match_list_open(r->host->host.tables,
			    r->p->arena, MATCH_CLIENTS, false,
			    text_str(p[i].value));
	return NULL;
}

static bool
is_trusted(struct relay *r, const struct caller *caller)
{
	struct lookup lookup = {0};

	return r->trusted && match_list_has(r->trusted, caller->client.name,
	    caller->client.address, &r->p->scratch, &lookup) == TABLE_FOUND &&
	    !str_eq(caller->client.address,
	    prove_stranger(r->p, false).address) &&
	    !str_eq(caller->client.address,
	    prove_stranger(r->p, true).address);
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

	/* What the host lets itself do is no relaying. */
	if (caller->node == r->host || is_trusted(r, caller))
		return;
	try_one(r, caller, usual, r->outside, served && any);
	if (!(served && any)) {
		try_one(r, caller, STR(""), r->outside, false);
		try_one(r, caller, own, r->outside, false);
		try_one(r, caller, prove_stranger_sender(r->p), r->outside,
		    false);
	}
	if (r->own.len)
		try_one(r, caller, usual, r->own, served);
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
	while (i < r->callers.n && !is_served(r, &r->callers.caller[i]))
		i++;
	if (i == r->callers.n || (wrapper && cf_bool(&r->host->host.cf,
	    r->port->service, STR("smtpd_tls_wrappermode"))))
		return;
	m.client = r->callers.caller[i].client;
	m.client.tls = false;
	m.sender = m.header_from = sender_of(r, &r->callers.caller[i]);
	hop = trace_hop(r->host, r->port, &m, &r->p->scratch);
	if (wrapper || hop->verdict.kind == VERDICT_ACCEPT)
		prove_report(r->p, FINDING_FLOW_TLS, host_setting_origin(
		    &r->host->host, r->port->service,
		    "smtpd_tls_security_level"), hop, NULL, "%s takes mail on port %lld without TLS; its role "
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
	r.outside = prove_outside(p);
	r.own = prove_own(p, host, contract);
	r.trusted = trusted_of(&r);
	callers_init(&r.callers, p->world, p->arena);
	callers_of_port(&r.callers, host, r.port);
	/* A listener for anyone knows nodes only where it names them, and what
	 * it names is there already. */
	if (!str_eq(text_str(contract->from), STR("anyone")))
		callers_of_nodes(&r.callers);
	if (str_eq(text_str(contract->from), STR("login")))
		callers_add_login(&r.callers);
	for (i = 0; i < r.callers.n; i++)
		try_caller(&r, &r.callers.caller[i]);
	prove_encrypted(&r);
	callers_release(&r.callers);
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
