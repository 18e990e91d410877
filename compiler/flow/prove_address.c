/*
 * Termination and totality: every way into the fleet, every sender, every
 * address. A host that does the same with all local parts of a domain is
 * tried with one that stands for them (way.h); where a host tells them
 * apart, a task is made, and all addresses of ours are tried there.
 */
#include "flow/alike.h"
#include "flow/prove_address.h"

#include <stdlib.h>

struct str
prove_join(struct address_prover *ap, struct str local, struct str domain)
{
	struct arena *a = &ap->p->scratch;
	char *s = arena_bytes(a, local.len + domain.len + 2);

	memcpy(s, local.s, local.len);
	s[local.len] = '@';
	memcpy(s + local.len + 1, domain.s, domain.len);
	s[local.len + domain.len + 1] = '\0';
	return (struct str){s, local.len + domain.len + 1};
}

void
prove_stranger_message(const struct address_prover *ap, bool v6,
    struct message *message)
{
	*message = (struct message){.client = prove_stranger(ap->p, v6),
		.helo = STR("mail.example.net")};
}

bool
prove_is_usable(const struct fleet *fleet, uint32_t address)
{
	const struct mapping *m = fleet_alias(fleet, address);
	const struct account *account = fleet_account(fleet, address);

	if (account)
		return account->state == ACCOUNT_USABLE;
	if (!m)
		m = fleet_forward(fleet, address);
	return m && !m->bad;
}

/* How many addresses are looked at to find one that was reported. */
enum { REPORTED_DEPTH = 8 };

static bool
is_reported_at(const struct address_prover *ap, uint32_t address,
    unsigned depth)
{
	const struct fleet *fleet = ap->p->fleet;
	const struct mapping *m = fleet_alias(fleet, address);
	bool alias = m != NULL;
	const struct target *target;
	uint32_t n, i;

	if (!m)
		m = fleet_forward(fleet, address);
	if ((m && m->poisoned) || (depth && ap->told[address]))
		return true;
	target = fleet_targets(fleet, address, &n);
	for (i = 0; i < n; i++) {
		if (target[i].where == TARGET_BAD ||
		    target[i].where == TARGET_NOWHERE ||
		    (alias && target[i].where == TARGET_OUTSIDE))
			return true;
		if (target[i].leads_to != NOWHERE && depth < REPORTED_DEPTH &&
		    is_reported_at(ap, target[i].leads_to, depth + 1))
			return true;
	}
	return false;
}

bool
prove_is_reported(const struct address_prover *ap, uint32_t address)
{
	return address != NOWHERE && is_reported_at(ap, address, 0);
}

bool
prove_is_main(const struct address_prover *ap, struct str recipient)
{
	struct str domain = ap->domain[0];
	size_t local = recipient.len - domain.len;

	return recipient.len > domain.len && recipient.s[local - 1] == '@' &&
	    str_eq_fold((struct str){recipient.s + local, domain.len},
	    domain);
}

/* Messages */

way_end
prove_message(struct address_prover *ap, struct door *door,
    struct str sender, struct str recipient, uint32_t address, bool must)
{
	struct way *w = &ap->way;
	enum finding_id id = FINDING_FLOW_LOST;
	enum fate fate;
	way_end end;

	ap->must = must;
	end = way_follow(w, door, sender, recipient);
	fate = way_fate(end);
	if (fate == FATE_UNDECIDABLE)
		return end;
	if (fate == FATE_LOOP)
		id = FINDING_FLOW_LOOP;
	else if (w->cause[way_cause(end)].handoff)
		id = FINDING_FLOW_HANDOFF;
	else if (!must || fate == FATE_DELIVERED)
		return end;
	failure_add(ap, id, end, (uint32_t)way_cause(end), door, sender,
	    recipient, address);
	return end;
}

/*
 * Of many senders (each node has its own) so many are tried with every
 * address, where the sender matters.
 */
enum { SENDERS = 5 };

