/* Makes archives for tests, entry by entry, hostile ones included: nothing is checked or cleaned. */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <stdint.h>

#include "base/buf.h"

struct tar {
	struct archive *archive;
	struct buf bytes;
};

enum tar_dialect { TAR_PAX, TAR_GNU, TAR_USTAR };

void tar_open(struct tar *tar, enum tar_dialect dialect);
/* An entry with everything chosen; `data` may be NULL for `size` zeros. The entry is taken. */
void tar_put(struct tar *tar, struct archive_entry *entry, const void *data, size_t size);
struct archive_entry *tar_entry(const char *name, unsigned type, unsigned mode); /* AE_IFREG …; root, 2001-09-09 */

void tar_file(struct tar *tar, const char *name, unsigned mode, const char *text);
void tar_folder(struct tar *tar, const char *name, unsigned mode);
void tar_link(struct tar *tar, const char *name, const char *target);
void tar_hard_link(struct tar *tar, const char *name, const char *target);
/* Ends the archive; the bytes stay in tar->bytes until tar_fini. */
void tar_close(struct tar *tar);
void tar_fini(struct tar *tar);

/* The bytes packed by a filter of libarchive: ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD. */
void tar_pack(const struct buf *plain, int filter, struct buf *packed);
