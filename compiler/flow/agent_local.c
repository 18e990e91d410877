/*
 * local(8), step by step as its sources have it: recipient.c (who it is),
 * alias.c, token.c, include.c, resolve.c (what an alias leads to), mailbox.c
 * and unknown.c (where it ends). What an alias changes holds for what it
 * leads to and no longer, so that a walk is handed on by value.
 */
#include "flow/agent_inside.h"

#include "flow/resolve.h"

/* Where local(8) gives up; its functions count each other's calls. */
enum { DEEPEST = 100 };

struct walk {
	int level;
	struct str address;		/* the recipient … */
	struct str local;		/* … its local part in lower case … */
	struct str user, extension;	/* … in two; the latter with its "+" */
	struct str unmatched;		/* to be added to what it leads to */
	struct str sender;
	struct str owner;		/* s NULL: none */
	struct str alias;		/* whose expansion this is; or s NULL */
	struct str delivered;		/* for Delivered-To; s NULL: not yet */
	enum origin_kind from;
	struct decision by;		/* what led here */
};

struct local {
	const struct agent *agent;
	const struct parcel *parcel;
	struct arena *arena;
	struct cleaned *steps;
	struct outcomes *out;
	struct map seen;		/* been_here(3) */
};

static void deliver_recipient(struct local *l, struct walk w);
static void deliver_list(struct local *l, const struct walk *w,
    const struct address_list *list);

static struct outcome *
end(struct local *l, const struct walk *w, enum outcome_kind kind,
    const char *text)
{
	struct outcome *item = agent_end(l->out, l->arena, kind, w->sender,
	    w->address, text);

	item->by = w->by;
	return item;
}

/* Whether local(8) was here with the same; a format of its own each. */
static bool
been_here(struct local *l, const char *what, int level, struct str s)
{
	char *key = arena_printf(l->arena, "%s %d %.*s", what, level,
	    STR_ARG(s));

	return map_add(&l->seen, str_of(key), key) != key;
}

static void
forward(struct local *l, const struct walk *w)
{
	if (!been_here(l, "indirect", 0, w->address))
		end(l, w, OUTCOME_FORWARD, NULL)->delivered = w->delivered;
}

/* A lookup that fails: it ends here, and *w says by what. */
static void
no_answer(struct local *l, const struct walk *w, const char *parameter,
    const struct lookup *lookup, const char *text)
{
	bool unknown = lookup->result == TABLE_UNKNOWN;

	end(l, w, unknown ? OUTCOME_UNKNOWN : OUTCOME_DEFER,
	    unknown ? lookup->answer.why : text)->by =
	    agent_decision(l->agent, parameter, lookup);
}

static bool
failed(const struct lookup *lookup)
{
	return lookup->result == TABLE_RETRY ||
	    lookup->result == TABLE_UNKNOWN;
}

/* Another transport takes over; the message's own sender comes back. */
static void
pass(struct local *l, const struct walk *w, struct str service,
    struct decision by)
{
	size_t colon = str_find(service, ':');
	struct outcome *item = end(l, w, OUTCOME_PASS, NULL);

	item->sender = l->parcel->sender;
	item->by = by;
	item->transport = (struct str){service.s, colon};
	item->nexthop = l->parcel->nexthop;
	if (colon + 1 < service.len)
		item->nexthop = (struct str){service.s + colon + 1,
		    service.len - colon - 1};
}

/*
 * mailbox_transport_maps and mailbox_transport, or those for users that are
 * not known: whether one of them ends it.
 */
static bool
pass_by(struct local *l, const struct walk *w, const struct maps *maps,
    const char *maps_name, struct str transport, const char *name)
{
	struct lookup lookup = {0};

	if (maps_find(maps, w->user, false, l->arena, &lookup)) {
		pass(l, w, lookup.answer.value, agent_decision(l->agent,
		    maps_name, &lookup));
		return true;
	}
	if (failed(&lookup)) {
		no_answer(l, w, maps_name, &lookup,
		    "4.3.0 table lookup failure");
		return true;
	}
	if (!transport.len)
		return false;
	pass(l, w, transport, (struct decision){.what = name,
		.value = transport,
		.at = host_setting_origin(l->agent->host, l->agent->service,
		    name)});
	return true;
}

/* Users that are not there */

static void resolve(struct local *l, struct walk w, struct str address);

static struct str
attribute(const struct walk *w, struct str name)
{
	size_t at = w->address.len;

	while (at && w->address.s[at - 1] != '@')
		at--;
	if (str_eq(name, STR("user")))
		return w->user;
	if (str_eq(name, STR("local")) || str_eq(name, STR("mailbox")))
		return w->local;
	if (str_eq(name, STR("recipient")))
		return w->address;
	if (str_eq(name, STR("domain")))
		return (struct str){w->address.s + at, w->address.len - at};
	if (str_eq(name, STR("extension")) && w->extension.len)
		return (struct str){w->extension.s + 1, w->extension.len - 1};
	return STR("");
}

