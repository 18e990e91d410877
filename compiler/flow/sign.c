/*
 * The decision of rspamd's dkim_signing module about one message, step by
 * step as the module takes it (3.4 and 3.8 decide alike). What a step cannot
 * know ends in SIGN_UNKNOWN. With use_esld the module cuts domains down by
 * the public suffix list, which is not here: then every cut that a list could
 * make is tried, and only what they agree on is said.
 */
#include "flow/sign_inside.h"

#include "base/buf.h"

enum { DOMAINS = 4, READINGS = 256 };

/* One way to cut domains: how many labels are left of each. */
struct reading {
	struct str domain[DOMAINS];
	unsigned labels[DOMAINS];
	unsigned n;
	bool full;		/* more domains than fit */
};

struct decision {
	const struct signer *s;
	const struct sign_message *message;
	struct arena *arena;
	struct reading *reading;	/* NULL: use_esld is off */
	struct sign_verdict verdict;
	const struct value *eligible_at;
	const char *eligible;
	bool is_local, by_network, by_login;
	struct str header, envelope, login, recipient;	/* domains */
	struct str domain;
};

/* Options that hand the decision to a program, a server or a header. */
static const struct {
	const char *name;
	const char *why;
} beyond[] = {
	{"sign_condition", "sign_condition is a program"},
	{"use_redis", "use_redis: the keys are in redis"},
	{"use_vault", "use_vault: the keys are in a vault"},
	{"use_domain_custom", "use_domain_custom is a program"},
	{"check_violation", "check_violation: it depends on the signature "
	    "that the message has"},
	{"allowed_ids", "allowed_ids: settings of the message decide"},
	{"forbidden_ids", "forbidden_ids: settings of the message decide"},
	{"allow_headers_fallback", "use_http_headers: headers decide"},
};

static const struct value *
option(const struct decision *d, const char *name)
{
	return value_get(&d->s->signing.value, str_of(name));
}

static bool
is_on(const struct decision *d, const char *name)
{
	return is_true(option(d, name));
}

static bool
end(struct decision *d, enum sign_result result, const struct value *at,
    const char *why)
{
	d->verdict = (struct sign_verdict){
		.result = result, .why = why,
		.place = sign_place_of(d->s, at),
	};
	return false;
}

static bool
no(struct decision *d, const struct value *at, const char *why)
{
	return end(d, SIGN_NOT, at, why);
}

static bool
unknown(struct decision *d, const struct value *at, const char *why)
{
	return end(d, SIGN_UNKNOWN, at, why);
}

struct str
lower(struct str s, struct arena *a)
{
	char *copy = arena_strndup(a, s.len ? s.s : "", s.len);
	size_t i;

	for (i = 0; i < s.len; i++)
		copy[i] = (char)ascii_lower((unsigned char)copy[i]);
	return (struct str){copy, s.len};
}

struct str
domain_of(struct str address, struct arena *a)
{
	size_t i = address.len;

	while (i && address.s[i - 1] != '@')
		i--;
	if (!i)
		return (struct str){0};
	return lower((struct str){address.s + i, address.len - i}, a);
}

/* The flag of a module's section: a boolean, or a word for one. */
static enum maybe
flag(const struct value *section, const char *name, enum maybe preset)
{
	static const char *const yes[] = {"y", "1", "on", "yes", "true"};
	static const char *const no_[] = {"n", "0", "no", "off", "false"};
	const struct value *v = value_get(section, str_of(name));
	size_t i;

	if (v && v->kind == VALUE_LIST && v->len &&
	    v->flags & VALUE_REPEATED)
		v = &v->u.item[0];
	if (!v || (v->kind != VALUE_BOOL && v->kind != VALUE_STRING))
		return preset;
	if (v->kind == VALUE_BOOL)
		return v->u.b ? YES : NO;
	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (str_eq_fold(value_str(v), str_of(yes[i])))
			return YES;
		if (str_eq_fold(value_str(v), str_of(no_[i])))
			return NO;
	}
	return MAYBE;	/* neither: rspamd says so, and is off */
}