/* One address with the senders of a task; all: even if none matters. */
static void
prove_senders_of(struct address_prover *ap, const struct task *task,
    struct str recipient, uint32_t address, bool all)
{
	const struct senders *s = &task->senders;
	way_end end;
	size_t i;

	for (i = 0; i < s->n && (all || i < SENDERS); i++) {
		end = prove_message(ap, task->door, s->sender[i].address,
		    recipient, address, address != NOWHERE &&
		    s->sender[i].must);
		if (!all && !(end & WAY_MATTERED))
			break;
	}
	prove_forget(ap->p);
}

/* Tasks */

static void
add_sender(struct senders *s, struct arena *a, struct str sender, bool must)
{
	uint32_t hash = str_hash(sender);
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->sender[i].hash == hash &&
		    str_eq(s->sender[i].address, sender)) {
			s->sender[i].must |= must;
			return;
		}
	if (s->n == s->cap) {
		struct sender *grown;

		s->cap = s->cap ? s->cap * 2 : 4;
		grown = ARENA_ARRAY(a, struct sender, s->cap);
		if (s->n)
			memcpy(grown, s->sender, s->n * sizeof(*grown));
		s->sender = grown;
	}
	s->sender[s->n++] = (struct sender){{arena_strndup(a, sender.s,
	    sender.len), sender.len}, hash, must};
}

static struct task *
task_for(struct address_prover *ap, struct door *door, struct str domain)
{
	struct arena *a = &ap->way.keep;
	char *name = arena_printf(&ap->p->scratch, "%p %.*s", (void *)door,
	    STR_ARG(domain));
	size_t *number = map_get(&ap->by_task, str_of(name));

	if (number)
		return &ap->task[*number];
	if (ap->ntask == ap->cap_task) {
		ap->cap_task = ap->cap_task ? ap->cap_task * 2 : 64;
		ap->task = xrealloc(ap->task, mul_or_die(ap->cap_task,
		    sizeof(*ap->task)));
	}
	number = ARENA_NEW(a, size_t);
	*number = ap->ntask;
	map_add(&ap->by_task, str_of(arena_strdup(a, name)), number);
	ap->task[ap->ntask] = (struct task){.door = door,
		.domain = {arena_strndup(a, domain.s, domain.len),
		domain.len}};
	return &ap->task[ap->ntask++];
}

static void
open_task(void *self, struct door *door, struct str domain,
    struct str sender)
{
	struct address_prover *ap = self;
	struct task *task = task_for(ap, door, domain);

	add_sender(&task->senders, &ap->way.keep, sender, ap->must);
}

/*
 * Whether every address was on its way through the same queue before: a
 * stranger's mail that must arrive has been, and after it what the host
 * itself sends is no news. Where nothing must arrive, what the listener takes
 * cannot go round unless what sendmail takes does.
 */
static bool
is_covered(struct address_prover *ap, const struct task *task)
{
	const struct senders *s = &task->senders;
	bool must = false;
	size_t i;

	for (i = 0; i < s->n; i++)
		must |= s->sender[i].must;
	if (task->door->odd || (must && task->door->port))
		return false;
	for (i = 0; i < ap->ntask; i++) {
		const struct task *other = &ap->task[i];
		const struct door *door = other->door;

		if (door->host == task->door->host && !door->odd &&
		    str_eq(other->domain, task->domain) && (!must ||
		    (door->stranger && other->senders.sender[0].must)) &&
		    (must || !door->port))
			return true;
	}
	return false;
}

/* The number of the i-th address: forwards and accounts before aliases. */
static uint32_t
in_order(const struct fleet *fleet, uint32_t i)
{
	uint32_t n = fleet_addresses(fleet);
	uint32_t others = n - (uint32_t)fleet->aliases.n;

	return i < others ? i + (uint32_t)fleet->aliases.n : i - others;
}

