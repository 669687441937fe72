/* Server-sent events: format, many at once, back pressure, clients that leave, resuming, stopping. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "client.h"
#include "fixture.h"
#include "http/stream.h"

struct desk {
	sem_t arrived;
	sem_t ready;
	struct stream *stream;
	char last_id[64];
};

static int handle_stream(struct request *request, struct error *err)
{
	struct desk *desk = request_data(request);
	const char *id = stream_last_id(request);

	(void)err;
	snprintf(desk->last_id, sizeof(desk->last_id), "%s", id != NULL ? id : "none");
	desk->stream = respond_stream(request);
	sem_post(&desk->arrived);
	return 0;
}

static struct server *start(struct desk *desk)
{
	const struct route routes[] = {
		{METHOD_GET, "/events", ROUTE_IMMEDIATE, handle_stream, desk, 0, 0, NULL},
		{METHOD_GET, "/events-work", ROUTE_WORK, handle_stream, desk, 0, 0, NULL},
	};

	memset(desk, 0, sizeof(*desk));
	sem_init(&desk->arrived, 0, 0);
	sem_init(&desk->ready, 0, 0);
	return fixture_start(NULL, routes, ARRAY_SIZE(routes));
}

static int open_stream(struct server *server, struct desk *desk, const char *path, const char *headers)
{
	int fd = client_connect(server_port(server));
	char *text = xasprintf("GET %s HTTP/1.1\r\nHost: a\r\n%s\r\n", path, headers);

	client_send(fd, text);
	free(text);
	sem_wait(&desk->arrived);
	return fd;
}

static void sends_events(void **state)
{
	static const char *const paths[] = {"/events", "/events-work"};
	struct desk desk;
	struct server *server = start(&desk);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int fd = open_stream(server, &desk, paths[i], "");
		struct answer answer;
		char *type;

		assert_int_equal(stream_send(desk.stream, "log", "17", "one\ntwo\r\nthree\rfour\n"), 0);
		assert_int_equal(stream_send(desk.stream, NULL, NULL, ""), 0);
		stream_close(desk.stream);
		client_read(fd, 0, &answer);
		assert_int_equal(answer.status, 200);
		type = answer_header(&answer, "Content-Type");
		assert_string_equal(type, "text/event-stream");
		free(type);
		assert_string_equal(answer.body.data,
				    ":\n\nevent: log\nid: 17\ndata: one\ndata: two\ndata: three\ndata: four\ndata: \n\n"
				    "data: \n\n");
		answer_fini(&answer);
		close(fd);
	}
	fixture_stop(server);
}

static void wakes_a_waiting_client(void **state)
{
	struct desk desk;
	struct server *server = start(&desk);
	int fd = open_stream(server, &desk, "/events", "");
	struct buf seen = BUF_INIT;
	char text[32];

	(void)state;
	for (int i = 0; i < 200; i++) {
		snprintf(text, sizeof(text), "number %d.", i);
		assert_int_equal(stream_send(desk.stream, "log", NULL, text), 0);
		client_expect(fd, &seen, text);
	}
	stream_close(desk.stream);
	client_expect(fd, &seen, "\r\n0\r\n\r\n");
	buf_fini(&seen);
	close(fd);
	fixture_stop(server);
}

static void tells_where_to_resume(void **state)
{
	struct desk desk;
	struct server *server = start(&desk);
	int fd;

	(void)state;
	fd = open_stream(server, &desk, "/events?offset=5", "Last-Event-ID: 4096\r\n");
	assert_string_equal(desk.last_id, "4096");
	stream_close(desk.stream);
	close(fd);
	fd = open_stream(server, &desk, "/events?offset=5", "");
	assert_string_equal(desk.last_id, "5");
	stream_close(desk.stream);
	close(fd);
	fd = open_stream(server, &desk, "/events", "");
	assert_string_equal(desk.last_id, "none");
	stream_close(desk.stream);
	close(fd);
	fixture_stop(server);
}

static void post_ready(void *data)
{
	sem_post(&((struct desk *)data)->ready);
}

static void holds_back_for_slow_clients(void **state)
{
	struct desk desk;
	struct server *server = start(&desk);
	int fd = open_stream(server, &desk, "/events", "");
	char *text = xmalloc(10001);
	char bytes[65536];
	size_t sent = 0;
	int full = 0;

	(void)state;
	memset(text, 'x', 10000);
	stream_on_ready(desk.stream, post_ready, &desk);
	/* The kernel's buffers take some megabytes before anything is felt. */
	for (int i = 0; i < 20000 && !full; i++) {
		int r = stream_send(desk.stream, NULL, NULL, text);

		if (r == -EAGAIN)
			full = 1;
		else
			sent += r == 0;
	}
	assert_true(full);
	/* Once the client reads on, the room comes back and is told. */
	while (sem_trywait(&desk.ready) < 0)
		assert_true(recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) >= 0 || errno == EAGAIN);
	assert_int_equal(stream_send(desk.stream, NULL, NULL, text), 0);
	stream_close(desk.stream);
	assert_true(sent > 20);
	free(text);
	close(fd);
	fixture_stop(server);
}

