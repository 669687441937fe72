/* What a layer may not do. The teardown of every test checks that nothing outside the layer's folder changed. The
 * unpacker runs here without its confinement: its own care alone has to be enough. */
#include "folder.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"

static void refused(struct folder *f, struct tar *tar, enum error_kind kind, const char *has)
{
	assert_true(folder_unpack(f, tar) < 0);
	if (f->err.kind != kind || strstr(f->err.message, has) == NULL)
		fail_msg("unexpected %s: %s", error_kind_name(f->err.kind), f->err.message);
}

static void test_dots(void **state)
{
	static const char *const names[] = {"../outside/x", "a/../../outside/x",  "..", "/../outside/x",
					    "a/..",         "./../outside/secret"};
	struct folder *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct tar tar;

		tar_open(&tar, TAR_PAX);
		tar_file(&tar, names[i], 0644, "evil");
		refused(f, &tar, ERROR_MALFORMED, "..");
		tar_open(&tar, TAR_PAX);
		tar_folder(&tar, names[i], 0777);
		refused(f, &tar, ERROR_MALFORMED, "..");
		tar_open(&tar, TAR_PAX);
		tar_link(&tar, names[i], "x");
		refused(f, &tar, ERROR_MALFORMED, "..");
	}
}

static void test_through_links(void **state)
{
	struct folder *f = *state;
	auto_free char *absolute = xasprintf("%s/outside", f->top);
	auto_free char *inside = xasprintf("%s/outside/x", f->top + 1);
	struct tar tar;

	tar_open(&tar, TAR_PAX);
	tar_link(&tar, "absolute", absolute);
	tar_file(&tar, "absolute/x", 0644, "evil");
	tar_link(&tar, "relative", "../outside");
	tar_file(&tar, "relative/y", 0644, "evil");
	tar_link(&tar, "deep/er", "../../../../../../../../../..");
	tar_file(&tar, "deep/er/z", 0644, "evil");
	tar_link(&tar, "file", "../outside/secret");
	tar_file(&tar, "file", 0600, "evil");
	tar_link(&tar, "folder", "../outside");
	tar_folder(&tar, "folder", 0777);
	tar_link(&tar, "fifo", "../outside/fifo");
	tar_put(&tar, tar_entry("fifo", AE_IFIFO, 0666), NULL, 0);
	assert_int_equal(folder_unpack(f, &tar), 0);
	/* All of it went where the image's own root says. */
	assert_string_equal(folder_text(f, 0, inside), "evil");
	assert_string_equal(folder_text(f, 0, "outside/y"), "evil");
	assert_string_equal(folder_text(f, 0, "z"), "evil");
	assert_string_equal(folder_text(f, 0, "file"), "evil");
	assert_true(S_ISDIR(folder_stat(f, 0, "folder").st_mode));
}

static void test_hard_links_out(void **state)
{
	struct folder *f = *state;
	auto_free char *absolute = xasprintf("%s/outside/secret", f->top);
	const char *const targets[] = {"../outside/secret", absolute, "link", "none", "folder", "", "/", "l2/secret"};

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		struct tar tar;

		tar_open(&tar, TAR_PAX);
		tar_folder(&tar, "folder", 0755);
		tar_link(&tar, "link", "../outside/secret");
		tar_link(&tar, "l2", "../outside");
		tar_hard_link(&tar, "mine", targets[i]);
		tar_file(&tar, "mine", 0666, "evil");
		if (targets[i][0] == '\0' || strcmp(targets[i], "link") == 0) {
			(void)folder_unpack(f, &tar); /* a second name of a link, or an empty target: harmless */
			assert_true(!folder_has(f, 0, "mine") || folder_stat(f, 0, "mine").st_nlink == 1);
		} else {
			refused(f, &tar, ERROR_MALFORMED, strstr(targets[i], "..") != NULL ? ".." : "hard link");
		}
	}
}

