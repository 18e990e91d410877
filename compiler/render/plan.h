/*
 * The plan: every artifact of every node with its bytes, before anything is
 * written. write.c makes the output directory equal to it, at once.
 */
#ifndef RENDER_PLAN_H
#define RENDER_PLAN_H

#include "render/template.h"

/* The list of a node's artifacts; its first line names the format. */
#define MANIFEST "MANIFEST"
#define MANIFEST_HEAD "# mailc MANIFEST 1\n"

enum {
	PATH_LONGEST = 1024,
	PATH_DEEPEST = 32,		/* parts */
	NAME_LONGEST = 255,
};

struct planned_file;

/* Spans of a large file, which is rendered once more when one asks. */
struct later_spans {
	struct spans spans;
	bool done;
	void (*render)(struct later_spans *later,
	    const struct planned_file *file);
	const void *scope;		/* what render() needs */
};

struct planned_file {
	const char *path;		/* below the node's directory */
	unsigned mode;			/* permission bits */
	struct buf content;
	struct spans spans;		/* of a small one */
	struct later_spans *later;	/* of a large one; NULL: has none */
	const void *subject;		/* who planned it; not used here */
	struct origin at;		/* the artifact's place in its role */
};

struct planned_node {
	const char *name;		/* fqdn: the directory below out */
	struct planned_file *file;	/* sorted by path, without MANIFEST */
	size_t n, cap;
};

struct plan {
	struct planned_node *node;	/* sorted by name */
	size_t n, cap;
};

void plan_init(struct plan *plan);
void plan_release(struct plan *plan);
/*
 * Add a node, then files to it. Names are kept, not copied; what is returned
 * is good until the next one is added.
 */
struct planned_node *plan_add(struct plan *plan, const char *name);
struct planned_file *plan_add_file(struct planned_node *node,
    const char *path, unsigned mode);
/* The node of a name in a sorted plan; a node's file of a path; or NULL. */
const struct planned_node *plan_node(const struct plan *plan,
    const char *name);
const struct planned_file *plan_file(const struct planned_node *node,
    const char *path);
/* The span of the line that holds a byte of a file, or NULL. */
const struct span *plan_span(const struct planned_file *file, size_t offset);
/* Sort, and append to each node the bytes of its MANIFEST as a file. */
void plan_finish(struct plan *plan);
/*
 * A relative path without "", "." or ".." parts or control bytes, that is
 * neither too long nor too deep nor MANIFEST.
 */
bool plan_path_ok(const char *path);

struct write_options {
	const char *out;		/* directory; need not exist */
	bool whole_fleet;		/* nodes that left the plan go too */
	bool dry_run;			/* --check: only count */
	bool durable;			/* force it to disk before the switch */
};

struct write_result {
	size_t written;			/* files new or changed */
	size_t removed;			/* files that left the plan */
	size_t equal;			/* files not touched */
};

/*
 * Make the output equal to the plan: all of it or nothing. A new tree is
 * built beside out (equal and foreign files are the same inodes in both) and
 * the two are exchanged with one renameat2(2). False: reported, and the
 * former tree stands whole.
 */
bool plan_write(const struct plan *plan, const struct write_options *options,
    struct arena *a, struct diag *d, struct write_result *result);

#endif
