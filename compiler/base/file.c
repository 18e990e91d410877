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
open_regular(const char *path, int *fd, struct stat *st)
{
	*fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	if (*fd < 0)
		return errno == ENOENT ? FILE_MISSING : FILE_UNREADABLE;
	if (fstat(*fd, st) < 0)
		return fail(*fd, FILE_UNREADABLE);
	if (!S_ISREG(st->st_mode))
		return fail(*fd, FILE_NOT_REGULAR);
	return FILE_OK;
}

FILE *
file_open(const char *path, enum file_error *why)
{
	struct stat st;
	FILE *f;
	int fd;

	*why = open_regular(path, &fd, &st);
	if (*why != FILE_OK)
		return NULL;
	f = fdopen(fd, "r");
	if (!f)
		*why = fail(fd, FILE_UNREADABLE);
	return f;
}

enum file_error
file_read(const char *path, size_t limit, struct buf *b)
{
	enum file_error why;
	struct stat st;
	ssize_t got;
	int fd;

	why = open_regular(path, &fd, &st);
	if (why != FILE_OK)
		return why;
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
