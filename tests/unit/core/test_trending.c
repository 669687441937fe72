#include "core/trending.h"

#include <math.h>

#include "../test.h"

#define DAY (24 * 3600 * INT64_C(1000))
#define NOW (INT64_C(1764000000) * 1000)

static void near(double value, double expected)
{
	if (fabs(value - expected) > 1e-6)
		fail_msg("%f is not %f", value, expected);
}

static void tries_add_up_and_fade_by_half_in_three_days(void **state)
{
	double rank = trending_start(0, NOW);

	(void)state;
	for (int i = 0; i < 8; i++)
		rank = trending_add(rank, NOW);
	near(trending_weight(rank, NOW), 8);
	near(trending_weight(rank, NOW + 3 * DAY), 4);
	near(trending_weight(rank, NOW + 9 * DAY), 1);
}

static void recent_tries_beat_many_old_ones(void **state)
{
	double old = trending_start(100, NOW - 60 * DAY);
	double fresh = trending_add(trending_start(0, NOW - 60 * DAY), NOW);

	(void)state;
	assert_true(fresh > old);
	assert_true(trending_start(100, NOW) > fresh);
}

static void nothing_overflows(void **state)
{
	double rank = trending_add(trending_start(0, 0), NOW);

	(void)state;
	assert_true(isfinite(rank));
	assert_true(isfinite(trending_add(rank, 0)));
	near(trending_weight(trending_start(5, NOW), NOW), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tries_add_up_and_fade_by_half_in_three_days),
		cmocka_unit_test(recent_tries_beat_many_old_ones),
		cmocka_unit_test(nothing_overflows),
	};

	return cmocka_run_group_tests_name("trending", tests, NULL, NULL);
}
