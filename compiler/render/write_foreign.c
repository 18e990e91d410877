/*
 * What is not ours: every name of the former tree that is neither planned
 * nor going stands in the new one, as the same file. What turns up while the
 * new tree is built is carried over before the former one goes.
 */
#include "render/stage.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/xattr.h>
#include <unistd.h>

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
		stage_fail(s, "list", s->path.s);
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
		stage_fail(s, "list", s->path.s);
		all = ENTRY_FAILED;
	}
	closedir(d);
	s->depth--;
	if (all == ENTRY_FAILED)
		return all;
	return dropped && !kept ? ENTRY_DROPPED : ENTRY_KEPT;
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

	if (stage_is_mount(dir, name)) {
		diag_add(s->out->diag, FINDING_OUTPUT_WRITE, s->out->at,
		    "another file system is mounted on '%s', and cannot be "
		    "replaced; unmount it", stage_shown(s, s->path.s));
		return ENTRY_FAILED;
	}
	fd = stage_open(dir, name);
	same = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (same < 0) {
		stage_fail(s, "open", s->path.s);
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
			stage_fail(s, "make", s->path.s);
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
	stage_fail(s, "keep", s->path.s);
	return ENTRY_FAILED;
}

bool
stage_keep_foreign(struct stage *s)
{
	int fd;

	if (s->former < 0)
		return true;
	buf_clear(&s->path);
	fd = stage_open(s->former, ".");
	if (fd < 0)
		return stage_fail(s, "open", "");
	if (each_entry(s, fd, keep_entry) == ENTRY_FAILED)
		return false;
	return copy_directory(s->former, s->made) || stage_fail(s, "make", "");
}

static entry_fn carry_entry;

/*
 * Empty the former tree: a foreign name whose file is not the one that the
 * new tree has was put there after it was copied, and is carried over.
 */
static enum entry
carry_directory(struct stage *s, int dir, const char *name)
{
	int fd = stage_open(dir, name);

	if (fd < 0 && errno == EACCES && fchmodat(dir, name, 0700, 0) == 0)
		fd = stage_open(dir, name);
	if (fd < 0) {
		stage_fail(s, "remove the former", s->path.s);
		return ENTRY_FAILED;
	}
	if (each_entry(s, fd, carry_entry) == ENTRY_FAILED)
		return ENTRY_FAILED;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0 ||
	    (errno == EACCES && fchmod(dir, 0700) == 0 &&
	    unlinkat(dir, name, AT_REMOVEDIR) == 0))
		return ENTRY_DROPPED;
	stage_fail(s, "remove the former", s->path.s);
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
		stage_fail(s, "remove the former", s->path.s);
		return ENTRY_FAILED;
	}
	to = dirs_make(&s->to, path_dir(s->path.s));
	if (to >= 0 && renameat(dir, name, to, name) == 0)
		return ENTRY_DROPPED;
	stage_fail(s, "carry over", s->path.s);
	return ENTRY_FAILED;
}

void
stage_remove_former(struct stage *s)
{
	int fd;

	if (s->former < 0)
		return;
	dirs_release(&s->to);
	dirs_init(&s->to, s->made, O_RDONLY);
	buf_clear(&s->path);
	fd = stage_open(s->former, ".");
	if (fd < 0)
		stage_fail(s, "remove the former", "");
	else if (each_entry(s, fd, carry_entry) != ENTRY_FAILED &&
	    unlinkat(s->dir, STAGE_NEW, AT_REMOVEDIR) < 0)
		stage_fail(s, "remove the former", "");
}