static void
run_task(struct address_prover *ap, const struct task *task)
{
	const struct fleet *fleet = ap->p->fleet;
	uint32_t n = fleet_addresses(fleet), i;
	bool first = true, covered = is_covered(ap, task);

	for (i = 0; i < n; i++) {
		uint32_t address = in_order(fleet, i);

		if (!prove_is_usable(fleet, address))
			continue;
		prove_senders_of(ap, task, prove_join(ap,
		    fleet_local(fleet, address), task->domain), address,
		    first);
		first = false;
		if (covered)
			break;
	}
}

/* Whether the address that a door takes always is one of ours. */
static bool
is_probe_ours(const struct address_prover *ap, const struct door *door)
{
	struct str probe = door->port ? smtpd_probe(door->port->smtpd) :
	    (struct str){0};

	probe.len = str_find(probe, '@');
	return fleet_address(ap->p->fleet, probe) != NOWHERE;
}

/* What there is to prove for a task, without the name of its domain. */
static bool
task_print(const struct address_prover *ap, const struct task *task,
    struct buf *print)
{
	const struct senders *s = &task->senders;
	size_t i;

	if (is_probe_ours(ap, task->door) || !host_print(task->door->host,
	    task->door->port, task->domain, print))
		return false;
	buf_printf(print, "%p\n", (void *)task->door);
	for (i = 0; i < s->n; i++)
		buf_printf(print, "%d %.*s\n", s->sender[i].must,
		    STR_ARG(s->sender[i].address));
	return true;
}

/*
 * A task, unless another one has proven the same: alias domains are alike to
 * a host, as a rule. Where mail was lost all of them are tried, so that each
 * address is told of.
 */
static void
run_task_once(struct address_prover *ap, const struct task *task)
{
	struct buf print = BUF_INIT;
	size_t before = ap->failed, *failed = NULL;
	struct str key;

	if (task_print(ap, task, &print)) {
		key = (struct str){print.s, print.len};
		failed = map_get(&ap->proven, key);
		if (!failed) {
			failed = ARENA_NEW(&ap->way.keep, size_t);
			map_add(&ap->proven, (struct str){arena_strndup(
			    &ap->way.keep, key.s, key.len), key.len}, failed);
		} else if (!*failed) {
			buf_release(&print);
			return;
		}
	}
	buf_release(&print);
	run_task(ap, task);
	if (failed)
		*failed += ap->failed - before;
}

/* Where messages start */

/* All that a client may send from a door to a domain of ours. */
static void
start_to(struct address_prover *ap, struct door *door,
    const struct senders *senders, struct str domain)
{
	size_t i;

	for (i = 0; i < senders->n; i++) {
		prove_message(ap, door, senders->sender[i].address,
		    prove_join(ap, ap->way.symbol, domain), NOWHERE,
		    senders->sender[i].must);
		prove_forget(ap->p);
	}
}

/* To each domain of ours, and elsewhere. */
static void
start(struct address_prover *ap, struct door *door,
    const struct senders *senders)
{
	struct twin *twin = twin_of_host(ap, door->host);
	size_t before = ap->failed, d, i;

	for (i = 0; i < senders->n; i++) {
		prove_message(ap, door, senders->sender[i].address,
		    prove_stranger_sender(ap->p), NOWHERE, false);
		prove_message(ap, door, senders->sender[i].address, ap->srs,
		    NOWHERE, false);
		prove_forget(ap->p);
	}
	for (d = 0; d < ap->ndomain; d++) {
		if (d == 1 && twin->of && ap->failed == before &&
		    twin_leads_alike(ap, door->host))
			break;
		start_to(ap, door, senders, ap->domain[d]);
	}
	twin->failed |= ap->failed != before;
}

static void
start_stranger(struct address_prover *ap, const struct world_host *host,
    const struct listener_port *port, bool entry)
{
	struct senders s = {.n = 0};
	struct arena *a = &ap->way.keep;
	struct message message;
	unsigned v6;

	add_sender(&s, a, prove_stranger_sender(ap->p), entry);
	add_sender(&s, a, STR(""), entry);
	add_sender(&s, a, ap->srs, false);
	add_sender(&s, a, prove_join(ap, ap->way.symbol, ap->domain[0]),
	    false);
	for (v6 = 0; v6 < 2; v6++) {
		struct door *door;

		prove_stranger_message(ap, v6, &message);
		door = way_door(&ap->way, host, port, &message);
		door->stranger = true;
		start(ap, door, &s);
	}
}

