/*
 * trivial-rewrite(8). The address loses what is the host's own, step by
 * step, until a domain is left that is somebody else's; its class gives the
 * transport, and transport_maps may change it. An address is looked at in
 * its quoted form, as Postfix does, so that what is a routing character there
 * is one here.
 */
#include "flow/resolve.h"

/*
 * What a domain is to the host. The first domains that are asked about are
 * kept with the host: mail is for few, and lists of them may be long.
 */
struct domain_kind {
	struct str domain;		/* s NULL: none yet */
	bool local_known, class_known, valid_known;
	bool valid;			/* as a name */
	enum table_result local;	/* address_is_local() */
	enum table_result result;	/* NONE or FOUND: class is right */
	enum address_class class;	/* of one that is not local */
	const char *list;		/* the parameter that answered … */
	struct lookup lookup;		/* … and how */
};
enum { DOMAINS_KEPT = 1000 };

struct resolver {
	const struct host *host;
	struct arena *arena;
	struct str sender;
	struct resolution *out;
	struct domain_kind kind;	/* of one that is not kept */
};

/* A decision whose table has no place of its own: main.cf names the table. */
static struct decision
decision_of(const struct resolver *r, const char *parameter,
    const struct lookup *lookup)
{
	struct decision by = host_decision(r->host, parameter, lookup);

	if (!by.at.source)
		by.at = host_setting_origin(r->host, NULL, parameter);
	return by;
}

static bool
fail(struct resolver *r, enum table_result result, const char *why)
{
	r->out->result = result;
	r->out->why = why;
	return false;
}

/* A lookup that did not end in yes or no ends everything. */
static bool
failed(struct resolver *r, const struct lookup *lookup)
{
	if (lookup->result != TABLE_RETRY && lookup->result != TABLE_UNKNOWN)
		return false;
	r->out->by = host_decision(r->host, "a table gives no answer", lookup);
	return !fail(r, lookup->result, lookup->answer.why);
}

/* Domains */

static struct domain_kind *
kind_of(struct resolver *r, struct str domain)
{
	const struct host *host = r->host;
	struct domain_kind *kind = map_get(host->domains, domain);

	if (kind)
		return kind;
	/* Somebody who is told of each lookup is told each time. */
	if (host->domains->n < DOMAINS_KEPT && !host->setup.tried) {
		kind = ARENA_NEW(host->arena, struct domain_kind);
		kind->domain = (struct str){arena_strndup(host->arena,
		    domain.s, domain.len), domain.len};
		map_add(host->domains, kind->domain, kind);
		return kind;
	}
	kind = &r->kind;
	if (!kind->domain.s || !str_eq(kind->domain, domain))
		*kind = (struct domain_kind){.domain = domain};
	return kind;
}

static struct arena *
arena_for(struct resolver *r, const struct domain_kind *kind)
{
	return kind == &r->kind ? r->arena : r->host->arena;
}

static enum table_result
is_local(struct resolver *r, struct str domain)
{
	struct domain_kind *kind = kind_of(r, domain);

	if (!kind->local_known)
		kind->local = address_is_local(&r->host->rules, kind->domain,
		    arena_for(r, kind));
	kind->local_known = true;
	return kind->local;
}

/* Whether Postfix takes a name as a domain (valid_hostname()). */
static bool
is_hostname(struct str name)
{
	size_t i, label = 0;
	bool letters = false;

	if (!name.len || name.len > 255)
		return false;
	for (i = 0; i < name.len; i++) {
		char c = name.s[i];

		if (c == '.') {
			if (!label || name.s[i - 1] == '-')
				return false;
			label = 0;
			continue;
		}
		if ((c == '-' && !label) || ++label > 63)
			return false;
		if (c != '-' && c != '_' && !(c >= '0' && c <= '9') &&
		    !(ascii_lower((unsigned char)c) >= 'a' &&
		    ascii_lower((unsigned char)c) <= 'z'))
			return false;
		letters = letters || c < '0' || c > '9';
	}
	return letters && label && name.s[name.len - 1] != '-';
}

