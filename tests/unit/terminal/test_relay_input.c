/* Typed and pasted input, when the program reads and when it doesn't. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "support.h"

static void step_read(struct bench *bench)
{
	ssize_t n;

	while ((n = read(bench->program, buf_reserve(&bench->typed, 4096), 4096)) > 0)
		buf_added(&bench->typed, (size_t)n);
}

/* `cat`: reads only once what it read before is written. */
static void step_echo(struct bench *bench)
{
	ssize_t n;

	if (bench->typed.length == 0 && (n = read(bench->program, buf_reserve(&bench->typed, 4096), 4096)) > 0)
		buf_added(&bench->typed, (size_t)n);
	if (bench->typed.length > 0 && (n = write(bench->program, bench->typed.data, bench->typed.length)) > 0) {
		buf_consume(&bench->typed, (size_t)n);
		bench->echoed += (size_t)n;
	}
}

static bool typed_reaches(struct bench *bench, size_t length)
{
	for (int idle = 0; bench->typed.length < length && idle < 3000; idle++) {
		size_t had = bench->typed.length;

		bench_turn(bench, 5);
		if (bench->typed.length > had)
			idle = 0;
	}
	return bench->typed.length >= length;
}

static void paste(struct bench *bench, struct peer *peer, uint64_t from, size_t length)
{
	char *data = xmalloc(length);

	stream_fill(data, from, length);
	peer_frame(bench, peer, 0x82, data, length);
	free(data);
}

/* A paste much larger than anything holds: every byte comes, in order. */
static void test_large_paste(void **state)
{
	struct bench bench;
	struct peer peer;
	size_t total = 0;

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	for (size_t part = 1; part <= 65536; part = part * 3 / 2 + 1) {
		paste(&bench, &peer, total, part);
		total += part;
	}
	for (int i = 0; i < 20; i++) {
		paste(&bench, &peer, total, 65536);
		total += 65536;
	}
	bench_settle(&bench, 50); /* nobody reads yet */
	bench.step = step_read;
	assert_true(typed_reaches(&bench, total));
	assert_int_equal(bench.typed.length, total);
	assert_true(stream_matches(bench.typed.data, 0, total));
	assert_int_equal(peer.close_code, 0);
	bench_fini(&bench);
}

/* The program reads nothing: a bounded part is kept, the rest stays with the sender, and another client is still heard.
 */
static void test_input_is_bounded(void **state)
{
	struct bench bench;
	struct peer peer, other;
	size_t before;

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	bench_attach(&bench, &other, 0);
	before = allocated_bytes() - bench_peer_bytes(&bench);
	for (uint64_t i = 0; i < 50; i++)
		paste(&bench, &peer, i * 60000, 60000);
	bench_settle(&bench, 100);
	/* The queue and the message in hand, in doubling buffers. */
	assert_in_range(allocated_bytes() - before - bench_peer_bytes(&bench), 1, (256 + 128 + 32) << 10);
	assert_true(peer.outgoing.length > 2000000);
	peer_text(&bench, &other, "{\"resize\": [70, 20]}");
	peer_frame(&bench, &other, 0x89, "?", 1);
	assert_true(bench_reaches(&bench, other.pongs, 1));
	bench.step = step_read;
	assert_true(typed_reaches(&bench, 3000000));
	assert_true(stream_matches(bench.typed.data, 0, 3000000));
	bench_fini(&bench);
}

/* `cat` with a large paste: input waits for output, whose acks wait behind the input. It must not stand still. */
static void test_paste_into_an_echo(void **state)
{
	struct bench bench;
	struct peer peer;

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	bench.step = step_echo;
	peer.checking = true;
	for (uint64_t i = 0; i < 60; i++)
		paste(&bench, &peer, i * 30000, 30000);
	assert_true(bench_reaches(&bench, peer.offset, 1800000));
	assert_false(peer.wrong);
	bench_fini(&bench);
}

/* Ctrl-C behind a paste that nobody reads, so small that the kernel holds it, or so large that the relay does: the line
 * discipline gets it, and the paste is dropped. */
static void check_interrupt(int lines)
{
	struct bench bench;
	struct peer peer;
	struct termios termios;
	char line[100];

	bench_init(&bench, NULL, true);
	tcgetattr(bench.program, &termios);
	termios.c_lflag |= ISIG | ICANON | ECHO | ECHOCTL;
	termios.c_cc[VINTR] = 3;
	tcsetattr(bench.program, TCSANOW, &termios);
	bench_attach(&bench, &peer, 0);
	memset(line, 'x', sizeof(line));
	line[99] = '\n';
	for (int i = 0; i < lines; i++)
		peer_frame(&bench, &peer, 0x82, line, sizeof(line));
	bench_settle(&bench, 50);
	peer_frame(&bench, &peer, 0x82, "lost\x03kept\n", 10);
	/* The kernel's own sign that it took the interrupt: the echo. */
	assert_true(bench_wait(&bench, peer.output.length > 2 &&
					       memmem(peer.output.data, peer.output.length, "^C", 2) != NULL));
	bench.step = step_read;
	assert_true(typed_reaches(&bench, 5));
	assert_int_equal(bench.typed.length, 5);
	assert_memory_equal(bench.typed.data, "kept\n", 5);
	bench_fini(&bench);
}

static void test_interrupt_behind_full_queues(void **state)
{
	(void)state;
	check_interrupt(0);
	check_interrupt(30);
	check_interrupt(100);
	check_interrupt(300);
	check_interrupt(800);
}

/* In a raw terminal the same character is data. */
static void test_no_interrupt_in_a_raw_terminal(void **state)
{
	struct bench bench;
	struct peer peer;
	char data[20000];

	(void)state;
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	memset(data, 3, sizeof(data));
	peer_frame(&bench, &peer, 0x82, data, sizeof(data));
	bench_settle(&bench, 50);
	peer_frame(&bench, &peer, 0x82, data, sizeof(data));
	bench.step = step_read;
	assert_true(typed_reaches(&bench, 40000));
	assert_int_equal(bench.typed.length, 40000);
	bench_fini(&bench);
}

static void test_client_leaves_with_input_waiting(void **state)
{
	struct bench bench;
	struct peer peer;
	char *data = xmalloc(60000);

	(void)state;
	stream_fill(data, 0, 60000);
	bench_init(&bench, NULL, true);
	bench_attach(&bench, &peer, 0);
	for (int i = 0; i < 3; i++)
		peer_frame(&bench, &peer, 0x82, data, 60000);
	bench_settle(&bench, 50);
	close(peer.socket);
	peer.socket = -1;
	assert_true(bench_wait(&bench, bench.clients == 0));
	bench.step = step_read;
	assert_true(typed_reaches(&bench, 60000));
	bench_settle(&bench, 300);
	/* Messages that were taken whole arrive whole; one that was not taken doesn't arrive at all. */
	assert_in_range(bench.typed.length, 60000, 180000);
	assert_int_equal(bench.typed.length % 60000, 0);
	free(data);
	bench_fini(&bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_large_paste),
		cmocka_unit_test(test_input_is_bounded),
		cmocka_unit_test(test_paste_into_an_echo),
		cmocka_unit_test(test_interrupt_behind_full_queues),
		cmocka_unit_test(test_no_interrupt_in_a_raw_terminal),
		cmocka_unit_test(test_client_leaves_with_input_waiting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
