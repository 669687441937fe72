/* One thread that looks around once a second: clients that are too slow, streams that need a sign of life. */
#include <signal.h>
#include <time.h>

#include "base/clock.h"
#include "http/internal.h"

static void *tick(void *data)
{
	struct server *server = data;

	pthread_mutex_lock(&server->lock);
	while (server->ticking) {
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec++;
		pthread_cond_timedwait(&server->wake, &server->lock, &until);
		if (!server->ticking)
			break;
		pthread_mutex_unlock(&server->lock);
		connections_cut_slow(server, clock_monotonic_ms());
		streams_tick(server, clock_monotonic_ms());
		pthread_mutex_lock(&server->lock);
	}
	pthread_mutex_unlock(&server->lock);
	return NULL;
}

int ticker_start(struct server *server, struct error *err)
{
	sigset_t all;
	sigset_t before;
	int r;

	server->ticking = true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&server->ticker, NULL, tick, server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r != 0) {
		server->ticking = false;
		return error_errno(err, r, "cannot start the server's clock thread");
	}
	return 0;
}

void ticker_stop(struct server *server)
{
	bool was;

	pthread_mutex_lock(&server->lock);
	was = server->ticking;
	server->ticking = false;
	pthread_cond_broadcast(&server->wake);
	pthread_mutex_unlock(&server->lock);
	if (was)
		pthread_join(server->ticker, NULL);
}