/* A login with its own address as the sender. */
static void
start_login(struct address_prover *ap, const struct world_host *host,
    const struct listener_port *port)
{
	const struct fleet *fleet = ap->p->fleet;
	struct senders s = {.n = 0};
	struct session session = {.helo = STR("mail.example.net"),
		.sender = STR("")};
	struct message message;
	struct verdict verdict;
	struct str login;

	if (!fleet->ldap.usable.n)
		return;
	login = text_str(((const struct account *const *)
	    fleet->ldap.usable.item)[0]->uid);
	prove_stranger_message(ap, false, &message);
	message.client.login = login;
	session.client = message.client;
	session.sender = prove_join(ap, login, ap->domain[0]);
	if (!smtpd_relays(port->smtpd, &session, &ap->p->scratch, &verdict) ||
	    !verdict.authorised)
		return;
	add_sender(&s, &ap->way.keep, session.sender, true);
	add_sender(&s, &ap->way.keep, STR(""), false);
	start(ap, way_door(&ap->way, host, port, &message), &s);
}

/* An address of ours that nothing speaks against; NOWHERE: there is none. */
static uint32_t
any_address(const struct address_prover *ap)
{
	const struct fleet *fleet = ap->p->fleet;
	uint32_t n = fleet_addresses(fleet), i;

	for (i = 0; i < n; i++)
		if (prove_is_usable(fleet, i) && !prove_is_reported(ap, i))
			return i;
	return NOWHERE;
}

/*
 * What a host's own sender is to those behind it. Ways keep how mail ends by
 * recipient, where no sender mattered to it; whether one is let in at all is
 * seen with one message of each host, followed to its end.
 */
static void
prove_own_sender(struct address_prover *ap, struct door *door,
    struct str sender)
{
	uint32_t address = any_address(ap);
	struct str recipient;
	way_end end;

	/* What is lost from here whoever sends it is told already. */
	if (address == NOWHERE || twin_of_host(ap, door->host)->failed)
		return;
	recipient = prove_join(ap, fleet_local(ap->p->fleet, address),
	    ap->domain[0]);
	end = way_at_length(&ap->way, door, sender, recipient);
	if (way_fate(end) != FATE_DELIVERED &&
	    way_fate(end) != FATE_UNDECIDABLE && way_fate(end) != FATE_LOOP)
		failure_add(ap, FINDING_FLOW_LOST, end,
		    (uint32_t)way_cause(end), door, sender, recipient,
		    address);
	prove_forget(ap->p);
}

/* What starts on the host itself, by sendmail(1) or by SMTP. */
static void
start_own(struct address_prover *ap, const struct world_host *host,
    const struct listener_port *port)
{
	struct arena *a = &ap->way.keep;
	struct message message = {.helo = STR("localhost")};
	struct senders s = {.n = 0};
	struct door *door;

	message.client = (struct client){.address = STR("127.0.0.1"),
		.name = STR("localhost"), .fingerprint = STR(""),
		.key_fingerprint = STR(""), .login = STR("")};
	add_sender(&s, a, prove_join(ap, STR("root"),
	    host_value(&host->host, "myorigin")), !port);
	add_sender(&s, a, STR(""), !port);
	add_sender(&s, a, ap->srs, false);
	add_sender(&s, a, prove_join(ap, ap->way.symbol, ap->domain[0]),
	    false);
	door = way_door(&ap->way, host, port, &message);
	start(ap, door, &s);
	if (!port)
		prove_own_sender(ap, door, s.sender[0].address);
}

