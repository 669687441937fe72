/* The inside of the store: layers and images with their use counts, the disk, and the folders:
 *
 *   <state>/layers/sha256/<chain id>/   one unpacked layer (the chain id names it together with what is below it)
 *   <state>/layers/tmp/<random>/        being unpacked, or being removed; emptied at the start
 *   <state>/base/<random>/              a base image that is being made; emptied at the start
 *   <state>/images/<digest>.json        one record per image; its time is when the image was last used
 *
 * layers/ and images/ are mode 0700: set-uid programs of images must not be there for the users of this machine. */
#pragma once

#include "agent/child.h"
#include "agent/image/digest.h"
#include "agent/image/image.h"
#include "agent/image/registry.h"
#include "base/list.h"
#include "base/map.h"

#define STORE_REFERENCES_MAX 64 /* of one image; the oldest goes first */

struct pull; /* pull.h */

struct stored_layer {
	char chain[DIGEST_SIZE];
	char *path;
	uint64_t size;  /* bytes of its tar */
	unsigned users; /* images, and pulls that need it */
	bool ready;     /* false: `owner` unpacks it, or (NULL) whoever needs it next */
	const struct pull *owner;
};

struct stored_image {
	struct image image;
	struct stored_layer *layers[IMAGE_LAYERS_MAX];
	char *references[STORE_REFERENCES_MAX]; /* full ones, the newest last */
	size_t reference_count;
	unsigned uses;
	int64_t used_at; /* realtime, ms */
};

struct image_store {
	struct agent *agent;
	struct image_options options;
	struct registry registry;
	char *layers_dir;
	char *images_dir;
	char *tmp_dir;
	char *unpack_program;
	bool loading;             /* a layer without users may still get one from the next record */
	int lock;                 /* flock on layers_dir: one agent a store */
	struct map *layers;       /* by chain id: struct stored_layer */
	struct map *images;       /* by digest: struct stored_image */
	struct map *by_reference; /* by full reference: struct stored_image */
	struct child *remover;    /* one at a time; NULL: none */
	bool trash;               /* something in tmp_dir waits for the remover */
	struct loop_timer disk_timer;
	struct list pulls; /* struct pull, oldest first */
	struct list bases; /* base images that are being made: base.c */
	char *bases_dir;
	unsigned running; /* of them */
};

/* store.c */
struct stored_layer *store_layer(struct image_store *store, const char *chain); /* NULL: unknown */
/* Adds one that is not ready, with one user. */
struct stored_layer *store_layer_add(struct image_store *store, const char *chain);
/* One user less; the last one's end removes it, folder and all. */
void store_layer_unref(struct image_store *store, struct stored_layer *layer);
/* Adds the image (taken, with one use of each layer), writes its record. 0 or -errno: then the image is freed. */
int store_add(struct image_store *store, struct stored_image *image, struct error *err);
/* The reference now means this image; another image's record that had it is written anew, this one's is the caller's to
 * write. */
void store_refer(struct image_store *store, struct stored_image *image, const char *full_reference);
void store_drop(struct image_store *store, struct stored_image *image); /* the record first, then the layers */
void store_used(struct image_store *store, struct stored_image *image); /* now */
struct stored_image *store_of(const struct image *image);

/* record.c */
void stored_image_free(struct stored_image *image); /* its memory only */
/* 0 or -errno. */
int record_write(const struct image_store *store, const struct stored_image *image, struct error *err);
/* Reads one; layers that are not known yet are added when their folders are there. 0, or -errno: then it is not usable.
 */
int record_read(struct image_store *store, const char *name, struct stored_image **ret, struct error *err);
char *record_path(const struct image_store *store, const char *digest);

/* disk.c */
uint64_t disk_free(const struct image_store *store); /* bytes */
/* Renames the folder away; a child removes it. */
void disk_trash(struct image_store *store, const char *path);
/* A new empty folder in tmp_dir; the caller frees the name. 0 or -errno. */
int disk_temporary(struct image_store *store, char **ret_path, struct error *err);
/* Makes `need` bytes of room above the low-water mark out of images that nobody uses. 0; -EAGAIN: on the way, ask again
 * after pulls_continue; -ENOSPC with ERROR_UNAVAILABLE. */
int disk_make_room(struct image_store *store, uint64_t need, struct error *err);
void disk_watch(struct image_store *store); /* starts looking at the low-water mark now and then */
void disk_clean(struct image_store *store); /* has a child empty tmp_dir of what is not in use */

/* pull.c */
void pulls_continue(struct image_store *store); /* room was made, or a layer is ready: who waits looks again */
void pulls_close(struct image_store *store);

/* shell.c */
bool shell_is_there(const struct image *image);
