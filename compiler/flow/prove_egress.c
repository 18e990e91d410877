/*
 * What leaves a host: whether its role sends it at all, with the signature,
 * the envelope sender and the TLS that it must have. Every way in that a host
 * has is tried with every kind of sender; what these laws ask does not depend
 * on the local part of an address, so one forward stands for all.
 */
#include "flow/prove_inside.h"

struct egress_proof {
	struct prover *p;
	const struct world_host *host;	/* where the message starts */
	const struct hop *first;
};

/* A domain that the fleet answers for. */
static bool
is_ours(const struct prover *p, struct str domain)
{
	return map_get(&p->fleet->domains, domain) ||
	    map_get(&p->fleet->by_route, domain) ||
	    str_eq_fold(domain, text_str(p->fleet->srs.domain)) ||
	    records_domain(p->world->records, domain);
}

static const struct egress *
egress_to(const struct world_host *host, const char *to)
{
	const struct egress *egress;
	size_t i;

	if (!host->node || !host->node->role)
		return NULL;
	egress = host->node->role->sends.item;
	for (i = 0; i < host->node->role->sends.n; i++)
		if (str_eq(text_str(egress[i].to), str_of(to)))
			return &egress[i];
	return NULL;
}

static const char *
role_name(const struct world_host *host)
{
	return host->node && host->node->role ? host->node->role->name.s :
	    "none";
}

/*
 * Who may send outside, and with what kind of sender; false: it may not, and
 * how it does so does not matter.
 */
static bool
check_egress(struct egress_proof *e, const struct hop *hop,
    const struct delivery *d)
{
	const struct egress *egress = egress_to(hop->host, "internet");
	struct str kind = egress ? text_str(egress->sender) : STR("");

	if (!egress) {
		if (prove_may_report(e->p, FINDING_FLOW_EGRESS,
		    hop->host))
			prove_report(e->p, FINDING_FLOW_EGRESS, d->by.at,
			    e->first, d, "%s sends to <%.*s>, outside; its "
			    "role (%s) does not send to the internet",
			    hop->host->host.name, STR_ARG(d->recipient),
			    role_name(hop->host));
		return false;
	}
	if (str_eq(kind, STR("any")) || !d->sender.len)
		return true;
	if (!str_eq(kind, STR("null")) &&
	    is_ours(e->p, prove_domain(d->sender)))
		return true;
	if (prove_may_report(e->p, FINDING_FLOW_EGRESS, hop->host))
		prove_report(e->p, FINDING_FLOW_EGRESS, d->by.at, e->first, d,
		    "%s sends outside with the sender <%.*s>; its role (%s) "
		    "sends with sender '%.*s' only", hop->host->host.name,
		    STR_ARG(d->sender), role_name(hop->host), STR_ARG(kind));
	return false;
}

/* The next hop's TLS: what the role promises, and inside always a proof. */
static void
check_tls(struct egress_proof *e, const struct hop *hop,
    const struct delivery *d)
{
	const struct egress *mta = egress_to(hop->host, "mta");
	bool only = !d->outside && mta && egress_to(hop->host, "internet") ==
	    NULL && str_eq(text_str(mta->tls), STR("dane-only"));
	bool exception = d->tls.by.table.len != 0;

	if (only ? !strcmp(d->tls.level, "dane-only") :
	    tls_authenticates(d->tls.level))
		return;
	/* An exception is named in the data, and is for others' hosts. */
	if ((d->outside && exception) ||
	    !prove_may_report(e->p, FINDING_FLOW_TLS, hop->host))
		return;
	prove_report(e->p, FINDING_FLOW_TLS, d->tls.by.at, e->first, d,
	    "%s sends to %.*s with TLS level '%s'; %s", hop->host->host.name,
	    STR_ARG(d->nexthop), d->tls.level, only ?
	    "its role promises dane-only" : d->outside ?
	    "at least dane is promised, but for mail::tls_policy" :
	    "between hosts of the fleet it must be authenticated");
}

