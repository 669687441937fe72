/* Frames in (RFC 6455 §5), against what a client may and may not send. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "terminal/websocket.h"

static void frame(struct buf *out, unsigned char first, const void *data, size_t length)
{
	static const unsigned char mask[4] = {1, 2, 3, 4};
	char header[WEBSOCKET_HEADER_MAX];
	size_t n = websocket_header(WEBSOCKET_OPCODE_BINARY, length, header);

	header[0] = (char)first;
	header[1] |= (char)0x80;
	buf_append(out, header, n);
	buf_append(out, mask, 4);
	for (size_t i = 0; i < length; i++)
		buf_append_char(out, (char)(((const unsigned char *)data)[i] ^ mask[i % 4]));
}

struct pipe {
	int to;
	int from;
	struct websocket *websocket;
};

static void open_pipe(struct pipe *pipe)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pipe->to = pair[0];
	pipe->from = pair[1];
	pipe->websocket = websocket_new(pipe->from, NULL, 0);
	websocket_allow(pipe->websocket, SIZE_MAX);
}

static void close_pipe(struct pipe *pipe)
{
	websocket_free(pipe->websocket);
	close(pipe->to);
	close(pipe->from);
}

static void give(struct pipe *pipe, struct buf *bytes)
{
	assert_int_equal(send(pipe->to, bytes->data, bytes->length, 0), bytes->length);
	buf_fini(bytes);
}

/* Feeds the bytes at once, and again one by one; both must fail with the code. */
static void assert_fails(const struct buf *bytes, unsigned code)
{
	for (int slow = 0; slow < 2; slow++) {
		struct websocket_message message;
		enum websocket_event event = WEBSOCKET_WAIT;
		struct pipe pipe;

		open_pipe(&pipe);
		for (size_t at = 0; at < bytes->length && event != WEBSOCKET_FAILED;) {
			size_t part = slow ? 1 : bytes->length - at;

			assert_int_equal(send(pipe.to, bytes->data + at, part, 0), part);
			at += part;
			while ((event = websocket_read(pipe.websocket, &message)) != WEBSOCKET_WAIT &&
			       event != WEBSOCKET_FAILED)
				;
		}
		assert_int_equal(event, WEBSOCKET_FAILED);
		assert_int_equal(message.code, code);
		assert_non_null(message.why);
		close_pipe(&pipe);
	}
}

static void assert_frame_fails(unsigned char first, const void *data, size_t length, unsigned code)
{
	struct buf bytes = BUF_INIT;

	frame(&bytes, first, data, length);
	assert_fails(&bytes, code);
	buf_fini(&bytes);
}

static void test_messages_of_all_sizes(void **state)
{
	static const size_t sizes[] = {0, 1, 125, 126, 127, 4095, 4096, 4097, 65535, 65536};
	char *data = xmalloc(65536);

	(void)state;
	for (size_t i = 0; i < 65536; i++)
		data[i] = (char)(i * 31);
	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		struct websocket_message message;
		struct buf bytes = BUF_INIT;
		struct pipe pipe;

		open_pipe(&pipe);
		frame(&bytes, 0x82, data, sizes[i]);
		frame(&bytes, 0x82, "next", 4);
		give(&pipe, &bytes);
		assert_int_equal(websocket_read(pipe.websocket, &message), WEBSOCKET_BINARY);
		assert_int_equal(message.length, sizes[i]);
		assert_memory_equal(message.data, data, sizes[i]);
		assert_int_equal(websocket_read(pipe.websocket, &message), WEBSOCKET_BINARY);
		assert_int_equal(message.length, 4);
		assert_int_equal(websocket_read(pipe.websocket, &message), WEBSOCKET_WAIT);
		assert_true(websocket_heard(pipe.websocket));
		assert_false(websocket_heard(pipe.websocket));
		close_pipe(&pipe);
	}
	free(data);
}

