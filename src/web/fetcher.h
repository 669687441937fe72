/* Repositories on their way from elsewhere: the engine fetches one at a time, the others wait here, and after somebody's fetch it is somebody
 * else's turn. Control loop's thread. */
#pragma once

#include <stdint.h>

#include "base/error.h"

struct hub;
struct fetcher;
struct fetch;

#define FETCH_WAITING_MAX 50 /* in all */

/* Called once, from the loop, never from within fetcher_ask: the whole tar (at its start; taken by steal_fd, else it is closed) and its
 * commit, or why there is none. ERROR_TIMEOUT when its turn did not come in time, ERROR_UNAVAILABLE when the engine went away. */
typedef void (*fetch_done)(const struct error *err, int *tar, const char *commit, void *data);

struct fetcher *fetcher_new(struct hub *hub);
void fetcher_free(struct fetcher *fetcher); /* after fetcher_stop; takes NULL */
/* Everybody is told ERROR_CANCELLED. */
void fetcher_stop(struct fetcher *fetcher);

/* `who` is whose turn it counts as; `ref` may be NULL. */
struct fetch *fetcher_ask(struct fetcher *fetcher, const char *who, const char *url, const char *ref, fetch_done done, void *data);
/* Nobody wants it any more: `done` is not called. Takes NULL. */
void fetch_abandon(struct fetch *fetch);

void fetcher_engine_up(struct fetcher *fetcher);
void fetcher_engine_down(struct fetcher *fetcher);
void fetcher_ended(struct fetcher *fetcher, const char *fetch, const struct error *err, const char *commit);
