/* Private to the verb fetch: what its two sources share. */
#ifndef CMD_FETCH_H
#define CMD_FETCH_H

#include "cmd/cmd.h"
#include "fetch/store.h"
#include "model/read.h"

enum { FETCH_TIMEOUT_MAX = 3600 };	/* seconds */

struct fetch {
	struct run *run;
	const char *uri;		/* these: NULL where not given */
	const char *ca_file;
	const char *output;
	int64_t timeout;		/* 0 where not given */
	int64_t max_vanish;		/* -1 where not given */
	bool dry_run;
};

enum fetch_option {
	OPT_URI = OPT_VERB,
	OPT_CA_FILE,
	OPT_OUTPUT,
	OPT_TIMEOUT,
	OPT_MAX_VANISH,
	OPT_DRY_RUN,
	OPT_FETCH,			/* the first number for a source's own */
};
#define FETCH_LONG_OPTIONS \
	RUN_LONG_OPTIONS, \
	{"uri", required_argument, NULL, OPT_URI}, \
	{"ca-file", required_argument, NULL, OPT_CA_FILE}, \
	{"output", required_argument, NULL, OPT_OUTPUT}, \
	{"timeout", required_argument, NULL, OPT_TIMEOUT}, \
	{"max-vanish", required_argument, NULL, OPT_MAX_VANISH}, \
	{"dry-run", no_argument, NULL, OPT_DRY_RUN}

/* Handle a common option; false: not known, or a wrong argument (told). */
bool fetch_option(struct fetch *f, int option, const char *argument);
/* A number as an option's argument; false: told. */
bool fetch_number(const char *option, const char *s, int64_t low,
    int64_t high, int64_t *to);

/*
 * Presets, then what Hiera says, of one fleet key into its field. Without a
 * hiera.yaml the presets stand. False: reported.
 */
bool fetch_setting(struct run *run, const char *key, struct fleet *fleet);

/* The file to replace: --output, else path below the environment. */
struct stored fetch_output(const struct fetch *f, const char *path);

/*
 * The end of a run: findings, and unless -q one line with the counts. Returns
 * the exit status.
 */
int fetch_finish(const struct fetch *f, const char *summary);

int fetch_ldap(struct run *run, int argc, char **argv);
int fetch_puppetdb(struct run *run, int argc, char **argv);

#endif
