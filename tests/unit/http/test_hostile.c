/* Requests as nobody should send them. Whatever comes, the server answers or closes, and goes on serving. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "client.h"
#include "fixture.h"

static const struct route routes[] = {
	{METHOD_GET, "/echo", ROUTE_IMMEDIATE, handle_echo, NULL, 0, 0, NULL},
	{METHOD_GET, "/a/{x}/b", ROUTE_IMMEDIATE, handle_echo, NULL, 0, 0, NULL},
	{METHOD_POST, "/json", ROUTE_WORK, handle_json, NULL, 1000, 0, NULL},
	{METHOD_PUT, "/bytes", ROUTE_WORK, handle_echo, NULL, 3000000, ROUTE_ANY_TYPE, NULL},
};

static int setup(void **state)
{
	*state = fixture_start(NULL, routes, ARRAY_SIZE(routes));
	return 0;
}

static int teardown(void **state)
{
	struct answer answer;

	/* Still there after everything. */
	client_ask(server_port(*state), "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 200);
	answer_fini(&answer);
	fixture_stop(*state);
	return 0;
}

static void expect_bytes(void **state, const char *text, size_t length, int status)
{
	int fd = client_connect(server_port(*state));
	struct answer answer;

	client_send_bytes(fd, text, length);
	client_read(fd, 0, &answer);
	if (answer.status != status)
		fail_msg("%.200s: %d instead of %d: %s", text, answer.status, status, answer.body.data);
	answer_fini(&answer);
	close(fd);
}

static void expect(void **state, const char *text, int status)
{
	expect_bytes(state, text, strlen(text), status);
}

static void refuses_bad_targets(void **state)
{
	static const char *const targets[] = {
		"/a/%00/b",    "/a/%2e%2e/b", "/a/../b",     "/a/./b",      "/a/%2f/b", "/a/%/b",
		"/a/%2/b",     "/a/%zz/b",    "/a/%ff/b",    "/a/%c0%af/b", "/a/%0a/b", "/a/%ed%a0%80/b",
		"/echo?q=%00", "/echo?q=%ff", "/echo?%zz=1", "*",           "echo",
	};

	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		char *text = xasprintf("GET %s HTTP/1.1\r\nHost: a\r\n\r\n", targets[i]);

		expect(state, text, 400);
		free(text);
	}
}

static void refuses_huge_requests(void **state)
{
	char *long_text = xmalloc(100001);
	char *text;

	memset(long_text, 'a', 100000);
	text = xasprintf("GET /echo?q=%.9000s HTTP/1.1\r\nHost: a\r\n\r\n", long_text);
	expect(state, text, 413);
	free(text);
	text = xasprintf("GET /echo HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n", long_text);
	expect(state, text, 431);
	free(text);
	text = xasprintf("GET /%s HTTP/1.1\r\nHost: a\r\n\r\n", long_text);
	expect(state, text, 414);
	free(text);
	text = xasprintf("GET /echo?%.*s HTTP/1.1\r\nHost: a\r\n\r\n", 8000, "");
	expect(state, text, 200);
	free(text);
	text = xasprintf("GET /echo?a%s HTTP/1.1\r\nHost: a\r\n\r\n",
			 "&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1&"
			 "a=1&a=1&a=1"
			 "&a=1&a=1&a=1&a=1&a=1&a=1&a=1&a=1");
	expect(state, text, 413);
	free(text);
	expect(state, "GET /a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a HTTP/1.1\r\nHost: a\r\n\r\n", 413);
	free(long_text);
}

