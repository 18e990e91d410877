/*
 * cleanup(8). Addresses are completed, then canonical maps turn each into one
 * other as long as it changes, then virtual aliases expand recipients until
 * nothing more is found; the limits and what they do to the message are
 * Postfix's.
 */
#include "flow/cleanup.h"

enum { CANONICAL_LIMIT = 10 };	/* MAX_RECURSION of cleanup_map11.c */

const char *const step_names[STEP_KINDS] = {
	[STEP_REWRITE] = "rewrite",
	[STEP_CANONICAL] = "canonical",
	[STEP_SENDER_CANONICAL] = "sender",
	[STEP_HEADER_FROM] = "header_from",
	[STEP_MASQUERADE] = "masquerade",
	[STEP_ALIAS] = "alias",
	[STEP_REDIRECT] = "redirect",
	[STEP_BCC] = "bcc",
	[STEP_GENERIC] = "generic",
	[STEP_LOCAL_ALIAS] = "local_alias",
};

struct cleanup {
	const struct host *host;
	struct arena *arena;
	struct cleaned *out;
};

void
cleanup_step(struct cleaned *c, struct arena *a, enum step_kind kind,
    struct str from, struct str *to, size_t nto, struct decision by)
{
	struct step *step = ARENA_NEW(a, struct step);

	*step = (struct step){kind, from, to, nto, by, NULL};
	*c->last = step;
	c->last = &step->next;
}

void
cleanup_steps(struct cleaned *c, struct cleaned *more)
{
	if (!more->steps)
		return;
	*c->last = more->steps;
	c->last = more->last;
}

static void
add_one(struct cleanup *c, enum step_kind kind, struct str from,
    struct str to, struct decision by)
{
	struct str *copy = ARENA_NEW(c->arena, struct str);

	*copy = to;
	cleanup_step(c->out, c->arena, kind, from, copy, 1, by);
}

/* A decision whose table has no place of its own: main.cf names the table. */
static struct decision
decision_of(struct cleanup *c, const char *parameter,
    const struct lookup *lookup)
{
	struct decision by = host_decision(c->host, parameter, lookup);

	if (!by.at.source)
		by.at = host_setting_origin(c->host, NULL, parameter);
	return by;
}

static bool
stop(struct cleanup *c, enum table_result result, const char *why,
    struct decision by)
{
	c->out->result = result;
	c->out->why = why;
	c->out->by = by;
	return false;
}

/* Turn an address into what a canonical map makes of it; false: stopped. */
static bool
map_one(struct cleanup *c, const struct maps *maps, const char *parameter,
    enum step_kind kind, struct str *address)
{
	bool propagate = c->host->set.propagate_canonical;
	unsigned count;

	for (count = 0; maps->n && address->len && count < CANONICAL_LIMIT;
	    count++) {
		struct lookup lookup = {0};
		struct address_list list = {0};
		struct str before = *address;

		if (!address_map(maps, before, propagate, &c->host->rules,
		    c->arena, &lookup, &list)) {
			if (lookup.result == TABLE_NONE)
				return true;
			return stop(c, lookup.result, lookup.answer.why,
			    decision_of(c, parameter, &lookup));
		}
		if (!list.n)
			return true;
		*address = list.address[0];
		if (!str_eq(before, *address))
			add_one(c, kind, before, *address,
			    decision_of(c, parameter, &lookup));
		if (str_eq_fold(before, *address))
			return true;
	}
	return true;
}

/* local@domain with the domain in lower case, as masquerading has it. */
static struct str
with_domain(struct cleanup *c, struct str local, struct str domain)
{
	char *s = arena_printf(c->arena, "%.*s@%.*s", STR_ARG(local),
	    STR_ARG(domain));
	char *p;

	for (p = s + local.len + 1; *p; p++)
		*p = (char)ascii_lower((unsigned char)*p);
	return str_of(s);
}

/*
 * masquerade_domains: host.dom becomes dom, where the list says so. The first
 * item that the domain is in, or below, decides. False: stopped.
 */
