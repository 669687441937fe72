/* Images on this machine: pulled from a registry, unpacked layer by layer, shared between images, removed when the disk
 * is short. Follows the OCI image-spec v1 and Docker's image manifest v2 schema 2. All calls are for the agent's one
 * thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/agent.h"
#include "base/error.h"

#define IMAGE_DIGEST_SIZE   72 /* "sha256:", 64 hexadecimal digits, NUL */
#define IMAGE_REFERENCE_MAX 512
#define IMAGE_LAYERS_MAX    127 /* what one overlay takes with room to spare */

struct image_port {
	uint16_t port;
	bool udp;
};

/* What the image's author says about running it (image-spec config.md). Lists end with NULL and are never NULL
 * themselves. */
struct image_config {
	char **entrypoint;
	char **cmd;
	char **env;        /* "NAME=value" */
	char *user;        /* "", "name", "uid", "uid:gid" … as the image says; "" is root */
	char *working_dir; /* "" or an absolute path */
	struct image_port *ports;
	size_t port_count;
};

/* Borrowed from the store while the caller holds a use of it (image_ref); nobody changes it after it is made. */
struct image {
	char digest[IMAGE_DIGEST_SIZE]; /* of the manifest for this machine's architecture */
	char **layers; /* absolute folders, lowest first, NULL at the end; for overlay's lowerdir= turn them round.
			* Owned by root with the image's own ids (0–65535), whiteouts and trusted.overlay.opaque as
			* overlay wants them. Read-only for all */
	size_t layer_count;
	struct image_config config;
	uint64_t size; /* bytes unpacked, shared layers counted in full */
	bool shell;    /* /bin/sh or /bin/bash is there */
};

struct image_options {
	const char *state_dir;      /* the store is its folders layers/ and images/ */
	const char *unpack_program; /* ttob-unpack; NULL: beside the agent, then where it is installed */
	uint64_t image_max;         /* bytes that one image may unpack to */
	uint64_t low_water;         /* bytes of the disk that stay free */
	uint64_t entries_max;       /* files, folders and links in one layer */
	unsigned pulls_max;         /* pulls that run at once; more wait */
	uint64_t pull_seconds;      /* after which a pull is given up */
};

struct image_store;

/* Verifies what is on the disk, drops what is broken or half made, and starts empty where there was nothing. The
 * registry is the configured one ([registry]). Strings of `options` are copied. 0 or -errno. */
int image_store_open(struct agent *agent, const struct image_options *options, struct image_store **ret_store,
		     struct error *err);
/* Running pulls end without an answer. Takes NULL. */
void image_store_close(struct image_store *store);

/* By digest ("sha256:…"), or by a reference that was pulled here. NULL: not here. Borrowed until the next turn of the
 * loop unless it is ref'd; touches nothing on the disk. */
const struct image *image_find(struct image_store *store, const char *digest_or_reference);
/* A use: while one is held the image stays. Counts as "used now" for the choice of what goes first. */
const struct image *image_ref(struct image_store *store, const struct image *image);
void image_unref(struct image_store *store, const struct image *image); /* takes NULL */

enum image_stage { IMAGE_STAGE_COPY, IMAGE_STAGE_UNPACK };

/* `done` of `total` layers; layers that are here already count as done. */
typedef void (*image_progress)(const char *reference, enum image_stage stage, unsigned done, unsigned total,
			       void *data);
/* Exactly once, never from within image_pull. On success the image is borrowed as from image_find, else NULL and `err`.
 */
typedef void (*image_pulled)(const struct image *image, const struct error *err, void *data);

/* Pulls and unpacks; one without a host comes from the configured registry. A second pull of the same reference joins
 * the first. `progress` may be NULL. Errors: ERROR_INVALID (reference), ERROR_NOT_FOUND, ERROR_UNAUTHENTICATED,
 * ERROR_UNAVAILABLE (registry away, no room), ERROR_TOO_LARGE, ERROR_UNSUPPORTED (media type, platform),
 * ERROR_MALFORMED (broken image), ERROR_TIMEOUT. */
void image_pull(struct image_store *store, const char *reference, image_progress progress, image_pulled done,
		void *data);

/* 0 (also when it is not there), or -EBUSY with ERROR_CONFLICT while somebody holds a use. */
int image_remove(struct image_store *store, const char *digest, struct error *err);

struct image_disk {
	uint64_t used; /* bytes of all layers, each counted once */
	uint64_t free;
	uint64_t low_water;
};

void image_disk(struct image_store *store, struct image_disk *ret_disk);

/* Goes through all images in no order: start with *cursor = 0; NULL at the end. `ret_reference` (the last one it was
 * pulled by) and `ret_uses` may be NULL. */
const struct image *image_next(struct image_store *store, size_t *cursor, const char **ret_reference,
			       unsigned *ret_uses);
