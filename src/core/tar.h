/* Writing small tar archives (POSIX.1-2001 ustar) in memory: build contexts. */
#pragma once

#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "core/tar_reader.h"

/* Adds one regular file, owner 0:0, no time, mode `mode`. The name is relative without "..", at most 100 bytes. */
int tar_add_file(struct buf *tar, const char *name, unsigned mode, const void *data, size_t length, struct error *err);
/* What stands before the data of an entry under another name: owner 0:0, no time, its kind, mode and link as they were. Files, folders and
 * symbolic links; ERROR_UNSUPPORTED for others. The data, filled up to blocks of 512 bytes, is the caller's to add. */
int tar_add_header(struct buf *tar, const char *name, const struct tar_entry *entry, struct error *err);
/* The end of the archive: two empty blocks. */
void tar_finish(struct buf *tar);
