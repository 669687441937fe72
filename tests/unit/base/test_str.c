#include "base/str.h"

#include <errno.h>

#include "../test.h"

static void numbers_are_whole_and_in_range(void **state)
{
	uint64_t n = 99;

	(void)state;
	assert_int_equal(str_to_u64("0", 10, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(str_to_u64("18446744073709551615", UINT64_MAX, &n), 0);
	assert_true(n == UINT64_MAX);
	assert_int_equal(str_to_u64("18446744073709551616", UINT64_MAX, &n), -ERANGE);
	assert_int_equal(str_to_u64("11", 10, &n), -ERANGE);
	assert_int_equal(str_to_u64("7", 5, &n), -ERANGE);
	assert_int_equal(str_to_u64("", 10, &n), -EINVAL);
	assert_int_equal(str_to_u64("-1", 10, &n), -EINVAL);
	assert_int_equal(str_to_u64(" 1", 10, &n), -EINVAL);
	assert_int_equal(str_to_u64("1x", 10, &n), -EINVAL);
}

static void sizes_have_units(void **state)
{
	uint64_t n = 0;

	(void)state;
	assert_int_equal(str_to_size("4096", &n), 0);
	assert_int_equal(n, 4096);
	assert_int_equal(str_to_size("512M", &n), 0);
	assert_int_equal(n, 512ll << 20);
	assert_int_equal(str_to_size("9223372036854775807K", &n), -ERANGE);
	assert_int_equal(str_to_size("5MB", &n), -EINVAL);
	assert_int_equal(str_to_size("M", &n), -EINVAL);
}

static void times_have_units(void **state)
{
	uint64_t n = 0;

	(void)state;
	assert_int_equal(str_to_seconds("90", &n), 0);
	assert_int_equal(n, 90);
	assert_int_equal(str_to_seconds("20m", &n), 0);
	assert_int_equal(n, 1200);
	assert_int_equal(str_to_seconds("1d", &n), 0);
	assert_int_equal(n, 86400);
	assert_int_equal(str_to_seconds("1w", &n), -EINVAL);
}

static void flags_have_four_spellings(void **state)
{
	bool b = false;

	(void)state;
	assert_int_equal(str_to_bool("yes", &b), 0);
	assert_true(b);
	assert_int_equal(str_to_bool("off", &b), 0);
	assert_false(b);
	assert_int_equal(str_to_bool("YES", &b), -EINVAL);
	assert_int_equal(str_to_bool("", &b), -EINVAL);
}

static bool utf8(const char *s)
{
	return str_is_utf8(s, strlen(s));
}

static void utf8_is_checked_by_the_book(void **state)
{
	(void)state;
	assert_true(utf8("plain"));
	assert_true(utf8("한글 🥄 é"));
	assert_true(utf8(""));
	assert_false(utf8("\x80"));
	assert_false(utf8("\xC3"));
	assert_false(utf8("\xC0\xAF"));		/* overlong */
	assert_false(utf8("\xE0\x80\xAF"));	/* overlong */
	assert_false(utf8("\xED\xA0\x80"));	/* surrogate */
	assert_false(utf8("\xF4\x90\x80\x80")); /* beyond U+10FFFF */
	assert_false(utf8("\xF0\x9F\xA5"));	/* cut short */
	assert_false(str_is_utf8("a\0b", 3));
}

static void trims_both_ends(void **state)
{
	char text[] = " \t two words \n";
	char blank[] = "   ";

	(void)state;
	assert_string_equal(str_trim(text), "two words");
	assert_string_equal(str_trim(blank), "");
}

static void hex_is_lower_case(void **state)
{
	char out[7];

	(void)state;
	str_hex("\x00\xab\xff", 3, out);
	assert_string_equal(out, "00abff");
}

static void prefixes_and_suffixes(void **state)
{
	(void)state;
	assert_true(str_starts_with("sha256:ab", "sha256:"));
	assert_false(str_starts_with("sha", "sha256:"));
	assert_true(str_ends_with("a.gz", ".gz"));
	assert_false(str_ends_with("gz", ".gz"));
	assert_true(str_equal(NULL, NULL));
	assert_false(str_equal("", NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_whole_and_in_range),
		cmocka_unit_test(sizes_have_units),
		cmocka_unit_test(times_have_units),
		cmocka_unit_test(flags_have_four_spellings),
		cmocka_unit_test(utf8_is_checked_by_the_book),
		cmocka_unit_test(trims_both_ends),
		cmocka_unit_test(hex_is_lower_case),
		cmocka_unit_test(prefixes_and_suffixes),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
