#include "image/header.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* A reader that never leaves its bytes: what is not there reads as 0 and sets `over`. */
struct reader {
	const uint8_t *data;
	size_t length;
	bool over;
};

static unsigned byte_at(struct reader *r, size_t at)
{
	if (at < r->length)
		return r->data[at];
	r->over = true;
	return 0;
}

static unsigned be16(struct reader *r, size_t at)
{
	return byte_at(r, at) << 8 | byte_at(r, at + 1);
}

static uint32_t be32(struct reader *r, size_t at)
{
	return (uint32_t)be16(r, at) << 16 | be16(r, at + 2);
}

static unsigned le16(struct reader *r, size_t at)
{
	return byte_at(r, at) | byte_at(r, at + 1) << 8;
}

static uint32_t le24(struct reader *r, size_t at)
{
	return le16(r, at) | (uint32_t)byte_at(r, at + 2) << 16;
}

static uint32_t le32(struct reader *r, size_t at)
{
	return le16(r, at) | (uint32_t)le16(r, at + 2) << 16;
}

static bool begins(const struct reader *r, size_t at, const char *bytes, size_t length)
{
	return at <= r->length && r->length - at >= length && memcmp(r->data + at, bytes, length) == 0;
}

/* ---- PNG -------------------------------------------------------------------------------------------------------------- */

static bool read_png(struct reader *r, struct image_header *header)
{
	if (!begins(r, 8, "\0\0\0\rIHDR", 8))
		return false;
	header->width = be32(r, 16);
	header->height = be32(r, 20);
	return true;
}

/* ---- JPEG ------------------------------------------------------------------------------------------------------------- */

/* The orientation in the first directory of a TIFF block (Exif 2.3 §4.6.4 A), 1 when there is none. */
static unsigned read_orientation(struct reader *r, size_t tiff, size_t end)
{
	bool little = begins(r, tiff, "II*\0", 4);
	struct reader part = {r->data + tiff, end - tiff, false};
	uint32_t at;
	unsigned entries;

	if (!little && !begins(r, tiff, "MM\0*", 4))
		return 1;
	at = little ? le32(&part, 4) : be32(&part, 4);
	if (at > part.length)
		return 1;
	entries = little ? le16(&part, at) : be16(&part, at);
	for (unsigned i = 0; i < entries && !part.over; i++) {
		size_t entry = (size_t)at + 2 + (size_t)i * 12;
		unsigned value = little ? le16(&part, entry + 8) : be16(&part, entry + 8);

		if ((little ? le16(&part, entry) : be16(&part, entry)) == 0x0112 && !part.over)
			return value >= 1 && value <= 8 ? value : 1;
	}
	return 1;
}

static bool is_frame(unsigned marker)
{
	return marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
}

static bool read_jpeg(struct reader *r, struct image_header *header)
{
	size_t at = 2;

	while (!r->over) {
		unsigned marker, length;

		if (byte_at(r, at) != 0xff)
			return false;
		while (byte_at(r, at + 1) == 0xff) /* fill bytes */
			at++;
		marker = byte_at(r, at + 1);
		length = be16(r, at + 2);
		if (r->over || marker == 0xd9 || marker == 0xda || length < 2)
			return false;
		if (is_frame(marker)) {
			header->height = be16(r, at + 5);
			header->width = be16(r, at + 7);
			return true;
		}
		if (marker == 0xe1 && begins(r, at + 4, "Exif\0\0", 6) && length >= 8 && at + 2 + length <= r->length)
			header->orientation = read_orientation(r, at + 10, at + 2 + length);
		at += 2 + length;
	}
	return false;
}

/* ---- GIF -------------------------------------------------------------------------------------------------------------- */

static size_t colours(unsigned flags)
{
	return (flags & 0x80) != 0 ? (size_t)3 << ((flags & 7) + 1) : 0;
}

/* The first frame must lie on the screen, whose size is all that was looked at otherwise. */
static bool read_gif(struct reader *r, struct image_header *header)
{
	size_t at = 13 + colours(byte_at(r, 10));

	header->width = le16(r, 6);
	header->height = le16(r, 8);
	while (!r->over && byte_at(r, at) == 0x21) {
		at += 2;
		while (!r->over && byte_at(r, at) != 0)
			at += 1 + byte_at(r, at);
		at++;
	}
	if (r->over || byte_at(r, at) != 0x2c)
		return false;
	return le16(r, at + 1) + le16(r, at + 5) <= header->width && le16(r, at + 3) + le16(r, at + 7) <= header->height;
}

/* ---- WebP ------------------------------------------------------------------------------------------------------------- */

static bool read_webp(struct reader *r, struct image_header *header)
{
	if (begins(r, 12, "VP8X", 4)) {
		if ((byte_at(r, 20) & 0x02) != 0)
			return false; /* animated: the library reads single pictures only */
		header->width = le24(r, 24) + 1;
		header->height = le24(r, 27) + 1;
		return true;
	}
	if (begins(r, 12, "VP8L", 4)) {
		header->width = (le16(r, 21) & 0x3fff) + 1;
		header->height = (le24(r, 22) >> 6 & 0x3fff) + 1;
		return byte_at(r, 20) == 0x2f;
	}
	if (begins(r, 12, "VP8 ", 4)) {
		header->width = le16(r, 26) & 0x3fff;
		header->height = le16(r, 28) & 0x3fff;
		return begins(r, 23, "\x9d\x01\x2a", 3);
	}
	return false;
}

/* ---- all -------------------------------------------------------------------------------------------------------------- */

int image_header_read(const uint8_t *data, size_t length, struct image_header *ret_header, struct error *err)
{
	struct reader r = {data, length, false};
	struct image_header header = {.orientation = 1};
	bool good;

	if (begins(&r, 0, "\x89PNG\r\n\x1a\n", 8)) {
		header.format = IMAGE_PNG;
		good = read_png(&r, &header);
	} else if (begins(&r, 0, "\xff\xd8\xff", 3)) {
		header.format = IMAGE_JPEG;
		good = read_jpeg(&r, &header);
	} else if (begins(&r, 0, "GIF87a", 6) || begins(&r, 0, "GIF89a", 6)) {
		header.format = IMAGE_GIF;
		good = read_gif(&r, &header);
	} else if (begins(&r, 0, "RIFF", 4) && begins(&r, 8, "WEBP", 4)) {
		header.format = IMAGE_WEBP;
		good = read_webp(&r, &header);
	} else {
		return error_set(err, ERROR_INVALID, EINVAL, "it is no PNG, JPEG, WebP or GIF picture");
	}
	if (!good || r.over || header.width == 0 || header.height == 0)
		return error_set(err, ERROR_INVALID, EINVAL, "the picture is damaged, cut short, or of a kind that is not read here");
	if (header.width > IMAGE_SIDE_MAX || header.height > IMAGE_SIDE_MAX ||
	    (uint64_t)header.width * header.height > IMAGE_PIXELS_MAX)
		return error_set(err, ERROR_INVALID, EFBIG, "the picture has %u x %u pixels; %d a side and %d together are the most",
				 header.width, header.height, IMAGE_SIDE_MAX, IMAGE_PIXELS_MAX);
	*ret_header = header;
	return 0;
}
