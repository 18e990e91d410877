/*
 * Restriction lists: that smtpd knows every name in them, and that no
 * smtpd relays for everybody. smtpd finds the one when a client connects,
 * and the world finds the other.
 */
#include "flow/verify_inside.h"

enum { DEEPEST = 16 };	/* $name and classes within lists */

/* The name in an item that is $name, ${name} or $(name) and nothing else. */
static struct str
only_name(struct str item)
{
	struct value_name used;
	size_t at = 0;
	bool braced = item.len > 1 && (item.s[1] == '{' || item.s[1] == '(');

	if (!item.len || item.s[0] != '$' ||
	    !value_name(item, &at, &used) || used.conditional ||
	    used.offset || at + braced != item.len)
		return (struct str){0};
	return used.name;
}

static void
check_table(struct verify *v, const struct setting *s, struct str table)
{
	struct str type;
	const char *near;

	/* The long form: { type:name, search_order = … }. */
	if (table.len > 1 && table.s[0] == '{') {
		struct str rest = {table.s + 1, table.len - 2};

		if (!value_item(&rest, &table))
			return;
	}
	if (!table_unknown_type(table, &type))
		return;
	near = table_type_nearest(type);
	diag_add(v->diag, FINDING_TABLE_TYPE, place_value(s, table),
	    "%.*s: Postfix has no table type '%.*s'%s%s%s", STR_ARG(s->name),
	    STR_ARG(type), near ? "; did you mean '" : "", near ? near : "",
	    near ? "'?" : "");
}

static void
unknown_restriction(struct verify *v, const struct setting *s,
    struct str name)
{
	const char *near = restriction_nearest(name);

	if (map_get(&v->cf.main, name))
		diag_add(v->diag, FINDING_RESTRICTION_UNKNOWN,
		    place_value(s, name), "%.*s: '%.*s' is a class only if "
		    "smtpd_restriction_classes names it", STR_ARG(s->name),
		    STR_ARG(name));
	else
		diag_add(v->diag, FINDING_RESTRICTION_UNKNOWN,
		    place_value(s, name),
		    "%.*s: Postfix has no restriction '%.*s'%s%s%s",
		    STR_ARG(s->name), STR_ARG(name),
		    near ? "; did you mean '" : "", near ? near : "",
		    near ? "'?" : "");
}

/* Each list is walked once, however many others name it. */
static bool
walk_once(struct verify *v, const struct setting *s)
{
	size_t n = v->walked.n;
	const char *key = arena_strndup(v->arena, (const char *)&s, sizeof(s));

	map_add(&v->walked, (struct str){key, sizeof(s)}, v);
	return v->walked.n > n;
}

static void
check_list(struct verify *v, const struct setting *s, unsigned depth)
{
	struct str rest = s->value, name, argument;

	if (depth > DEEPEST || !walk_once(v, s))
		return;
	while (restriction_next(&rest, &name, &argument)) {
		struct str inner = only_name(name);
		const struct setting *other = inner.len ?
		    cf_setting(&v->cf, s->service, inner) : NULL;

		if (other && !param_named(inner)) {
			check_list(v, other, depth + 1);
		} else if (name.s[0] == '{' || str_find(name, ':') < name.len) {
			check_table(v, s, name);
		} else if (str_find(name, '$') == name.len) {
			if (!restriction_known(name) &&
			    !map_get(&v->classes, name))
				unknown_restriction(v, s, name);
		}
		if (restriction_takes(name) == RESTRICTION_TAKES_TABLE)
			check_table(v, s, argument);
	}
}

void
verify_restrictions(struct verify *v, const struct setting *s)
{
	check_list(v, s, 0);
}

enum end {
	END_OPEN,	/* a stranger comes through to the end */
	END_PERMIT,	/* a permit lets everybody through */
	END_CLOSED,
};

struct walk {
	const struct verify *v;
	const struct service *service;
	struct map seen;	/* classes and names walked already */
};

static bool
refuses(struct str name)
{
	static const char *const refusals[] = {
		"reject_unauth_destination", "defer_unauth_destination",
		"reject", "defer", "defer_if_permit", "check_relay_domains",
	};
	size_t i;

	for (i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++)
		if (str_eq_fold(name, str_of(refusals[i])))
			return true;
	return false;
}

/* Neither a restriction nor a table: what it was to be is not known. */
static bool
is_strange(struct str name)
{
	return !restriction_known(name) && name.s[0] != '{' &&
	    str_find(name, ':') == name.len;
}

/*
 * How a list ends for somebody whom no restriction knows: what smtpd's
 * has_required() asks, with classes and $names followed once each.
 */
static enum end
list_end(struct walk *w, const struct setting *s, unsigned depth)
{
	struct str rest = s->value, name, argument;

	while (restriction_next(&rest, &name, &argument)) {
		struct str inner = only_name(name);
		const struct setting *other;
		enum end end;

		if (str_eq_fold(name, STR("warn_if_reject"))) {
			restriction_next(&rest, &name, &argument);
			continue;
		}
		if (refuses(name))
			return END_CLOSED;
		if (str_eq_fold(name, STR("permit")))
			return END_PERMIT;
		if (!inner.len && str_find(name, '$') < name.len)
			return END_CLOSED;	/* cannot be told */
		if (!inner.len && !map_get(&w->v->classes, name)) {
			if (is_strange(name))
				return END_CLOSED;	/* reported */
			continue;
		}
		inner = inner.len ? inner : name;
		other = cf_setting(&w->v->cf, w->service, inner);
		if (!other || depth > DEEPEST || map_get(&w->seen, inner))
			continue;
		map_add(&w->seen, inner, w);
		end = list_end(w, other, depth + 1);
		if (end != END_OPEN)
			return end;
	}
	return END_OPEN;
}

static bool
is_closed(const struct verify *v, const struct service *service,
    const struct setting *s)
{
	struct walk w = {.v = v, .service = service};
	enum end end;

	map_init(&w.seen);
	end = list_end(&w, s, 0);
	map_release(&w.seen);
	return end == END_CLOSED;
}

/* Without a line of its own, smtpd_relay_restrictions refuses by default. */
static bool
default_closes(const struct verify *v)
{
	const struct setting *level = map_get(&v->cf.main,
	    STR("compatibility_level"));

	return level && !str_eq(level->value, STR("0"));
}

static void
check_relaying(struct verify *v, const struct service *service)
{
	const struct setting *relay = cf_setting(&v->cf, service,
	    STR("smtpd_relay_restrictions"));
	const struct setting *recipient = cf_setting(&v->cf, service,
	    STR("smtpd_recipient_restrictions"));
	const struct setting *s = relay ? relay : recipient;
	struct origin at;

	if (relay ? is_closed(v, service, relay) : default_closes(v))
		return;
	if (recipient && is_closed(v, service, recipient))
		return;
	at = s ? place_setting(s) :
	    place_origin(v->main_cf, 0);
	diag_add(v->diag, FINDING_RESTRICTION_OPEN, at,
	    "%s lets everybody relay; end it with reject_unauth_destination "
	    "or reject", s == recipient && s ?
	    "smtpd_recipient_restrictions" : "smtpd_relay_restrictions");
}

void
verify_relaying(struct verify *v)
{
	size_t i;

	if (!v->master_cf)
		check_relaying(v, NULL);
	for (i = 0; i < v->cf.nservice; i++)
		if (!v->cf.service[i].error &&
		    str_eq(v->cf.service[i].command, STR("smtpd")))
			check_relaying(v, &v->cf.service[i]);
}
