/* The relay as its users see it: output, resume, sizes, ends. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "support.h"

static void print_stream(struct bench *bench, uint64_t from, size_t length)
{
	char *data = xmalloc(length);

	stream_fill(data, from, length);
	bench_print(bench, data, length);
	free(data);
}

static void test_output_and_echo(void **state)
{
	struct bench bench;
	struct peer peer;
	char typed[16] = {0};
	ssize_t n = 0;

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	bench_print(&bench, "$ \xea\xb0", 4); /* half a character: bytes are bytes */
	assert_true(bench_reaches(&bench, peer.offset, 4));
	assert_memory_equal(peer.output.data, "$ \xea\xb0", 4);
	assert_string_equal(peer.texts.data, "{\"hello\": {\"offset\": 0, \"window\": 131072, \"end\": 0}}\n");
	peer_frame(&bench, &peer, 0x82, "ls\r\0\xff", 5);
	assert_true(bench_wait(&bench, (n = read(bench.program, typed, sizeof(typed))) > 0));
	assert_int_equal(n, 5);
	assert_memory_equal(typed, "ls\r\0\xff", 5);
	assert_int_equal(bench.clients, 1);
	assert_int_equal(bench.actives, 1); /* attaching; the typing came within the same second */
	bench_fini(&bench);
}

/* Every offset of a stream that went around the ring many times gives exactly the bytes from there on. */
static void test_resume_at_any_offset(void **state)
{
	static const struct relay_limits limits = {.ring = 8192, .window = 4096};
	struct bench bench;
	size_t total = 200003;

	(void)state;
	bench_init(&bench, &limits, false);
	print_stream(&bench, 0, total);
	assert_true(bench_wait(&bench, terminal_offset(bench.terminal) == total));
	for (uint64_t asked = total - 9000; asked <= total + 5; asked += asked % 97 + 1) {
		struct peer peer;
		uint64_t oldest = total - 8192;
		uint64_t expected = asked < oldest ? oldest : asked > total ? total : asked;

		bench_attach(&bench, &peer, asked);
		peer_receive(&bench, &peer);
		assert_int_equal(peer.hellos, 1);
		assert_int_equal(peer.offset - peer.output.length, expected);
		assert_true(bench_reaches(&bench, peer.offset, total));
		assert_int_equal(peer.output.length, total - expected);
		assert_true(stream_matches(peer.output.data, expected, peer.output.length));
		peer_fini(&peer);
		bench.peer_count--;
		bench_settle(&bench, 1);
	}
	assert_int_equal(bench.clients, 0);
	bench_fini(&bench);
}

/* A connection that breaks in the middle of a flood and comes back: nothing twice, nothing lost. */
static void test_reconnect_in_a_flood(void **state)
{
	struct bench bench;
	uint64_t wanted = 0;
	size_t total = 3000000, printed = 0;
	struct buf all = BUF_INIT;

	(void)state;
	bench_init(&bench, NULL, true);
	while (wanted < total) {
		struct peer peer;
		uint64_t until = wanted + 50000 + wanted % 1237;

		bench_attach(&bench, &peer, wanted);
		peer.offset = wanted;
		while (peer.offset < until && peer.offset < total) {
			size_t part = min_size(total - printed, 700);

			if (part > 0 && printed < peer.offset + 100000) {
				print_stream(&bench, printed, part);
				printed += part;
			}
			bench_settle(&bench, 0);
			loop_once(bench.loop, 0);
			peer_receive(&bench, &peer);
		}
		assert_int_equal(peer.hellos, 1);
		assert_int_equal(peer.offset - peer.output.length, wanted);
		buf_append(&all, peer.output.data, peer.output.length);
		wanted = peer.offset;
		peer_fini(&peer);
		bench.peer_count--;
	}
	assert_int_equal(all.length, total);
	assert_true(stream_matches(all.data, 0, total));
	buf_fini(&all);
	bench_fini(&bench);
}

static void test_nobody_attached_goes_on(void **state)
{
	struct bench bench;
	struct peer peer;

	(void)state;
	bench_init(&bench, NULL, true);
	print_stream(&bench, 0, 2000000);
	assert_true(bench_wait(&bench, terminal_offset(bench.terminal) == 2000000));
	bench_attach(&bench, &peer, 0);
	assert_true(bench_reaches(&bench, peer.offset, 2000000));
	assert_int_equal(peer.output.length, 262144);
	assert_true(stream_matches(peer.output.data, 2000000 - 262144, 262144));
	bench_fini(&bench);
}

static void assert_size(struct bench *bench, unsigned cols, unsigned rows)
{
	struct winsize size = {0};

	assert_true(bench_wait(bench, ioctl(bench->program, TIOCGWINSZ, &size) == 0 && size.ws_col == cols &&
					      size.ws_row == rows));
}