/* A key without its public half in the data is published by others. */
static bool
has_published(const struct prover *p, const struct signature *s)
{
	const struct dkim_key *key = p->fleet->dkim.item;
	struct str owner = str_of(arena_printf(p->arena,
	    "%.*s._domainkey.%.*s", STR_ARG(s->selector),
	    STR_ARG(s->domain)));
	size_t i, n;

	records_get(p->world->records, owner, RECORD_TXT, &n);
	for (i = 0; !n && i < p->fleet->dkim.n; i++)
		n = !key[i].public_key.len &&
		    str_eq_fold(text_str(key[i].domain), s->domain) &&
		    str_eq(text_str(key[i].selector), s->selector);
	return n != 0;
}

static bool
signs_for(const struct world_host *host, struct str domain)
{
	const struct text *name = host->node->dkim_domains.item;
	size_t i;

	for (i = 0; i < host->node->dkim_domains.n; i++)
		if (str_eq_fold(text_str(name[i]), domain))
			return true;
	return false;
}

/* The line that decides the signature; main.cf where rspamd is not asked. */
static struct origin
signing_place(const struct world_host *host, const struct sign_verdict *s)
{
	if (s->place.owner)
		return place_origin(s->place.owner, s->place.offset);
	return ((const struct planned_file *)host->host.main_cf.owner)->at;
}

/* Signed once where the role signs, and never for somebody else. */
static void
check_signature(struct egress_proof *e, const struct hop *hop,
    const struct delivery *d)
{
	const struct egress *egress = egress_to(hop->host, "internet");
	struct str domain = prove_domain(d->header_from);
	const struct sign_verdict *s = &hop->signing;
	bool wanted = egress && egress->dkim && hop->host->node &&
	    signs_for(hop->host, domain);
	const char *wrong = NULL;

	if (s->result == SIGN_UNKNOWN || !d->header_from.len)
		return;
	if (wanted && s->n == 0)
		wrong = arena_printf(e->p->arena, "it is not signed: %s",
		    s->why ? s->why : "rspamd does not sign it");
	else if (s->n > 1)
		wrong = "it is signed more than once";
	else if (s->n == 1 && !str_eq_fold(s->signature[0].domain, domain))
		wrong = arena_printf(e->p->arena, "it is signed for %.*s",
		    STR_ARG(s->signature[0].domain));
	else if (s->n == 1 && !has_published(e->p, &s->signature[0]))
		wrong = arena_printf(e->p->arena, "its key, selector %.*s, "
		    "is not among our DNS records",
		    STR_ARG(s->signature[0].selector));
	if (wrong && prove_may_report(e->p, FINDING_FLOW_UNSIGNED, hop->host))
		prove_report(e->p, FINDING_FLOW_UNSIGNED,
		    signing_place(hop->host, s), e->first, d, "%s sends mail from <%.*s> "
		    "outside, and %s", hop->host->host.name,
		    STR_ARG(d->header_from), wrong);
}

/* The addresses that receivers see must be in the sender's SPF record. */
static void
check_spf(struct egress_proof *e, const struct hop *hop,
    const struct delivery *d)
{
	struct str domain = d->sender.len ? prove_domain(d->sender) :
	    host_value(&hop->host->host, "smtp_helo_name");
	struct str rest = hop->host->host.setup.addresses, address;

	if (!is_ours(e->p, domain))
		return;
	while (value_item(&rest, &address)) {
		if (records_spf_covers(e->p->world->records, domain,
		    address) != SPF_NO)
			continue;
		if (prove_may_report(e->p, FINDING_FLOW_ENVELOPE, hop->host))
			prove_report(e->p, FINDING_FLOW_ENVELOPE, d->by.at,
			    e->first, d, "%s sends outside as <%.*s> from "
			    "%.*s, which the SPF record of %.*s does not "
			    "name", hop->host->host.name, STR_ARG(d->sender),
			    STR_ARG(address), STR_ARG(domain));
		return;
	}
}

static void
check_delivery(struct egress_proof *e, const struct hop *hop,
    const struct delivery *d)
{
	if (!d->smtp || d->to.kind == DESTINATION_BROKEN)
		return;
	if (d->outside && (!hop->host->node || !check_egress(e, hop, d)))
		return;
	check_tls(e, hop, d);
	if (!d->outside)
		return;
	check_signature(e, hop, d);
	check_spf(e, hop, d);
}

