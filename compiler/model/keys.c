/*
 * Every Hiera key that mailc reads, in one table. A fleet key has one value:
 * it is looked up once, and a node that would get another is a finding,
 * because half the fleet would disagree with the other half.
 */
#include "model/bind.h"
#include "model/read.h"

#include "base/die.h"

#include <stdlib.h>
#include <string.h>

const struct key keys[] = {
	{"mail::domain", "domain", true, MERGE_FIRST},
	{"mail::alias_domains", "alias_domains", true, MERGE_UNIQUE},
	{"mail::aliases", "aliases", true, MERGE_HASH},
	{"mail::forwards", "forwards", true, MERGE_HASH},
	{"mail::ldap", "ldap", true, MERGE_HASH},
	{"mail::tls_policy", "tls_policy", true, MERGE_HASH},
	{"mail::srs", "srs", true, MERGE_HASH},
	{"mail::mta", "mta", true, MERGE_HASH},
	{"mail::submission", "submission", true, MERGE_HASH},
	{"mail::dkim", "dkim", true, MERGE_HASH},
	{"mail::exports", "exports", true, MERGE_HASH},
	{"mail::recipient_delimiter", "recipient_delimiter", true,
	    MERGE_FIRST},
	{"mail::table_type", "table_type", true, MERGE_FIRST},
	{"mail::lint", "lint", true, MERGE_HASH},
	{"classes", "classes", false, MERGE_UNIQUE},
	{"mail::receives", "receives", false, MERGE_FIRST},
	{"mail::masquerade", "masquerade", false, MERGE_FIRST},
	{"mail::tls", "tls", false, MERGE_HASH},
	{"profile::postfix::independent", "independent", false, MERGE_FIRST},
	{"profile::postfix::extra_params", "extra_params", false, MERGE_HASH},
	{"profile::postfix::monitor_ports", "monitor_ports", false,
	    MERGE_FIRST},
	{"profile::postfix::monitor_tls_ports", "monitor_tls_ports", false,
	    MERGE_FIRST},
	{"profile::postfix::mtail_monitor", "mtail_monitor", false,
	    MERGE_FIRST},
	{"profile::rspamd::dkimdomain", "dkim_domains", false, MERGE_FIRST},
	{"profile::rspamd::antispam", "antispam", false, MERGE_FIRST},
	{0}
};

/* A key below one of these that is not in the table is a mistake. */
static const char *const prefixes[] = {
	"mail::", "profile::postfix::", "profile::rspamd::", "profile::mx::",
	"profile::srs::", "profile::mta::", "profile::submission::",
};

const struct key *
key_named(struct str name)
{
	const struct key *key;

	for (key = keys; key->name; key++)
		if (str_eq(str_of(key->name), name))
			return key;
	return NULL;
}

const struct field *
key_field(const struct key *key)
{
	const struct field *f = type_field(key->fleet ? &fleet_type :
	    &node_type, str_of(key->field));

	if (!f)
		BUG("a key without a field");
	return f;
}

static uint64_t
key_bit(const struct key *key)
{
	return UINT64_C(1) << (key - keys);
}

bool
key_reported(const struct key *key, const struct fleet *fleet,
    const struct node *node)
{
	return (key->fleet ? fleet->reported : node->reported) & key_bit(key);
}

