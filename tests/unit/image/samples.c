#include "samples.h"

#include <gd.h>
#include <string.h>

void sample(const char *type, int width, int height, struct buf *out)
{
	gdImagePtr image = strcmp(type, "gif") == 0 ? gdImageCreate(width, height) : gdImageCreateTrueColor(width, height);
	int red = gdImageColorAllocate(image, 255, 0, 0), blue = gdImageColorAllocate(image, 0, 0, 255);
	int size = 0;
	void *data;

	gdImageFilledRectangle(image, 0, 0, width - 1, height - 1, red);
	gdImageFilledRectangle(image, 0, 0, width / 4, height / 4, blue);
	if (strcmp(type, "png") == 0)
		data = gdImagePngPtr(image, &size);
	else if (strcmp(type, "jpg") == 0)
		data = gdImageJpegPtr(image, &size, 95);
	else if (strcmp(type, "gif") == 0)
		data = gdImageGifPtr(image, &size);
	else
		data = gdImageWebpPtrEx(image, &size, 95);
	buf_append(out, data, (size_t)size);
	gdFree(data);
	gdImageDestroy(image);
}

void sample_exif(int width, int height, unsigned orientation, struct buf *out)
{
	unsigned char block[] = "\xff\xe1\0\x48"
				"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0" SAMPLE_SECRET "                      ";
	struct buf plain = BUF_INIT;

	block[29] = (unsigned char)orientation;
	block[3] = (unsigned char)(sizeof(block) - 1 - 2);
	sample("jpg", width, height, &plain);
	buf_append(out, plain.data, 2);
	buf_append(out, block, sizeof(block) - 1);
	buf_append(out, plain.data + 2, plain.length - 2);
	buf_fini(&plain);
}

void sample_claim(unsigned width, unsigned height, struct buf *out)
{
	sample("png", 4, 4, out);
	for (int i = 0; i < 4; i++) {
		out->data[16 + i] = (char)(width >> (24 - 8 * i));
		out->data[20 + i] = (char)(height >> (24 - 8 * i));
	}
}