static bool
module_is_on(struct decision *d)
{
	const struct value *section = &d->s->signing.value;
	enum maybe enabled = flag(section, "enabled", YES);
	enum maybe disabled = flag(section, "disabled", NO);

	if (enabled != YES)
		return no(d, option(d, "enabled"),
		    "the module dkim_signing is off");
	/* "enabled = true" has the last word only where it is a boolean. */
	if (disabled != NO && !(option(d, "enabled") &&
	    option(d, "enabled")->kind == VALUE_BOOL))
		return no(d, option(d, "disabled"),
		    "the module dkim_signing is off");
	return true;
}

static bool
files_are_known(struct decision *d)
{
	const struct signer *s = d->s;

	if (s->broken) {
		unknown(d, NULL, s->broken);
		d->verdict.place = s->broken_place;
		return false;
	}
	if (s->signing.unknown || s->foreign) {
		unknown(d, NULL, s->signing.unknown ? s->signing.unknown :
		    s->foreign);
		d->verdict.place = s->signing.unknown ? s->signing.place :
		    s->foreign_place;
		return false;
	}
	return true;
}

static bool
settings_let_it(struct decision *d)
{
	const struct value *at;
	const char *why = NULL;
	enum maybe may = settings_sign(d->s, d->message, &at, &why, d->arena);

	if (may == NO)
		return no(d, at, "settings.conf switches signing off");
	if (may == YES)
		return true;
	unknown(d, at, why);
	if (!at && d->s->settings.unknown)
		d->verdict.place = d->s->settings.place;
	return false;
}

