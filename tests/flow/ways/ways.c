/*
 * ways ENVIRONMENT: the proofs' quick memory of what hosts do with mail
 * (flow/way.h) against the trace that tells it at length: each way into each
 * host, kinds of senders, and addresses of every kind must have one fate.
 * Prints what differs, and how many agreed.
 */
#include "cmd/trace.h"
#include "flow/callers.h"
#include "flow/way.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct verb verbs[] = {{0}};	/* main.c's, which is not here */

struct ways {
	const struct world *world;
	struct arena keep, scratch, other;
	struct way way;
	struct str sender[16], recipient[4000];
	size_t nsender, nrecipient;
	size_t passed, failed;
};

/* What the trace says of the first host behind a hop, ways say of all. */
static bool
agree(enum fate way, const struct hop *hop)
{
	/* A host that would send to itself, or aliases that go on and on. */
	return way == hop->fate ||
	    (way == FATE_LOOP && (hop->fate == FATE_BOUNCED ||
	    hop->fate == FATE_DEFERRED)) ||
	    (way == FATE_BOUNCED && hop->fate == FATE_REJECTED);
}

static void
compare(struct ways *s, struct door *door, const struct message *base,
    struct str sender, struct str recipient)
{
	struct message m = *base;
	const struct hop *hop;
	enum fate fate;

	m.sender = m.header_from = sender;
	m.recipient = recipient;
	fate = way_fate(way_follow(&s->way, door, sender, recipient));
	hop = trace_message(door->host, door->port, &m, &s->other);
	if (agree(fate, hop)) {
		s->passed++;
	} else if (s->failed++ < 20) {
		printf("FAIL %s:%lld %.*s <%.*s> to <%.*s>: %s, and at length "
		    "%s\n", door->host->host.name, door->port ?
		    (long long)door->port->port : 0LL,
		    STR_ARG(m.client.address), STR_ARG(sender),
		    STR_ARG(recipient), fate_names[fate],
		    fate_names[hop->fate]);
	}
	arena_clear(&s->other);
	arena_clear(&s->scratch);
}

static void
try_door(struct ways *s, const struct world_host *host,
    const struct listener_port *port, const struct client *client,
    size_t step)
{
	struct message m = {.client = *client, .helo = STR("mail.example.net"),
		.sender = STR(""), .recipient = STR("")};
	struct door *door;
	size_t i, k;

	if (port)
		trace_greet(host, port, &m.client);
	door = way_door(&s->way, host, port, &m);
	/* Twice: from memory, and what fills it in another order. */
	for (k = 0; k < s->nsender; k++)
		for (i = k % step; i < s->nrecipient; i += step)
			compare(s, door, &m, s->sender[k], s->recipient[i]);
	for (i = s->nrecipient; i-- > 0; )
		compare(s, door, &m, s->sender[i % s->nsender],
		    s->recipient[i]);
}

static void
try_host(struct ways *s, const struct world_host *host, size_t step)
{
	struct client local = {.address = STR("127.0.0.1"),
		.name = STR("localhost"), .fingerprint = STR(""),
		.key_fingerprint = STR(""), .login = STR("")};
	struct client stranger = caller_stranger(s->world, false), node, user;
	size_t i;

	trace_client(&s->world->host[s->world->n - 1], false, &node);
	user = stranger;
	user.login = STR("postmaster");
	try_door(s, host, NULL, &local, step);
	for (i = 0; i < host->host.nport; i++) {
		try_door(s, host, &host->host.port[i], &stranger, step);
		try_door(s, host, &host->host.port[i], &node, step);
		try_door(s, host, &host->host.port[i], &user, step);
	}
}

static void
add(struct ways *s, struct str local, const char *domain)
{
	if (s->nrecipient < sizeof(s->recipient) / sizeof(s->recipient[0]))
		s->recipient[s->nrecipient++] = str_of(arena_printf(&s->keep,
		    "%.*s@%s", STR_ARG(local), domain));
}

/* Addresses of ours, by every name of a domain, and nobody's. */
static void
add_recipients(struct ways *s)
{
	static const char *const odd[] = {
		"nobody-has-this", "Root", "postmaster+x", "owner-x", "no body",
		"SRS0=xxxx=JM=example.net=someone", "giving", "frontdesk", "ops",
	};
	const struct fleet *fleet = s->world->fleet;
	const struct map *domains = &fleet->domains;
	const struct route *route = fleet->routes.item;
	uint32_t i, n = fleet_addresses(fleet);
	size_t k, d;

	for (i = 0; i < n; i++) {
		add(s, fleet_local(fleet, i), fleet->domain.s);
		d = i % domains->n;
		add(s, fleet_local(fleet, i), arena_strndup(&s->keep,
		    domains->entry[d].key.s, domains->entry[d].key.len));
	}
	for (k = 0; k < sizeof(odd) / sizeof(odd[0]); k++) {
		add(s, str_of(odd[k]), fleet->domain.s);
		add(s, str_of(odd[k]), "elsewhere.example");
		for (d = 0; d < fleet->routes.n; d++)
			add(s, str_of(odd[k]), route[d].domain.s);
	}
}

static void
add_senders(struct ways *s)
{
	const struct fleet *fleet = s->world->fleet;

	s->sender[s->nsender++] = caller_outside(s->world, 0);
	s->sender[s->nsender++] = STR("");
	s->sender[s->nsender++] = str_of(arena_printf(&s->keep,
	    "postmaster@%s", fleet->domain.s));
	s->sender[s->nsender++] = str_of(arena_printf(&s->keep, "root@%s",
	    s->world->host[0].host.name));
	s->sender[s->nsender++] = STR("SRS0=xxxx=JM=example.net=x@example.org");
}

int
main(int argc, char **argv)
{
	struct run run = {.format = &diag_formats[0], .quiet = true,
		.today = 1795435200};
	struct ways s = {0};
	struct trace t;
	size_t i;

	if (argc < 2)
		return EXIT_FAILURE;
	run.environment = argv[1];
	arena_init(&run.arena);
	sources_init(&run.sources, &run.arena);
	diag_init(&run.diag, &run.arena, &run.sources);
	if (!trace_open(&t, &run, &(struct asked){0})) {
		run_finish(&run, true);
		return EXIT_FAILURE;
	}
	s.world = &t.world;
	arena_init(&s.keep);
	arena_init(&s.scratch);
	arena_init(&s.other);
	way_init(&s.way, s.world, &s.scratch);
	add_recipients(&s);
	add_senders(&s);
	for (i = 0; i < s.world->n; i++)
		try_host(&s, &s.world->host[i], 7);
	printf("%zu passed, %zu failed\n", s.passed, s.failed);
	way_release(&s.way);
	arena_release(&s.keep);
	arena_release(&s.scratch);
	arena_release(&s.other);
	trace_close(&t);
	diag_release(&run.diag);
	sources_release(&run.sources);
	arena_release(&run.arena);
	return s.failed != 0;
}