static bool
is_valid(struct resolver *r, struct str domain)
{
	struct domain_kind *kind = kind_of(r, domain);

	if (!kind->valid_known)
		kind->valid = is_hostname(domain);
	kind->valid_known = true;
	return kind->valid;
}

/* The class of a domain that is not local; the first list that has it. */
static const struct domain_kind *
class_of(struct resolver *r, struct str domain)
{
	const struct host *h = r->host;
	const struct {
		const struct match_list *list;
		const char *name;
		enum address_class class;
	} lists[] = {
		{h->virtual_alias_domains, "virtual_alias_domains",
		    CLASS_ALIAS},
		{h->virtual_mailbox_domains, "virtual_mailbox_domains",
		    CLASS_MAILBOX},
		{h->relay_domains, "relay_domains", CLASS_RELAY},
	};
	struct domain_kind *kind = kind_of(r, domain);
	size_t i;

	if (kind->class_known)
		return kind;
	kind->class_known = true;
	kind->class = CLASS_DEFAULT;
	kind->result = TABLE_NONE;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]) &&
	    kind->result == TABLE_NONE; i++) {
		kind->result = match_list_has(lists[i].list, kind->domain,
		    (struct str){0}, arena_for(r, kind), &kind->lookup);
		kind->list = lists[i].name;
		if (kind->result == TABLE_FOUND)
			kind->class = lists[i].class;
	}
	return kind;
}

/* The place of the last character c outside quotes, or s.len. */
static size_t
find_unquoted(struct str s, char c)
{
	size_t i, found = s.len;
	bool quoted = false;

	for (i = 0; i < s.len; i++) {
		if (s.s[i] == '\\')
			i++;
		else if (s.s[i] == '"')
			quoted = !quoted;
		else if (s.s[i] == c && !quoted)
			found = i;
	}
	return found;
}

static bool
is_quoted(struct str s)
{
	return s.len > 1 && s.s[0] == '"' && s.s[s.len - 1] == '"' &&
	    find_unquoted(s, '@') == s.len;
}

static struct str
join(struct arena *a, struct str local, struct str domain)
{
	return str_of(arena_printf(a, "%.*s@%.*s", STR_ARG(local),
	    STR_ARG(domain)));
}

/* Rewrite a quoted form in the local context. */
static struct str
rewrite(struct resolver *r, struct str quoted)
{
	return address_quote(address_rewrite(&r->host->rules,
	    address_unquote(quoted, r->arena), r->arena), r->arena);
}

/* A quoted local part that hides a routing character is opened. */
static bool
open_quotes(struct resolver *r, struct str *quoted)
{
	const struct address_rules *rules = &r->host->rules;
	struct str inner, left, right;
	size_t at = 0, i;

	if (!is_quoted(*quoted) || !r->host->set.dequoted_address)
		return false;
	inner = address_unquote(*quoted, r->arena);
	for (i = inner.len; i > 0 && !at; i--)
		if (inner.s[i - 1] == '@')
			at = i;
	for (i = inner.len; i > 0 && !at; i--)
		if (rules->percent_hack && inner.s[i - 1] == '%')
			at = i;
	if (at) {
		left = (struct str){inner.s, at - 1};
		right = (struct str){inner.s + at, inner.len - at};
		*quoted = rewrite(r, address_quote(join(r->arena, left,
		    right), r->arena));
		return true;
	}
	if (!rules->swap_bangpath || str_find(inner, '!') == inner.len)
		return false;
	*quoted = rewrite(r, inner);
	return true;
}

/*
 * Strip the host's own domains from the right. False: reported in .result.
 * *remote: a domain is left that is not the host's.
 */
