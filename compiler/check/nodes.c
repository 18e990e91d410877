/* Nodes: what their roles need, their addresses, what probes them. */
#include "check/rules.h"

#include "base/file.h"
#include "model/read.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

/* Whether a key that a role needs has a value. */
static bool
is_set(const struct fleet *fleet, const struct node *node,
    const struct key *key)
{
	const struct field *f = key_field(key);
	const char *at = (key->fleet ? (const char *)fleet :
	    (const char *)node) + f->offset;

	if (!strcmp(key->field, "ldap"))
		return fleet->ldap.uri.len > 0;
	if (f->kind == KIND_LIST)
		return ((const struct list *)(const void *)at)->n > 0;
	if (f->kind == KIND_BOOL || f->kind == KIND_INT ||
	    f->kind == KIND_PORT)
		return true;
	/* Of a struct the first field, which is required. */
	return ((const struct text *)(const void *)at)->len > 0;
}

static void
check_needs_of(struct checker *c, const struct role *role,
    const struct node *node)
{
	const struct text *need = role->needs.item;
	size_t i;

	for (i = 0; i < role->needs.n; i++) {
		const struct key *key = key_named(text_str(need[i]));

		if (!key) {
			diag_add(c->diag, FINDING_ROLE_BROKEN, need[i].at,
			    "role %s needs '%s', which is no key",
			    role->name.s, need[i].s);
			continue;
		}
		if (is_set(c->fleet, node, key) ||
		    key_reported(key, c->fleet, node))
			continue;
		diag_note(c->diag, diag_add(c->diag, FINDING_MISSING_KEY,
		    node->at, "%s has role %s and needs %s (%s)",
		    node->fqdn.s, role->name.s, key->name,
		    key_field(key)->doc), need[i].at, "the role says so here");
	}
}

/* A node that cannot be judged may have any role. */
static bool
any_poisoned(const struct fleet *fleet)
{
	size_t i;

	for (i = 0; i < fleet->nodes.n; i++)
		if (fleet_node(fleet, i)->poisoned)
			return true;
	return false;
}

void
check_needs(struct checker *c)
{
	bool complete = !any_poisoned(c->fleet);
	size_t i, j;

	for (i = 0; i < c->fleet->nodes.n; i++) {
		const struct node *node = fleet_node(c->fleet, i);

		if (node->role)
			check_needs_of(c, node->role, node);
	}
	for (i = 0; i < c->roles->n; i++) {
		const struct role *role = &c->roles->role[i];
		const struct text *need = role->needs_roles.item;

		for (j = 0; complete && role->nodes.n &&
		    j < role->needs_roles.n; j++) {
			const struct role *other =
			    roles_named(c->roles, text_str(need[j]));

			if (other && other->nodes.n)
				continue;
			diag_add(c->diag, FINDING_ROLE_MISSING, need[j].at,
			    "%zu node%s with role %s need%s one with role %s, "
			    "and there is none", role->nodes.n,
			    role->nodes.n == 1 ? "" : "s", role->name.s,
			    role->nodes.n == 1 ? "s" : "", need[j].s);
		}
	}
	if (!c->fleet->domain.len && c->fleet->nodes.n &&
	    !key_reported(key_named(STR("mail::domain")), c->fleet, NULL))
		diag_add(c->diag, FINDING_MISSING_KEY, ORIGIN_NONE,
		    "mail::domain is not set; it is the main domain of the "
		    "fleet");
}

void
check_addresses_of_nodes(struct checker *c)
{
	struct map seen;
	size_t i, j;

	map_init(&seen);
	for (i = 0; i < c->fleet->nodes.n; i++) {
		const struct node *node = fleet_node(c->fleet, i);
		const struct address *address = node->addresses.item;

		for (j = 0; !node->poisoned && j < node->addresses.n; j++) {
			struct address *one = ARENA_NEW(c->arena,
			    struct address);
			const struct address *other;

			*one = address[j];
			other = map_add(&seen, text_str(one->text), one);
			if (other == one)
				continue;
			diag_note(c->diag, diag_add(c->diag,
			    FINDING_NODE_ADDRESS_TWICE, one->text.at,
			    "%s has the address %s, and so has another node",
			    node->fqdn.s, one->text.s), other->text.at,
			    "the other one");
		}
	}
	map_release(&seen);
}