const struct world_host *const *
prove_entries(struct address_prover *ap, size_t *n)
{
	const struct world *world = ap->p->world;
	const struct record *const *mx;
	const struct world_host **host;
	size_t nmx, i;

	*n = 0;
	mx = records_mx(world->records, ap->domain[0], &nmx);
	host = ARENA_ARRAY(&ap->way.keep, const struct world_host *, nmx);
	for (i = 0; i < nmx; i++) {
		host[*n] = world_host(world, str_of(mx[i]->data));
		*n += host[*n] != NULL;
	}
	return host;
}

static bool
is_entry(const struct world_host *const *entry, size_t n,
    const struct world_host *host)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (entry[i] == host)
			return true;
	return false;
}

/* Strangers come first: what they show is the shortest. */
static void
start_all(struct address_prover *ap)
{
	const struct world *world = ap->p->world;
	const struct world_host *const *entry;
	size_t i, j, n;

	entry = prove_entries(ap, &n);
	for (i = 0; i < world->n; i++)
		for (j = 0; j < world->host[i].host.nport; j++) {
			const struct listener_port *port =
			    &world->host[i].host.port[j];

			if (!port->loopback)
				start_stranger(ap, &world->host[i], port,
				    port->port == 25 && is_entry(entry, n,
				    &world->host[i]));
		}
	for (i = 0; i < world->n; i++)
		start_own(ap, &world->host[i], NULL);
	for (i = 0; i < world->n; i++)
		for (j = 0; j < world->host[i].host.nport; j++) {
			const struct listener_port *port =
			    &world->host[i].host.port[j];

			start_own(ap, &world->host[i], port);
			start_login(ap, &world->host[i], port);
		}
}

/* What the proofs begin with */

static void
find_domains(struct address_prover *ap)
{
	const struct fleet *fleet = ap->p->fleet;
	const struct domain *alias = fleet->alias_domains.item;
	size_t i;

	ap->domain = ARENA_ARRAY(&ap->way.keep, struct str,
	    fleet->alias_domains.n + 1);
	ap->domain[ap->ndomain++] = text_str(fleet->domain);
	for (i = 0; i < fleet->alias_domains.n; i++)
		ap->domain[ap->ndomain++] = text_str(alias[i].name);
}

/* An address that our SRS host makes of an outside sender. */
static void
find_srs(struct address_prover *ap)
{
	const struct world *world = ap->p->world;
	const char *why;
	size_t i;

	ap->srs = str_of(arena_printf(&ap->way.keep,
	    "SRS0=aaaa=AA=example.net=someone@%.*s", STR_ARG(ap->domain[0])));
	for (i = 0; i < world->n; i++)
		if (world->host[i].has_srs && !world->host[i].srs.why) {
			srs_forward(&world->host[i].srs.rules,
			    prove_stranger_sender(ap->p), &ap->way.keep, &ap->srs,
			    &why);
			return;
		}
}

static void
set_placeless(const struct world *world, bool placeless)
{
	size_t i;

	for (i = 0; i < world->n; i++)
		world->host[i].host.placeless = placeless;
}

void
prove_addresses(struct prover *p)
{
	struct address_prover ap = {.p = p};
	size_t i;

	if (!p->fleet || !p->fleet->domain.len)
		return;
	way_init(&ap.way, p->world, &p->scratch);
	map_init(&ap.by_task);
	map_init(&ap.proven);
	ap.way.open = open_task;
	ap.way.open_self = &ap;
	find_domains(&ap);
	find_srs(&ap);
	ap.told = ARENA_ARRAY(&ap.way.keep, uint8_t,
	    fleet_addresses(p->fleet));
	set_placeless(p->world, true);
	twins_find(&ap);
	start_all(&ap);
	for (i = 0; i < ap.ntask; i++) {
		struct task task = ap.task[i];

		if (prove_is_ours(p, task.domain))
			run_task_once(&ap, &task);
	}
	prove_unknown(&ap);
	prove_handoff(&ap);
	set_placeless(p->world, false);
	failures_report(&ap);
	free(ap.task);
	free(ap.failure);
	map_release(&ap.by_task);
	map_release(&ap.proven);
	way_release(&ap.way);
	prove_forget(p);
}
