/* Two temporary folders side by side: `root`, where a test unpacks, and `outside`, which must never change. */
#pragma once

#include "../../test.h"

#include <limits.h>

#include "agent/image/unpack/untar.h"
#include "tar.h"

struct folder {
	char top[64];
	int layers[4]; /* descriptors: [0] is written, then the ones below */
	size_t count;
	char outside[512]; /* a listing of all that is outside, taken at the start */
	unsigned opaque;   /* times that the unpacker told of one */
	struct tree tree;
	struct untar_counts counts;
	struct error err;
};

int folder_setup(void **state);    /* cmocka's; one empty layer */
int folder_teardown(void **state); /* and checks that nothing outside changed */

/* Puts an empty layer on top of those there are. */
void folder_push(struct folder *folder);
/* Unpacks the archive (closed and freed here) into the top layer: untar's result. */
int folder_unpack(struct folder *folder, struct tar *tar);
int folder_unpack_bytes(struct folder *folder, const void *data, size_t length);

/* Of layer 0 (the top one) or one below. */
struct stat folder_stat(const struct folder *folder, size_t layer, const char *path);
bool folder_has(const struct folder *folder, size_t layer, const char *path);
/* The file's text; one static buffer. */
const char *folder_text(const struct folder *folder, size_t layer, const char *path);
bool folder_is_opaque(const struct folder *folder, size_t layer, const char *path);
bool folder_is_whiteout(const struct folder *folder, size_t layer, const char *path);
