/*
 * The services of master.cf: those that every Postfix needs, and those that
 * main.cf and the transport tables send mail to. Without one mail waits for
 * a socket that nobody opens.
 */
#include "flow/verify_inside.h"

static const char *const needed[] = {
	"pickup", "cleanup", "qmgr", "tlsmgr", "rewrite", "bounce", "defer",
	"trace", "verify", "flush", "proxymap", "smtp", "relay", "showq",
	"error", "retry", "discard", "anvil", "scache", "postlog",
};

/* Both files, or there is nothing to compare. */
static bool
is_whole(const struct verify *v)
{
	return v->main_cf && v->master_cf;
}

static void
check_twice(struct verify *v)
{
	struct map seen;
	size_t i;

	map_init(&seen);
	for (i = 0; i < v->cf.nservice; i++) {
		struct service *s = &v->cf.service[i];
		char *key = arena_printf(v->arena, "%.*s %.*s",
		    STR_ARG(s->name), STR_ARG(s->type));

		if (!s->error && map_add(&seen, str_of(key), s) != s)
			diag_add(v->diag, FINDING_MASTER_SERVICE,
			    place_origin(v->master_cf, s->offset),
			    "the service %s stands twice; Postfix takes the "
			    "last, leave one", key);
	}
	map_release(&seen);
}

void
verify_services(struct verify *v)
{
	size_t i;

	check_twice(v);
	for (i = 0; is_whole(v) && i < sizeof(needed) / sizeof(needed[0]); i++)
		if (!cf_service(&v->cf, str_of(needed[i])))
			diag_add(v->diag, FINDING_MASTER_SERVICE,
			    place_origin(v->master_cf, 0), "master.cf has no "
			    "service '%s', which Postfix needs; add it",
			    needed[i]);
}

/* "transport:nexthop": the transport is a service of master.cf. */
static void
check_transport(struct verify *v, struct str name, struct str value,
    struct origin at)
{
	struct str transport = {value.s, str_find(value, ':')};

	if (!transport.len || str_find(transport, '$') < transport.len ||
	    cf_service(&v->cf, transport))
		return;
	diag_add(v->diag, FINDING_MASTER_SERVICE, at,
	    "%.*s: master.cf has no service '%.*s' to hand mail to; add it",
	    STR_ARG(name), STR_ARG(transport));
}

/* The values of a table that was rendered; equal neighbours are one. */
static void
check_table(struct verify *v, const struct setting *s,
    const struct planned_file *file, bool nexthops)
{
	struct str text = {file->content.s, file->content.len};
	struct str last = {0};
	size_t at = 0;

	for (; at < text.len; at++) {
		struct str rest = {text.s + at, text.len - at};
		struct str line = {rest.s, str_find(rest, '\n')};
		struct str value = line;
		const char *why;

		while (value.len && !strchr(" \t", value.s[0])) {
			value.s++;
			value.len--;
		}
		value = str_trim(value);
		if (value.len && line.s[0] != '#' &&
		    !strchr(" \t", line.s[0]) && !str_eq(value, last)) {
			struct origin from = place_origin(file, at);

			last = value;
			why = nexthops ? nexthop_error(v->arena, value) :
			    transport_error(v->arena, value);
			if (why)
				diag_add(v->diag, FINDING_PARAM_VALUE, from,
				    "%s: %s", file->path, why);
			else if (!nexthops)
				check_transport(v, s->name, value, from);
		}
		at += line.len;
	}
}

static void
check_tables(struct verify *v, const char *name, bool nexthops)
{
	const struct setting *s = map_get(&v->cf.main, str_of(name));
	struct str rest, item;

	for (rest = s ? s->value : (struct str){0}; value_item(&rest, &item);) {
		struct str type, path = table_file(item, &type);
		const struct planned_file *file = NULL;

		if (str_eq(type, STR("texthash")) || str_eq(type, STR("hash")) ||
		    str_eq(type, STR("cdb")) || str_eq(type, STR("lmdb")))
			file = place_file(v->node, path);
		if (file)
			check_table(v, s, file, nexthops);
	}
}

void
verify_transports(struct verify *v)
{
	static const char *const presets[] = {
		"default_transport", "local_transport", "relay_transport",
	};
	size_t i;

	if (!is_whole(v))
		return;
	for (i = 0; i < v->cf.nsetting; i++) {
		const struct setting *s = &v->cf.setting[i];
		const struct param_kind *kind = param_named(s->name);

		if (kind && kind->type == PARAM_TRANSPORT)
			check_transport(v, s->name, s->value,
			    place_value(s, s->value));
	}
	for (i = 0; i < sizeof(presets) / sizeof(presets[0]); i++) {
		struct str name = str_of(presets[i]);

		if (!map_get(&v->cf.main, name))
			check_transport(v, name,
			    str_of(param_named(name)->preset),
			    place_origin(v->master_cf, 0));
	}
	check_tables(v, "transport_maps", false);
	check_tables(v, "sender_dependent_default_transport_maps", false);
	check_tables(v, "sender_dependent_relayhost_maps", true);
}
