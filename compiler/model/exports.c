/*
 * Exported resources, as PuppetDB answers a resource query
 * (puppetdb/api/query/v4/resources): a list of hashes with certname, type,
 * title and parameters. PuppetDB gives them in any order; a node's are
 * sorted here.
 */
#include "model/bind.h"
#include "model/read.h"

#include "base/die.h"
#include "base/file.h"
#include "tree/json.h"

#include <stdlib.h>

/* What a resource says, and for which node. */
struct exported {
	struct text value;
	struct text name;
	struct node *node;
};

struct collection {
	struct exported *item;
	size_t n, cap;
};

struct exports_reader {
	struct reader *reader;
	struct fleet *fleet;
	struct collection fingerprints, alias_domains;
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
	    string_field(r, parameters, kind->node.s, &out->name) :
	    string_field(r, resource, "certname", &out->name)) && ok;
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
collect(struct collection *all, const struct exported *e)
{
	if (all->n == all->cap) {
		all->cap = all->cap ? all->cap * 2 : 64;
		all->item = xrealloc(all->item,
		    mul_or_die(all->cap, sizeof(*all->item)));
	}
	all->item[all->n++] = *e;
}

static void
collect_resource(struct exports_reader *x, const struct value *resource)
{
	const struct exports *exports = &x->fleet->exports;
	struct reader *r = x->reader;
	struct exported e;

	if (resource->kind != VALUE_HASH) {
		diag_add(r->diag, FINDING_PUPPETDB_RESOURCE,
		    value_origin(resource), "a resource must be a hash, not "
		    "%s", value_kind_name(resource));
		return;
	}
	if (is_kind(resource, &exports->fingerprints)) {
		if (!read_resource(r, resource, &exports->fingerprints, &e))
			return;
		e.node = node_named(r, x->fleet, e.name);
		if (e.node && normal_fingerprint(r, e.value, &e.value))
			collect(&x->fingerprints, &e);
		else if (e.node)
			e.node->fingerprint_reported = true;
	} else if (is_kind(resource, &exports->alias_domains)) {
		if (!read_resource(r, resource, &exports->alias_domains, &e))
			return;
		e.node = node_named(r, x->fleet, e.name);
		if (!e.node)
			return;
		if (domain_ok(text_str(e.value)))
			collect(&x->alias_domains, &e);
		else
			diag_add(r->diag, FINDING_BAD_DOMAIN, e.value.at,
			    "'%s' is not a domain name", e.value.s);
	}
}

static void
read_file(struct exports_reader *x, const char *name)
{
	struct reader *r = x->reader;
	char *path = file_join(r->arena, "data/puppetdb", name);
	char *full = file_join(r->arena, r->environment, path);
	enum tree_result result;
	struct value v;
	uint32_t i;

	result = json_read(r->arena, r->diag, path, full, &v);
	if (result == TREE_MISSING)
		report_dead_link(r, path, full);
	if (result != TREE_OK)
		return;
	if (v.kind != VALUE_LIST) {
		diag_add(r->diag, FINDING_PUPPETDB_RESOURCE, value_origin(&v),
		    "PuppetDB answers a resource query with a list, not %s",
		    value_kind_name(&v));
		return;
	}
	for (i = 0; i < v.len; i++)
		collect_resource(x, &v.u.item[i]);
}

/* By node and value; of equal ones the first of the files first. */
static int
by_node(const void *a, const void *b)
{
	const struct exported *x = a, *y = b;
	const struct origin *p = &x->value.at, *q = &y->value.at;
	int order = (x->node > y->node) - (x->node < y->node);

	if (!order)
		order = str_cmp(text_str(x->value), text_str(y->value));
	if (!order)
		order = (p->source > q->source) - (p->source < q->source);
	if (!order)
		order = (p->line > q->line) - (p->line < q->line);
	if (!order)
		order = (p->column > q->column) - (p->column < q->column);
	return order;
}

/* Sort, and keep of equal ones the first. */
static void
sort_unique(struct collection *all)
{
	size_t i, n = 0;

	if (!all->n)
		return;
	qsort(all->item, all->n, sizeof(*all->item), by_node);
	for (i = 1; i < all->n; i++)
		if (all->item[n].node != all->item[i].node ||
		    !str_eq(text_str(all->item[n].value),
		        text_str(all->item[i].value)))
			all->item[++n] = all->item[i];
	all->n = n + 1;
}

static void
give_fingerprints(struct arena *a, struct collection *all)
{
	struct fingerprint *print;
	size_t i;

	sort_unique(all);
	print = ARENA_ARRAY(a, struct fingerprint, all->n);
	for (i = 0; i < all->n; i++) {
		struct node *node = all->item[i].node;

		print[i] = (struct fingerprint){all->item[i].value,
			node->fqdn};
		if (!node->fingerprints.n++)
			node->fingerprints.item = &print[i];
	}
	free(all->item);
}

static void
give_alias_domains(struct arena *a, struct collection *all)
{
	struct text *name;
	size_t i;

	sort_unique(all);
	name = ARENA_ARRAY(a, struct text, all->n);
	for (i = 0; i < all->n; i++) {
		struct node *node = all->item[i].node;

		name[i] = all->item[i].value;
		if (!node->alias_domains.n++)
			node->alias_domains.item = &name[i];
	}
	free(all->item);
}

void
read_exports(struct reader *r, struct fleet *fleet)
{
	struct exports_reader x = {.reader = r, .fleet = fleet};
	char **name = file_list(r->arena,
	    file_join(r->arena, r->environment, "data/puppetdb"));

	for (; name && *name; name++)
		if (**name != '.' && str_ends(str_of(*name), STR(".json")))
			read_file(&x, *name);
	give_fingerprints(r->arena, &x.fingerprints);
	give_alias_domains(r->arena, &x.alias_domains);
}
