#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../test.h"

static char folder[64];

static int setup(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/ttob-test-fd-XXXXXX");
	return mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	return dir_remove_all(folder, NULL);
}

static const char *in_folder(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void replaces_a_file_whole(void **state)
{
	auto_buf struct buf buf = BUF_INIT;

	(void)state;
	assert_int_equal(file_replace(in_folder("f"), "one", 3, 0600, NULL), 0);
	assert_int_equal(file_replace(in_folder("f"), "second", 6, 0600, NULL), 0);
	assert_int_equal(file_read(AT_FDCWD, in_folder("f"), 100, &buf), 0);
	assert_string_equal(buf.data, "second");
	buf_clear(&buf);
	assert_int_equal(file_read(AT_FDCWD, in_folder("f"), 5, &buf), -EFBIG);
	assert_int_equal(file_read(AT_FDCWD, in_folder("none"), 5, &buf), -ENOENT);
}

static void removes_a_tree_but_not_what_its_links_point_to(void **state)
{
	struct stat st;
	char outside[128];
	struct error err = {0};

	(void)state;
	assert_int_equal(dir_make_all(in_folder("keep"), 0700, NULL), 0);
	assert_int_equal(file_replace(in_folder("keep/me"), "x", 1, 0600, NULL), 0);
	snprintf(outside, sizeof(outside), "%s/keep", folder);
	assert_int_equal(dir_make_all(in_folder("tree/a/b/c"), 0700, NULL), 0);
	assert_int_equal(file_replace(in_folder("tree/a/file"), "x", 1, 0600, NULL), 0);
	assert_int_equal(symlink(outside, in_folder("tree/a/link")), 0);
	assert_int_equal(dir_remove_all(in_folder("tree"), &err), 0);
	assert_int_equal(stat(in_folder("tree"), &st), -1);
	assert_int_equal(stat(in_folder("keep/me"), &st), 0);
	assert_int_equal(dir_remove_all(in_folder("tree"), &err), 0);
}

static void passes_descriptors(void **state)
{
	int pair[2];
	int pipe_ends[2];
	int fds[FD_PASS_MAX];
	size_t n = 0;
	char data[16];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(pipe(pipe_ends), 0);
	assert_int_equal(fd_send(pair[0], "hi", 2, pipe_ends, 2), 0);
	assert_int_equal(fd_receive(pair[1], data, sizeof(data), fds, &n), 2);
	assert_int_equal(n, 2);
	assert_int_equal(write(fds[1], "z", 1), 1);
	assert_int_equal(read(pipe_ends[0], data, 1), 1);
	assert_int_not_equal(fcntl(fds[0], F_GETFD) & FD_CLOEXEC, 0);
	for (int i = 0; i < 2; i++) {
		close(fds[i]);
		close(pipe_ends[i]);
	}
	close(pair[0]);
	assert_int_equal(fd_receive(pair[1], data, sizeof(data), fds, &n), 0);
	close(pair[1]);
}

static int open_descriptors(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void an_oversized_message_leaks_nothing(void **state)
{
	int pair[2];
	int fds[FD_PASS_MAX];
	size_t n = 0;
	char data[4];
	int before;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	before = open_descriptors();
	assert_int_equal(fd_send(pair[0], "too long", 8, pair, 1), 0);
	assert_int_equal(fd_receive(pair[1], data, sizeof(data), fds, &n), -EMSGSIZE);
	assert_int_equal(n, 0);
	assert_int_equal(open_descriptors(), before);
	assert_int_equal(fd_send(pair[0], "x", 1, fds, FD_PASS_MAX + 1), -E2BIG);
	close(pair[0]);
	close(pair[1]);
}

static void tells_when_there_is_no_room_for_a_descriptor(void **state)
{
	struct rlimit before, none;
	int fds[FD_PASS_MAX];
	size_t n = 1;
	char data[4];
	int pair[2];
	ssize_t got;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	assert_int_equal(fd_send(pair[0], "x", 1, pair, 1), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	got = fd_receive(pair[1], data, sizeof(data), fds, &n);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(got, -EMFILE);
	assert_int_equal(n, 0);
	close(pair[0]);
	close(pair[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replaces_a_file_whole),
		cmocka_unit_test(removes_a_tree_but_not_what_its_links_point_to),
		cmocka_unit_test(passes_descriptors),
		cmocka_unit_test(an_oversized_message_leaks_nothing),
		cmocka_unit_test(tells_when_there_is_no_room_for_a_descriptor),
	};

	return cmocka_run_group_tests_name("fd", tests, setup, teardown);
}
