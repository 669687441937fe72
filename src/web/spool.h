/* What comes through a pipe, written into a file without a name below the data folder: it is gone with its last descriptor, also when we are
 * killed. Control loop's thread. */
#pragma once

#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

struct spool;

/* Called once, from the loop: the end of the pipe (err NULL), more than `most` bytes (ERROR_TOO_LARGE), or a disk that does not take it. The
 * pipe is closed then. */
typedef void (*spool_done)(const struct error *err, void *data);

/* Takes `pipe`, which becomes non-blocking. */
int spool_new(struct loop *loop, const char *data_folder, int pipe, uint64_t most, spool_done done, void *data, struct spool **ret_spool,
	      struct error *err);
/* Closes the pipe when it is still open; without a call. Takes NULL. */
void spool_free(struct spool *spool);
/* Hands the file over, at its start. */
int spool_take(struct spool *spool);
uint64_t spool_length(const struct spool *spool);

/* A new file without a name below the folder. */
int spool_file(const char *data_folder, int *ret_fd, struct error *err);