static bool
is_ours(struct str name)
{
	size_t i;

	for (i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (str_starts(name, str_of(prefixes[i])))
			return true;
	return false;
}

static void
report_unknown(struct reader *r, const struct value *key)
{
	const char *name[sizeof(keys) / sizeof(keys[0])];
	const char *near;
	size_t n;

	for (n = 0; keys[n].name; n++)
		name[n] = keys[n].name;
	near = str_nearest(value_str(key), name, n);
	diag_add(r->diag, FINDING_UNKNOWN_KEY, value_origin(key),
	    "nobody declares the key '%s'%s%s%s", key->u.s,
	    near ? "; did you mean '" : "", near ? near : "",
	    near ? "'?" : "; `mailc explain keys` lists them all");
}

static void
check_unknown_keys(struct reader *r)
{
	size_t n, i;
	uint32_t k;
	const struct hiera_file *file = hiera_files(r->hiera, &n);

	for (i = 0; i < n; i++) {
		if (file[i].root.kind != VALUE_HASH)
			continue;
		for (k = 0; k < file[i].root.len; k++) {
			const struct value *key =
			    &file[i].root.u.hash->pair[k].key;

			if (key->kind == VALUE_STRING &&
			    is_ours(value_str(key)) &&
			    !key_named(value_str(key)))
				report_unknown(r, key);
		}
	}
}

static const struct pair *
raw_pair(struct reader *r, uint32_t source, const char *name)
{
	size_t n, i;
	const struct hiera_file *file = hiera_files(r->hiera, &n);

	for (i = 0; i < n; i++)
		if (file[i].source == source)
			return value_find(&file[i].root, str_of(name));
	return NULL;
}

/* Whether a value may be another one for another node. */
static bool
interpolates(struct reader *r, const uint32_t *holds, const char *name)
{
	for (; *holds; holds++) {
		const struct pair *p = raw_pair(r, *holds, name);

		if (p && (p->value.flags & VALUE_TOKENS))
			return true;
	}
	return false;
}

static bool
has_source(const uint32_t *list, uint32_t source)
{
	for (; *list; list++)
		if (*list == source)
			return true;
	return false;
}

static bool
same_sources(const uint32_t *a, const uint32_t *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	return *a == *b;
}

/* Point at the file that one node reads and the other does not. */
static void
report_varies(struct reader *r, const char *name, const struct node *node,
    const uint32_t *holds, const struct node *first,
    const uint32_t *first_holds)
{
	const struct node *whose = node;
	const struct pair *key = NULL;
	const uint32_t *at;

	for (at = holds; *at && !key; at++)
		if (!has_source(first_holds, *at))
			key = raw_pair(r, *at, name);
	for (at = first_holds; *at && !key; at++) {
		whose = first;
		if (!has_source(holds, *at))
			key = raw_pair(r, *at, name);
	}
	diag_add(r->diag, FINDING_FLEET_KEY_VARIES,
	    key ? value_origin(&key->key) : node->at,
	    "%s is one value for the whole fleet, but only some nodes (such "
	    "as %s) read it here; move it to a level that every node has",
	    name, whose->fqdn.s);
}

/* Whether a node gets the value v that the first one got; or a finding. */
static bool
agrees(struct reader *r, const struct key *key, const struct node *node,
    struct hiera_scope *scope, const struct node *first,
    const struct value *v)
{
	struct value other;

	if (hiera_lookup(r->hiera, scope, key->name, key->merge, &other) !=
	    HIERA_FOUND || value_eq(v, &other))
		return true;
	diag_add(r->diag, FINDING_FLEET_KEY_VARIES, value_origin(v),
	    "%s is one value for the whole fleet, but it interpolates "
	    "differently for %s and %s", key->name, first->fqdn.s,
	    node->fqdn.s);
	return false;
}

/* The value of a fleet key, the same for every node, or a finding. */
static enum hiera_result
look_up_fleet_key(struct reader *r, const struct key *key, struct value *v)
{
	/* Without one readable hierarchy nothing is known of any key. */
	enum hiera_result result = HIERA_ERROR;
	const uint32_t *first = NULL, *holds;
	bool varies = false;
	size_t i, of = 0;

	for (i = 0; i < r->nnode; i++) {
		if (r->node[i].poisoned)
			continue;
		holds = hiera_holders(r->hiera, r->scope[i], key->name);
		if (!first) {
			first = holds;
			of = i;
			result = hiera_lookup(r->hiera, r->scope[i], key->name,
			    key->merge, v);
			varies = result == HIERA_FOUND &&
			    interpolates(r, first, key->name);
		} else if (!same_sources(holds, first)) {
			report_varies(r, key->name, &r->node[i], holds,
			    &r->node[of], first);
			break;
		} else if (varies && !agrees(r, key, &r->node[i], r->scope[i],
		    &r->node[of], v))
			break;
	}
	return result;
}

static void
read_fleet_keys(struct reader *r, struct fleet *fleet)
{
	struct value aliases = {0}, forwards = {0};
	struct binder b = {r->arena, r->diag, ""};
	const struct key *key;

	bind_presets(&b, &fleet_type, fleet);
	for (key = keys; key->name; key++) {
		struct value *v = ARENA_NEW(r->arena, struct value);
		enum hiera_result result;

		if (!key->fleet)
			continue;
		result = look_up_fleet_key(r, key, v);
		if (result == HIERA_ERROR)
			fleet->reported |= key_bit(key);
		if (result != HIERA_FOUND)
			continue;
		b.what = key->name;
		if (!strcmp(key->field, "aliases"))
			aliases = *v;
		else if (!strcmp(key->field, "forwards"))
			forwards = *v;
		else if (!bind_field(&b, key_field(key), v, fleet))
			fleet->reported |= key_bit(key);
	}
	bind_mappings(r, fleet, &aliases, &forwards);
}

static void
read_node_keys(struct reader *r, struct node *node,
    struct hiera_scope *scope)
{
	struct binder b = {r->arena, r->diag, ""};
	const struct key *key;

	for (key = keys; key->name; key++) {
		enum hiera_result result;
		struct value v;

		if (key->fleet)
			continue;
		result = hiera_lookup(r->hiera, scope, key->name, key->merge,
		    &v);
		b.what = key->name;
		if (result == HIERA_ERROR || (result == HIERA_FOUND &&
		    !bind_field(&b, key_field(key), &v, node)))
			node->reported |= key_bit(key);
	}
}

void
read_keys(struct reader *r, struct fleet *fleet)
{
	struct hiera_options options = {.environment = r->environment};
	size_t i;

	r->hiera = hiera_open(r->arena, r->diag, &options);
	r->scope = ARENA_ARRAY(r->arena, struct hiera_scope *, r->nnode + 1);
	for (i = 0; i < r->nnode; i++) {
		r->scope[i] = hiera_scope(r->hiera, r->node[i].facts);
		if (hiera_scope_broken(r->scope[i]))
			r->node[i].poisoned = true;
	}
	check_unknown_keys(r);
	read_fleet_keys(r, fleet);
	for (i = 0; i < r->nnode; i++)
		if (!r->node[i].poisoned)
			read_node_keys(r, &r->node[i], r->scope[i]);
}
