/* Clients that break rules, disappear or never stop. Each is dealt with alone: another client on the same terminal goes
 * on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "support.h"

struct pair {
	struct bench bench;
	struct peer good;
	struct peer bad;
};

static struct pair *pair_new(const struct relay_limits *limits)
{
	struct pair *pair = xmalloc(sizeof(*pair));

	bench_init(&pair->bench, limits, true);
	bench_attach(&pair->bench, &pair->good, 0);
	bench_attach(&pair->bench, &pair->bad, 0);
	bench_settle(&pair->bench, 10);
	return pair;
}

/* The bad one was closed with `code` and let go after its answer; the good one works. */
static void pair_check(struct pair *pair, unsigned code)
{
	char typed[4] = {0};

	assert_true(bench_reaches(&pair->bench, pair->bad.close_code, 1));
	assert_int_equal(pair->bad.close_code, code);
	shutdown(pair->bad.socket, SHUT_WR);
	assert_true(bench_reaches(&pair->bench, pair->bad.eof, 1));
	peer_frame(&pair->bench, &pair->good, 0x82, "ok", 2);
	assert_true(bench_wait(&pair->bench, read(pair->bench.program, typed, sizeof(typed)) == 2));
	bench_print(&pair->bench, "fine", 4);
	assert_true(bench_reaches(&pair->bench, pair->good.offset, 4));
	assert_int_equal(pair->good.close_code, 0);
	assert_true(bench_wait(&pair->bench, pair->bench.clients == 1));
	bench_fini(&pair->bench);
	free(pair);
}

static void test_unmasked(void **state)
{
	struct pair *pair = pair_new(NULL);

	(void)state;
	peer_send_raw(&pair->bench, &pair->bad, "\x82\x02hi", 4);
	pair_check(pair, 1002);
}

static void test_too_large(void **state)
{
	struct pair *pair = pair_new(NULL);
	char *data = xcalloc(1, 65 << 10);

	(void)state;
	peer_frame(&pair->bench, &pair->bad, 0x82, data, 65 << 10);
	free(data);
	pair_check(pair, 1009);
}

static void test_junk(void **state)
{
	struct pair *pair = pair_new(NULL);
	char junk[5000];

	(void)state;
	stream_fill(junk, 4711, sizeof(junk));
	junk[0] = (char)0xff;
	peer_send_raw(&pair->bench, &pair->bad, junk, sizeof(junk));
	pair_check(pair, 1002);
}

static void test_bad_control(void **state)
{
	static const char *const bad[] = {
		"not json",
		"[1,2]",
		"{\"resize\": [0, 24]}",
		"{\"resize\": [1001, 24]}",
		"{\"resize\": [\"80\", \"24\"]}",
		"{\"ack\": -1}",
		"{\"ack\": \"1\"}",
		"{\"ack\": 1, \"ack\": 1}",
		"",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct pair *pair = pair_new(NULL);

		peer_text(&pair->bench, &pair->bad, bad[i]);
		pair_check(pair, 1008);
	}
}

static void test_text_not_utf8(void **state)
{
	struct pair *pair = pair_new(NULL);

	(void)state;
	peer_text(&pair->bench, &pair->bad, "{\"x\": \"\xc0\xaf\"}");
	pair_check(pair, 1007);
}

/* It can claim to have more than it was sent; that counts as all of it, and harms nobody. */
static void test_ack_beyond_sent(void **state)
{
	struct bench bench;
	struct peer peer;

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	peer_text(&bench, &peer, "{\"ack\": 9007199254740991}");
	peer_text(&bench, &peer, "{\"ack\": 9223372036854775807}");
	for (int i = 0; i < 300; i++)
		bench_print(&bench, "0123456789012345678901234567890123456789", 40);
	assert_true(bench_reaches(&bench, peer.offset, 12000));
	assert_int_equal(peer.close_code, 0);
	bench_fini(&bench);
}

static void test_unknown_keys_are_left_alone(void **state)
{
	struct bench bench;
	struct peer peer;

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	peer_text(&bench, &peer, "{\"paste\": {\"bracketed\": true}, \"\": [[[]]]}");
	bench_print(&bench, "x", 1);
	assert_true(bench_reaches(&bench, peer.offset, 1));
	assert_int_equal(peer.close_code, 0);
	bench_fini(&bench);
}

static void test_thousand_pings(void **state)
{
	struct bench bench;
	struct peer peer;

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	for (int i = 0; i < 1000; i++)
		peer_frame(&bench, &peer, 0x89, "ping", 4);
	peer_frame(&bench, &peer, 0x82, "x", 1);
	assert_true(bench_reaches(&bench, peer.pongs, 1));
	bench_settle(&bench, 50);
	assert_in_range(peer.pongs, 1, 1000);
	assert_memory_equal(peer.pong.data, "ping", 4);
	assert_int_equal(peer.close_code, 0);
	bench_fini(&bench);
}

