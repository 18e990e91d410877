/*
 * The new tree is built beside the output out of links to what stays (equal
 * artifacts and everything foreign) and of new files, and exchanged for the
 * former one in a single step. Where only one node changes, only its
 * directory is built and exchanged. A foreign file that turns up in the
 * former tree while this goes on is carried over before that tree goes.
 */
#include "render/output.h"

#include "base/die.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NEW "new"	/* the tree within the stage */

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
static const char *
shown(const struct stage *s, const char *path)
{
	if (s->only)
		return output_path(s->out, s->only->name, path);
	return output_path(s->out, path, "");
}

static bool
fail(struct stage *s, const char *doing, const char *path)
{
	return output_fail(s->out, doing, shown(s, path));
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
		return fail(s, "create", s->path.s);
	ok = write_all(fd, &file->content) && fchmod(fd, file->mode) == 0;
	if (!ok)
		fail(s, "write", s->path.s);
	if (close(fd) < 0 && ok)
		return fail(s, "write", s->path.s);
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
		return fail(s, "make the directory of", s->path.s);
	if (!node->equal[i])
		return write_file(s, to, file);
	from = dirs_open(&s->from, path_dir(s->path.s));
	if (from < 0 || linkat(from, name, to, name, 0) < 0)
		return fail(s, "keep", s->path.s);
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

/* Access lists; other attributes follow from where a directory is. */
static bool
copy_acl(int from, int to)
{
	static const char *const acl[] = {
		"system.posix_acl_access", "system.posix_acl_default"
	};
	char value[4096];
	size_t i;

	if (flistxattr(from, NULL, 0) <= 0)
		return true;
	for (i = 0; i < 2; i++) {
		ssize_t len = fgetxattr(from, acl[i], value, sizeof(value));

		if (len >= 0 && fsetxattr(to, acl[i], value, (size_t)len,
		    0) < 0)
			return false;
		if (len < 0 && errno != ENODATA && errno != ENOTSUP)
			return false;
	}
	return true;
}

static bool
copy_directory(int from, int to)
{
	struct stat was, is;

	if (fstat(from, &was) < 0 || fstat(to, &is) < 0)
		return false;
	if ((was.st_uid != is.st_uid || was.st_gid != is.st_gid) &&
	    fchown(to, was.st_uid, was.st_gid) < 0)
		return false;
	if (!copy_acl(from, to))
		return false;
	return (was.st_mode & 07777) == (is.st_mode & 07777) ||
	    fchmod(to, was.st_mode & 07777) == 0;
}

/* The node that a path below the trees is of, and its path there. */
static const struct node_state *
node_of(const struct stage *s, const char *path, const char **inside)
{
	const char *slash = strchr(path, '/');
	size_t len = slash ? (size_t)(slash - path) : strlen(path);
	size_t low = 0, high = s->out->n;

	*inside = path;
	if (s->only)
		return s->only;
	*inside = slash ? slash + 1 : "";
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const char *name = s->out->node[middle].name;
		int order = strncmp(path, name, len);

		if (!order && name[len])
			order = -1;
		if (!order)
			return &s->out->node[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* Whether a path of the former tree is an artifact, planned or going. */
static bool
is_ours(const struct stage *s, const char *path)
{
	const char *inside;
	const struct node_state *node = node_of(s, path, &inside);

	return node && *inside && node_knows(node, inside);
}

static bool
is_mount(int dir, const char *name)
{
	struct statx st;

	return statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT |
	    (*name ? 0 : AT_EMPTY_PATH), 0, &st) == 0 &&
	    (st.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

enum entry {
	ENTRY_FAILED,		/* reported */
	ENTRY_KEPT,
	ENTRY_DROPPED,		/* something in it goes, and nothing stays */
};

/* What to do with each name of a directory of the former tree. */
typedef enum entry entry_fn(struct stage *s, int dir, const char *name,
    bool is_dir);

/* Call for each entry, with .path set to its path. */
static enum entry
each_entry(struct stage *s, int fd, entry_fn *act)
{
	size_t base = s->path.len;
	enum entry all = ENTRY_KEPT;
	bool kept = false, dropped = false;
	struct dirent *entry;
	DIR *d = s->depth < DIRS_DEEPEST ? fdopendir(fd) : NULL;

	if (!d) {
		if (s->depth == DIRS_DEEPEST)
			errno = ENAMETOOLONG;
		fail(s, "list", s->path.s);
		close(fd);
		return ENTRY_FAILED;
	}
	s->depth++;
	while (errno = 0, all != ENTRY_FAILED && (entry = readdir(d))) {
		bool is_dir = entry->d_type == DT_DIR;
		struct stat st;

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (entry->d_type == DT_UNKNOWN)
			is_dir = fstatat(dirfd(d), entry->d_name, &st,
			    AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode);
		if (base)
			buf_addch(&s->path, '/');
		buf_addstr(&s->path, entry->d_name);
		all = act(s, dirfd(d), entry->d_name, is_dir);
		kept |= all == ENTRY_KEPT;
		dropped |= all == ENTRY_DROPPED;
		s->path.len = base;
		s->path.s[base] = '\0';
	}
	if (all != ENTRY_FAILED && errno) {
		fail(s, "list", s->path.s);
		all = ENTRY_FAILED;
	}
	closedir(d);
	s->depth--;
	if (all == ENTRY_FAILED)
		return all;
	return dropped && !kept ? ENTRY_DROPPED : ENTRY_KEPT;
}

static int
open_entry(int dir, const char *name)
{
	return openat(dir, name,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static entry_fn keep_entry;

/*
 * A directory of the former tree stands in the new one if anything in it
 * does, or if nothing of ours ever stood there.
 */
static enum entry
keep_directory(struct stage *s, int dir, const char *name)
{
	struct str path;
	enum entry inside;
	bool goes = false;
	int fd, to, same;

	if (is_mount(dir, name)) {
		diag_add(s->out->diag, FINDING_OUTPUT_WRITE, s->out->at,
		    "another file system is mounted on '%s', and cannot be "
		    "replaced; unmount it", shown(s, s->path.s));
		return ENTRY_FAILED;
	}
	fd = open_entry(dir, name);
	same = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (same < 0) {
		fail(s, "open", s->path.s);
		if (fd >= 0)
			close(fd);
		return ENTRY_FAILED;
	}
	inside = each_entry(s, fd, keep_entry);
	path = (struct str){s->path.s, s->path.len};
	to = inside == ENTRY_FAILED ? -1 : dirs_open(&s->to, path);
	if (to < 0 && inside == ENTRY_KEPT && errno == ENOENT)
		to = dirs_make(&s->to, path);
	else if (to < 0 && inside == ENTRY_DROPPED && errno == ENOENT)
		goes = true;
	if (inside != ENTRY_FAILED && !goes) {
		inside = ENTRY_KEPT;
		if (to < 0 || !copy_directory(same, to)) {
			fail(s, "make", s->path.s);
			inside = ENTRY_FAILED;
		}
	}
	close(same);
	return inside;
}

static enum entry
keep_entry(struct stage *s, int dir, const char *name, bool is_dir)
{
	int to;

	if (is_dir)
		return keep_directory(s, dir, name);
	if (is_ours(s, s->path.s))
		return ENTRY_DROPPED;
	to = dirs_make(&s->to, path_dir(s->path.s));
	if (to >= 0 && linkat(dir, name, to, name, 0) == 0)
		return ENTRY_KEPT;
	fail(s, "keep", s->path.s);
	return ENTRY_FAILED;
}

/* All of the former tree that is not ours. */
static bool
put_foreign(struct stage *s)
{
	int fd;

	if (s->former < 0)
		return true;
	buf_clear(&s->path);
	fd = open_entry(s->former, ".");
	if (fd < 0)
		return fail(s, "open", "");
	if (each_entry(s, fd, keep_entry) == ENTRY_FAILED)
		return false;
	return copy_directory(s->former, s->made) || fail(s, "make", "");
}

static entry_fn carry_entry;

/*
 * Empty the former tree: a foreign name whose file is not the one that the
 * new tree has was put there after it was copied, and is carried over.
 */
static enum entry
carry_directory(struct stage *s, int dir, const char *name)
{
	int fd = open_entry(dir, name);

	if (fd < 0 && errno == EACCES && fchmodat(dir, name, 0700, 0) == 0)
		fd = open_entry(dir, name);
	if (fd < 0) {
		fail(s, "remove the former", s->path.s);
		return ENTRY_FAILED;
	}
	if (each_entry(s, fd, carry_entry) == ENTRY_FAILED)
		return ENTRY_FAILED;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 ||
	    (errno == EACCES && fchmod(dir, 0700) == 0 &&
	    unlinkat(dir, name, AT_REMOVEDIR) == 0))
		return ENTRY_DROPPED;
	fail(s, "remove the former", s->path.s);
	return ENTRY_FAILED;
}

static bool
is_in_new(struct stage *s, int dir, const char *name, int *to)
{
	struct stat was, is;

	*to = dirs_open(&s->to, path_dir(s->path.s));
	return *to >= 0 &&
	    fstatat(dir, name, &was, AT_SYMLINK_NOFOLLOW) == 0 &&
	    fstatat(*to, name, &is, AT_SYMLINK_NOFOLLOW) == 0 &&
	    was.st_ino == is.st_ino && was.st_dev == is.st_dev;
}

static enum entry
carry_entry(struct stage *s, int dir, const char *name, bool is_dir)
{
	int to;

	if (is_dir)
		return carry_directory(s, dir, name);
	if (is_ours(s, s->path.s) || is_in_new(s, dir, name, &to)) {
		if (unlinkat(dir, name, 0) == 0 ||
		    (errno == EACCES && fchmod(dir, 0700) == 0 &&
		    unlinkat(dir, name, 0) == 0))
			return ENTRY_DROPPED;
		fail(s, "remove the former", s->path.s);
		return ENTRY_FAILED;
	}
	to = dirs_make(&s->to, path_dir(s->path.s));
	if (to >= 0 && renameat(dir, name, to, name) == 0)
		return ENTRY_DROPPED;
	fail(s, "carry over", s->path.s);
	return ENTRY_FAILED;
}

/* After the exchange the former tree has the new one's name in the stage. */
static void
remove_former(struct stage *s)
{
	int fd;

	if (s->former < 0)
		return;
	dirs_release(&s->to);
	dirs_init(&s->to, s->made, O_RDONLY);
	buf_clear(&s->path);
	fd = open_entry(s->former, ".");
	if (fd < 0)
		fail(s, "remove the former", "");
	else if (each_entry(s, fd, carry_entry) != ENTRY_FAILED &&
	    unlinkat(s->dir, NEW, AT_REMOVEDIR) < 0)
		fail(s, "remove the former", "");
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
		    "as a whole; run mailc from elsewhere", shown(s, ""));
	return inside;
}

/* The one step: nothing is changed before it, all of it afterwards. */
static bool
exchange(struct stage *s)
{
	bool empty = s->only && s->only->goes &&
	    unlinkat(s->dir, NEW, AT_REMOVEDIR) == 0;
	int result;

	if (s->only && s->only->goes && !empty && errno != ENOTEMPTY)
		return fail(s, "replace", "");
	if (s->out->options->durable && syncfs(s->dir) < 0)
		return fail(s, "force to disk", "");
	if (empty)
		result = renameat2(s->standing, s->name, s->dir, NEW,
		    RENAME_NOREPLACE);
	else
		result = renameat2(s->dir, NEW, s->standing, s->name,
		    s->former < 0 ? RENAME_NOREPLACE : RENAME_EXCHANGE);
	if (result < 0 && (errno == EINVAL || errno == ENOSYS)) {
		diag_add(s->out->diag, FINDING_OUTPUT_WRITE, s->out->at,
		    "the file system of '%s' cannot exchange two directories; "
		    "write to another one", s->out->options->out);
		return false;
	}
	if (result < 0)
		return fail(s, "replace", "");
	/* The new tree stands now, whatever comes. */
	if (s->out->options->durable &&
	    (fsync(s->standing) < 0 || fsync(s->dir) < 0))
		fail(s, "force to disk", "");
	return true;
}

static bool
open_trees(struct stage *s)
{
	struct output *out = s->out;

	if (s->only && s->only->exists) {
		s->former = open_entry(out->fd, s->only->name);
		if (s->former < 0)
			return fail(s, "open", "");
	} else if (!s->only && out->fd >= 0) {
		s->former = fcntl(out->fd, F_DUPFD_CLOEXEC, 0);
		if (s->former < 0)
			return fail(s, "open", "");
	}
	if (mkdirat(s->dir, NEW, 0700) < 0)
		return fail(s, "make", "");
	s->made = open_entry(s->dir, NEW);
	if (s->made < 0 || (s->former < 0 && fchmod(s->made, 0755) < 0))
		return fail(s, "make", "");
	dirs_init(&s->from, s->former, O_PATH);
	dirs_init(&s->to, s->made, O_RDONLY);
	return true;
}

static bool
build_and_exchange(struct stage *s)
{
	bool ok;

	if (s->former >= 0 && is_mount(s->standing, s->name)) {
		diag_add(s->out->diag, FINDING_OUTPUT_WRITE, s->out->at,
		    "'%s' is a mount point, which cannot be replaced; write "
		    "to a directory below it", shown(s, ""));
		return false;
	}
	if (stands_inside(s))
		return false;
	ok = put_planned(s) && put_foreign(s) && exchange(s);
	if (ok)
		remove_former(s);
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
	s.dir = open_entry(out->parent, name);
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