static void test_fragments_with_control_between(void **state)
{
	struct websocket_message message;
	struct buf bytes = BUF_INIT;
	struct pipe pipe;

	(void)state;
	open_pipe(&pipe);
	frame(&bytes, 0x01, "{\"a", 3);
	frame(&bytes, 0x89, "p", 1);
	frame(&bytes, 0x00, "\":", 2);
	frame(&bytes, 0x00, "", 0);
	frame(&bytes, 0x8a, "", 0);
	frame(&bytes, 0x80, "1}", 2);
	give(&pipe, &bytes);
	assert_int_equal(websocket_read(pipe.websocket, &message), WEBSOCKET_PING);
	assert_memory_equal(message.data, "p", 1);
	assert_int_equal(websocket_read(pipe.websocket, &message), WEBSOCKET_PONG);
	assert_int_equal(websocket_read(pipe.websocket, &message), WEBSOCKET_TEXT);
	assert_int_equal(message.length, 7);
	assert_memory_equal(message.data, "{\"a\":1}", 7);
	assert_int_equal(websocket_read(pipe.websocket, &message), WEBSOCKET_WAIT);
	close_pipe(&pipe);
}

static void test_utf8_over_a_fragment_border(void **state)
{
	struct websocket_message message;
	struct buf bytes = BUF_INIT;
	struct pipe pipe;

	(void)state;
	open_pipe(&pipe);
	frame(&bytes, 0x01, "\xea\xb0", 2);
	frame(&bytes, 0x80, "\x80", 1);
	give(&pipe, &bytes);
	assert_int_equal(websocket_read(pipe.websocket, &message), WEBSOCKET_TEXT);
	close_pipe(&pipe);
	assert_frame_fails(0x81, "\xea\xb0", 2, 1007);
	assert_frame_fails(0x81, "\xff", 1, 1007);
}

static void test_limit(void **state)
{
	char *data = xcalloc(1, 70000);
	struct buf bytes = BUF_INIT;
	static const unsigned char huge[] = {0x82, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0};
	static const unsigned char negative[] = {0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
						 0xff, 0xff, 0,    0,    0,    0,    0};

	(void)state;
	assert_frame_fails(0x82, data, 65537, 1009);
	assert_frame_fails(0x81, data, 65537, 1009);
	frame(&bytes, 0x02, data, 65536);
	frame(&bytes, 0x80, data, 1);
	assert_fails(&bytes, 1009);
	buf_clear(&bytes);
	buf_append(&bytes, huge, sizeof(huge));
	assert_fails(&bytes, 1009);
	buf_clear(&bytes);
	buf_append(&bytes, negative, sizeof(negative));
	assert_fails(&bytes, 1002);
	buf_fini(&bytes);
	free(data);
}

static void test_broken_frames(void **state)
{
	struct buf bytes = BUF_INIT;
	char long_control[126] = {0};

	(void)state;
	buf_append(&bytes, "\x82\x02hi", 4); /* not masked */
	assert_fails(&bytes, 1002);
	buf_clear(&bytes);
	buf_append(&bytes, "\x82\x00", 2);
	assert_fails(&bytes, 1002);
	buf_clear(&bytes);
	buf_append(&bytes, "\x82\xfe\x00\x05\0\0\0\0hello", 13); /* a length in a longer form than needed */
	assert_fails(&bytes, 1002);
	buf_fini(&bytes);
	assert_frame_fails(0xc2, "x", 1, 1002); /* reserved bits */
	assert_frame_fails(0xa2, "x", 1, 1002);
	assert_frame_fails(0x92, "x", 1, 1002);
	assert_frame_fails(0x83, "x", 1, 1002); /* unknown opcodes */
	assert_frame_fails(0x8b, "x", 1, 1002);
	assert_frame_fails(0x80, "x", 1, 1002); /* continues nothing */
	assert_frame_fails(0x09, "x", 1, 1002); /* a ping in fragments */
	assert_frame_fails(0x89, long_control, 126, 1002);
	frame(&bytes, 0x01, "a", 1); /* a message inside a message */
	frame(&bytes, 0x81, "b", 1);
	assert_fails(&bytes, 1002);
	buf_fini(&bytes);
}

