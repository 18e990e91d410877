/*
 * A time limit on a connection that no library can overlook: when it is
 * over, both directions of the socket are shut down, and whatever waits for
 * the peer, a TLS handshake for example, sees the end of the stream.
 */
#ifndef FETCH_WATCHDOG_H
#define FETCH_WATCHDOG_H

#include <pthread.h>
#include <stdbool.h>
#include <time.h>

struct watchdog {
	pthread_t thread;
	pthread_mutex_t lock;		/* of all below */
	pthread_cond_t changed;
	struct timespec until;
	int fd;				/* its own, or -1 */
	bool stop;
	bool barked;			/* the limit was over */
};

/* Start watching with a limit from now; false where there is no thread. */
bool watchdog_start(struct watchdog *w, int seconds);
/* Name the socket; fd stays the caller's. */
void watchdog_watch(struct watchdog *w, int fd);
/* A new limit from now. */
void watchdog_extend(struct watchdog *w, int seconds);
bool watchdog_barked(struct watchdog *w);
void watchdog_stop(struct watchdog *w);

#endif