static void refuses_bad_bodies(void **state)
{
	static const struct {
		const char *type;
		const char *body;
		int status;
	} table[] = {
		{"application/json", "", 400},
		{"application/json", "{", 400},
		{"application/json", "[]", 400},
		{"application/json", "1", 400},
		{"application/json", "{\"a\":1}x", 400},
		{"application/json", "{\"a\":1,\"a\":2}", 400},
		{"application/json", "{\"a\":\"\\u0000\"}", 400},
		{"application/json", "{\"a\":\"\xff\"}", 400},
		{"application/json", "{\"a\":\"\xed\xa0\x80\"}", 400},
		{"application/json", "{\"a\":1e999}", 400},
		{"application/json", "{\"a\":NaN}", 400},
		{"text/plain", "{}", 415},
		{"application/jsonx", "{}", 415},
		{"multipart/form-data; boundary=x", "--x--", 415},
	};
	char deep[901];
	char *text;

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		text = xasprintf("POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
				 table[i].type, strlen(table[i].body), table[i].body);

		expect(state, text, table[i].status);
		free(text);
	}
	expect(state, "POST /json HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}", 415);
	memset(deep, '[', 900);
	deep[900] = '\0';
	text = xasprintf("POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
			 "905\r\n\r\n{\"a\":%s",
			 deep);
	expect(state, text, 400);
	free(text);
}

static void refuses_bodies_that_are_too_large(void **state)
{
	char *body = xmalloc(6000001);
	struct answer answer;
	char *text;
	int fd;

	memset(body, 'x', 6000000);
	/* Small enough to be passed over: the connection lives on. */
	fd = client_connect(server_port(*state));
	text = xasprintf("POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
			 "200000\r\n\r\n%.200000s"
			 "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n",
			 body);
	client_send(fd, text);
	client_read(fd, 0, &answer);
	assert_int_equal(answer.status, 413);
	answer_fini(&answer);
	client_read(fd, 0, &answer);
	assert_int_equal(answer.status, 200);
	answer_fini(&answer);
	close(fd);
	free(text);
	/* Announced beyond reason: answered before anything is read. */
	expect(state,
	       "POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: "
	       "99999999999\r\n\r\n",
	       413);
	expect(state,
	       "POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nExpect: "
	       "100-continue\r\nContent-Length: 5000\r\n\r\n",
	       413);
	/* In chunks, more than anybody passes over: closed. */
	fd = client_connect(server_port(*state));
	text = xasprintf(
		"POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
		"5B8D80\r\n%s\r\n0\r\n\r\n",
		body);
	client_send(fd, text);
	assert_true(client_closed(fd));
	close(fd);
	free(text);
	/* What the route allows comes through whole. */
	text = xasprintf("PUT /bytes HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n%.3000000s", body);
	client_ask(server_port(*state), text, &answer);
	assert_int_equal(answer.status, 200);
	assert_non_null(strstr(answer.body.data, "\"length\":3000000"));
	answer_fini(&answer);
	free(text);
	free(body);
}

static void refuses_smuggling(void **state)
{
	expect(state,
	       "POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 4\r\n"
	       "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
	       400);
	expect(state, "POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: -1\r\n\r\n",
	       400);
	expect(state,
	       "POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 2x\r\n\r\n{}", 400);
	expect(state, "GET /echo HTTP/1.1\r\n\r\n", 400);
}

static void survives_broken_chunks(void **state)
{
	static const char *const bodies[] = {"zz\r\n{}\r\n0\r\n\r\n",    "2\r\n{}0\r\n\r\n", "-2\r\n{}\r\n",
					     "ffffffffffffffffff\r\n{}", "\r\n\r\n",         "2"};

	for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
		char *text = xasprintf("POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
				       "Transfer-Encoding: chunked\r\n\r\n%s",
				       bodies[i]);
		int fd = client_connect(server_port(*state));
		struct answer answer;

		client_send(fd, text);
		shutdown(fd, SHUT_WR);
		client_read(fd, 0, &answer);
		assert_true(answer.status == 0 || answer.status == 400 || answer.status == 413);
		answer_fini(&answer);
		close(fd);
		free(text);
	}
}

