#include "ipc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

#include "../test.h"

/* One channel under test; the other end is a bare socket, so that anything can be sent. */
struct fixture {
	struct loop *loop;
	struct channel *channel;
	int peer;
	int messages;
	int closed;
	json_t *last;
	int kept_fd;
	struct error error;
	bool free_in_handler;
};

static void on_message(struct channel *channel, json_t *body, int *fds, size_t fd_count, void *data)
{
	struct fixture *f = data;

	f->messages++;
	json_decref(f->last);
	f->last = json_incref(body);
	if (fd_count > 0)
		f->kept_fd = steal_fd(&fds[0]);
	if (f->free_in_handler) {
		channel_free(channel);
		f->channel = NULL;
	}
}

static void on_closed(struct channel *channel, const struct error *err, void *data)
{
	struct fixture *f = data;

	f->closed++;
	f->error = *err;
	channel_free(channel);
	f->channel = NULL;
}

static const struct channel_handlers handlers = {.message = on_message, .closed = on_closed};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int pair[2];

	f->loop = loop_new();
	f->kept_fd = -1;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	f->peer = pair[1];
	assert_int_equal(channel_new(f->loop, pair[0], &handlers, f, &f->channel, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	channel_free(f->channel);
	loop_free(f->loop);
	json_decref(f->last);
	if (f->kept_fd >= 0)
		close(f->kept_fd);
	close(f->peer);
	free(f);
	return 0;
}

static void turn(struct fixture *f)
{
	for (int i = 0; i < 4; i++)
		assert_int_equal(loop_once(f->loop, 0), 0);
}

static void carries_objects_and_descriptors(void **state)
{
	struct fixture *f = *state;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fd_send(f->peer, "{\"op\":\"x\"}", 10, ends, 2), 0);
	turn(f);
	assert_int_equal(f->messages, 1);
	assert_string_equal(json_string_value(json_object_get(f->last, "op")), "x");
	assert_true(f->kept_fd >= 0);
	close(ends[0]);
	close(ends[1]);
}

static void expect_end_by(struct fixture *f, const void *data, size_t length, enum error_kind kind)
{
	assert_int_equal(fd_send(f->peer, data, length, NULL, 0), 0);
	turn(f);
	assert_int_equal(f->messages, 0);
	assert_int_equal(f->closed, 1);
	assert_int_equal(f->error.kind, kind);
}

static void no_json_ends_it(void **state)
{
	expect_end_by(*state, "hello", 5, ERROR_MALFORMED);
}

static void no_object_ends_it(void **state)
{
	expect_end_by(*state, "[1]", 3, ERROR_MALFORMED);
}

static void half_an_object_ends_it(void **state)
{
	expect_end_by(*state, "{\"op\":", 6, ERROR_MALFORMED);
}

static void bad_utf8_ends_it(void **state)
{
	expect_end_by(*state, "{\"op\":\"\xff\"}", 10, ERROR_MALFORMED);
}

static void a_key_twice_ends_it(void **state)
{
	expect_end_by(*state, "{\"a\":1,\"a\":2}", 13, ERROR_MALFORMED);
}

static void deep_nesting_ends_it(void **state)
{
	static char deep[100000];

	memset(deep, '[', sizeof(deep));
	expect_end_by(*state, deep, sizeof(deep), ERROR_MALFORMED);
}

static void too_long_ends_it(void **state)
{
	static char big[IPC_MESSAGE_MAX + 1];

	memset(big, ' ', sizeof(big));
	expect_end_by(*state, big, sizeof(big), ERROR_TOO_LARGE);
}

static void the_peers_end_is_orderly(void **state)
{
	struct fixture *f = *state;

	shutdown(f->peer, SHUT_RDWR);
	turn(f);
	assert_int_equal(f->closed, 1);
	assert_int_equal(f->error.kind, ERROR_NONE);
}

static void a_handler_may_free_it(void **state)
{
	struct fixture *f = *state;

	f->free_in_handler = true;
	assert_int_equal(fd_send(f->peer, "{}", 2, NULL, 0), 0);
	assert_int_equal(fd_send(f->peer, "{}", 2, NULL, 0), 0);
	turn(f);
	assert_int_equal(f->messages, 1);
	assert_int_equal(f->closed, 0);
}

static void sends_more_than_the_socket_holds(void **state)
{
	enum { COUNT = 2000 };
	struct fixture *f = *state;
	static char data[IPC_MESSAGE_MAX];
	int fds[FD_PASS_MAX];
	size_t n;
	int got = 0;

	for (int i = 0; i < COUNT; i++) {
		json_t *body = json_pack("{s:i,s:s}", "n", i, "pad", "0123456789012345678901234567890123456789");

		assert_int_equal(channel_send(f->channel, body, NULL, 0), 0);
		json_decref(body);
	}
	fd_set_nonblock(f->peer, true);
	while (got < COUNT) {
		ssize_t length = fd_receive(f->peer, data, sizeof(data), fds, &n);

		if (length > 0) {
			json_t *body = json_loadb(data, (size_t)length, 0, NULL);

			assert_int_equal(json_integer_value(json_object_get(body, "n")), got);
			json_decref(body);
			got++;
		} else {
			assert_int_equal(length, -EAGAIN);
			turn(f);
		}
	}
	assert_int_equal(f->closed, 0);
}

static void a_peer_that_never_reads_is_given_up(void **state)
{
	struct fixture *f = *state;
	json_t *body = json_object();
	char *pad = xmalloc(100000);
	int r = 0;

	memset(pad, 'x', 99999);
	json_object_set_new(body, "pad", json_string(pad));
	for (int i = 0; i < 1000 && r == 0; i++)
		r = channel_send(f->channel, body, NULL, 0);
	assert_int_equal(r, -ENOBUFS);
	assert_int_equal(channel_send(f->channel, body, NULL, 0), -EPIPE);
	assert_int_equal(f->closed, 0);
	turn(f);
	assert_int_equal(f->closed, 1);
	json_decref(body);
	free(pad);
}

static void a_message_too_long_to_send_is_refused(void **state)
{
	struct fixture *f = *state;
	json_t *body = json_object();
	char *pad = xmalloc(IPC_MESSAGE_MAX + 1);

	memset(pad, 'x', IPC_MESSAGE_MAX);
	json_object_set_new(body, "pad", json_string(pad));
	assert_int_equal(channel_send(f->channel, body, NULL, 0), -EMSGSIZE);
	turn(f);
	assert_int_equal(f->closed, 0);
	json_decref(body);
	free(pad);
}

static void knows_its_peer(void **state)
{
	struct fixture *f = *state;
	unsigned uid = 99;
	int pid = 0;

	assert_int_equal(channel_peer(f->channel, &uid, &pid), 0);
	assert_int_equal(uid, getuid());
	assert_int_equal(pid, getpid());
}

#define test_case(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test_case(carries_objects_and_descriptors),
		test_case(no_json_ends_it),
		test_case(no_object_ends_it),
		test_case(half_an_object_ends_it),
		test_case(bad_utf8_ends_it),
		test_case(a_key_twice_ends_it),
		test_case(deep_nesting_ends_it),
		test_case(too_long_ends_it),
		test_case(the_peers_end_is_orderly),
		test_case(a_handler_may_free_it),
		test_case(sends_more_than_the_socket_holds),
		test_case(a_peer_that_never_reads_is_given_up),
		test_case(a_message_too_long_to_send_is_refused),
		test_case(knows_its_peer),
	};

	return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
