/* Manifests, indexes and configurations of images: OCI image-spec v1, and Docker's image manifest v2 schema 2. Foreign
 * input. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/image/digest.h"
#include "agent/image/image.h"
#include "base/error.h"

#define MANIFEST_MAX        ((size_t)4 * 1024 * 1024) /* distribution-spec asks registries for as much */
#define MANIFEST_CONFIG_MAX ((size_t)8 * 1024 * 1024)
#define MANIFEST_BLOB_MAX   ((uint64_t)1 << 40) /* bytes: beyond it a size is a mistake */

struct descriptor {
	char digest[DIGEST_SIZE];
	uint64_t size; /* bytes */
};

struct manifest {
	struct descriptor config;
	struct descriptor layers[IMAGE_LAYERS_MAX]; /* lowest first */
	size_t layer_count;
};

/* What this program was built for, in the names of Go: "amd64", "arm64", … */
const char *manifest_architecture(void);

/* One image's manifest. 0, or -errno: ERROR_MALFORMED, ERROR_UNSUPPORTED (schema 1, artifacts, foreign layers),
 * ERROR_TOO_LARGE. */
int manifest_parse(const char *data, size_t length, struct manifest *ret, struct error *err);

/* Of an index (manifest list), the entry for linux on `architecture`: 1 and *ret; 0 when the data is no index; or
 * -errno (ERROR_UNSUPPORTED when there is none for this machine). */
int manifest_choose(const char *data, size_t length, const char *architecture, struct descriptor *ret,
		    struct error *err);

/* The configuration of an image with `layer_count` layers for `architecture`. `ret_diff_ids` has room for as many. The
 * config is the caller's. 0 or -errno. */
int manifest_config(const char *data, size_t length, const char *architecture, size_t layer_count,
		    struct image_config *ret_config, char (*ret_diff_ids)[DIGEST_SIZE], struct error *err);
