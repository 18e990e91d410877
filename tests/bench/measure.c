/*
 * measure COMMAND [ARGUMENT...]: run it without output and print
 * "MICROSECONDS KILOBYTES STATUS": wall clock, peak of resident memory.
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static long long
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000LL + t.tv_nsec / 1000;
}

int
main(int argc, char **argv)
{
	struct rusage usage;
	long long start;
	int status, null;
	pid_t pid;

	if (argc < 2)
		return 64;
	start = now();
	pid = fork();
	if (pid < 0)
		return 1;
	if (!pid) {
		null = open("/dev/null", O_RDWR);
		dup2(null, 1);
		dup2(null, 2);
		execvp(argv[1], argv + 1);
		_exit(127);
	}
	if (wait4(pid, &status, 0, &usage) != pid)
		return 1;
	printf("%lld %ld %d\n", now() - start, usage.ru_maxrss,
	    WIFEXITED(status) ? WEXITSTATUS(status) :
	    128 + WTERMSIG(status));
	return 0;
}