static void
check_tree(struct egress_proof *e, const struct hop *hop)
{
	size_t i;

	for (i = 0; i < hop->n; i++) {
		check_delivery(e, hop, &hop->delivery[i]);
		if (hop->delivery[i].hop)
			check_tree(e, hop->delivery[i].hop);
	}
}

static void
try_message(struct egress_proof *e, const struct listener_port *port,
    const struct message *m)
{
	e->first = trace_message(e->host, port, m, &e->p->scratch);
	check_tree(e, e->first);
	prove_forget(e->p);
}

/* A forward and an account: what a SRS host sends outside. */
static struct str
forward_of(struct prover *p, bool account)
{
	uint32_t i, n = fleet_addresses(p->fleet);

	for (i = 0; i < n; i++) {
		const struct mapping *m = fleet_forward(p->fleet, i);
		const struct account *a = fleet_account(p->fleet, i);
		struct str local = fleet_local(p->fleet, i);

		if (account ? a && a->state == ACCOUNT_USABLE :
		    m && !m->bad && !m->poisoned)
			return str_of(arena_printf(p->arena, "%.*s@%s",
			    STR_ARG(local), p->fleet->domain.s));
	}
	return (struct str){0};
}

/* Everybody that mail of a host can claim to come from. */
static size_t
senders_of(struct egress_proof *e, struct str *sender, size_t max)
{
	const struct text *domain = e->host->node->dkim_domains.item;
	struct arena *a = e->p->arena;
	size_t n = 0, i;

	sender[n++] = STR("");
	sender[n++] = prove_stranger_sender(e->p);
	sender[n++] = str_of(arena_printf(a, "postmaster@%s",
	    e->p->fleet->domain.s));
	sender[n++] = str_of(arena_printf(a, "root@%s", e->host->host.name));
	for (i = 0; i < e->host->node->dkim_domains.n && n < max; i++)
		sender[n++] = str_of(arena_printf(a, "someone@%s",
		    domain[i].s));
	return n;
}

/* What the host's own programs send; nobody forges mail there but root. */
static void
try_sendmail(struct egress_proof *e, const struct str *sender, size_t n)
{
	struct message m = {.client = {.address = STR("127.0.0.1"),
		.name = STR("localhost"), .fingerprint = STR(""),
		.key_fingerprint = STR(""), .login = STR(""), .tls = false},
		.helo = STR("localhost"),
		.recipient = prove_outside(e->p)};
	size_t i;

	for (i = 0; i < n; i++) {
		if (str_eq(sender[i], prove_stranger_sender(e->p)))
			continue;
		m.sender = m.header_from = sender[i];
		try_message(e, NULL, &m);
	}
}

/* A listener, with the client that its role is for. */
static void
try_listener(struct egress_proof *e, const struct listener *contract,
    const struct str *sender, size_t n)
{
	const struct listener_port *port = trace_port(e->host,
	    role_listener_port(e->p->fleet, contract));
	struct str from = text_str(contract->from);
	struct message m = {.client = prove_stranger(e->p, false),
		.helo = STR("mail.example.net")};
	const struct node *const *client = e->p->fleet->clients.item;
	size_t i, k;

	if (!port || str_eq(from, STR("mx")))
		return;		/* reached through the MX */
	if (str_eq(from, STR("login"))) {
		m.client.login = STR("postmaster");
	} else if (str_eq(from, STR("certificate"))) {
		m.from = e->p->fleet->clients.n ? world_host(e->p->world,
		    text_str(client[0]->fqdn)) : NULL;
		if (!m.from)
			return;
		trace_client(m.from, false, &m.client);
	}
	for (i = 0; i < n; i++)
		for (k = 0; k < 3; k++) {
			m.sender = sender[i];
			/* A list's sender, and an author of ours. */
			m.header_from = m.sender.len ? m.sender : sender[2];
			m.recipient = k == 0 ? prove_outside(e->p) :
			    forward_of(e->p, k == 2);
			if (m.recipient.len)
				try_message(e, port, &m);
			m.header_from = sender[2];
			if (m.recipient.len && k)
				try_message(e, port, &m);
		}
}

