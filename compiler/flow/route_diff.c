/*
 * Answers are compared as text that says what matters to mail: for an address
 * who gets it in the end and who sends it there; for a client whether it is
 * served; for a signature its domain and selector; for a next hop its level.
 */
#include "flow/route_diff.h"

#include "flow/callers.h"
#include "flow/trace.h"

const char *const change_names[CHANGE_KINDS] = {
	[CHANGE_LOST] = "lost",
	[CHANGE_GAINED] = "gained",
	[CHANGE_REROUTED] = "rerouted",
	[CHANGE_REFUSAL] = "refusal",
	[CHANGE_LISTENER] = "listener",
	[CHANGE_RELAY] = "relay",
	[CHANGE_SIGNING] = "signing",
	[CHANGE_TLS] = "tls",
};

struct comparison {
	const struct world *old, *new;
	struct arena *arena;		/* of the changes */
	struct arena scratch;		/* of one question */
	struct changes *changes;
};

/* One decision on the way, and the line behind it. */
struct reason {
	const char *text;
	struct origin at;
};

/* An answer: what it says, line by line, and how it came about. */
struct answer {
	const char **line;
	size_t n, cap;
	struct reason *reason;
	size_t nreason, reason_cap;
	struct arena *arena;
	bool delivered;
};

/* Make room for one more of n things. */
static void *
grow(struct arena *a, void *array, size_t n, size_t *cap, size_t size)
{
	void *grown;

	if (n < *cap)
		return array;
	*cap = *cap ? *cap * 2 : 8;
	grown = arena_alloc(a, mul_or_die(*cap, size));
	if (n)
		memcpy(grown, array, n * size);
	return grown;
}

static void
add_line(struct answer *w, const char *line)
{
	w->line = grow(w->arena, w->line, w->n, &w->cap, sizeof(*w->line));
	w->line[w->n++] = line;
}

static void
add_reason(struct answer *w, const char *text, struct origin at)
{
	w->reason = grow(w->arena, w->reason, w->nreason, &w->reason_cap,
	    sizeof(*w->reason));
	w->reason[w->nreason++] = (struct reason){text, at};
}

/* An answer of one line. */
static struct answer
one_line(struct comparison *c, const char *line, bool delivered,
    struct origin at)
{
	struct answer w = {.arena = &c->scratch, .delivered = delivered};

	add_line(&w, line);
	add_reason(&w, line, at);
	return w;
}

static bool
has_line(const struct answer *w, const char *line)
{
	size_t i;

	for (i = 0; i < w->n; i++)
		if (!strcmp(w->line[i], line))
			return true;
	return false;
}

/* The lines of one answer that the other does not have. */
static const char **
only_in(struct comparison *c, const struct answer *w,
    const struct answer *other, size_t *n)
{
	const char **line = ARENA_ARRAY(c->arena, const char *, w->n);
	size_t i;

	*n = 0;
	for (i = 0; i < w->n; i++)
		if (!has_line(other, w->line[i]))
			line[(*n)++] = arena_strdup(c->arena, w->line[i]);
	return line;
}

/* The first decision that the other side did not take. */
static struct origin
first_reason(const struct answer *w, const struct answer *other)
{
	size_t i, k;

	for (i = 0; i < w->nreason; i++) {
		if (!w->reason[i].at.source)
			continue;
		for (k = 0; k < other->nreason; k++)
			if (!strcmp(w->reason[i].text, other->reason[k].text))
				break;
		if (k == other->nreason)
			return w->reason[i].at;
	}
	return ORIGIN_NONE;
}

/* Note that two answers differ, if they do. */
static void
compare(struct comparison *c, enum change_kind kind, const char *subject,
    const struct answer *was, const struct answer *now)
{
	struct change change = {.kind = kind};
	struct changes *all = c->changes;

	change.was = only_in(c, was, now, &change.nwas);
	change.now = only_in(c, now, was, &change.nnow);
	if (!change.nwas && !change.nnow)
		return;
	change.subject = arena_strdup(c->arena, subject);
	change.at = first_reason(now, was);
	if (!change.at.source || kind == CHANGE_LOST) {
		struct origin at = first_reason(was, now);

		change.old = at.source != 0;
		change.at = change.old ? at : change.at;
	}
	all->change = grow(c->arena, all->change, all->n, &all->cap,
	    sizeof(*all->change));
	all->change[all->n++] = change;
}