static bool
strip_local(struct resolver *r, struct str *quoted, bool *remote)
{
	const struct address_rules *rules = &r->host->rules;
	struct str saved = {0};
	size_t loops;

	*remote = false;
	for (loops = quoted->len + 100; loops; loops--) {
		size_t at;

		if (quoted->len > 1 && quoted->s[quoted->len - 1] == '.' &&
		    find_unquoted(*quoted, '@') < quoted->len &&
		    quoted->s[quoted->len - 2] != '.' &&
		    quoted->s[quoted->len - 2] != '@')
			quoted->len--;
		if (r->host->set.null_domain && quoted->len &&
		    find_unquoted(*quoted, '@') == quoted->len - 1)
			quoted->len--;
		at = find_unquoted(*quoted, '@');
		if (at < quoted->len) {
			struct str domain = {quoted->s + at + 1,
			    quoted->len - at - 1};
			enum table_result local = domain.len ?
			    is_local(r, domain) : TABLE_FOUND;

			if (local == TABLE_NONE) {
				*remote = true;
				return true;
			}
			if (local != TABLE_FOUND)
				return fail(r, local, "mydestination gives no "
				    "answer");
			saved = domain;
			quoted->len = at;
		}
		if (find_unquoted(*quoted, '@') < quoted->len ||
		    (rules->swap_bangpath &&
		    find_unquoted(*quoted, '!') < quoted->len) ||
		    (rules->percent_hack &&
		    find_unquoted(*quoted, '%') < quoted->len)) {
			*quoted = rewrite(r, *quoted);
			continue;
		}
		if (open_quotes(r, quoted))
			continue;
		if (str_eq(*quoted, STR("\"\"")))
			quoted->len = 0;
		if (!quoted->len) {
			*quoted = r->host->set.empty_recipient;
			continue;
		}
		if (!saved.s) {
			*quoted = join(r->arena, *quoted, rules->hostname);
			continue;
		}
		*quoted = join(r->arena, *quoted, saved);
		return true;
	}
	return fail(r, TABLE_RETRY, "the address never gets simpler");
}

/* The same in internal form, to .recipient. */
static bool
strip(struct resolver *r, struct str address, bool *remote)
{
	size_t at = str_find(address, '@');
	struct str quoted;

	if (address_is_plain(address) && is_local(r, (struct str){
	    address.s + at + 1, address.len - at - 1}) == TABLE_NONE) {
		r->out->recipient = address;
		*remote = true;
		return true;
	}
	quoted = address_quote(address, r->arena);
	if (!strip_local(r, &quoted, remote))
		return false;
	r->out->recipient = address_unquote(quoted, r->arena);
	return true;
}

static bool
is_good_domain(struct resolver *r, struct str domain)
{
	unsigned family, prefix;
	struct str inner;

	if (!domain.len)
		return false;
	if (domain.s[0] != '[')
		return is_valid(r, domain);
	if (domain.len < 3 || domain.s[domain.len - 1] != ']')
		return false;
	inner = (struct str){domain.s + 1, domain.len - 2};
	if (inner.len >= 5 && str_eq_fold((struct str){inner.s, 5},
	    STR("IPv6:")))
		return !network_error(r->arena, str_of(arena_printf(r->arena,
		    "[%.*s]", (int)(inner.len - 5), inner.s + 5)), &family,
		    &prefix) && family == 6;
	return !network_error(r->arena, inner, &family, &prefix) &&
	    family == 4 && str_find(inner, '/') == inner.len;
}

/*
 * user@192.0.2.1 is user@[192.0.2.1] where resolve_numeric_domain is set;
 * false: it is no address, or not to be told (.result).
 */
static bool
put_brackets(struct resolver *r, struct str *domain, bool *remote)
{
	struct resolution *out = r->out;
	struct str local = {out->recipient.s,
	    out->recipient.len - domain->len - 1};
	enum table_result own;
	unsigned family, prefix;
	size_t colon = str_find(*domain, ':');

	if (!r->host->set.numeric_domain || !domain->len ||
	    str_find(*domain, '/') < domain->len ||
	    network_error(r->arena, colon < domain->len ?
	    str_of(arena_printf(r->arena, "[%.*s]", STR_ARG(*domain))) :
	    *domain, &family, &prefix))
		return false;
	*domain = str_of(arena_printf(r->arena, "[%.*s]", STR_ARG(*domain)));
	out->recipient = join(r->arena, local, *domain);
	own = is_local(r, *domain);
	if (own != TABLE_FOUND && own != TABLE_NONE)
		return fail(r, own, "mydestination gives no answer");
	*remote = *remote && own == TABLE_NONE;
	return true;
}

