/* A layer over others: whiteouts, opaque folders, parents that only the layers below have, hard links into them. */
#include "folder.h"

#include <errno.h>
#include <locale.h>
#include <sys/stat.h>
#include <unistd.h>

static void unpack(struct folder *f, struct tar *tar)
{
	if (folder_unpack(f, tar) != 0)
		fail_msg("%s", f->err.message);
}

/* The layer that the others stand on. */
static void put_base(struct folder *f)
{
	struct archive_entry *entry;
	struct tar tar;

	tar_open(&tar, TAR_PAX);
	entry = tar_entry("usr/", AE_IFDIR, 0751);
	archive_entry_set_uid(entry, 11);
	tar_put(&tar, entry, NULL, 0);
	tar_folder(&tar, "usr/bin", 0755);
	tar_file(&tar, "usr/bin/tool", 04711, "tool");
	tar_link(&tar, "usr/bin/alias", "tool");
	tar_link(&tar, "bin", "usr/bin");
	tar_link(&tar, "abs", "/usr/bin");
	tar_link(&tar, "up", "../../../usr");
	tar_folder(&tar, "etc", 0755);
	tar_file(&tar, "etc/a", 0644, "a");
	tar_file(&tar, "etc/b", 0644, "b");
	unpack(f, &tar);
	folder_push(f);
}

static void test_whiteouts(void **state)
{
	struct folder *f = *state;
	struct tar tar;

	put_base(f);
	tar_open(&tar, TAR_PAX);
	tar_file(&tar, "etc/.wh.a", 0644, "");
	tar_file(&tar, "usr/.wh.bin", 0644, "");
	tar_file(&tar, "etc/.wh.none", 0644, "");     /* hides nothing: not made */
	tar_file(&tar, "etc/.wh..wh.plnk", 0644, ""); /* aufs's own */
	unpack(f, &tar);
	assert_true(folder_is_whiteout(f, 0, "etc/a"));
	assert_true(folder_is_whiteout(f, 0, "usr/bin"));
	assert_false(folder_has(f, 0, "etc/none"));
	assert_false(folder_has(f, 0, "etc/.wh.a"));
	assert_false(folder_has(f, 0, "etc/.wh..wh.plnk"));
	assert_false(folder_is_opaque(f, 0, "etc"));
	assert_true(folder_has(f, 1, "etc/a"));
	/* In the third layer the same names are hidden already. */
	folder_push(f);
	tar_open(&tar, TAR_PAX);
	tar_file(&tar, "etc/.wh.a", 0644, "");
	tar_file(&tar, "usr/bin/.wh.tool", 0644, "");
	unpack(f, &tar);
	assert_false(folder_has(f, 0, "etc/a"));
	assert_false(folder_has(f, 0, "usr/bin/tool"));
}

static void test_opaque(void **state)
{
	struct folder *f = *state;
	struct tar tar;

	put_base(f);
	tar_open(&tar, TAR_PAX);
	tar_file(&tar, "etc/mine", 0644, "mine"); /* before and after the mark: both stay */
	tar_file(&tar, "etc/.wh..wh..opq", 0644, "");
	tar_file(&tar, "etc/more", 0644, "more");
	unpack(f, &tar);
	assert_true(folder_is_opaque(f, 0, "etc"));
	assert_int_equal(f->opaque, 1);
	assert_string_equal(folder_text(f, 0, "etc/mine"), "mine");
	assert_string_equal(folder_text(f, 0, "etc/more"), "more");
	assert_false(folder_has(f, 0, "etc/.wh..wh..opq"));
	/* What it hides cannot be linked to by the layers above. */
	folder_push(f);
	tar_open(&tar, TAR_PAX);
	tar_hard_link(&tar, "x", "etc/a");
	assert_true(folder_unpack(f, &tar) < 0);
	assert_int_equal(f->err.kind, ERROR_MALFORMED);
}

