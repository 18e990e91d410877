/*
 * One message from host to host. Each hop is judged from that host's own
 * files and by what the message has become on its way; a host that sees the
 * same message twice is a loop.
 */
#include "flow/trace.h"

const char *const fate_names[FATES] = {
	[FATE_DELIVERED] = "delivered",
	[FATE_DISCARDED] = "discarded",
	[FATE_REJECTED] = "rejected",
	[FATE_BOUNCED] = "bounced",
	[FATE_DEFERRED] = "deferred",
	[FATE_UNDECIDABLE] = "undecidable",
	[FATE_LOOP] = "loop",
};

struct tracer {
	const struct world *world;
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

/* To the letter, as the queue manager compares. */
static bool
is_deferred_transport(const struct host *host, struct str name)
{
	struct str rest = host_value(host, "defer_transports"), item;

	while (value_item(&rest, &item))
		if (str_eq(item, name))
			return true;
	return false;
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

/* How a delivery to a transport that is no SMTP ends. */
static void
route_here(const struct world_host *host, struct arena *a,
    struct delivery *d, const struct service *service)
{
	struct str command = service->command;

	d->agent = host_agent(&host->host, service);

	if (str_eq(command, STR("error"))) {
		d->fate = str_eq(service->name, STR("retry")) ?
		    FATE_DEFERRED : FATE_BOUNCED;
		d->text = arena_strndup(a, d->nexthop.s, d->nexthop.len);
	} else if (str_eq(command, STR("discard"))) {
		d->fate = FATE_DISCARDED;
	}
}

/*
 * What makes smtp(8) find other hosts behind a name than its MX records say,
 * or NULL.
 */
static const char *
other_names(const struct host *host, const struct service *service,
    struct arena *a)
{
	const struct cf *cf = &host->cf;

	if (cf_bool(cf, service, STR("disable_dns_lookups")))
		return "disable_dns_lookups";
	if (cf_value(cf, service, STR("smtp_dns_reply_filter"), a).len)
		return "smtp_dns_reply_filter";
	if (cf_value(cf, service, STR("use_srv_lookup"), a).len)
		return "use_srv_lookup";
	if (str_eq_fold(cf_value(cf, service, STR("smtp_dns_support_level"),
	    a), STR("disabled")))
		return "smtp_dns_support_level";
	return NULL;
}

/* best_mx_transport takes what would loop back; false: there is none. */
static bool
route_best_mx(const struct world_host *host, struct arena *a,
    struct delivery *d, const struct service *service)
{
	struct str value = cf_value(&host->host.cf, service,
	    STR("best_mx_transport"), a);
	size_t colon = str_find(value, ':');

	if (!value.len || d->passed ||
	    str_eq((struct str){value.s, colon}, d->transport))
		return false;
	d->by = (struct decision){.what = "best_mx_transport", .value = value,
		.at = host_setting_origin(&host->host, service,
		    "best_mx_transport")};
	d->smtp = false;
	d->passed = true;
	d->transport = (struct str){value.s, colon};
	if (colon + 1 < value.len)
		d->nexthop = (struct str){value.s + colon + 1,
		    value.len - colon - 1};
	trace_route(host, a, d);
	return true;
}

static void
route_smtp(const struct world_host *host, struct arena *a,
    struct delivery *d, const struct service *service)
{
	const char *names;

	d->smtp = true;
	tls_find(&host->host, service, d->nexthop, a, &d->tls);
	destination_find(host->world, host, d->nexthop, 25, a, &d->to);
	names = d->to.exact ? NULL : other_names(&host->host, service, a);
	if (names) {
		d->to.kind = DESTINATION_OUTSIDE;
		d->fate = FATE_UNDECIDABLE;
		d->text = arena_printf(a, "%s decides which hosts are behind "
		    "%.*s", names, STR_ARG(d->to.name));
		return;
	}
	if (d->to.kind == DESTINATION_SELF &&
	    route_best_mx(host, a, d, service))
		return;
	if (d->tls.result != TABLE_FOUND) {
		d->fate = d->tls.result == TABLE_RETRY ? FATE_DEFERRED :
		    FATE_UNDECIDABLE;
		d->text = d->tls.why;
		return;
	}
	switch (d->to.kind) {
	case DESTINATION_FLEET:
		break;
	case DESTINATION_OUTSIDE:
		d->outside = true;
		break;
	case DESTINATION_SELF:
		d->fate = FATE_BOUNCED;
		d->text = arena_printf(a, "5.4.6 mail for %.*s loops back to "
		    "myself", STR_ARG(d->to.name));
		break;
	case DESTINATION_BROKEN:
		d->fate = FATE_DEFERRED;
		d->text = "4.3.5 the next hop cannot be parsed";
		break;
	}
}

void
trace_route(const struct world_host *host, struct arena *a,
    struct delivery *d)
{
	const struct service *service;

	d->fate = FATE_DELIVERED;
	if (!d->passed && is_deferred_transport(&host->host, d->transport)) {
		d->by = (struct decision){.what = "defer_transports",
			.value = d->transport,
			.at = host_setting_origin(&host->host, NULL,
			    "defer_transports")};
		d->transport = STR("retry");
		d->nexthop = STR("4.3.2 deferred transport");
		d->fate = FATE_DEFERRED;
		d->text = d->nexthop.s;
		return;
	}
	service = d->service = host_transport(&host->host, d->transport);
	if (!service) {
		d->fate = FATE_DEFERRED;
		d->text = arena_printf(a, "4.3.0 master.cf has no service "
		    "'%.*s'", STR_ARG(d->transport));
	} else if (str_eq(service->command, STR("smtp")) &&
	    !str_starts(d->nexthop, STR("unix:"))) {
		route_smtp(host, a, d, service);
	} else {
		route_here(host, a, d, service);
	}
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
	static const enum fate fates[] = {
		[OUTCOME_HERE] = FATE_DELIVERED,
		[OUTCOME_PASS] = FATE_DELIVERED,
		[OUTCOME_FORWARD] = FATE_DELIVERED,
		[OUTCOME_DISCARD] = FATE_DISCARDED,
		[OUTCOME_BOUNCE] = FATE_BOUNCED,
		[OUTCOME_DEFER] = FATE_DEFERRED,
		[OUTCOME_LOOP] = FATE_LOOP,
		[OUTCOME_UNKNOWN] = FATE_UNDECIDABLE,
	};

	d->recipient = o->recipient;
	d->sender = o->sender;
	if (o->by.what)
		d->by = o->by;
	fail(d, fates[o->kind], o->text);
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

static enum fate
worse(enum fate a, enum fate b)
{
	return a > b ? a : b;
}

struct hop *
trace_hop(const struct world *world, const struct world_host *host,
    const struct listener_port *port, const struct message *message,
    struct arena *a)
{
	struct tracer t = {.world = world, .arena = a};
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
		hop->fate = worse(hop->fate, hop->delivery[i].fate);
	return hop;
}

const struct listener_port *
trace_port(const struct world_host *host, int64_t port)
{
	size_t i;

	for (i = 0; i < host->host.nport; i++)
		if (host->host.port[i].port == port &&
		    !host->host.port[i].loopback)
			return &host->host.port[i];
	return NULL;
}

/* The certificate that a node's smtp(8) shows, as its fingerprint. */
static void
client_certificate(const struct world_host *from, struct client *client)
{
	const struct node *node = from->node;
	const struct fingerprint *fingerprint;

	if (!node || (!host_value(&from->host, "smtp_tls_chain_files").len &&
	    !host_value(&from->host, "smtp_tls_cert_file").len))
		return;
	fingerprint = node->fingerprints.item;
	if (node->fingerprints.n)
		client->fingerprint = text_str(fingerprint[0].value);
	if (node->certificate)
		client->key_fingerprint =
		    str_of(node->certificate->key_fingerprint);
}

void
trace_client(const struct world_host *from, bool v6, struct client *client)
{
	*client = (struct client){
		.address = world_address(from, v6),
		.name = str_of(from->host.name),
		.fingerprint = STR(""), .key_fingerprint = STR(""),
		.login = STR(""), .tls = true,
	};
	client_certificate(from, client);
}

static const struct listener_port *
cannot(enum fate *fate, const char **text, const char *why)
{
	*fate = FATE_DEFERRED;
	*text = why;
	return NULL;
}

const struct listener_port *
trace_handover(const struct hop *hop, const struct delivery *delivery,
    const struct world_host *to, struct arena *a, struct message *message,
    enum fate *fate, const char **text)
{
	const struct world_host *from = hop->host;
	const struct listener_port *port = trace_port(to, delivery->to.port);
	const char *level = delivery->tls.level;
	bool v6 = !world_address(from, false).len ||
	    !world_address(to, false).len;

	if (!port)
		return cannot(fate, text, arena_printf(a, "4.4.1 nothing "
		    "listens on port %lld of %s",
		    (long long)delivery->to.port, to->host.name));
	*message = (struct message){.from = from,
		.helo = host_value(&from->host, "smtp_helo_name"),
		.sender = delivery->sender, .recipient = delivery->recipient,
		.header_from = delivery->header_from,
		.signatures = hop->message.signatures + hop->signing.n};
	trace_client(from, v6, &message->client);
	message->client.tls = strcmp(level, "none") != 0;
	trace_greet(to, port, &message->client);
	if (!message->client.tls && strcmp(level, "none") != 0 &&
	    strcmp(level, "may") != 0 && strcmp(level, "dane") != 0)
		return cannot(fate, text, arena_printf(a, "4.7.4 %s offers no "
		    "TLS, and the level is %s", to->host.name, level));
	if (!strcmp(level, "dane-only") &&
	    !tls_has_tlsa(hop->host->world, to, delivery->to.port))
		return cannot(fate, text, arena_printf(a, "4.7.5 %s has no "
		    "TLSA record for port %lld, and the level is dane-only",
		    to->host.name, (long long)delivery->to.port));
	return port;
}

/* The hosts that have seen the message so far. */
struct path {
	const struct hop *hop;
	const struct path *before;
	unsigned depth;
};

enum { HOPS = 50 };			/* hopcount_limit */

static bool
was_here(const struct path *path, const struct world_host *host,
    const struct message *m)
{
	for (; path; path = path->before)
		if (path->hop->host == host &&
		    str_eq_fold(path->hop->message.recipient, m->recipient) &&
		    str_eq_fold(path->hop->message.sender, m->sender))
			return true;
	return false;
}

static void follow(struct tracer *t, struct hop *hop,
    const struct path *before);

/* What a delivery comes to at the first of its hosts. */
static void
follow_delivery(struct tracer *t, struct hop *hop, struct delivery *d,
    const struct path *path)
{
	const struct world_host *to = d->to.host[0];
	const struct listener_port *port;
	struct message message;

	port = trace_handover(hop, d, to, t->arena, &message, &d->fate,
	    &d->text);
	if (!port)
		return;
	if (was_here(path, to, &message)) {
		d->fate = FATE_LOOP;
		d->text = arena_printf(t->arena, "%s had this message before",
		    to->host.name);
		return;
	}
	if (path->depth >= HOPS) {
		d->fate = FATE_LOOP;
		d->text = "5.4.0 too many hops";
		return;
	}
	d->hop = trace_hop(t->world, to, port, &message, t->arena);
	follow(t, d->hop, path);
	/* What the next host refuses, this one must give back. */
	d->fate = d->hop->fate == FATE_REJECTED ? FATE_BOUNCED :
	    d->hop->fate;
}

static void
follow(struct tracer *t, struct hop *hop, const struct path *before)
{
	struct path path = {hop, before, before ? before->depth + 1 : 1};
	size_t i;

	for (i = 0; i < hop->n; i++) {
		struct delivery *d = &hop->delivery[i];

		if (d->smtp && d->to.kind == DESTINATION_FLEET &&
		    d->fate == FATE_DELIVERED)
			follow_delivery(t, hop, d, &path);
		hop->fate = worse(hop->fate, d->fate);
	}
}

struct hop *
trace_message(const struct world *world, const struct world_host *host,
    const struct listener_port *port, const struct message *message,
    struct arena *a)
{
	struct tracer t = {.world = world, .arena = a};
	struct hop *hop = trace_hop(world, host, port, message, a);

	follow(&t, hop, NULL);
	return hop;
}
