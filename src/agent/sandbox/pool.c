/* Sandboxes made in advance: created, with their terminal, but not started. They wait without a single process of the visitor's. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sandbox/sandbox.h"
#include "base/log.h"
#include "base/state.h"
#include "base/util.h"

#define REFILL_MS 100 /* after a start, so that the one who waits for it comes first */
#define POOLS_MAX 256

struct pool {
	struct list link;
	char digest[IMAGE_DIGEST_SIZE];
	struct limits limits;
	bool network;
	unsigned count;	   /* wanted */
	unsigned making;   /* being made now */
	unsigned ready;	   /* length of `prepared` */
	struct list prepared;
	unsigned failures; /* in a row */
};

static struct pool *find(struct sandboxes *sandboxes, const char *digest, const struct limits *limits, bool network)
{
	list_for_each(node, &sandboxes->pools)
	{
		struct pool *pool = container_of(node, struct pool, link);

		if (strcmp(pool->digest, digest) == 0 && limits_equal(&pool->limits, limits) && pool->network == network)
			return pool;
	}
	return NULL;
}

static void pool_free(struct pool *pool)
{
	list_remove(&pool->link);
	free(pool);
}

/* One at a time, and only while nobody waits. */
static void refill(void *data)
{
	struct sandboxes *sandboxes = data;

	if (sandboxes->agent->stopping || !list_is_empty(&sandboxes->waiting) || sandboxes->turns > 0)
		return; /* the end of that turn calls again */
	list_for_each(node, &sandboxes->pools)
	{
		struct pool *pool = container_of(node, struct pool, link);
		const struct image *image = image_find(sandboxes->agent->images, pool->digest);
		struct sandbox *sandbox;

		if (image == NULL || pool->making > 0 || pool->ready >= pool->count || pool->failures >= 3)
			continue;
		sandbox = sandbox_new(sandboxes, image, &pool->limits, pool->network);
		sandbox->pool = pool;
		pool->making++;
		sandbox_queue(sandbox);
		return;
	}
}

void pools_refill(struct sandboxes *sandboxes)
{
	if (!list_is_empty(&sandboxes->pools) && sandboxes->pool_timer.loop == NULL)
		loop_timer_start(sandboxes->agent->loop, &sandboxes->pool_timer, REFILL_MS, refill, sandboxes);
}

int pool_set(struct sandboxes *sandboxes, const struct image *image, const struct limits *limits, bool network, unsigned count,
	     struct error *err)
{
	struct pool *pool = find(sandboxes, image->digest, limits, network);
	size_t pools = 0;

	list_for_each(node, &sandboxes->pools)
		pools++;
	if (pool == NULL && count == 0)
		return 0;
	if (pool == NULL && pools >= POOLS_MAX)
		return error_set(err, ERROR_RATE_LIMITED, EMFILE, "there can be %d pools", POOLS_MAX);
	if (pool == NULL) {
		pool = xmalloc(sizeof(*pool));
		strcpy(pool->digest, image->digest);
		pool->limits = *limits;
		pool->network = network;
		list_init(&pool->prepared);
		list_append(&sandboxes->pools, &pool->link);
	}
	pool->count = count;
	pool->failures = 0;
	while (pool->ready > pool->count)
		sandbox_end(container_of(pool->prepared.prev, struct sandbox, pool_link), "pool");
	if (count == 0 && pool->making == 0)
		pool_free(pool);
	pools_refill(sandboxes);
	return 0;
}

struct sandbox *pool_take(struct sandboxes *sandboxes, const struct image *image, const struct limits *limits, bool network)
{
	struct pool *pool = find(sandboxes, image->digest, limits, network);
	struct sandbox *sandbox;

	if (pool == NULL || pool->ready == 0)
		return NULL;
	sandbox = container_of(pool->prepared.next, struct sandbox, pool_link);
	pool_forget(sandbox);
	pools_refill(sandboxes);
	return sandbox;
}

void pool_add(struct sandbox *sandbox)
{
	struct pool *pool = sandbox->pool;

	state_move(&sandbox_states, &sandbox->state, SANDBOX_PREPARED);
	pool->making--;
	pool->failures = 0;
	if (pool->ready >= pool->count) {
		sandbox->pool = NULL;
		sandbox_end(sandbox, "pool");
		if (pool->count == 0 && pool->ready == 0 && pool->making == 0)
			pool_free(pool);
		return;
	}
	pool->ready++;
	list_append(&pool->prepared, &sandbox->pool_link);
}

void pool_forget(struct sandbox *sandbox)
{
	struct pool *pool = sandbox->pool;

	sandbox->pool = NULL;
	if (pool == NULL)
		return;
	if (!list_is_empty(&sandbox->pool_link)) {
		list_remove(&sandbox->pool_link);
		pool->ready--;
		return;
	}
	/* It never became ready: an image that cannot be started must not be tried for ever. */
	pool->making--;
	if (++pool->failures == 3)
		log_warning("no more sandboxes are prepared of %s: three failed", pool->digest);
	if (pool->count == 0 && pool->ready == 0 && pool->making == 0)
		pool_free(pool);
}

void pools_free(struct sandboxes *sandboxes)
{
	loop_timer_stop(&sandboxes->pool_timer);
	while (!list_is_empty(&sandboxes->pools))
		pool_free(container_of(sandboxes->pools.next, struct pool, link));
}
