#include "web/limiter.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "unit/test.h"

static void counts_within_a_window(void **state)
{
	struct limiter *limiter = limiter_new(2, 10000);
	unsigned seconds;

	(void)state;
	assert_int_equal(limiter_take(limiter, "a", 0, &seconds), 0);
	assert_int_equal(limiter_take(limiter, "a", 4000, &seconds), 0);
	assert_int_equal(limiter_take(limiter, "a", 5000, &seconds), -EAGAIN);
	assert_int_equal(seconds, 6);
	assert_int_equal(limiter_take(limiter, "b", 5000, &seconds), 0);
	assert_int_equal(limiter_take(limiter, "a", 10000, &seconds), 0);
	limiter_add(limiter, "a", 5, 10000);
	assert_int_equal(limiter_take(limiter, "a", 10001, &seconds), -EAGAIN);
	limiter_forget(limiter, "a");
	limiter_forget(limiter, "nobody");
	assert_int_equal(limiter_take(limiter, "a", 10002, &seconds), 0);
	limiter_free(limiter);
	limiter_free(NULL);
}

/* A flood of others must not set somebody's count back who is still knocking, nor grow without end. */
static void forgets_who_was_gone_longest(void **state)
{
	struct limiter *limiter = limiter_new(1, 1000000);
	unsigned seconds;
	char key[32];

	(void)state;
	assert_int_equal(limiter_take(limiter, "early", 0, &seconds), 0);
	assert_int_equal(limiter_take(limiter, "knocking", 0, &seconds), 0);
	for (unsigned i = 0; i < 2 * LIMITER_KEYS_MAX; i++) {
		snprintf(key, sizeof(key), "flood-%u", i);
		assert_int_equal(limiter_take(limiter, key, 1, &seconds), 0);
		if (i % 1000 == 0)
			assert_int_equal(limiter_take(limiter, "knocking", 1, &seconds), -EAGAIN);
	}
	assert_int_equal(limiter_take(limiter, "early", 1, &seconds), 0);
	limiter_free(limiter);
}

static void takes_a_network_for_one_holder(void **state)
{
	char out[LIMITER_ADDRESS_SIZE], other[LIMITER_ADDRESS_SIZE];

	(void)state;
	limiter_address("192.0.2.7", out);
	assert_string_equal(out, "192.0.2.7");
	limiter_address("2001:db8:1:2:3:4:5:6", out);
	limiter_address("2001:db8:1:2:ffff::1", other);
	assert_string_equal(out, other);
	limiter_address("2001:db8:1:3::1", other);
	assert_string_not_equal(out, other);
	limiter_address("unix", out);
	assert_string_equal(out, "unix");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_within_a_window),
		cmocka_unit_test(forgets_who_was_gone_longest),
		cmocka_unit_test(takes_a_network_for_one_holder),
	};

	return cmocka_run_group_tests_name("web: limiter", tests, NULL, NULL);
}
