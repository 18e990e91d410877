/*
 * What one host does with a message: smtpd(8) judges it, cleanup(8) rewrites
 * it, the milters sign it, and each recipient is on its way; local(8) may put
 * new messages into the queue, which belong to the same hop.
 */
#include "flow/trace.h"

struct tracer {
	struct arena *arena;
	size_t forwards;		/* messages that a hop's agents made */
	size_t cap;			/* of a hop's deliveries */
};

/* A message in the queue of a host, for one recipient. */
struct queued {
	struct str sender, recipient, header_from;
	const struct delivered *before;
};

/* Beyond that what aliases(5) lead to is not followed. */
enum { FORWARDS = 1000 };

static bool
offers_tls(const struct listener_port *port, const struct host *host)
{
	struct str level = cf_value(&host->cf, port->service,
	    STR("smtpd_tls_security_level"), host->arena);

	if (level.len)
		return !str_eq_fold(level, STR("none"));
	return cf_bool(&host->cf, port->service, STR("smtpd_use_tls")) ||
	    cf_bool(&host->cf, port->service, STR("smtpd_enforce_tls")) ||
	    cf_bool(&host->cf, port->service, STR("smtpd_tls_wrappermode"));
}

void
trace_greet(const struct world_host *host, const struct listener_port *port,
    struct client *client)
{
	if (client->tls && !offers_tls(port, &host->host))
		client->tls = false;
	if (client->tls)
		return;
	client->fingerprint = STR("");
	client->key_fingerprint = STR("");
}

static struct session
session_of(const struct message *m)
{
	return (struct session){.client = m->client, .helo = m->helo,
		.sender = m->sender, .recipient = m->recipient,
		.bad_sender = m->bad_sender,
		.bad_recipient = m->bad_recipient};
}

/* What the message is for the host; false: it ends here. */
static bool
judge(struct tracer *t, struct hop *hop)
{
	const struct session session = session_of(&hop->message);
	struct verdict *v = &hop->verdict;

	if (!hop->port)
		return true;
	smtpd_judge(hop->port->smtpd, &session, t->arena, v);
	if (v->kind == VERDICT_UNKNOWN)
		hop->fate = FATE_UNDECIDABLE;
	else if (v->kind == VERDICT_REFUSE)
		hop->fate = v->code >= 500 ? FATE_REJECTED : FATE_DEFERRED;
	else if (v->discard)
		hop->fate = FATE_DISCARDED;
	hop->text = v->kind == VERDICT_UNKNOWN ? v->why : v->text;
	return hop->fate == FATE_DELIVERED;
}

static bool
overrides(const struct world_host *host, const struct listener_port *port,
    const char *word)
{
	return port && value_has(cf_value(&host->host.cf, port->service,
	    STR("receive_override_options"), host->host.arena), str_of(word));
}

/* Whether From: is rewritten; it matters only where it is known. */
static enum header_rewriting
headers(struct tracer *t, const struct hop *hop)
{
	const struct session session = session_of(&hop->message);

	if (!hop->port)
		return HEADERS_LOCAL;
	if (!hop->message.header_from.len)
		return HEADERS_LEFT;
	switch (smtpd_header_client(hop->port->smtpd, &session, t->arena)) {
	case TABLE_FOUND:
		return HEADERS_LOCAL;
	case TABLE_NONE:
		return host_value(&hop->host->host,
		    "remote_header_rewrite_domain").len ? HEADERS_REMOTE :
		    HEADERS_LEFT;
	case TABLE_RETRY:
	case TABLE_UNKNOWN:
		break;
	}
	return HEADERS_UNKNOWN;
}

/* Whether the service hands its messages to milters; false: *verdict. */
static bool
has_milters(const struct world_host *host, const struct listener_port *port,
    struct arena *a, struct sign_verdict *verdict)
{
	struct str milters = cf_value(&host->host.cf, port ? port->service :
	    NULL, port ? STR("smtpd_milters") : STR("non_smtpd_milters"), a);

	*verdict = (struct sign_verdict){.result = SIGN_NOT,
		.why = "no milter sees the message"};
	if (!milters.len || overrides(host, port, "no_milters"))
		return false;
	verdict->result = SIGN_UNKNOWN;
	verdict->why = "what the milter does is not known";
	return host->signer != NULL;
}

struct sign_verdict
trace_signing(const struct world_host *host, const struct listener_port *port,
    const struct message *m, struct arena *a)
{
	struct sign_message message = {
		.client = port ? m->client.address : STR("127.0.0.1"),
		.user = m->client.login.len ? m->client.login :
		    (struct str){0},
		.sender = m->sender,
		.recipient = m->recipient,
		.from = &m->header_from,
		.nfrom = m->header_from.len != 0,
		.from_known = m->header_from.s != NULL,
	};
	struct sign_verdict verdict;

	if (!has_milters(host, port, a, &verdict))
		return verdict;
	return sign_decide(host->signer, &message, a);
}

