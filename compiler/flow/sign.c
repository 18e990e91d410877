/*
 * The decision of rspamd's dkim_signing module about one message, step by
 * step as the module takes it (3.4 and 3.8 decide alike). What a step cannot
 * know ends in SIGN_UNKNOWN. With use_esld the module cuts domains down by
 * the public suffix list, which is not here: then every cut that a list could
 * make is tried, and only what they agree on is said.
 */
#include "flow/sign_inside.h"

enum { READINGS = 256 };

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

const struct value *
sign_option(const struct signing *d, const char *name)
{
	return value_get(&d->s->signing.value, str_of(name));
}

bool
sign_is_on(const struct signing *d, const char *name)
{
	return is_true(sign_option(d, name));
}

static bool
sign_end(struct signing *d, enum sign_result result, const struct value *at,
    const char *why)
{
	d->verdict = (struct sign_verdict){
		.result = result, .why = why,
		.place = sign_place_of(d->s, at),
	};
	return false;
}

bool
sign_no(struct signing *d, const struct value *at, const char *why)
{
	return sign_end(d, SIGN_NOT, at, why);
}

bool
sign_unknown(struct signing *d, const struct value *at, const char *why)
{
	return sign_end(d, SIGN_UNKNOWN, at, why);
}

struct str
sign_lower(struct str s, struct arena *a)
{
	char *copy = arena_strndup(a, s.len ? s.s : "", s.len);
	size_t i;

	for (i = 0; i < s.len; i++)
		copy[i] = (char)ascii_lower((unsigned char)copy[i]);
	return (struct str){copy, s.len};
}

