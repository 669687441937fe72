#include "core/tar.h"

#include <stdio.h>
#include <unistd.h>

#include "base/fd.h"

#include "../test.h"

/* The judge is the system's tar. */
static void the_systems_tar_reads_it(void **state)
{
	struct buf tar = BUF_INIT;
	char path[64];
	char command[256];
	char line[256] = "";
	FILE *out;

	(void)state;
	assert_int_equal(tar_add_file(&tar, "Dockerfile", 0644, "FROM x\n", 7, NULL), 0);
	assert_int_equal(tar_add_file(&tar, "dir/empty", 0755, "", 0, NULL), 0);
	assert_int_equal(tar_add_file(&tar, "full", 0600, "", 0, NULL), 0);
	tar_finish(&tar);
	assert_int_equal(tar.length % 512, 0);
	snprintf(path, sizeof(path), "/tmp/ttob-test-%d.tar", getpid());
	assert_int_equal(file_replace(path, tar.data, tar.length, 0600, NULL), 0);
	snprintf(command, sizeof(command), "tar -xOf %s Dockerfile && tar -tf %s", path, path);
	out = popen(command, "r");
	assert_non_null(out);
	assert_non_null(fgets(line, sizeof(line), out));
	assert_string_equal(line, "FROM x\n");
	assert_non_null(fgets(line, sizeof(line), out));
	assert_string_equal(line, "Dockerfile\n");
	assert_non_null(fgets(line, sizeof(line), out));
	assert_string_equal(line, "dir/empty\n");
	assert_non_null(fgets(line, sizeof(line), out));
	assert_int_equal(pclose(out), 0);
	unlink(path);
	buf_fini(&tar);
}

static void names_stay_inside(void **state)
{
	static const char too_long[] = "0123456789012345678901234567890123456789012345678901234567890123456789"
				       "0123456789012345678901234567890";
	static const char *const bad[] = {"", "/etc/passwd", "../x", "a/../x", "a/..", too_long};
	struct buf tar = BUF_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_true(tar_add_file(&tar, bad[i], 0644, "x", 1, NULL) < 0);
	assert_int_equal(tar.length, 0);
	assert_int_equal(tar_add_file(&tar, "a/..b/c", 0644, "x", 1, NULL), 0);
	buf_fini(&tar);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_systems_tar_reads_it),
		cmocka_unit_test(names_stay_inside),
	};

	return cmocka_run_group_tests_name("tar", tests, NULL, NULL);
}
