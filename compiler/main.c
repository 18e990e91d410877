/*
 * The verb table and the global options. Everything else is below cmd/.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#define MAILC_VERSION "0.1"

const struct verb verbs[] = {
	{"check", "[-C DIR] [--format F] [--fail-on-warn] [-q]",
	    "every finding on data, roles and the rendered fleet; offline",
	    cmd_check},
	{"compile", "[--node FQDN] [-o DIR] [--check] [--no-sync]",
	    "check, render, write: all artifacts or none", cmd_compile},
	{"diff", "[--node FQDN] [--against DIR | --base REVISION] "
	    "[--detailed-exitcode]",
	    "what compile would change, as a unified diff", cmd_diff},
	{"dns", "[--zone NAME]",
	    "the records that the fleet needs, as a zone file", cmd_dns},
	{"fetch", "ldap|puppetdb [--dry-run] [--max-vanish PERCENT]",
	    "write the snapshots of the directory and of PuppetDB",
	    cmd_fetch},
	{"lookup", "KEY... --node FQDN [--merge S] [--render-as json|yaml|s] "
	    "[--explain]",
	    "one Hiera value as Puppet sees it, and where it came from",
	    cmd_lookup},
	{"trace", "ADDRESS [--from ADDRESS] [--at NODE[:PORT]] [--client IP] "
	    "[--cert NODE] [--login USER] [--verbose]",
	    "the way of one message through the whole fleet, and what decides",
	    cmd_trace},
	{"explain", "WORD",
	    "a finding, Hiera key, role or verb, on one page", cmd_explain},
	{0}
};

static void
print_help(FILE *out)
{
	const struct verb *v;

	fputs("usage: mailc [-C DIR] VERB [OPTIONS]\n\n", out);
	for (v = verbs; v->name; v++)
		fprintf(out, "  %-8s %s\n", v->name, v->summary);
	fputs("\ncommon options:\n"
	    "  -C, --environment DIR  holds hiera.yaml, data, roles and "
	    "templates (.)\n"
	    "  --format F             text, json, sarif, junit, codequality "
	    "or github\n"
	    "  --fail-on-warn         a warning fails the run as well\n"
	    "  -q, --quiet            warnings and errors only\n"
	    "  --color WHEN           auto, always or never\n"
	    "  --help, --version\n\n"
	    "`mailc VERB --help` says more; so does `mailc explain WORD`.\n",
	    out);
}

/* Today, for what expires: reproducible where SOURCE_DATE_EPOCH is set. */
static bool
set_today(struct run *run)
{
	const char *epoch = getenv("SOURCE_DATE_EPOCH");
	char *end;

	run->today = time(NULL);
	if (!epoch || !*epoch)
		return true;
	errno = 0;
	run->today = strtoll(epoch, &end, 10);
	if (!errno && !*end && run->today >= 0)
		return true;
	fprintf(stderr, "mailc: SOURCE_DATE_EPOCH is '%s', not a number of "
	    "seconds\n", epoch);
	return false;
}

/* The options before the verb; -1: go on, else an exit status. */
static int
global_options(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		RUN_LONG_OPTIONS, {NULL, 0, NULL, 0}
	};
	int option;

	while ((option = getopt_long(argc, argv, RUN_SHORT_OPTIONS, options,
	    NULL)) != -1) {
		if (option == OPT_HELP) {
			print_help(stdout);
			return EXIT_OK;
		}
		if (option == OPT_VERSION) {
			puts("mailc " MAILC_VERSION);
			return EXIT_OK;
		}
		if (!run_option(run, option, optarg))
			return EXIT_USAGE;
	}
	return -1;
}

static int
run_verb(struct run *run, int argc, char **argv)
{
	const char *name[sizeof(verbs) / sizeof(verbs[0])];
	const char *near;
	const struct verb *v;
	size_t n = 0;

	if (!argc) {
		print_help(stderr);
		return EXIT_USAGE;
	}
	for (v = verbs; v->name; v++) {
		if (!strcmp(v->name, argv[0])) {
			optind = 0;
			return v->main(run, argc, argv);
		}
		name[n++] = v->name;
	}
	near = str_nearest(str_of(argv[0]), name, n);
	fprintf(stderr, "mailc: no verb '%s'%s%s%s\n", argv[0],
	    near ? "; did you mean '" : "", near ? near : "",
	    near ? "'?" : "; see mailc --help");
	return EXIT_USAGE;
}

int
main(int argc, char **argv)
{
	struct run run = {
		.argv = argv,
		.environment = ".",
		.format = &diag_formats[0],
		.color = -1,
	};
	int status;

	/* Tables grow large: their memory goes back to the system at once. */
	mallopt(M_MMAP_THRESHOLD, 256 * 1024);
	arena_init(&run.arena);
	sources_init(&run.sources, &run.arena);
	diag_init(&run.diag, &run.arena, &run.sources);
	status = global_options(&run, argc, argv);
	if (status < 0)
		status = set_today(&run) ?
		    run_verb(&run, argc - optind, argv + optind) : EXIT_FAILED;
	diag_release(&run.diag);
	sources_release(&run.sources);
	arena_release(&run.arena);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "mailc: cannot write: %s\n", strerror(errno));
		status = status ? status : EXIT_FAILED;
	}
	return status;
}
