/*
 * A facts file is a node. Its name decides the directory below out/, so it
 * must be a host name and nothing else.
 */
#include "model/read.h"

#include "base/die.h"
#include "base/file.h"
#include "model/bind.h"
#include "tree/json.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { ADDRESSES_MOST = 64 };

static const struct value *
fact(const struct value *facts, const char *const *path)
{
	const struct value *v = facts;

	for (; v && *path; path++)
		v = value_get(v, str_of(*path));
	return v;
}

#define FACT(facts, ...) \
	fact((facts), (const char *const[]){__VA_ARGS__, NULL})

static bool
is_string(const struct value *v)
{
	return v && v->kind == VALUE_STRING;
}

static bool
is_own_network(const struct in6_addr *a6, const struct in_addr *a4)
{
	if (a4) {
		uint32_t ip = ntohl(a4->s_addr);

		return ip >> 24 == 127 || ip >> 16 == 0xa9fe || !ip;
	}
	return IN6_IS_ADDR_LOOPBACK(a6) || IN6_IS_ADDR_LINKLOCAL(a6) ||
	    IN6_IS_ADDR_UNSPECIFIED(a6);
}

static bool
has_address(const struct address *address, size_t n, const char *text)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (!strcmp(address[i].text.s, text))
			return true;
	return false;
}

/* Loopback and link-local addresses say nothing to other hosts. */
static void
add_address(struct reader *r, const struct value *v, struct address *address,
    size_t *n)
{
	char text[INET6_ADDRSTRLEN];
	struct in_addr a4;
	struct in6_addr a6;
	bool v6;

	if (!is_string(v) || *n == ADDRESSES_MOST)
		return;
	if (inet_pton(AF_INET, v->u.s, &a4) == 1)
		v6 = false;
	else if (inet_pton(AF_INET6, v->u.s, &a6) == 1)
		v6 = true;
	else {
		diag_add(r->diag, FINDING_NODE_ADDRESS, value_origin(v),
		    "'%s' is not an IP address", v->u.s);
		return;
	}
	if (is_own_network(&a6, v6 ? NULL : &a4))
		return;
	inet_ntop(v6 ? AF_INET6 : AF_INET, v6 ? (void *)&a6 : (void *)&a4,
	    text, sizeof(text));
	if (has_address(address, *n, text))
		return;
	address[*n] = (struct address){
		.text = {arena_strdup(r->arena, text),
			(uint32_t)strlen(text), value_origin(v)},
		.v6 = v6,
	};
	++*n;
}

static void
add_bindings(struct reader *r, const struct value *interface,
    const char *which, struct address *address, size_t *n)
{
	const struct value *bindings = value_get(interface, str_of(which));
	uint32_t i;

	if (!bindings || bindings->kind != VALUE_LIST)
		return;
	for (i = 0; i < bindings->len; i++)
		add_address(r, value_get(&bindings->u.item[i],
		    STR("address")), address, n);
}

static struct list
of_family(struct reader *r, const struct address *address, size_t n, bool v6)
{
	struct address *item = ARENA_ARRAY(r->arena, struct address, n);
	struct list list = {.item = item};
	size_t i;

	for (i = 0; i < n; i++)
		if (address[i].v6 == v6)
			item[list.n++] = address[i];
	return list;
}

/* The primary addresses first, then those of the interfaces. */
static void
read_addresses(struct reader *r, struct node *node)
{
	const struct value *interfaces =
	    FACT(node->facts, "networking", "interfaces");
	struct address address[ADDRESSES_MOST];
	struct address *all;
	size_t n = 0;
	uint32_t i;

	add_address(r, FACT(node->facts, "networking", "ip"), address, &n);
	add_address(r, FACT(node->facts, "networking", "ip6"), address, &n);
	if (interfaces && interfaces->kind == VALUE_HASH)
		for (i = 0; i < interfaces->len; i++) {
			const struct value *v =
			    &interfaces->u.hash->pair[i].value;

			add_bindings(r, v, "bindings", address, &n);
			add_bindings(r, v, "bindings6", address, &n);
		}
	node->ipv4 = of_family(r, address, n, false);
	node->ipv6 = of_family(r, address, n, true);
	all = ARENA_ARRAY(r->arena, struct address, n);
	memcpy(all, node->ipv4.item, node->ipv4.n * sizeof(*all));
	if (node->ipv6.n)
		memcpy(all + node->ipv4.n, node->ipv6.item,
		    node->ipv6.n * sizeof(*all));
	node->addresses = (struct list){all, n};
	if (!n)
		diag_add(r->diag, FINDING_NODE_ADDRESS, node->at,
		    "%s has no address in networking.ip or networking.ip6",
		    node->fqdn.s);
}

static void
read_release(struct reader *r, struct node *node)
{
	const struct value *major =
	    FACT(node->facts, "os", "release", "major");

	if (is_string(major))
		node->release = release_named(value_str(major));
	if (!node->release)
		diag_add(r->diag, FINDING_NODE_RELEASE,
		    major ? value_origin(major) : node->at,
		    "os.release.major of %s is %s%s; mailc knows Debian 12 "
		    "and 13", node->fqdn.s, is_string(major) ? "" :
		    major ? value_kind_name(major) : "not set",
		    is_string(major) ? major->u.s : "");
}

