#include "../../test.h"

#include <errno.h>

#include "agent/network/rules.h"

static void test_ranges(void **state)
{
	static const char *const bad[] = {"", "10", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.0/8/8", "::1", "a.b.c.d",
					  "10.0.0.0 /8", "999.0.0.0/8", "010.0.0.0/8x", "1.2.3.4.5", "1111.2222.3333.4444"};
	struct network_range range;

	(void)state;
	assert_int_equal(network_range_parse("198.18.0.0/16", &range), 0);
	assert_int_equal(range.address, 0xc6120000);
	assert_int_equal(range.length, 16);
	assert_int_equal(network_range_parse("1.2.3.4", &range), 0);
	assert_int_equal(range.length, 32);
	assert_int_equal(network_range_parse("0.0.0.0/0", &range), 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(network_range_parse(bad[i], &range), -EINVAL);
}

static bool overlap(const char *a, const char *b)
{
	struct network_range x, y;

	assert_int_equal(network_range_parse(a, &x), 0);
	assert_int_equal(network_range_parse(b, &y), 0);
	assert_int_equal(network_range_overlaps(&x, &y), network_range_overlaps(&y, &x));
	return network_range_overlaps(&x, &y);
}

static void test_overlaps(void **state)
{
	(void)state;
	assert_true(overlap("10.0.0.0/8", "10.1.2.0/24"));
	assert_true(overlap("10.1.2.3", "10.1.2.3"));
	assert_true(overlap("0.0.0.0/0", "10.1.2.0/24"));
	assert_false(overlap("10.0.0.0/8", "11.0.0.0/8"));
	assert_false(overlap("198.18.0.0/17", "198.18.128.0/17"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_ranges), cmocka_unit_test(test_overlaps)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
