#include "base/loop.h"

#include <pthread.h>
#include <unistd.h>

#include "base/util.h"

#include "../test.h"

struct trace {
	char order[16];
	size_t length;
	struct loop *loop;
};

static void mark(struct trace *trace, char c)
{
	if (trace->length < sizeof(trace->order) - 1)
		trace->order[trace->length++] = c;
}

static struct trace *the_trace;

static void mark_a(void *data)
{
	mark(data, 'a');
}

static void mark_b(void *data)
{
	mark(data, 'b');
}

static void mark_stop(void *data)
{
	struct trace *trace = data;

	mark(trace, 's');
	loop_stop(trace->loop);
}

static void timers_run_in_the_order_of_their_times(void **state)
{
	struct trace trace = {.loop = loop_new()};
	struct loop_timer late = {0};
	struct loop_timer early = {0};
	struct loop_timer never = {0};
	struct loop_timer last = {0};

	(void)state;
	loop_timer_start(trace.loop, &last, 30, mark_stop, &trace);
	loop_timer_start(trace.loop, &late, 20, mark_b, &trace);
	loop_timer_start(trace.loop, &early, 1, mark_a, &trace);
	loop_timer_start(trace.loop, &never, 10, mark_b, &trace);
	loop_timer_stop(&never);
	loop_timer_stop(&never);
	assert_int_equal(loop_run(trace.loop), 0);
	assert_string_equal(trace.order, "abs");
	loop_free(trace.loop);
}

static void *post_from_thread(void *data)
{
	struct trace *trace = data;

	loop_post(trace->loop, mark_a, trace);
	loop_post(trace->loop, mark_b, trace);
	loop_post(trace->loop, mark_stop, trace);
	return NULL;
}

static void other_threads_post_in_order(void **state)
{
	struct trace trace = {.loop = loop_new()};
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, post_from_thread, &trace), 0);
	assert_int_equal(loop_run(trace.loop), 0);
	pthread_join(thread, NULL);
	assert_string_equal(trace.order, "abs");
	loop_free(trace.loop);
}

static struct loop_io ios[2];

/* Both ends are ready; whichever comes first takes the other one out. */
static void remove_the_other(struct loop_io *io, uint32_t events)
{
	(void)events;
	mark(the_trace, 'r');
	loop_remove(io == &ios[0] ? &ios[1] : &ios[0]);
	loop_remove(io);
}

static void a_removed_one_gets_no_event_of_the_same_batch(void **state)
{
	struct trace trace = {.loop = loop_new()};
	int pipes[2][2];

	(void)state;
	the_trace = &trace;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(pipe(pipes[i]), 0);
		assert_int_equal(write(pipes[i][1], "x", 1), 1);
		assert_int_equal(loop_add(trace.loop, &ios[i], pipes[i][0], EPOLLIN, remove_the_other), 0);
	}
	assert_int_equal(loop_once(trace.loop, 0), 0);
	assert_int_equal(loop_once(trace.loop, 0), 0);
	assert_string_equal(trace.order, "r");
	for (int i = 0; i < 2; i++) {
		close(pipes[i][0]);
		close(pipes[i][1]);
	}
	loop_free(trace.loop);
}

static void changes_what_it_waits_for(void **state)
{
	struct trace trace = {.loop = loop_new()};
	int ends[2];

	(void)state;
	the_trace = &trace;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(loop_add(trace.loop, &ios[0], ends[0], 0, remove_the_other), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(loop_once(trace.loop, 0), 0);
	assert_int_equal(trace.length, 0);
	assert_int_equal(loop_set_events(&ios[0], EPOLLIN), 0);
	assert_int_equal(loop_once(trace.loop, 0), 0);
	assert_int_equal(trace.length, 1);
	assert_true(loop_set_events(&ios[0], EPOLLIN) < 0);
	close(ends[0]);
	close(ends[1]);
	loop_free(trace.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(timers_run_in_the_order_of_their_times),
		cmocka_unit_test(other_threads_post_in_order),
		cmocka_unit_test(a_removed_one_gets_no_event_of_the_same_batch),
		cmocka_unit_test(changes_what_it_waits_for),
	};

	return cmocka_run_group_tests_name("loop", tests, NULL, NULL);
}