/* Pings without ever reading the pongs: bounded, and it dies of silence like any other. */
static void test_pings_of_one_who_never_reads(void **state)
{
	static const struct relay_limits limits = {.ping_ms = 200};
	struct bench bench;
	struct peer peer;
	char payload[125] = {0};

	(void)state;
	bench_init(&bench, &limits, true);
	bench_attach(&bench, &peer, 0);
	peer.reading = false;
	for (int i = 0; i < 20000; i++)
		peer_frame(&bench, &peer, 0x89, payload, sizeof(payload));
	bench_print(&bench, "still here", 10);
	assert_true(bench_wait(&bench, terminal_offset(bench.terminal) == 10));
	peer.reading = true;
	assert_true(bench_reaches(&bench, peer.eof, 1));
	bench_fini(&bench);
}

static void test_close_twice(void **state)
{
	struct bench bench;
	struct peer peer;

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	peer_frame(&bench, &peer, 0x88, "\x0f\xa0 bye", 6);
	peer_frame(&bench, &peer, 0x88, "\x03\xe9", 2);
	assert_true(bench_reaches(&bench, peer.eof, 1));
	assert_int_equal(peer.close_code, 4000); /* the first one's, echoed */
	assert_true(bench_wait(&bench, bench.clients == 0));
	bench_fini(&bench);
}

static void test_empty_close(void **state)
{
	struct bench bench;
	struct peer peer;

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	peer_frame(&bench, &peer, 0x88, "", 0);
	assert_true(bench_reaches(&bench, peer.eof, 1));
	assert_int_equal(peer.close_code, 1005);
	bench_fini(&bench);
}

/* Half a frame, then nothing: it hears pings, can't answer them inside the frame, and is let go. */
static void test_half_a_frame_then_silence(void **state)
{
	static const struct relay_limits limits = {.ping_ms = 100};
	struct bench bench;
	struct peer peer;

	(void)state;
	bench_init(&bench, &limits, true);
	bench_attach(&bench, &peer, 0);
	peer_send_raw(&bench, &peer, "\x82\xfe\xff", 3);
	assert_true(bench_reaches(&bench, peer.eof, 1));
	assert_in_range(peer.pings, 2, 3);
	assert_int_equal(terminal_clients(bench.terminal), 0);
	bench_fini(&bench);
}

static void test_answered_pings_keep_it_alive(void **state)
{
	static const struct relay_limits limits = {.ping_ms = 100};
	struct bench bench;
	struct peer peer;

	(void)state;
	bench_init(&bench, &limits, true);
	bench_attach(&bench, &peer, 0);
	peer_frame(&bench, &peer, 0x8a, "unasked", 7); /* RFC 6455 §5.5.3: allowed */
	for (unsigned answered = 0; answered < 5; answered++) {
		assert_true(bench_reaches(&bench, peer.pings, answered + 1));
		peer_frame(&bench, &peer, 0x8a, "", 0);
	}
	assert_false(peer.eof);
	assert_true(bench_reaches(&bench, peer.eof, 1)); /* and then no more */
	bench_fini(&bench);
}

/* A peer that vanished while it was being flooded: the half-open socket is found, the terminal goes on alone. */
static void test_vanished_in_a_flood(void **state)
{
	static const struct relay_limits limits = {.ping_ms = 150};
	struct bench bench;
	struct peer peer;
	char *data = xmalloc(400000);

	(void)state;
	stream_fill(data, 0, 400000);
	bench_init(&bench, &limits, true);
	bench_attach(&bench, &peer, 0);
	peer.reading = false;
	bench_print(&bench, data, 400000); /* more than window and kernel hold: returns once it is let go */
	assert_true(bench_wait(&bench, terminal_offset(bench.terminal) == 400000));
	assert_true(bench_wait(&bench, bench.clients == 0));
	free(data);
	bench_fini(&bench);
}

static void test_resets_in_all_places(void **state)
{
	struct bench bench;

	(void)state;
	bench_init(&bench, NULL, true);
	for (int i = 0; i < 200; i++) {
		struct peer peer;
		static const char bytes[] = "\x82\xfe\x01\x00mask and some payload";

		bench_attach(&bench, &peer, 0);
		bench_print(&bench, "output", 6);
		peer_send_raw(&bench, &peer, bytes, (size_t)i % sizeof(bytes));
		if (i % 3 == 0)
			loop_once(bench.loop, 1);
		close(peer.socket);
		peer.socket = -1;
		loop_once(bench.loop, 1);
		bench.peer_count--;
		peer_fini(&peer);
	}
	assert_true(bench_wait(&bench, terminal_clients(bench.terminal) == 0));
	assert_true(bench_wait(&bench, terminal_offset(bench.terminal) == 1200));
	bench_fini(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_unmasked),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_junk),
		cmocka_unit_test(test_bad_control),
		cmocka_unit_test(test_text_not_utf8),
		cmocka_unit_test(test_ack_beyond_sent),
		cmocka_unit_test(test_unknown_keys_are_left_alone),
		cmocka_unit_test(test_thousand_pings),
		cmocka_unit_test(test_pings_of_one_who_never_reads),
		cmocka_unit_test(test_close_twice),
		cmocka_unit_test(test_empty_close),
		cmocka_unit_test(test_half_a_frame_then_silence),
		cmocka_unit_test(test_answered_pings_keep_it_alive),
		cmocka_unit_test(test_vanished_in_a_flood),
		cmocka_unit_test(test_resets_in_all_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