static bool
masquerade(struct cleanup *c, struct str *address)
{
	struct str rest = c->host->set.masquerade_domains, item;
	struct str domain, local, before = *address;
	enum table_result excepted;
	struct lookup lookup = {0};
	size_t at = address->len;

	while (at && address->s[at - 1] != '@')
		at--;
	if (!rest.len || !at)
		return true;
	local = (struct str){address->s, at - 1};
	domain = (struct str){address->s + at, address->len - at};
	excepted = match_list_has(c->host->masquerade_exceptions, local,
	    (struct str){0}, c->arena, &lookup);
	if (excepted != TABLE_NONE && excepted != TABLE_FOUND)
		return stop(c, excepted, lookup.answer.why, decision_of(c,
		    "masquerade_exceptions", &lookup));
	while (excepted == TABLE_NONE && value_item(&rest, &item)) {
		bool negated = false;
		size_t less;

		for (; item.len && item.s[0] == '!'; item.s++, item.len--)
			negated = !negated;
		less = domain.len - item.len;
		if (!item.len || domain.len < item.len || !str_eq_fold(
		    (struct str){domain.s + less, item.len}, item) ||
		    (less && domain.s[less - 1] != '.'))
			continue;
		if (negated || !less)
			break;
		*address = with_domain(c, local, item);
		add_one(c, STEP_MASQUERADE, before, *address,
		    (struct decision){.what = "masquerade_domains",
		    .at = host_setting_origin(c->host, NULL,
		    "masquerade_domains")});
		break;
	}
	return true;
}

static void
rewrite(struct cleanup *c, struct str *address)
{
	struct str before = *address;

	*address = address_rewrite(&c->host->rules, before, c->arena);
	if (!str_eq(before, *address))
		add_one(c, STEP_REWRITE, before, *address,
		    (struct decision){.what = "trivial-rewrite"});
}

/* mailer-daemon@myorigin is the null sender. */
static bool
is_mailer_daemon(struct cleanup *c, struct str address)
{
	struct str own = address_rewrite(&c->host->rules,
	    STR("MAILER-DAEMON"), c->arena);

	return str_eq_fold(address, own);
}

static bool
map_sender(struct cleanup *c, const struct envelope *in)
{
	const struct host_settings *set = &c->host->set;
	struct str *sender = &c->out->sender;

	if (sender->len)
		rewrite(c, sender);
	if (is_mailer_daemon(c, *sender))
		*sender = STR("");
	if (in->unmapped)
		return true;
	if (set->sender_canonical.envelope_sender &&
	    !map_one(c, &c->host->maps.sender_canonical,
	    "sender_canonical_maps", STEP_SENDER_CANONICAL, sender))
		return false;
	if (set->canonical.envelope_sender &&
	    !map_one(c, &c->host->maps.canonical, "canonical_maps",
	    STEP_SENDER_CANONICAL, sender))
		return false;
	return !set->masquerade.envelope_sender || masquerade(c, sender);
}

/* The From: header, completed and mapped as the sender's address is. */
static bool
map_header(struct cleanup *c, const struct envelope *in)
{
	const struct host_settings *set = &c->host->set;
	struct str *from = &c->out->header_from;
	struct address_rules rules = c->host->rules;

	if (in->headers == HEADERS_LEFT || !from->s || !from->len)
		return true;
	if (in->headers == HEADERS_UNKNOWN) {
		*from = (struct str){0};
		return true;
	}
	if (in->headers == HEADERS_REMOTE)
		rules.origin = rules.domain = host_value(c->host,
		    "remote_header_rewrite_domain");
	*from = address_rewrite(&rules, *from, c->arena);
	if (in->unmapped)
		return true;
	if (set->sender_canonical.header_sender &&
	    !map_one(c, &c->host->maps.sender_canonical,
	    "sender_canonical_maps", STEP_HEADER_FROM, from))
		return false;
	if (set->canonical.header_sender &&
	    !map_one(c, &c->host->maps.canonical, "canonical_maps",
	    STEP_HEADER_FROM, from))
		return false;
	return !set->masquerade.header_sender || masquerade(c, from);
}

static bool
map_recipient(struct cleanup *c, const struct envelope *in,
    struct str *recipient)
{
	const struct host_settings *set = &c->host->set;

	if (!recipient->len)
		*recipient = set->empty_recipient;
	rewrite(c, recipient);
	if (in->unmapped)
		return true;
	if (set->recipient_canonical.envelope_recipient &&
	    !map_one(c, &c->host->maps.recipient_canonical,
	    "recipient_canonical_maps", STEP_CANONICAL, recipient))
		return false;
	if (set->canonical.envelope_recipient &&
	    !map_one(c, &c->host->maps.canonical, "canonical_maps",
	    STEP_CANONICAL, recipient))
		return false;
	return !set->masquerade.envelope_recipient ||
	    masquerade(c, recipient);
}

/* The recipients while they grow. */
struct expansion {
	struct str *address;
	size_t n, cap;
	struct map final;		/* those that stand for themselves */
};

