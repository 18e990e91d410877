/*
 * Ways, walked depth first and kept. What is asked twice of a host (how it
 * takes an address in, where it sends it) is answered from memory. A sender
 * counts only where a table or a restriction asked for it; then answers are
 * kept by sender, too. Strings of one message are in the scratch arena, and
 * what is kept is copied.
 */
#include "flow/way.h"

#include "flow/alike.h"

enum { HOPS = 50, CAUSES = 256 };

/*
 * What aliases lead to is put together from what each address on the way
 * leads to. An alias is as heavy as all that it leads to, and itself: no
 * message of it has more recipients or deeper aliases than that. Beyond what
 * Postfix's limits allow cleanup(8) is followed to the letter.
 */
enum { HEAVIEST = 255, DEEPEST = 20 };

/* The hosts on the way so far. */
struct path {
	const struct way_host *host;
	struct str recipient, sender;
	const struct path *before;
	unsigned depth;
};

/* The aliases on the way so far, on one host. */
struct chain {
	struct str address;
	const struct chain *before;
	unsigned depth;
};

/* What cleanup makes of a sender. */
struct sent {
	way_end end;			/* 0: it passes */
	struct str sender;
};

static void
memo_init(struct memo *memo)
{
	*memo = (struct memo){0};
	map_init_fold(&memo->other);
}

/* The weight that reaches none of a host's limits. */
static way_end
most_of(const struct host_settings *set)
{
	int64_t most = HEAVIEST;

	if (set->alias_recursion < most)
		most = set->alias_recursion;
	if (set->alias_expansion < most)
		most = set->alias_expansion;
	return most > 0 ? (way_end)most : 0;
}

void
way_init(struct way *w, const struct world *world, struct arena *scratch)
{
	const struct fleet *fleet = world->fleet;
	size_t i;

	*w = (struct way){.world = world, .fleet = fleet, .scratch = scratch,
		.ncause = 1};
	arena_init(&w->keep);
	w->symbol = STR("any-address");
	while (fleet_address(fleet, w->symbol) != NOWHERE)
		w->symbol = str_of(arena_printf(&w->keep, "%.*s-at-all",
		    STR_ARG(w->symbol)));
	w->host = ARENA_ARRAY(&w->keep, struct way_host, world->n);
	for (i = 0; i < world->n; i++) {
		struct way_host *h = &w->host[i];

		h->host = &world->host[i];
		memo_init(&h->memo);
		map_init(&h->by_sender);
		map_init(&h->senders);
		map_init(&h->routes);
		h->filtered = host_value(&h->host->host,
		    "content_filter").len != 0;
		h->most = most_of(&h->host->host.set);
	}
	for (i = 0; i < fleet->mx.n; i++) {
		const struct world_host *host = world_host(world, text_str(
		    ((const struct node *const *)fleet->mx.item)[i]->fqdn));

		if (host)
			w->host[host - world->host].is_mx = true;
	}
	for (i = 0; i < fleet->srs_hosts.n; i++) {
		const struct world_host *host = world_host(world, text_str(
		    ((const struct node *const *)fleet->srs_hosts.item)[i]->
		    fqdn));

		if (host)
			w->host[host - world->host].is_srs = true;
	}
}

void
way_release(struct way *w)
{
	struct door *door;
	size_t i;

	for (i = 0; i < w->world->n; i++) {
		struct way_host *h = &w->host[i];

		for (door = h->door; door; door = door->next) {
			map_release(&door->memo.other);
			map_release(&door->tells);
		}
		map_release(&h->memo.other);
		map_release(&h->by_sender);
		map_release(&h->senders);
		map_release(&h->routes);
	}
	for (i = 0; i < WAY_MAILS; i++)
		arena_release(&w->mail[i].arena);
	arena_release(&w->keep);
}

static struct str
keep_str(struct way *w, struct str s)
{
	return (struct str){arena_strndup(&w->keep, s.s, s.len), s.len};
}

static struct way_host *
way_host_of(const struct way *w, const struct world_host *host)
{
	return &w->host[host - w->world->host];
}

/* Memory */

/* Whose domain it is: 0 for the main domain, 1 for others of ours. */
enum { DOMAIN_MAIN, DOMAIN_ALIAS, DOMAIN_OTHER };

