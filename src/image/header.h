/* What a picture claims to be, read from its first bytes without decoding anything: PNG (W3C PNG §5, §11.2), JPEG (ITU-T T.81 annex B, Exif
 * 2.3), GIF (GIF89a), WebP (RFC 9649). What it says is a stranger's: it decides whether decoding is begun at all. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum image_format { IMAGE_PNG, IMAGE_JPEG, IMAGE_GIF, IMAGE_WEBP };

#define IMAGE_SIDE_MAX	 10000
#define IMAGE_PIXELS_MAX 25000000 /* 100 MB decoded */

struct image_header {
	enum image_format format;
	unsigned width;
	unsigned height;
	unsigned orientation; /* of Exif, 1…8; 1 when there is none. Only for JPEG */
};

/* ERROR_INVALID (with what is wrong) for what is none of the four, is cut short, or is larger than the limits. */
int image_header_read(const uint8_t *data, size_t length, struct image_header *ret_header, struct error *err);
