/* What the keeper's files share: the thread (keeper.c), counting (keeper_count.c), deleting and collecting (keeper_collect.c). */
#pragma once

#include <pthread.h>
#include <stdatomic.h>

#include "base/map.h"
#include "registry/client.h"
#include "store/store.h"
#include "web/hub.h"
#include "web/keeper.h"

#define KEEPER_DAYS	   30
#define KEEPER_UNDO_MS	   (7 * INT64_C(86400) * 1000) /* what was deleted comes back for so long */
#define KEEPER_DAY_MS	   INT64_C(86400000)

struct disk {
	int64_t free;
	int64_t total; /* 0: not known */
	bool low;
	bool full; /* builds wait */
};

struct keeper {
	struct hub *hub;
	pthread_t thread;
	bool started;
	struct registry_client *client; /* the thread's */
	struct store store;		/* the thread's */
	struct map *images;		/* the thread's: struct image by manifest digest, which never changes */
	int control;			/* to `ttob up`, -1: the registry is not its own */
	atomic_bool stopping;
	atomic_bool up;
	atomic_uint_fast64_t new_pulls; /* not in the database yet */
	atomic_bool full;    /* so is the disk */
	atomic_bool holding; /* builds wait for a collection */
	atomic_int_fast64_t away_ms; /* monotonic: when it was last found away */
	pthread_mutex_t lock; /* of all below */
	pthread_cond_t wake;
	bool gather_wanted;
	bool collect_wanted;
	bool collecting;
	char problem[ERROR_MESSAGE_MAX]; /* why it is away, or the last collection failed; "" */
	json_t *repositories;		 /* array; NULL before the first count */
	json_t *growth;
	int64_t tags;
	int64_t bytes;
	int64_t pulls;	/* of the last days */
	int64_t pushes;
	int64_t counted_ms;
	int64_t began_ms;     /* realtime: our start */
	int64_t collected_ms; /* realtime; 0: never */
	int64_t freed;
	int64_t freed_all; /* since our start */
	struct disk disk;
};

/* Waits at most so long; false: the process stops. */
bool keeper_wait(struct keeper *keeper, int64_t ms);

/* keeper_count.c */

/* Fills the numbers anew. */
int keeper_count(struct keeper *keeper, struct error *err);
/* The repositories that there are: the registry's list, or where that is not for us, those that our projects have. */
int keeper_list(struct keeper *keeper, struct registry_names *ret_names, struct error *err);
/* Writes down what was pulled since the last count. */
void keeper_keep_pulls(struct keeper *keeper);
void keeper_forget_images(struct keeper *keeper);
/* Of the embedded registry; logs when it gets low. */
void keeper_look_at_disk(struct keeper *keeper);

/* keeper_collect.c */
void keeper_collect_now(struct keeper *keeper);
