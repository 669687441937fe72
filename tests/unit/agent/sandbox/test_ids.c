#include "../../test.h"

#include <errno.h>

#include "agent/sandbox/ids.h"

static void test_bounds(void **state)
{
	static const struct {
		uint64_t base, count;
	} bad[] = {{0, 1}, {1, 1}, {65537, 1}, {65536, 0}, {65536, 65536}, {0xffff0000, 1}, {0xfffe0000, 2}, {UINT64_MAX, 1},
		   {1ull << 63, 65535}};
	struct id_ranges *ranges = NULL;
	struct error err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(id_ranges_new(bad[i].base, bad[i].count, &ranges, &err), -EINVAL);
	assert_int_equal(id_ranges_new(0xfffe0000, 1, &ranges, &err), 0);
	id_ranges_free(ranges);
	id_ranges_free(NULL);
}

static void test_take_and_give_back(void **state)
{
	struct id_ranges *ranges = NULL;
	struct error err;
	uint32_t base[4];

	(void)state;
	assert_int_equal(id_ranges_new(0x10000000, 3, &ranges, &err), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(id_range_take(ranges, &base[i], &err), 0);
		assert_int_equal(base[i], 0x10000000 + i * 65536);
	}
	assert_int_equal(id_range_take(ranges, &base[3], &err), -EAGAIN);
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	id_range_give_back(ranges, base[0]);
	id_range_give_back(ranges, base[0]); /* twice is once */
	assert_int_equal(id_ranges_used(ranges), 2);
	assert_int_equal(id_range_take(ranges, &base[3], &err), 0);
	assert_int_equal(base[3], base[0]);
	id_ranges_free(ranges);
}

static void test_goes_round(void **state)
{
	struct id_ranges *ranges = NULL;
	struct error err;
	uint32_t first, second;

	(void)state;
	assert_int_equal(id_ranges_new(65536, 4, &ranges, &err), 0);
	assert_int_equal(id_range_take(ranges, &first, &err), 0);
	id_range_give_back(ranges, first);
	assert_int_equal(id_range_take(ranges, &second, &err), 0);
	assert_int_not_equal(first, second);
	id_ranges_free(ranges);
}

static void test_claim(void **state)
{
	struct id_ranges *ranges = NULL;
	struct error err;
	uint32_t base;

	(void)state;
	assert_int_equal(id_ranges_new(0x20000, 2, &ranges, &err), 0);
	assert_int_equal(id_range_claim(ranges, 0x20000), 0);
	assert_int_equal(id_range_claim(ranges, 0x20000), -EEXIST);
	assert_int_equal(id_range_claim(ranges, 0x20001), -ERANGE);
	assert_int_equal(id_range_claim(ranges, 0x10000), -ERANGE);
	assert_int_equal(id_range_claim(ranges, 0x40000), -ERANGE);
	assert_int_equal(id_range_claim(ranges, 0), -ERANGE);
	assert_int_equal(id_range_take(ranges, &base, &err), 0);
	assert_int_equal(base, 0x30000);
	assert_true(id_range_holds(ranges, 0x20000) && id_range_holds(ranges, 0x3ffff));
	assert_false(id_range_holds(ranges, 0x1ffff) || id_range_holds(ranges, 0x40000));
	id_range_give_back(ranges, 0);	     /* none */
	id_range_give_back(ranges, 0x99999); /* not ours */
	assert_int_equal(id_ranges_used(ranges), 2);
	id_ranges_free(ranges);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_take_and_give_back),
		cmocka_unit_test(test_goes_round),
		cmocka_unit_test(test_claim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
