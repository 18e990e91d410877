/*
 * One thread that only waits. It has a duplicate of the socket, so that the
 * library may close its own at any time.
 */
#include "fetch/watchdog.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

static struct timespec
from_now(int seconds)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += seconds;
	return t;
}

static bool
is_over(const struct timespec *until)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > until->tv_sec || (now.tv_sec == until->tv_sec &&
	    now.tv_nsec >= until->tv_nsec);
}

static void *
watch(void *arg)
{
	struct watchdog *w = arg;

	pthread_mutex_lock(&w->lock);
	while (!w->stop && !is_over(&w->until))
		pthread_cond_timedwait(&w->changed, &w->lock, &w->until);
	if (!w->stop) {
		w->barked = true;
		if (w->fd >= 0)
			shutdown(w->fd, SHUT_RDWR);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

bool
watchdog_start(struct watchdog *w, int seconds)
{
	pthread_condattr_t monotonic;

	*w = (struct watchdog){.fd = -1, .until = from_now(seconds)};
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&w->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	return !pthread_create(&w->thread, NULL, watch, w);
}

void
watchdog_watch(struct watchdog *w, int fd)
{
	pthread_mutex_lock(&w->lock);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	/* Too late is too late for a second attempt as well. */
	if (w->barked && w->fd >= 0)
		shutdown(w->fd, SHUT_RDWR);
	pthread_mutex_unlock(&w->lock);
}

void
watchdog_extend(struct watchdog *w, int seconds)
{
	pthread_mutex_lock(&w->lock);
	w->until = from_now(seconds);
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
}

bool
watchdog_barked(struct watchdog *w)
{
	bool barked;

	pthread_mutex_lock(&w->lock);
	barked = w->barked;
	pthread_mutex_unlock(&w->lock);
	return barked;
}

void
watchdog_stop(struct watchdog *w)
{
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->changed);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	if (w->fd >= 0)
		close(w->fd);
	pthread_cond_destroy(&w->changed);
	pthread_mutex_destroy(&w->lock);
}
