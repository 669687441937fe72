/* Small files that need not survive a crash: written plainly, without the wait for the disk that file_replace has. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

/* A new file (or a replaced one; never through a link), owned by `owner` unless that is (uid_t)-1. */
int files_put(const char *path, const void *data, size_t length, mode_t mode, uid_t owner, struct error *err);
/* A folder, owned by `owner`; one that is there already is fine. */
int files_folder(const char *path, mode_t mode, uid_t owner, struct error *err);
/* Reads a regular file below `folder` that a job may have written: no link on the way is followed, and nothing but a regular file of at
 * most `max` bytes is opened. -ELOOP, -EINVAL, -EFBIG, -ENOENT, … */
int files_read_untrusted(const char *folder, const char *name, size_t max, struct buf *out);