/* Where mail for an address ends, one line an end, and why. */
static void
add_ends(struct answer *w, const struct hop *hop)
{
	struct arena *a = w->arena;
	const struct step *step;
	size_t i;

	for (step = hop->cleaned.steps; step; step = step->next)
		for (i = 0; step->kind == STEP_ALIAS && i < step->nto; i++)
			add_reason(w, arena_printf(a, "%.*s > %.*s",
			    STR_ARG(step->from), STR_ARG(step->to[i])),
			    step->by.at);
	if (!hop->n) {
		add_line(w, arena_printf(a, "%s%s%s", fate_names[hop->fate],
		    hop->text ? ": " : "", hop->text ? hop->text : ""));
		add_reason(w, w->line[w->n - 1], hop->verdict.by.at);
	}
	for (i = 0; i < hop->n; i++) {
		const struct delivery *d = &hop->delivery[i];

		add_reason(w, arena_printf(a, "%s %.*s > %.*s:%.*s",
		    hop->host->host.name, STR_ARG(d->recipient),
		    STR_ARG(d->transport), STR_ARG(d->nexthop)), d->by.at);
		if (d->hop)
			add_ends(w, d->hop);
		else
			add_line(w, arena_printf(a, "%s%s%.*s by %s%s%s",
			    d->fate == FATE_DELIVERED ? "" :
			    fate_names[d->fate], d->fate == FATE_DELIVERED ?
			    "" : " at ", STR_ARG(d->recipient),
			    hop->host->host.name, d->text ? ": " : "",
			    d->text ? d->text : ""));
	}
}

/* Mail of a stranger for an address, from where the DNS sends it. */
static struct answer
ask_address(struct comparison *c, const struct world *world,
    struct str address)
{
	struct message m = {.client = caller_stranger(world, false),
		.helo = STR("mail.example.net"),
		.sender = caller_outside(c->new, 0),
		.header_from = caller_outside(c->new, 0),
		.recipient = address};
	struct answer w = {.arena = &c->scratch};
	struct destination to;
	const struct listener_port *port;
	const struct hop *hop;
	size_t at = address.len;

	while (at && address.s[at - 1] != '@')
		at--;
	destination_find(world, NULL, (struct str){address.s + at,
	    address.len - at}, 25, &c->scratch, &to);
	port = to.n ? trace_port(to.host[0], 25) : NULL;
	if (!port)
		return one_line(c, "no node receives it", false, ORIGIN_NONE);
	hop = trace_message(to.host[0], port, &m, &c->scratch);
	add_ends(&w, hop);
	w.delivered = hop->fate == FATE_DELIVERED;
	return w;
}

static void
forget(struct comparison *c)
{
	arena_release(&c->scratch);
	arena_init(&c->scratch);
}

static void
compare_address(struct comparison *c, struct str address)
{
	struct answer was = ask_address(c, c->old, address);
	struct answer now = ask_address(c, c->new, address);

	compare(c, was.delivered && now.delivered ? CHANGE_REROUTED :
	    was.delivered ? CHANGE_LOST : now.delivered ? CHANGE_GAINED :
	    CHANGE_REFUSAL, arena_strndup(&c->scratch, address.s,
	    address.len), &was, &now);
	forget(c);
}

/* Addresses that one side or the other has, each once. */
struct addresses {
	struct comparison *c;
	struct map seen;
};

static void
add_address(struct addresses *all, struct str address)
{
	size_t n = all->seen.n;
	char *copy;

	if (map_get(&all->seen, address))
		return;
	copy = arena_strndup(all->c->arena, address.s, address.len);
	map_add(&all->seen, (struct str){copy, address.len}, all);
	if (all->seen.n > n)
		compare_address(all->c, (struct str){copy, address.len});
}

