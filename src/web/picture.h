/* Strangers' pictures, made anew by a confined child process (src/image): banners, logos. */
#pragma once

#include "base/buf.h"
#include "base/error.h"

#define PICTURE_INPUT_MAX  ((size_t)5 << 20)
#define PICTURE_HASH_SIZE  33 /* 32 hexadecimal digits */

struct picture {
	struct buf data;
	char type[8]; /* "png", "jpg", "webp" */
	unsigned width;
	unsigned height;
	char hash[PICTURE_HASH_SIZE]; /* BLAKE2b-128 of the data: its name */
};

void picture_fini(struct picture *picture);

/* Waits for the child, a second or so for a large one, ten at most: for a worker's thread. `program`: the path of ttob-image. Smaller
 * pictures keep their size. ERROR_INVALID says what is wrong with the picture; ERROR_UNAVAILABLE when the program can't be run. */
int picture_make(const char *program, const void *data, size_t length, unsigned width_max, unsigned height_max,
		 struct picture *ret_picture, struct error *err);
/* The media type of a picture's `type`. */
const char *picture_media_type(const char *type);
