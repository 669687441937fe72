/* What a layer may do: files of every kind, names of every length, replacing what came before. */
#include "folder.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <locale.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/cleanup.h"

static void test_kinds(void **state)
{
	struct folder *f = *state;
	struct archive_entry *entry;
	struct stat st;
	struct tar tar;
	char target[32];
	ssize_t n;

	tar_open(&tar, TAR_PAX);
	tar_folder(&tar, "d", 02750);
	entry = tar_entry("d/su", AE_IFREG, 06755);
	archive_entry_set_uid(entry, 65535);
	archive_entry_set_gid(entry, 12);
	archive_entry_set_mtime(entry, 1234567890, 987654321);
	tar_put(&tar, entry, "program", 7);
	tar_link(&tar, "d/link", "/etc/passwd");
	tar_hard_link(&tar, "d/again", "d/su");
	tar_put(&tar, tar_entry("d/fifo", AE_IFIFO, 0622), NULL, 0);
	tar_file(&tar, "d/empty", 0, "");
	assert_int_equal(folder_unpack(f, &tar), 0);
	assert_int_equal(f->counts.entries, 6);

	st = folder_stat(f, 0, "d");
	assert_int_equal(st.st_mode, S_IFDIR | 02750);
	assert_int_equal(st.st_mtim.tv_sec, 1000000000); /* though files came after it */
	st = folder_stat(f, 0, "d/su");
	assert_int_equal(st.st_mode, S_IFREG | 06755);
	assert_int_equal(st.st_uid, 65535);
	assert_int_equal(st.st_gid, 12);
	assert_int_equal(st.st_nlink, 2);
	assert_int_equal(st.st_mtim.tv_sec, 1234567890);
	assert_int_equal(st.st_mtim.tv_nsec, 987654321);
	assert_string_equal(folder_text(f, 0, "d/again"), "program");
	n = readlinkat(f->layers[0], "d/link", target, sizeof(target));
	assert_int_equal(n, 11);
	assert_int_equal(folder_stat(f, 0, "d/link").st_mtim.tv_sec, 1000000000);
	assert_int_equal(folder_stat(f, 0, "d/fifo").st_mode, S_IFIFO | 0622);
	assert_int_equal(folder_stat(f, 0, "d/empty").st_mode, S_IFREG);
	assert_int_equal(folder_stat(f, 0, ".").st_mode, S_IFDIR | 0755);
}

static void test_names(void **state)
{
	static const enum tar_dialect dialects[] = {TAR_PAX, TAR_GNU};
	struct folder *f = *state;
	char longest[256], deep[1200] = "";

	memset(longest, 'n', 255);
	longest[255] = '\0';
	for (int i = 0; i < 100; i++)
		strcat(deep, "folder/");
	strcat(deep, "file");
	for (size_t i = 0; i < 2; i++) {
		struct tar tar;

		tar_open(&tar, dialects[i]);
		tar_file(&tar, longest, 0644, "longest");
		tar_file(&tar, deep, 0644, "deep");
		tar_file(&tar, "./dot/./slash//x", 0644, "dots");
		tar_file(&tar, "/absolute", 0644, "inside");
		tar_file(&tar, "\xed\x95\x9c\xea\xb8\x80", 0644, "hangul");
		tar_file(&tar, "new\nline \x1b[31m", 0644, "odd");
		tar_link(&tar, "long link", deep);
		assert_int_equal(folder_unpack(f, &tar), 0);
		assert_string_equal(folder_text(f, 0, longest), "longest");
		assert_string_equal(folder_text(f, 0, deep), "deep");
		assert_string_equal(folder_text(f, 0, "dot/slash/x"), "dots");
		assert_string_equal(folder_text(f, 0, "absolute"), "inside");
		assert_string_equal(folder_text(f, 0, "\xed\x95\x9c\xea\xb8\x80"), "hangul");
		assert_string_equal(folder_text(f, 0, "new\nline \x1b[31m"), "odd");
		assert_int_equal(folder_stat(f, 0, "long link").st_size, (long)strlen(deep));
	}
}

/* Old archives name files in encodings that nobody knows any more. */
static void test_unknown_encoding(void **state)
{
	struct folder *f = *state;
	struct tar tar;

	tar_open(&tar, TAR_GNU);
	tar_file(&tar, "caf\xe9", 0644, "latin1");
	assert_int_equal(folder_unpack(f, &tar), 0);
	assert_string_equal(folder_text(f, 0, "caf\xe9"), "latin1");
}