static void test_smallest_size_wins(void **state)
{
	struct bench bench;
	struct peer big, small, silent;

	(void)state;
	bench_init(&bench, NULL, true);
	assert_size(&bench, 80, 24);
	bench_attach(&bench, &big, 0);
	bench_attach(&bench, &small, 0);
	bench_attach(&bench, &silent, 0);
	peer_text(&bench, &big, "{\"resize\": [200, 30]}");
	assert_size(&bench, 200, 30);
	peer_text(&bench, &small, "{\"resize\":[100,60], \"later\": {\"x\": null}}");
	assert_size(&bench, 100, 30);
	shutdown(small.socket, SHUT_RDWR);
	assert_size(&bench, 200, 30);
	assert_true(bench_wait(&bench, bench.clients == 2));
	bench_fini(&bench);
}

static void test_every_viewer_gets_all(void **state)
{
	struct bench bench;
	struct peer peers[5];

	(void)state;
	bench_init(&bench, NULL, true);
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		bench_attach(&bench, &peers[i], 0);
	print_stream(&bench, 0, 1000000);
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++) {
		assert_true(bench_reaches(&bench, peers[i].offset, 1000000));
		assert_int_equal(peers[i].hellos, 1);
		assert_true(stream_matches(peers[i].output.data, 0, 1000000));
	}
	terminal_control(bench.terminal, "{\"usage\": {}}");
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		assert_true(bench_wait(&bench, strstr(peers[i].texts.data, "\n{\"usage\": {}}\n") != NULL));
	bench_fini(&bench);
}

static void test_too_many_viewers(void **state)
{
	static const struct relay_limits limits = {.max_clients = 2};
	struct bench bench;
	struct peer peers[3];

	(void)state;
	bench_init(&bench, &limits, true);
	for (size_t i = 0; i < ARRAY_SIZE(peers); i++)
		bench_attach(&bench, &peers[i], 0);
	assert_true(bench_reaches(&bench, peers[2].close_code, 1));
	assert_int_equal(peers[2].close_code, 1008);
	assert_int_equal(peers[1].close_code, 0);
	bench_fini(&bench);
}

static void test_end_sends_what_is_left(void **state)
{
	struct bench bench;
	struct peer peer;
	char rest[3000];

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	print_stream(&bench, 0, 100000);
	/* Still in the kernel when the end is announced. */
	stream_fill(rest, 100000, sizeof(rest));
	assert_true(bench_reaches(&bench, peer.offset, 100000));
	assert_int_equal(write(bench.program, rest, sizeof(rest)), sizeof(rest));
	tcdrain(bench.program);
	usleep(20000);
	terminal_end(bench.terminal, "exited", 3);
	assert_true(bench_reaches(&bench, peer.close_code, 1));
	assert_int_equal(peer.close_code, 1000);
	assert_int_equal(peer.output.length, 103000);
	assert_true(stream_matches(peer.output.data, 0, 103000));
	assert_non_null(strstr(peer.texts.data, "{\"exit\": {\"reason\": \"exited\", \"code\": 3}}\n"));
	peer_frame(&bench, &peer, 0x88, "\x03\xe8", 2);
	assert_true(bench_reaches(&bench, peer.eof, 1));
	bench_fini(&bench);
}

/* A client that is slow to take the last output gets it, then the exit. One that says nothing gets the exit all the
 * same. */
static void test_end_with_slow_clients(void **state)
{
	struct bench bench;
	struct peer slow, silent;

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &slow, 0);
	slow.acking = false;
	print_stream(&bench, 0, 140000);
	bench_attach(&bench, &silent, 0);
	silent.acking = false;
	assert_true(bench_wait(&bench, slow.offset == 131072));
	terminal_end(bench.terminal, "idle", -1);
	bench_settle(&bench, 50);
	assert_int_equal(slow.close_code, 0);
	peer_text(&bench, &slow, "{\"ack\": 131072}");
	assert_true(bench_reaches(&bench, slow.close_code, 1));
	assert_int_equal(slow.offset, 140000);
	assert_non_null(strstr(slow.texts.data, "{\"exit\": {\"reason\": \"idle\", \"code\": null}}\n"));
	assert_true(bench_reaches(&bench, silent.close_code, 1));
	assert_int_equal(silent.close_code, 1000);
	assert_int_equal(silent.offset, 131072);
	/* Neither answers the close frame: the relay lets go. */
	assert_true(bench_reaches(&bench, slow.eof, 1));
	assert_true(bench_reaches(&bench, silent.eof, 1));
	bench_fini(&bench);
}

static void test_hangup(void **state)
{
	struct bench bench;
	struct peer peer;

	(void)state;
	bench_init(&bench, NULL, true);
	print_stream(&bench, 0, 1000);
	close(bench.program);
	bench.program = -1;
	assert_true(bench_wait(&bench, bench.hangups == 1));
	assert_int_equal(terminal_tty(bench.terminal), -1);
	bench_attach(&bench, &peer, 10); /* the ring stays readable */
	peer_frame(&bench, &peer, 0x82, "x", 1);
	assert_true(bench_reaches(&bench, peer.offset, 1000));
	assert_true(stream_matches(peer.output.data, 10, 990));
	terminal_end(bench.terminal, "exited", 0);
	assert_true(bench_reaches(&bench, peer.close_code, 1));
	assert_int_equal(bench.hangups, 1);
	bench_fini(&bench);
}

