/*
 * Reading files that may be anything: a directory, a FIFO, a link to
 * nowhere, a device, something far too large.
 */
#ifndef BASE_FILE_H
#define BASE_FILE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stdio.h>

struct arena;

enum file_error {
	FILE_OK,
	FILE_MISSING,		/* no such file; for Hiera not a mistake */
	FILE_NOT_REGULAR,	/* a directory, a FIFO, a device */
	FILE_TOO_LARGE,
	FILE_UNREADABLE,	/* errno says why */
};

/* Open a regular file for reading without ever blocking; NULL: *why. */
FILE *file_open(const char *path, enum file_error *why);
/* The whole of path into b, at most limit bytes. */
enum file_error file_read(const char *path, size_t limit, struct buf *b);
/* The same of an open file, which is closed; *mode: permission bits, or NULL. */
enum file_error file_read_fd(int fd, size_t limit, struct buf *b,
    unsigned *mode);
/*
 * What to say of "the file": "is not a regular file", "cannot be read:
 * Permission denied" (by errno). It stands until the next call.
 */
const char *file_error_text(enum file_error why);

/*
 * The names in a directory in byte order without "." and "..", as an array
 * from the arena that ends in NULL; NULL where it cannot be read (errno).
 */
char **file_list(struct arena *a, const char *dir);

/* dir + "/" + name from the arena; name alone where dir is "." or empty. */
char *file_join(struct arena *a, const char *dir, const char *name);

#endif
