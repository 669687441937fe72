/* Unpacks one layer (image-spec layer.md: a tar of changes) into a folder, over the layers below it. */
#pragma once

#include <archive.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/image/unpack/tree.h"
#include "base/error.h"

#define UNTAR_XATTR_MAX        65536              /* bytes of one value, the kernel's limit */
#define UNTAR_XATTRS_MAX       (256 * 1024)       /* bytes of all names and values of one entry */
#define UNTAR_FOLDER_TIMES_MAX (64 * 1024 * 1024) /* bytes kept for the folders' times until the end */

struct untar_counts {
	uint64_t entries;
	uint64_t skipped; /* devices and sockets: sandboxes bring their own */
};

/* A reader for plain tars of every dialect (ustar, pax, GNU), and nothing else; free it by archive_read_free. What is
 * none is noticed here: NULL with ERROR_MALFORMED. */
struct archive *untar_open_fd(int fd, struct error *err);
struct archive *untar_open_memory(const void *data, size_t length, struct error *err);

/* `archive` is of untar_open_*. `tree` says where to; its bytes_left is the limit on file data. 0, or -errno with a
 * message that names the entry; the folder is then to be thrown away. Kinds: ERROR_MALFORMED, ERROR_TOO_LARGE,
 * ERROR_UNAVAILABLE (disk full), ERROR_INTERNAL. */
int untar(struct archive *archive, struct tree *tree, uint64_t entries_max, struct untar_counts *ret_counts,
	  struct error *err);
