/*
 * settings.conf: the first rule in order of priority and name whose
 * conditions all hold is applied, and may leave the symbol of signing out.
 * A rule whose conditions cannot be told here counts as both.
 */
#include "flow/sign_inside.h"

#include <ctype.h>
#include <stdlib.h>

struct question {
	const struct signer *s;
	const struct sign_message *message;
	struct arena *arena;
	const char *why;
};

static enum maybe
both(enum maybe a, enum maybe b)
{
	if (a == NO || b == NO)
		return NO;
	return a == MAYBE || b == MAYBE ? MAYBE : YES;
}

/* Whether any of a value or of a list's holds. */
static enum maybe
any(struct question *q, const struct value *v,
    enum maybe (*is)(struct question *q, const struct value *v))
{
	enum maybe result = NO, one;
	uint32_t i;

	if (v->kind != VALUE_LIST)
		return is(q, v);
	for (i = 0; i < v->len && result != YES; i++) {
		one = any(q, &v->u.item[i], is);
		if (one != NO)
			result = one;
	}
	return result;
}

/*
 * The address, its last bits cleared, must be the one written: so a network
 * with bits of a host in it has nobody, and neither has one of no bits at
 * all, which stands for the address alone.
 */
static enum maybe
is_client(struct question *q, const struct value *v)
{
	struct str text = value_str(v), address;
	unsigned bits = 0, i, first;
	struct ip client, network;
	size_t slash;

	if (v->kind != VALUE_STRING) {
		q->why = "an ip in settings is no string";
		return MAYBE;
	}
	slash = str_find(text, '/');
	address = (struct str){text.s, slash};
	if (!sign_ip_read(&client, q->message->client)) {
		q->why = "the client's address is not known";
		return MAYBE;
	}
	if (!sign_ip_read(&network, address) || client.is_4 != network.is_4)
		return NO;
	if (slash < text.len)
		bits = (unsigned)strtoul(text.s + slash + 1, NULL, 10);
	first = network.is_4 ? 96 : 0;
	if (bits > 128 - first)
		return NO;
	for (i = first + bits; bits && i < 128; i++)
		client.byte[i / 8] &= (unsigned char)~(0x80u >> i % 8);
	return memcmp(client.byte, network.byte, 16) ? NO : YES;
}

/* "user@domain", "@domain", "user" or a pattern, in lower case as it is. */
static enum maybe
is_address(struct question *q, const struct value *v, struct str address,
    struct str local, struct str domain)
{
	struct str wanted = value_str(v);

	if (v->kind != VALUE_STRING || str_starts(wanted, STR("map:")) ||
	    str_starts(wanted, STR("/"))) {
		q->why = "a map or pattern in settings";
		return MAYBE;
	}
	if (str_starts(wanted, STR("@")))
		return domain.s && str_eq((struct str){wanted.s + 1,
		    wanted.len - 1}, sign_lower(domain, q->arena)) ? YES : NO;
	if (str_find(wanted, '@') < wanted.len)
		return str_eq(wanted, sign_lower(address, q->arena)) ? YES : NO;
	return str_eq(wanted, sign_lower(local, q->arena)) ? YES : NO;
}

static enum maybe
is_mailbox(struct question *q, const struct value *v, struct str address)
{
	struct str domain = sign_domain_of(address, q->arena), local = address;

	if (domain.s)
		local.len -= domain.len + 1;
	return is_address(q, v, address, local, domain);
}

static enum maybe
is_sender(struct question *q, const struct value *v)
{
	if (str_find(q->message->sender, '@') == q->message->sender.len)
		return NO;	/* none, for rspamd */
	return is_mailbox(q, v, q->message->sender);
}

static enum maybe
is_user(struct question *q, const struct value *v)
{
	if (!q->message->user.s)
		return NO;
	return is_mailbox(q, v, q->message->user);
}

static enum maybe
is_from(struct question *q, const struct value *v)
{
	enum maybe result = NO, one;
	size_t i;

	if (!q->message->from_known) {
		q->why = "the header From is not known";
		return MAYBE;
	}
	for (i = 0; i < q->message->nfrom && result != YES; i++) {
		one = is_mailbox(q, v, q->message->from[i]);
		if (one != NO)
			result = one;
	}
	return result;
}

static enum maybe
is_authenticated(struct question *q, const struct value *v)
{
	(void)v;
	return q->message->user.s ? YES : NO;
}

static enum maybe
is_local(struct question *q, const struct value *v)
{
	const struct value *at;
	struct ip ip;

	(void)v;
	if (sign_ip_read(&ip, q->message->client))
		return sign_ip_is_local(q->s, &ip, &at, &q->why);
	q->why = "the client's address is not known";
	return MAYBE;
}

static enum maybe
cannot_tell(struct question *q, const struct value *v)
{
	(void)v;
	q->why = "a condition in settings cannot be told here";
	return MAYBE;
}

static const struct condition {
	const char *name;
	bool is_switch;		/* counts where it is true */
	enum maybe (*is)(struct question *q, const struct value *v);
} conditions[] = {
	{"ip", false, is_client},
	{"from", false, is_sender},
	{"from_mime", false, is_from},
	{"user", false, is_user},
	{"authenticated", true, is_authenticated},
	{"local", true, is_local},
	{"ip_map", false, cannot_tell},
	{"client_ip", false, cannot_tell},
	{"client_ip_map", false, cannot_tell},
	{"rcpt", false, cannot_tell},
	{"rcpt_mime", false, cannot_tell},
	{"hostname", false, cannot_tell},
	{"request_header", false, cannot_tell},
	{"header", false, cannot_tell},
	{"selector", false, cannot_tell},
};