static void
expansion_add(struct expansion *e, struct arena *a, struct str address)
{
	if (e->n == e->cap) {
		size_t cap = e->cap ? e->cap * 2 : 8;
		struct str *grown = ARENA_ARRAY(a, struct str, cap);

		if (e->n)
			memcpy(grown, e->address, e->n * sizeof(*grown));
		e->address = grown;
		e->cap = cap;
	}
	e->address[e->n++] = address;
}

static bool
too_much(struct cleanup *c, const char *what, struct decision by)
{
	c->out->endless = true;
	return stop(c, TABLE_RETRY, what, by);
}

enum table_result
cleanup_alias(const struct host *host, struct str address, struct arena *a,
    struct address_list *list, struct lookup *lookup)
{
	*lookup = (struct lookup){.result = TABLE_NONE};
	if (!host->maps.virtual_alias.n)
		return TABLE_NONE;
	address_map(&host->maps.virtual_alias, address,
	    host->set.propagate_virtual, &host->rules, a, lookup, list);
	return lookup->result;
}

/*
 * Expand one address of the list until nothing is found for it; the first
 * result takes its place and the others go to the end, where their turn
 * comes (cleanup_map1n(3)).
 */
static bool
expand_at(struct cleanup *c, struct expansion *e, size_t at)
{
	const struct host *host = c->host;
	struct decision by = {0};
	int64_t count;
	size_t i;

	for (count = 0; ; count++) {
		struct lookup lookup;
		struct address_list list;
		struct str before = e->address[at];
		enum table_result result;

		if (map_get(&e->final, before))
			return true;
		if (count >= host->set.alias_recursion)
			return too_much(c, "virtual_alias_recursion_limit is "
			    "reached: the message is deferred until it "
			    "bounces", by);
		result = cleanup_alias(host, before, c->arena, &list,
		    &lookup);
		if (result == TABLE_NONE)
			return true;
		by = decision_of(c, "virtual_alias_maps", &lookup);
		if (result != TABLE_FOUND)
			return stop(c, result, lookup.answer.why, by);
		cleanup_step(c->out, c->arena, STEP_ALIAS, before,
		    list.address, list.n, by);
		for (i = 0; i < list.n; i++) {
			if ((int64_t)list.address[i].len >
			    host->set.alias_length)
				return too_much(c, "an alias leads to an "
				    "address that is longer than "
				    "virtual_alias_address_length_limit", by);
			if (i == 0)
				e->address[at] = list.address[0];
			else
				expansion_add(e, c->arena, list.address[i]);
			if (str_eq_fold(before, list.address[i]))
				map_add(&e->final, before, e);
		}
	}
}

/* Add the final recipients, each once: what a BCC adds is counted apart. */
static void
keep_each_once(struct cleanup *c, const struct expansion *e)
{
	struct cleaned *out = c->out;
	struct str *all = ARENA_ARRAY(c->arena, struct str, out->n + e->n);
	struct map seen;
	size_t i;

	if (out->n)
		memcpy(all, out->recipient, out->n * sizeof(*all));
	out->recipient = all;
	map_init_fold(&seen);
	for (i = 0; i < e->n; i++)
		if (map_add(&seen, e->address[i], &e->address[i]) ==
		    &e->address[i])
			all[out->n++] = e->address[i];
	map_release(&seen);
}

static void
expand(struct cleanup *c, struct str recipient, bool mapped)
{
	int64_t limit = c->host->set.alias_expansion;
	struct expansion e = {0};
	bool going = true;
	size_t i;

	map_init_fold(&e.final);
	expansion_add(&e, c->arena, recipient);
	for (i = 0; going && mapped && c->host->maps.virtual_alias.n &&
	    i < e.n; i++)
		going = (int64_t)e.n > limit ? too_much(c,
		    "virtual_alias_expansion_limit is passed: the message is "
		    "deferred until it bounces", (struct decision){
		    .what = "virtual_alias_expansion_limit"}) :
		    expand_at(c, &e, i);
	if (going)
		keep_each_once(c, &e);
	map_release(&e.final);
}

/* One more recipient, of whom nobody is told. */
static bool
add_copy(struct cleanup *c, const struct envelope *in, struct str from,
    struct str copy, struct decision by)
{
	add_one(c, STEP_BCC, from, copy, by);
	if (!map_recipient(c, in, &copy))
		return false;
	expand(c, copy, !in->unmapped);
	return c->out->result == TABLE_FOUND;
}

static bool
find_copy(struct cleanup *c, const struct envelope *in,
    const struct maps *maps, const char *parameter, struct str address)
{
	struct lookup lookup = {0};

	if (!maps->n || !address.len)
		return true;
	if (address_find(maps, address, ADDRESS_DEFAULT, false,
	    &c->host->rules, c->arena, &lookup))
		return add_copy(c, in, address,
		    address_unquote(lookup.answer.value, c->arena),
		    decision_of(c, parameter, &lookup));
	return lookup.result == TABLE_NONE || stop(c, lookup.result,
	    lookup.answer.why, decision_of(c, parameter, &lookup));
}