/* The program goes while its output waits for a slow client: all of it still comes. */
static void test_hangup_behind_a_full_window(void **state)
{
	static const struct relay_limits limits = {.ring = 65536, .window = 8192};
	struct bench bench;
	struct peer peer;
	size_t written = 0;
	char data[1000];

	(void)state;
	bench_init(&bench, &limits, false);
	bench_attach(&bench, &peer, 0);
	peer.acking = false;
	for (;;) {
		stream_fill(data, written, sizeof(data));
		if (write(bench.program, data, sizeof(data)) != sizeof(data))
			break;
		written += sizeof(data);
	}
	close(bench.program);
	bench.program = -1;
	assert_true(bench_wait(&bench, peer.offset == 8192));
	bench_settle(&bench, 100);
	assert_int_equal(bench.hangups, 0);
	peer.acking = true;
	peer_text(&bench, &peer, "{\"ack\": 8192}");
	assert_true(bench_reaches(&bench, bench.hangups, 1));
	assert_true(bench_reaches(&bench, peer.offset, written));
	assert_true(stream_matches(peer.output.data, 0, written));
	bench_fini(&bench);
}

static void test_offset_of_an_adopted_terminal(void **state)
{
	struct bench bench;
	struct peer peer;

	(void)state;
	bench_init(&bench, NULL, true);
	terminal_set_offset(bench.terminal, 1790000000000000u);
	print_stream(&bench, 0, 5000);
	assert_true(bench_wait(&bench, terminal_offset(bench.terminal) == 1790000000005000u));
	bench_attach(&bench, &peer, 1790000000000000u + 4000);
	assert_true(bench_reaches(&bench, peer.offset, 1790000000005000u));
	assert_true(stream_matches(peer.output.data, 4000, 1000));
	bench_fini(&bench);
}

static void test_relay_free_says_going_away(void **state)
{
	struct bench bench;
	struct peer peer;

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	bench_settle(&bench, 20);
	relay_free(bench.relay);
	bench.relay = NULL;
	peer_receive(&bench, &peer);
	assert_int_equal(peer.close_code, 1001);
	assert_true(peer.eof);
	bench_fini(&bench);
}

static void count_closed(void *data)
{
	++*(int *)data;
}

static void test_early_bytes_and_closed(void **state)
{
	static const char early[] = {(char)0x82, (char)0x82, 0, 0, 0, 0, 'h', 'i', (char)0x88, (char)0x80, 0, 0, 0, 0};
	struct bench bench;
	int pair[2], closed = 0;
	char typed[8];

	(void)state;
	bench_init(&bench, NULL, true);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	terminal_attach(bench.terminal, pair[1], early, sizeof(early), 0, count_closed, &closed);
	assert_true(bench_wait(&bench, closed == 1));
	assert_true(bench_wait(&bench, read(bench.program, typed, sizeof(typed)) == 2));
	assert_int_equal(fcntl(pair[1], F_GETFD), 0); /* the descriptor stayed ours */
	close(pair[0]);
	close(pair[1]);
	bench_fini(&bench);
	assert_int_equal(closed, 1);
}

static void test_refuse(void **state)
{
	struct bench bench;
	struct peer peer = {.reading = true};
	int pair[2];

	(void)state;
	bench_init(&bench, NULL, true);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	peer.socket = pair[0];
	bench.peers[bench.peer_count++] = &peer;
	relay_refuse(bench.relay, pair[1], 4404, "no such terminal", NULL, NULL);
	peer_frame(&bench, &peer, 0x82, "typed anyway", 12);
	assert_true(bench_reaches(&bench, peer.close_code, 4404));
	assert_string_equal(peer.close_why.data, "no such terminal");
	peer_frame(&bench, &peer, 0x88, "\x11\x34", 2);
	assert_true(bench_reaches(&bench, peer.eof, 1));
	bench_fini(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_output_and_echo),
		cmocka_unit_test(test_resume_at_any_offset),
		cmocka_unit_test(test_reconnect_in_a_flood),
		cmocka_unit_test(test_nobody_attached_goes_on),
		cmocka_unit_test(test_smallest_size_wins),
		cmocka_unit_test(test_every_viewer_gets_all),
		cmocka_unit_test(test_too_many_viewers),
		cmocka_unit_test(test_end_sends_what_is_left),
		cmocka_unit_test(test_end_with_slow_clients),
		cmocka_unit_test(test_hangup),
		cmocka_unit_test(test_hangup_behind_a_full_window),
		cmocka_unit_test(test_offset_of_an_adopted_terminal),
		cmocka_unit_test(test_relay_free_says_going_away),
		cmocka_unit_test(test_early_bytes_and_closed),
		cmocka_unit_test(test_refuse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
