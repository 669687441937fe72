#include "../../test.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/build/files.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

static char folder[] = "/tmp/ttob-files-XXXXXX";

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
	(void)state;
	return dir_remove_all(folder, NULL);
}

static char *in(const char *name)
{
	return xasprintf("%s/%s", folder, name);
}

static void test_put_never_follows(void **state)
{
	auto_free char *link = in("link");
	auto_free char *target = in("target");
	auto_buf struct buf text = BUF_INIT;
	struct error err;
	struct stat st;

	(void)state;
	assert_int_equal(files_put(target, "old", 3, 0600, (uid_t)-1, &err), 0);
	assert_int_equal(symlink(target, link), 0);
	assert_int_equal(files_put(link, "new", 3, 0600, (uid_t)-1, &err), 0);
	assert_int_equal(lstat(link, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(files_read_untrusted(folder, "target", 100, &text), 0);
	assert_string_equal(text.data, "old");
}

static void check_refused(const char *name, int code)
{
	auto_buf struct buf text = BUF_INIT;

	assert_int_equal(files_read_untrusted(folder, name, 16, &text), code);
}

static void test_read_refuses(void **state)
{
	auto_free char *fifo = in("fifo");
	auto_free char *link = in("to-passwd");
	auto_free char *sub = in("sub");
	auto_free char *out = in("out");
	auto_free char *large = in("large");
	struct error err;

	(void)state;
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(symlink("/etc/passwd", link), 0);
	assert_int_equal(mkdir(sub, 0700), 0);
	assert_int_equal(symlink("/etc", out), 0);
	assert_int_equal(files_put(large, "12345678901234567", 17, 0600, (uid_t)-1, &err), 0);
	check_refused("fifo", -EINVAL);
	check_refused("to-passwd", -ELOOP);
	check_refused("sub", -EINVAL);
	check_refused("out/passwd", -ELOOP);
	check_refused("../../etc/passwd", -EXDEV);
	check_refused("/etc/passwd", -EXDEV);
	check_refused("missing", -ENOENT);
	check_refused("large", -EFBIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_put_never_follows),
		cmocka_unit_test(test_read_refuses),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
