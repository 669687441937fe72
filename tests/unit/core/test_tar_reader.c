#include "core/tar_reader.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/util.h"
#include "core/repository.h"
#include "core/tar.h"
#include "core/tar_header.h"

#include "../test.h"

static int read_all(const void *data, size_t length, char *names, size_t size, struct error *err)
{
	struct tar_reader reader;
	struct tar_entry entry;
	int r;

	*names = '\0';
	tar_reader_init(&reader, data, length);
	while ((r = tar_reader_next(&reader, &entry, err)) > 0)
		snprintf(names + strlen(names), size - strlen(names), "%s:%d:%.*s;", entry.name, entry.type, (int)entry.length,
			 entry.data);
	tar_reader_fini(&reader);
	return r;
}

/* What a command writes. */
static void run(const char *command, struct buf *out)
{
	FILE *pipe = popen(command, "r");

	assert_non_null(pipe);
	assert_int_equal(fd_read_all(fileno(pipe), 1 << 20, out), 0);
	assert_int_equal(pclose(pipe), 0);
}

static void the_systems_tar_is_read(void **state)
{
	static const char *const formats[] = {"ustar", "pax", "gnu"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct buf tar = BUF_INIT;
		char command[512], names[8192];
		struct error err;

		snprintf(command, sizeof(command),
			 "d=$(mktemp -d) && cd $d && mkdir -p ./sub/$(printf '%%090d' 1) && echo hi >./sub/$(printf '%%090d' 1)/$(printf '%%090d' 2) && "
			 "ln -s hi link && mkfifo pipe && tar --format=%s -cf - . && rm -r $d",
			 formats[i]);
		run(command, &tar);
		assert_int_equal(read_all(tar.data, tar.length, names, sizeof(names), &err), 0);
		assert_non_null(strstr(names, "2:0:hi\n;"));
		assert_non_null(strstr(names, ";link:2:;"));
		assert_non_null(strstr(names, ";pipe:3:;"));
		assert_non_null(strstr(names, ";sub:1:;"));
		buf_fini(&tar);
	}
}

static void long_names_of_both_kinds_are_whole(void **state)
{
	static const char *const formats[] = {"pax", "gnu"};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		struct buf tar = BUF_INIT;
		char command[512], names[8192];
		struct error err;

		snprintf(command, sizeof(command),
			 "d=$(mktemp -d) && cd $d && n=$(printf '%%0200d' 7) && mkdir $n && echo x >$n/$n && tar --format=%s -cf - $n && rm -r $d",
			 formats[i]);
		run(command, &tar);
		assert_int_equal(read_all(tar.data, tar.length, names, sizeof(names), &err), 0);
		assert_int_equal(strlen(names), 200 + strlen(":1:;") + 401 + strlen(":0:x\n;"));
		buf_fini(&tar);
	}
}

static struct buf small(const char *name)
{
	struct buf tar = BUF_INIT;

	assert_int_equal(tar_add_file(&tar, "a", 0644, "text", 4, NULL), 0);
	tar_finish(&tar);
	snprintf(tar.data, 100, "%s", name);
	return tar;
}

static void seal(struct buf *tar)
{
	struct tar_header *header = (struct tar_header *)tar->data;
	unsigned sum = 0;

	memset(header->checksum, ' ', 8);
	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += (unsigned char)tar->data[i];
	snprintf(header->checksum, 8, "%06o", sum);
}

static void names_that_lead_out_are_refused(void **state)
{
	static const char *const bad[] = {"/etc/passwd", "../x", "a/../b", "a/..", ".."};
	static const struct {
		const char *name;
		const char *clean;
	} good[] = {{"./a", "a:0:text;"}, {".//a/./b/", "a/b:0:text;"}, {"..a/b..", "..a/b..:0:text;"}, {"./", ":0:text;"}};
	char names[512];
	struct error err;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct buf tar = small(bad[i]);

		seal(&tar);
		assert_true(read_all(tar.data, tar.length, names, sizeof(names), &err) < 0);
		assert_int_equal(err.kind, ERROR_INVALID);
		buf_fini(&tar);
	}
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		struct buf tar = small(good[i].name);

		seal(&tar);
		assert_int_equal(read_all(tar.data, tar.length, names, sizeof(names), &err), 0);
		assert_string_equal(names, good[i].clean);
		buf_fini(&tar);
	}
}