/* user@here@there, here!user and user%there, as the next host may read it. */
static bool
is_routed(struct str address, struct str domain)
{
	size_t i = 0;

	while (i < address.len && address.s[i] != '@' &&
	    address.s[i] != '!' && address.s[i] != '%')
		i++;
	return !str_eq((struct str){address.s + i + 1, address.len - i - 1},
	    domain);
}

static void
set_transport(struct resolver *r, const char *parameter)
{
	r->out->transport = host_value(r->host, parameter);
	r->out->by = (struct decision){.what = parameter,
		.value = r->out->transport,
		.at = host_setting_origin(r->host, NULL, parameter)};
}

/* default_transport, or what the sender has of its own. */
static bool
default_transport(struct resolver *r)
{
	const struct maps *maps = &r->host->maps.sender_transport;
	struct str key = r->sender.len ? r->sender : host_value(r->host,
	    "empty_address_default_transport_maps_lookup_key");
	struct lookup lookup = {0};

	set_transport(r, "default_transport");
	if (!maps->n)
		return true;
	r->out->sender_mattered = true;
	if (address_find(maps, key, ADDRESS_DEFAULT, false, &r->host->rules,
	    r->arena, &lookup)) {
		if (!lookup.answer.value.len ||
		    str_eq_fold(lookup.answer.value, STR("DUNNO")))
			return true;
		r->out->transport = lookup.answer.value;
		r->out->by = host_decision(r->host,
		    "sender_dependent_default_transport_maps", &lookup);
		return true;
	}
	return !failed(r, &lookup);
}

/* The next hop of mail that leaves: the sender's relay, relayhost, domain. */
static bool
relay_nexthop(struct resolver *r, struct str domain)
{
	const struct maps *maps = &r->host->maps.sender_relayhost;
	struct str relayhost = host_value(r->host, "relayhost");
	struct str key = r->sender.len ? r->sender : host_value(r->host,
	    "empty_address_relayhost_maps_lookup_key");
	struct lookup lookup = {0};

	r->out->sender_mattered |= maps->n != 0;
	if (maps->n && address_find(maps, key, ADDRESS_DEFAULT, false,
	    &r->host->rules, r->arena, &lookup) && lookup.answer.value.len &&
	    !str_eq_fold(lookup.answer.value, STR("DUNNO"))) {
		r->out->nexthop = lookup.answer.value;
		r->out->by = decision_of(r, "sender_dependent_relayhost_maps",
		    &lookup);
		return true;
	}
	if (failed(r, &lookup))
		return false;
	r->out->nexthop = relayhost.len ? relayhost : domain;
	if (relayhost.len)
		r->out->by = (struct decision){.what = "relayhost",
			.value = relayhost,
			.at = host_setting_origin(r->host, NULL,
			    "relayhost")};
	return true;
}

static bool
set_class(struct resolver *r, struct str domain, bool remote)
{
	struct resolution *out = r->out;
	const struct domain_kind *kind;

	out->nexthop = domain;
	if (!remote) {
		out->class = CLASS_LOCAL;
		set_transport(r, "local_transport");
		return true;
	}
	kind = class_of(r, domain);
	if (kind->result != TABLE_NONE && kind->result != TABLE_FOUND)
		return fail(r, kind->result, kind->lookup.answer.why);
	out->class = kind->class;
	switch (kind->class) {
	case CLASS_ALIAS:
		out->transport = STR("error");
		out->nexthop = str_of(r->host->set.show_table ?
		    "5.1.1 User unknown in virtual alias table" :
		    "5.1.1 User unknown");
		out->by = decision_of(r, kind->list, &kind->lookup);
		return true;
	case CLASS_MAILBOX:
		set_transport(r, "virtual_transport");
		return true;
	case CLASS_RELAY:
		set_transport(r, "relay_transport");
		return relay_nexthop(r, domain);
	case CLASS_DEFAULT:
	case CLASS_LOCAL:
		break;
	}
	return default_transport(r) && relay_nexthop(r, domain);
}

