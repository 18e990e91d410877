/*
 * The verbs of mailc-full as mailc has them. mailc-full is the whole program;
 * mailc is linked with this file in place of the verbs that need libldap,
 * libcurl or libgit2, because to map these and what they need takes longer
 * than most answers. It leaves the command line, as it was given, to the
 * mailc-full beside itself.
 */
#include "cmd/cmd.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

/* Returns only where that program cannot be run. */
static int
hand_over(const struct run *run, const char *verb)
{
	static const char suffix[] = "-full";
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path,
	    sizeof(path) - sizeof(suffix));

	if (n < 0) {
		fprintf(stderr, "mailc %s: /proc/self/exe, which says where "
		    "mailc is, cannot be read: %s\n", verb, strerror(errno));
		return EXIT_FAILED;
	}
	memcpy(path + n, suffix, sizeof(suffix));
	execv(path, run->argv);
	fprintf(stderr, "mailc %s: %s, the program that does it, cannot be "
	    "run: %s\n", verb, path, strerror(errno));
	return EXIT_FAILED;
}

int
cmd_diff(struct run *run, int argc, char **argv)
{
	(void)argc;
	return hand_over(run, argv[0]);
}

int
cmd_fetch(struct run *run, int argc, char **argv)
{
	(void)argc;
	return hand_over(run, argv[0]);
}
