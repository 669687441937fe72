#include "../../test.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/sandbox/user.h"
#include "base/fd.h"

static char folder[] = "/tmp/ttob-user-XXXXXX";

static void put(const char *name, const char *text)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int setup(void **state)
{
	char path[200];

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/etc", folder);
	return mkdir(path, 0755);
}

static int teardown(void **state)
{
	(void)state;
	return dir_remove_all(folder, NULL);
}

static int find(const char *text, struct user *user)
{
	struct error err;
	int root = open(folder, O_PATH | O_DIRECTORY);
	int r = user_find(root, text, user, &err);

	close(root);
	return r;
}

static void fill(void)
{
	put("etc/passwd", "root:x:0:0:root:/root:/bin/sh\nbroken line\nann:x:1000:1001::/home/ann:/bin/sh\nbig:x:70000:1::/:/\n"
			  "rel:x:5:5::relative:/bin/sh\n:x:6:6::/x:\nnofields:x:7\n");
	put("etc/group", "root:x:0:\nstaff:x:50:ann,bob\nother:x:60:bob\nanns:x:1001:\nmore:x:51:x,ann\n");
}

static void test_names_and_ids(void **state)
{
	struct user user;

	(void)state;
	fill();
	assert_int_equal(find("", &user), 0);
	assert_int_equal(user.uid, 0);
	assert_string_equal(user.home, "/root");
	assert_int_equal(find("ann", &user), 0);
	assert_int_equal(user.uid, 1000);
	assert_int_equal(user.gid, 1001);
	assert_int_equal(user.group_count, 2);
	assert_int_equal(user.groups[0] + user.groups[1], 101);
	assert_string_equal(user.home, "/home/ann");
	assert_int_equal(find("1000", &user), 0);
	assert_int_equal(user.gid, 1001);
	assert_int_equal(find("1000:staff", &user), 0);
	assert_int_equal(user.gid, 50);
	assert_int_equal(find("ann:7", &user), 0);
	assert_int_equal(user.gid, 7);
	assert_int_equal(find("4242", &user), 0);
	assert_int_equal(user.uid, 4242);
	assert_int_equal(user.gid, 0);
	assert_string_equal(user.home, "/");
	assert_int_equal(find("rel", &user), 0);
	assert_string_equal(user.home, "/");
}

static void test_unknown_and_hostile(void **state)
{
	static const char *const bad[] = {"nobody", "big", "65536x", "-1", "99999999999999999999", "70000", "ann:nogroup", "ann:70000",
					  "nofields", "a\nb"};
	struct user user;

	(void)state;
	fill();
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (find(bad[i], &user) != -EINVAL)
			fail_msg("found: %s", bad[i]);
}

/* Links, fifos and folders in the place of the file: neither followed out of the root nor waited for. */
static void test_no_way_out(void **state)
{
	char path[200], real[200];
	struct user user;

	(void)state;
	snprintf(path, sizeof(path), "%s/etc/passwd", folder);
	snprintf(real, sizeof(real), "%s/real", folder);
	unlink(path);
	assert_int_equal(symlink("/etc/passwd", path), 0); /* itself, from inside */
	assert_int_equal(find("daemon", &user), -EINVAL);
	unlink(path);
	assert_int_equal(symlink("../../../../../../../../etc/shadow", path), 0);
	assert_int_equal(find("daemon", &user), -EINVAL);
	unlink(path);
	assert_int_equal(symlink("../../../real", path), 0); /* stops at the root */
	put("real", "in:x:9:9::/in:/\n");
	assert_int_equal(find("in", &user), 0);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(find("in", &user), -EINVAL);
	unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(find("in", &user), -EINVAL);
	rmdir(path);
	assert_int_equal(find("in", &user), -EINVAL);
	assert_int_equal(find("", &user), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_and_ids),
		cmocka_unit_test(test_unknown_and_hostile),
		cmocka_unit_test(test_no_way_out),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
