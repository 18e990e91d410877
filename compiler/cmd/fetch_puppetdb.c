/*
 * fetch puppetdb: mail::exports names the two types of resources; each has a
 * file, and both are replaced or none.
 */
#include "cmd/fetch.h"
#include "fetch/puppetdb.h"
#include "fetch/resources.h"

#include "base/file.h"

#include <getopt.h>

enum { TIMEOUT_PRESET = 30 };

enum {
	OPT_CERT = OPT_FETCH,
	OPT_KEY,
};

struct puppetdb_options {
	struct fetch fetch;
	const char *certificate;
	const char *key;
};

/* One kind of exported resource on its way to its file. */
struct export {
	const char *name;		/* of the file */
	struct text type;
	struct stored file;
	json_t *now;
	struct resources_change change;
};
enum { NEXPORT = 2 };

static bool
puppetdb_option(struct puppetdb_options *o, int option, const char *argument)
{
	switch (option) {
	case OPT_CERT:
		o->certificate = argument;
		return true;
	case OPT_KEY:
		o->key = argument;
		return true;
	default:
		return fetch_option(&o->fetch, option, argument);
	}
}

/* Ask for one kind and judge it; false: reported. */
static bool
take(struct puppetdb_options *o, const struct puppetdb_query *query,
    const struct brake_limit *limit, struct export *e)
{
	struct run *run = o->fetch.run;
	const char *dir = o->fetch.output;
	char *path = arena_printf(&run->arena, "%s/%s.json",
	    dir ? dir : "data/puppetdb", e->name);

	e->file = stored_file(&run->diag, path,
	    dir ? path : run_path(run, path));
	e->now = puppetdb_fetch(&run->arena, &run->diag, query, e->type.s);
	if (!e->now)
		return false;
	resources_sort(e->now);
	return resources_allowed(&run->diag, &e->file, limit, e->now,
	    &e->change);
}

static bool
put(struct run *run, const struct export *e)
{
	struct buf b = BUF_INIT;
	bool ok;

	resources_write(&b, e->now);
	ok = stored_replace(&run->diag, &e->file, (struct str){b.s, b.len});
	buf_release(&b);
	return ok;
}

/* Ask for every kind, then write; NULL: reported. */
static const char *
fetch(struct puppetdb_options *o, const struct puppetdb_query *query,
    const struct brake_limit *limit, struct export *e)
{
	struct run *run = o->fetch.run;
	const char *summary = "";
	bool ok = true;
	int i;

	for (i = 0; i < NEXPORT; i++)
		if (e[i].type.len && !take(o, query, limit, &e[i]))
			ok = false;
	for (i = 0; ok && i < NEXPORT; i++) {
		if (!e[i].now)
			continue;
		if (!o->fetch.dry_run)
			ok = put(run, &e[i]);
		summary = arena_printf(&run->arena, "%s%s%s: %zu resources, "
		    "%zu new, %zu gone, %zu changed", summary,
		    *summary ? "\n" : "", e[i].file.path,
		    e[i].change.resources, e[i].change.added,
		    e[i].change.gone, e[i].change.changed);
	}
	for (i = 0; i < NEXPORT; i++)
		json_decref(e[i].now);
	return ok ? summary : NULL;
}

static const char *
fetch_with(struct puppetdb_options *o, const struct fleet *fleet)
{
	struct run *run = o->fetch.run;
	const struct puppetdb_query query = {
		.uri = o->fetch.uri,
		.ca_file = o->fetch.ca_file ? o->fetch.ca_file : "",
		.certificate = o->certificate ? o->certificate : "",
		.key = o->key ? o->key : "",
		.timeout = o->fetch.timeout ? (int)o->fetch.timeout :
		    TIMEOUT_PRESET,
	};
	const struct brake_limit limit = {o->fetch.max_vanish >= 0 ?
	    o->fetch.max_vanish : fleet->ldap.brake.percent,
		fleet->ldap.brake.minimum};
	struct export all[NEXPORT] = {
		{.name = "fingerprints",
		    .type = fleet->exports.fingerprints.type},
		{.name = "alias_domains",
		    .type = fleet->exports.alias_domains.type},
	};

	if (all[0].type.len || all[1].type.len)
		return fetch(o, &query, &limit, all);
	diag_add(&run->diag, FINDING_MISSING_KEY, ORIGIN_NONE,
	    "mail::exports names no type of resource to ask for");
	return NULL;
}

int
fetch_puppetdb(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		FETCH_LONG_OPTIONS,
		{"cert", required_argument, NULL, OPT_CERT},
		{"key", required_argument, NULL, OPT_KEY},
		{NULL, 0, NULL, 0}
	};
	struct puppetdb_options o = {
		.fetch = {.run = run, .max_vanish = -1},
	};
	const char *summary = NULL;
	struct fleet fleet;
	int option;

	while ((option = getopt_long(argc, argv, RUN_SHORT_OPTIONS, options,
	    NULL)) != -1)
		if (!puppetdb_option(&o, option, optarg))
			return run_usage(run, "fetch", NULL);
	if (optind < argc)
		return run_usage(run, "fetch", "'%s' is not expected",
		    argv[optind]);
	if (!o.fetch.uri)
		return run_usage(run, "fetch", "puppetdb needs --uri");
	if (fetch_setting(run, "mail::exports", &fleet))
		summary = fetch_with(&o, &fleet);
	return fetch_finish(&o.fetch, summary);
}
