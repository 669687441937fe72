#include "base/error.h"

#include <errno.h>

#include "../test.h"
#include "base/str.h"

static int fails(struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, ENOENT, "no project %s", "a/b");
}

static void says_what_and_where(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(fails(&err), -ENOENT);
	assert_int_equal(error_wrap(&err, "cannot try %d", 1), -ENOENT);
	assert_string_equal(err.message, "cannot try 1: no project a/b");
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

static void may_be_ignored(void **state)
{
	(void)state;
	assert_int_equal(fails(NULL), -ENOENT);
	assert_int_equal(error_wrap(NULL, "x"), -EIO);
}

static void adds_the_systems_word(void **state)
{
	struct error err = {0};

	(void)state;
	assert_int_equal(error_errno(&err, EACCES, "cannot open %s", "f"), -EACCES);
	assert_string_equal(err.message, "cannot open f: Permission denied");
	assert_int_equal(err.kind, ERROR_INTERNAL);
}

static void long_messages_are_cut(void **state)
{
	struct error err = {0};
	char big[2000];

	(void)state;
	memset(big, 'x', sizeof(big) - 1);
	big[sizeof(big) - 1] = '\0';
	error_set(&err, ERROR_INVALID, EINVAL, "%s", big);
	assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
	error_wrap(&err, "%s", big);
	error_errno(&err, EIO, "%s", big);
	assert_int_equal(strlen(err.message), ERROR_MESSAGE_MAX - 1);
}

static void messages_are_text(void **state)
{
	struct error err = {0};
	char big[ERROR_MESSAGE_MAX * 4] = "";

	(void)state;
	error_set(&err, ERROR_INVALID, EINVAL, "a\xff\xbe\xc3(\xed\xa0\x80z");
	assert_string_equal(err.message, "a??\?(\?\?\?z");
	error_set(&err, ERROR_INVALID, EINVAL, "\xea\xb0\x80 \xc3\xa9 %.1s", "\xea\xb0\x80");
	assert_string_equal(err.message, "\xea\xb0\x80 \xc3\xa9 ?");
	for (size_t i = 0; i + 3 < sizeof(big); i += 3)
		memcpy(big + i, "\xea\xb0\x80", 4);
	for (int shift = 0; shift < 3; shift++) {
		error_set(&err, ERROR_INVALID, EINVAL, "%.*s%s", shift, "xx", big);
		assert_true(str_is_utf8(err.message, strlen(err.message)));
		error_wrap(&err, "w%.*s", shift, "xx");
		assert_true(str_is_utf8(err.message, strlen(err.message)));
		error_errno(&err, EIO, "%.*s%s", shift, "xx", big);
		assert_true(str_is_utf8(err.message, strlen(err.message)));
	}
}

static void names_go_there_and_back(void **state)
{
	(void)state;
	for (int kind = 0; kind < ERROR_KINDS; kind++)
		assert_int_equal(error_kind_from_name(error_kind_name((enum error_kind)kind)), kind);
	assert_int_equal(error_kind_from_name("nonsense"), ERROR_INTERNAL);
	assert_int_equal(error_kind_from_name(NULL), ERROR_INTERNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_and_where),	 cmocka_unit_test(may_be_ignored),
		cmocka_unit_test(adds_the_systems_word), cmocka_unit_test(long_messages_are_cut),
		cmocka_unit_test(messages_are_text),	 cmocka_unit_test(names_go_there_and_back),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