/* Whether a rule matches. rspamd 3.4 never applies one without conditions. */
static enum maybe
rule_matches(struct question *q, const struct value *rule)
{
	enum maybe all = YES, none = YES, one;
	bool has_any = false;
	size_t i;

	for (i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		const struct condition *c = &conditions[i];
		const struct value *v = value_get(rule, str_of(c->name));

		if (!is_true(v))
			continue;
		has_any = true;
		one = c->is_switch ? c->is(q, v) : any(q, v, c->is);
		all = both(all, one);
		none = both(none, one == MAYBE ? MAYBE : one == NO ? YES : NO);
	}
	if (!has_any)
		return q->s->host.release == RSPAMD_3_4 ? NO : YES;
	if (value_get(rule, STR("expression")))
		return cannot_tell(q, rule);
	return is_true(value_get(rule, STR("inverse"))) ? none : all;
}

bool
sign_names(const struct value *list, struct str name)
{
	uint32_t i;

	if (!list)
		return false;
	if (list->kind == VALUE_STRING)
		return str_eq(value_str(list), name);
	if (list->kind != VALUE_LIST)
		return false;
	for (i = 0; i < list->len; i++)
		if (list->u.item[i].kind == VALUE_STRING &&
		    str_eq(value_str(&list->u.item[i]), name))
			return true;
	return false;
}

static bool
names_group(const struct value *list)
{
	return sign_names(list, STR("dkim")) ||
	    sign_names(list, STR("policies"));
}

/* Whether the symbol of signing is still on where a rule is applied. */
static bool
rule_signs(const struct value *rule, struct str symbol)
{
	const struct value *apply = value_get(rule, STR("apply"));
	const struct value *enabled, *groups;
	bool on;

	if (!apply || value_get(apply, STR("whitelist")))
		return false;
	enabled = value_get(apply, STR("symbols_enabled"));
	groups = value_get(apply, STR("groups_enabled"));
	on = !enabled && !groups;
	if (sign_names(enabled, symbol) || names_group(groups))
		on = true;
	if (sign_names(value_get(apply, STR("symbols_disabled")), symbol) ||
	    names_group(value_get(apply, STR("groups_disabled"))))
		on = false;
	return on;
}

static int64_t
priority_of(const struct value *rule)
{
	const struct value *v = value_get(rule, STR("priority"));

	if (v && v->kind == VALUE_INT)
		return v->u.i;
	if (v && v->kind == VALUE_STRING && str_eq(value_str(v), STR("high")))
		return 3;
	if (v && v->kind == VALUE_STRING &&
	    str_eq(value_str(v), STR("medium")))
		return 2;
	return 1;
}

static int
compare_rules(const void *a, const void *b)
{
	const struct pair *const *x = a, *const *y = b;
	int64_t px = priority_of(&(*x)->value), py = priority_of(&(*y)->value);

	if (px != py)
		return px > py ? -1 : 1;
	return str_cmp(value_str(&(*x)->key), value_str(&(*y)->key));
}

/* The rules that can be applied, in rspamd's order. */
static const struct pair **
sorted_rules(const struct value *settings, struct arena *a, size_t *n)
{
	const struct pair **rule = ARENA_ARRAY(a, const struct pair *,
	    settings->len);
	uint32_t i;

	*n = 0;
	for (i = 0; i < settings->len; i++) {
		const struct value *v = &settings->u.hash->pair[i].value;

		if (v->kind == VALUE_HASH && priority_of(v) >= 1 &&
		    (is_true(value_get(v, STR("apply"))) ||
		    is_true(value_get(v, STR("whitelist"))) ||
		    is_true(value_get(v, STR("want_spam")))))
			rule[(*n)++] = &settings->u.hash->pair[i];
	}
	qsort(rule, *n, sizeof(struct pair *), compare_rules);
	return rule;
}

enum maybe
sign_settings_let(const struct signer *s, const struct sign_message *message,
    const struct value **at, const char **why, struct arena *a)
{
	const struct value *symbol = value_get(&s->signing.value,
	    STR("symbol"));
	struct question q = {.s = s, .message = message, .arena = a};
	bool may_sign = false, may_not = false;
	const struct pair **rule;
	size_t i, n;

	*at = NULL;
	if (s->settings.unknown) {
		*why = s->settings.unknown;
		return MAYBE;
	}
	rule = sorted_rules(&s->settings.value, a, &n);
	for (i = 0; i <= n; i++) {
		enum maybe matches = i == n ? YES :
		    rule_matches(&q, &rule[i]->value);

		if (matches == NO)
			continue;
		if (i == n || rule_signs(&rule[i]->value, symbol->kind ==
		    VALUE_STRING ? value_str(symbol) : (struct str){0})) {
			may_sign = true;
		} else {
			may_not = true;
			*at = &rule[i]->key;
		}
		if (matches == YES)
			break;
	}
	*why = q.why;
	if (may_sign && may_not)
		return MAYBE;
	return may_sign ? YES : NO;
}
