/* Answers that come later, from elsewhere, or never; full queues; stopping in the middle. */
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "client.h"
#include "fixture.h"

/* What the handlers leave for the test's thread. */
struct desk {
	sem_t arrived;
	sem_t leave;
	struct request *_Atomic deferred;
};

static struct desk *desk_of(struct request *request)
{
	return request_data(request);
}

static int handle_defer(struct request *request, struct error *err)
{
	struct desk *desk = desk_of(request);

	(void)err;
	desk->deferred = request_defer(request);
	sem_post(&desk->arrived);
	return 0;
}

static void *answer_in_thread(void *data)
{
	struct request *request = data;

	respond_json(request, 200, json_pack("{s:s}", "from", "thread"));
	request_unref(request);
	return NULL;
}

/* The thread may answer before, while or after the handler returns. */
static int handle_race(struct request *request, struct error *err)
{
	pthread_t thread;

	(void)err;
	pthread_create(&thread, NULL, answer_in_thread, request_defer(request));
	pthread_detach(thread);
	return 0;
}

static int handle_slow(struct request *request, struct error *err)
{
	struct desk *desk = desk_of(request);

	(void)err;
	sem_post(&desk->arrived);
	sem_wait(&desk->leave);
	respond_json(request, 200, json_pack("{s:s}", "slow", "done"));
	return 0;
}

static int hash(struct request *request, struct error *err)
{
	if (request_query(request, "wrong") != NULL)
		return error_set(err, ERROR_FORBIDDEN, EACCES, "wrong");
	if (request_query(request, "nothing") != NULL)
		return -EIO;
	return handle_slow(request, err);
}

static int handle_heavy(struct request *request, struct error *err)
{
	return request_heavy(request, hash, err);
}

static int handle_quick(struct request *request, struct error *err)
{
	(void)err;
	respond_empty(request, 204);
	return 0;
}

static int handle_twice(struct request *request, struct error *err)
{
	(void)err;
	respond_json(request, 200, json_pack("{s:i}", "n", 1));
	respond_json(request, 500, json_pack("{s:i}", "n", 2));
	return 0;
}

static struct server *start(struct desk *desk, unsigned workers, unsigned queue)
{
	const struct route routes[] = {
		{METHOD_GET, "/defer", ROUTE_IMMEDIATE, handle_defer, desk, 0, 0, NULL},
		{METHOD_GET, "/defer-work", ROUTE_WORK, handle_defer, desk, 0, 0, NULL},
		{METHOD_GET, "/race", ROUTE_IMMEDIATE, handle_race, desk, 0, 0, NULL},
		{METHOD_GET, "/race-work", ROUTE_WORK, handle_race, desk, 0, 0, NULL},
		{METHOD_GET, "/slow", ROUTE_WORK, handle_slow, desk, 0, 0, NULL},
		{METHOD_GET, "/heavy", ROUTE_WORK, handle_heavy, desk, 0, 0, NULL},
		{METHOD_GET, "/quick", ROUTE_WORK, handle_quick, desk, 0, 0, NULL},
		{METHOD_GET, "/twice", ROUTE_WORK, handle_twice, desk, 0, 0, NULL},
		{METHOD_GET, "/echo", ROUTE_IMMEDIATE, handle_echo, desk, 0, 0, NULL},
	};
	struct server_config config;

	memset(desk, 0, sizeof(*desk));
	sem_init(&desk->arrived, 0, 0);
	sem_init(&desk->leave, 0, 0);
	server_config_init(&config);
	config.workers = workers;
	config.queue_max = queue;
	config.heavy_queue_max = 1;
	config.threads = 2;
	return fixture_start(&config, routes, ARRAY_SIZE(routes));
}

static const char *const ways[] = {"GET /defer HTTP/1.1\r\nHost: a\r\n\r\n",
				   "GET /defer-work HTTP/1.1\r\nHost: a\r\n\r\n"};

