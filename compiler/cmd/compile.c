/*
 * The compiler, readable as one function: read, look up, bind, link, check,
 * render, verify; then write. Every step reports what it finds and the next
 * one goes on with the rest; nothing is written after an error.
 */
#include "cmd/compile.h"

#include "check/rules.h"
#include "flow/verify.h"
#include "model/read.h"

#include <getopt.h>
#include <string.h>

/* The node that --node names: NULL and no finding means all. */
static const struct node *
find_node(struct run *run, const struct fleet *fleet, const char *name)
{
	const struct node *node = fleet->nodes.item;
	const char **all = ARENA_ARRAY(&run->arena, const char *,
	    fleet->nodes.n);
	const char *near;
	size_t i;

	if (!name)
		return NULL;
	for (i = 0; i < fleet->nodes.n; i++) {
		if (str_eq_fold(text_str(node[i].fqdn), str_of(name)))
			return &node[i];
		all[i] = node[i].fqdn.s;
	}
	near = str_nearest(str_of(name), all, fleet->nodes.n);
	diag_add(&run->diag, FINDING_NODE_UNKNOWN, ORIGIN_NONE,
	    "--node %s: no such node in data/facts%s%s%s", name,
	    near ? "; did you mean " : "", near ? near : "", near ? "?" : "");
	return NULL;
}

bool
compile_fleet(struct run *run, const char *only, struct compilation *c)
{
	struct arena *a = &run->arena;
	struct diag *d = &run->diag;
	struct reader r = {.arena = a, .diag = d, .today = run->today,
		.environment = run->environment};
	const struct node *node;

	*c = (struct compilation){0};
	plan_init(&c->plan);
	records_init(&c->records, a);
	read_nodes(&r, &c->fleet);
	read_keys(&r, &c->fleet);
	read_directory(&r, &c->fleet);
	read_exports(&r, &c->fleet);
	read_certificates(&r, &c->fleet);
	link_fleet(&r, &c->fleet);
	roles_read(&c->roles, a, d, "roles", run_path(run, "roles"));
	roles_match(&c->roles, &c->fleet, r.node, a, d);
	check_fleet(a, d, &c->fleet, &c->roles, &r);
	c->templates = templates_new(a, d, "templates",
	    run_path(run, "templates"), &scope_type);
	artifacts_check(&c->roles, c->templates);
	templates_check_all(c->templates);
	node = find_node(run, &c->fleet, only);
	/* Where something is lost, the files would only repeat it. */
	if (!diag_has_hard(d))
		render_artifacts(&c->plan, &c->fleet, node, c->templates, a, d);
	if (!diag_has_hard(d))
		verify_plan(d, &c->plan, &c->fleet);
	hiera_close(r.hiera);
	return !diag_has_errors(d);
}

void
compile_world(struct run *run, struct compilation *c, struct world *world)
{
	records_of_fleet(&c->records, &c->fleet);
	world_open(world, &run->arena, &c->plan, &c->fleet, &c->records,
	    c->fleet.ldap.entries, run->today);
}

void
compilation_release(struct compilation *c)
{
	records_release(&c->records);
	plan_release(&c->plan);
	templates_free(c->templates);
	fleet_release(&c->fleet);
}

static void
summarize(const struct run *run, const struct compilation *c,
    const struct write_result *result, bool dry_run)
{
	size_t i, files = 0;

	if (run->quiet)
		return;
	for (i = 0; i < c->plan.n; i++)
		files += c->plan.node[i].n;
	fprintf(stderr, "%zu nodes, %zu files: %zu %s, %zu %s, %zu equal; "
	    "%zu warnings\n", c->plan.n, files, result->written,
	    dry_run ? "to write" : "written", result->removed,
	    dry_run ? "to remove" : "removed", result->equal,
	    run->diag.count[LEVEL_WARNING]);
}

enum { OPT_NODE = OPT_VERB, OPT_CHECK, OPT_NO_SYNC };

int
cmd_compile(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		RUN_LONG_OPTIONS,
		{"node", required_argument, NULL, OPT_NODE},
		{"output", required_argument, NULL, 'o'},
		{"check", no_argument, NULL, OPT_CHECK},
		{"no-sync", no_argument, NULL, OPT_NO_SYNC},
		{NULL, 0, NULL, 0}
	};
	struct write_options how = {.durable = true};
	struct write_result result = {0};
	const char *node = NULL;
	struct compilation c;
	bool written = false;
	int option, status;

	while ((option = getopt_long(argc, argv, RUN_SHORT_OPTIONS "o:",
	    options, NULL)) != -1) {
		if (option == OPT_NODE)
			node = optarg;
		else if (option == 'o')
			how.out = optarg;
		else if (option == OPT_CHECK)
			how.dry_run = true;
		else if (option == OPT_NO_SYNC)
			how.durable = false;
		else if (!run_option(run, option, optarg))
			return run_usage(run, "compile", NULL);
	}
	if (optind < argc)
		return run_usage(run, "compile", "'%s' is not expected",
		    argv[optind]);
	if (!how.out)
		how.out = run_path(run, "out");
	how.whole_fleet = !node;
	if (compile_fleet(run, node, &c))
		written = plan_write(&c.plan, &how, &run->arena, &run->diag,
		    &result);
	status = run_finish(run, false);
	if (written)
		summarize(run, &c, &result, how.dry_run);
	if (written && !status && how.dry_run &&
	    (result.written || result.removed))
		status = EXIT_DIFFERS;
	compilation_release(&c);
	return status;
}