static bool
listens(const struct node *node, int64_t port)
{
	const struct listener *listener = node->role->listeners.item;
	size_t i;

	for (i = 0; i < node->role->listeners.n; i++)
		if (listener[i].port == port)
			return true;
	return false;
}

static void
check_ports(struct checker *c, const struct node *node,
    const struct list *ports, const char *key)
{
	const struct port *port = ports->item;
	size_t i;

	/* An independent mailer's own services are its extra_params'. */
	for (i = 0; i < ports->n && !node->role->select.independent; i++)
		if (!listens(node, port[i].port))
			diag_add(c->diag, FINDING_MONITOR_PORT, port[i].at,
			    "%s: %s does not listen on port %" PRId64
			    "; role %s opens %s", key, node->fqdn.s,
			    port[i].port, node->role->name.s,
			    node->role->listeners.n ? "others" : "none");
}

void
check_monitoring(struct checker *c)
{
	size_t i;

	for (i = 0; i < c->fleet->nodes.n; i++) {
		const struct node *node = fleet_node(c->fleet, i);

		if (!node->role)
			continue;
		check_ports(c, node, &node->monitor_ports,
		    "profile::postfix::monitor_ports");
		check_ports(c, node, &node->monitor_tls_ports,
		    "profile::postfix::monitor_tls_ports");
	}
}

/* --- data files that no node reads ------------------------------------- */

static bool
is_data(const char *name)
{
	return name[0] != '.' && (str_ends(str_of(name), STR(".yaml")) ||
	    str_ends(str_of(name), STR(".yml")));
}

static void
check_dir(struct checker *c, const struct map *read, const char *dir,
    const char *shown, unsigned depth)
{
	static const char *const ours[] = {"facts", "ldap", "puppetdb",
		"certs"};
	char **name = file_list(c->arena, dir);
	struct stat st;
	size_t i;

	for (; name && *name; name++) {
		char *path = file_join(c->arena, dir, *name);
		char *show = file_join(c->arena, shown, *name);

		if (lstat(path, &st) < 0)
			continue;
		for (i = 0; !depth && i < 4; i++)
			if (!strcmp(*name, ours[i]))
				break;
		if (!depth && i < 4)
			continue;
		/* A directory may hide behind a link that is gone. */
		if (S_ISLNK(st.st_mode) && (*name)[0] != '.' &&
		    stat(path, &st) < 0)
			diag_add(c->diag, FINDING_FILE_UNREADABLE,
			    (struct origin){sources_add(c->diag->sources, show,
			        path), 0, 0},
			    "this link leads nowhere (%s), and Puppet goes "
			    "on as if there were no file", strerror(errno));
		else if (S_ISDIR(st.st_mode) && (*name)[0] != '.' && depth < 8)
			check_dir(c, read, path, show, depth + 1);
		else if (S_ISREG(st.st_mode) && is_data(*name) &&
		    !map_get(read, str_of(path)))
			diag_add(c->diag, FINDING_HIERA_UNREAD_FILE,
			    (struct origin){sources_add(c->diag->sources, show,
			        path), 0, 0},
			    "no node of the fleet reads this file; is its "
			    "name right, or has its node gone?");
	}
}

void
check_unread_files(struct checker *c)
{
	const struct hiera_file *file;
	const char *const *dir;
	struct map read;
	size_t i, n;

	if (!c->fleet->nodes.n)
		return;
	map_init(&read);
	file = hiera_files(c->hiera, &n);
	for (i = 0; i < n; i++) {
		const struct source *source =
		    sources_get(c->diag->sources, file[i].source);
		char *path = arena_strdup(c->arena, source->file);

		map_add(&read, str_of(path), path);
	}
	dir = hiera_datadirs(c->hiera, &n);
	for (i = 0; i < n; i++)
		check_dir(c, &read, file_join(c->arena, c->environment,
		    dir[i]), dir[i], 0);
	map_release(&read);
}
