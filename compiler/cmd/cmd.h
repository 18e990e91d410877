/*
 * A run of mailc: what every verb shares. main.c reads the global options
 * into it, the verb reads its own and works, run_finish() prints what was
 * found and gives the exit status.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

#include "diag/diag.h"

#include <time.h>

struct run {
	char **argv;			/* the command line, ends in NULL */
	struct arena arena;
	struct sources sources;
	struct diag diag;
	const char *environment;	/* -C DIR: holds hiera.yaml; "." */
	const struct diag_format *format;
	bool fail_on_warn;
	bool quiet;
	bool help;			/* --help after the verb */
	int color;			/* 1 always, 0 never, -1 a terminal */
	time_t today;			/* SOURCE_DATE_EPOCH, else the clock */
};

/* DESIGN section 4. */
enum exit_status {
	EXIT_OK = 0,
	EXIT_FAILED = 1,	/* a finding at error level, or a failure */
	EXIT_DIFFERS = 2,	/* --check, --detailed-exitcode */
	EXIT_USAGE = 64,
};

struct verb {
	const char *name;
	const char *usage;	/* after "mailc NAME " */
	const char *summary;	/* one clause for --help */
	int (*main)(struct run *run, int argc, char **argv);
};

extern const struct verb verbs[];	/* ends in a NULL name */

/*
 * The verbs. argv[0] is the verb's name, so that getopt_long(3) prints it.
 * They return an exit status.
 */
int cmd_check(struct run *run, int argc, char **argv);
int cmd_compile(struct run *run, int argc, char **argv);
int cmd_diff(struct run *run, int argc, char **argv);
int cmd_dns(struct run *run, int argc, char **argv);
int cmd_explain(struct run *run, int argc, char **argv);
int cmd_fetch(struct run *run, int argc, char **argv);
int cmd_lookup(struct run *run, int argc, char **argv);
int cmd_trace(struct run *run, int argc, char **argv);

/*
 * Common options, understood before and after the verb. A verb's own
 * getopt_long() table starts with RUN_OPTIONS; what it does not know goes to
 * run_option(), which returns false for a wrong one.
 */
enum run_option {
	OPT_FORMAT = 1000,
	OPT_FAIL_ON_WARN,
	OPT_COLOR,
	OPT_HELP,
	OPT_VERSION,
	OPT_VERB,		/* the first number for a verb's own */
};
#define RUN_SHORT_OPTIONS "+C:q"
#define RUN_LONG_OPTIONS \
	{"environment", required_argument, NULL, 'C'}, \
	{"format", required_argument, NULL, OPT_FORMAT}, \
	{"fail-on-warn", no_argument, NULL, OPT_FAIL_ON_WARN}, \
	{"quiet", no_argument, NULL, 'q'}, \
	{"color", optional_argument, NULL, OPT_COLOR}, \
	{"help", no_argument, NULL, OPT_HELP}, \
	{"version", no_argument, NULL, OPT_VERSION}

/* Handle a common option; false: not known, or a wrong argument (told). */
bool run_option(struct run *run, int option, const char *argument);

/* Say how the verb is used: on stderr, EXIT_USAGE; for --help on stdout, 0. */
int run_usage(const struct run *run, const char *verb, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Sort and print the findings: text on stderr, the other formats on stdout
 * (out_format false: on stderr, because stdout holds the product). Returns
 * EXIT_FAILED where an error, or with --fail-on-warn a warning, was found.
 */
int run_finish(struct run *run, bool product_on_stdout);

/* A path below the environment, for opening. */
char *run_path(struct run *run, const char *path);

#endif