static void test_removed_and_made_anew(void **state)
{
	struct folder *f = *state;
	struct tar tar;

	put_base(f);
	tar_open(&tar, TAR_PAX);
	tar_file(&tar, ".wh.etc", 0644, "");
	tar_folder(&tar, "etc", 0700);
	tar_file(&tar, "etc/new", 0644, "new");
	tar_folder(&tar, "usr", 0755); /* the other order */
	tar_file(&tar, "usr/new", 0644, "new");
	tar_file(&tar, ".wh.usr", 0644, "");
	tar_file(&tar, ".wh.bin", 0644, ""); /* and one that only a name below makes anew */
	tar_file(&tar, "bin/new", 0644, "new");
	unpack(f, &tar);
	assert_true(folder_is_opaque(f, 0, "etc"));
	assert_true(folder_is_opaque(f, 0, "usr"));
	assert_true(folder_is_opaque(f, 0, "bin"));
	assert_string_equal(folder_text(f, 0, "usr/new"), "new");
	assert_string_equal(folder_text(f, 0, "bin/new"), "new");
}

static void test_reserved_names(void **state)
{
	static const char *const names[] = {".wh.", ".wh..", ".wh...", "a/.wh.", ".wh.x/y", "a/.wh..wh..opq/b"};
	struct folder *f = *state;

	put_base(f);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct tar tar;

		tar_open(&tar, TAR_PAX);
		tar_file(&tar, names[i], 0644, "");
		assert_true(folder_unpack(f, &tar) < 0);
		assert_int_equal(f->err.kind, ERROR_MALFORMED);
	}
	/* Names that only look alike. */
	{
		struct tar tar;

		tar_open(&tar, TAR_PAX);
		tar_file(&tar, "x.wh.y/z", 0644, "z");
		tar_file(&tar, ".wha", 0644, "w");
		unpack(f, &tar);
		assert_string_equal(folder_text(f, 0, "x.wh.y/z"), "z");
	}
}

static void test_parents_from_below(void **state)
{
	struct folder *f = *state;
	struct tar tar;

	put_base(f);
	tar_open(&tar, TAR_PAX);
	tar_file(&tar, "usr/local/lib/x", 0644, "x");
	tar_file(&tar, "bin/through", 0755, "relative");
	tar_file(&tar, "abs/through2", 0755, "absolute");
	tar_file(&tar, "up/through3", 0755, "dots");
	unpack(f, &tar);
	assert_int_equal(folder_stat(f, 0, "usr").st_mode & 07777, 0751);
	assert_int_equal(folder_stat(f, 0, "usr").st_uid, 11);
	assert_int_equal(folder_stat(f, 0, "usr/local").st_mode & 07777, 0755);
	assert_false(folder_has(f, 0, "bin"));
	assert_false(folder_has(f, 0, "abs"));
	assert_string_equal(folder_text(f, 0, "usr/bin/through"), "relative");
	assert_string_equal(folder_text(f, 0, "usr/bin/through2"), "absolute");
	assert_string_equal(folder_text(f, 0, "usr/through3"), "dots");
	/* A folder entry in the link's place replaces it, as in every other unpacker. */
	tar_open(&tar, TAR_PAX);
	tar_folder(&tar, "bin", 0700);
	unpack(f, &tar);
	assert_true(S_ISDIR(folder_stat(f, 0, "bin").st_mode));
	/* Below what is a file there. */
	tar_open(&tar, TAR_PAX);
	tar_file(&tar, "etc/a/below", 0644, "x");
	assert_true(folder_unpack(f, &tar) < 0);
	assert_int_equal(f->err.kind, ERROR_MALFORMED);
}

