/* A plan from files: what compile wrote, or what a foreign host reads. */
#ifndef RENDER_PLAN_READ_H
#define RENDER_PLAN_READ_H

#include "render/plan.h"

/*
 * Both add to a plan, from the arena, what they find; each file's .at is the
 * file as a whole and its MANIFEST stands last, where there is one. No link is
 * followed out of the tree. False: a file cannot be read, and is left out
 * (reported).
 */

struct plan_tree {
	const char *dir;		/* has one named fqdn a node; may not exist */
	const char *node;		/* only this one; NULL: all */
	/*
	 * What is compared with it, or NULL. Then only files that a MANIFEST
	 * or this plan names are read; else every file of a directory without
	 * a MANIFEST is, but for names with a dot in front.
	 */
	const struct plan *beside;
};

bool plan_read_tree(struct plan *plan, const struct plan_tree *tree,
    struct arena *a, struct diag *d);

/*
 * One node of a name from ROOT/etc/{postfix,rspamd,postsrsd,dovecot} and files
 * beside them, or from a ROOT that holds main.cf itself. Keys below
 * etc/dovecot/private and databases that postmap(1) made are left out.
 */
bool plan_read_host(struct plan *plan, const char *root, const char *name,
    struct arena *a, struct diag *d);

#endif