static void test_sparse(void **state)
{
	struct folder *f = *state;
	struct archive_entry *entry = tar_entry("sparse", AE_IFREG, 0644);
	struct stat st;
	struct tar tar;
	char byte;
	int fd;

	archive_entry_set_size(entry, 32 * 1024 * 1024 + 5);
	archive_entry_sparse_add_entry(entry, 16 * 1024 * 1024, 5);
	tar_open(&tar, TAR_PAX);
	tar_put(&tar, entry, NULL, 32 * 1024 * 1024 + 5); /* only the five bytes in the middle are kept */
	assert_true(tar.bytes.length < 65536);
	if (folder_unpack(f, &tar) != 0)
		fail_msg("%s", f->err.message);
	st = folder_stat(f, 0, "sparse");
	assert_int_equal(st.st_size, 32 * 1024 * 1024 + 5);
	assert_true(st.st_blocks * 512 < 1024 * 1024);
	fd = openat(f->layers[0], "sparse", O_RDONLY);
	assert_int_equal(pread(fd, &byte, 1, 32 * 1024 * 1024 + 4), 1);
	close(fd);
}

static void test_replacing(void **state)
{
	struct folder *f = *state;
	struct tar tar;

	tar_open(&tar, TAR_PAX);
	tar_file(&tar, "twice", 0644, "first and long");
	tar_file(&tar, "twice", 0600, "second");
	tar_file(&tar, "one", 0644, "one");
	tar_hard_link(&tar, "other", "one");
	tar_file(&tar, "one", 0644, "new"); /* must not write through to the other name */
	tar_folder(&tar, "folder/in/side", 0755);
	tar_file(&tar, "folder/in/side/x", 0644, "x");
	tar_file(&tar, "folder", 0644, "a file now");
	tar_file(&tar, "file", 0644, "file");
	tar_folder(&tar, "file", 0700);
	tar_file(&tar, "file/x", 0644, "below");
	tar_link(&tar, "link", "twice");
	tar_file(&tar, "link", 0644, "not through the link");
	tar_link(&tar, "tofolder", "file");
	tar_folder(&tar, "tofolder", 0711);
	tar_hard_link(&tar, "one", "one");
	tar_folder(&tar, "file", 0755); /* a folder again: only its attributes change */
	assert_int_equal(folder_unpack(f, &tar), 0);
	assert_string_equal(folder_text(f, 0, "twice"), "second");
	assert_int_equal(folder_stat(f, 0, "twice").st_mode & 07777, 0600);
	assert_string_equal(folder_text(f, 0, "other"), "one");
	assert_string_equal(folder_text(f, 0, "one"), "new");
	assert_string_equal(folder_text(f, 0, "folder"), "a file now");
	assert_string_equal(folder_text(f, 0, "file/x"), "below");
	assert_int_equal(folder_stat(f, 0, "file").st_mode & 07777, 0755);
	assert_string_equal(folder_text(f, 0, "link"), "not through the link");
	assert_true(S_ISDIR(folder_stat(f, 0, "tofolder").st_mode));
}

static void add_xattr(struct tar *tar, const char *name, const char *attribute, const void *value, size_t size)
{
	struct archive_entry *entry = tar_entry(name, AE_IFREG, 0755);

	archive_entry_xattr_add_entry(entry, attribute, value, size);
	tar_put(tar, entry, "x", 1);
}

static ssize_t xattr(const struct folder *f, const char *path, const char *name)
{
	auto_fd int fd = openat(f->layers[0], path, O_RDONLY | O_CLOEXEC);
	char value[256];

	assert_true(fd >= 0);
	return fgetxattr(fd, name, value, sizeof(value));
}