/* Milters see the message before cleanup, those of local mail after. */
static void
sign(struct tracer *t, struct hop *hop)
{
	struct message m = hop->message;

	if (!hop->port) {
		m.sender = hop->cleaned.sender;
		m.header_from = hop->cleaned.header_from;
	}
	hop->signing = trace_signing(hop->host, hop->port, &m, t->arena);
}

static bool
clean(struct tracer *t, struct hop *hop)
{
	const struct message *m = &hop->message;
	struct envelope in = {.sender = m->sender, .recipient = m->recipient,
		.header_from = m->header_from, .headers = hop->headers,
		.unmapped = overrides(hop->host, hop->port,
		    "no_address_mappings"),
		.more = hop->port ? &hop->verdict.bcc : NULL,
		.more_by = hop->verdict.by};
	struct cleaned *out = &hop->cleaned;
	struct str *to;

	cleanup_envelope(&hop->host->host, &in, t->arena, out);
	if (out->result != TABLE_FOUND) {
		hop->fate = out->result == TABLE_RETRY ? FATE_DEFERRED :
		    FATE_UNDECIDABLE;
		hop->text = out->why;
		return false;
	}
	if (hop->verdict.redirect.len) {
		to = ARENA_NEW(t->arena, struct str);
		*to = hop->verdict.redirect;
		cleanup_step(out, t->arena, STEP_REDIRECT, m->recipient, to, 1,
		    hop->verdict.by);
		out->recipient = to;
		out->n = 1;
	}
	return true;
}

/* The sender of notifications that nobody gets, at the host itself. */
static bool
is_for_nobody(const struct host *host, const struct resolution *r)
{
	struct str sender = host_value(host, "double_bounce_sender");

	return r->class == CLASS_LOCAL && r->recipient.len > sender.len &&
	    r->recipient.s[sender.len] == '@' &&
	    str_eq_fold((struct str){r->recipient.s, sender.len}, sender);
}

static struct delivery *
add_delivery(struct tracer *t, struct hop *hop, const struct queued *q)
{
	struct delivery *d;

	if (hop->n == t->cap) {
		t->cap = t->cap ? t->cap * 2 : 4;
		d = ARENA_ARRAY(t->arena, struct delivery, t->cap);
		if (hop->n)
			memcpy(d, hop->delivery, hop->n * sizeof(*d));
		hop->delivery = d;
	}
	d = &hop->delivery[hop->n++];
	*d = (struct delivery){.recipient = q->recipient,
		.sender = q->sender, .header_from = q->header_from,
		.fate = FATE_DELIVERED};
	return d;
}

static void
fail(struct delivery *d, enum fate fate, const char *text)
{
	d->fate = fate;
	d->text = text;
}

/* Whether a hop's agents have made too many messages. */
static bool
is_over(struct tracer *t, struct hop *hop, const struct queued *q)
{
	if (++t->forwards <= FORWARDS)
		return false;
	if (t->forwards == FORWARDS + 1)
		fail(add_delivery(t, hop, q), FATE_UNDECIDABLE,
		    "aliases lead to more messages than are followed");
	return true;
}

static void deliver(struct tracer *t, struct hop *hop,
    const struct queued *q);
static void route(struct tracer *t, struct hop *hop, const struct queued *q,
    struct delivery *d);

/* What cleanup(8) makes of a message that local(8) writes. */
static void
forward(struct tracer *t, struct hop *hop, const struct queued *q,
    const struct outcome *o)
{
	const struct delivered delivered = {o->delivered, q->before};
	struct envelope in = {.sender = o->sender, .recipient = o->recipient,
		.header_from = q->header_from, .headers = hop->headers,
		.internal = true};
	struct queued again = *q;
	struct cleaned out;
	size_t i;

	if (is_over(t, hop, q))
		return;
	cleanup_envelope(&hop->host->host, &in, t->arena, &out);
	cleanup_steps(&hop->cleaned, &out);
	again.sender = out.sender;
	again.recipient = o->recipient;
	again.header_from = out.header_from;
	again.before = &delivered;
	if (out.result != TABLE_FOUND)
		fail(add_delivery(t, hop, &again), out.result == TABLE_RETRY ?
		    FATE_DEFERRED : FATE_UNDECIDABLE, out.why);
	for (i = 0; i < out.n && out.result == TABLE_FOUND; i++) {
		again.recipient = out.recipient[i];
		deliver(t, hop, &again);
	}
}

/* An end that a delivery agent knows. */
static void
end_at_agent(struct delivery *d, const struct outcome *o)
{
	d->recipient = o->recipient;
	d->sender = o->sender;
	if (o->by.what)
		d->by = o->by;
	fail(d, fate_of_outcome(o->kind), o->text);
}

