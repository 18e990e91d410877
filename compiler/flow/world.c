/*
 * Every host of a plan opened, with the daemons beside Postfix that its
 * tables ask and its milters are. Hosts do not change once the world is open.
 */
#include "flow/world.h"

#include <stdlib.h>

enum { DAY_SECONDS = 24 * 60 * 60 };

/* What postsrsd of the host answers, by its rendered configuration. */
static enum table_result
ask_srs(const struct host *host, struct str type, struct str name,
    struct str key, struct arena *a, struct table_answer *answer)
{
	const struct world_host *wh = host->owner;
	enum srs_direction way = wh->has_srs ? srs_config_direction(&wh->srs,
	    type, name, host_value(host, "queue_directory")) : SRS_NOBODY;
	enum srs_result result;

	if (way == SRS_NOBODY) {
		answer->why = "which server answers there is not known";
		return TABLE_UNKNOWN;
	}
	if (wh->srs.why) {
		answer->why = wh->srs.why;
		return TABLE_UNKNOWN;
	}
	answer->owner = wh->srs.owner;
	answer->offset = wh->srs.offset;
	result = way == SRS_FORWARD ?
	    srs_forward(&wh->srs.rules, key, a, &answer->value, &answer->why) :
	    srs_reverse(&wh->srs.rules, key, a, &answer->value, &answer->why);
	if (result == SRS_REWRITTEN)
		return TABLE_FOUND;
	if (result == SRS_UNKNOWN)
		return TABLE_UNKNOWN;
	return TABLE_NONE;
}

static struct str
addresses_of(const struct node *node, struct arena *a)
{
	const struct address *address = node ? node->addresses.item : NULL;
	struct buf b = BUF_INIT;
	struct str all;
	size_t i;

	for (i = 0; node && i < node->addresses.n; i++)
		buf_printf(&b, "%s%s", i ? " " : "", address[i].text.s);
	all = (struct str){arena_strndup(a, b.s, b.len), b.len};
	buf_release(&b);
	return all;
}

static void
open_signer(struct world_host *wh)
{
	struct sign_host sign = {.world = &wh->host.world,
		.release = wh->node && wh->node->release &&
		    wh->node->release->debian_13 ? RSPAMD_3_8 : RSPAMD_3_4};

	if (place_file(wh->host.files,
	    STR("/etc/rspamd/local.d/dkim_signing.conf")) ||
	    place_file(wh->host.files,
	    STR("/etc/rspamd/override.d/dkim_signing.conf")))
		wh->signer = signer_open(wh->host.arena, &sign);
}

static void
open_srs(struct world_host *wh)
{
	struct srs_config *srs = &wh->srs;

	srs_config_read(srs, &wh->host.world, wh->host.arena);
	if (wh->world->srs_secret.len && !srs->rules.nsecret) {
		wh->host.setup.secret = wh->world->srs_secret;
		wh->host.setup.secret_path = srs->secret_file;
		srs_config_read(srs, &wh->host.world, wh->host.arena);
	}
	srs->rules.today = (unsigned)(wh->world->today / DAY_SECONDS);
	wh->has_srs = srs->version != 0;
	if (!wh->world->stand_in_secrets || srs->rules.nsecret ||
	    !srs->secret_file.len)
		return;
	srs->rules.secret = ARENA_NEW(wh->host.arena, struct str);
	srs->rules.secret[0] = srs->secret_file;
	srs->rules.nsecret = 1;
}

static bool
open_host(struct world *world, struct world_host *wh,
    const struct planned_node *files)
{
	struct host_setup setup = {.name = files->name, .files = files,
		.directory = world->directory, .ask = ask_srs, .owner = wh,
		.tried = world->tried, .tried_self = world->tried_self};

	*wh = (struct world_host){.world = world};
	if (world->fleet)
		wh->node = map_get(&world->fleet->by_fqdn,
		    str_of(files->name));
	setup.addresses = addresses_of(wh->node, world->arena);
	if (!host_open(&wh->host, &setup, world->arena))
		return false;
	/* A foreign host is called what it calls itself. */
	if (!world->fleet) {
		struct str name = host_value(&wh->host, "myhostname");

		wh->host.name = arena_strndup(world->arena, name.s, name.len);
	}
	open_srs(wh);
	open_signer(wh);
	return true;
}

static void
add_fingerprints(struct world *world, struct world_host *host)
{
	const struct fingerprint *f;
	size_t i;

	if (!host->node)
		return;
	f = host->node->fingerprints.item;
	for (i = 0; i < host->node->fingerprints.n; i++)
		map_add(&world->by_fingerprint, text_str(f[i].value), host);
}

void
world_open(struct world *world, struct arena *a, const struct plan *plan,
    const struct fleet *fleet, const struct records *records,
    const struct ldif *directory, time_t today)
{
	size_t i;

	world->arena = a;
	world->fleet = fleet;
	world->records = records;
	world->directory = directory;
	world->today = today;
	world->n = 0;
	world->host = ARENA_ARRAY(a, struct world_host, plan->n);
	map_init_fold(&world->by_name);
	map_init_fold(&world->by_fingerprint);
	for (i = 0; i < plan->n; i++) {
		struct world_host *host = &world->host[world->n];

		if (!open_host(world, host, &plan->node[i]))
			continue;
		map_add(&world->by_name, str_of(host->host.name), host);
		add_fingerprints(world, host);
		world->n++;
	}
}

void
world_release(struct world *world)
{
	size_t i;

	for (i = 0; i < world->n; i++)
		host_release(&world->host[i].host);
	map_release(&world->by_name);
	map_release(&world->by_fingerprint);
}

const struct world_host *
world_host(const struct world *world, struct str name)
{
	return map_get(&world->by_name, name);
}

const struct world_host *
world_host_at(const struct world *world, struct str address)
{
	const struct node *node = records_host_of(world->records, address);

	return node ? world_host(world, text_str(node->fqdn)) : NULL;
}

const struct world_host *
world_certified(const struct world *world, struct str fingerprint)
{
	return map_get(&world->by_fingerprint, fingerprint);
}

struct str
world_address(const struct world_host *host, bool v6)
{
	struct str rest = host->host.setup.addresses, item;

	while (value_item(&rest, &item))
		if ((str_find(item, ':') < item.len) == v6)
			return item;
	return STR("");
}
