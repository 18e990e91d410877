/* Private to the verb diff: a side that comes from git, and its answers. */
#ifndef CMD_DIFF_H
#define CMD_DIFF_H

#include "cmd/compile.h"

#include "flow/route_diff.h"

#include <git2.h>
#include <jansson.h>

/* The environment as it was, compiled apart from the run that asks. */
struct base {
	struct run run;
	struct compilation c;
};

/*
 * Compile the environment of a run as it is in a revision of the repository
 * that holds it, all nodes. Only the object store is read, into a private
 * directory that is gone when this returns or the process ends. False:
 * reported in one finding. An error that leaves the files whole is not told.
 */
bool base_compile(struct base *base, struct run *run, const char *revision);
void base_release(struct base *base);

/* diff_export.c */

struct export {
	struct run *run;
	const char *revision;
	git_repository *repository;
	struct buf path;	/* of what is written, below the repository */
	size_t inside;		/* links may lead up to this depth of it */
	bool leaves;		/* one leads further up */
	size_t depth;		/* of the directory being written, in all */
	size_t entries;		/* names that were written */
	size_t left;		/* bytes that may still be written */
};

/*
 * Write a tree into an open directory of the depth ex->depth below the root of
 * the export; what stands there stays. A submodule that is at hand is part
 * of it; that is none, or a link that leaves the repository, becomes a link
 * to nowhere. False: reported.
 */
bool export_tree(struct export *ex, const git_tree *tree, int dir);
/* Report why the revision cannot be had; returns false. */
bool export_fail(struct export *ex, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The same, with what libgit2 says of the call that failed. */
bool export_fail_git(struct export *ex, const char *what);

/* diff_scratch.c */

/* A private directory below TMPDIR that does not outlive the process. */
struct scratch {
	char *path;
	int held;		/* closed by whatever ends this process */
	int keeper;		/* the process that waits for that */
};

/* False: errno. */
bool scratch_make(struct scratch *s, struct arena *a);
/* Remove it with all that is in it; false: something is left. */
bool scratch_remove(struct scratch *s);

/* diff_mail.c */

/* What changes for mail, a line each; places are in the runs' sources. */
void mail_print(struct run *old, struct run *new,
    const struct changes *changes);
/* The whole answer for programs, with the paths of the files that change. */
void mail_print_json(struct run *old, struct run *new,
    const struct changes *changes, json_t *files);

#endif
