/* The root file system of a sandbox: overlayfs over ID-mapped, read-only image layers, with a size-capped tmpfs for what is written
 * (Documentation/filesystems/overlayfs.rst, mount_setattr(2)). Layers and tmpfs are never attached anywhere: the overlay alone holds
 * them, so only one mount shows, and only until the sandbox's own mount namespace has it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct rootfs_options {
	const char *const *layers; /* absolute folders, lowest first, NULL at the end */
	size_t layer_count;
	uint32_t id_base; /* the sandbox's ids 0–65535 are id_base and up outside */
	uint64_t size;	  /* bytes that can be written */
	uint64_t inodes;  /* files that can be made */
};

/* Mounts at `path` (an existing folder). About a millisecond, blocking. *ret_writable (may be NULL): the tmpfs, with what is written in
 * its folder "upper"; the caller's. */
int rootfs_mount(const struct rootfs_options *options, const char *path, int *ret_writable, struct error *err);
/* Takes the mount out of our mount namespace; those that hold it in theirs keep it. Not mounted is fine. */
void rootfs_detach(const char *path);

/* Opens a file below the root `root`, so that no link leads out of it (openat2(2), RESOLVE_IN_ROOT): a descriptor or -errno. */
int rootfs_open(int root, const char *path, int flags);
/* A regular file (links followed inside the root) that somebody may execute. */
bool rootfs_has_program(int root, const char *path);