static void answers_later(void **state)
{
	struct desk desk;
	struct server *server = start(&desk, 2, 8);
	struct answer answer;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		int fd = client_connect(server_port(server));

		client_send(fd, ways[i]);
		sem_wait(&desk.arrived);
		respond_header(desk.deferred, "X-Later", "yes");
		respond_json(desk.deferred, 202, json_pack("{s:s}", "a", "b"));
		request_unref(desk.deferred);
		client_read(fd, 0, &answer);
		assert_int_equal(answer.status, 202);
		answer_fini(&answer);
		client_send(fd, "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
		client_read(fd, 0, &answer);
		assert_int_equal(answer.status, 200);
		answer_fini(&answer);
		close(fd);
	}
	fixture_stop(server);
}

static void answers_500_when_the_holder_drops_it(void **state)
{
	struct desk desk;
	struct server *server = start(&desk, 2, 8);
	struct answer answer;
	int fd = client_connect(server_port(server));

	(void)state;
	client_send(fd, ways[0]);
	sem_wait(&desk.arrived);
	request_unref(desk.deferred);
	client_read(fd, 0, &answer);
	assert_int_equal(answer.status, 500);
	answer_fini(&answer);
	close(fd);
	fixture_stop(server);
}

static void survives_a_client_that_left(void **state)
{
	struct desk desk;
	struct server *server = start(&desk, 2, 8);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		int fd = client_connect(server_port(server));

		client_send(fd, ways[i]);
		sem_wait(&desk.arrived);
		close(fd);
		respond_json(desk.deferred, 200, json_pack("{s:s}", "a", "b"));
		request_unref(desk.deferred);
	}
	for (struct server_counts counts = {.connections = 1}; counts.connections > 0;)
		server_count(server, &counts);
	fixture_stop(server);
}

static void answers_from_any_thread_at_any_time(void **state)
{
	struct desk desk;
	struct server *server = start(&desk, 2, 64);
	struct answer answer;
	int fds[8];

	(void)state;
	for (int i = 0; i < 8; i++)
		fds[i] = client_connect(server_port(server));
	for (int round = 0; round < 100; round++) {
		for (int i = 0; i < 8; i++)
			client_send(fds[i], i % 2 == 0 ? "GET /race HTTP/1.1\r\nHost: a\r\n\r\n"
						       : "GET /race-work HTTP/1.1\r\nHost: a\r\n\r\n");
		for (int i = 0; i < 8; i++) {
			client_read(fds[i], 0, &answer);
			assert_int_equal(answer.status, 200);
			assert_string_equal(answer.body.data, "{\"from\":\"thread\"}");
			answer_fini(&answer);
		}
	}
	for (int i = 0; i < 8; i++)
		close(fds[i]);
	fixture_stop(server);
}

