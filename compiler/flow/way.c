/*
 * Ways, walked depth first and kept. What is asked twice of a host (how it
 * takes an address in, where it sends it) is answered from memory. A sender
 * counts only where a table or a restriction asked for it; then answers are
 * kept by sender, too.
 */
#include "flow/way_inside.h"

enum { HOPS = 50 };

/*
 * What aliases lead to is put together from what each address on the way
 * leads to. An alias is as heavy as all that it leads to, and itself: no
 * message of it has more recipients or deeper aliases than that. Beyond what
 * Postfix's limits allow cleanup(8) is followed to the letter.
 */
enum { DEEPEST = 20 };

/* The hosts on the way so far. */
struct path {
	const struct way_host *host;
	struct str recipient, sender;
	const struct path *before;
	unsigned depth;
	struct door *door;		/* NULL: local(8) of the host wrote it */
	const struct delivered *delivered;	/* by whom, and by whom else */
};

/* The aliases on the way so far, on one host. */
struct chain {
	struct str address;
	const struct chain *before;
	unsigned depth;
};

/* Both happen: the worse fate, and all that was seen. */
static way_end
both(way_end a, way_end b)
{
	way_end seen = (a | b) & (WAY_MATTERED | WAY_HANDED | WAY_RESOLVED);
	bool worse = way_fate(b) > way_fate(a) ||
	    (way_fate(b) == way_fate(a) && way_cause(b) && !way_cause(a));

	return (worse ? b : a) | seen;
}

/* What the SRS host gets, it must have. */
static way_end
handed(struct way *w, const struct way_route *route, way_end end)
{
	struct decision by = {.what = w->cause[way_cause(end)].what};

	if (!(end & WAY_RESOLVED) && way_fate(end) != FATE_UNDECIDABLE &&
	    way_fate(end) != FATE_LOOP)
		end = way_ended(w, route->door[0]->host, way_fate(end), &by,
		    true) | (end & WAY_MATTERED);
	return end | WAY_HANDED;
}

static way_end follow(struct way *w, struct door *door, struct str sender,
    struct str recipient, const struct path *path);

static way_end queue(struct way *w, const struct path *path,
    struct str sender);
static bool was_here(const struct path *path);
static bool is_symbol(const struct way *w, struct str recipient,
    struct str *domain);
static way_end take_route(struct way *w, struct way_host *h,
    const struct parcel *parcel, const struct way_route *route,
    const struct decision *by, const struct path *path);

/* A new message on the host that it is on already. */
static way_end
forward(struct way *w, const struct outcome *o, const struct path *before)
{
	const struct delivered delivered = {o->delivered, before->delivered};
	const struct path path = {before->host, o->recipient, o->sender,
		before, before->depth + 1, NULL, &delivered};
	const bool strange = w->is_strange;
	way_end end;

	if (path.depth > HOPS || was_here(&path))
		return way_ended(w, path.host->host, FATE_LOOP, &o->by, false);
	w->is_strange |= way_is_strange(w, path.host->host, o->sender);
	end = queue(w, &path, o->sender);
	w->is_strange = strange;
	return end & ~(way_end)WAY_HANDED;
}

static way_end
outcome(struct way *w, struct way_host *h, const struct outcome *o,
    const struct path *path)
{
	const struct parcel parcel = {.sender = o->sender,
		.recipient = o->recipient, .nexthop = o->nexthop};

	if (o->kind == OUTCOME_FORWARD)
		return forward(w, o, path);
	if (o->kind == OUTCOME_PASS)
		return take_route(w, h, &parcel, way_route_to(w, h->host,
		    o->transport, o->nexthop, true), &o->by, path);
	if (o->kind == OUTCOME_HERE)
		return FATE_DELIVERED | WAY_DONE;
	return way_ended(w, h->host, fate_of_outcome(o->kind), &o->by, false);
}

/* Whether an agent is asked for a local part that stands for any. */
static bool
opens(struct way *w, const struct agent *agent, struct str recipient,
    const struct path *path)
{
	struct str domain;

	while (!path->door)
		path = path->before;
	if (!w->open || !is_symbol(w, recipient, &domain) ||
	    !is_symbol(w, path->recipient, &domain) ||
	    !agent_tells_locals(agent))
		return false;
	w->open(w->open_self, path->door, domain, path->sender);
	return true;
}

