/*
 * Private to output_switch(): the stage beside the output, in which the new
 * tree is built, and how the former one is walked.
 */
#ifndef RENDER_STAGE_H
#define RENDER_STAGE_H

#include "render/output.h"

#define STAGE_NEW "new"		/* the new tree in the stage */

struct stage {
	struct output *out;
	const struct node_state *only;	/* the one node that changes */
	int dir;			/* the stage */
	int standing;			/* where the former tree's name is */
	const char *name;
	int former;			/* the former tree, or -1 */
	int made;			/* the new tree */
	struct dirs from, to;		/* below them */
	struct buf path;		/* below them */
	unsigned depth;			/* of the directory being listed */
};

/* A path below the trees for a message. */
const char *stage_shown(const struct stage *s, const char *path);
/* Report the system call that failed for such a path; returns false. */
bool stage_fail(struct stage *s, const char *doing, const char *path);
/* Open a directory to list and change it, no link followed. */
int stage_open(int dir, const char *name);
/* Whether a directory is where another file system begins. */
bool stage_is_mount(int dir, const char *name);

/* Put all of the former tree that is not ours into the new one. */
bool stage_keep_foreign(struct stage *s);
/*
 * After the exchange: remove the former tree, which has the new one's name
 * now, and carry over what somebody put there meanwhile.
 */
void stage_remove_former(struct stage *s);

#endif
