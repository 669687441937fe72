/* File systems of a fixed size: a sparse file, ext4 in it, a loop device over it (loop(4)), one mount. What is written beyond the size
 * gets ENOSPC, inside; the end of the mount gives all of it back. Loop devices end by themselves with their last mount. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/agent.h"
#include "base/error.h"

/* `fd` is the open file, for scratch_mount; it is the caller's. -1 with `err` on failure. Called once, never from within. */
typedef void (*scratch_made)(int fd, const struct error *err, void *data);

/* Makes an empty file system of `size` bytes whose top folder belongs to `owner` (user and group). With a `path` the file is made
 * there and stays; with NULL it has no name and lives in `folder` as long as somebody holds it. */
void scratch_make(struct agent *agent, const char *folder, const char *path, uint64_t size, uid_t owner, scratch_made made,
		  void *data);

/* Mounts the file at `target` (made, 0700): nosuid, nodev. 0 or -errno; ERROR_UNAVAILABLE when no loop device is to be had. */
int scratch_mount(int fd, const char *target, bool readonly, struct error *err);
/* Takes the mount from the tree (it lives on while somebody is in it) and removes the folder. Fine when there is none. */
void scratch_unmount(const char *target);
