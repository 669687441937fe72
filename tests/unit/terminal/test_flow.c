#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "terminal/flow.h"

#define K 1024u

/* A client that takes `rate` bytes a second, answers every `step` bytes, `trip_us` away; for `total` bytes of a flood.
 */
static void simulate(struct flow *flow, size_t rate, size_t step, int64_t trip_us, size_t total)
{
	int64_t now = 1000000;
	uint64_t begin = flow->acked;

	flow_sent(flow, flow_room(flow), now);
	while (flow->acked - begin < total) {
		size_t part = step;

		assert_true(flow->sent - flow->acked <= flow->announced);
		if (part > flow->sent - flow->acked)
			part = (size_t)(flow->sent - flow->acked);
		assert_true(part > 0);
		now += (int64_t)(part * 1000000 / rate);
		if (flow->sent - flow->acked < flow->window) /* nothing was waiting: the trip shows */
			now += trip_us;
		assert_true(flow_acked(flow, flow->acked + part, now));
		flow_sent(flow, flow_room(flow), now);
	}
}

static void test_room(void **state)
{
	struct flow flow = {0};

	(void)state;
	flow_start(&flow, 128 * K, 1000);
	assert_int_equal(flow_room(&flow), 128 * K);
	flow_sent(&flow, 100 * K, 1);
	assert_int_equal(flow_room(&flow), 28 * K);
	flow_sent(&flow, 28 * K, 2);
	assert_int_equal(flow_room(&flow), 0);
	assert_true(flow_acked(&flow, 1000 + 128 * K, 3));
	assert_int_equal(flow_room(&flow), 128 * K);
}

static void test_odd_acks(void **state)
{
	struct flow flow = {0};

	(void)state;
	flow_start(&flow, 128 * K, 1000);
	flow_sent(&flow, 100, 1);
	assert_false(flow_acked(&flow, 999, 2)); /* from before this connection */
	assert_false(flow_acked(&flow, 0, 2));
	assert_true(flow_acked(&flow, 1050, 2));
	assert_false(flow_acked(&flow, 1050, 2));
	assert_false(flow_acked(&flow, 1049, 2));
	assert_true(flow_acked(&flow, UINT64_MAX, 2)); /* never more than was sent */
	assert_int_equal(flow.acked, 1100);
	assert_int_equal(flow_room(&flow), 128 * K);
}

static void test_fast_client_keeps_the_window(void **state)
{
	struct flow flow = {0};

	(void)state;
	flow_start(&flow, 128 * K, 0);
	simulate(&flow, 20u << 20, 32 * K, 500, 10u << 20);
	assert_int_equal(flow.window, 128 * K);
}

static void test_slow_client_has_little_before_it(void **state)
{
	struct flow flow = {0};

	(void)state;
	flow_start(&flow, 128 * K, 0);
	flow_trip(&flow, 500);
	simulate(&flow, 200 * K, 8 * K, 500, 4u << 20);
	assert_int_equal(flow.window, 32 * K);
	simulate(&flow, 50u << 20, 8 * K, 500, 4u << 20); /* and gets it back */
	assert_int_equal(flow.window, 128 * K);
}

/* A client that only answers every 64 KiB is never left with nothing to answer. */
static void test_window_holds_the_step(void **state)
{
	struct flow flow = {0};

	(void)state;
	flow_start(&flow, 128 * K, 0);
	flow_trip(&flow, 500);
	simulate(&flow, 100 * K, 64 * K, 500, 4u << 20);
	assert_int_equal(flow.window, 128 * K);
}

static void test_jump_keeps_what_was_learned(void **state)
{
	struct flow flow = {0};

	(void)state;
	flow_start(&flow, 128 * K, 0);
	flow_trip(&flow, 500);
	simulate(&flow, 200 * K, 8 * K, 500, 4u << 20);
	flow_start(&flow, 128 * K, 100u << 20);
	assert_int_equal(flow.window, 32 * K);
	assert_int_equal(flow.sent, 100u << 20);
	assert_int_equal(flow_room(&flow), 32 * K);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_room),
		cmocka_unit_test(test_odd_acks),
		cmocka_unit_test(test_fast_client_keeps_the_window),
		cmocka_unit_test(test_slow_client_has_little_before_it),
		cmocka_unit_test(test_window_holds_the_step),
		cmocka_unit_test(test_jump_keeps_what_was_learned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