static int
domain_kind(const struct way *w, struct str domain)
{
	if (str_eq_fold(domain, text_str(w->fleet->domain)))
		return DOMAIN_MAIN;
	return map_get(&w->fleet->domains, domain) ? DOMAIN_ALIAS :
	    DOMAIN_OTHER;
}

static way_end *
map_cell(struct way *w, struct map *map, struct str key)
{
	way_end *cell = map_get(map, key);

	if (cell)
		return cell;
	cell = ARENA_NEW(&w->keep, way_end);
	map_add(map, keep_str(w, key), cell);
	return cell;
}

/* Where an answer is kept; NULL: it is not. */
static way_end *
memo_cell(struct way *w, struct memo *memo, struct str address)
{
	size_t at = address.len;
	uint32_t number = NOWHERE;
	int kind = DOMAIN_OTHER;

	while (at && address.s[at - 1] != '@')
		at--;
	if (at)
		kind = domain_kind(w, (struct str){address.s + at,
		    address.len - at});
	if (kind != DOMAIN_OTHER)
		number = fleet_address(w->fleet, (struct str){address.s,
		    at - 1});
	if (number == NOWHERE)
		return map_cell(w, &memo->other, address);
	if (kind == DOMAIN_ALIAS)
		return NULL;
	if (!memo->ours)
		memo->ours = ARENA_ARRAY(&w->keep, way_end,
		    fleet_addresses(w->fleet));
	return &memo->ours[number];
}

static way_end *
sender_cell(struct way *w, struct way_host *h, const void *door,
    struct str address, struct str sender)
{
	char *key = arena_printf(w->scratch, "%p %.*s\n%.*s", door,
	    STR_ARG(address), STR_ARG(sender));

	return map_cell(w, &h->by_sender, str_of(key));
}

/* Causes */

static way_end
ended(struct way *w, const struct world_host *host, enum fate fate,
    const struct decision *by, bool handoff)
{
	const char *what = by && by->what ? by->what : "";
	struct str table = by ? by->table : (struct str){0};
	struct cause *c;
	size_t i;

	for (i = 1; i < w->ncause; i++) {
		c = &w->cause[i];
		if (c->host == host && c->fate == fate &&
		    c->handoff == handoff && !strcmp(c->what, what) &&
		    str_eq(c->table, table))
			break;
	}
	if (i == CAUSES)
		i--;
	if (i == w->ncause) {
		w->cause[i] = (struct cause){host, fate,
			arena_strdup(&w->keep, what), keep_str(w, table),
			handoff};
		w->ncause++;
	}
	return (way_end)fate | WAY_DONE | (way_end)i << WAY_CAUSE;
}

/* Both happen: the worse fate, and all that was seen. */
static way_end
both(way_end a, way_end b)
{
	way_end seen = (a | b) & (WAY_MATTERED | WAY_HANDED | WAY_RESOLVED);
	bool worse = way_fate(b) > way_fate(a) ||
	    (way_fate(b) == way_fate(a) && way_cause(b) && !way_cause(a));

	return (worse ? b : a) | seen;
}

/* Doors */

/* A listener that does with mail what its Postfix does not do elsewhere. */
static bool
is_odd(const struct world_host *host, const struct listener_port *port,
    struct arena *a)
{
	const struct cf *cf = &host->host.cf;
	struct str rest = cf_value(cf, port->service,
	    STR("receive_override_options"), a), item;

	while (value_item(&rest, &item))
		if (str_eq(item, STR("no_address_mappings")))
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
	memo_init(&door->memo);
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
		map_add(&door->tells, keep_str(w, domain), tells);
	}
	return *tells;
}

/* What trace says, where the short way does not do. */
static way_end
at_length(struct way *w, struct door *door, struct str sender,
    struct str recipient)
{
	struct message message = door->message;
	const struct hop *hop;

	message.sender = sender;
	message.recipient = recipient;
	hop = trace_message(w->world, door->host, door->port, &message,
	    w->scratch);
	return ended(w, door->host, hop->fate, &hop->verdict.by, false) |
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

static way_end
judge(struct way *w, struct door *door, struct str sender,
    struct str recipient)
{
	struct verdict v;
	way_end end = FATE_DELIVERED | WAY_DONE;