/*
 * luser_relay with its $user, ${local} …; false: it has a condition, which is
 * not read here.
 */
static bool
expand_luser(struct local *l, const struct walk *w, struct str *address)
{
	struct str text = l->agent->luser_relay;
	struct buf b = BUF_INIT;
	bool ok = true;
	size_t i = 0, n;

	while (i < text.len && ok) {
		struct str name, value;
		bool braces = false;

		if (text.s[i] != '$' || i + 1 == text.len) {
			buf_addch(&b, text.s[i++]);
			continue;
		}
		if (text.s[++i] == '$') {
			buf_addch(&b, text.s[i++]);
			continue;
		}
		braces = text.s[i] == '{' || text.s[i] == '(';
		i += braces;
		for (n = i; n < text.len && ((text.s[n] >= 'a' &&
		    text.s[n] <= 'z') || text.s[n] == '_'); n++)
			;
		name = (struct str){text.s + i, n - i};
		ok = name.len && (!braces || (n < text.len &&
		    (text.s[n] == '}' || text.s[n] == ')')));
		value = attribute(w, name);
		buf_add(&b, value.s, value.len);
		i = n + braces;
	}
	*address = (struct str){arena_strndup(l->arena, b.s, b.len), b.len};
	buf_release(&b);
	return ok;
}

static void
deliver_to_luser(struct local *l, struct walk w)
{
	const struct host *host = l->agent->host;
	struct address_list list;
	struct str address;

	w.unmatched = STR("");
	w.by = (struct decision){.what = "luser_relay",
		.value = l->agent->luser_relay,
		.at = host_setting_origin(host, l->agent->service,
		    "luser_relay")};
	if (!expand_luser(l, &w, &address)) {
		end(l, &w, OUTCOME_UNKNOWN, "luser_relay has a condition, "
		    "which is not read here");
		return;
	}
	address_read(address, l->arena, &list);
	address = list.n ? list.address[0] : STR("");
	if (str_eq_fold(address_rewrite(&host->rules, address, l->arena),
	    w.address))
		end(l, &w, OUTCOME_BOUNCE, arena_printf(l->arena,
		    "5.1.1 unknown user: \"%.*s\"", STR_ARG(w.user)));
	else
		resolve(l, w, address);
}

static void
deliver_unknown(struct local *l, const struct walk *w)
{
	if (been_here(l, "unknown", 0, w->local) ||
	    pass_by(l, w, &l->agent->fallback_transports,
	    "fallback_transport_maps", l->agent->fallback_transport,
	    "fallback_transport"))
		return;
	if (l->agent->luser_relay.len)
		deliver_to_luser(l, *w);
	else if (str_eq(w->user, STR("mailer-daemon")) ||
	    str_eq(w->user, STR("postmaster")))
		end(l, w, OUTCOME_DISCARD, "the required alias is not there");
	else
		end(l, w, OUTCOME_BOUNCE, arena_printf(l->arena,
		    "5.1.1 unknown user: \"%.*s\"", STR_ARG(w->user)));
}

/* Users */

/* Whether mail for users that are not known goes somewhere. */
static bool
has_fallback(const struct agent *agent)
{
	return agent->fallback_transports.n || agent->fallback_transport.len ||
	    agent->luser_relay.len;
}

static void
deliver_mailbox(struct local *l, const struct walk *w)
{
	struct lookup user = {0};

	if (been_here(l, "mailbox", 0, w->local) ||
	    pass_by(l, w, &l->agent->mailbox_transports,
	    "mailbox_transport_maps", l->agent->mailbox_transport,
	    "mailbox_transport"))
		return;
	user.table = l->agent->users;
	user.key = w->user;
	user.result = table_get(l->agent->users, w->user, l->arena,
	    &user.answer);
	if (user.result == TABLE_NONE)
		deliver_unknown(l, w);
	else if (user.result == TABLE_FOUND)
		end(l, w, OUTCOME_HERE, arena_printf(l->arena,
		    "the mailbox of %.*s", STR_ARG(w->user)));
	else if (has_fallback(l->agent))
		no_answer(l, w, "users", &user, "4.0.0 user lookup error");
	else
		end(l, w, OUTCOME_HERE, NULL);
}

/* What an alias leads to */

