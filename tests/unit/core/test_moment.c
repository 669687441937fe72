#include "../test.h"

#include "base/util.h"
#include "core/moment.h"

static void moments_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} good[] = {
		{"1970-01-01T00:00:00Z", 0},
		{"2026-11-22T09:40:00Z", 1795340400000},
		{"2026-11-22t18:40:00+09:00", 1795340400000},
		{"2026-11-22T04:10:00.987654-05:30", 1795340400000},
		{"2024-02-29T00:00:00Z", 1709164800000},
		{"2016-12-31T23:59:60Z", 1483228800000},
		{"9999-12-31T23:59:59Z", 253402300799000},
	};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(good); i++) {
		assert_int_equal(moment_parse(good[i].text, &ms), 0);
		assert_int_equal(ms, good[i].ms);
	}
}

static void nothing_else_is(void **state)
{
	static const char *const bad[] = {"",
					  "2026",
					  "2026-11-22",
					  "2026-11-22 09:40:00Z",
					  "2026-11-22T09:40:00",
					  "2026-11-22T09:40Z",
					  "2026-11-22T09:40:00.Z",
					  "2026-11-22T09:40:00Zx",
					  "2026-13-01T00:00:00Z",
					  "2026-00-01T00:00:00Z",
					  "2026-02-29T00:00:00Z",
					  "2100-02-29T00:00:00Z",
					  "2026-11-31T00:00:00Z",
					  "2026-11-22T24:00:00Z",
					  "2026-11-22T09:60:00Z",
					  "2026-11-22T09:40:61Z",
					  "2026-11-22T09:40:00+24:00",
					  "2026-11-22T09:40:00+9",
					  "1969-12-31T23:59:59Z",
					  "1970-01-01T00:00:00+01:00",
					  "-026-11-22T09:40:00Z",
					  "\xed\x95\x9c"};
	int64_t ms;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		if (moment_parse(bad[i], &ms) == 0)
			fail_msg("read: %s", bad[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(moments_are_read), cmocka_unit_test(nothing_else_is)};

	return cmocka_run_group_tests_name("core: moments", tests, NULL, NULL);
}