	smtpd_rcpt(mail_from(w, door, sender), recipient, false, w->scratch,
	    &v);
	if (v.kind == VERDICT_UNKNOWN)
		end = ended(w, door->host, FATE_UNDECIDABLE, &v.by, false);
	else if (v.kind == VERDICT_REFUSE)
		end = ended(w, door->host, v.code >= 500 ? FATE_REJECTED :
		    FATE_DEFERRED, &v.by, false);
	else if (door->odd || v.discard || v.redirect.len || v.filter.len ||
	    v.bcc.n)
		end = at_length(w, door, sender, recipient);
	return end | (v.sender_mattered ? WAY_MATTERED : 0);
}

way_end
way_answer(struct way *w, struct door *door, struct str sender,
    struct str recipient)
{
	struct way_host *h = way_host_of(w, door->host);
	way_end *cell;

	if (!door->port)
		return FATE_DELIVERED | WAY_DONE;
	cell = memo_cell(w, &door->memo, recipient);
	if (!cell)
		return judge(w, door, sender, recipient);
	if (*cell & WAY_MATTERED)
		cell = sender_cell(w, h, door, recipient, sender);
	if (!*cell) {
		way_end end = judge(w, door, sender, recipient);

		*cell = end;
		if (end & WAY_MATTERED)
			*sender_cell(w, h, door, recipient, sender) = end;
	}
	return *cell;
}

/* Routes */

static way_end follow(struct way *w, struct door *door, struct str sender,
    struct str recipient, const struct path *path);

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
joined(struct arena *a, struct str first, struct str second)
{
	char *s = arena_bytes(a, first.len + second.len + 1);

	memcpy(s, first.s, first.len);
	s[first.len] = '\n';
	memcpy(s + first.len + 1, second.s, second.len);
	return (struct str){s, first.len + 1 + second.len};
}

static struct way_route *
route_to(struct way *w, const struct world_host *from, struct str transport,
    struct str nexthop)
{
	struct way_host *h = way_host_of(w, from);
	struct str key = joined(w->scratch, transport, nexthop);
	struct way_route *route = map_get(&h->routes, key);
	struct delivery *d;
	size_t i;

	if (route)
		return route;
	route = ARENA_NEW(&w->keep, struct way_route);
	map_add(&h->routes, keep_str(w, key), route);
	d = &route->delivery;
	*d = (struct delivery){.transport = keep_str(w, transport),
		.nexthop = keep_str(w, nexthop), .sender = STR(""),
		.recipient = STR("")};
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

/* Senders and next hops */

static const struct sent *
sent_as(struct way *w, struct way_host *h, struct str sender)
{
	struct sent *sent = map_get(&h->senders, sender);
	struct cleaned c;

	if (sent)
		return sent;
	sent = ARENA_NEW(&w->keep, struct sent);
	cleanup_sender(&h->host->host, sender, &w->keep, &c);
	sent->sender = c.sender;
	if (c.result != TABLE_FOUND)
		sent->end = ended(w, h->host, c.result == TABLE_RETRY ?
		    FATE_DEFERRED : FATE_UNDECIDABLE, &c.by, false);
	map_add(&h->senders, keep_str(w, sender), sent);
	return sent;
}

/* What the SRS host gets, it must have. */
static way_end
handed(struct way *w, const struct way_route *route, way_end end)
{
	struct decision by = {.what = w->cause[way_cause(end)].what};

	if (!(end & WAY_RESOLVED) && way_fate(end) != FATE_UNDECIDABLE &&
	    way_fate(end) != FATE_LOOP)
		end = ended(w, route->door[0]->host, way_fate(end), &by,
		    true) | (end & WAY_MATTERED);
	return end | WAY_HANDED;
}

static way_end
deliver(struct way *w, struct way_host *h, struct str sender,
    struct str recipient, const struct path *path)
{
	const struct host *host = &h->host->host;
	way_end end = FATE_DELIVERED | WAY_DONE;
	struct cleaned c = {.last = &c.steps};
	struct resolution r;
	struct way_route *route;
	size_t i;

