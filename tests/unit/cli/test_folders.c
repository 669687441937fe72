#include "unit/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"
#include "cli/folders.h"

static void a_second_one_is_refused_and_harms_nothing(void **state)
{
	char root[] = "/tmp/ttob-folders-XXXXXX";
	struct folders first, second;
	struct error err = {0};
	auto_free char *kept = NULL;
	struct stat st;

	(void)state;
	assert_int_equal(geteuid(), 0); /* folders below /run are root's; scripts/test sees to that */
	assert_non_null(mkdtemp(root));
	assert_int_equal(folders_open(root, 1, 1, &first, &err), 0);
	assert_int_equal(stat(first.web, &st), 0);
	assert_int_equal(st.st_uid, 1);
	assert_int_equal(st.st_mode & 0777, 0750);
	kept = xasprintf("%s/something", first.run);
	assert_int_equal(file_replace(kept, "x", 1, 0600, NULL), 0);
	assert_true(folders_open(root, 1, 1, &second, &err) < 0);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_non_null(strstr(err.message, "another"));
	assert_int_equal(access(kept, F_OK), 0); /* what the first one uses is still there */
	folders_close(&first);
	assert_int_not_equal(access(kept, F_OK), 0);
	assert_int_equal(folders_open(root, 1, 1, &second, &err), 0);
	folders_close(&second);
	dir_remove_all(root, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_second_one_is_refused_and_harms_nothing)};

	return cmocka_run_group_tests_name("cli: folders", tests, NULL, NULL);
}
