/* The folder that a layer is unpacked into, over the layers below it. Every name is walked component by component
 * through descriptors without following links, so nothing outside the folder can be reached, even without the
 * confinement around it. */
#pragma once

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "agent/image/merged.h"
#include "base/error.h"

#define TREE_DEPTH_MAX 256   /* components of a path */
#define TREE_ID_MAX    65535 /* the ids that a sandbox maps */

struct tree {
	int layers[MERGED_LAYERS_MAX]; /* borrowed; [0] is the one that is written, then the ones below, topmost first
					*/
	size_t count;
	uint64_t bytes_left; /* of file data that may still be written */
	uint64_t bytes;      /* written */
	/* A folder became opaque; whoever has the right sets trusted.overlay.opaque. 0 or -errno. */
	int (*opaque)(const char *path, void *data);
	void *data;
};

/* A name in the layer: its parent's descriptor and path (no links in it), and the last component. */
struct place {
	int parent; /* O_PATH */
	char folder[PATH_MAX];
	char name[NAME_MAX + 1]; /* "" is the root itself */
};

void place_fini(struct place *place);

/* An archive's name as a path below the root: no leading slash, no "." or empty components. `..`, too long or too deep
 * ones are refused. "" is the root. 0 or -errno with a message that does not repeat the name. */
int tree_clean_path(const char *raw, char out[PATH_MAX], struct error *err);

/* Finds the place of a cleaned path. Parents that are missing are made as the layers below have them (mode, owner,
 * time); links on the way are followed as in a merged root. 0 or -errno. */
int tree_place(struct tree *tree, const char *path, struct place *ret_place, struct error *err);

enum tree_there {
	TREE_NOTHING,
	TREE_FOLDER,
	TREE_WHITEOUT,
	TREE_OTHER, /* file, link, fifo */
};

/* What this layer has at the place. */
enum tree_there tree_there(const struct place *place);
/* Removes what this layer has there, folders with all that is in them. 0 or -errno. */
int tree_clear(const struct place *place, struct error *err);
/* The path of a place. */
int tree_path(const struct place *place, char out[PATH_MAX], struct error *err);

/* A folder at the place, made when it is not there; one that takes the place of something else hides what is below. */
int tree_folder(struct tree *tree, const struct place *place, struct error *err);
/* Hides what the layers below have in this folder of the layer. */
int tree_opaque(struct tree *tree, const char *path, struct error *err);
/* Hides one name of the layers below. What this layer has there stays. */
int tree_whiteout(struct tree *tree, const struct place *place, struct error *err);
/* A hard link at the place to `target` (cleaned). A target that only a layer below has is copied up first. */
int tree_hard_link(struct tree *tree, const struct place *place, const char *target, struct error *err);

/* Counts data against the limit: 0, or -EFBIG with ERROR_TOO_LARGE. */
int tree_charge(struct tree *tree, uint64_t bytes, struct error *err);
