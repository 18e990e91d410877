/*
 * The steps of a way that one host makes: whom a door lets in, what a sender
 * becomes, where a next hop leads. Each is told once, and then from memory.
 */
#include "flow/way_inside.h"

#include "flow/alike.h"

/* Doors */

/* A listener that does with mail what its Postfix does not do elsewhere. */
static bool
is_odd(const struct world_host *host, const struct listener_port *port,
    struct arena *a)
{
	const struct cf *cf = &host->host.cf;

	if (value_has(cf_value(cf, port->service,
	    STR("receive_override_options"), a), STR("no_address_mappings")))
		return true;
	return !str_eq(cf_value(cf, port->service, STR("content_filter"), a),
	    host_value(&host->host, "content_filter"));
}

struct door *
way_door(struct way *w, const struct world_host *host,
    const struct listener_port *port, const struct message *message)
{
	const struct session session = {.client = message->client,
		.helo = message->helo, .sender = STR(""), .recipient = STR("")};
	struct way_host *h = way_host_of(w, host);
	uint32_t kind = port ? smtpd_client_kind(port->smtpd, &session,
	    w->scratch) : 0;
	struct door *door;

	for (door = h->door; door; door = door->next)
		if (door->port == port && door->kind == kind)
			return door;
	door = ARENA_NEW(&w->keep, struct door);
	*door = (struct door){.host = host, .port = port, .kind = kind,
		.message = *message, .next = h->door};
	door->odd = port && is_odd(host, port, w->scratch);
	way_memo_init(&door->memo);
	map_init(&door->senders);
	map_init_fold(&door->tells);
	h->door = door;
	return door;
}

bool
way_tells(struct way *w, struct door *door, struct str domain)
{
	static bool no = false, yes = true;
	bool *tells = map_get(&door->tells, domain);

	if (!tells) {
		tells = host_tells_locals(door->host, door->port,
		    domain) ? &yes : &no;
		map_add(&door->tells, way_copy(w, domain), tells);
	}
	return *tells;
}

way_end
way_at_length(struct way *w, struct door *door, struct str sender,
    struct str recipient)
{
	struct message message = door->message;
	const struct hop *hop;

	message.sender = sender;
	message.recipient = recipient;
	hop = trace_message(door->host, door->port, &message, w->scratch);
	return way_ended(w, door->host, hop->fate, &hop->verdict.by, false) |
	    WAY_FINAL | WAY_MATTERED;
}

/* The message that a sender has at a door. */
static struct smtpd_mail *
mail_from(struct way *w, const struct door *door, struct str sender)
{
	struct session session = {.client = door->message.client,
		.helo = door->message.helo};
	struct way_mail *m = &w->mail[((uintptr_t)door / sizeof(*door) +
	    str_hash(sender)) % WAY_MAILS];

	if (m->door == door && str_eq(m->sender, sender))
		return m->mail;
	arena_clear(&m->arena);
	m->door = door;
	m->sender = (struct str){arena_strndup(&m->arena, sender.s,
	    sender.len), sender.len};
	session.sender = m->sender;
	m->mail = smtpd_mail(door->port->smtpd, &session, &m->arena);
	return m->mail;
}

/* Judge a recipient; what is said of the sender alone is kept in *of_sender. */
static way_end
judge(struct way *w, struct door *door, struct str sender,
    struct str recipient, way_end *of_sender)
{
	struct verdict v;
	way_end end = FATE_DELIVERED | WAY_DONE;

	smtpd_rcpt(mail_from(w, door, sender), recipient, false, w->scratch,
	    &v);
	if (v.kind == VERDICT_UNKNOWN)
		end = way_ended(w, door->host, FATE_UNDECIDABLE, &v.by,
		    false);
	else if (v.kind == VERDICT_REFUSE)
		end = way_ended(w, door->host, v.code >= 500 ? FATE_REJECTED :
		    FATE_DEFERRED, &v.by, false);
	else if (door->odd || v.discard || v.redirect.len || v.filter.len ||
	    v.bcc.n)
		end = way_at_length(w, door, sender, recipient);
	if (v.sender != SENDER_NOT_ASKED)
		*of_sender = v.sender == SENDER_REFUSED ? end : WAY_DONE;
	return end | (v.sender_mattered ? WAY_MATTERED : 0);
}

/*
 * From memory where the recipient was asked about before: if it was refused,
 * or if the sender is known to pass.
 */
way_end
way_answer(struct way *w, struct door *door, struct str sender,
    struct str recipient)
{
	struct way_host *h = way_host_of(w, door->host);
	way_end *known, *cell, none = 0, end;

