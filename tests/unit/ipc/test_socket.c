#include "ipc/socket.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

#include "../test.h"

static char path[64];

static int setup(void **state)
{
	(void)state;
	snprintf(path, sizeof(path), "/tmp/ttob-test-socket-%d", getpid());
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	unlink(path);
	return 0;
}

static void only_owner_and_group_may_connect(void **state)
{
	auto_fd int fd = -1;
	struct stat st;

	(void)state;
	assert_int_equal(socket_listen(path, (gid_t)-1, &fd, NULL), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0660);
}

static void a_second_listener_is_refused_and_a_dead_one_replaced(void **state)
{
	int first = -1;
	auto_fd int second = -1;
	struct error err = {0};

	(void)state;
	assert_int_equal(socket_listen(path, (gid_t)-1, &first, NULL), 0);
	assert_true(socket_listen(path, (gid_t)-1, &second, &err) < 0);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	close(first);
	assert_int_equal(socket_listen(path, (gid_t)-1, &second, NULL), 0);
}

static void nobody_there_is_a_clear_error(void **state)
{
	struct error err = {0};
	int fd = -1;
	char longer[300];

	(void)state;
	unlink(path);
	assert_true(socket_connect(path, &fd, &err) < 0);
	assert_non_null(strstr(err.message, path));
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_true(socket_connect(longer, &fd, &err) < 0);
	assert_non_null(strstr(err.message, "too long"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_owner_and_group_may_connect),
		cmocka_unit_test(a_second_listener_is_refused_and_a_dead_one_replaced),
		cmocka_unit_test(nobody_there_is_a_clear_error),
	};

	return cmocka_run_group_tests_name("socket", tests, setup, teardown);
}
