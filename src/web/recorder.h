/* The thread that writes: jobs for the store run in the order they were given, and their ends are told on the control loop, which
 * itself never waits for a disk. */
#pragma once

#include "base/error.h"
#include "base/loop.h"
#include "store/store.h"

struct recorder;

/* `run` has the recorder's store for itself. It may be called again when it failed with ERROR_UNAVAILABLE (full disk, busy database):
 * jobs are tried until they go through, so that nothing is lost or overtaken. `done` (may be NULL) comes on the loop with what `run` gave and its error. */
typedef int (*recorder_run)(struct store *store, void *data, struct error *err);
typedef void (*recorder_done)(int result, const struct error *err, void *data);

/* Opens the store at `url`. `loop` is where `done` runs; it must live longer than the recorder. */
int recorder_new(struct loop *loop, const char *url, struct recorder **ret_recorder, struct error *err);
/* From any thread. `what` names the job in the log when it fails and nobody listens (`done` NULL); borrowed for good. */
void recorder_post(struct recorder *recorder, const char *what, recorder_run run, recorder_done done, void *data);
/* Does what was posted, then ends the thread; no other thread may post any more. What the last `done`s post is run at once, in their
 * thread. Takes NULL. */
void recorder_stop(struct recorder *recorder);
/* Stops it when that has not happened. Takes NULL. */
void recorder_free(struct recorder *recorder);
