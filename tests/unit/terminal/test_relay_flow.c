/* Flow control: what a slow client may cost, and what it may cost others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/util.h"
#include "support.h"

/* The program prints the stream as fast as it is let, from number *at on; the count. */
static size_t print_what_goes(struct bench *bench, uint64_t *at)
{
	char data[3000];
	ssize_t n;

	stream_fill(data, *at, sizeof(data));
	n = write(bench->program, data, sizeof(data));
	if (n > 0)
		*at += (size_t)n;
	return n > 0 ? (size_t)n : 0;
}

/* Prints until nothing goes any more, however long the loop runs. */
static void print_until_stuck(struct bench *bench, uint64_t *at)
{
	int64_t last = clock_monotonic_ms();

	while (clock_monotonic_ms() - last < 500) {
		if (print_what_goes(bench, at) > 0)
			last = clock_monotonic_ms();
		bench_settle(bench, 0);
		loop_once(bench->loop, 1);
		for (unsigned i = 0; i < bench->peer_count; i++)
			if (bench->peers[i]->reading)
				peer_receive(bench, bench->peers[i]);
	}
}

static void test_window_stops_the_program(void **state)
{
	struct bench bench;
	struct peer peer;
	uint64_t printed = 0;

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	peer.acking = false;
	print_until_stuck(&bench, &printed);
	assert_int_equal(peer.offset, 131072); /* a window's worth, no more */
	assert_true(terminal_offset(bench.terminal) <= 131072);
	assert_true(printed < 131072 + 131072); /* the rest is the kernel's buffer */
	peer_text(&bench, &peer, "{\"ack\": 30000}");
	assert_true(bench_wait(&bench, peer.offset == (131072 + 30000 < printed ? 131072 + 30000 : printed)));
	peer.acking = true;
	peer_text(&bench, &peer, "{\"ack\": 131072}");
	assert_true(bench_reaches(&bench, peer.offset, printed));
	assert_true(stream_matches(peer.output.data, 0, peer.output.length));
	bench_fini(&bench);
}

/* Neither a browser that reads nothing nor one that reads and never acks makes the relay keep more than its ring. */
static void test_memory_is_bounded(void **state)
{
	struct bench bench;
	struct peer unread, unacked;
	uint64_t printed = 0;
	size_t before;

	(void)state;
	bench_init(&bench, NULL, true);
	before = allocated_bytes();
	bench_attach(&bench, &unread, 0);
	bench_attach(&bench, &unacked, 0);
	unread.reading = false;
	unacked.acking = false;
	print_until_stuck(&bench, &printed);
	for (int i = 0; i < 5000; i++)
		terminal_control(bench.terminal, "{\"usage\": {\"memory\": 1}}");
	assert_true(printed < 300000);
	/* The ring, a queue of control messages (in a doubling buffer), and the little that idle clients cost. */
	assert_in_range(allocated_bytes() - before - bench_peer_bytes(&bench), 1, (256 + 128 + 32) << 10);
	bench_fini(&bench);
}

/* One viewer stops taking: the other waits a moment, then goes on alone. Coming back, the stuck one is told where it
 * is. */
static void test_stuck_viewer_is_left_behind(void **state)
{
	struct bench bench;
	struct peer quick, stuck;
	uint64_t printed = 0;

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &quick, 0);
	bench_attach(&bench, &stuck, 0);
	stuck.acking = false;
	while (printed < 2000000) {
		print_what_goes(&bench, &printed);
		bench_settle(&bench, 0);
		loop_once(bench.loop, 1);
		peer_receive(&bench, &quick);
		peer_receive(&bench, &stuck);
	}
	assert_true(bench_reaches(&bench, quick.offset, printed));
	assert_int_equal(quick.hellos, 1);
	assert_true(stream_matches(quick.output.data, 0, quick.output.length));
	assert_int_equal(stuck.offset, 131072);
	assert_true(stream_matches(stuck.output.data, 0, stuck.output.length));
	stuck.acking = true;
	peer_text(&bench, &stuck, "{\"ack\": 131072}");
	assert_true(bench_reaches(&bench, stuck.offset, printed));
	assert_int_equal(stuck.hellos, 2); /* "what follows starts at …" */
	assert_true(stream_matches(stuck.output.data, stuck.offset - stuck.output.length, stuck.output.length));
	bench_fini(&bench);
}