static void test_xattrs(void **state)
{
	const struct vfs_cap_data two = {.magic_etc = VFS_CAP_REVISION_2, .data = {{.permitted = 1 << CAP_NET_RAW}}};
	const struct vfs_ns_cap_data three = {.magic_etc = VFS_CAP_REVISION_3,
					      .data = {{.permitted = 1 << CAP_NET_RAW}},
					      .rootid = 1000};
	struct folder *f = *state;
	struct tar tar;

	tar_open(&tar, TAR_PAX);
	add_xattr(&tar, "user", "user.note", "hello", 5);
	add_xattr(&tar, "ping", "security.capability", &two, sizeof(two));
	add_xattr(&tar, "foreign", "security.capability", &three, sizeof(three));
	add_xattr(&tar, "short", "security.capability", "xy", 2);
	add_xattr(&tar, "selinux", "security.selinux", "label", 5);
	add_xattr(&tar, "acl", "system.posix_acl_access", "\2\0\0\0", 4);
	add_xattr(&tar, "overlay", "user.overlay.opaque", "y", 1);
	assert_int_equal(folder_unpack(f, &tar), 0);
	assert_int_equal(xattr(f, "user", "user.note"), 5);
	assert_int_equal(xattr(f, "ping", "security.capability"), sizeof(two));
	assert_true(xattr(f, "foreign", "security.capability") < 0);
	assert_true(xattr(f, "short", "security.capability") < 0);
	assert_true(xattr(f, "selinux", "security.selinux") < 0);
	assert_true(xattr(f, "overlay", "user.overlay.opaque") < 0);

	tar_open(&tar, TAR_PAX);
	add_xattr(&tar, "trusted", "trusted.overlay.redirect", "/x", 2);
	assert_true(folder_unpack(f, &tar) < 0);
	assert_int_equal(f->err.kind, ERROR_MALFORMED);
	assert_non_null(strstr(f->err.message, "trusted"));
}

static void test_devices_are_left_out(void **state)
{
	struct folder *f = *state;
	struct archive_entry *entry;
	struct tar tar;

	tar_open(&tar, TAR_PAX);
	entry = tar_entry("dev/mem", AE_IFCHR, 0666);
	archive_entry_set_rdevmajor(entry, 1);
	archive_entry_set_rdevminor(entry, 1);
	tar_put(&tar, entry, NULL, 0);
	entry = tar_entry("dev/disk", AE_IFBLK, 0666);
	archive_entry_set_rdevmajor(entry, 8);
	tar_put(&tar, entry, NULL, 0);
	tar_put(&tar, tar_entry("dev/hidden", AE_IFCHR, 0), NULL, 0); /* 0:0, overlay's whiteout */
	tar_file(&tar, "dev/after", 0644, "goes on");
	assert_int_equal(folder_unpack(f, &tar), 0);
	assert_int_equal(f->counts.skipped, 3);
	assert_false(folder_has(f, 0, "dev/mem"));
	assert_false(folder_has(f, 0, "dev/disk"));
	assert_false(folder_has(f, 0, "dev/hidden"));
	assert_string_equal(folder_text(f, 0, "dev/after"), "goes on");
}

static void test_empty_archives(void **state)
{
	static const char zeros[1024];
	struct folder *f = *state;

	assert_int_equal(folder_unpack_bytes(f, "", 0), 0);
	assert_int_equal(folder_unpack_bytes(f, zeros, sizeof(zeros)), 0);
	assert_int_equal(f->counts.entries, 0);
}

static void test_root(void **state)
{
	struct folder *f = *state;
	struct archive_entry *entry = tar_entry("./", AE_IFDIR, 01777);
	struct tar tar;

	archive_entry_set_uid(entry, 7);
	tar_open(&tar, TAR_PAX);
	tar_put(&tar, entry, NULL, 0);
	tar_file(&tar, "x", 0644, "x");
	assert_int_equal(folder_unpack(f, &tar), 0);
	assert_int_equal(folder_stat(f, 0, ".").st_mode, S_IFDIR | 01777);
	assert_int_equal(folder_stat(f, 0, ".").st_uid, 7);
	assert_int_equal(folder_stat(f, 0, ".").st_mtim.tv_sec, 1000000000);
	/* A layer that does not name the root leaves it as it was. */
	folder_push(f);
	tar_open(&tar, TAR_PAX);
	tar_file(&tar, "y", 0644, "y");
	assert_int_equal(folder_unpack(f, &tar), 0);
	assert_int_equal(folder_stat(f, 0, ".").st_mode, S_IFDIR | 01777);
	assert_int_equal(folder_stat(f, 0, ".").st_uid, 7);
	assert_int_equal(folder_stat(f, 0, ".").st_mtim.tv_sec, 1000000000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_kinds),     TEST(test_names),  TEST(test_unknown_encoding),     TEST(test_sparse),
		TEST(test_replacing), TEST(test_xattrs), TEST(test_devices_are_left_out), TEST(test_empty_archives),
		TEST(test_root),
	};

	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
