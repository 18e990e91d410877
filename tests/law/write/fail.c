/*
 * Preloaded, this makes a system call fail. Of the calls that go through
 * here the FAIL_AT-th is meant; FAIL_HOW says what happens to it:
 *
 *   EIO     it alone fails
 *   ENOSPC  from it on the disk is full: nothing can be made or written
 *   KILL    the process dies in its place
 *   SHORT   from it on write(2) takes one byte at a time
 *   LATE    before it somebody else writes a file into the output
 *
 * FAIL_COUNT names a file to which the number of calls is written at exit.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static long calls, fail_at;
static const char *how = "";

__attribute__((constructor)) static void
start(void)
{
	const char *at = getenv("FAIL_AT");

	fail_at = at ? atol(at) : 0;
	if (getenv("FAIL_HOW"))
		how = getenv("FAIL_HOW");
}

__attribute__((destructor)) static void
end(void)
{
	const char *name = getenv("FAIL_COUNT");
	FILE *f = name ? fopen(name, "w") : NULL;

	if (f) {
		fprintf(f, "%ld\n", calls);
		fclose(f);
	}
}

/* By bare system calls: they are not counted. */
static void
write_late(void)
{
	long fd = syscall(SYS_openat, AT_FDCWD, "out/a.org/etc/late",
	    O_WRONLY | O_CREAT, 0644);

	if (fd >= 0 && syscall(SYS_write, fd, "late", 4) == 4)
		syscall(SYS_close, fd);
}

/* Whether this call fails; makes: it needs room on the disk. */
static bool
fails(bool makes)
{
	calls++;
	if (!fail_at || calls < fail_at)
		return false;
	if (calls == fail_at && !strcmp(how, "KILL"))
		kill(getpid(), SIGKILL);
	if (calls == fail_at && !strcmp(how, "LATE"))
		write_late();
	if (!strcmp(how, "EIO") && calls == fail_at) {
		errno = EIO;
		return true;
	}
	if (!strcmp(how, "ENOSPC") && makes) {
		errno = ENOSPC;
		return true;
	}
	return false;
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

#define CALL(type, name, makes, params, args) \
	type \
	name params \
	{ \
		static __typeof__(&name) next; \
		if (!next) \
			next = NEXT(name); \
		return fails(makes) ? -1 : next args; \
	}

CALL(int, mkdirat, true, (int d, const char *p, mode_t m), (d, p, m))
CALL(int, linkat, true, (int d, const char *p, int e, const char *q, int f),
    (d, p, e, q, f))
CALL(int, renameat, true, (int d, const char *p, int e, const char *q),
    (d, p, e, q))
CALL(int, renameat2, true,
    (int d, const char *p, int e, const char *q, unsigned f),
    (d, p, e, q, f))
CALL(int, unlinkat, false, (int d, const char *p, int f), (d, p, f))
CALL(int, fchmod, false, (int d, mode_t m), (d, m))
CALL(int, fchown, false, (int d, uid_t u, gid_t g), (d, u, g))
CALL(int, fstatat, false, (int d, const char *p, struct stat *s, int f),
    (d, p, s, f))
CALL(int, fstat, false, (int d, struct stat *s), (d, s))
CALL(int, fsync, true, (int d), (d))
CALL(int, syncfs, true, (int d), (d))
CALL(int, flock, false, (int d, int o), (d, o))
CALL(ssize_t, read, false, (int d, void *b, size_t n), (d, b, n))

/* What the others become where the compiler checks buffers. */
ssize_t __read_chk(int d, void *b, size_t n, size_t size);
int __openat_2(int d, const char *p, int f);
int __open_2(const char *p, int f);

ssize_t
__read_chk(int d, void *b, size_t n, size_t size)
{
	return n <= size ? read(d, b, n) : -1;
}

ssize_t
write(int d, const void *b, size_t n)
{
	if (fails(true))
		return -1;
	if (n && fail_at && calls >= fail_at && !strcmp(how, "SHORT"))
		n = 1;
	return NEXT(write)(d, b, n);
}

static int
open_at(int d, const char *p, int f, mode_t m)
{
	return fails(f & O_CREAT) ? -1 : NEXT(openat)(d, p, f, m);
}

int
openat(int d, const char *p, int f, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (f & O_CREAT) {
		va_start(ap, f);
		mode = (mode_t)va_arg(ap, int);
		va_end(ap);
	}
	return open_at(d, p, f, mode);
}

int
open(const char *p, int f, ...)
{
	mode_t mode = 0;
	va_list ap;

	if (f & O_CREAT) {
		va_start(ap, f);
		mode = (mode_t)va_arg(ap, int);
		va_end(ap);
	}
	return open_at(AT_FDCWD, p, f, mode);
}

int
__openat_2(int d, const char *p, int f)
{
	return open_at(d, p, f, 0);
}

int
__open_2(const char *p, int f)
{
	return open_at(AT_FDCWD, p, f, 0);
}
