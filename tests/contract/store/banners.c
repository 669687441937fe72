#include "store/banners.h"

#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "fixture.h"
#include "store/sitemap.h"
#include "store/versions.h"

static struct banner plain(const char *text)
{
	return (struct banner){.text = (char *)text, .link = "https://a.example/?a=1", .weight = 5, .enabled = true};
}

static void keeps_banners(void **state)
{
	struct store *store = store_of(state);
	struct banner b = plain("Spoons — 숟가락 \xf0\x9f\xa5\x84"), got = {0};
	struct error err = {0};

	must(banners_add(store, &b, NOW, &err), &err);
	must(banners_get(store, b.id, &got, &err), &err);
	assert_string_equal(got.text, b.text);
	assert_null(got.text_ko);
	assert_string_equal(got.link, b.link);
	assert_null(got.image_hash);
	assert_int_equal(got.weight, 5);
	assert_true(got.enabled);
	assert_int_equal(got.views + got.clicks, 0);
	banner_fini(&got);
	b.text_ko = (char *)"숟가락";
	b.weight = 7;
	must(banners_update(store, &b, &err), &err);
	must(banners_update(store, &b, &err), &err); /* the same again is fine */
	must(banners_get(store, b.id, &got, &err), &err);
	assert_string_equal(got.text_ko, "숟가락");
	assert_int_equal(got.weight, 7);
	banner_fini(&got);
	must(banners_delete(store, b.id, &err), &err);
	assert_true(banners_get(store, b.id, &got, &err) < 0);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_true(banners_update(store, &b, &err) < 0);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_true(banners_delete(store, b.id, &err) < 0);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

static void shows_those_whose_time_it_is(void **state)
{
	struct store *store = store_of(state);
	struct banner always = plain("always"), off = plain("off"), later = plain("later"), over = plain("over"), now = plain("now");
	struct banner_list list;
	struct error err = {0};

	off.enabled = false;
	later.starts_ms = NOW + 1;
	over.ends_ms = NOW;
	now.starts_ms = NOW;
	now.ends_ms = NOW + 1;
	must(banners_add(store, &always, NOW, &err), &err);
	must(banners_add(store, &off, NOW, &err), &err);
	must(banners_add(store, &later, NOW, &err), &err);
	must(banners_add(store, &over, NOW, &err), &err);
	must(banners_add(store, &now, NOW + 5, &err), &err);
	must(banners_running(store, NOW, &list, &err), &err);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].text, "now");
	assert_string_equal(list.items[1].text, "always");
	banner_list_fini(&list);
	must(banners_list(store, (struct page){2, 2}, &list, &err), &err);
	assert_int_equal(list.total, 5);
	assert_int_equal(list.count, 2);
	banner_list_fini(&list);
}

static void counts_by_day(void **state)
{
	struct store *store = store_of(state);
	struct banner b = plain("counted"), got = {0};
	struct error err = {0};

	must(banners_add(store, &b, NOW, &err), &err);
	for (int day = 0; day < 3; day++)
		for (int i = 0; i < 4; i++)
			must(banners_count(store, b.id, i == 0, NOW + day * INT64_C(86400000), &err), &err);
	must(banners_get(store, b.id, &got, &err), &err);
	assert_int_equal(got.views, 9);
	assert_int_equal(got.clicks, 3);
	banner_fini(&got);
	assert_true(banners_count(store, "nosuchbanner", false, NOW, &err) < 0);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

static void keeps_pictures_whole(void **state)
{
	struct store *store = store_of(state);
	struct banner b = plain("pictured"), got = {0};
	struct buf bytes = BUF_INIT, back = BUF_INIT;
	struct banner_image image = {.type = "webp", .hash = "00ff00ff00ff00ff00ff00ff00ff00ff", .width = 600, .height = 200};
	struct error err = {0};

	for (int i = 0; i < 300000; i++)
		buf_append_char(&bytes, (char)(i * 7 + (i >> 8)));
	image.data = bytes.data;
	image.length = bytes.length;
	must(banners_add(store, &b, NOW, &err), &err);
	must(banners_set_image(store, b.id, &image, &err), &err);
	must(banners_set_image(store, b.id, &image, &err), &err);
	must(banners_get(store, b.id, &got, &err), &err);
	assert_string_equal(got.image_hash, image.hash);
	assert_string_equal(got.image_type, "webp");
	assert_int_equal(got.width, 600);
	assert_int_equal(got.height, 200);
	banner_fini(&got);
	must(banners_image(store, image.hash, "webp", &back, &err), &err);
	assert_int_equal(back.length, bytes.length);
	assert_memory_equal(back.data, bytes.data, bytes.length);
	assert_true(banners_image(store, image.hash, "png", &back, &err) < 0);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	must(banners_set_image(store, b.id, &(struct banner_image){0}, &err), &err);
	assert_true(banners_image(store, image.hash, "webp", &back, &err) < 0);
	assert_true(banners_set_image(store, "nosuchbanner", &image, &err) < 0);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	buf_fini(&bytes);
	buf_fini(&back);
}

static void maps_what_is_listed(void **state)
{
	struct store *store = store_of(state);
	static const char *const names[] = {"one", "two", "three", "four", "five"};
	struct version version = {.label = "1", .reference = "demo/x:1", .image = "sha256:00", .size = 1, .shell = true};
	struct sitemap_row rows[10];
	struct error err = {0};
	size_t count;
	int64_t ids[5], total, after;
	bool rebuild;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct project p = sample(names[i], "fun");

		must(projects_upsert(store, &p, NOW, &ids[i], &rebuild, &err), &err);
		version.project = ids[i];
		if (i != 4) /* the last one was never built */
			must(versions_add(store, &version, NOW, NULL, &err), &err);
	}
	must(projects_set_visibility(store, ids[1], "unlisted", NOW + 5, &err), &err);
	must(sitemap_count(store, &total, &err), &err);
	assert_int_equal(total, 3);
	must(sitemap_read(store, 0, rows, 10, &count, &err), &err);
	assert_int_equal(count, 3);
	assert_string_equal(rows[0].name, "one");
	assert_string_equal(rows[2].name, "four");
	must(sitemap_read(store, rows[0].id, rows, 1, &count, &err), &err);
	assert_int_equal(count, 1);
	assert_string_equal(rows[0].name, "three");
	must(sitemap_start(store, 1, 2, &after, &err), &err);
	assert_int_equal(after, 0);
	must(sitemap_start(store, 2, 2, &after, &err), &err);
	must(sitemap_read(store, after, rows, 2, &count, &err), &err);
	assert_int_equal(count, 1);
	assert_string_equal(rows[0].name, "four");
	assert_true(sitemap_start(store, 3, 2, &after, &err) < 0);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

int run_banners(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_banners, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(shows_those_whose_time_it_is, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(counts_by_day, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(keeps_pictures_whole, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(maps_what_is_listed, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("banners and maps", tests, NULL, NULL);
}