static void test_hard_links_into_below(void **state)
{
	struct folder *f = *state;
	struct stat before, after;
	struct tar tar;

	put_base(f);
	before = folder_stat(f, 1, "usr/bin/tool");
	tar_open(&tar, TAR_PAX);
	tar_hard_link(&tar, "usr/bin/second", "bin/tool"); /* through a link of the layer below */
	tar_hard_link(&tar, "usr/bin/third", "usr/bin/tool");
	tar_hard_link(&tar, "soft", "usr/bin/alias");
	unpack(f, &tar);
	assert_string_equal(folder_text(f, 0, "usr/bin/second"), "tool");
	assert_int_equal(folder_stat(f, 0, "usr/bin/second").st_mode, S_IFREG | 04711);
	assert_int_equal(folder_stat(f, 0, "usr/bin/second").st_mtim.tv_sec, before.st_mtim.tv_sec);
	assert_int_equal(folder_stat(f, 0, "usr/bin/tool").st_nlink, 3);
	assert_true(S_ISLNK(folder_stat(f, 0, "soft").st_mode));
	after = folder_stat(f, 1, "usr/bin/tool");
	assert_int_equal(after.st_nlink, before.st_nlink);
	assert_int_equal(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
	assert_int_equal(folder_stat(f, 0, "usr").st_uid, 11);
	/* What this layer has hidden is gone. */
	tar_open(&tar, TAR_PAX);
	tar_file(&tar, "etc/.wh.b", 0644, "");
	tar_hard_link(&tar, "x", "etc/b");
	assert_true(folder_unpack(f, &tar) < 0);
	assert_int_equal(f->err.kind, ERROR_MALFORMED);
}

static void test_copies_count(void **state)
{
	struct folder *f = *state;
	struct tar tar;

	tar_open(&tar, TAR_PAX);
	for (char name[] = "a"; name[0] < 'e'; name[0]++)
		tar_put(&tar, tar_entry(name, AE_IFREG, 0644), NULL, 15 * 1024 * 1024);
	unpack(f, &tar);
	folder_push(f);
	tar_open(&tar, TAR_PAX);
	tar_put(&tar, tar_entry("own", AE_IFREG, 0644), NULL, 15 * 1024 * 1024);
	for (char name[] = "a"; name[0] < 'e'; name[0]++) {
		char link[] = "link-a";

		link[5] = name[0];
		tar_hard_link(&tar, link, name);
	}
	assert_true(folder_unpack(f, &tar) < 0); /* 75 MiB of 64 */
	assert_int_equal(f->err.kind, ERROR_TOO_LARGE);
}

static void test_merged_lookup(void **state)
{
	struct folder *f = *state;
	struct merged found;
	struct tar tar;

	put_base(f);
	tar_open(&tar, TAR_PAX);
	tar_file(&tar, "usr/bin/.wh.alias", 0644, "");
	tar_link(&tar, "loop", "loop");
	tar_link(&tar, "sh", "bin/tool");
	tar_link(&tar, "out", "../../../../../etc/passwd");
	unpack(f, &tar);
	assert_int_equal(merged_lookup(f->layers, 2, "sh", true, &found), 0);
	assert_string_equal(found.path, "usr/bin/tool");
	assert_int_equal(found.layer, 1);
	assert_int_equal(merged_lookup(f->layers, 2, "/bin/../bin/./tool", true, &found), 0);
	assert_string_equal(found.path, "usr/bin/tool");
	assert_int_equal(merged_lookup(f->layers, 2, "sh", false, &found), 0);
	assert_true(S_ISLNK(found.st.st_mode));
	assert_int_equal(merged_lookup(f->layers, 2, "bin/alias", true, &found), -ENOENT);
	assert_int_equal(merged_lookup_below(f->layers, 2, "usr/bin/alias", &found), 0);
	assert_int_equal(merged_lookup(f->layers, 2, "loop", true, &found), -ELOOP);
	assert_int_equal(merged_lookup(f->layers, 2, "out", true, &found), -ENOENT);
	assert_int_equal(merged_lookup(f->layers, 2, "etc/a/b", true, &found), -ENOTDIR);
	assert_int_equal(merged_lookup(f->layers, 2, "..", true, &found), 0);
	assert_string_equal(found.path, "");
	assert_int_equal(merged_lookup(f->layers, 0, "x", true, &found), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_whiteouts),
		TEST(test_opaque),
		TEST(test_removed_and_made_anew),
		TEST(test_reserved_names),
		TEST(test_parents_from_below),
		TEST(test_hard_links_into_below),
		TEST(test_copies_count),
		TEST(test_merged_lookup),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
