#include "image/convert.h"

#include <errno.h>
#include <gd.h>
#include <stdbool.h>

#include "base/cleanup.h"
#include "image/header.h"

#define JPEG_QUALITY 85
#define WEBP_QUALITY 85
#define PNG_LEVEL    7

static void be_silent(int priority, const char *format, va_list arguments)
{
	(void)priority;
	(void)format;
	(void)arguments;
}

static gdImagePtr decode(const void *data, size_t length, enum image_format format)
{
	switch (format) {
	case IMAGE_PNG:
		return gdImageCreateFromPngPtr((int)length, (void *)data);
	case IMAGE_JPEG:
		return gdImageCreateFromJpegPtrEx((int)length, (void *)data, 0);
	case IMAGE_GIF:
		return gdImageCreateFromGifPtr((int)length, (void *)data);
	case IMAGE_WEBP:
		return gdImageCreateFromWebpPtr((int)length, (void *)data);
	}
	return NULL;
}

/* Takes `image` and gives another; NULL when there is no memory. */
static gdImagePtr turn(gdImagePtr image, int degrees)
{
	bool quarter = degrees != 180;
	gdImagePtr turned = gdImageCreateTrueColor(quarter ? gdImageSY(image) : gdImageSX(image), quarter ? gdImageSX(image) : gdImageSY(image));
	int width = gdImageSX(image), height = gdImageSY(image);

	for (int y = 0; turned != NULL && y < height; y++) {
		for (int x = 0; x < width; x++) {
			int pixel = gdImageTrueColorPixel(image, x, y);

			if (degrees == 90) /* clockwise */
				gdImageTrueColorPixel(turned, height - 1 - y, x) = pixel;
			else if (degrees == 270)
				gdImageTrueColorPixel(turned, y, width - 1 - x) = pixel;
			else
				gdImageTrueColorPixel(turned, width - 1 - x, height - 1 - y) = pixel;
		}
	}
	gdImageDestroy(image);
	return turned;
}

/* Exif 2.3 §4.6.4 A: how what was stored has to be mirrored (left to right) first, and turned clockwise then. */
static gdImagePtr set_upright(gdImagePtr image, unsigned orientation)
{
	static const struct {
		bool mirror;
		int degrees;
	} ways[] = {[1] = {false, 0}, {true, 0}, {false, 180}, {true, 180}, {true, 270}, {false, 90}, {true, 90}, {false, 270}};

	if (ways[orientation].mirror)
		gdImageFlipHorizontal(image);
	return ways[orientation].degrees != 0 ? turn(image, ways[orientation].degrees) : image;
}

static gdImagePtr shrink(gdImagePtr image, const struct image_wish *wish)
{
	double by_width = (double)wish->width_max / gdImageSX(image), by_height = (double)wish->height_max / gdImageSY(image);
	double factor = by_width < by_height ? by_width : by_height;
	int width = (int)(gdImageSX(image) * factor + 0.5), height = (int)(gdImageSY(image) * factor + 0.5);
	gdImagePtr small;

	if (factor >= 1)
		return image;
	small = gdImageCreateTrueColor(width > 0 ? width : 1, height > 0 ? height : 1);
	if (small != NULL) {
		gdImageAlphaBlending(small, 0);
		gdImageCopyResampled(small, image, 0, 0, 0, 0, gdImageSX(small), gdImageSY(small), gdImageSX(image), gdImageSY(image));
	}
	gdImageDestroy(image);
	return small;
}

static void *encode(gdImagePtr image, enum image_format format, int *ret_length, const char **ret_type)
{
	if (format == IMAGE_JPEG) {
		*ret_type = "jpg";
		return gdImageJpegPtr(image, ret_length, JPEG_QUALITY);
	}
	gdImageSaveAlpha(image, 1);
	if (format == IMAGE_WEBP) {
		*ret_type = "webp";
		return gdImageWebpPtrEx(image, ret_length, WEBP_QUALITY);
	}
	*ret_type = "png";
	return gdImagePngPtrEx(image, ret_length, PNG_LEVEL);
}

static gdImagePtr make(const void *data, size_t length, const struct image_header *header, const struct image_wish *wish)
{
	gdImagePtr image = decode(data, length, header->format);

	if (image == NULL)
		return NULL;
	if (gdImageSX(image) != (int)header->width || gdImageSY(image) != (int)header->height ||
	    (!gdImageTrueColor(image) && gdImagePaletteToTrueColor(image) == 0)) {
		gdImageDestroy(image);
		return NULL;
	}
	gdImageAlphaBlending(image, 0);
	image = set_upright(image, header->orientation);
	return image != NULL ? shrink(image, wish) : NULL;
}

int image_convert(const void *data, size_t length, const struct image_wish *wish, struct image_result *ret_result, struct error *err)
{
	struct image_header header;
	gdImagePtr image;
	int size = 0;
	void *bytes;
	int r = image_header_read(data, length, &header, err);

	if (r < 0)
		return r;
	gdSetErrorMethod(be_silent);
	image = make(data, length, &header, wish);
	if (image == NULL)
		return error_set(err, ERROR_INVALID, EINVAL, "the picture is damaged, cut short, or of a kind that is not read here");
	bytes = encode(image, header.format, &size, &ret_result->type);
	ret_result->width = (unsigned)gdImageSX(image);
	ret_result->height = (unsigned)gdImageSY(image);
	gdImageDestroy(image);
	if (bytes == NULL)
		return error_set(err, ERROR_INVALID, EINVAL, "the picture cannot be written again");
	buf_init(&ret_result->data);
	buf_append(&ret_result->data, bytes, (size_t)size);
	gdFree(bytes);
	return 0;
}