static way_end
deliver_by_agent(struct way *w, struct way_host *h, const struct agent *agent,
    const struct parcel *parcel, const struct path *path)
{
	struct parcel own = *parcel;
	struct cleaned steps = {.last = &steps.steps};
	way_end end = FATE_DELIVERED | WAY_DONE;
	struct outcomes out;
	size_t i;

	if (opens(w, agent, parcel->recipient, path))
		return end;
	own.before = path->delivered;
	agent_deliver(agent, &own, w->scratch, &steps, &out);
	for (i = 0; i < out.n; i++)
		end = both(end, outcome(w, h, &out.item[i], path));
	return end;
}

/* What a transport does with a recipient; by decided it. */
static way_end
take_route(struct way *w, struct way_host *h, const struct parcel *parcel,
    const struct way_route *route, const struct decision *by,
    const struct path *path)
{
	struct str sender = parcel->sender, recipient = parcel->recipient;
	enum table_result result;
	way_end end = FATE_DELIVERED | WAY_DONE;
	struct cleaned c = {.last = &c.steps};
	size_t i;

	if (route->fate != FATE_DELIVERED)
		end = way_ended(w, h->host, route->self ? FATE_LOOP :
		    route->fate, by, false);
	if (route->delivery.agent)
		return deliver_by_agent(w, h, route->delivery.agent, parcel,
		    path);
	for (i = 0; i < 2 && route->delivery.smtp; i++) {
		result = cleanup_generic(&h->host->host,
		    route->delivery.service, i ? &recipient : &sender,
		    w->scratch, &c);
		if (result == TABLE_RETRY || result == TABLE_UNKNOWN)
			return way_ended(w, h->host, result == TABLE_RETRY ?
			    FATE_DEFERRED : FATE_UNDECIDABLE, &c.by, false);
	}
	for (i = 0; i < route->n; i++) {
		way_end next = follow(w, route->door[i], sender, recipient,
		    path);

		if (way_fate(next) == FATE_REJECTED)
			next = (next & ~(way_end)WAY_FATE) | FATE_BOUNCED;
		if (h->is_mx && route->to_srs)
			next = handed(w, route, next);
		end = both(end, next);
	}
	return end;
}

static way_end
deliver(struct way *w, struct way_host *h, struct str sender,
    struct str recipient, const struct path *path)
{
	struct parcel parcel = {.sender = sender};
	struct resolution r;
	way_end end;

	resolve_address(&h->host->host, sender, recipient, w->scratch, &r);
	if (r.result != TABLE_FOUND)
		return way_ended(w, h->host, r.result == TABLE_RETRY ?
		    FATE_DEFERRED : FATE_UNDECIDABLE, &r.by, false) |
		    (r.sender_mattered ? WAY_MATTERED : 0);
	if (r.bad)
		return way_ended(w, h->host, FATE_BOUNCED, NULL, false);
	parcel.recipient = r.recipient;
	parcel.nexthop = r.nexthop;
	end = take_route(w, h, &parcel, way_route_to(w, h->host, r.transport,
	    r.nexthop, false), &r.by, path);
	/* What the next host resolves is not resolved here. */
	end &= ~(way_end)(WAY_RESOLVED | WAY_FINAL);
	return end | (r.sender_mattered ? WAY_MATTERED : 0);
}

/* Aliases */

static way_end
alias_failed(struct way *w, struct way_host *h, const struct cleaned *c)
{
	return way_ended(w, h->host, c->endless ? FATE_LOOP :
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
	cell = way_cell(w, &h->memo, address);
	if (w->is_strange ||
	    (cell && (*cell & WAY_DONE) && (*cell & WAY_MATTERED)))
		cell = way_sender_cell(w, h, NULL, address, sender);
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
		*way_sender_cell(w, h, NULL, address, sender) = end;
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
	const struct sent *sent = way_sent_as(w, h, sender);
	struct cleaned c;
	way_end end;

	if (sent->end)
		return sent->end;
	if (h->filtered)
		return way_ended(w, h->host, FATE_UNDECIDABLE, NULL, false);
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
		sender, before, before ? before->depth + 1 : 1, door, NULL};
	struct str domain;
	way_end end, answer;

	if (w->open && is_symbol(w, recipient, &domain) &&
	    way_tells(w, door, domain)) {
		w->open(w->open_self, door, domain, sender);
		return FATE_DELIVERED | WAY_DONE | WAY_RESOLVED;
	}
	if (path.depth > HOPS || was_here(&path))
		return way_ended(w, door->host, FATE_LOOP, &(struct decision){
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
	way_end end;

	w->is_strange = way_is_strange(w, door->host, sender);
	end = follow(w, door, sender, recipient, NULL);
	if (way_fate(end) == FATE_UNDECIDABLE)
		w->undecidable++;
	return end;
}
