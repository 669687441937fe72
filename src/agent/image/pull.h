/* One pull: resolve the reference (resolve.c), fetch the configuration and the missing layers (fetch.c), tell who waits
 * (pull.c). */
#pragma once

#include "agent/image/manifest.h"
#include "agent/image/proxy.h"
#include "agent/image/store.h"
#include "base/buf.h"
#include "base/list.h"

enum pull_state {
	PULL_QUEUED,
	PULL_RESOLVING, /* the manifest, and for an index the one for this machine */
	PULL_CONFIG,    /* the configuration */
	PULL_LAYERS,    /* layers, lowest first; or waiting for room, or for another pull that unpacks the same layer */
	PULL_ENDED,
	PULL_STATES
};

struct pull {
	struct list link; /* of image_store.pulls */
	struct image_store *store;
	unsigned state;
	char *full; /* reference with host */
	struct list waiters;
	struct loop_timer timer; /* the pull's time limit; before that, the start */
	struct error failure;    /* the first cause, while a child is being waited for */

	char digest[DIGEST_SIZE]; /* "" until it is known */
	struct manifest manifest;
	char chains[IMAGE_LAYERS_MAX][DIGEST_SIZE];
	char diff_ids[IMAGE_LAYERS_MAX][DIGEST_SIZE];
	struct image_config config;

	struct child *child; /* skopeo inspect, or ttob-unpack */
	struct proxy *proxy;
	struct buf text; /* the configuration as it comes */
	int text_fd;
	struct loop_io text_io;
	bool received; /* of the blob in hand: all is read and good */
	bool sent;     /* of the blob in hand: skopeo is done with it */
	struct error sent_error;

	struct stored_layer *layers[IMAGE_LAYERS_MAX];
	size_t held;     /* of them, one use each */
	size_t ready;    /* of them */
	char *temporary; /* the layer in hand goes here first */
	bool room;       /* the disk was asked */
	bool disk_limit; /* the layer in hand is limited by the disk, not by what an image may hold */
};

void pull_resolve(struct pull *pull); /* then pull_known or pull_fail */
/* The digest is known, and the manifest too unless the image is here already. */
void pull_known(struct pull *pull);
void pull_fetch(struct pull *pull); /* then pull_complete or pull_fail */
/* Goes on with the layers where it can. */
void pull_layers(struct pull *pull);
void pull_complete(struct pull *pull);
/* Ends the pull; `err` is copied. */
void pull_fail(struct pull *pull, const struct error *err);
void pull_progress(struct pull *pull, enum image_stage stage, unsigned done);