static void
add_fleet(struct addresses *all, const struct fleet *fleet)
{
	const struct domain *domain;
	uint32_t i, n;
	size_t k;

	if (!fleet)
		return;
	n = fleet_addresses(fleet);
	for (i = 0; i < n; i++) {
		struct str local = fleet_local(fleet, i);

		add_address(all, str_of(arena_printf(all->c->arena, "%.*s@%s",
		    STR_ARG(local), fleet->domain.s)));
	}
	/* A domain by its postmaster, whom every one has (RFC 5321). */
	domain = fleet->alias_domains.item;
	for (k = 0; k < fleet->alias_domains.n; k++)
		add_address(all, str_of(arena_printf(all->c->arena,
		    "postmaster@%s", domain[k].name.s)));
}

static void
add_maps(struct addresses *all, const struct maps *maps)
{
	struct table_answer answer;
	struct str key;
	size_t i, at;

	for (i = 0; i < maps->n; i++)
		for (at = 0; table_next(maps->table[i], &at, &key, &answer);)
			if (str_find(key, '@') && str_find(key, '@') < key.len)
				add_address(all, key);
}

/* What the tables answer for of a side whose data is not at hand. */
static void
add_tables(struct addresses *all, const struct world *world)
{
	size_t i;

	for (i = 0; i < world->n; i++) {
		add_maps(all, &world->host[i].host.maps.virtual_alias);
		add_maps(all, &world->host[i].host.maps.transport);
	}
}

static void
compare_addresses(struct comparison *c)
{
	struct addresses all = {.c = c};

	map_init_fold(&all.seen);
	add_fleet(&all, c->new->fleet);
	if (c->old->fleet != c->new->fleet)
		add_fleet(&all, c->old->fleet);
	else
		add_tables(&all, c->old);
	map_release(&all.seen);
}

/* How a listener treats a client: served, relayed for, or the refusal. */
static struct answer
ask_client(struct comparison *c, const struct world_host *host,
    const struct listener_port *port, const struct caller *caller,
    struct str recipient)
{
	const struct fleet *fleet = host->world->fleet;
	struct session session = {.client = caller->client,
		.helo = caller->client.name,
		.sender = caller_outside(c->new, 0), .recipient = recipient};
	struct verdict v;

	if (caller->client.login.len && fleet)
		session.sender = str_of(arena_printf(&c->scratch, "%.*s@%s",
		    STR_ARG(caller->client.login), fleet->domain.s));
	trace_greet(host, port, &session.client);
	smtpd_judge(port->smtpd, &session, &c->scratch, &v);
	return one_line(c, v.kind == VERDICT_ACCEPT ? "taken" :
	    v.kind == VERDICT_UNKNOWN ? arena_printf(&c->scratch,
	    "not known: %s", v.why) : arena_printf(&c->scratch,
	    "refused with %d", v.code), v.kind == VERDICT_ACCEPT, v.by.at);
}

/* The two sides of a listener. */
struct listener_pair {
	const struct world_host *old_host, *new_host;
	const struct listener_port *old, *new;
	const char *where;
};

static void
compare_client(struct comparison *c, const struct listener_pair *pair,
    const struct caller *caller, struct str recipient)
{
	struct answer was = ask_client(c, pair->old_host, pair->old, caller,
	    recipient);
	struct answer now = ask_client(c, pair->new_host, pair->new, caller,
	    recipient);

	compare(c, CHANGE_RELAY, arena_printf(&c->scratch, "%s: %s, for %.*s",
	    pair->where, caller->who, STR_ARG(recipient)), &was, &now);
	forget(c);
}

