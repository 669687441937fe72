#include "core/names.h"

#include <errno.h>

#include "../test.h"

static void names_are_path_components(void **state)
{
	(void)state;
	assert_true(name_is_valid("sqlite"));
	assert_true(name_is_valid("node.js-18"));
	assert_true(name_is_valid("a"));
	assert_true(name_is_valid("0123456789012345678901234567890123456789"));
	assert_false(name_is_valid("01234567890123456789012345678901234567890"));
	assert_false(name_is_valid(""));
	assert_false(name_is_valid("-a"));
	assert_false(name_is_valid("a."));
	assert_false(name_is_valid("a..b"));
	assert_false(name_is_valid("a/b"));
	assert_false(name_is_valid("A"));
	assert_false(name_is_valid("a b"));
	assert_false(name_is_valid("\xed\x95\x9c"));
	assert_false(name_is_valid("a\n"));
}

static void categories_are_the_eight(void **state)
{
	size_t count;

	(void)state;
	assert_non_null(categories(&count));
	assert_int_equal(count, 8);
	assert_true(category_is_valid("ai"));
	assert_false(category_is_valid("AI"));
	assert_false(category_is_valid(""));
}

static void tags_are_short_words(void **state)
{
	(void)state;
	assert_true(tag_is_valid("c++"));
	assert_true(tag_is_valid("ascii-art"));
	assert_false(tag_is_valid("-a"));
	assert_false(tag_is_valid("a,b"));
	assert_false(tag_is_valid(""));
	assert_false(tag_is_valid("0123456789012345678901234567890"));
}

static void licences_are_spdx_expressions(void **state)
{
	char long_one[300];

	(void)state;
	assert_true(license_is_valid("MIT"));
	assert_true(license_is_valid("GPL-2.0-or-later"));
	assert_true(license_is_valid("(MIT OR Apache-2.0) AND BSD-3-Clause"));
	assert_true(license_is_valid("GPL-2.0-only WITH Classpath-exception-2.0"));
	assert_true(license_is_valid("LicenseRef-public-domain"));
	assert_false(license_is_valid(""));
	assert_false(license_is_valid("MIT OR"));
	assert_false(license_is_valid("OR MIT"));
	assert_false(license_is_valid("MIT Apache-2.0"));
	assert_false(license_is_valid("(MIT"));
	assert_false(license_is_valid("MIT)"));
	assert_false(license_is_valid("()"));
	assert_false(license_is_valid("<script>"));
	assert_false(license_is_valid("MIT; rm"));
	memset(long_one, 'a', sizeof(long_one) - 1);
	long_one[sizeof(long_one) - 1] = '\0';
	assert_false(license_is_valid(long_one));
}

static void versions_are_labels(void **state)
{
	(void)state;
	assert_true(version_is_valid("3.40.1"));
	assert_true(version_is_valid("1:2.39.5-0+deb12u2"));
	assert_false(version_is_valid(""));
	assert_false(version_is_valid("-1"));
	assert_false(version_is_valid("1/2"));
	assert_false(version_is_valid("1\n"));
}

static void names_come_of_any_text(void **state)
{
	char out[NAME_MAX_LENGTH + 1];

	(void)state;
	assert_int_equal(name_from_text("Node.js 18", out), 0);
	assert_string_equal(out, "node.js-18");
	assert_int_equal(name_from_text("  -- Hello,  World!! ", out), 0);
	assert_string_equal(out, "hello-world");
	assert_int_equal(name_from_text("한글", out), -EINVAL);
	assert_int_equal(name_from_text("", out), -EINVAL);
	assert_int_equal(name_from_text("a234567890123456789012345678901234567890123456789", out), 0);
	assert_true(name_is_valid(out));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_path_components),  cmocka_unit_test(categories_are_the_eight),
		cmocka_unit_test(tags_are_short_words),	      cmocka_unit_test(licences_are_spdx_expressions),
		cmocka_unit_test(versions_are_labels),	      cmocka_unit_test(names_come_of_any_text),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
