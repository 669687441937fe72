/* Writing small tar archives (POSIX.1-2001 ustar) in memory: build contexts. */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/* Adds one regular file, owner 0:0, no time, mode `mode`. The name is relative without "..", at most 100 bytes. */
int tar_add_file(struct buf *tar, const char *name, unsigned mode, const void *data, size_t length, struct error *err);
/* The end of the archive: two empty blocks. */
void tar_finish(struct buf *tar);
