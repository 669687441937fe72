/* A stranger's picture made anew: decoded, turned the right way up, made smaller, and written again, so that nothing of the old file is left
 * but what it shows (no Exif, no position, no profiles, no second frame). */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

struct image_wish {
	unsigned width_max; /* pixels; smaller ones stay as they are */
	unsigned height_max;
};

struct image_result {
	const char *type; /* "png", "jpg", "webp"; GIF becomes PNG */
	unsigned width;
	unsigned height;
	struct buf data; /* the caller's: buf_fini */
};

/* ERROR_INVALID says what is wrong with the picture. */
int image_convert(const void *data, size_t length, const struct image_wish *wish, struct image_result *ret_result, struct error *err);