static void test_close_frames(void **state)
{
	static const unsigned bad[] = {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535};
	static const unsigned good[] = {1000, 1001, 1003, 1011, 3000, 4404, 4999};
	struct websocket_message message;
	struct pipe pipe;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(bad); i++)
		assert_frame_fails(0x88, (char[]){(char)(bad[i] >> 8), (char)bad[i]}, 2, 1002);
	assert_frame_fails(0x88, "\x03", 1, 1002);
	assert_frame_fails(0x88, "\x03\xe8\xff\xfe", 4, 1007);
	for (size_t i = 0; i < ARRAY_SIZE(good) + 1; i++) {
		bool empty = i == ARRAY_SIZE(good);
		struct buf bytes = BUF_INIT;
		char code[2] = {(char)((empty ? 0 : good[i]) >> 8), (char)(empty ? 0 : good[i])};

		open_pipe(&pipe);
		frame(&bytes, 0x88, code, empty ? 0 : 2);
		give(&pipe, &bytes);
		assert_int_equal(websocket_read(pipe.websocket, &message), WEBSOCKET_CLOSE);
		assert_int_equal(message.code, empty ? 1005 : good[i]);
		close_pipe(&pipe);
	}
}

/* What may be taken at one time is bounded; what was taken is given out. */
static void test_allowance(void **state)
{
	struct websocket_message message;
	struct buf bytes = BUF_INIT;
	struct pipe pipe;
	int count = 0;

	(void)state;
	open_pipe(&pipe);
	websocket_allow(pipe.websocket, 70);
	for (int i = 0; i < 100; i++)
		frame(&bytes, 0x82, "x", 1); /* 7 bytes each */
	give(&pipe, &bytes);
	while (websocket_read(pipe.websocket, &message) == WEBSOCKET_BINARY)
		count++;
	assert_int_equal(count, 10);
	websocket_allow(pipe.websocket, 100000);
	while (websocket_read(pipe.websocket, &message) == WEBSOCKET_BINARY)
		count++;
	assert_int_equal(count, 100);
	close_pipe(&pipe);
}

static void test_end_of_the_socket(void **state)
{
	struct websocket_message message;
	struct buf bytes = BUF_INIT;
	struct pipe pipe;

	(void)state;
	open_pipe(&pipe);
	frame(&bytes, 0x82, "whole", 5);
	buf_append(&bytes, "\x82\x85half", 6);
	give(&pipe, &bytes);
	shutdown(pipe.to, SHUT_WR);
	assert_int_equal(websocket_read(pipe.websocket, &message), WEBSOCKET_BINARY);
	assert_int_equal(websocket_read(pipe.websocket, &message), WEBSOCKET_EOF);
	assert_int_equal(websocket_read(pipe.websocket, &message), WEBSOCKET_EOF);
	close_pipe(&pipe);
}

static void test_headers(void **state)
{
	char out[WEBSOCKET_HEADER_MAX];
	struct buf bytes = BUF_INIT;

	(void)state;
	assert_int_equal(websocket_header(WEBSOCKET_OPCODE_BINARY, 125, out), 2);
	assert_memory_equal(out, "\x82\x7d", 2);
	assert_int_equal(websocket_header(WEBSOCKET_OPCODE_TEXT, 126, out), 4);
	assert_memory_equal(out, "\x81\x7e\x00\x7e", 4);
	assert_int_equal(websocket_header(WEBSOCKET_OPCODE_BINARY, 65535, out), 4);
	assert_memory_equal(out, "\x82\x7e\xff\xff", 4);
	assert_int_equal(websocket_header(WEBSOCKET_OPCODE_BINARY, 65536, out), 10);
	assert_memory_equal(out, "\x82\x7f\0\0\0\0\0\x01\0\0", 10);
	websocket_append_close(&bytes, 4404, "gone");
	assert_int_equal(bytes.length, 8);
	assert_memory_equal(bytes.data, "\x88\x06\x11\x34gone", 8);
	buf_clear(&bytes);
	websocket_append_close(&bytes, 1005, NULL);
	assert_int_equal(bytes.length, 2);
	buf_fini(&bytes);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages_of_all_sizes),
		cmocka_unit_test(test_fragments_with_control_between),
		cmocka_unit_test(test_utf8_over_a_fragment_border),
		cmocka_unit_test(test_limit),
		cmocka_unit_test(test_broken_frames),
		cmocka_unit_test(test_close_frames),
		cmocka_unit_test(test_allowance),
		cmocka_unit_test(test_end_of_the_socket),
		cmocka_unit_test(test_headers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