struct str
sign_domain_of(struct str address, struct arena *a)
{
	size_t i = address.len;

	while (i && address.s[i - 1] != '@')
		i--;
	if (!i)
		return (struct str){0};
	return sign_lower((struct str){address.s + i, address.len - i}, a);
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

/* The C module that signs for the Lua one. In "a, b" there is no b. */
static bool
filters_have_dkim(const struct value *filters)
{
	struct str rest;

	if (!filters || filters->kind != VALUE_STRING)
		return !filters || sign_names(filters, STR("dkim"));
	for (rest = value_str(filters); rest.len;) {
		size_t len = str_find(rest, ',');

		if (str_eq((struct str){rest.s, len}, STR("dkim")))
			return true;
		rest.s += len < rest.len ? len + 1 : len;
		rest.len -= len < rest.len ? len + 1 : len;
	}
	return false;
}

static bool
options_let_it(struct signing *d, bool *is_explicit)
{
	const struct section *options = &d->s->options;
	const struct value *filters = value_get(&options->value,
	    STR("filters"));
	const struct value *modules = value_get(&options->value,
	    STR("explicit_modules"));

	if (options->unknown) {
		sign_unknown(d, NULL, options->unknown);
		d->verdict.place = options->place;
		return false;
	}
	*is_explicit = modules && sign_names(modules, STR("dkim_signing"));
	return filters_have_dkim(filters) ||
	    sign_no(d, filters, "filters leaves the module dkim out");
}

static bool
module_is_on(struct signing *d)
{
	const struct value *section = &d->s->signing.value;
	enum maybe enabled = flag(section, "enabled", YES);
	enum maybe disabled = flag(section, "disabled", NO);
	bool is_explicit;

	if (!options_let_it(d, &is_explicit))
		return false;
	if (is_explicit)
		return true;
	if (enabled != YES)
		return sign_no(d, sign_option(d, "enabled"),
		    "the module dkim_signing is off");
	/* "enabled = true" has the last word only where it is a boolean. */
	if (disabled != NO && !(sign_option(d, "enabled") &&
	    sign_option(d, "enabled")->kind == VALUE_BOOL))
		return sign_no(d, sign_option(d, "disabled"),
		    "the module dkim_signing is off");
	return true;
}

static bool
files_are_known(struct signing *d)
{
	const struct signer *s = d->s;

	if (s->broken) {
		sign_unknown(d, NULL, s->broken);
		d->verdict.place = s->broken_place;
		return false;
	}
	if (s->signing.unknown || s->foreign) {
		sign_unknown(d, NULL, s->signing.unknown ? s->signing.unknown :
		    s->foreign);
		d->verdict.place = s->signing.unknown ? s->signing.place :
		    s->foreign_place;
		return false;
	}
	return true;
}

static bool
settings_let_it(struct signing *d)
{
	const struct value *at;
	const char *why = NULL;
	enum maybe may = sign_settings_let(d->s, d->message, &at, &why,
	    d->arena);

	if (may == NO)
		return sign_no(d, at, "settings.conf switches signing off");
	if (may == YES)
		return true;
	sign_unknown(d, at, why);
	if (!at && d->s->settings.unknown)
		d->verdict.place = d->s->settings.place;
	return false;
}

static bool
nothing_is_beyond(struct signing *d)
{
	size_t i;

	for (i = 0; i < sizeof(beyond) / sizeof(beyond[0]); i++)
		if (sign_is_on(d, beyond[i].name))
			return sign_unknown(d, sign_option(d, beyond[i].name),
			    beyond[i].why);
	if (sign_is_on(d, "check_pubkey") &&
	    !sign_is_on(d, "allow_pubkey_mismatch"))
		return sign_unknown(d, sign_option(d, "check_pubkey"),
		    "check_pubkey: the public key in the DNS decides");
	if (sign_is_on(d, "use_http_headers"))
		return sign_no(d, sign_option(d, "use_http_headers"),
		    "use_http_headers, and Postfix sends no such header");
	return true;
}

/* A step that finds out whether the message may be signed at all. */
static bool
eligible(struct signing *d, const struct value *at, const char *why)
{
	d->eligible_at = at;
	d->eligible = why;
	return true;
}

static bool
find_networks(struct signing *d, const struct ip *ip, bool known,
    bool *found)
{
	const struct value *networks = sign_option(d, "sign_networks"), *at;
	const char *why = "the client's address is not known";
	enum maybe has = known ? NO : MAYBE;

	*found = false;
	if (!networks)
		return true;
	at = networks;
	if (known)
		has = sign_networks_have(d->s, networks, ip, &at, &why);
	if (has == MAYBE)
		return sign_unknown(d, at, arena_printf(d->arena,
		    "sign_networks: %s", why));
	*found = has == YES;
	d->eligible_at = at;
	return true;
}

static bool
is_eligible(struct signing *d)
{
	const struct sign_message *m = d->message;
	struct str client = m->client;
	const struct value *local_at = NULL;
	const char *why = "the client's address is not known";
	enum maybe local = MAYBE;
	struct ip ip;
	bool known = sign_ip_read(&ip, client), found;

	if (known)
		local = sign_ip_is_local(d->s, &ip, &local_at, &why);
	d->is_local = local == YES;
	if (sign_is_on(d, "sign_authenticated") && m->user.s) {
		/* Only what follows may still ask whether it is local. */
		d->by_login = true;
		return eligible(d, sign_option(d, "sign_authenticated"),
		    "sign_authenticated: there is a login");
	}
	if (!find_networks(d, &ip, known, &found))
		return false;
	if (found) {
		d->by_network = true;
		return eligible(d, d->eligible_at, arena_printf(d->arena,
		    "sign_networks has %.*s", STR_ARG(client)));
	}
	if (local == MAYBE && (sign_is_on(d, "sign_local") ||
	    sign_is_on(d, "sign_inbound")))
		return sign_unknown(d, local_at, why);
	if (d->is_local && sign_is_on(d, "sign_local"))
		return eligible(d, local_at ? local_at :
		    sign_option(d, "sign_local"),
		    "sign_local: the client is local");
	if (sign_is_on(d, "sign_inbound") && !d->is_local && !m->user.s)
		return eligible(d, sign_option(d, "sign_inbound"),
		    "sign_inbound: the client is not local");
	if (m->user.s)
		return sign_no(d, sign_option(d, "sign_authenticated"),
		    "sign_authenticated is off");
	if (d->is_local)
		return sign_no(d, sign_option(d, "sign_local"),
		    "sign_local is off");
	return sign_no(d, sign_option(d, "sign_networks"),
	    arena_printf(d->arena, "sign_networks does not have %.*s",
	    STR_ARG(client)));
}

static bool
read_domains(struct signing *d)
{
	const struct sign_message *m = d->message;

	/* For rspamd a sender without a domain is none; <> has an empty one. */
	d->envelope = m->sender.len ? sign_domain_of(m->sender, d->arena) :
	    STR("");
	if (!d->envelope.len && !sign_is_on(d, "allow_envfrom_empty"))
		return sign_no(d, sign_option(d, "allow_envfrom_empty"),
		    "the sender is null, and allow_envfrom_empty is off");
	if (!m->from_known)
		return sign_unknown(d, NULL, "the header From is not known");
	if (m->nfrom > 1 && !sign_is_on(d, "allow_hdrfrom_multiple"))
		return sign_no(d, sign_option(d, "allow_hdrfrom_multiple"),
		    "From has more than one address, and "
		    "allow_hdrfrom_multiple is off");
	if (m->nfrom)
		d->header = sign_domain_of(m->from[0], d->arena);
	if (m->user.s)
		d->login = sign_domain_of(m->user, d->arena);
	if (m->recipient.len)
		d->recipient = sign_domain_of(m->recipient, d->arena);
	return true;
}

/* The domain that an option like use_domain chooses. */
static bool
choose_domain(struct signing *d, const char *name)
{
	const struct value *v = sign_option(d, name);
	struct str word;

	if (v->kind != VALUE_STRING)
		return sign_no(d, v, arena_printf(d->arena,
		    "%s is no string: the module fails", name));
	word = value_str(v);
	if (str_eq(word, STR("header")))
		d->domain = d->header;
	else if (str_eq(word, STR("envelope")))
		d->domain = d->envelope;
	else if (str_eq(word, STR("auth")))
		d->domain = d->login;
	else if (str_eq(word, STR("recipient")) && !d->message->recipient.len)
		return sign_unknown(d, v, "the recipient is not known");
	else if (str_eq(word, STR("recipient")))
		d->domain = d->recipient;
	else
		d->domain = sign_lower(word, d->arena);
	if (!d->domain.s)
		return sign_no(d, v, arena_printf(d->arena,
		    "%s = %s, and there is no such domain", name, v->u.s));
	return true;
}

static bool
find_domain(struct signing *d)
{
	if (d->by_network && sign_is_on(d, "use_domain_sign_networks"))
		return choose_domain(d, "use_domain_sign_networks");
	if (d->is_local && sign_is_on(d, "use_domain_sign_local"))
		return choose_domain(d, "use_domain_sign_local");
	if (!d->is_local && !d->message->user.s &&
	    sign_is_on(d, "use_domain_sign_inbound"))
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
cut(struct signing *d, struct str *domain)
{
	struct reading *r = d->reading;
	unsigned i, skip;

	if (!r || !domain->s || count_labels(*domain) < 3)
		return;
	for (i = 0; i < r->n && !str_eq(r->domain[i], *domain); i++)
		;
	if (i == r->n) {
		if (r->n == SIGN_DOMAINS) {
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
domains_agree(struct signing *d)
{
	if (!d->envelope.len || !d->header.s ||
	    sign_is_on(d, "allow_hdrfrom_mismatch") ||
	    str_eq(d->header, d->envelope))
		return true;
	if (d->is_local && sign_is_on(d, "allow_hdrfrom_mismatch_local"))
		return true;
	if (d->by_network &&
	    sign_is_on(d, "allow_hdrfrom_mismatch_sign_networks"))
		return true;
	return sign_no(d, sign_option(d, "allow_hdrfrom_mismatch"),
	    arena_printf(d->arena, "the sender is in %.*s, From in %.*s, and "
	    "allow_hdrfrom_mismatch is off", STR_ARG(d->envelope),
	    STR_ARG(d->header)));
}

static bool
login_agrees(struct signing *d)
{
	const struct value *at = sign_option(d, "allow_username_mismatch");

	if (!d->message->user.s || is_true(at))
		return true;
	if (!d->login.s)
		return sign_no(d, at, "the login has no domain, and "
		    "allow_username_mismatch is off");
	if (!str_eq(d->login, d->domain))
		return sign_no(d, at, arena_printf(d->arena, "the login is in "
		    "%.*s, not in %.*s, and allow_username_mismatch is off",
		    STR_ARG(d->login), STR_ARG(d->domain)));
	return true;
}

static void
decide(struct signing *d)
{
	if (!files_are_known(d) || !module_is_on(d) || !settings_let_it(d) ||
	    !nothing_is_beyond(d) || !is_eligible(d) || !read_domains(d))
		return;
	if (sign_is_on(d, "signing_table") && sign_is_on(d, "key_table")) {
		sign_by_tables(d);
		return;
	}
	if (!find_domain(d))
		return;
	cut(d, &d->domain);
	cut(d, &d->header);
	cut(d, &d->envelope);
	if (!domains_agree(d))
		return;
	cut(d, &d->login);
	if (!login_agrees(d))
		return;
	sign_find_keys(d);
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
	struct signing d;
	unsigned tries = 0;
	bool more;

	do {
		d = (struct signing){
			.s = s, .message = message, .arena = a,
		};
		if (sign_is_on(&d, "use_esld"))
			d.reading = &reading;
		decide(&d);
		if (!tries)
			first = d.verdict;
		tries++;
		more = d.reading && next_reading(&reading);
		if (same_verdict(&first, &d.verdict) && !reading.full &&
		    !(more && tries == READINGS))
			continue;
		sign_unknown(&d, sign_option(&d, "use_esld"), "use_esld: the "
		    "list of public suffixes decides, and it is not here");
		return d.verdict;
	} while (more);
	return first;
}
