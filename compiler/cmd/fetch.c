/*
 * The verb that touches the network. It needs one Hiera key, not the fleet:
 * what is wrong elsewhere in the data is for `mailc check`.
 */
#include "cmd/fetch.h"

#include "base/file.h"
#include "model/bind.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	int (*main)(struct run *run, int argc, char **argv);
} fetchers[] = {
	{"ldap", fetch_ldap},
	{"puppetdb", fetch_puppetdb},
};

bool
fetch_number(const char *option, const char *s, int64_t low, int64_t high,
    int64_t *to)
{
	char *end;
	long long n;

	errno = 0;
	n = strtoll(s, &end, 10);
	if (!errno && end != s && !*end && n >= low && n <= high) {
		*to = n;
		return true;
	}
	fprintf(stderr, "mailc: --%s '%s': it can be a number from %lld to "
	    "%lld\n", option, s, (long long)low, (long long)high);
	return false;
}

bool
fetch_option(struct fetch *f, int option, const char *argument)
{
	switch (option) {
	case OPT_URI:
		f->uri = argument;
		return true;
	case OPT_CA_FILE:
		f->ca_file = argument;
		return true;
	case OPT_OUTPUT:
		f->output = argument;
		return true;
	case OPT_TIMEOUT:
		return fetch_number("timeout", argument, 1, FETCH_TIMEOUT_MAX,
		    &f->timeout);
	case OPT_MAX_VANISH:
		return fetch_number("max-vanish", argument, 0, 100,
		    &f->max_vanish);
	case OPT_DRY_RUN:
		f->dry_run = true;
		return true;
	default:
		return run_option(f->run, option, argument);
	}
}

/* The value of a fleet key as the first node gets it. */
static enum hiera_result
look_up(struct reader *r, const struct key *key, struct value *v)
{
	struct hiera_options options = {.environment = r->environment};

	r->hiera = hiera_open(r->arena, r->diag, &options);
	return hiera_lookup(r->hiera, hiera_scope(r->hiera,
	    r->node[0].facts), key->name, key->merge, v);
}

bool
fetch_setting(struct run *run, const char *name, struct fleet *fleet)
{
	struct reader r = {.arena = &run->arena, .diag = &run->diag,
		.environment = run->environment, .today = run->today};
	struct binder b = {&run->arena, &run->diag, name};
	struct value *v = ARENA_NEW(&run->arena, struct value);
	const struct key *key = key_named(str_of(name));

	*fleet = (struct fleet){0};
	if (access(run_path(run, "hiera.yaml"), F_OK) < 0) {
		bind_presets(&b, &fleet_type, fleet);
		return true;
	}
	read_nodes(&r, fleet);
	bind_presets(&b, &fleet_type, fleet);
	if (r.nnode) {
		if (look_up(&r, key, v) == HIERA_FOUND)
			bind_field(&b, key_field(key), v, fleet);
		hiera_close(r.hiera);
	}
	fleet_release(fleet);
	return !diag_has_errors(&run->diag);
}

struct stored
fetch_output(const struct fetch *f, const char *path)
{
	if (f->output)
		return stored_file(&f->run->diag, f->output, f->output);
	return stored_file(&f->run->diag, path, run_path(f->run, path));
}

int
fetch_finish(const struct fetch *f, const char *summary)
{
	int status = run_finish(f->run, false);

	if (!status && summary && !f->run->quiet)
		fprintf(stderr, "%s%s\n", summary,
		    f->dry_run ? " (dry run)" : "");
	return status;
}

int
cmd_fetch(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		RUN_LONG_OPTIONS, {NULL, 0, NULL, 0}
	};
	int option;
	size_t i;

	while ((option = getopt_long(argc, argv, RUN_SHORT_OPTIONS, options,
	    NULL)) != -1)
		if (!run_option(run, option, optarg))
			return run_usage(run, "fetch", NULL);
	argc -= optind;
	argv += optind;
	if (!argc)
		return run_usage(run, "fetch", "say what: ldap or puppetdb");
	/* A server that hangs up must be an error that is returned. */
	signal(SIGPIPE, SIG_IGN);
	for (i = 0; i < sizeof(fetchers) / sizeof(fetchers[0]); i++)
		if (!strcmp(fetchers[i].name, argv[0])) {
			optind = 0;
			return fetchers[i].main(run, argc, argv);
		}
	return run_usage(run, "fetch", "'%s' is neither ldap nor puppetdb",
	    argv[0]);
}