static bool
nothing_is_beyond(struct decision *d)
{
	size_t i;

	for (i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		if (is_on(d, beyond[i].name))
			return unknown(d, option(d, beyond[i].name),
			    beyond[i].why);
	if (is_on(d, "check_pubkey") && !is_on(d, "allow_pubkey_mismatch"))
		return unknown(d, option(d, "check_pubkey"),
		    "check_pubkey: the public key in the DNS decides");
	if (is_on(d, "use_http_headers"))
		return no(d, option(d, "use_http_headers"),
		    "use_http_headers, and Postfix sends no such header");
	return true;
}

/* A step that finds out whether the message may be signed at all. */
static bool
eligible(struct decision *d, const struct value *at, const char *why)
{
	d->eligible_at = at;
	d->eligible = why;
	return true;
}

static bool
find_networks(struct decision *d, const struct ip *ip, bool known,
    bool *found)
{
	const struct value *networks = option(d, "sign_networks"), *at;
	const char *why = "the client's address is not known";
	enum maybe has = known ? NO : MAYBE;

	*found = false;
	if (!networks)
		return true;
	at = networks;
	if (known)
		has = networks_have(d->s, networks, ip, &at, &why);
	if (has == MAYBE)
		return unknown(d, at, arena_printf(d->arena,
		    "sign_networks: %s", why));
	*found = has == YES;
	d->eligible_at = at;
	return true;
}

static bool
is_eligible(struct decision *d)
{
	const struct sign_message *m = d->message;
	struct str client = m->client;
	const struct value *local_at = NULL;
	const char *why = "the client's address is not known";
	enum maybe local = MAYBE;
	struct ip ip;
	bool known = ip_read(&ip, client), found;

	if (known)
		local = ip_is_local(d->s, &ip, &local_at, &why);
	d->is_local = local == YES;
	if (is_on(d, "sign_authenticated") && m->user.s) {
		/* Only what follows may still ask whether it is local. */
		d->by_login = true;
		return eligible(d, option(d, "sign_authenticated"),
		    "sign_authenticated: there is a login");
	}
	if (!find_networks(d, &ip, known, &found))
		return false;
	if (found) {
		d->by_network = true;
		return eligible(d, d->eligible_at, arena_printf(d->arena,
		    "sign_networks has %.*s", STR_ARG(client)));
	}
	if (local == MAYBE && (is_on(d, "sign_local") ||
	    is_on(d, "sign_inbound")))
		return unknown(d, local_at, why);
	if (d->is_local && is_on(d, "sign_local"))
		return eligible(d, local_at ? local_at :
		    option(d, "sign_local"),
		    "sign_local: the client is local");
	if (is_on(d, "sign_inbound") && !d->is_local && !m->user.s)
		return eligible(d, option(d, "sign_inbound"),
		    "sign_inbound: the client is not local");
	if (m->user.s)
		return no(d, option(d, "sign_authenticated"),
		    "sign_authenticated is off");
	if (d->is_local)
		return no(d, option(d, "sign_local"), "sign_local is off");
	return no(d, option(d, "sign_networks"), arena_printf(d->arena,
	    "sign_networks does not have %.*s", STR_ARG(client)));
}

static bool
read_domains(struct decision *d)
{
	const struct sign_message *m = d->message;

	/* A sender without a domain is none, for rspamd. */
	d->envelope = domain_of(m->sender, d->arena);
	if (!d->envelope.s && !is_on(d, "allow_envfrom_empty"))
		return no(d, option(d, "allow_envfrom_empty"),
		    "the sender is null, and allow_envfrom_empty is off");
	if (!m->from_known)
		return unknown(d, NULL, "the header From is not known");
	if (m->nfrom > 1 && !is_on(d, "allow_hdrfrom_multiple"))
		return no(d, option(d, "allow_hdrfrom_multiple"),
		    "From has more than one address, and "
		    "allow_hdrfrom_multiple is off");
	if (m->nfrom)
		d->header = domain_of(m->from[0], d->arena);
	if (m->user.s)
		d->login = domain_of(m->user, d->arena);
	if (m->recipient.len)
		d->recipient = domain_of(m->recipient, d->arena);
	return true;
}

/* The domain that an option like use_domain chooses. */
static bool
choose_domain(struct decision *d, const char *name)
{
	const struct value *v = option(d, name);
	struct str word;

	if (v->kind != VALUE_STRING)
		return no(d, v, arena_printf(d->arena,
		    "%s is no string: the module fails", name));
	word = value_str(v);
	if (str_eq(word, STR("header")))
		d->domain = d->header;
	else if (str_eq(word, STR("envelope")))
		d->domain = d->envelope;
	else if (str_eq(word, STR("auth")))
		d->domain = d->login;
	else if (str_eq(word, STR("recipient")) && !d->message->recipient.len)
		return unknown(d, v, "the recipient is not known");
	else if (str_eq(word, STR("recipient")))
		d->domain = d->recipient;
	else
		d->domain = lower(word, d->arena);
	if (!d->domain.s)
		return no(d, v, arena_printf(d->arena,
		    "%s = %s, and there is no such domain", name, v->u.s));
	return true;
}

static bool
find_domain(struct decision *d)
{
	if (d->by_network && is_on(d, "use_domain_sign_networks"))
		return choose_domain(d, "use_domain_sign_networks");
	if (d->is_local && is_on(d, "use_domain_sign_local"))
		return choose_domain(d, "use_domain_sign_local");
	if (!d->is_local && !d->message->user.s &&
	    is_on(d, "use_domain_sign_inbound"))
		return choose_domain(d, "use_domain_sign_inbound");
	return choose_domain(d, "use_domain");
}

static unsigned
count_labels(struct str domain)
{
	unsigned n = 1;
	size_t i;

	for (i = 0; i < domain.len; i++)
		n += domain.s[i] == '.';
	return n;
}

/* The organisational domain, as this reading has it. */
static void
cut(struct decision *d, struct str *domain)
{
	struct reading *r = d->reading;
	unsigned i, skip;

	if (!r || !domain->s || count_labels(*domain) < 3)
		return;
	for (i = 0; i < r->n && !str_eq(r->domain[i], *domain); i++)
		;
	if (i == r->n) {
		if (r->n == DOMAINS) {
			r->full = true;
			return;
		}
		r->domain[i] = *domain;
		r->labels[i] = 2;
		r->n++;
	}
	for (skip = count_labels(*domain) - r->labels[i]; skip; skip--) {
		size_t dot = str_find(*domain, '.');

		domain->s += dot + 1;
		domain->len -= dot + 1;
	}
}

static bool
domains_agree(struct decision *d)
{
	if (!d->envelope.s || !d->header.s ||
	    is_on(d, "allow_hdrfrom_mismatch") ||
	    str_eq(d->header, d->envelope))
		return true;
	if (d->is_local && is_on(d, "allow_hdrfrom_mismatch_local"))
		return true;
	if (d->by_network && is_on(d, "allow_hdrfrom_mismatch_sign_networks"))
		return true;
	return no(d, option(d, "allow_hdrfrom_mismatch"),
	    arena_printf(d->arena, "the sender is in %.*s, From in %.*s, and "
	    "allow_hdrfrom_mismatch is off", STR_ARG(d->envelope),
	    STR_ARG(d->header)));
}

static bool
login_agrees(struct decision *d)
{
	const struct value *at = option(d, "allow_username_mismatch");

	if (!d->message->user.s || is_true(at))
		return true;
	if (!d->login.s)
		return no(d, at, "the login has no domain, and "
		    "allow_username_mismatch is off");
	if (!str_eq(d->login, d->domain))
		return no(d, at, arena_printf(d->arena, "the login is in "
		    "%.*s, not in %.*s, and allow_username_mismatch is off",
		    STR_ARG(d->login), STR_ARG(d->domain)));
	return true;
}

/* A key that is to sign, while it is put together. */
struct choice {
	const struct value *selector, *path, *at;
	struct str map_selector, map_path;
	bool is_named;
};

static size_t
choose_keys(const struct decision *d, struct choice **choice)
{
	const struct value *domains = option(d, "domain");
	const struct value *entry = domains ? value_get(domains, d->domain) :
	    NULL;
	const struct value *selector, *path, *list;
	size_t n = 0;
	uint32_t i;

	*choice = NULL;
	if (!entry || entry->kind != VALUE_HASH)
		return 0;
	selector = value_get(entry, STR("selector"));
	path = value_get(entry, STR("path"));
	list = value_get(entry, STR("selectors"));
	*choice = ARENA_ARRAY(d->arena, struct choice, 1 +
	    (list && list->kind == VALUE_LIST ? list->len : 0));
	if (is_true(selector) || is_true(path))
		(*choice)[n++] = (struct choice){
			.selector = selector, .path = path,
			.at = path ? path : selector, .is_named = true,
		};
	if (!list || list->kind != VALUE_LIST)
		return n;
	for (i = 0; i < list->len; i++) {
		const struct value *item = &list->u.item[i];

		path = value_get(item, STR("path"));
		(*choice)[n++] = (struct choice){
			.selector = value_get(item, STR("selector")),
			.path = path, .at = path ? path : item,
			.is_named = true,
		};
	}
	return n;
}

/* "$domain" and "$selector" in the path of a key. */
static struct str
fill_in(struct decision *d, struct str path, struct str selector)
{
	const struct {
		struct str name, value;
	} variable[] = {
		{STR("${domain}"), d->domain}, {STR("$domain"), d->domain},
		{STR("${selector}"), selector}, {STR("$selector"), selector},
	};
	struct buf b = BUF_INIT;
	struct str out;
	size_t i, v;

	for (i = 0; i < path.len;) {
		struct str rest = {path.s + i, path.len - i};

		for (v = 0; v < 4 && !str_starts(rest, variable[v].name); v++)
			;
		if (v < 4) {
			buf_add(&b, variable[v].value.s,
			    variable[v].value.len);
			i += variable[v].name.len;
		} else {
			buf_addch(&b, path.s[i++]);
		}
	}
	out = (struct str){arena_strndup(d->arena, b.s, b.len), b.len};
	buf_release(&b);
	return out;
}

/* Whether the key of a path is there. */
static enum maybe
key_is_there(const struct decision *d, struct str path, bool is_named)
{
	const struct sign_host *host = &d->s->host;
	bool there;

	if (host->key && host->key(host->world->self, path, &there))
		return there ? YES : NO;
	return is_named ? YES : MAYBE;
}

static bool
as_string(struct decision *d, const struct value *v, const char *what,
    struct str *s)
{
	if (v && v->kind == VALUE_STRING) {
		*s = value_str(v);
		return true;
	}
	if (v && v->kind == VALUE_INT) {
		*s = str_of(arena_printf(d->arena, "%lld",
		    (long long)v->u.i));
		return true;
	}
	return unknown(d, v, arena_printf(d->arena, "a %s is no string",
	    what));
}

/* Put one signature together; *made: it comes about. */
static bool
sign_with(struct decision *d, const struct choice *choice,
    struct signature *signature, bool *made)
{
	static const char made_up[] =
	    "/var/lib/rspamd/dkim/$domain.$selector.key";
	const struct value *path = is_true(choice->path) ? choice->path :
	    option(d, "path");
	const struct value *selector = is_true(choice->selector) ?
	    choice->selector : option(d, "selector");
	struct str text = {made_up, sizeof(made_up) - 1};
	bool is_named = choice->is_named;

	signature->domain = d->domain;
	signature->selector = choice->map_selector;
	if (!signature->selector.s && !as_string(d, selector, "selector",
	    &signature->selector))
		return false;
	if (choice->map_path.s)
		text = choice->map_path;
	else if (path && !as_string(d, path, "path", &text))
		return false;
	/* One key for every domain is named just as well. */
	is_named |= !memmem(text.s, text.len, "domain", 6);
	signature->key = fill_in(d, text, signature->selector);
	signature->place = sign_place_of(d->s, choice->at ? choice->at :
	    path);
	switch (key_is_there(d, signature->key, is_named)) {
	case YES:
		*made = true;
		break;
	case NO:
		*made = false;
		no(d, choice->at, arena_printf(d->arena,
		    "there is no key %s", signature->key.s));
		break;
	case MAYBE:
		return unknown(d, option(d, "try_fallback"), arena_printf(
		    d->arena, "try_fallback: whether there is a key %s is "
		    "not known here", signature->key.s));
	}
	return true;
}

/* What a map of "key value" lines has for the domain. */
static bool
ask_map(struct decision *d, const char *name, struct str *value)
{
	const struct value *v = option(d, name);
	struct table_source source;
	struct str rest, line;

	*value = (struct str){0};
	if (!is_true(v))
		return true;
	if (v->kind != VALUE_STRING || *v->u.s != '/' ||
	    !d->s->host.world->file(d->s->host.world->self, value_str(v),
	    &source))
		return unknown(d, v, arena_printf(d->arena,
		    "what the map of %s has is not known here", name));
	for (rest = source.text; rest.len;) {
		size_t len = str_find(rest, '\n'), blank;

		line = str_trim((struct str){rest.s, len});
		rest.s += len < rest.len ? len + 1 : len;
		rest.len -= len < rest.len ? len + 1 : len;
		for (blank = 0; blank < line.len && line.s[blank] != ' ' &&
		    line.s[blank] != '\t'; blank++)
			;
		if (!str_eq((struct str){line.s, blank}, d->domain))
			continue;
		*value = str_trim((struct str){line.s + blank,
		    line.len - blank});
	}
	return true;
}

/* A map's answer goes to each key that has none of its own. */
static bool
ask_maps(struct decision *d, struct choice **choice, size_t *n)
{
	struct str selector, path;
	size_t i;

	if (!ask_map(d, "selector_map", &selector) ||
	    !ask_map(d, "path_map", &path))
		return false;
	if (!*n && (selector.s || path.s)) {
		*choice = ARENA_NEW(d->arena, struct choice);
		(*choice)->at = option(d, path.s ? "path_map" :
		    "selector_map");
		(*choice)->is_named = true;
		*n = 1;
	}
	for (i = 0; i < *n; i++) {
		if (!is_true((*choice)[i].selector))
			(*choice)[i].map_selector = selector;
		if (!is_true((*choice)[i].path))
			(*choice)[i].map_path = path;
	}
	return true;
}

static bool
find_keys(struct decision *d)
{
	static struct choice fallback;
	struct choice *choice;
	size_t n = choose_keys(d, &choice), i, signatures = 0;
	struct signature *signature;
	bool made;

	if (!ask_maps(d, &choice, &n))
		return false;
	if (!n && !is_on(d, "try_fallback"))
		return no(d, option(d, "domain"), arena_printf(d->arena,
		    "no key for domain %.*s", STR_ARG(d->domain)));
	if (!n) {
		choice = &fallback;
		n = 1;
	}
	signature = ARENA_ARRAY(d->arena, struct signature, n);
	for (i = 0; i < n; i++) {
		if (!sign_with(d, &choice[i], &signature[signatures], &made))
			return false;
		signatures += made;
	}
	if (!signatures)
		return false;
	d->verdict = (struct sign_verdict){
		.result = SIGN_SIGNED, .signature = signature,
		.n = signatures, .why = d->eligible,
		.place = sign_place_of(d->s, d->eligible_at),
	};
	return true;
}

static bool
tables_decide(struct decision *d)
{
	if (!is_on(d, "signing_table") || !is_on(d, "key_table"))
		return true;
	return unknown(d, option(d, "signing_table"),
	    "signing_table: what its patterns match is not known here");
}

static void
decide(struct decision *d)
{
	if (!files_are_known(d) || !module_is_on(d) || !settings_let_it(d) ||
	    !nothing_is_beyond(d) || !is_eligible(d) || !read_domains(d) ||
	    !tables_decide(d) || !find_domain(d))
		return;
	cut(d, &d->domain);
	cut(d, &d->header);
	cut(d, &d->envelope);
	if (!domains_agree(d))
		return;
	cut(d, &d->login);
	if (!login_agrees(d))
		return;
	find_keys(d);
}

static bool
same_verdict(const struct sign_verdict *a, const struct sign_verdict *b)
{
	size_t i;

	if (a->result != b->result || a->n != b->n)
		return false;
	for (i = 0; i < a->n; i++)
		if (!str_eq(a->signature[i].domain, b->signature[i].domain) ||
		    !str_eq(a->signature[i].selector,
		    b->signature[i].selector) ||
		    !str_eq(a->signature[i].key, b->signature[i].key))
			return false;
	return true;
}

/* The next way to cut; false: that was the last. */
static bool
next_reading(struct reading *r)
{
	unsigned i;

	for (i = 0; i < r->n; i++) {
		if (++r->labels[i] <= count_labels(r->domain[i]))
			return true;
		r->labels[i] = 2;
	}
	return false;
}

struct sign_verdict
sign_decide(const struct signer *s, const struct sign_message *message,
    struct arena *a)
{
	struct reading reading = {0};
	struct sign_verdict first;
	struct decision d;
	unsigned tries = 0;
	bool more;

	do {
		d = (struct decision){
			.s = s, .message = message, .arena = a,
		};
		if (is_on(&d, "use_esld"))
			d.reading = &reading;
		decide(&d);
		if (!tries)
			first = d.verdict;
		tries++;
		more = d.reading && next_reading(&reading);
		if (same_verdict(&first, &d.verdict) && !reading.full &&
		    !(more && tries == READINGS))
			continue;
		unknown(&d, option(&d, "use_esld"), "use_esld: the list of "
		    "public suffixes decides, and it is not here");
		return d.verdict;
	} while (more);
	return first;
}
