/* What the puller's files share: the queue and its threads (puller.c), handing out (puller_serve.c), remembering what images hold
 * (contents.c). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "registry/client.h"
#include "web/contents.h"
#include "web/options.h"
#include "web/puller.h"

struct puller {
	const struct web_options *options;
	struct keeper *keeper;
	struct contents *contents;
	pthread_t *threads;
	unsigned started;
	atomic_bool stopping;
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	struct list queue;   /* struct pull */
	struct map *holders; /* by address: struct holding */
	unsigned waiting;
	unsigned running;
	/* For any thread. */
	atomic_uint_fast64_t pulls;
	atomic_uint_fast64_t bytes;
	atomic_uint_fast64_t refused;
};

/* Of one thread. */
struct pulling {
	struct puller *puller;
	struct registry_client *client;
	struct pull *pull;
};

/* Answers the pull, in whatever way. */
void pull_serve(struct pulling *pulling);

/* An answer as registries give it (distribution-spec 1.1, "Error codes"). */
void pull_refuse(struct request *request, unsigned status, const char *code, const char *message);
void pull_refuse_error(struct request *request, const struct error *err);
