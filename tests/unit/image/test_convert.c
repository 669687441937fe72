#include "../test.h"

#include <gd.h>

#include "base/util.h"
#include "image/convert.h"
#include "samples.h"

static const struct image_wish wish = {100, 80};

static gdImagePtr again(const struct image_result *result)
{
	gdImagePtr image = strcmp(result->type, "png") == 0   ? gdImageCreateFromPngPtr((int)result->data.length, result->data.data)
			   : strcmp(result->type, "jpg") == 0 ? gdImageCreateFromJpegPtr((int)result->data.length, result->data.data)
							      : gdImageCreateFromWebpPtr((int)result->data.length, result->data.data);

	assert_non_null(image);
	return image;
}

static bool is_blue(gdImagePtr image, int x, int y)
{
	int pixel = gdImageGetTrueColorPixel(image, x, y);

	return gdTrueColorGetBlue(pixel) > 150 && gdTrueColorGetRed(pixel) < 100;
}

static void sizes_are_kept_within(void **state)
{
	static const struct {
		int width, height;
		unsigned new_width, new_height;
	} sizes[] = {{40, 30, 40, 30}, {200, 100, 100, 50}, {100, 160, 50, 80}, {1000, 2, 100, 1}, {1, 1, 1, 1}};
	static const char *const types[][2] = {{"png", "png"}, {"jpg", "jpg"}, {"gif", "png"}, {"webp", "webp"}};

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			struct image_result result = {0};
			struct buf data = BUF_INIT;
			struct error err;
			gdImagePtr image;

			sample(types[t][0], sizes[i].width, sizes[i].height, &data);
			assert_int_equal(image_convert(data.data, data.length, &wish, &result, &err), 0);
			assert_string_equal(result.type, types[t][1]);
			assert_int_equal(result.width, sizes[i].new_width);
			assert_int_equal(result.height, sizes[i].new_height);
			image = again(&result);
			assert_int_equal(gdImageSX(image), result.width);
			assert_int_equal(gdImageSY(image), result.height);
			gdImageDestroy(image);
			buf_fini(&result.data);
			buf_fini(&data);
		}
	}
}

/* Where the blue corner is when the stored picture is shown as its orientation says (Exif 2.3 §4.6.4 A). */
static void it_is_turned_upright(void **state)
{
	static const struct {
		bool turned, right, below;
	} ways[] = {[1] = {false, false, false}, {false, true, false}, {false, true, true}, {false, false, true},
		    {true, false, false},	 {true, true, false},  {true, true, true},  {true, false, true}};

	(void)state;
	for (unsigned o = 1; o <= 8; o++) {
		struct image_result result = {0};
		struct buf data = BUF_INIT;
		struct error err;
		gdImagePtr image;
		int width = ways[o].turned ? 40 : 80, height = ways[o].turned ? 80 : 40;

		sample_exif(80, 40, o, &data);
		assert_int_equal(image_convert(data.data, data.length, &(struct image_wish){500, 500}, &result, &err), 0);
		assert_int_equal(result.width, width);
		assert_int_equal(result.height, height);
		assert_null(memmem(result.data.data, result.data.length, "Exif", 4));
		assert_null(memmem(result.data.data, result.data.length, SAMPLE_SECRET, strlen(SAMPLE_SECRET)));
		image = again(&result);
		for (int corner = 0; corner < 4; corner++)
			assert_int_equal(is_blue(image, corner & 1 ? width - 4 : 3, corner & 2 ? height - 4 : 3),
					 ((corner & 1) != 0) == ways[o].right && ((corner & 2) != 0) == ways[o].below);
		gdImageDestroy(image);
		buf_fini(&result.data);
		buf_fini(&data);
	}
}

static void transparency_stays(void **state)
{
	gdImagePtr image = gdImageCreateTrueColor(300, 300);
	struct image_result result = {0};
	struct error err;
	int size;
	void *data;

	(void)state;
	gdImageAlphaBlending(image, 0);
	gdImageSaveAlpha(image, 1);
	gdImageFilledRectangle(image, 0, 0, 299, 299, gdTrueColorAlpha(10, 20, 30, 127));
	data = gdImagePngPtr(image, &size);
	gdImageDestroy(image);
	assert_int_equal(image_convert(data, (size_t)size, &wish, &result, &err), 0);
	image = again(&result);
	assert_int_equal(gdTrueColorGetAlpha(gdImageGetTrueColorPixel(image, 40, 40)), 127);
	gdImageDestroy(image);
	gdFree(data);
	buf_fini(&result.data);
}

static void damage_is_told(void **state)
{
	static const char *const types[] = {"png", "jpg", "gif", "webp"};

	(void)state;
	for (size_t t = 0; t < ARRAY_SIZE(types); t++) {
		struct buf data = BUF_INIT;

		sample(types[t], 64, 64, &data);
		for (size_t length = 0; length < data.length; length += 7) {
			struct image_result result = {0};
			struct error err = {0};
			int r = image_convert(data.data, length, &wish, &result, &err);

			/* Some decoders show the part that is there; most say no. */
			if (r < 0)
				assert_int_equal(err.kind, ERROR_INVALID);
			buf_fini(&result.data);
		}
		for (size_t at = 0; at < data.length; at += 3) {
			struct image_result result = {0};
			struct error err = {0};

			data.data[at] = (char)(data.data[at] ^ 0x55);
			image_convert(data.data, data.length, &wish, &result, &err);
			buf_fini(&result.data);
		}
		buf_fini(&data);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_kept_within),
		cmocka_unit_test(it_is_turned_upright),
		cmocka_unit_test(transparency_stays),
		cmocka_unit_test(damage_is_told),
	};

	return cmocka_run_group_tests_name("image: convert", tests, NULL, NULL);
}
