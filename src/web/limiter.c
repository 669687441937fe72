#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/util.h"
#include "web/internal.h"

#define ADDRESSES_MAX 20000 /* known at one time; then everybody starts again */

struct window {
	int64_t start_ms;
	unsigned count;
};

struct limiter {
	pthread_mutex_t lock;
	struct map *windows;
	unsigned most;
	int64_t window_ms;
};

struct limiter *limiter_new(unsigned most, int64_t window_ms)
{
	struct limiter *limiter = xmalloc(sizeof(*limiter));

	pthread_mutex_init(&limiter->lock, NULL);
	limiter->windows = map_new();
	limiter->most = most;
	limiter->window_ms = window_ms;
	return limiter;
}

static void forget_all(struct limiter *limiter)
{
	size_t cursor = 0;
	void *window;

	while ((window = map_next(limiter->windows, &cursor, NULL)) != NULL)
		free(window);
	map_free(limiter->windows);
	limiter->windows = NULL;
}

void limiter_free(struct limiter *limiter)
{
	if (limiter == NULL)
		return;
	forget_all(limiter);
	pthread_mutex_destroy(&limiter->lock);
	free(limiter);
}

static struct window *find_window(struct limiter *limiter, const char *address, int64_t now_ms)
{
	struct window *window = map_get(limiter->windows, address);

	if (window == NULL) {
		if (map_count(limiter->windows) >= ADDRESSES_MAX) {
			forget_all(limiter);
			limiter->windows = map_new();
		}
		window = xmalloc(sizeof(*window));
		window->start_ms = now_ms;
		map_put(limiter->windows, address, window);
	}
	if (now_ms - window->start_ms >= limiter->window_ms)
		*window = (struct window){.start_ms = now_ms};
	return window;
}

int limiter_take(struct limiter *limiter, const char *address, int64_t now_ms, unsigned *ret_seconds)
{
	struct window *window;
	int r = 0;

	pthread_mutex_lock(&limiter->lock);
	window = find_window(limiter, address, now_ms);
	if (window->count >= limiter->most) {
		*ret_seconds = (unsigned)((window->start_ms + limiter->window_ms - now_ms) / 1000) + 1;
		r = -EAGAIN;
	} else {
		window->count++;
	}
	pthread_mutex_unlock(&limiter->lock);
	return r;
}
