#include "web/limiter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/map.h"
#include "base/str.h"
#include "base/util.h"

struct window {
	struct list link; /* limiter->used, the last asked about at the end */
	int64_t start_ms;
	unsigned count;
	char key[];
};

struct limiter {
	pthread_mutex_t lock;
	struct map *windows;
	struct list used;
	unsigned most;
	int64_t window_ms;
};

struct limiter *limiter_new(unsigned most, int64_t window_ms)
{
	struct limiter *limiter = xmalloc(sizeof(*limiter));

	pthread_mutex_init(&limiter->lock, NULL);
	limiter->windows = map_new();
	list_init(&limiter->used);
	limiter->most = most;
	limiter->window_ms = window_ms;
	return limiter;
}

static void forget(struct limiter *limiter, struct window *window)
{
	map_remove(limiter->windows, window->key);
	list_remove(&window->link);
	free(window);
}

static struct window *oldest(struct limiter *limiter)
{
	return container_of(limiter->used.next, struct window, link);
}

void limiter_free(struct limiter *limiter)
{
	if (limiter == NULL)
		return;
	while (!list_is_empty(&limiter->used))
		forget(limiter, oldest(limiter));
	map_free(limiter->windows);
	pthread_mutex_destroy(&limiter->lock);
	free(limiter);
}

static struct window *find_window(struct limiter *limiter, const char *key, int64_t now_ms)
{
	struct window *window = map_get(limiter->windows, key);

	if (window == NULL) {
		if (map_count(limiter->windows) >= LIMITER_KEYS_MAX)
			forget(limiter, oldest(limiter));
		window = xmalloc(sizeof(*window) + strlen(key) + 1);
		strcpy(window->key, key);
		window->start_ms = now_ms;
		map_put(limiter->windows, key, window);
	} else {
		list_remove(&window->link);
	}
	list_append(&limiter->used, &window->link);
	if (now_ms - window->start_ms >= limiter->window_ms) {
		window->start_ms = now_ms;
		window->count = 0;
	}
	return window;
}

int limiter_take(struct limiter *limiter, const char *key, int64_t now_ms, unsigned *ret_seconds)
{
	struct window *window;
	int r = 0;

	pthread_mutex_lock(&limiter->lock);
	window = find_window(limiter, key, now_ms);
	if (window->count >= limiter->most) {
		*ret_seconds = (unsigned)((window->start_ms + limiter->window_ms - now_ms) / 1000) + 1;
		r = -EAGAIN;
	} else {
		window->count++;
	}
	pthread_mutex_unlock(&limiter->lock);
	return r;
}

void limiter_add(struct limiter *limiter, const char *key, unsigned n, int64_t now_ms)
{
	pthread_mutex_lock(&limiter->lock);
	find_window(limiter, key, now_ms)->count += n;
	pthread_mutex_unlock(&limiter->lock);
}

void limiter_forget(struct limiter *limiter, const char *key)
{
	struct window *window;

	pthread_mutex_lock(&limiter->lock);
	window = map_get(limiter->windows, key);
	if (window != NULL)
		forget(limiter, window);
	pthread_mutex_unlock(&limiter->lock);
}

void limiter_address(const char *address, char out[LIMITER_ADDRESS_SIZE])
{
	struct in6_addr v6;

	str_copy(out, LIMITER_ADDRESS_SIZE, address);
	if (inet_pton(AF_INET6, address, &v6) != 1)
		return;
	memset(v6.s6_addr + 8, 0, 8);
	inet_ntop(AF_INET6, &v6, out, LIMITER_ADDRESS_SIZE);
}
