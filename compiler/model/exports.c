/*
 * Exported resources, as PuppetDB answers a resource query
 * (puppetdb/api/query/v4/resources): a list of hashes with certname, type,
 * title and parameters.
 */
#include "model/bind.h"
#include "model/read.h"

#include "base/file.h"
#include "tree/json.h"

/* What a resource says, and for which node. */
struct exported {
	struct text value;
	struct text node;
};

static bool
string_field(struct reader *r, const struct value *hash, const char *name,
    struct text *out)
{
	const struct value *v = value_get(hash, str_of(name));

	if (v && v->kind == VALUE_STRING) {
		*out = value_text(v);
		return true;
	}
	if (!v || v->kind != VALUE_BAD)
		diag_add(r->diag, FINDING_PUPPETDB_RESOURCE,
		    value_origin(v ? v : hash), "an exported resource must "
		    "have '%s' with a string", name);
	return false;
}

static bool
read_resource(struct reader *r, const struct value *resource,
    const struct export_kind *kind, struct exported *out)
{
	const struct value *parameters =
	    value_get(resource, STR("parameters"));
	static const struct value none = {.kind = VALUE_NULL};
	bool ok;

	if (!parameters)
		parameters = &none;
	ok = kind->parameter.len ?
	    string_field(r, parameters, kind->parameter.s, &out->value) :
	    string_field(r, resource, "title", &out->value);
	return (kind->node.len ?
	    string_field(r, parameters, kind->node.s, &out->node) :
	    string_field(r, resource, "certname", &out->node)) && ok;
}

static bool
is_kind(const struct value *resource, const struct export_kind *kind)
{
	const struct value *type = value_get(resource, STR("type"));

	return kind->type.len && type && type->kind == VALUE_STRING &&
	    str_eq_fold(value_str(type), text_str(kind->type));
}

static struct node *
node_named(struct reader *r, struct fleet *fleet, struct text name)
{
	struct node *node = map_get(&fleet->by_fqdn, text_str(name));

	if (!node)
		diag_add(r->diag, FINDING_NODE_UNKNOWN, name.at,
		    "'%s' is not in the fleet; it has no file in data/facts",
		    name.s);
	return node;
}

/* Certificates are told apart by SHA-256 over their DER form. */
static bool
normal_fingerprint(struct reader *r, struct text raw, struct text *out)
{
	char *text = arena_bytes(r->arena, 96);
	size_t digits = 0, i, n = 0;

	for (i = 0; i < raw.len; i++) {
		unsigned char c = (unsigned char)raw.s[i];

		if (c == ':' && digits && digits % 2 == 0)
			continue;
		if (c >= 'a' && c <= 'f')
			c = (unsigned char)(c - 'a' + 'A');
		if (!(c >= '0' && c <= '9') && !(c >= 'A' && c <= 'F'))
			break;
		if (++digits > 64)
			break;
		if (digits % 2 == 1 && digits > 1)
			text[n++] = ':';
		text[n++] = (char)c;
	}
	text[n] = '\0';
	*out = (struct text){text, (uint32_t)n, raw.at};
	if (i == raw.len && digits == 64)
		return true;
	diag_add(r->diag, FINDING_FINGERPRINT_MALFORMED, raw.at,
	    "'%s' is not a SHA-256 fingerprint: 64 hexadecimal digits, with a "
	    "colon after every second or none", raw.s);
	return false;
}

static void
add_fingerprint(struct reader *r, struct node *node, struct text value)
{
	const struct fingerprint *old = node->fingerprints.item;
	struct fingerprint *all =
	    ARENA_ARRAY(r->arena, struct fingerprint, node->fingerprints.n + 1);
	size_t i;

	for (i = 0; i < node->fingerprints.n; i++) {
		if (str_eq(text_str(old[i].value), text_str(value)))
			return;
		all[i] = old[i];
	}
	all[i] = (struct fingerprint){value, node->fqdn};
	node->fingerprints = (struct list){all, i + 1};
}

static void
add_alias_domain(struct reader *r, struct node *node, struct text value)
{
	const struct text *old = node->alias_domains.item;
	struct text *all =
	    ARENA_ARRAY(r->arena, struct text, node->alias_domains.n + 1);
	size_t i;

	if (!domain_ok(text_str(value))) {
		diag_add(r->diag, FINDING_BAD_DOMAIN, value.at,
		    "'%s' is not a domain name", value.s);
		return;
	}
	for (i = 0; i < node->alias_domains.n; i++)
		all[i] = old[i];
	all[i] = value;
	node->alias_domains = (struct list){all, i + 1};
}

static void
collect(struct reader *r, struct fleet *fleet, const struct value *resource)
{
	const struct exports *exports = &fleet->exports;
	struct exported e;
	struct text print;
	struct node *node;

	if (resource->kind != VALUE_HASH) {
		diag_add(r->diag, FINDING_PUPPETDB_RESOURCE,
		    value_origin(resource), "a resource must be a hash, not "
		    "%s", value_kind_name(resource));
		return;
	}
	if (is_kind(resource, &exports->fingerprints)) {
		if (!read_resource(r, resource, &exports->fingerprints, &e))
			return;
		node = node_named(r, fleet, e.node);
		if (node && normal_fingerprint(r, e.value, &print))
			add_fingerprint(r, node, print);
	} else if (is_kind(resource, &exports->alias_domains)) {
		if (!read_resource(r, resource, &exports->alias_domains, &e))
			return;
		node = node_named(r, fleet, e.node);
		if (node)
			add_alias_domain(r, node, e.value);
	}
}

static void
read_file(struct reader *r, struct fleet *fleet, const char *name)
{
	char *path = file_join(r->arena, "data/puppetdb", name);
	char *full = file_join(r->arena, r->environment, path);
	struct value v;
	uint32_t i;

	if (json_read(r->arena, r->diag, path, full, &v) != TREE_OK)
		return;
	if (v.kind != VALUE_LIST) {
		diag_add(r->diag, FINDING_PUPPETDB_RESOURCE, value_origin(&v),
		    "PuppetDB answers a resource query with a list, not %s",
		    value_kind_name(&v));
		return;
	}
	for (i = 0; i < v.len; i++)
		collect(r, fleet, &v.u.item[i]);
}

void
read_exports(struct reader *r, struct fleet *fleet)
{
	char **name = file_list(r->arena,
	    file_join(r->arena, r->environment, "data/puppetdb"));

	for (; name && *name; name++)
		if (**name != '.' && str_ends(str_of(*name), STR(".json")))
			read_file(r, fleet, *name);
}