static void
resolve(struct local *l, struct walk w, struct str address)
{
	const struct host *host = l->agent->host;
	struct resolution r;
	size_t at;

	w.level++;
	resolve_address(host, STR(""), address_rewrite(&host->rules, address,
	    l->arena), l->arena, &r);
	w.address = r.recipient.s ? r.recipient : address;
	if (r.result != TABLE_FOUND) {
		end(l, &w, r.result == TABLE_RETRY ? OUTCOME_DEFER :
		    OUTCOME_UNKNOWN, r.result == TABLE_RETRY ?
		    "4.3.0 address resolver failure" : r.why);
		return;
	}
	if (r.bad) {
		end(l, &w, OUTCOME_BOUNCE, "5.1.3 bad recipient address "
		    "syntax");
		return;
	}
	for (at = w.address.len; at && w.address.s[at - 1] != '@';)
		at--;
	if (w.unmatched.len && at)
		w.address = str_of(arena_printf(l->arena, "%.*s%.*s@%.*s",
		    (int)(at - 1), w.address.s, STR_ARG(w.unmatched),
		    (int)(w.address.len - at), w.address.s + at));
	if (str_eq(r.transport, l->agent->service->name))
		deliver_recipient(l, w);
	else
		forward(l, &w);
}

/* :include:/path: the addresses of a file, a line after the other. */
static void
deliver_include(struct local *l, struct walk w, struct str path)
{
	const struct table_world *world = &l->agent->host->world;
	struct address_list list;
	struct table_source file;
	struct str rest, line;

	w.level++;
	if (been_here(l, "include", 0, path))
		return;
	w.alias = w.local;
	if (!path.len || path.s[0] != '/') {
		end(l, &w, OUTCOME_BOUNCE, arena_printf(l->arena,
		    "5.3.5 mail system configuration error: :include:%.*s is "
		    "no absolute path", STR_ARG(path)));
		return;
	}
	if (!world->file(world->self, path, &file)) {
		end(l, &w, OUTCOME_UNKNOWN, arena_printf(l->arena,
		    "the file %.*s is not part of the tree", STR_ARG(path)));
		return;
	}
	w.from = FROM_INCLUDE;
	if (!w.owner.s)
		w.owner = w.address;
	if (!l->agent->propagate_include)
		w.unmatched = STR("");
	for (rest = file.text; rest.len; rest = (struct str){rest.s +
	    line.len + (line.len < rest.len), rest.len - line.len -
	    (line.len < rest.len)}) {
		line = (struct str){rest.s, str_find(rest, '\n')};
		if (line.len && line.s[0] == '#')
			continue;
		address_read(line, l->arena, &list);
		deliver_list(l, &w, &list);
	}
}

static void
deliver_token(struct local *l, const struct walk *w, struct str token)
{
	struct str include = STR(":include:");
	char first = token.len ? token.s[0] : '\0';
	bool command = first == '|';

	if (first == '~')
		end(l, w, OUTCOME_BOUNCE, "5.3.5 mail system configuration "
		    "error: an alias has no home directory");
	else if (!command && first != '/') {
		if (token.len > include.len && str_eq_fold((struct str){
		    token.s, include.len}, include))
			deliver_include(l, *w, (struct str){token.s +
			    include.len, token.len - include.len});
		else
			resolve(l, *w, token);
	} else if (!(command ? l->agent->commands : l->agent->files)[w->from])
		end(l, w, OUTCOME_BOUNCE, command ?
		    "5.7.1 mail to command is restricted" :
		    "5.7.1 mail to file is restricted");
	else
		end(l, w, OUTCOME_HERE, arena_printf(l->arena, "the %s %.*s",
		    command ? "command" : "file", (int)(token.len - command),
		    token.s + command));
}

static void
deliver_list(struct local *l, const struct walk *w,
    const struct address_list *list)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		deliver_token(l, w, list->address[i]);
}

/* Aliases */

/* What may not stand in alias_maps, for it decides whose rights are used. */
static bool
is_unsafe(struct str table)
{
	return str_starts(table, STR("proxy:")) ||
	    str_starts(table, STR("tcp:")) ||
	    str_starts(table, STR("socketmap:"));
}

/* A name as tables have it, with its quotes, and then without. */
static bool
find_alias(struct local *l, struct str name, struct lookup *lookup)
{
	const struct maps *maps = &l->agent->aliases;
	struct str quoted = address_quote(name, l->arena);
	size_t i;

	for (i = 0; i < maps->n && !failed(lookup) &&
	    lookup->result != TABLE_FOUND; i++) {
		struct table *table = maps->table[i];

		*lookup = (struct lookup){.table = table, .key = quoted};
		if (is_unsafe(table_name(table))) {
			lookup->result = TABLE_RETRY;
			break;
		}
		lookup->result = table_get(table, quoted, l->arena,
		    &lookup->answer);
		if (lookup->result != TABLE_NONE || str_eq(quoted, name))
			continue;
		lookup->key = name;
		lookup->result = table_get(table, name, l->arena,
		    &lookup->answer);
	}
	return lookup->result == TABLE_FOUND;
}

