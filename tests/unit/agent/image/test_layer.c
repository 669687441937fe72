/* The program that unpacks, as it is run: confined, with every digest checked. */
#include "../../test.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "agent/image/digest.h"
#include "agent/image/merged.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"
#include "tar.h"

#define STATUS(kind) (10 + (kind))

struct fixture {
	char top[64];
	char target[80], lower[80];
	char out[4096];               /* what it printed, both streams */
	uint64_t size;                /* 0: as it is */
	const char *digest, *diff_id; /* NULL: as they are */
	uint64_t bytes_max, entries_max;
};

static int setup(void **state)
{
	struct fixture *f = xmalloc(sizeof(*f));

	*f = (struct fixture){.bytes_max = 16 * 1024 * 1024, .entries_max = 100};
	snprintf(f->top, sizeof(f->top), "%.30s/ttob-layer-XXXXXX",
		 getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/var/tmp");
	assert_non_null(mkdtemp(f->top));
	snprintf(f->target, sizeof(f->target), "%s/target", f->top);
	snprintf(f->lower, sizeof(f->lower), "%s/lower", f->top);
	assert_int_equal(mkdir(f->target, 0755) | mkdir(f->lower, 0755), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(dir_remove_all(f->top, NULL), 0);
	free(f);
	return 0;
}

/* Runs it on a blob of these bytes, said to be the tar `plain`: its exit status. */
static int unpack(struct fixture *f, const struct buf *blob, const struct buf *plain, bool with_lower)
{
	char digest[DIGEST_SIZE], diff_id[DIGEST_SIZE], size[24], bytes[24], entries[24];
	auto_free char *path = xasprintf("%s/blob", f->top);
	auto_free char *log = xasprintf("%s/log", f->top);
	int status, fd;
	pid_t pid;

	digest_of(blob->data, blob->length, digest);
	digest_of(plain->data, plain->length, diff_id);
	snprintf(size, sizeof(size), "%llu", (unsigned long long)(f->size > 0 ? f->size : blob->length));
	snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)f->bytes_max);
	snprintf(entries, sizeof(entries), "%llu", (unsigned long long)f->entries_max);
	assert_int_equal(dir_remove_all(f->target, NULL), 0);
	assert_int_equal(mkdir(f->target, 0755), 0);
	assert_int_equal(file_replace(path, blob->data, blob->length, 0600, NULL), 0);
	pid = fork();
	if (pid == 0) {
		dup2(open(path, O_RDONLY), 0);
		fd = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		dup2(fd, 1);
		dup2(fd, 2);
		execl(UNPACK_PROGRAM, UNPACK_PROGRAM, "layer", f->target, size, f->digest != NULL ? f->digest : digest,
		      f->diff_id != NULL ? f->diff_id : diff_id, bytes, entries, with_lower ? f->lower : NULL, NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	fd = open(log, O_RDONLY);
	memset(f->out, 0, sizeof(f->out));
	assert_true(read(fd, f->out, sizeof(f->out) - 1) >= 0);
	close(fd);
	return WEXITSTATUS(status);
}

static void expect(struct fixture *f, int status, int kind, const char *has)
{
	if (status != (kind == 0 ? 0 : STATUS(kind)) || strstr(f->out, has) == NULL)
		fail_msg("status %d: %s", status, f->out);
}

static void make(struct tar *tar)
{
	struct archive_entry *entry;

	tar_open(tar, TAR_PAX);
	tar_folder(tar, "d", 0755);
	entry = tar_entry("d/su", AE_IFREG, 04755);
	archive_entry_set_uid(entry, 65535);
	tar_put(tar, entry, "program", 7);
	tar_file(tar, "d/\xed\x95\x9c\xea\xb8\x80", 0644, "hangul");
	tar_file(tar, "d/.wh..wh..opq", 0644, "");
	tar_file(tar, ".wh.gone", 0644, "");
	tar_close(tar);
}

static bool has(const struct fixture *f, const char *path, struct stat *st)
{
	auto_free char *full = xasprintf("%s/%s", f->target, path);

	return lstat(full, st) == 0;
}

static void test_compressions(void **state)
{
	static const int filters[] = {ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD};
	struct fixture *f = *state;
	auto_free char *gone = xasprintf("%s/gone", f->lower);
	auto_free char *folder = xasprintf("%s/d", f->target);
	struct tar tar;
	struct stat st;
	char value[2];

	assert_int_equal(mkdir(gone, 0755), 0);
	make(&tar);
	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		auto_buf struct buf blob = BUF_INIT;

		tar_pack(&tar.bytes, filters[i], &blob);
		expect(f, unpack(f, &blob, &tar.bytes, true), 0, "");
		assert_int_equal(strtoull(f->out, NULL, 10), tar.bytes.length);
		assert_true(has(f, "d/su", &st));
		assert_int_equal(st.st_mode, S_IFREG | 04755);
		assert_int_equal(st.st_uid, 65535);
		assert_true(has(f, "d/\xed\x95\x9c\xea\xb8\x80", &st));
		assert_true(has(f, "gone", &st) && merged_is_whiteout(&st));
		/* The mark that overlay of root believes. */
		assert_int_equal(getxattr(folder, MERGED_OPAQUE_TRUSTED, value, sizeof(value)), 1);
	}
	tar_fini(&tar);
}

static void test_several_members(void **state)
{
	struct fixture *f = *state;
	struct buf half = BUF_INIT, blob = BUF_INIT;
	struct tar tar;
	struct stat st;

	/* gzip members one after the other, as pigz and eStargz write them. */
	make(&tar);
	for (size_t at = 0; at < tar.bytes.length; at += 1000) {
		buf_clear(&half);
		buf_append(&half, tar.bytes.data + at, min_size(1000, tar.bytes.length - at));
		tar_pack(&half, ARCHIVE_FILTER_GZIP, &blob);
	}
	expect(f, unpack(f, &blob, &tar.bytes, false), 0, "");
	assert_true(has(f, "d/su", &st));
	buf_fini(&half);
	buf_fini(&blob);
	tar_fini(&tar);
}

static void test_digests_and_sizes(void **state)
{
	static const char other[] = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
	struct fixture *f = *state;
	struct buf blob = BUF_INIT;
	struct tar tar;

	make(&tar);
	tar_pack(&tar.bytes, ARCHIVE_FILTER_GZIP, &blob);
	f->digest = other;
	expect(f, unpack(f, &blob, &tar.bytes, false), ERROR_MALFORMED, "another digest");
	f->digest = NULL;
	f->diff_id = other;
	expect(f, unpack(f, &blob, &tar.bytes, false), ERROR_MALFORMED, "configuration says");
	f->diff_id = NULL;
	f->size = blob.length + 1;
	expect(f, unpack(f, &blob, &tar.bytes, false), ERROR_UNAVAILABLE, "ends after");
	f->size = blob.length - 1;
	expect(f, unpack(f, &blob, &tar.bytes, false), ERROR_MALFORMED, "longer than");
	f->size = 0;
	blob.length /= 2; /* cut, and honest about it */
	expect(f, unpack(f, &blob, &tar.bytes, false), ERROR_MALFORMED, "");
	blob.data[0] = 'x';
	expect(f, unpack(f, &blob, &tar.bytes, false), ERROR_MALFORMED, "");
	f->digest = "sha256:x";
	expect(f, unpack(f, &blob, &tar.bytes, false), ERROR_INVALID, "arguments");
	buf_fini(&blob);
	tar_fini(&tar);
}

/* Bytes behind the archive's end belong to the digest. */
static void test_bytes_behind_the_end(void **state)
{
	struct fixture *f = *state;
	struct buf blob = BUF_INIT;
	struct tar tar;
	struct stat st;

	make(&tar);
	for (int i = 0; i < 300000; i++)
		buf_append(&tar.bytes, "garbage", 7);
	tar_pack(&tar.bytes, ARCHIVE_FILTER_GZIP, &blob);
	expect(f, unpack(f, &blob, &tar.bytes, false), 0, "");
	assert_true(has(f, "d/su", &st));
	buf_fini(&blob);
	tar_fini(&tar);
}

static void test_bombs(void **state)
{
	static const int filters[] = {ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(filters); i++) {
		struct buf blob = BUF_INIT;
		struct tar tar;

		tar_open(&tar, TAR_PAX);
		tar_put(&tar, tar_entry("zeros", AE_IFREG, 0644), NULL, 100 * 1024 * 1024);
		tar_close(&tar);
		tar_pack(&tar.bytes, filters[i], &blob);
		expect(f, unpack(f, &blob, &tar.bytes, false), ERROR_TOO_LARGE, "more than is allowed");
		tar_fini(&tar);
		/* No archive at all, only zeros without end: stopped by the length of what comes out. */
		buf_clear(&blob);
		tar_open(&tar, TAR_PAX);
		tar_close(&tar);
		memset(buf_reserve(&tar.bytes, 100 * 1024 * 1024), 0, 100 * 1024 * 1024);
		buf_added(&tar.bytes, 100 * 1024 * 1024);
		tar_pack(&tar.bytes, filters[i], &blob);
		expect(f, unpack(f, &blob, &tar.bytes, false), ERROR_TOO_LARGE, "more than is allowed");
		buf_fini(&blob);
		tar_fini(&tar);
	}
}

/* Names of an archive may not write to the log of the agent. */
static void test_messages_are_clean(void **state)
{
	struct fixture *f = *state;
	struct tar tar;

	tar_open(&tar, TAR_PAX);
	tar_file(&tar, "x\n\x1b[31mtime=now level=info/..", 0644, "");
	tar_close(&tar);
	expect(f, unpack(f, &tar.bytes, &tar.bytes, false), ERROR_MALFORMED, "??[31mtime");
	assert_ptr_equal(strchr(f->out, '\n'), f->out + strlen(f->out) - 1);
	tar_fini(&tar);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_compressions),         TEST(test_several_members), TEST(test_digests_and_sizes),
		TEST(test_bytes_behind_the_end), TEST(test_bombs),           TEST(test_messages_are_clean),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