	resolve_address(host, sender, recipient, w->scratch, &r);
	if (r.result != TABLE_FOUND)
		return ended(w, h->host, r.result == TABLE_RETRY ?
		    FATE_DEFERRED : FATE_UNDECIDABLE, &r.by, false) |
		    (r.sender_mattered ? WAY_MATTERED : 0);
	if (r.bad)
		return ended(w, h->host, FATE_BOUNCED, NULL, false);
	route = route_to(w, h->host, r.transport, r.nexthop);
	if (route->fate != FATE_DELIVERED)
		end = ended(w, h->host, route->self ? FATE_LOOP :
		    route->fate, &r.by, false);
	cleanup_generic(host, &sender, w->scratch, &c);
	recipient = r.recipient;
	cleanup_generic(host, &recipient, w->scratch, &c);
	for (i = 0; i < route->n; i++) {
		way_end next = follow(w, route->door[i], sender, recipient,
		    path);

		if (way_fate(next) == FATE_REJECTED)
			next = (next & ~(way_end)WAY_FATE) | FATE_BOUNCED;
		if (h->is_mx && route->to_srs)
			next = handed(w, route, next);
		end = both(end, next);
	}
	/* What the next host resolves is not resolved here. */
	end &= ~(way_end)(WAY_RESOLVED | WAY_FINAL);
	return end | (r.sender_mattered ? WAY_MATTERED : 0);
}

/* Aliases */

static way_end
alias_failed(struct way *w, struct way_host *h, const struct cleaned *c)
{
	return ended(w, h->host, c->endless ? FATE_LOOP :
	    c->result == TABLE_RETRY ? FATE_DEFERRED : FATE_UNDECIDABLE,
	    &c->by, false);
}

/* As cleanup(8) does it, all of it. */
static way_end
expand_whole(struct way *w, struct way_host *h, struct str sender,
    struct str address, const struct path *path)
{
	way_end end = FATE_DELIVERED | WAY_DONE, one;
	const struct step *step;
	struct cleaned c;
	size_t i;

	cleanup_aliases(&h->host->host, address, w->scratch, &c);
	if (c.result != TABLE_FOUND)
		return alias_failed(w, h, &c);
	for (i = 0; i < c.n; i++) {
		one = deliver(w, h, sender, c.recipient[i], path);
		if (!str_eq_fold(c.recipient[i], address))
			one &= ~(way_end)WAY_HANDED;
		end = both(end, one);
	}
	for (step = c.steps; step; step = step->next)
		if (step->nto != 1 || !str_eq_fold(step->to[0], step->from))
			end |= WAY_RESOLVED;
	return end;
}

static bool
is_in_chain(const struct chain *chain, struct str address)
{
	for (; chain; chain = chain->before)
		if (str_eq_fold(chain->address, address))
			return true;
	return false;
}

static way_end expand(struct way *w, struct way_host *h, struct str sender,
    struct str address, const struct chain *before, const struct path *path);

/* An alias and all that it leads to; 0: it is not as simple as that. */
static way_end
expand_each(struct way *w, struct way_host *h, struct str sender,
    const struct chain *chain, const struct path *path)
{
	struct str address = chain->address;
	way_end end = FATE_DELIVERED | WAY_DONE, weight = 1, one;
	struct address_list list;
	struct lookup lookup;
	enum table_result result;
	size_t i;

	result = cleanup_alias(&h->host->host, address, w->scratch, &list,
	    &lookup);
	if (result == TABLE_NONE)
		return deliver(w, h, sender, address, path) |
		    weight << WAY_WEIGHT;
	if (result != TABLE_FOUND)
		return 0;
	for (i = 0; i < list.n; i++) {
		bool itself = str_eq_fold(list.address[i], address);

		if (itself)
			one = deliver(w, h, sender, list.address[i], path) |
			    (way_end)1 << WAY_WEIGHT;
		else
			one = expand(w, h, sender, list.address[i], chain,
			    path) & ~(way_end)WAY_HANDED;
		weight += one >> WAY_WEIGHT;
		if (!one || weight >= h->most ||
		    (int64_t)list.address[i].len >
		    h->host->host.set.alias_length)
			return 0;
		end = both(end, one);
		if (!itself || list.n != 1)
			end |= WAY_RESOLVED;
	}
	return (end & ~((way_end)HEAVIEST << WAY_WEIGHT)) |
	    weight << WAY_WEIGHT;
}

/*
 * How mail ends that is for an address, aliases and all. 0: for those who
 * asked, within other aliases, it is not as simple as that.
 */
static way_end
expand(struct way *w, struct way_host *h, struct str sender,
    struct str address, const struct chain *before, const struct path *path)
{
	const struct chain chain = {address, before,
		before ? before->depth + 1 : 1};
	way_end *cell, mine = 0, end = 0;