static void survives_garbage(void **state)
{
	static const char nul_line[] = "GET /echo\0x HTTP/1.1\r\nHost: a\r\n\r\n";
	static const char nul_header[] = "GET /echo HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n";
	static const char *const texts[] = {
		"\r\n\r\n\r\n\r\n",
		"GET\r\n\r\n",
		"GET \r\n\r\n",
		"GET /echo\r\n\r\n",
		"GET /echo HTTP/9.9\r\nHost: a\r\n\r\n",
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
		"GET /echo HTTP/1.1\r\nHost a\r\n\r\n",
		"GET /echo HTTP/1.1\r\n Host: a\r\n\r\n",
		"GET /echo HTTP/1.1\nHost: a\n\n",
		"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
		"GET /echo HTTP/1.1\r\nHost: a\r\nCookie: =;;;a;=b; \xff\xfe=\"\r\n\r\n",
	};
	struct answer answer;
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		fd = client_connect(server_port(*state));
		client_send(fd, texts[i]);
		shutdown(fd, SHUT_WR);
		client_read(fd, 0, &answer);
		assert_true(answer.status < 500 || answer.status == 505);
		answer_fini(&answer);
		close(fd);
	}
	fd = client_connect(server_port(*state));
	client_send_bytes(fd, nul_line, sizeof(nul_line) - 1);
	client_send_bytes(fd, nul_header, sizeof(nul_header) - 1);
	shutdown(fd, SHUT_WR);
	assert_true(client_closed(fd));
	close(fd);
}

static void survives_halves(void **state)
{
	static const char whole[] = "POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: "
				    "application/json\r\nContent-Length: 8\r\n\r\n{\"a\": 1}";

	for (size_t n = 0; n < sizeof(whole) - 1; n++) {
		int fd = client_connect(server_port(*state));

		client_send_bytes(fd, whole, n);
		if (n % 2 == 0)
			shutdown(fd, SHUT_WR);
		close(fd);
	}
	/* Byte by byte is slow, and right. */
	{
		int fd = client_connect(server_port(*state));
		struct answer answer;

		for (size_t n = 0; n < sizeof(whole) - 1; n++)
			client_send_bytes(fd, whole + n, 1);
		client_read(fd, 0, &answer);
		assert_int_equal(answer.status, 200);
		answer_fini(&answer);
		close(fd);
	}
}

static void cuts_slow_clients(void **state)
{
	struct server_config config;
	struct server *server;
	int silent;
	int trickle;
	int body;

	(void)state;
	server_config_init(&config);
	config.receive_seconds = 1;
	config.idle_seconds = 1;
	server = fixture_start(&config, routes, ARRAY_SIZE(routes));
	silent = client_connect(server_port(server));
	trickle = client_connect(server_port(server));
	body = client_connect(server_port(server));
	client_send(trickle, "GET /echo HTTP/1.1\r\n");
	client_send(body,
		    "POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
	/* Something always moves, so no idle time-out would ever end these. */
	for (int i = 0; i < 12; i++) {
		struct timespec pause = {.tv_nsec = 250 * 1000 * 1000};

		nanosleep(&pause, NULL);
		client_send(trickle, "X: y\r\n");
		client_send(body, " ");
	}
	assert_true(client_closed(silent));
	assert_true(client_closed(trickle));
	assert_true(client_closed(body));
	close(silent);
	close(trickle);
	close(body);
	fixture_stop(server);
}

static void limits_connections_of_an_address(void **state)
{
	struct server_config config;
	struct server *server;
	struct answer answer;
	int fds[4];

	(void)state;
	server_config_init(&config);
	config.connections_per_address = 3;
	config.limit_loopback = true;
	server = fixture_start(&config, routes, ARRAY_SIZE(routes));
	for (int i = 0; i < 4; i++) {
		fds[i] = client_connect(server_port(server));
		client_send(fds[i], "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n");
		client_read(fds[i], 0, &answer);
		assert_int_equal(answer.status, i < 3 ? 200 : 0);
		answer_fini(&answer);
	}
	for (int i = 0; i < 4; i++)
		close(fds[i]);
	for (struct server_counts counts = {.connections = 1}; counts.connections > 0;)
		server_count(server, &counts);
	client_ask(server_port(server), "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 200);
	answer_fini(&answer);
	fixture_stop(server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_bad_targets), cmocka_unit_test(refuses_huge_requests),
		cmocka_unit_test(refuses_bad_bodies),  cmocka_unit_test(refuses_bodies_that_are_too_large),
		cmocka_unit_test(refuses_smuggling),   cmocka_unit_test(survives_broken_chunks),
		cmocka_unit_test(survives_garbage),    cmocka_unit_test(survives_halves),
		cmocka_unit_test(cuts_slow_clients),   cmocka_unit_test(limits_connections_of_an_address),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