/* An agent's delivery, in place of the one that leads to the agent. */
static void
deliver_by_agent(struct tracer *t, struct hop *hop, const struct queued *q,
    const struct delivery *routed)
{
	const struct parcel parcel = {.sender = q->sender,
		.recipient = routed->recipient, .nexthop = routed->nexthop,
		.before = q->before};
	struct outcomes out;
	struct delivery d;
	size_t i;

	agent_deliver(routed->agent, &parcel, t->arena, &hop->cleaned, &out);
	for (i = 0; i < out.n; i++) {
		const struct outcome *o = &out.item[i];

		d = *routed;
		d.agent = NULL;
		end_at_agent(&d, o);
		if (o->kind == OUTCOME_PASS) {
			d.transport = o->transport;
			d.nexthop = o->nexthop;
			d.passed = true;
			route(t, hop, q, &d);
		} else if (o->kind == OUTCOME_FORWARD) {
			forward(t, hop, q, o);
		} else {
			*add_delivery(t, hop, q) = d;
		}
	}
}

/* smtp(8) has the last word on addresses. */
static void
change_names(struct tracer *t, struct hop *hop, struct delivery *d)
{
	struct str *const address[] = {&d->sender, &d->recipient};
	enum table_result result;
	size_t i;

	for (i = 0; i < 2; i++) {
		result = cleanup_generic(&hop->host->host, d->service,
		    address[i], t->arena, &hop->cleaned);
		if (result != TABLE_RETRY && result != TABLE_UNKNOWN)
			continue;
		d->by = hop->cleaned.by;
		fail(d, result == TABLE_RETRY ? FATE_DEFERRED :
		    FATE_UNDECIDABLE, hop->cleaned.why);
	}
}

/* Where a delivery leads whose transport is set. */
static void
route(struct tracer *t, struct hop *hop, const struct queued *q,
    struct delivery *d)
{
	trace_route(hop->host, t->arena, d);
	if (d->agent) {
		if (!is_over(t, hop, q))
			deliver_by_agent(t, hop, q, d);
		return;
	}
	if (d->smtp)
		change_names(t, hop, d);
	*add_delivery(t, hop, q) = *d;
}

static void
deliver(struct tracer *t, struct hop *hop, const struct queued *q)
{
	const struct host *host = &hop->host->host;
	struct resolution r;
	struct delivery d;

	resolve_address(host, q->sender, q->recipient, t->arena, &r);
	d = (struct delivery){.recipient = r.recipient.s ? r.recipient :
		q->recipient, .sender = q->sender,
		.header_from = q->header_from,
		.transport = r.transport, .nexthop = r.nexthop, .by = r.by};
	if (r.result == TABLE_RETRY) {
		d.transport = STR("retry");
		d.nexthop = STR("4.3.0 address resolver failure");
	}
	if (r.result != TABLE_FOUND) {
		fail(&d, r.result == TABLE_RETRY ? FATE_DEFERRED :
		    FATE_UNDECIDABLE, r.why);
	} else if (r.bad) {
		d.transport = STR("error");
		d.nexthop = STR("5.1.3 bad address syntax");
		fail(&d, FATE_BOUNCED, d.nexthop.s);
	} else if (is_for_nobody(host, &r)) {
		d.transport = d.nexthop = (struct str){0};
		fail(&d, FATE_DISCARDED,
		    "undeliverable postmaster notification discarded");
	} else {
		route(t, hop, q, &d);
		return;
	}
	*add_delivery(t, hop, q) = d;
}

/* A content filter takes the message away before it is routed. */
static bool
is_filtered(struct tracer *t, struct hop *hop)
{
	const struct host *host = &hop->host->host;
	struct str filter = hop->verdict.filter;

	if (!filter.len)
		filter = cf_value(&host->cf, hop->port ? hop->port->service :
		    NULL, STR("content_filter"), t->arena);
	if (!filter.len)
		return false;
	hop->fate = FATE_UNDECIDABLE;
	hop->text = arena_printf(t->arena, "the content filter %.*s takes "
	    "the message; what it does is not known", STR_ARG(filter));
	return true;
}

struct hop *
trace_hop(const struct world_host *host, const struct listener_port *port,
    const struct message *message, struct arena *a)
{
	struct tracer t = {.arena = a};
	struct hop *hop = ARENA_NEW(a, struct hop);
	struct queued q;
	size_t i;

	hop->host = host;
	hop->port = port;
	hop->message = *message;
	if (port)
		trace_greet(host, port, &hop->message.client);
	if (!judge(&t, hop))
		return hop;
	hop->headers = headers(&t, hop);
	if (!clean(&t, hop) || is_filtered(&t, hop))
		return hop;
	sign(&t, hop);
	q = (struct queued){.sender = hop->cleaned.sender,
		.header_from = hop->cleaned.header_from};
	for (i = 0; i < hop->cleaned.n; i++) {
		q.recipient = hop->cleaned.recipient[i];
		deliver(&t, hop, &q);
	}
	for (i = 0; i < hop->n; i++)
		hop->fate = fate_worse(hop->fate, hop->delivery[i].fate);
	return hop;
}