	if (!door->port)
		return FATE_DELIVERED | WAY_DONE;
	known = way_map_cell(w, &door->senders, sender);
	if (*known && way_fate(*known) != FATE_DELIVERED)
		return *known;
	cell = way_cell(w, &door->memo, recipient);
	if (!cell)
		cell = &none;
	if (*cell & WAY_MATTERED)
		cell = way_sender_cell(w, h, door, recipient, sender);
	if (*cell && (*known || (*cell & WAY_MATTERED) ||
	    way_fate(*cell) != FATE_DELIVERED))
		return *cell;
	end = judge(w, door, sender, recipient, known);
	if (way_fate(*known) != FATE_DELIVERED)
		return end;
	*cell = end;
	if ((end & WAY_MATTERED) && cell != &none)
		*way_sender_cell(w, h, door, recipient, sender) = end;
	return end;
}

/* Routes */

/* The door of one host behind a next hop; NULL: *fate is how that ends. */
static struct door *
door_behind(struct way *w, const struct world_host *from,
    const struct delivery *d, const struct world_host *to, enum fate *fate)
{
	struct hop hop = {.host = from};
	const struct listener_port *port;
	struct message message;
	const char *why;

	port = trace_handover(&hop, d, to, &w->keep, &message, fate, &why);
	return port ? way_door(w, to, port, &message) : NULL;
}

static struct str
joined(struct arena *a, struct str first, char between, struct str second)
{
	char *s = arena_bytes(a, first.len + second.len + 1);

	memcpy(s, first.s, first.len);
	s[first.len] = between;
	memcpy(s + first.len + 1, second.s, second.len);
	return (struct str){s, first.len + 1 + second.len};
}

struct way_route *
way_route_to(struct way *w, const struct world_host *from, struct str transport,
    struct str nexthop, bool passed)
{
	struct way_host *h = way_host_of(w, from);
	struct str key = joined(w->scratch, transport, passed ? '\r' : '\n',
	    nexthop);
	struct way_route *route = map_get(&h->routes, key);
	struct delivery *d;
	size_t i;

	if (route)
		return route;
	route = ARENA_NEW(&w->keep, struct way_route);
	map_add(&h->routes, way_copy(w, key), route);
	d = &route->delivery;
	*d = (struct delivery){.transport = way_copy(w, transport),
		.nexthop = way_copy(w, nexthop), .sender = STR(""),
		.recipient = STR(""), .passed = passed};
	trace_route(from, &w->keep, d);
	route->fate = d->fate;
	route->self = d->smtp && d->to.kind == DESTINATION_SELF;
	if (d->fate != FATE_DELIVERED || !d->smtp ||
	    d->to.kind != DESTINATION_FLEET)
		return route;
	route->door = ARENA_ARRAY(&w->keep, struct door *, d->to.n);
	for (i = 0; i < d->to.n; i++) {
		enum fate fate = FATE_DELIVERED;
		struct door *door = door_behind(w, from, d, d->to.host[i],
		    &fate);

		if (door)
			route->door[route->n++] = door;
		else if (fate > route->fate)
			route->fate = fate;
		if (way_host_of(w, d->to.host[i])->is_srs)
			route->to_srs = true;
	}
	return route;
}

/* Senders */

const struct sent *
way_sent_as(struct way *w, struct way_host *h, struct str sender)
{
	struct sent *sent = map_get(&h->senders, sender);
	struct cleaned c;

	if (sent)
		return sent;
	sent = ARENA_NEW(&w->keep, struct sent);
	cleanup_sender(&h->host->host, sender, &w->keep, &c);
	sent->sender = way_copy(w, c.sender);
	if (c.result != TABLE_FOUND)
		sent->end = way_ended(w, h->host, c.result == TABLE_RETRY ?
		    FATE_DEFERRED : FATE_UNDECIDABLE, &c.by, false);
	map_add(&h->senders, way_copy(w, sender), sent);
	return sent;
}

static bool is_strange(struct way *w, struct str sender);

/* Whether a host fails for a sender, or makes a strange one of it. */
static bool
makes_strange(struct way *w, struct way_host *h, struct str sender)
{
	const struct sent *sent = way_sent_as(w, h, sender);
	struct str leaves = sent->sender;
	struct cleaned c = {.last = &c.steps};

	if (sent->end)
		return true;
	cleanup_generic(&h->host->host, NULL, &leaves, w->scratch, &c);
	return (!str_eq(sent->sender, sender) &&
	    is_strange(w, sent->sender)) ||
	    (!str_eq(leaves, sent->sender) && is_strange(w, leaves));
}

static bool
is_strange(struct way *w, struct str sender)
{
	bool *strange = map_get(&w->strange, sender);
	size_t i;

	if (strange)
		return *strange;
	/* No, while it is asked: hosts may turn two into each other. */
	strange = ARENA_NEW(&w->keep, bool);
	map_add(&w->strange, way_copy(w, sender), strange);
	for (i = 0; i < w->world->n && !*strange; i++)
		*strange = w->host[i].minds && w->host[i].host->host.nport &&
		    makes_strange(w, &w->host[i], sender);
	return *strange;
}

bool
way_is_strange(struct way *w, const struct world_host *host,
    struct str sender)
{
	struct way_host *h = way_host_of(w, host);

	return is_strange(w, sender) ||
	    (h->minds && makes_strange(w, h, sender));
}