/* Mail from outside that claims to be ours must not get our signature. */
static void
check_forged(struct egress_proof *e, const struct listener_port *port)
{
	const struct text *domain = e->host->node->dkim_domains.item;
	struct message m = {.client = prove_stranger(e->p, false),
		.helo = STR("mail.example.net"),
		.sender = prove_stranger_sender(e->p),
		.recipient = prove_outside(e->p)};
	struct sign_verdict verdict;
	size_t i;

	for (i = 0; i < e->host->node->dkim_domains.n; i++) {
		m.header_from = str_of(arena_printf(e->p->arena,
		    "someone@%s", domain[i].s));
		verdict = trace_signing(e->host, port, &m, &e->p->scratch);
		if (verdict.result != SIGN_SIGNED ||
		    !prove_may_report(e->p, FINDING_FLOW_UNSIGNED, e->host))
			continue;
		e->first = trace_message(e->host, port, &m, &e->p->scratch);
		prove_report(e->p, FINDING_FLOW_UNSIGNED,
		    signing_place(e->host, &verdict), e->first, NULL,
		    "%s signs mail that a stranger sends as <%.*s>",
		    e->host->host.name, STR_ARG(m.header_from));
	}
	prove_forget(e->p);
}

/* A bounce to a rewritten sender finds its way back through the MX. */
static void
check_return(struct prover *p, const struct world_host *srs)
{
	struct egress_proof e = {.p = p};
	struct str sender = prove_stranger_sender(p);
	struct cleaned cleaned;
	struct envelope in = {.sender = sender,
		.recipient = prove_outside(p),
		.header_from = sender};
	struct message m = {.client = prove_stranger(p, false),
		.helo = STR("mail.example.net"), .sender = STR("")};
	struct destination to;
	const struct listener_port *port;
	const struct hop *hop;

	cleanup_envelope(&srs->host, &in, &p->scratch, &cleaned);
	m.recipient = cleaned.sender;
	if (cleaned.result == TABLE_FOUND && !str_eq(m.recipient, sender)) {
		destination_find(p->world, NULL, prove_domain(m.recipient), 25,
		    &p->scratch, &to);
		e.host = to.n ? to.host[0] : NULL;
		port = e.host ? trace_port(e.host, 25) : NULL;
		hop = port ? trace_message(e.host, port, &m,
		    &p->scratch) : NULL;
		if (!hop)
			diag_add(p->diag, FINDING_FLOW_ENVELOPE,
			    p->fleet->srs.domain.at, "%s sends as <%.*s>, and "
			    "no node receives what comes back to it",
			    srs->host.name, STR_ARG(m.recipient));
		else if (hop->fate != FATE_UNDECIDABLE &&
		    (hop->n != 1 || hop->fate != FATE_DELIVERED ||
		    !str_eq_fold(hop->delivery[0].recipient, sender)))
			prove_report(p, FINDING_FLOW_ENVELOPE, ORIGIN_NONE,
			    hop, NULL, "a bounce to <%.*s>, the sender that "
			    "%s makes of <%.*s>, does not get back there",
			    STR_ARG(m.recipient), srs->host.name,
			    STR_ARG(sender));
	}
	prove_forget(p);
}

static void
prove_host(struct prover *p, const struct world_host *host)
{
	struct egress_proof e = {.p = p, .host = host};
	const struct listener *contract = host->node->role->listeners.item;
	struct str sender[16];
	size_t n = senders_of(&e, sender, 16), i;

	try_sendmail(&e, sender, n);
	for (i = 0; i < host->node->role->listeners.n; i++) {
		const struct listener_port *port = trace_port(host,
		    role_listener_port(p->fleet, &contract[i]));

		try_listener(&e, &contract[i], sender, n);
		if (port && str_eq(text_str(contract[i].from), STR("anyone")))
			check_forged(&e, port);
	}
}

void
prove_egress(struct prover *p)
{
	const struct node *const *srs = p->fleet->srs_hosts.item;
	size_t i;

	for (i = 0; i < p->world->n; i++)
		if (p->world->host[i].node && p->world->host[i].node->role)
			prove_host(p, &p->world->host[i]);
	for (i = 0; i < p->fleet->srs_hosts.n; i++) {
		const struct world_host *host = world_host(p->world,
		    text_str(srs[i]->fqdn));

		if (host)
			check_return(p, host);
	}
}