	if (chain.depth > DEEPEST || is_in_chain(before, address))
		return 0;
	cell = memo_cell(w, &h->memo, address);
	if (cell && (*cell & WAY_DONE) && (*cell & WAY_MATTERED))
		cell = sender_cell(w, h, NULL, address, sender);
	if (cell && (*cell & WAY_DONE))
		return *cell;
	/* Another sender is on its way here: this one goes round again. */
	if (!cell || (*cell & WAY_WALKING))
		cell = &mine;
	*cell = WAY_WALKING;
	if (h->most > 1)
		end = expand_each(w, h, sender, &chain, path);
	if (!end && !before)
		end = expand_whole(w, h, sender, address, path) |
		    (way_end)HEAVIEST << WAY_WEIGHT;
	*cell = end;
	if ((end & WAY_MATTERED) && cell != &mine)
		*sender_cell(w, h, NULL, address, sender) = end;
	return end;
}

/* The queue */

static bool
was_here(const struct path *path)
{
	const struct path *p;

	for (p = path->before; p; p = p->before)
		if (p->host == path->host &&
		    str_eq_fold(p->recipient, path->recipient) &&
		    str_eq_fold(p->sender, path->sender))
			return true;
	return false;
}

/* What a host does with mail that it has taken. */
static way_end
queue(struct way *w, const struct path *path, struct str sender)
{
	struct way_host *h = way_host_of(w, path->host->host);
	const struct sent *sent = sent_as(w, h, sender);
	struct cleaned c;
	way_end end;

	if (sent->end)
		return sent->end;
	if (h->filtered)
		return ended(w, h->host, FATE_UNDECIDABLE, NULL, false);
	cleanup_canonical(&h->host->host, path->recipient, w->scratch, &c);
	if (c.result != TABLE_FOUND)
		return alias_failed(w, h, &c);
	end = expand(w, h, sent->sender, c.recipient[0], NULL, path);
	if (!str_eq_fold(c.recipient[0], path->recipient))
		end &= ~(way_end)WAY_HANDED;
	return end & ~((way_end)HEAVIEST << WAY_WEIGHT);
}

static bool
is_symbol(const struct way *w, struct str recipient, struct str *domain)
{
	struct str symbol = w->symbol;

	if (recipient.len <= symbol.len || recipient.s[symbol.len] != '@' ||
	    !str_starts(recipient, symbol))
		return false;
	*domain = (struct str){recipient.s + symbol.len + 1,
	    recipient.len - symbol.len - 1};
	return true;
}

static way_end
follow(struct way *w, struct door *door, struct str sender,
    struct str recipient, const struct path *before)
{
	const struct path path = {way_host_of(w, door->host), recipient,
		sender, before, before ? before->depth + 1 : 1};
	struct str domain;
	way_end end, answer;

	if (w->open && is_symbol(w, recipient, &domain) &&
	    way_tells(w, door, domain)) {
		w->open(w->open_self, door, domain, sender);
		return FATE_DELIVERED | WAY_DONE | WAY_RESOLVED;
	}
	if (path.depth > HOPS || was_here(&path))
		return ended(w, door->host, FATE_LOOP, &(struct decision){
		    .what = "the message comes back"}, false);
	answer = way_answer(w, door, sender, recipient);
	if (way_fate(answer) != FATE_DELIVERED || (answer & WAY_FINAL))
		return answer;
	end = queue(w, &path, sender);
	return end | (answer & WAY_MATTERED);
}

way_end
way_follow(struct way *w, struct door *door, struct str sender,
    struct str recipient)
{
	way_end end = follow(w, door, sender, recipient, NULL);

	if (way_fate(end) == FATE_UNDECIDABLE)
		w->undecidable++;
	return end;
}
