#include "ipc/client.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"

#include "../test.h"

struct fixture {
	struct loop *loop;
	struct client *client;
	int peer;
	int answers;
	int events;
	int closed;
	enum error_kind kind;
	json_int_t value;
};

static void on_event(const char *name, json_t *body, int *fds, size_t fd_count, void *data)
{
	struct fixture *f = data;

	(void)body;
	(void)fds;
	(void)fd_count;
	assert_string_equal(name, "sandbox.ended");
	f->events++;
}

static void on_closed(const struct error *err, void *data)
{
	struct fixture *f = data;

	(void)err;
	f->closed++;
	client_free(f->client);
	f->client = NULL;
}

static void on_answer(const struct error *err, json_t *result, int *fds, size_t fd_count, void *data)
{
	struct fixture *f = data;

	(void)fds;
	(void)fd_count;
	f->answers++;
	f->kind = err != NULL ? err->kind : ERROR_NONE;
	f->value = json_integer_value(json_object_get(result, "value"));
}

static const struct client_handlers handlers = {.event = on_event, .closed = on_closed};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	int pair[2];

	f->loop = loop_new();
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	f->peer = pair[1];
	assert_int_equal(client_new(f->loop, pair[0], &handlers, f, &f->client, NULL), 0);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	client_free(f->client);
	loop_free(f->loop);
	if (f->peer >= 0)
		close(f->peer);
	free(f);
	return 0;
}

static void turn(struct fixture *f)
{
	for (int i = 0; i < 4; i++)
		assert_int_equal(loop_once(f->loop, 0), 0);
}

/* What the client sent next, as text. */
static const char *next_request(struct fixture *f)
{
	static char data[4096];
	int fds[FD_PASS_MAX];
	size_t n;
	ssize_t length = fd_receive(f->peer, data, sizeof(data) - 1, fds, &n);

	assert_true(length > 0);
	data[length] = '\0';
	return data;
}

static void answer(struct fixture *f, const char *text)
{
	assert_int_equal(fd_send(f->peer, text, strlen(text), NULL, 0), 0);
	turn(f);
}

static void says_hello_first(void **state)
{
	const char *hello = next_request(*state);

	assert_non_null(strstr(hello, "\"op\":\"hello\""));
	assert_non_null(strstr(hello, "\"version\":1"));
}

static void matches_answers_in_any_order(void **state)
{
	struct fixture *f = *state;

	next_request(f);
	client_request(f->client, "a", NULL, NULL, 0, on_answer, f);
	client_request(f->client, "b", json_pack("{s:i}", "x", 1), NULL, 0, on_answer, f);
	answer(f, "{\"id\":3,\"result\":{\"value\":33}}");
	assert_int_equal(f->answers, 1);
	assert_int_equal(f->value, 33);
	answer(f, "{\"id\":2,\"error\":{\"kind\":\"not_found\",\"message\":\"no\"}}");
	assert_int_equal(f->answers, 2);
	assert_int_equal(f->kind, ERROR_NOT_FOUND);
	answer(f, "{\"id\":2,\"result\":{}}"); /* twice */
	answer(f, "{\"id\":77,\"result\":{}}");
	answer(f, "{}");
	assert_int_equal(f->answers, 2);
	assert_int_equal(f->closed, 0);
}

static void events_are_told(void **state)
{
	struct fixture *f = *state;

	answer(f, "{\"event\":\"sandbox.ended\",\"sandbox\":\"s\"}");
	assert_int_equal(f->events, 1);
}

static void open_requests_fail_when_the_agent_goes(void **state)
{
	struct fixture *f = *state;

	client_request(f->client, "a", NULL, NULL, 0, on_answer, f);
	close(f->peer);
	f->peer = -1;
	turn(f);
	assert_int_equal(f->answers, 1);
	assert_int_equal(f->kind, ERROR_UNAVAILABLE);
	assert_int_equal(f->closed, 1);
}

static void a_request_to_a_gone_agent_is_answered_later(void **state)
{
	struct fixture *f = *state;

	close(f->peer);
	f->peer = -1;
	client_request(f->client, "a", NULL, NULL, 0, on_answer, f);
	assert_int_equal(f->answers, 0);
	turn(f);
	assert_int_equal(f->answers, 1);
	assert_int_equal(f->kind, ERROR_UNAVAILABLE);
}

#define test_case(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test_case(says_hello_first),
		test_case(matches_answers_in_any_order),
		test_case(events_are_told),
		test_case(open_requests_fail_when_the_agent_goes),
		test_case(a_request_to_a_gone_agent_is_answered_later),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
