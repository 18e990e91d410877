/*
 * The variables of one node: its facts at the top level, $facts, $trusted
 * and a few that Puppet always sets. Facts that are null become '' at any
 * depth, as Puppet's sanitising leaves them.
 */
#include "hiera/inside.h"

static struct value
text(struct hiera *h, const char *s)
{
	return value_string(h->arena, str_of(s), ORIGIN_NONE);
}

static bool
has_null(const struct value *v)
{
	uint32_t i;

	switch ((enum value_kind)v->kind) {
	case VALUE_NULL:
		return true;
	case VALUE_LIST:
		for (i = 0; i < v->len; i++)
			if (has_null(&v->u.item[i]))
				return true;
		return false;
	case VALUE_HASH:
		for (i = 0; i < v->len; i++)
			if (has_null(&v->u.hash->pair[i].key) ||
			    has_null(&v->u.hash->pair[i].value))
				return true;
		return false;
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_BIGINT:
	case VALUE_FLOAT:
	case VALUE_STRING:
	case VALUE_SYMBOL:
	case VALUE_BAD:
		break;
	}
	return false;
}

static struct value
sanitize(struct hiera *h, const struct value *v)
{
	struct value *item;
	struct hash *hash;
	uint32_t i;

	if (v->kind == VALUE_NULL)
		return value_string(h->arena, STR(""), value_origin(v));
	if (!has_null(v))
		return *v;
	if (v->kind == VALUE_LIST) {
		item = ARENA_ARRAY(h->arena, struct value, v->len);
		for (i = 0; i < v->len; i++)
			item[i] = sanitize(h, &v->u.item[i]);
		return value_list(h->arena, item, v->len, value_origin(v));
	}
	hash = value_hash_alloc(h->arena, v->len);
	for (i = 0; i < v->len; i++)
		hash->pair[i] = (struct pair){
			sanitize(h, &v->u.hash->pair[i].key),
			sanitize(h, &v->u.hash->pair[i].value),
		};
	return value_hash_take(h->arena, hash, v->len, value_origin(v));
}

static struct pair
member(struct hiera *h, const char *name, struct value v)
{
	return (struct pair){text(h, name), v};
}

/* What `puppet lookup` makes of the fact clientcert. */
static struct value
local_trusted(struct hiera *h, const struct value *facts)
{
	const struct value *name = value_get(facts, STR("clientcert"));
	struct value null = value_at(VALUE_NULL, ORIGIN_NONE);
	struct value none = value_hash(h->arena, NULL, 0, ORIGIN_NONE);
	struct value host = null, domain = null;
	struct pair pair[6];

	if (name && name->kind == VALUE_STRING) {
		struct str s = value_str(name);
		size_t dot = str_find(s, '.');

		host = value_string(h->arena, (struct str){s.s, dot},
		    value_origin(name));
		if (dot < s.len)
			domain = value_string(h->arena, (struct str){
			    s.s + dot + 1, s.len - dot - 1},
			    value_origin(name));
	}
	pair[0] = member(h, "authenticated", text(h, "local"));
	pair[1] = member(h, "certname", name ? *name : null);
	pair[2] = member(h, "extensions", none);
	pair[3] = member(h, "hostname", host);
	pair[4] = member(h, "domain", domain);
	pair[5] = member(h, "external", none);
	return value_hash(h->arena, pair, 6, ORIGIN_NONE);
}

static bool
is_trusted(const struct value *v)
{
	return v->kind == VALUE_HASH && value_get(v, STR("authenticated")) &&
	    value_get(v, STR("certname")) && value_get(v, STR("extensions"));
}

static void
set_trusted(struct hiera_scope *scope, const struct value *trusted)
{
	struct hiera *h = scope->hiera;
	const struct value *fact = value_get(&scope->facts, STR("trusted"));

	if (trusted) {
		scope->trusted = *trusted;
		return;
	}
	scope->trusted = local_trusted(h, &scope->facts);
	if (fact && is_trusted(fact)) {
		scope->trusted = *fact;
	} else if (fact && fact->kind == VALUE_BOOL && !fact->u.b) {
		diag_add(h->diag, FINDING_HIERA_FACTS, value_origin(fact),
		    "the fact 'trusted' is false, and Puppet fails on it; "
		    "take it out");
		scope->broken = true;
	}
}

static void
resolve_layers(struct hiera_scope *scope)
{
	struct hiera *h = scope->hiera;
	int i;

	for (i = 0; i < 2; i++) {
		if (!h->layer[i])
			continue;
		scope->layer[i] = config_resolve(scope, h->layer[i]);
		scope->broken |= scope->layer[i]->broken;
	}
}

struct hiera_scope *
hiera_scope_trusted(struct hiera *h, const struct value *facts,
    const struct value *trusted)
{
	struct hiera_scope *scope = ARENA_NEW(h->arena, struct hiera_scope);

	scope->hiera = h;
	scope->broken = h->broken;
	scope->empty = value_hash(h->arena, NULL, 0, ORIGIN_NONE);
	scope->environment = text(h, h->options.environment_name ?
	    h->options.environment_name : "production");
	scope->facts = scope->empty;
	map_init(&scope->modules);
	if (facts->kind == VALUE_HASH) {
		scope->facts = sanitize(h, facts);
	} else {
		if (facts->kind != VALUE_BAD)
			diag_add(h->diag, FINDING_HIERA_FACTS,
			    value_origin(facts), "facts must be a hash, and "
			    "this is %s", value_kind_name(facts));
		scope->broken = true;
	}
	set_trusted(scope, trusted);
	if (!scope->broken)
		resolve_layers(scope);
	if (!scope->broken)
		scope_read_options(scope);
	scope->next = h->scopes;
	h->scopes = scope;
	return scope;
}

struct hiera_scope *
hiera_scope(struct hiera *h, const struct value *facts)
{
	return hiera_scope_trusted(h, facts, NULL);
}

bool
hiera_scope_broken(const struct hiera_scope *scope)
{
	return scope->broken;
}

const struct value *
scope_variable(const struct hiera_scope *scope, struct str name)
{
	static const struct value main_class = {
		.kind = VALUE_STRING, .len = 4, .u.s = "main",
	};
	static const struct value nothing = {
		.kind = VALUE_STRING, .len = 0, .u.s = "",
	};
	bool qualified = str_starts(name, STR("::"));

	if (scope->local && str_eq(name, scope->local_name))
		return scope->local;
	if (qualified)
		name = (struct str){name.s + 2, name.len - 2};
	if (str_eq(name, STR("environment")) ||
	    str_eq(name, STR("settings::environment")))
		return &scope->environment;
	if (str_eq(name, STR("facts")))
		return &scope->facts;
	if (str_eq(name, STR("trusted")))
		return &scope->trusted;
	if (str_eq(name, STR("server_facts")))
		return &scope->empty;
	if (str_eq(name, STR("title")) || str_eq(name, STR("name")))
		return &main_class;
	if (str_eq(name, STR("module_name")) ||
	    str_eq(name, STR("caller_module_name")))
		return &nothing;
	return value_get(&scope->facts, name);
}
