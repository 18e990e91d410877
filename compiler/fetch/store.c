/*
 * A snapshot is read by whoever compiles next, perhaps at this moment: the
 * new one appears by rename(2), after its bytes are on the disk.
 */
#include "fetch/store.h"

#include "base/die.h"
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct stored
stored_file(struct diag *d, const char *path, const char *file)
{
	return (struct stored){path, file,
		{.source = sources_add(d->sources, path, file)}};
}

static bool
failed(struct diag *d, const struct stored *to, const char *what)
{
	diag_add(d, FINDING_OUTPUT_WRITE, to->at, "%s: %s; the former file "
	    "stays as it is", what, strerror(errno));
	return false;
}

static bool
is_equal(const char *file, struct str bytes)
{
	struct buf old = BUF_INIT;
	bool equal = file_read(file, bytes.len + 1, &old) == FILE_OK &&
	    str_eq((struct str){old.s, old.len}, bytes);

	buf_release(&old);
	return equal;
}

static bool
write_all(int fd, struct str bytes)
{
	while (bytes.len) {
		ssize_t n = write(fd, bytes.s, bytes.len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		bytes.s += n;
		bytes.len -= (size_t)n;
	}
	return true;
}

/* The mode of the former file, or what umask leaves of 0666. */
static mode_t
mode_for(const char *file)
{
	struct stat st;
	mode_t mask;

	if (!stat(file, &st))
		return st.st_mode & 0777;
	mask = umask(0);
	umask(mask);
	return 0666 & ~mask;
}

/* The directories of a path, as far as they are missing. */
static bool
make_directories(struct arena *a, const char *file)
{
	char *path = arena_strdup(a, file);
	char *slash;

	for (slash = strchr(path + 1, '/'); slash;
	    slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0777) < 0 && errno != EEXIST)
			return false;
		*slash = '/';
	}
	return true;
}

static bool
sync_directory(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = fd >= 0 && (!fsync(fd) || errno == EINVAL);

	if (fd >= 0)
		close(fd);
	return ok;
}

/* Bytes into a new file of a mode; closed in any case. */
static bool
fill(int fd, struct str bytes, mode_t mode)
{
	bool ok = write_all(fd, bytes) && !fchmod(fd, mode) && !fsync(fd);
	int saved = errno;

	if (close(fd) < 0 && ok)
		return false;
	errno = saved;
	return ok;
}

static bool
replace(struct diag *d, const struct stored *to, const char *file,
    struct str bytes)
{
	const char *slash = strrchr(file, '/');
	const char *dir = !slash ? "." : slash == file ? "/" :
	    arena_strndup(d->arena, file, (size_t)(slash - file));
	char *name = arena_printf(d->arena, "%s/.%s.XXXXXX", dir,
	    slash ? slash + 1 : file);
	int fd = mkostemp(name, O_CLOEXEC);
	int saved;

	if (fd < 0)
		return failed(d, to, "cannot make a file beside it");
	if (!fill(fd, bytes, mode_for(file)) || rename(name, file) < 0) {
		saved = errno;
		unlink(name);
		errno = saved;
		return failed(d, to, "cannot be written");
	}
	return sync_directory(dir) || failed(d, to, "cannot be synced");
}

bool
stored_replace(struct diag *d, const struct stored *to, struct str bytes)
{
	char *real;
	bool ok;

	if (is_equal(to->file, bytes))
		return true;
	if (!make_directories(d->arena, to->file))
		return failed(d, to, "cannot make its directory");
	/* Where a link leads, so that it stays a link. */
	real = realpath(to->file, NULL);
	ok = replace(d, to, real ? real : to->file, bytes);
	free(real);
	return ok;
}

bool
brake_allows(struct diag *d, const struct brake_limit *limit,
    const struct stored *from, const char *things, size_t former,
    size_t gone)
{
	size_t percent = (size_t)limit->percent;
	size_t tenths;

	if (former < (size_t)limit->minimum || !former ||
	    gone * 100 <= percent * former)
		return true;
	/* Rounded up, so that what is over the limit never looks equal. */
	tenths = (gone * 1000 + former - 1) / former;
	diag_add(d, FINDING_LDAP_BRAKE, from->at,
	    "%zu of %zu %s (%zu.%zu %%) would vanish, and at most %zu %% may; "
	    "nothing was written; if that is right, use --max-vanish 100",
	    gone, former, things, tenths / 10, tenths % 10, percent);
	return false;
}
