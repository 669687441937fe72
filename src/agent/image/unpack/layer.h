/* One layer: its blob in, its folder out, every digest checked, by three processes that trust each other as little as
 * possible:
 *
 *   blob ─► supervisor ─► decompressor ─► supervisor ─► writer ─► folder
 *           sha256 of the                 sha256 of the
 *           compressed bytes              tar, its length
 *
 * The supervisor parses nothing. The decompressor can only read and write its two pipes. The writer can only make files
 * below the folder, in a user name space of its own. So bytes that break zlib, zstd or libarchive can spoil no layer
 * but the one that they came in, and that one has the wrong digest, or is what its author meant. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct layer_job {
	int blob;                  /* descriptor to read it from */
	const char *target;        /* an empty folder */
	const char *const *lowers; /* folders of the layers below, the topmost first */
	size_t lower_count;
	uint64_t blob_size;
	const char *blob_digest;
	const char *diff_id;
	uint64_t bytes_max; /* of file data; the tar itself may be a little longer */
	uint64_t entries_max;
};

struct layer_result {
	uint64_t bytes; /* of the tar */
};

/* 0 or -errno. Kinds: ERROR_MALFORMED (digests, sizes, broken data), ERROR_TOO_LARGE, ERROR_UNAVAILABLE (disk full,
 * blob cut short), ERROR_UNSUPPORTED, ERROR_INTERNAL. What is in the folder after an error is rubbish. */
int layer_unpack(const struct layer_job *job, struct layer_result *ret, struct error *err);
