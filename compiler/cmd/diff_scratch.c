/*
 * A directory that goes with the process, however that ends: a second process
 * waits at a pipe that only this one holds open, and removes the directory
 * when it is closed. A handler of signals could not: removing a tree is
 * nothing that a handler may do, and for SIGKILL there is none.
 */
#include "cmd/diff.h"

#include "base/file.h"
#include "render/output.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The keeper: it outlives an interrupt at the keyboard, but nothing else. */
static void
keep(const char *path, int pipe)
{
	static const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM,
		SIGPIPE};
	sigset_t none;
	size_t i;
	ssize_t got;
	char c;

	for (i = 0; i < sizeof(ignored) / sizeof(*ignored); i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Who reads our output waits for its end. */
	for (i = 0; i < 3; i++)
		close((int)i);
	do
		got = read(pipe, &c, 1);
	while (got > 0 || (got < 0 && errno == EINTR));
	_exit(tree_remove(AT_FDCWD, path) == 0 ? 0 : 1);
}

static bool
start_keeper(struct scratch *s)
{
	int ends[2], saved;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return false;
	s->keeper = fork();
	if (s->keeper == 0) {
		close(ends[1]);
		keep(s->path, ends[0]);
	}
	saved = errno;
	close(ends[0]);
	s->held = ends[1];
	if (s->keeper < 0)
		close(ends[1]);
	errno = saved;
	return s->keeper > 0;
}

bool
scratch_make(struct scratch *s, struct arena *a)
{
	const char *tmp = getenv("TMPDIR");
	sigset_t all, before;
	bool made;
	int saved;

	s->path = file_join(a, tmp && *tmp ? tmp : "/tmp",
	    "mailc-base.XXXXXX");
	/* No signal may come between the directory and its keeper. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	made = mkdtemp(s->path) != NULL;
	if (made && !start_keeper(s)) {
		saved = errno;
		rmdir(s->path);
		errno = saved;
		made = false;
	}
	saved = errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	errno = saved;
	return made;
}

bool
scratch_remove(struct scratch *s)
{
	int status;

	close(s->held);
	while (waitpid(s->keeper, &status, 0) < 0)
		if (errno != EINTR)
			return false;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