static void test_link_loops(void **state)
{
	struct folder *f = *state;
	struct tar tar;

	tar_open(&tar, TAR_PAX);
	tar_link(&tar, "a", "b");
	tar_link(&tar, "b", "a");
	tar_file(&tar, "a/x", 0644, "x");
	refused(f, &tar, ERROR_MALFORMED, "too many links");
	tar_open(&tar, TAR_PAX);
	tar_link(&tar, "self", "self/self");
	tar_file(&tar, "self/x", 0644, "x");
	refused(f, &tar, ERROR_MALFORMED, "");
}

static void test_replaced_on_the_way(void **state)
{
	struct folder *f = *state;
	struct tar tar;

	/* A folder, then a link in its place, then what looked like being in the folder. */
	tar_open(&tar, TAR_PAX);
	tar_folder(&tar, "d", 0755);
	tar_file(&tar, "d/x", 0644, "first");
	tar_link(&tar, "d", "../outside");
	tar_file(&tar, "d/secret", 0644, "evil");
	assert_int_equal(folder_unpack(f, &tar), 0);
	assert_string_equal(folder_text(f, 0, "outside/secret"), "evil");
	/* Below a file. */
	tar_open(&tar, TAR_PAX);
	tar_file(&tar, "file", 0644, "x");
	tar_file(&tar, "file/below", 0644, "x");
	refused(f, &tar, ERROR_MALFORMED, "no folder");
	/* The root itself. */
	tar_open(&tar, TAR_PAX);
	tar_link(&tar, "./", "../outside");
	refused(f, &tar, ERROR_MALFORMED, "root");
	tar_open(&tar, TAR_PAX);
	tar_hard_link(&tar, "/", "d");
	refused(f, &tar, ERROR_MALFORMED, "root");
}

static void test_hard_link_replaces_its_target(void **state)
{
	struct folder *f = *state;
	struct tar tar;

	tar_open(&tar, TAR_PAX);
	tar_file(&tar, "d/x", 0644, "x");
	tar_hard_link(&tar, "d", "d/x");
	refused(f, &tar, ERROR_MALFORMED, "hard link");
}

static void test_ids(void **state)
{
	static const int64_t ids[] = {65536, 100000, 4294967295, 4294967296, INT64_MAX};
	struct folder *f = *state;

	for (size_t i = 0; i < 2 * ARRAY_SIZE(ids); i++) {
		struct archive_entry *entry = tar_entry("x", AE_IFREG, 0644);
		struct tar tar;

		if (i % 2 == 0)
			archive_entry_set_uid(entry, ids[i / 2]);
		else
			archive_entry_set_gid(entry, ids[i / 2]);
		tar_open(&tar, TAR_PAX);
		tar_put(&tar, entry, NULL, 0);
		refused(f, &tar, ERROR_UNSUPPORTED, "65535");
	}
}