static void notices_a_client_that_left(void **state)
{
	struct desk desk;
	struct server *server = start(&desk);
	int fd = open_stream(server, &desk, "/events", "");
	struct server_counts counts;

	(void)state;
	stream_on_ready(desk.stream, post_ready, &desk);
	close(fd);
	sem_wait(&desk.ready); /* without a byte having been sent */
	assert_int_equal(stream_send(desk.stream, NULL, NULL, "x"), -EPIPE);
	stream_close(desk.stream);
	for (counts.streams = 1; counts.streams > 0;)
		server_count(server, &counts);
	fixture_stop(server);
}

static void ends_when_the_server_stops(void **state)
{
	struct desk desk;
	struct server *server = start(&desk);
	int fd = open_stream(server, &desk, "/events", "");

	(void)state;
	assert_int_equal(stream_send(desk.stream, NULL, NULL, "last words"), 0);
	server_stop(server, 1000);
	assert_true(client_closed(fd));
	assert_int_equal(stream_send(desk.stream, NULL, NULL, "x"), -EPIPE);
	server_free(server);
	stream_close(desk.stream); /* late, and harmless */
	close(fd);
}

struct feeder {
	struct stream *stream;
	int sent;
};

static void *feed(void *data)
{
	struct feeder *feeder = data;

	while (feeder->sent < 300) {
		int r = stream_send(feeder->stream, "e", NULL, "some text to send");

		if (r == -EPIPE)
			break;
		feeder->sent += r == 0;
	}
	stream_close(feeder->stream);
	return NULL;
}

static void feeds_many_from_many_threads(void **state)
{
	struct desk desk;
	struct server *server = start(&desk);
	struct feeder feeders[8];
	pthread_t threads[8];
	int fds[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		fds[i] = open_stream(server, &desk, i % 2 ? "/events" : "/events-work", "");
		feeders[i] = (struct feeder){.stream = desk.stream};
		pthread_create(&threads[i], NULL, feed, &feeders[i]);
	}
	close(fds[7]); /* one leaves in the middle */
	for (int i = 0; i < 7; i++) {
		struct answer answer;
		int events = 0;

		client_read(fds[i], 0, &answer);
		for (const char *p = answer.body.data; (p = strstr(p, "event: e\n")) != NULL; p++)
			events++;
		assert_int_equal(events, 300);
		answer_fini(&answer);
		close(fds[i]);
	}
	for (int i = 0; i < 8; i++)
		pthread_join(threads[i], NULL);
	fixture_stop(server);
}

static void answers_head(void **state)
{
	struct desk desk;
	struct server *server = start(&desk);
	struct answer answer;

	(void)state;
	client_ask(server_port(server), "HEAD /events HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 200);
	answer_fini(&answer);
	sem_wait(&desk.arrived);
	while (stream_send(desk.stream, NULL, NULL, "x") == 0)
		;
	stream_close(desk.stream);
	fixture_stop(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sends_events),
		cmocka_unit_test(wakes_a_waiting_client),
		cmocka_unit_test(tells_where_to_resume),
		cmocka_unit_test(holds_back_for_slow_clients),
		cmocka_unit_test(notices_a_client_that_left),
		cmocka_unit_test(ends_when_the_server_stops),
		cmocka_unit_test(feeds_many_from_many_threads),
		cmocka_unit_test(answers_head),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
