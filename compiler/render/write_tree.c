/*
 * Walking and removing trees of which somebody else may change every part:
 * each step is taken from an open directory, and none through a link.
 */
#include "render/output.h"

#include "base/die.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* Deeper than any tree that output_switch() builds. */
enum { REMOVE_DEEPEST = DIRS_DEEPEST + 4 };

void
dirs_init(struct dirs *dirs, int root, int flags)
{
	dirs->root = root;
	dirs->flags = flags | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	dirs->n = 0;
	dirs->path = BUF_INIT;
}

static void
leave(struct dirs *dirs, size_t depth)
{
	while (dirs->n > depth)
		close(dirs->fd[--dirs->n]);
	dirs->path.len = depth ? dirs->end[depth - 1] : 0;
}

void
dirs_release(struct dirs *dirs)
{
	leave(dirs, 0);
	buf_release(&dirs->path);
}

/* How many of the open directories lead to path. */
static size_t
shared(const struct dirs *dirs, struct str path)
{
	size_t depth = 0, from = 0;

	while (depth < dirs->n) {
		size_t end = dirs->end[depth];

		if (end > path.len ||
		    memcmp(dirs->path.s + from, path.s + from, end - from) ||
		    (end < path.len && path.s[end] != '/'))
			break;
		from = end;
		depth++;
	}
	return depth;
}

/* errno as before the call that cleans up. */
static int
close_failed(int fd)
{
	int saved = errno;

	close(fd);
	errno = saved;
	return -1;
}

static int
make_one(int dir, const char *name, int flags)
{
	bool made = mkdirat(dir, name, 0700) == 0;
	int fd;

	if (!made && errno != EEXIST)
		return -1;
	fd = openat(dir, name, flags);
	if (fd >= 0 && made && fchmod(fd, 0755) < 0)
		return close_failed(fd);
	return fd;
}

static int
go(struct dirs *dirs, struct str path, bool make)
{
	size_t depth = shared(dirs, path);
	size_t pos;

	leave(dirs, depth);
	pos = depth ? dirs->end[depth - 1] + 1 : 0;
	while (pos < path.len) {
		struct str rest = {path.s + pos, path.len - pos};
		size_t len = str_find(rest, '/');
		int above = dirs->n ? dirs->fd[dirs->n - 1] : dirs->root;
		size_t before = dirs->path.len;
		const char *name;
		int fd;

		if (dirs->n == DIRS_DEEPEST) {
			errno = ENAMETOOLONG;
			return -1;
		}
		if (before)
			buf_addch(&dirs->path, '/');
		buf_add(&dirs->path, rest.s, len);
		name = dirs->path.s + pos;
		fd = make ? make_one(above, name, dirs->flags) :
		    openat(above, name, dirs->flags);
		if (fd < 0) {
			dirs->path.len = before;
			if (errno == ELOOP)
				errno = ENOTDIR;
			return -1;
		}
		dirs->end[dirs->n] = dirs->path.len;
		dirs->fd[dirs->n++] = fd;
		pos += len + 1;
	}
	return dirs->n ? dirs->fd[dirs->n - 1] : dirs->root;
}

int
dirs_open(struct dirs *dirs, struct str path)
{
	return go(dirs, path, false);
}

int
dirs_make(struct dirs *dirs, struct str path)
{
	return go(dirs, path, true);
}

struct str
path_dir(const char *path)
{
	const char *slash = strrchr(path, '/');

	return (struct str){path, slash ? (size_t)(slash - path) : 0};
}

const char *
path_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int remove_below(int dir, const char *name, unsigned depth);

/* A directory that forbids it is made writable: it is going anyway. */
static int
remove_entry(int dir, const char *name, bool is_dir, unsigned depth)
{
	int flags = is_dir ? AT_REMOVEDIR : 0;

	if (is_dir && remove_below(dir, name, depth) < 0)
		return -1;
	if (unlinkat(dir, name, flags) == 0)
		return 0;
	if (errno != EACCES || fchmod(dir, 0700) < 0)
		return -1;
	return unlinkat(dir, name, flags);
}

static bool
entry_is_dir(int dir, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISDIR(st.st_mode);
}

static int
remove_entries(DIR *d, unsigned depth)
{
	struct dirent *entry;

	for (;;) {
		errno = 0;
		entry = readdir(d);
		if (!entry)
			return errno ? -1 : 0;
		if (!strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, ".."))
			continue;
		if (remove_entry(dirfd(d), entry->d_name,
		    entry_is_dir(dirfd(d), entry), depth + 1) < 0)
			return -1;
	}
}

static int
remove_below(int dir, const char *name, unsigned depth)
{
	int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int fd, result, saved;
	DIR *d;

	if (depth == REMOVE_DEEPEST) {
		errno = ENAMETOOLONG;
		return -1;
	}
	fd = openat(dir, name, flags);
	if (fd < 0 && errno == EACCES && fchmodat(dir, name, 0700, 0) == 0)
		fd = openat(dir, name, flags);
	if (fd < 0)
		return -1;
	d = fdopendir(fd);
	if (!d)
		return close_failed(fd);
	result = remove_entries(d, depth);
	saved = errno;
	closedir(d);
	errno = saved;
	return result;
}

int
tree_remove(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode))
		return unlinkat(dir, name, 0);
	if (remove_below(dir, name, 0) < 0)
		return -1;
	return unlinkat(dir, name, AT_REMOVEDIR);
}