static void
compare_port(struct comparison *c, const struct listener_pair *pair)
{
	struct callers callers;
	size_t i;

	callers_init(&callers, c->new, c->arena);
	callers_of_port(&callers, pair->new_host, pair->new);
	callers_of_port(&callers, pair->old_host, pair->old);
	callers_of_nodes(&callers);
	for (i = 0; i < callers.n; i++) {
		compare_client(c, pair, &callers.caller[i],
		    caller_outside(c->new, 1));
		compare_client(c, pair, &callers.caller[i],
		    str_of(arena_printf(c->arena, "postmaster@%s",
		    c->new->fleet->domain.s)));
	}
	callers_release(&callers);
}

static struct origin
port_place(const struct world_host *host, const struct listener_port *port)
{
	return place_origin(host->host.master_cf.owner, port->service->offset);
}

/* A port that others reach on one side only. */
static void
note_port(struct comparison *c, const struct world_host *host,
    const struct listener_port *port, bool opens)
{
	struct answer open = one_line(c, "open", true,
	    port_place(host, port));
	struct answer closed = one_line(c, "closed", false, ORIGIN_NONE);

	compare(c, CHANGE_LISTENER, arena_printf(&c->scratch, "%s:%lld",
	    host->host.name, (long long)port->port), opens ? &closed : &open,
	    opens ? &open : &closed);
	forget(c);
}

static void
compare_ports(struct comparison *c, const struct world_host *old,
    const struct world_host *new)
{
	size_t i;

	for (i = 0; old && i < old->host.nport; i++) {
		const struct listener_port *port = &old->host.port[i];

		if (!port->loopback && !(new && trace_port(new, port->port)))
			note_port(c, old, port, false);
	}
	for (i = 0; new && i < new->host.nport; i++) {
		const struct listener_port *port = &new->host.port[i];
		const struct listener_port *was = old ?
		    trace_port(old, port->port) : NULL;

		if (port->loopback)
			continue;
		if (!was) {
			note_port(c, new, port, true);
			continue;
		}
		compare_port(c, &(struct listener_pair){old, new, was, port,
			arena_printf(c->arena, "%s:%lld", new->host.name,
			(long long)port->port)});
	}
}

static struct answer
ask_signature(struct comparison *c, const struct world_host *host,
    const struct listener_port *port, const struct message *m)
{
	struct sign_verdict v = trace_signing(host, port, m, &c->scratch);
	struct sign_place place = v.n ? v.signature[0].place : v.place;
	struct origin at = place.owner ? place_origin(place.owner,
	    place.offset) : ORIGIN_NONE;

	if (v.result != SIGN_SIGNED)
		return one_line(c, v.result == SIGN_NOT ? "not signed" :
		    "not known", false, at);
	return one_line(c, arena_printf(&c->scratch, "signed by %.*s, "
	    "selector %.*s, key %.*s", STR_ARG(v.signature[0].domain),
	    STR_ARG(v.signature[0].selector), STR_ARG(v.signature[0].key)),
	    true, at);
}

static void
compare_signature(struct comparison *c, const struct world_host *old,
    const struct world_host *new, const struct listener_port *old_port,
    const struct listener_port *new_port, const struct message *m,
    const char *who)
{
	struct answer was = ask_signature(c, old, old_port, m);
	struct answer now = ask_signature(c, new, new_port, m);

	compare(c, CHANGE_SIGNING, arena_printf(&c->scratch, "%s: mail of %s "
	    "from %.*s", new->host.name, who, STR_ARG(m->header_from)), &was,
	    &now);
	forget(c);
}