static void takes_the_first_answer(void **state)
{
	struct desk desk;
	struct server *server = start(&desk, 1, 8);
	struct answer answer;

	(void)state;
	client_ask(server_port(server), "GET /twice HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 200);
	assert_string_equal(answer.body.data, "{\"n\":1}");
	answer_fini(&answer);
	fixture_stop(server);
}

static void refuses_when_the_queue_is_full(void **state)
{
	struct desk desk;
	struct server *server = start(&desk, 2, 1);
	struct server_counts counts;
	struct answer answer;
	char *retry;
	int fds[4];

	(void)state;
	/* Two run, one waits, the fourth is one too many. */
	for (int i = 0; i < 4; i++) {
		fds[i] = client_connect(server_port(server));
		if (i == 3)
			for (counts.waiting = 0; counts.waiting == 0;)
				server_count(server, &counts);
		client_send(fds[i], "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
		if (i < 2)
			sem_wait(&desk.arrived);
	}
	client_read(fds[3], 0, &answer);
	assert_int_equal(answer.status, 503);
	retry = answer_header(&answer, "Retry-After");
	assert_non_null(retry);
	free(retry);
	answer_fini(&answer);
	/* Two workers really are two: both were in the handler at once. Immediate answers still come. */
	client_ask(server_port(server), "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 200);
	answer_fini(&answer);
	for (int i = 0; i < 3; i++)
		sem_post(&desk.leave);
	for (int i = 0; i < 3; i++) {
		client_read(fds[i], 0, &answer);
		assert_int_equal(answer.status, 200);
		answer_fini(&answer);
	}
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	fixture_stop(server);
}

static void stops_with_requests_in_the_air(void **state)
{
	struct desk desk;
	struct server *server = start(&desk, 1, 8);
	struct answer answer;
	int deferred = client_connect(server_port(server));
	int slow = client_connect(server_port(server));
	int waiting = client_connect(server_port(server));

	(void)state;
	client_send(deferred, ways[0]);
	sem_wait(&desk.arrived);
	client_send(slow, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
	sem_wait(&desk.arrived);
	client_send(waiting, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n");
	for (struct server_counts counts = {.waiting = 0}; counts.waiting == 0;)
		server_count(server, &counts);
	sem_post(&desk.leave);
	sem_post(&desk.leave);
	server_stop(server, 1000);
	client_read(deferred, 0, &answer);
	assert_int_equal(answer.status, 503);
	answer_fini(&answer);
	client_read(slow, 0, &answer);
	assert_int_equal(answer.status, 200);
	answer_fini(&answer);
	client_read(waiting, 0, &answer);
	assert_true(answer.status == 503 || answer.status == 200);
	answer_fini(&answer);
	server_free(server);
	/* The holder comes late: nobody listens any more, and nothing breaks. */
	respond_json(desk.deferred, 200, json_pack("{s:s}", "too", "late"));
	request_unref(desk.deferred);
	close(deferred);
	close(slow);
	close(waiting);
}

/* For the heavy worker, or for the only other one, which will hand it on before it takes anything else. */
static void wait_for_one(struct server *server)
{
	for (struct server_counts counts = {.waiting = 0}; counts.waiting == 0;)
		server_count(server, &counts);
}

static void heavy_work_stalls_nothing_else(void **state)
{
	struct desk desk;
	struct server *server = start(&desk, 1, 8);
	struct answer answer;
	int fds[3];
	char *retry;

	(void)state;
	fds[0] = client_connect(server_port(server));
	client_send(fds[0], "GET /heavy HTTP/1.1\r\nHost: a\r\n\r\n");
	sem_wait(&desk.arrived); /* one runs */
	fds[1] = client_connect(server_port(server));
	client_send(fds[1], "GET /heavy HTTP/1.1\r\nHost: a\r\n\r\n");
	wait_for_one(server);
	client_ask(server_port(server), "GET /quick HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 204);
	answer_fini(&answer);
	/* One runs, one waits: there is no room for a third. */
	client_ask(server_port(server), "GET /heavy?wrong=1 HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 503);
	retry = answer_header(&answer, "Retry-After");
	assert_non_null(retry);
	free(retry);
	answer_fini(&answer);
	sem_post(&desk.leave);
	sem_post(&desk.leave);
	for (int i = 0; i < 2; i++) {
		client_read(fds[i], 0, &answer);
		assert_int_equal(answer.status, 200);
		answer_fini(&answer);
		close(fds[i]);
	}
	client_ask(server_port(server), "GET /heavy?wrong=1 HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 403);
	answer_fini(&answer);
	client_ask(server_port(server), "GET /heavy?nothing=1 HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 500);
	answer_fini(&answer);
	fixture_stop(server);
}

static void stops_with_heavy_work_in_the_air(void **state)
{
	struct desk desk;
	struct server *server = start(&desk, 1, 8);
	struct answer answer;
	int fds[2];

	(void)state;
	for (int i = 0; i < 2; i++) {
		fds[i] = client_connect(server_port(server));
		client_send(fds[i], "GET /heavy HTTP/1.1\r\nHost: a\r\n\r\n");
		if (i == 0)
			sem_wait(&desk.arrived);
	}
	wait_for_one(server);
	sem_post(&desk.leave);
	sem_post(&desk.leave);
	server_stop(server, 1000);
	for (int i = 0; i < 2; i++) {
		client_read(fds[i], 0, &answer);
		assert_true(answer.status == 200 || (i == 1 && answer.status == 503));
		answer_fini(&answer);
		close(fds[i]);
	}
	server_free(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_later),
		cmocka_unit_test(answers_500_when_the_holder_drops_it),
		cmocka_unit_test(survives_a_client_that_left),
		cmocka_unit_test(answers_from_any_thread_at_any_time),
		cmocka_unit_test(takes_the_first_answer),
		cmocka_unit_test(refuses_when_the_queue_is_full),
		cmocka_unit_test(stops_with_requests_in_the_air),
		cmocka_unit_test(heavy_work_stalls_nothing_else),
		cmocka_unit_test(stops_with_heavy_work_in_the_air),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
