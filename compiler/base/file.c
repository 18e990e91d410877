#include "base/file.h"

#include "base/arena.h"
#include "base/die.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum file_error
fail(int fd, enum file_error why)
{
	int saved = errno;

	if (fd >= 0)
		close(fd);
	errno = saved;
	return why;
}

/* O_NONBLOCK: opening a FIFO must not wait for a writer. */
static enum file_error
open_any(const char *path, int *fd)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd >= 0)
		return FILE_OK;
	return errno == ENOENT ? FILE_MISSING : FILE_UNREADABLE;
}

/* What is no regular file is closed. */
static enum file_error
only_regular(int fd, struct stat *st)
{
	if (fstat(fd, st) < 0)
		return fail(fd, FILE_UNREADABLE);
	return S_ISREG(st->st_mode) ? FILE_OK : fail(fd, FILE_NOT_REGULAR);
}

FILE *
file_open(const char *path, enum file_error *why)
{
	struct stat st;
	FILE *f;
	int fd;

	*why = open_any(path, &fd);
	if (*why == FILE_OK)
		*why = only_regular(fd, &st);
	if (*why != FILE_OK)
		return NULL;
	f = fdopen(fd, "r");
	if (!f)
		*why = fail(fd, FILE_UNREADABLE);
	return f;
}

enum file_error
file_read_fd(int fd, size_t limit, struct buf *b, unsigned *mode)
{
	enum file_error why;
	struct stat st;
	ssize_t got;

	why = only_regular(fd, &st);
	if (why != FILE_OK)
		return why;
	if (mode)
		*mode = st.st_mode & 07777;
	if ((size_t)st.st_size > limit)
		return fail(fd, FILE_TOO_LARGE);
	buf_grow(b, (size_t)st.st_size + 1);
	do {
		buf_grow(b, 4096);
		got = read(fd, b->s + b->len, b->cap - b->len - 1);
		if (got < 0 && errno != EINTR)
			return fail(fd, FILE_UNREADABLE);
		if (got > 0)
			b->len += (size_t)got;
		if (b->len > limit)
			return fail(fd, FILE_TOO_LARGE);
	} while (got != 0);
	b->s[b->len] = '\0';
	close(fd);
	return FILE_OK;
}

enum file_error
file_read(const char *path, size_t limit, struct buf *b)
{
	enum file_error why;
	int fd;

	why = open_any(path, &fd);
	return why == FILE_OK ? file_read_fd(fd, limit, b, NULL) : why;
}

const char *
file_error_text(enum file_error why)
{
	static char text[128];

	switch (why) {
	case FILE_OK:
		return "is fine";
	case FILE_MISSING:
		return "does not exist";
	case FILE_NOT_REGULAR:
		return "is not a regular file";
	case FILE_TOO_LARGE:
		return "is too large";
	case FILE_UNREADABLE:
		snprintf(text, sizeof(text), "cannot be read: %s",
		    strerror(errno));
		return text;
	}
	BUG("unknown file error");
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

char **
file_list(struct arena *a, const char *dir)
{
	struct dirent *entry;
	char **name = NULL, **result;
	size_t n = 0, cap = 0;
	DIR *d = opendir(dir);

	if (!d)
		return NULL;
	while ((entry = readdir(d))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (n == cap) {
			cap = cap ? cap * 2 : 16;
			name = xrealloc(name, mul_or_die(cap, sizeof(*name)));
		}
		name[n++] = arena_strdup(a, entry->d_name);
	}
	closedir(d);
	result = ARENA_ARRAY(a, char *, n + 1);
	if (n) {
		memcpy(result, name, n * sizeof(*name));
		qsort(result, n, sizeof(*result), by_name);
	}
	free(name);
	return result;
}

char *
file_join(struct arena *a, const char *dir, const char *name)
{
	size_t len = strlen(dir);

	if (!len || !strcmp(dir, ".") || name[0] == '/')
		return arena_strdup(a, name);
	if (dir[len - 1] == '/')
		return arena_printf(a, "%s%s", dir, name);
	return arena_printf(a, "%s/%s", dir, name);
}
