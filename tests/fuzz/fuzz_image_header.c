#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "image/header.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the bytes are: what is accepted stays within the limits, and is said again when more bytes follow. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct image_header header, half;
	struct error err;

	if (image_header_read(data, size, &header, &err) < 0)
		return 0;
	if (header.width < 1 || header.width > IMAGE_SIDE_MAX || header.height < 1 || header.height > IMAGE_SIDE_MAX ||
	    (uint64_t)header.width * header.height > IMAGE_PIXELS_MAX || header.orientation < 1 || header.orientation > 8)
		abort();
	/* A prefix that is enough says the same. */
	if (image_header_read(data, size - 1, &half, &err) == 0 && (half.width != header.width || half.height != header.height))
		abort();
	return 0;
}