static void test_sizes(void **state)
{
	struct folder *f = *state;
	auto_free char *big = xmalloc(UNTAR_XATTR_MAX + 1);
	char deep[4200] = "", name[300];
	struct archive_entry *entry;
	struct tar tar;

	tar_open(&tar, TAR_PAX);
	tar_put(&tar, tar_entry("big", AE_IFREG, 0644), NULL, 65 * 1024 * 1024);
	refused(f, &tar, ERROR_TOO_LARGE, "more than is allowed");

	tar_open(&tar, TAR_PAX);
	for (int i = 0; i < 70; i++) {
		snprintf(name, sizeof(name), "%d", i);
		tar_put(&tar, tar_entry(name, AE_IFREG, 0644), NULL, 1024 * 1024);
	}
	refused(f, &tar, ERROR_TOO_LARGE, "more than is allowed");

	tar_open(&tar, TAR_PAX);
	for (int i = 0; i < 1001; i++)
		tar_folder(&tar, "same", 0755);
	refused(f, &tar, ERROR_TOO_LARGE, "1000 files");

	tar_open(&tar, TAR_PAX);
	for (int i = 0; i < TREE_DEPTH_MAX; i++)
		strcat(deep, "d/");
	strcat(deep, "x");
	tar_file(&tar, deep, 0644, "");
	refused(f, &tar, ERROR_MALFORMED, "deeper");

	tar_open(&tar, TAR_PAX);
	memset(name, 'n', 256);
	name[256] = '\0';
	tar_file(&tar, name, 0644, "");
	refused(f, &tar, ERROR_MALFORMED, "too long");

	memset(deep, 'd', sizeof(deep));
	for (size_t i = 100; i < sizeof(deep); i += 100)
		deep[i] = '/';
	deep[sizeof(deep) - 1] = '\0';
	tar_open(&tar, TAR_PAX);
	tar_file(&tar, deep, 0644, "");
	refused(f, &tar, ERROR_MALFORMED, "too long");
	tar_open(&tar, TAR_PAX);
	tar_link(&tar, "x", deep);
	refused(f, &tar, ERROR_MALFORMED, "too long");

	tar_open(&tar, TAR_PAX);
	entry = tar_entry("x", AE_IFREG, 0644);
	archive_entry_xattr_add_entry(entry, "user.big", big, UNTAR_XATTR_MAX + 1);
	tar_put(&tar, entry, NULL, 0);
	refused(f, &tar, ERROR_TOO_LARGE, "extended");
}

/* A file that says it is large, and holds nothing. */
static void test_large_hole(void **state)
{
	struct folder *f = *state;
	struct archive_entry *entry = tar_entry("hole", AE_IFREG, 0644);
	struct tar tar;

	archive_entry_set_size(entry, 200 * 1024 * 1024);
	archive_entry_sparse_add_entry(entry, 0, 1);
	tar_open(&tar, TAR_PAX);
	tar_put(&tar, entry, NULL, 200 * 1024 * 1024);
	assert_true(tar.bytes.length < 65536);
	refused(f, &tar, ERROR_TOO_LARGE, "more than is allowed");
}

static void test_broken(void **state)
{
	struct folder *f = *state;
	char garbage[2048];
	struct tar tar;

	memset(garbage, 0x55, sizeof(garbage));
	assert_true(folder_unpack_bytes(f, garbage, sizeof(garbage)) < 0);
	assert_int_equal(f->err.kind, ERROR_MALFORMED);

	tar_open(&tar, TAR_PAX);
	tar_file(&tar, "whole", 0644, "whole");
	tar_put(&tar, tar_entry("cut", AE_IFREG, 0644), NULL, 100000);
	tar_close(&tar);
	/* At every kind of place: in a header, in data, in padding. */
	for (size_t length = 100; length < 60000; length += 4001) {
		assert_true(folder_unpack_bytes(f, tar.bytes.data, length) < 0);
		assert_int_equal(f->err.kind, ERROR_MALFORMED);
	}
	tar.bytes.data[600 + 148] ^= 1; /* some byte of a checksum or name */
	(void)folder_unpack_bytes(f, tar.bytes.data, tar.bytes.length);
	tar_fini(&tar);
}

static void test_messages_are_bounded(void **state)
{
	struct folder *f = *state;
	char name[1200];
	struct tar tar;

	memset(name, 'x', sizeof(name));
	for (size_t i = 200; i < sizeof(name); i += 200)
		name[i] = '/';
	memcpy(name + sizeof(name) - 12, "/../outside", 12);
	tar_open(&tar, TAR_PAX);
	tar_file(&tar, name, 0644, "");
	refused(f, &tar, ERROR_MALFORMED, "..");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_dots),
		TEST(test_through_links),
		TEST(test_hard_links_out),
		TEST(test_link_loops),
		TEST(test_replaced_on_the_way),
		TEST(test_hard_link_replaces_its_target),
		TEST(test_ids),
		TEST(test_sizes),
		TEST(test_large_hole),
		TEST(test_broken),
		TEST(test_messages_are_bounded),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
