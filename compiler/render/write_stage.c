/*
 * The new tree is built beside the output out of links to what stays (equal
 * artifacts and everything foreign) and of new files, and exchanged for the
 * former one in a single step. Where only one node changes, only its
 * directory is built and exchanged.
 */
#include "render/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *
stage_shown(const struct stage *s, const char *path)
{
	if (s->only)
		return output_path(s->out, s->only->name, path);
	return output_path(s->out, path, "");
}

bool
stage_fail(struct stage *s, const char *doing, const char *path)
{
	return output_fail(s->out, doing, stage_shown(s, path));
}

int
stage_open(int dir, const char *name)
{
	return openat(dir, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

bool
stage_is_mount(int dir, const char *name)
{
	struct statx st;

	return statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, 0,
	    &st) == 0 && (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

static bool
write_all(int fd, const struct buf *b)
{
	size_t done = 0;

	while (done < b->len) {
		ssize_t n = write(fd, b->s + done, b->len - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = ENOSPC;
		if (n <= 0)
			return false;
		done += (size_t)n;
	}
	return true;
}

/* Readable by others only when all of it is there and the mode says so. */
static bool
write_file(struct stage *s, int dir, const struct planned_file *file)
{
	int fd = openat(dir, path_name(file->path),
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool ok;

	if (fd < 0)
		return stage_fail(s, "create", s->path.s);
	ok = write_all(fd, &file->content) && fchmod(fd, file->mode) == 0;
	if (!ok)
		stage_fail(s, "write", s->path.s);
	if (close(fd) < 0 && ok)
		return stage_fail(s, "write", s->path.s);
	return ok;
}

/* Set .path to the path of a node's file below the trees. */
static void
set_path(struct stage *s, const char *node, const char *path)
{
	buf_clear(&s->path);
	if (!s->only) {
		buf_addstr(&s->path, node);
		buf_addch(&s->path, '/');
	}
	buf_addstr(&s->path, path);
}

static bool
put_file(struct stage *s, const struct node_state *node, size_t i)
{
	const struct planned_file *file = &node->plan->file[i];
	const char *name = path_name(file->path);
	int from, to;

	set_path(s, node->name, file->path);
	to = dirs_make(&s->to, path_dir(s->path.s));
	if (to < 0)
		return stage_fail(s, "make the directory of", s->path.s);
	if (!node->equal[i])
		return write_file(s, to, file);
	from = dirs_open(&s->from, path_dir(s->path.s));
	if (from < 0 || linkat(from, name, to, name, 0) < 0)
		return stage_fail(s, "keep", s->path.s);
	return true;
}

static bool
put_planned(struct stage *s)
{
	size_t i, j;

	for (i = 0; i < s->out->n; i++) {
		const struct node_state *node = &s->out->node[i];

		if (s->only && s->only != node)
			continue;
		for (j = 0; node->plan && j < node->plan->n; j++)
			if (!put_file(s, node, j))
				return false;
	}
	return true;
}

/* Whether the process stands in a directory that would be replaced. */
static bool
stands_inside(const struct stage *s)
{
	char *here = getcwd(NULL, 0);
	const char *root = s->only ? arena_printf(s->out->arena, "%s/%s",
	    s->out->real, s->only->name) : s->out->real;
	size_t len = strlen(root);
	bool inside = here && !strncmp(here, root, len) &&
	    (!here[len] || here[len] == '/');

	free(here);
	if (inside)
		diag_add(s->out->diag, FINDING_OUTPUT_WRITE, s->out->at,
		    "the working directory is inside '%s', which is replaced "
		    "as a whole; run mailc from elsewhere", stage_shown(s, ""));
	return inside;
}

/* The one step: nothing is changed before it, all of it afterwards. */
static bool
exchange(struct stage *s)
{
	bool empty = s->only && s->only->goes &&
	    unlinkat(s->dir, STAGE_NEW, AT_REMOVEDIR) == 0;
	int result;

	if (s->only && s->only->goes && !empty && errno != ENOTEMPTY)
		return stage_fail(s, "replace", "");
	if (s->out->options->durable && syncfs(s->dir) < 0)
		return stage_fail(s, "force to disk", "");
	if (empty)
		result = renameat2(s->standing, s->name, s->dir, STAGE_NEW,
		    RENAME_NOREPLACE);
	else
		result = renameat2(s->dir, STAGE_NEW, s->standing, s->name,
		    s->former < 0 ? RENAME_NOREPLACE : RENAME_EXCHANGE);
	if (result < 0 && (errno == EINVAL || errno == ENOSYS)) {
		diag_add(s->out->diag, FINDING_OUTPUT_WRITE, s->out->at,
		    "the file system of '%s' cannot exchange two directories; "
		    "write to another one", s->out->options->out);
		return false;
	}
	if (result < 0)
		return stage_fail(s, "replace", "");
	/* The new tree stands now, whatever comes. */
	if (s->out->options->durable &&
	    (fsync(s->standing) < 0 || fsync(s->dir) < 0))
		stage_fail(s, "force to disk", "");
	return true;
}

static bool
open_trees(struct stage *s)
{
	struct output *out = s->out;

	if (s->only && s->only->exists) {
		s->former = stage_open(out->fd, s->only->name);
		if (s->former < 0)
			return stage_fail(s, "open", "");
	} else if (!s->only && out->fd >= 0) {
		s->former = fcntl(out->fd, F_DUPFD_CLOEXEC, 0);
		if (s->former < 0)
			return stage_fail(s, "open", "");
	}
	if (mkdirat(s->dir, STAGE_NEW, 0700) < 0)
		return stage_fail(s, "make", "");
	s->made = stage_open(s->dir, STAGE_NEW);
	if (s->made < 0 || (s->former < 0 && fchmod(s->made, 0755) < 0))
		return stage_fail(s, "make", "");
	dirs_init(&s->from, s->former, O_PATH);
	dirs_init(&s->to, s->made, O_RDONLY);
	return true;
}

static bool
build_and_exchange(struct stage *s)
{
	bool ok;

	if (s->former >= 0 && stage_is_mount(s->standing, s->name)) {
		diag_add(s->out->diag, FINDING_OUTPUT_WRITE, s->out->at,
		    "'%s' is a mount point, which cannot be replaced; write "
		    "to a directory below it", stage_shown(s, ""));
		return false;
	}
	if (stands_inside(s))
		return false;
	ok = put_planned(s) && stage_keep_foreign(s) && exchange(s);
	if (ok)
		stage_remove_former(s);
	return ok;
}

static void
close_trees(struct stage *s)
{
	dirs_release(&s->from);
	dirs_release(&s->to);
	if (s->former >= 0)
		close(s->former);
	if (s->made >= 0)
		close(s->made);
}

/* The node that changes if it is the only one and its output stands. */
static const struct node_state *
only_changed(const struct output *out)
{
	const struct node_state *only = NULL;
	size_t i;

	for (i = 0; out->fd >= 0 && i < out->n; i++) {
		if (!out->node[i].changed)
			continue;
		if (only)
			return NULL;
		only = &out->node[i];
	}
	return only;
}

bool
output_switch(struct output *out)
{
	const char *name = output_stage_name(out);
	struct stage s = {.out = out, .only = only_changed(out),
	    .former = -1, .made = -1, .path = BUF_INIT};
	size_t mark = diag_mark(out->diag);
	bool ok;

	s.standing = s.only ? out->fd : out->parent;
	s.name = s.only ? s.only->name : out->name;
	if (mkdirat(out->parent, name, 0700) < 0)
		return output_fail(out, "make the directory beside",
		    out->options->out);
	s.dir = stage_open(out->parent, name);
	ok = s.dir >= 0 || output_fail(out, "open the directory beside",
	    out->options->out);
	ok = ok && open_trees(&s) && build_and_exchange(&s);
	close_trees(&s);
	buf_release(&s.path);
	if (s.dir >= 0)
		close(s.dir);
	/* What could not be carried over stays until somebody looks. */
	if (ok && diag_mark(out->diag) != mark)
		return true;
	if (tree_remove(out->parent, name) < 0)
		output_fail(out, "remove the directory beside",
		    out->options->out);
	return ok;
}
