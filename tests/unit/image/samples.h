/* Pictures for tests, made by the library itself. */
#pragma once

#include "base/buf.h"

/* Red, with a blue square in the upper left corner. `type`: "png", "jpg", "gif", "webp". */
void sample(const char *type, int width, int height, struct buf *out);
/* The same as JPEG with an Exif block of that orientation, and a text in it that must not come out again. */
void sample_exif(int width, int height, unsigned orientation, struct buf *out);
#define SAMPLE_SECRET "37.5665N 126.9780E"
/* A PNG that claims to be that large. */
void sample_claim(unsigned width, unsigned height, struct buf *out);