/* What the node calls itself must be what its file is called. */
static void
check_name(struct reader *r, struct node *node)
{
	const struct value *fqdn = FACT(node->facts, "networking", "fqdn");

	if (!fqdn)
		fqdn = value_get(node->facts, STR("fqdn"));
	if (!is_string(fqdn))
		diag_add(r->diag, FINDING_NODE_NAME, node->at,
		    "the facts of %s have no networking.fqdn", node->fqdn.s);
	else if (!str_eq_fold(value_str(fqdn), text_str(node->fqdn)))
		diag_add(r->diag, FINDING_NODE_NAME, value_origin(fqdn),
		    "networking.fqdn is '%s', but the file is called %s",
		    fqdn->u.s, node->fqdn.s);
	else
		return;
	node->poisoned = true;
}

/* The fqdn of a facts file's name, or an empty text where it is none. */
static struct str
name_of(const char *file, bool *json)
{
	static const struct {
		struct str ending;
		bool json;
	} kinds[] = {
		{{".yaml", 5}, false}, {{".yml", 4}, false},
		{{".json", 5}, true},
	};
	struct str name = str_of(file);
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (name.s[0] != '.' && str_ends(name, kinds[i].ending)) {
			*json = kinds[i].json;
			return (struct str){name.s,
				name.len - kinds[i].ending.len};
		}
	return (struct str){0};
}

void
report_dead_link(struct reader *r, const char *path, const char *file)
{
	diag_add(r->diag, FINDING_FILE_UNREADABLE, (struct origin){
	    sources_add(r->diag->sources, path, file), 0, 0},
	    "this link leads nowhere");
}

static bool
read_node(struct reader *r, const char *file, struct node *node)
{
	struct binder b = {r->arena, r->diag, "facts"};
	struct value *facts = ARENA_NEW(r->arena, struct value);
	char *path = file_join(r->arena, "data/facts", file);
	char *full = file_join(r->arena, r->environment, path);
	enum tree_result result;
	bool json = false;
	struct str name = name_of(file, &json);
	char *fqdn;
	size_t i;

	if (!name.len)
		return false;
	result = json ? json_read(r->arena, r->diag, path, full, facts) :
	    yaml_read(r->arena, r->diag, path, full, YAML_FACTS, facts);
	if (result == TREE_MISSING)
		report_dead_link(r, path, full);
	if (result != TREE_OK)
		return false;
	bind_presets(&b, &node_type, node);
	node->facts = facts;
	node->at = value_origin(facts);
	if (!domain_ok(name)) {
		diag_add(r->diag, FINDING_NODE_NAME, node->at,
		    "the file's name must be the node's fqdn");
		return false;
	}
	if (facts->kind != VALUE_HASH) {
		diag_add(r->diag, FINDING_HIERA_FACTS, node->at,
		    "facts must be a hash, not %s", value_kind_name(facts));
		return false;
	}
	fqdn = arena_strndup(r->arena, name.s, name.len);
	for (i = 0; i < name.len; i++)
		fqdn[i] = (char)ascii_lower((unsigned char)fqdn[i]);
	node->fqdn = (struct text){fqdn, (uint32_t)name.len, node->at};
	node->hostname = node->fqdn;
	node->hostname.len = (uint32_t)str_find(name, '.');
	node->hostname.s = arena_strndup(r->arena, fqdn, node->hostname.len);
	return true;
}

static int
by_fqdn(const void *a, const void *b)
{
	const struct node *x = a, *y = b;

	return strcmp(x->fqdn.s, y->fqdn.s);
}

void
read_nodes(struct reader *r, struct fleet *fleet)
{
	char *dir = file_join(r->arena, r->environment, "data/facts");
	char **file = file_list(r->arena, dir);
	struct node *node;
	size_t i, n = 0;

	map_init(&fleet->by_fqdn);
	for (i = 0; file && file[i]; i++)
		;
	node = ARENA_ARRAY(r->arena, struct node, i + 1);
	for (i = 0; file && file[i]; i++)
		if (read_node(r, file[i], &node[n]))
			n++;
		else
			memset(&node[n], 0, sizeof(node[n]));
	qsort(node, n, sizeof(*node), by_fqdn);
	fleet->nodes = (struct list){node, n};
	r->node = node;
	r->nnode = n;
	for (i = 0; i < n; i++) {
		struct node *other = map_add(&fleet->by_fqdn,
		    text_str(node[i].fqdn), &node[i]);

		if (other != &node[i]) {
			size_t f = diag_add(r->diag, FINDING_NODE_NAME,
			    node[i].at, "%s has two files of facts",
			    node[i].fqdn.s);

			diag_note(r->diag, f, other->at, "the other one");
			node[i].poisoned = true;
		}
		check_name(r, &node[i]);
		read_release(r, &node[i]);
		read_addresses(r, &node[i]);
	}
	if (!n)
		diag_add(r->diag, FINDING_EMPTY_FLEET, ORIGIN_NONE,
		    "no node: there is no usable facts file in %s", dir);
}
