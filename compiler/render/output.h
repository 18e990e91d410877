/*
 * Private to plan_write(), but for the walks of trees that never follow a
 * link: the output directory, and what stands in it.
 */
#ifndef RENDER_OUTPUT_H
#define RENDER_OUTPUT_H

#include "render/plan.h"

#include <sys/stat.h>

enum { DIRS_DEEPEST = 64 };

/*
 * Directories below a root, kept open as long as the paths asked for go
 * through them: paths in order cost one openat(2) a directory.
 */
struct dirs {
	int root;		/* not owned */
	int flags;		/* O_PATH, or O_RDONLY to list and change */
	size_t n;
	int fd[DIRS_DEEPEST];
	size_t end[DIRS_DEEPEST];	/* of each one's name in path */
	struct buf path;		/* of the innermost */
};

void dirs_init(struct dirs *dirs, int root, int flags);
void dirs_release(struct dirs *dirs);
/*
 * The directory of a path below the root, "" for the root itself; -1 and
 * errno, ENOTDIR for a link: then .path is how far one comes.
 */
int dirs_open(struct dirs *dirs, struct str path);
/* The same, and those missing are made. */
int dirs_make(struct dirs *dirs, struct str path);

/* The directory part of a path, "" where it has none, and its last part. */
struct str path_dir(const char *path);
const char *path_name(const char *path);

/* Remove a name and all below it, no link followed; 0, or -1 and errno. */
int tree_remove(int dir, const char *name);

enum { MANIFEST_LARGEST = 64 * 1024 * 1024 };

/* What a former MANIFEST lists, in byte order. */
struct manifest {
	const char **path;
	size_t n;
};

/* False: reported. Strings are of the arena. */
bool manifest_parse(struct manifest *manifest, struct str bytes,
    const char *path, struct arena *a, struct diag *d);
bool manifest_lists(const struct manifest *manifest, const char *path);

/* A node as it is planned, and as it stands in the output. */
struct node_state {
	const char *name;
	const struct planned_node *plan;	/* NULL: it leaves the fleet */
	bool *equal;			/* one a planned file */
	struct manifest left;		/* files that go */
	bool goes;			/* and its MANIFEST */
	bool exists;
	bool changed;
};

struct output {
	const struct plan *plan;
	const struct write_options *options;
	struct arena *arena;
	struct diag *diag;
	struct origin at;
	const char *real;	/* resolved */
	const char *name;	/* its last part */
	int parent;		/* the directory that holds it, locked */
	int fd;			/* -1: there is none yet */
	struct node_state *node;	/* sorted by name */
	size_t n;
	struct buf scratch;
};

/* Report the system call that failed for a path; returns false. */
bool output_fail(struct output *out, const char *doing, const char *path);
/* out/node/path for a message, from the arena. */
const char *output_path(struct output *out, const char *node,
    const char *path);
/* Whether a path of a node is planned or goes: no foreign file. */
bool node_knows(const struct node_state *node, const char *path);

/*
 * Fill .node by comparing the plan to what stands there, and count. False:
 * a foreign file or a broken MANIFEST is in the way (reported).
 */
bool output_compare(struct output *out, struct write_result *result);

/* Build the new tree and put it where the former stands. False: reported. */
bool output_switch(struct output *out);

/* Where the new tree is built, beside the output: its name in .parent. */
const char *output_stage_name(struct output *out);

#endif
