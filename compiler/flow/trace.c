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

enum fate
fate_worse(enum fate a, enum fate b)
{
	return a > b ? a : b;
}

enum fate
fate_of_outcome(enum outcome_kind kind)
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

	return fates[kind];
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

static void follow(struct arena *a, struct hop *hop,
    const struct path *before);

/* What a delivery comes to at the first of its hosts. */
static void
follow_delivery(struct arena *a, struct hop *hop, struct delivery *d,
    const struct path *path)
{
	const struct world_host *to = d->to.host[0];
	const struct listener_port *port;
	struct message message;

	port = trace_handover(hop, d, to, a, &message, &d->fate, &d->text);
	if (!port)
		return;
	if (was_here(path, to, &message)) {
		d->fate = FATE_LOOP;
		d->text = arena_printf(a, "%s had this message before",
		    to->host.name);
		return;
	}
	if (path->depth >= HOPS) {
		d->fate = FATE_LOOP;
		d->text = "5.4.0 too many hops";
		return;
	}
	d->hop = trace_hop(to, port, &message, a);
	follow(a, d->hop, path);
	/* What the next host refuses, this one must give back. */
	d->fate = d->hop->fate == FATE_REJECTED ? FATE_BOUNCED :
	    d->hop->fate;
}

static void
follow(struct arena *a, struct hop *hop, const struct path *before)
{
	struct path path = {hop, before, before ? before->depth + 1 : 1};
	size_t i;

	for (i = 0; i < hop->n; i++) {
		struct delivery *d = &hop->delivery[i];

		if (d->smtp && d->to.kind == DESTINATION_FLEET &&
		    d->fate == FATE_DELIVERED)
			follow_delivery(a, hop, d, &path);
		hop->fate = fate_worse(hop->fate, d->fate);
	}
}

struct hop *
trace_message(const struct world_host *host, const struct listener_port *port,
    const struct message *message, struct arena *a)
{
	struct hop *hop = trace_hop(host, port, message, a);

	follow(a, hop, NULL);
	return hop;
}
