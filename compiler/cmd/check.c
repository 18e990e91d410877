/*
 * Everything but writing: the pipeline, and then the proofs about the files
 * that it rendered.
 */
#include "cmd/compile.h"

#include "flow/prove.h"

#include <getopt.h>

int
cmd_check(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		RUN_LONG_OPTIONS, {NULL, 0, NULL, 0}
	};
	struct world world = {0};
	struct compilation c;
	int option, status;

	while ((option = getopt_long(argc, argv, RUN_SHORT_OPTIONS, options,
	    NULL)) != -1)
		if (!run_option(run, option, optarg))
			return run_usage(run, "check", NULL);
	if (optind < argc)
		return run_usage(run, "check", "'%s' is not expected",
		    argv[optind]);
	/* What is wrong already would only be told again by its consequences. */
	if (compile_fleet(run, NULL, &c)) {
		world.stand_in_secrets = true;
		compile_world(run, &c, &world);
		prove_fleet(&run->arena, &run->diag, &world, &c.roles);
	}
	status = run_finish(run, false);
	if (!run->quiet)
		fprintf(stderr, "%zu nodes, %u addresses, %zu accounts: "
		    "%zu errors, %zu warnings\n", c.fleet.nodes.n,
		    fleet_addresses(&c.fleet), c.fleet.ldap.accounts.n,
		    run->diag.count[LEVEL_ERROR],
		    run->diag.count[LEVEL_WARNING]);
	world_release(&world);
	compilation_release(&c);
	return status;
}
