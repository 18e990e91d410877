/*
 * fetch ldap: mail::ldap says which directory and how, options say it
 * otherwise, and the snapshot is replaced when all went well.
 */
#include "cmd/fetch.h"
#include "fetch/ldap.h"
#include "fetch/snapshot.h"

#include <getopt.h>
#include <string.h>

enum {
	PAGE_PRESET = 500,
	PAGE_MAX = 100000,
};

enum {
	OPT_BASE = OPT_FETCH,
	OPT_FILTER,
	OPT_BIND,
	OPT_BIND_DN,
	OPT_PASSWORD_FILE,
	OPT_STARTTLS,
	OPT_PAGE_SIZE,
};

/* The options of its own; NULL where not given. */
struct ldap_options {
	struct fetch fetch;
	const char *base;
	const char *filter;
	const char *bind;
	const char *bind_dn;
	const char *password_file;
	bool start_tls;
	int64_t page_size;
};

static const char *const binds[] = {
	[BIND_NONE] = "none",
	[BIND_SIMPLE] = "simple",
	[BIND_EXTERNAL] = "external",
};

/* The number of a kind of bind, or -1. */
static int
bind_named(const char *name)
{
	int i;

	for (i = BIND_NONE; i <= BIND_EXTERNAL; i++)
		if (!strcmp(binds[i], name))
			return i;
	return -1;
}

static bool
set_bind(struct ldap_options *o, const char *name)
{
	o->bind = name;
	if (bind_named(name) >= 0)
		return true;
	fprintf(stderr, "mailc: --bind '%s': it can be none, simple or "
	    "external\n", name);
	return false;
}

static bool
ldap_option(struct ldap_options *o, int option, const char *argument)
{
	switch (option) {
	case OPT_BASE:
		o->base = argument;
		return true;
	case OPT_FILTER:
		o->filter = argument;
		return true;
	case OPT_BIND:
		return set_bind(o, argument);
	case OPT_BIND_DN:
		o->bind_dn = argument;
		return true;
	case OPT_PASSWORD_FILE:
		o->password_file = argument;
		return true;
	case OPT_STARTTLS:
		o->start_tls = true;
		return true;
	case OPT_PAGE_SIZE:
		return fetch_number("page-size", argument, 1, PAGE_MAX,
		    &o->page_size);
	default:
		return fetch_option(&o->fetch, option, argument);
	}
}

static const char *
either(const char *option, struct text setting)
{
	return option ? option : setting.s;
}

static struct ldap_query
make_query(const struct ldap_options *o, const struct ldap *ldap)
{
	return (struct ldap_query){
		.uri = either(o->fetch.uri, ldap->uri),
		.base = either(o->base, ldap->base),
		.filter = either(o->filter, ldap->filter),
		.bind = (enum ldap_bind)bind_named(either(o->bind,
		    ldap->bind)),
		.bind_dn = either(o->bind_dn, ldap->bind_dn),
		.password_file = either(o->password_file,
		    ldap->password_file),
		.ca_file = either(o->fetch.ca_file, ldap->ca_file),
		.start_tls = o->start_tls || ldap->start_tls,
		.timeout = (int)(o->fetch.timeout ? o->fetch.timeout :
		    ldap->timeout),
		.page_size = (int)o->page_size,
		.at = ldap->uri.at,
	};
}

static bool
bad_setting(struct run *run, struct text at, const char *what)
{
	diag_add(&run->diag, FINDING_BAD_VALUE, at.at, "mail::ldap: %s",
	    what);
	return false;
}

/* What a descriptor cannot say of mail::ldap, as far as fetching needs it. */
static bool
settings_ok(struct run *run, const struct ldap *ldap)
{
	bool ok = true;

	if (ldap->timeout < 1 || ldap->timeout > FETCH_TIMEOUT_MAX)
		ok = bad_setting(run, ldap->uri,
		    "timeout must be from 1 to 3600 seconds");
	if (ldap->brake.percent < 0 || ldap->brake.percent > 100)
		ok = bad_setting(run, ldap->uri,
		    "brake: percent must be from 0 to 100");
	if (ldap->brake.minimum < 0)
		ok = bad_setting(run, ldap->uri,
		    "brake: minimum must not be negative");
	if (!ldap->snapshot.len || ldap->snapshot.s[0] == '.' ||
	    memchr(ldap->snapshot.s, '/', ldap->snapshot.len))
		ok = bad_setting(run, ldap->snapshot,
		    "snapshot must be the name of a file in data/ldap");
	return ok;
}

static bool
query_ok(struct run *run, const struct ldap_query *query)
{
	if (*query->uri && *query->base)
		return true;
	diag_add(&run->diag, FINDING_MISSING_KEY, ORIGIN_NONE,
	    "nobody says which directory: set mail::ldap, or give --uri and "
	    "--base");
	return false;
}

/* Ask, compare, write; NULL: reported. */
static const char *
fetch(struct ldap_options *o, const struct ldap *ldap)
{
	struct run *run = o->fetch.run;
	struct ldap_query query = make_query(o, ldap);
	struct brake_limit limit = {o->fetch.max_vanish >= 0 ?
	    o->fetch.max_vanish : ldap->brake.percent, ldap->brake.minimum};
	struct stored file = fetch_output(&o->fetch, arena_printf(
	    &run->arena, "data/ldap/%s", ldap->snapshot.s));
	struct snapshot_change change;
	struct buf b = BUF_INIT;
	struct ldif now;
	bool ok;

	if (!query_ok(run, &query) ||
	    !ldap_fetch(&run->arena, &run->diag, &query, &now))
		return NULL;
	snapshot_sort(&run->arena, &now);
	ok = snapshot_allowed(&run->arena, &run->diag, &file, &limit, &now,
	    &change);
	if (ok && !o->fetch.dry_run) {
		snapshot_write(&b, &now);
		ok = stored_replace(&run->diag, &file,
		    (struct str){b.s, b.len});
		buf_release(&b);
	}
	return !ok ? NULL : arena_printf(&run->arena,
	    "%s: %zu entries, %zu new, %zu gone, %zu changed", file.path,
	    change.entries, change.added, change.gone, change.changed);
}

int
fetch_ldap(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		FETCH_LONG_OPTIONS,
		{"base", required_argument, NULL, OPT_BASE},
		{"filter", required_argument, NULL, OPT_FILTER},
		{"bind", required_argument, NULL, OPT_BIND},
		{"bind-dn", required_argument, NULL, OPT_BIND_DN},
		{"password-file", required_argument, NULL,
		    OPT_PASSWORD_FILE},
		{"starttls", no_argument, NULL, OPT_STARTTLS},
		{"page-size", required_argument, NULL, OPT_PAGE_SIZE},
		{NULL, 0, NULL, 0}
	};
	struct ldap_options o = {
		.fetch = {.run = run, .max_vanish = -1},
		.page_size = PAGE_PRESET,
	};
	const char *summary = NULL;
	struct fleet fleet;
	int option;

	while ((option = getopt_long(argc, argv, RUN_SHORT_OPTIONS, options,
	    NULL)) != -1)
		if (!ldap_option(&o, option, optarg))
			return run_usage(run, "fetch", NULL);
	if (optind < argc)
		return run_usage(run, "fetch", "'%s' is not expected",
		    argv[optind]);
	if (fetch_setting(run, "mail::ldap", &fleet) &&
	    settings_ok(run, &fleet.ldap))
		summary = fetch(&o, &fleet.ldap);
	return fetch_finish(&o.fetch, summary);
}