/* owner-NAME is who is told when mail of the alias fails. False: it fails. */
static bool
find_owner(struct local *l, struct walk *w, struct str name)
{
	const struct host *host = l->agent->host;
	struct str owner = str_of(arena_printf(l->arena, "owner-%.*s",
	    STR_ARG(name)));
	struct lookup lookup = {0};
	struct address_list list;

	if (l->agent->rules.owners && find_alias(l, owner, &lookup)) {
		if (l->agent->expand_owner) {
			address_read(lookup.answer.value, l->arena, &list);
			owner = list.n ? list.address[0] : STR("");
		}
		w->owner = w->sender = address_rewrite(&host->rules, owner,
		    l->arena);
	} else if (failed(&lookup)) {
		no_answer(l, w, "alias_maps", &lookup,
		    "4.3.0 alias database unavailable");
		return false;
	} else if (l->agent->reset_owner) {
		w->owner = (struct str){0};
	}
	return true;
}

/* Whether a name is an alias, which is then followed. */
static bool
deliver_alias(struct local *l, struct walk w, struct str name)
{
	struct lookup lookup = {0};
	struct address_list list;

	w.level++;
	if (w.alias.s && str_eq_fold(w.alias, name))
		return false;
	if (w.level > DEEPEST) {
		end(l, &w, OUTCOME_LOOP, arena_printf(l->arena,
		    "5.4.6 alias database loop for %.*s", STR_ARG(name)));
		return true;
	}
	w.alias = name;
	if (!find_alias(l, name, &lookup)) {
		if (!failed(&lookup))
			return false;
		no_answer(l, &w, "alias_maps", &lookup,
		    "4.3.0 alias database unavailable");
		return true;
	}
	w.from = FROM_ALIAS;
	w.by = agent_decision(l->agent, "alias_maps", &lookup);
	if (!find_owner(l, &w, name))
		return true;
	if (!l->agent->frozen)
		w.delivered = w.address;
	address_read(lookup.answer.value, l->arena, &list);
	cleanup_step(l->steps, l->arena, STEP_LOCAL_ALIAS, w.address,
	    list.address, list.n, w.by);
	deliver_list(l, &w, &list);
	return true;
}

/* Recipients */

static void
deliver_switch(struct local *l, struct walk w)
{
	w.level++;
	w.unmatched = STR("");
	if (deliver_alias(l, w, w.local))
		return;
	if (w.extension.len) {
		if (l->agent->propagate_alias)
			w.unmatched = w.extension;
		if (deliver_alias(l, w, w.user))
			return;
		w.unmatched = w.extension;
	}
	/* Each recipient of a list is one of a message of its own. */
	if ((w.owner.s && !str_eq_fold(w.owner, w.user)) ||
	    w.from == FROM_INCLUDE)
		forward(l, &w);
	else
		deliver_mailbox(l, &w);
}

static bool
was_delivered(const struct parcel *parcel, struct str address)
{
	const struct delivered *d;

	for (d = parcel->before; d; d = d->before)
		if (str_eq_fold(d->address, address))
			return true;
	return false;
}

static void
deliver_recipient(struct local *l, struct walk w)
{
	struct str folded, domain;

	w.level++;
	if (w.level > DEEPEST) {
		end(l, &w, OUTCOME_LOOP,
		    "5.4.6 recipient nesting limit exceeded");
		return;
	}
	if (been_here(l, "recipient", w.level, w.address))
		return;
	if (was_delivered(l->parcel, w.address)) {
		end(l, &w, OUTCOME_LOOP, arena_printf(l->arena,
		    "5.4.6 mail forwarding loop for %.*s",
		    STR_ARG(w.address)));
		return;
	}
	if (!w.delivered.s)
		w.delivered = w.address;
	folded = text_lower(w.address, l->arena);
	address_parts(folded, &l->agent->rules, &w.user, &w.extension,
	    &domain);
	w.local = (struct str){folded.s, w.user.len + w.extension.len};
	/* What cannot be part of a path is no extension. */
	if (str_find(w.extension, '/') < w.extension.len) {
		w.local = w.user;
		w.extension.len = 0;
	}
	if (!w.user.len)
		end(l, &w, OUTCOME_BOUNCE, arena_printf(l->arena,
		    "5.1.3 null username in \"%.*s\"", STR_ARG(w.address)));
	else
		deliver_switch(l, w);
}

void
local_deliver(const struct agent *agent, const struct parcel *parcel,
    struct arena *a, struct cleaned *steps, struct outcomes *out)
{
	struct local l = {.agent = agent, .parcel = parcel, .arena = a,
		.steps = steps, .out = out};

	map_init_fold(&l.seen);
	deliver_recipient(&l, (struct walk){.sender = parcel->sender,
	    .address = parcel->recipient});
	map_release(&l.seen);
}