/* The copies of a message; recipient is complete, not yet expanded. */
static void
add_copies(struct cleanup *c, const struct envelope *in,
    struct str recipient)
{
	struct str always = host_value(c->host, "always_bcc");
	size_t i;

	for (i = 0; in->more && i < in->more->n; i++)
		if (!add_copy(c, in, recipient, in->more->address[i],
		    in->more_by))
			return;
	if (in->unmapped || in->internal || c->out->result != TABLE_FOUND ||
	    !find_copy(c, in, &c->host->maps.sender_bcc, "sender_bcc_maps",
	    c->out->sender) ||
	    !find_copy(c, in, &c->host->maps.recipient_bcc,
	    "recipient_bcc_maps", recipient) || !always.len)
		return;
	add_copy(c, in, recipient, always, (struct decision){
	    .what = "always_bcc",
	    .at = host_setting_origin(c->host, NULL, "always_bcc")});
}

void
cleanup_envelope(const struct host *host, const struct envelope *in,
    struct arena *a, struct cleaned *out)
{
	struct cleanup c = {host, a, out};
	struct str recipient = in->recipient;

	*out = (struct cleaned){.result = TABLE_FOUND, .sender = in->sender,
		.header_from = in->header_from};
	out->last = &out->steps;
	if (map_sender(&c, in) && map_header(&c, in) &&
	    map_recipient(&c, in, &recipient)) {
		expand(&c, recipient, !in->unmapped);
		add_copies(&c, in, recipient);
	}
}

void
cleanup_sender(const struct host *host, struct str sender, struct arena *a,
    struct cleaned *out)
{
	struct cleanup c = {host, a, out};
	const struct envelope in = {.sender = sender};

	*out = (struct cleaned){.result = TABLE_FOUND, .sender = sender};
	out->last = &out->steps;
	map_sender(&c, &in);
}

void
cleanup_canonical(const struct host *host, struct str recipient,
    struct arena *a, struct cleaned *out)
{
	struct cleanup c = {host, a, out};
	const struct envelope in = {.recipient = recipient};

	*out = (struct cleaned){.result = TABLE_FOUND};
	out->last = &out->steps;
	if (!map_recipient(&c, &in, &recipient))
		return;
	out->recipient = ARENA_NEW(a, struct str);
	out->recipient[out->n++] = recipient;
}

void
cleanup_aliases(const struct host *host, struct str recipient,
    struct arena *a, struct cleaned *out)
{
	struct cleanup c = {host, a, out};

	*out = (struct cleaned){.result = TABLE_FOUND};
	out->last = &out->steps;
	expand(&c, recipient, true);
}

/* The service's own tables, if it has any. */
static const struct maps *
generic_maps(const struct host *host, const struct service *service)
{
	const struct maps *own = service ?
	    &host->generic[service - host->cf.service] : NULL;

	return own && own->table ? own : &host->maps.generic;
}

enum table_result
cleanup_generic(const struct host *host, const struct service *service,
    struct str *address, struct arena *a, struct cleaned *out)
{
	const struct maps *maps = generic_maps(host, service);
	struct cleanup c = {host, a, out};
	struct lookup lookup = {0};
	struct address_list list = {0};
	struct str before = *address;

	if (!maps->n || !before.len)
		return TABLE_NONE;
	address_map(maps, before, host->set.propagate_generic, &host->rules,
	    a, &lookup, &list);
	if (lookup.result == TABLE_NONE || (lookup.result == TABLE_FOUND &&
	    !list.n))
		return TABLE_NONE;
	if (lookup.result == TABLE_FOUND && list.n == 1) {
		*address = list.address[0];
		if (str_eq(before, *address))
			return TABLE_NONE;
		add_one(&c, STEP_GENERIC, before, *address,
		    decision_of(&c, "smtp_generic_maps", &lookup));
		return TABLE_FOUND;
	}
	/* smtp(8) ends itself there: the message stays in the queue. */
	stop(&c, lookup.result == TABLE_UNKNOWN ? TABLE_UNKNOWN : TABLE_RETRY,
	    lookup.result == TABLE_FOUND ? "4.3.0 smtp_generic_maps lead to "
	    "more than one address" : lookup.answer.why,
	    decision_of(&c, "smtp_generic_maps", &lookup));
	return out->result;
}