/* A viewer whose socket is full in the middle of a frame when the ring goes over it: the frame is still whole. */
static void test_left_behind_in_the_middle_of_a_frame(void **state)
{
	static const struct relay_limits limits = {.ring = 1 << 20, .window = 512 << 10};
	struct bench bench;
	struct peer quick, stuck;
	uint64_t printed = 0;

	(void)state;
	bench_init(&bench, &limits, false);
	bench_attach(&bench, &quick, 0);
	bench_attach(&bench, &stuck, 0);
	stuck.reading = false;
	while (printed < 8000000) {
		print_what_goes(&bench, &printed);
		bench_settle(&bench, 0);
		loop_once(bench.loop, 1);
		peer_receive(&bench, &quick);
	}
	stuck.reading = true;
	stuck.checking = true;
	assert_true(bench_reaches(&bench, stuck.offset, printed));
	assert_int_equal(stuck.hellos, 2);
	assert_false(stuck.wrong);
	bench_fini(&bench);
}

/* Many terminals flood while one is typed at: it gets its turn between them. */
static void test_flooding_terminals_share(void **state)
{
	enum { FLOODS = 10 };
	struct bench bench;
	struct peer quiet;
	struct peer flooded[FLOODS];
	struct terminal *floods[FLOODS];
	struct bench ends[FLOODS];
	uint64_t printed[FLOODS] = {0};

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &quiet, 0);
	for (int i = 0; i < FLOODS; i++) {
		struct bench own;

		bench_init(&own, NULL, true);
		/* Its terminal moves to the common relay. */
		assert_int_equal(terminal_new(bench.relay, dup(terminal_tty(own.terminal)), 80, 24, &bench, &floods[i],
					      NULL),
				 0);
		relay_free(own.relay);
		loop_free(own.loop);
		ends[i] = (struct bench){.loop = bench.loop,
					 .relay = bench.relay,
					 .terminal = floods[i],
					 .program = own.program};
		bench_attach(&ends[i], &flooded[i], 0);
		bench.peers[bench.peer_count++] = &flooded[i];
	}
	for (unsigned echoed = 1; echoed <= 300; echoed++) {
		for (int i = 0; i < FLOODS; i++)
			print_what_goes(&ends[i], &printed[i]);
		bench_print(&bench, "e", 1);
		assert_true(bench_reaches(&bench, quiet.offset, echoed));
	}
	for (int i = 0; i < FLOODS; i++) {
		assert_true(bench_reaches(&bench, flooded[i].offset, printed[i]));
		assert_true(stream_matches(flooded[i].output.data, 0, flooded[i].output.length));
		close(ends[i].program);
	}
	bench_fini(&bench);
}

/* What an idle terminal with one client keeps. */
static void test_idle_terminal_is_small(void **state)
{
	struct bench bench;
	struct peer peer;
	size_t before;

	(void)state;
	before = allocated_bytes();
	bench_init(&bench, NULL, true);
	before = allocated_bytes() - before; /* the loop, the relay's scratch and the terminal itself */
	assert_true(before < 80 << 10);
	before = allocated_bytes();
	bench_attach(&bench, &peer, 0);
	peer.reading = false;
	peer_text(&bench, &peer, "{\"resize\": [80, 24]}");
	bench_print(&bench, "visitor@sandbox:~$ ", 19);
	assert_true(bench_wait(&bench, terminal_offset(bench.terminal) == 19));
	before = allocated_bytes() - before;
	assert_in_range(before, 1, 20 << 10);
	bench_fini(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window_stops_the_program),
		cmocka_unit_test(test_memory_is_bounded),
		cmocka_unit_test(test_stuck_viewer_is_left_behind),
		cmocka_unit_test(test_left_behind_in_the_middle_of_a_frame),
		cmocka_unit_test(test_flooding_terminals_share),
		cmocka_unit_test(test_idle_terminal_is_small),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
