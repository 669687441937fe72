/* What was written into a running sandbox, as a layer: asked for by a worker, which waits. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/list.h"

struct hub;

#define SAVE_WAIT_MS (60 * 1000)

struct saver; /* the loop's */

struct saver *saver_new(struct hub *hub);
/* Everybody who waits is told. After the loop's thread has ended, or on it. */
void saver_stop(struct saver *saver);
void saver_free(struct saver *saver); /* takes NULL */

/* From a worker's thread, for as long as it takes, SAVE_WAIT_MS at most: the layer as a tar in a file, and the image (as a reference for
 * FROM; the caller frees) that it lies on. One at a time: ERROR_UNAVAILABLE. ERROR_NOT_FOUND: no such sandbox of this person here;
 * ERROR_CONFLICT: it does not run; ERROR_TOO_LARGE. */
int saver_save(struct saver *saver, const char *person, const char *sandbox, uint64_t most, int *ret_layer, char **ret_image,
	       struct error *err);

/* What the engine says; on the loop. */
void saver_saved(struct saver *saver, const char *sandbox, const struct error *err);
void saver_engine_down(struct saver *saver);