static void what_is_damaged_is_refused(void **state)
{
	struct buf tar = small("a");
	char names[512];
	struct error err;

	(void)state;
	/* `small` has changed the name: the sum is another one, unless it is the same name. */
	assert_int_equal(read_all(tar.data, tar.length, names, sizeof(names), &err), 0);
	for (size_t length = 0; length < 1025; length += 41)
		assert_true(read_all(tar.data, length, names, sizeof(names), &err) < 0);
	tar.data[50] = 'x';
	assert_true(read_all(tar.data, tar.length, names, sizeof(names), &err) < 0);
	assert_int_equal(err.kind, ERROR_MALFORMED);
	tar.data[50] = '\0';
	memcpy(((struct tar_header *)tar.data)->size, "77777777777", 11);
	seal(&tar);
	assert_true(read_all(tar.data, tar.length, names, sizeof(names), &err) < 0);
	assert_int_equal(err.kind, ERROR_MALFORMED);
	((struct tar_header *)tar.data)->type = 'S';
	seal(&tar);
	assert_true(read_all(tar.data, tar.length, names, sizeof(names), &err) < 0);
	assert_int_equal(err.kind, ERROR_UNSUPPORTED);
	assert_true(read_all("", 0, names, sizeof(names), &err) < 0);
	buf_fini(&tar);
}

/* An extended header with this text before a file. */
static int read_with_pax(const char *text, char *names, size_t size, struct error *err)
{
	struct buf tar = BUF_INIT, after = small("a");
	int r;

	assert_int_equal(tar_add_file(&tar, "pax", 0644, text, strlen(text), NULL), 0);
	((struct tar_header *)tar.data)->type = 'x';
	seal(&tar);
	buf_append(&tar, after.data, after.length);
	r = read_all(tar.data, tar.length, names, size, err);
	buf_fini(&tar);
	buf_fini(&after);
	return r;
}

static void extended_headers_are_strict(void **state)
{
	static const char *const bad[] = {"5 a=b\n",	  "x",		   "7 path\n",	       "999999999 a=b\n", "6 path\n", "8 path=\n",
					  "13 path=../x\n", "12 size=12x\n", "27 size=11111111111111111\n", "18 GNU.sparse.a=1\n"};
	char names[512];
	struct error err;

	(void)state;
	assert_int_equal(read_with_pax("6 a=b\n12 path=c/d\n", names, sizeof(names), &err), 0);
	assert_string_equal(names, "c/d:0:text;");
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_true(read_with_pax(bad[i], names, sizeof(names), &err) < 0);
}

static void a_folder_can_be_the_top(void **state)
{
	struct repository repository;
	struct buf tar = BUF_INIT;

	(void)state;
	tar_add_file(&tar, "README.md", 0644, "top", 3, NULL);
	tar_add_file(&tar, "demo/ReadMe", 0644, "\xef\xbb\xbf" "below", 8, NULL);
	tar_add_file(&tar, "demo/Makefile", 0644, "a\0b", 3, NULL);
	tar_add_file(&tar, "demonstration/x", 0644, "", 0, NULL);
	tar_finish(&tar);
	assert_int_equal(repository_read(tar.data, tar.length, "demo", &repository, NULL), 0);
	assert_int_equal(repository.name_count, 2);
	assert_int_equal(repository.file_count, 2);
	assert_string_equal(repository_text_like(&repository, "readme"), "below");
	assert_null(repository_text(&repository, "Makefile")); /* no text */
	repository_fini(&repository);
	assert_int_equal(repository_read(tar.data, tar.length, NULL, &repository, NULL), 0);
	assert_string_equal(repository_text_like(&repository, "readme"), "top");
	assert_int_equal(repository.name_count, 4);
	repository_fini(&repository);
	buf_fini(&tar);
}

static void many_files_are_counted_and_long_texts_cut(void **state)
{
	char *text = malloc(REPOSITORY_TEXT_MAX + 10);
	struct repository repository;
	struct buf tar = BUF_INIT;

	(void)state;
	memset(text, 'a', REPOSITORY_TEXT_MAX + 10);
	memcpy(text + REPOSITORY_TEXT_MAX - 1, "\xea\xb0\x80", 3);
	tar_add_file(&tar, "README", 0644, text, REPOSITORY_TEXT_MAX + 10, NULL);
	for (int i = 0; i < 300; i++) {
		char name[16];

		snprintf(name, sizeof(name), "f%d", i);
		tar_add_file(&tar, name, 0644, "", 0, NULL);
	}
	tar_finish(&tar);
	assert_int_equal(repository_read(tar.data, tar.length, "", &repository, NULL), 0);
	assert_int_equal(repository.name_count, REPOSITORY_SHOWN_MAX);
	assert_int_equal(repository.file_count, 301);
	assert_int_equal(strlen(repository_text(&repository, "README")), REPOSITORY_TEXT_MAX - 1);
	repository_fini(&repository);
	buf_fini(&tar);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_systems_tar_is_read),
		cmocka_unit_test(long_names_of_both_kinds_are_whole),
		cmocka_unit_test(names_that_lead_out_are_refused),
		cmocka_unit_test(what_is_damaged_is_refused),
		cmocka_unit_test(extended_headers_are_strict),
		cmocka_unit_test(a_folder_can_be_the_top),
		cmocka_unit_test(many_files_are_counted_and_long_texts_cut),
	};

	return cmocka_run_group_tests_name("tar_reader", tests, NULL, NULL);
}
