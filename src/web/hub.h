/* The control loop: one thread that owns the engine, the relay and every sandbox that is not over. Others post to it (call.h). */
#pragma once

#include <jansson.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/list.h"
#include "base/map.h"
#include "engine/engine.h"
#include "http/cache.h"
#include "store/nodes.h"
#include "terminal/relay.h"
#include "web/live.h"
#include "web/options.h"
#include "web/recorder.h"
#include "web/tally.h"

struct builder;
struct fetcher;
struct saver;
struct keeper;
struct pools;
struct vault;

struct hub {
	const struct web_options *options;
	struct loop *loop;
	pthread_t thread;
	bool started;
	struct engine *engine;
	struct relay *relay;
	struct recorder *recorder;
	struct cache *cache; /* answers of the catalogue */
	struct builder *builder;
	struct fetcher *fetcher;
	struct saver *saver;
	struct keeper *keeper; /* of the registry; NULL: none is configured */
	struct pools *pools;
	struct vault *vault; /* for any thread */
	struct map *by_id;     /* struct live, not ended */
	struct map *by_person; /* the same */
	struct list sandboxes; /* starting, running, and ended ones that the engine still holds */
	struct list queue;     /* queued, oldest first */
	struct list visits;    /* presence.c: who holds which WebSocket */
	struct list askings;   /* node.c: calls that wait for another node */
	unsigned active;       /* places taken: starting, running, ending */
	unsigned capacity;
	double life_ms; /* how long sandboxes live, a moving average; for estimates */
	char node[NODE_NAME_MAX + 1]; /* our name among the web processes on this database */
	char run[STORE_ID_LENGTH + 1];
	unsigned node_ticks;
	bool node_ticking; /* the recorder is at it */
	bool displaced;	   /* another process has our name */
	bool stopping;
	void (*stopped)(void *data); /* once, after hub_stop */
	void *stopped_data;
	struct loop_timer stop_timer;
	int64_t stop_deadline_ms;
	struct loop_timer usage_timer;
	int64_t watched_ms; /* monotonic: until then somebody looks at what all sandboxes use */
	struct loop_timer queue_timer;
	struct loop_timer upkeep_timer;
	struct loop_timer cache_timer;
	struct loop_timer node_timer;
	/* For any thread. */
	atomic_bool engine_up;
	atomic_uint running;
	struct tally tally; /* of builds */
};

/* Loads what the store holds as open, makes engine and relay. The loop does not run yet. */
int hub_new(const struct web_options *options, struct cache *cache, struct hub **ret_hub, struct error *err);
int hub_start(struct hub *hub, struct error *err); /* starts the thread */
/* From any thread: ends all sandboxes when the options say so, closes every terminal, and calls `stopped` on the loop's thread. */
void hub_stop(struct hub *hub, void (*stopped)(void *data), void *data);
/* Ends the thread, then frees. Nothing may be posted any more. Takes NULL. */
void hub_free(struct hub *hub);

/* Everything below is for the loop's thread. */

struct live *hub_find(struct hub *hub, const char *id);		/* NULL: not open */
struct live *hub_find_person(struct hub *hub, const char *person); /* the person's open one, or NULL */

/* waiting.c: places and the queue. */
unsigned waiting_capacity(const struct web_options *options);
/* Whether a new one may start at once: nobody waits and there is a place. */
bool waiting_has_room(const struct hub *hub);
/* Whether even the queue is full. */
bool waiting_is_full(const struct hub *hub);
/* Puts it at the end of the queue. */
void waiting_line_up(struct live *live);
/* A place may have become free. */
void waiting_advance(struct hub *hub);
/* 1: next; 0: it does not wait. */
unsigned waiting_position(const struct live *live);
unsigned waiting_eta_seconds(const struct live *live);

/* The catalogue's answers are stale: at once, or within a second or two (counters that change all the time). */
void hub_catalogue_changed(struct hub *hub);
void hub_counters_changed(struct hub *hub);