/* "transport:nexthop": a next hop that is there overrides. */
static void
part_transport(struct resolution *out)
{
	size_t colon = str_find(out->transport, ':');
	struct str rest;

	if (colon == out->transport.len)
		return;
	rest = (struct str){out->transport.s + colon + 1,
	    out->transport.len - colon - 1};
	out->transport.len = colon;
	if (rest.len)
		out->nexthop = rest;
}

static bool
transport_maps(struct resolver *r, struct str domain)
{
	struct resolution *out = r->out;
	struct lookup lookup = {0};
	struct str transport, nexthop = {0};
	size_t colon;

	if (out->class == CLASS_ALIAS || !r->host->maps.transport.n)
		return true;
	if (!address_find(&r->host->maps.transport, out->recipient,
	    ADDRESS_TRANSPORT, r->host->set.transport_parents,
	    &r->host->rules, r->arena, &lookup))
		return !failed(r, &lookup);
	transport = lookup.answer.value;
	colon = str_find(transport, ':');
	if (colon < transport.len)
		nexthop = (struct str){transport.s + colon + 1,
		    transport.len - colon - 1};
	transport.len = colon;
	/* ":" alone changes nothing. */
	if (!transport.len && !nexthop.len)
		return true;
	out->by = decision_of(r, "transport_maps", &lookup);
	if (nexthop.len)
		out->nexthop = nexthop;
	else if (str_eq(transport, STR("error")) ||
	    str_eq(transport, STR("retry")))
		out->nexthop = STR("Address is undeliverable");
	else
		out->nexthop = domain;
	if (transport.len)
		out->transport = transport;
	return true;
}

static bool
relocated(struct resolver *r)
{
	struct lookup lookup = {0};

	if (!r->host->maps.relocated.n)
		return true;
	if (!address_find(&r->host->maps.relocated, r->out->recipient,
	    ADDRESS_DEFAULT, false, &r->host->rules, r->arena, &lookup))
		return !failed(r, &lookup);
	r->out->transport = STR("error");
	r->out->nexthop = str_of(arena_printf(r->arena,
	    "5.1.6 User has moved to %.*s", STR_ARG(lookup.answer.value)));
	r->out->by = decision_of(r, "relocated_maps", &lookup);
	return true;
}

void
resolve_address(const struct host *host, struct str sender,
    struct str recipient, struct arena *a, struct resolution *out)
{
	struct resolver r = {.host = host, .arena = a, .sender = sender,
		.out = out};
	struct str domain;
	bool remote;
	size_t at;

	*out = (struct resolution){.result = TABLE_FOUND};
	if (!strip(&r, recipient, &remote))
		return;
	for (at = out->recipient.len; at && out->recipient.s[at - 1] != '@';)
		at--;
	domain = (struct str){out->recipient.s + at, out->recipient.len - at};
	if (!is_good_domain(&r, domain) &&
	    !put_brackets(&r, &domain, &remote)) {
		out->bad = out->result == TABLE_FOUND;
		return;
	}
	out->routed = is_routed(out->recipient, domain);
	if (!set_class(&r, domain, remote))
		return;
	part_transport(out);
	if (!out->transport.len) {
		fail(&r, TABLE_RETRY, "a transport has no name");
		return;
	}
	if (!transport_maps(&r, domain) || !relocated(&r))
		return;
	if (out->recipient.s[0] == '-' && !host->set.min_user)
		out->bad = true;
}