/* What is signed on a host, for each domain that has a key anywhere. */
static void
compare_signing(struct comparison *c, const struct world_host *old,
    const struct world_host *new)
{
	const struct fleet *fleet = c->new->fleet;
	const struct dkim_key *key = fleet ? fleet->dkim.item : NULL;
	const struct node *const *mx = fleet ? fleet->mx.item : NULL;
	struct message m = {.sender = caller_outside(c->new, 0),
		.recipient = caller_outside(c->new, 1), .helo = STR("x")};
	size_t i, k;

	for (i = 0; fleet && i < fleet->dkim.n; i++) {
		if (i && str_eq(text_str(key[i].domain),
		    text_str(key[i - 1].domain)))
			continue;
		m.header_from = str_of(arena_printf(c->arena, "someone@%s",
		    key[i].domain.s));
		m.client = caller_stranger(c->new, false);
		compare_signature(c, old, new, NULL, NULL, &m, "the host");
		for (k = 0; k < new->host.nport; k++) {
			const struct listener_port *port =
			    &new->host.port[k];
			const struct listener_port *was = trace_port(old,
			    port->port);
			const struct world_host *from = fleet->mx.n ?
			    world_host(c->new, text_str(mx[0]->fqdn)) : NULL;

			if (!was || port->loopback)
				continue;
			compare_signature(c, old, new, was, port, &m,
			    "a stranger");
			if (!from || from == new)
				continue;
			trace_client(from, false, &m.client);
			compare_signature(c, old, new, was, port, &m,
			    "the MX");
			m.client = caller_stranger(c->new, false);
		}
	}
}

static struct answer
ask_tls(struct comparison *c, const struct world_host *host,
    struct str nexthop)
{
	struct tls tls;

	tls_find(&host->host, NULL, nexthop, &c->scratch, &tls);
	return one_line(c, tls.level, true, tls.by.at);
}

static void
compare_level(struct comparison *c, const struct world_host *old,
    const struct world_host *new, struct str nexthop)
{
	struct answer was = ask_tls(c, old, nexthop);
	struct answer now = ask_tls(c, new, nexthop);

	compare(c, CHANGE_TLS, arena_printf(&c->scratch, "%s to %.*s",
	    new->host.name, STR_ARG(nexthop)), &was, &now);
	forget(c);
}

static void
compare_policies(struct comparison *c, const struct world_host *old,
    const struct world_host *new, const struct maps *maps)
{
	struct table_answer answer;
	struct str key;
	size_t i, at;

	for (i = 0; i < maps->n; i++)
		for (at = 0; table_next(maps->table[i], &at, &key, &answer);)
			compare_level(c, old, new, (struct str){
			    arena_strndup(c->arena, key.s, key.len),
			    key.len});
}

static void
compare_tls(struct comparison *c, const struct world_host *old,
    const struct world_host *new)
{
	struct str relayhost = host_value(&new->host, "relayhost");
	size_t before = c->changes->n, i, k;

	compare_level(c, old, new, STR("example.com"));
	if (relayhost.len)
		compare_level(c, old, new, relayhost);
	compare_policies(c, old, new, &new->host.maps.tls_policy);
	compare_policies(c, old, new, &old->host.maps.tls_policy);
	/* A policy that both tables have was asked for twice. */
	for (i = before; i < c->changes->n; i++)
		for (k = i + 1; k < c->changes->n;)
			if (strcmp(c->changes->change[i].subject,
			    c->changes->change[k].subject))
				k++;
			else
				c->changes->change[k] =
				    c->changes->change[--c->changes->n];
}

static void
compare_hosts(struct comparison *c, void (*ask)(struct comparison *c,
    const struct world_host *old, const struct world_host *new), bool both)
{
	size_t i;

	for (i = 0; i < c->new->n; i++) {
		const struct world_host *new = &c->new->host[i];
		const struct world_host *old = world_host(c->old,
		    str_of(new->host.name));

		if (old || !both)
			ask(c, old, new);
	}
	for (i = 0; !both && i < c->old->n; i++)
		if (!world_host(c->new, str_of(c->old->host[i].host.name)))
			ask(c, &c->old->host[i], NULL);
}

void
route_diff(const struct world *old, const struct world *new, struct arena *a,
    struct changes *changes)
{
	struct comparison c = {.old = old, .new = new, .arena = a,
		.changes = changes};

	*changes = (struct changes){.arena = a};
	arena_init(&c.scratch);
	compare_addresses(&c);
	compare_hosts(&c, compare_ports, false);
	compare_hosts(&c, compare_signing, true);
	compare_hosts(&c, compare_tls, true);
	arena_release(&c.scratch);
}
