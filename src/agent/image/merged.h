/* Looking up names in layers as overlayfs would show them merged (Documentation/filesystems/overlayfs.rst), without
 * mounting: component by component, never following a link by the kernel, so that no link in an image leads out of it.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define MERGED_LAYERS_MAX     128
#define MERGED_LINKS_MAX      40 /* symbolic links in one lookup, as the kernel's own limit */

/* The mark of a folder that hides what the layers below have at its place. Overlay of root reads
 * trusted.overlay.opaque; this twin can be read and set without CAP_SYS_ADMIN, and is the one of overlay's `userxattr`
 * mode. */
#define MERGED_OPAQUE         "user.overlay.opaque"
#define MERGED_OPAQUE_TRUSTED "trusted.overlay.opaque"

struct merged {
	size_t layer; /* index of the topmost layer that has it */
	struct stat st;
	char path[PATH_MAX]; /* where it really is: no links, no dots, no leading slash; "" is the root */
};

/* `layers` are descriptors of the layers' folders, the topmost first, at most MERGED_LAYERS_MAX. `path` is relative to
 * the root, with or without a slash in front; `..` stops at the root. Links on the way are followed, the last one only
 * with `follow`. 0, or -ENOENT, -ELOOP, -ENAMETOOLONG, or what a system call gave. */
int merged_lookup(const int *layers, size_t count, const char *path, bool follow, struct merged *ret);

/* The same for what would show if the topmost layer did not have the last component; it is not followed. */
int merged_lookup_below(const int *layers, size_t count, const char *path, struct merged *ret);

/* A whiteout: a character device 0:0. */
bool merged_is_whiteout(const struct stat *st);
/* Puts `target` (of a link in the folder `folder`) in the place of the link, before `rest`: 0 or -ENAMETOOLONG. */
int merged_substitute(const char *folder, const char *target, const char *rest, char out[PATH_MAX]);
/* Opens the folder at a path without links below `root`: a descriptor, or -errno. */
int merged_open_folder(int root, const char *path);
