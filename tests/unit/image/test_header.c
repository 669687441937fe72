#include "../test.h"

#include "base/util.h"
#include "image/header.h"
#include "samples.h"

static int read_header(const struct buf *data, size_t length, struct image_header *header)
{
	struct error err;

	return image_header_read((const uint8_t *)data->data, length, header, &err);
}

static void sizes_are_read(void **state)
{
	static const struct {
		const char *type;
		enum image_format format;
	} kinds[] = {{"png", IMAGE_PNG}, {"jpg", IMAGE_JPEG}, {"gif", IMAGE_GIF}, {"webp", IMAGE_WEBP}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct image_header header;
		struct buf data = BUF_INIT;

		sample(kinds[i].type, 321, 123, &data);
		assert_int_equal(read_header(&data, data.length, &header), 0);
		assert_int_equal(header.format, kinds[i].format);
		assert_int_equal(header.width, 321);
		assert_int_equal(header.height, 123);
		assert_int_equal(header.orientation, 1);
		/* However short it is cut, it is read within its bytes (the sanitizer looks). */
		for (size_t length = 0; length < min_size(data.length, 600); length++) {
			struct buf part = BUF_INIT;

			buf_append(&part, data.data, length);
			read_header(&part, length, &header);
			buf_fini(&part);
		}
		assert_true(read_header(&data, 8, &header) < 0);
		buf_fini(&data);
	}
}

static void other_kinds_of_webp_are_read(void **state)
{
	static const uint8_t lossless[] = "RIFF\x20\0\0\0WEBPVP8L\x10\0\0\0\x2f\x3f\x41\x1e\0\0\0\0\0\0\0";
	static const uint8_t extended[] = "RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x10\0\0\0\x40\x01\0\x7a\0\0";
	static const uint8_t animated[] = "RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\x40\x01\0\x7a\0\0";
	struct image_header header;
	struct error err;

	(void)state;
	assert_int_equal(image_header_read(lossless, sizeof(lossless) - 1, &header, &err), 0);
	assert_int_equal(header.width, 0x13f + 1); /* 14 bits: 0x413f & 0x3fff = 0x13f */
	assert_int_equal(header.height, ((0x1e41 >> 6) & 0x3fff) + 1);
	assert_int_equal(image_header_read(extended, sizeof(extended) - 1, &header, &err), 0);
	assert_int_equal(header.width, 321);
	assert_int_equal(header.height, 123);
	assert_true(image_header_read(animated, sizeof(animated) - 1, &header, &err) < 0);
}

static void orientation_is_read(void **state)
{
	(void)state;
	for (unsigned orientation = 0; orientation <= 10; orientation++) {
		struct image_header header;
		struct buf data = BUF_INIT;

		sample_exif(20, 10, orientation, &data);
		assert_int_equal(read_header(&data, data.length, &header), 0);
		assert_int_equal(header.orientation, orientation >= 1 && orientation <= 8 ? orientation : 1);
		buf_fini(&data);
	}
}

static void bombs_are_seen_before_they_go_off(void **state)
{
	static const struct {
		unsigned width;
		unsigned height;
		bool good;
	} cases[] = {{0, 5, false},	{5, 0, false},	     {10000, 2500, true},	     {10000, 2501, false},
		     {10001, 1, false}, {1, 10001, false}, {0xffffffff, 0xffffffff, false}, {0x10000, 0x10000, false}};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct image_header header;
		struct buf data = BUF_INIT;

		sample_claim(cases[i].width, cases[i].height, &data);
		assert_int_equal(read_header(&data, data.length, &header) == 0, cases[i].good);
		buf_fini(&data);
	}
}

static void a_frame_beyond_its_screen_is_refused(void **state)
{
	struct image_header header;
	struct buf data = BUF_INIT;

	(void)state;
	sample("gif", 20, 10, &data);
	data.data[6] = 10; /* the screen is narrower than the frame */
	assert_true(read_header(&data, data.length, &header) < 0);
	buf_fini(&data);
}

static void other_files_are_refused(void **state)
{
	static const char *const others[] = {"", "x", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "BM6\0\0", "II*\0", "%PDF-1.4", "\xff\xd8",
					     "GIF8", "RIFF1234WAVE", "\0\0\0\040ftypavif"};
	struct image_header header;
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(others); i++)
		assert_true(image_header_read((const uint8_t *)others[i], strlen(others[i]), &header, &err) < 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_read),
		cmocka_unit_test(other_kinds_of_webp_are_read),
		cmocka_unit_test(orientation_is_read),
		cmocka_unit_test(bombs_are_seen_before_they_go_off),
		cmocka_unit_test(a_frame_beyond_its_screen_is_refused),
		cmocka_unit_test(other_files_are_refused),
	};

	return cmocka_run_group_tests_name("image: header", tests, NULL, NULL);
}
