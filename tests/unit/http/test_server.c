/* Requests as well-behaved clients send them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"
#include "client.h"
#include "fixture.h"
#include "http/problem.h"

static int handle_param(struct request *request, struct error *err)
{
	(void)err;
	respond_json(request, 200,
		     json_pack("{s:s,s:s}", "owner", request_param(request, "owner"), "name",
			       request_param(request, "name")));
	return 0;
}

static int handle_error(struct request *request, struct error *err)
{
	enum error_kind kind = error_kind_from_name(request_param(request, "kind"));

	(void)request;
	return error_set(err, kind, EINVAL, "because \"%s\"", error_kind_name(kind));
}

static int handle_cookie(struct request *request, struct error *err)
{
	(void)err;
	respond_cookie(request, "ttob_session", "abc", 60);
	respond_json(request, 200, json_pack("{s:s*}", "seen", request_cookie(request, "ttob_session")));
	return 0;
}

static int handle_number(struct request *request, struct error *err)
{
	uint64_t page;
	int r = request_query_number(request, "page", 1, 1000, 1, &page, err);

	if (r < 0)
		return r;
	respond_json(request, 200, json_pack("{s:I}", "page", (json_int_t)page));
	return 0;
}

static int handle_local(struct request *request, struct error *err)
{
	(void)err;
	respond_json(request, 200, json_pack("{s:s}", "local", request_local(request)));
	return 0;
}

static int handle_address(struct request *request, struct error *err)
{
	(void)err;
	respond_json(request, 200,
		     json_pack("{s:s,s:s}", "address", request_address(request), "site", request_site(request)));
	return 0;
}

static int handle_nothing(struct request *request, struct error *err)
{
	(void)request;
	(void)err;
	return 0;
}

static const struct route routes[] = {
	{METHOD_GET | METHOD_POST, "/echo", ROUTE_IMMEDIATE, handle_echo, NULL, 0, 0, NULL},
	{METHOD_PUT, "/echo", ROUTE_WORK, handle_echo, NULL, 0, ROUTE_ANY_TYPE, NULL},
	{METHOD_POST, "/json", ROUTE_WORK, handle_json, NULL, 0, 0, NULL},
	{METHOD_GET, "/projects/{owner}/{name}", ROUTE_WORK, handle_param, NULL, 0, 0, NULL},
	{METHOD_GET, "/error/{kind}", ROUTE_IMMEDIATE, handle_error, NULL, 0, 0, NULL},
	{METHOD_GET | METHOD_POST, "/cookie", ROUTE_IMMEDIATE, handle_cookie, NULL, 0, 0, NULL},
	{METHOD_GET, "/number", ROUTE_IMMEDIATE, handle_number, NULL, 0, 0, NULL},
	{METHOD_GET, "/local", ROUTE_WORK, handle_local, NULL, 0, 0, NULL},
	{METHOD_GET, "/address", ROUTE_IMMEDIATE, handle_address, NULL, 0, 0, NULL},
	{METHOD_GET, "/nothing", ROUTE_WORK, handle_nothing, NULL, 0, 0, NULL},
};

static void *worker_start(void *data)
{
	return data;
}

static int setup(void **state)
{
	struct server_config config;

	server_config_init(&config);
	config.session_cookie = "ttob_session";
	config.worker_start = worker_start;
	config.worker_data = "mine";
	*state = fixture_start(&config, routes, ARRAY_SIZE(routes));
	return 0;
}

static int teardown(void **state)
{
	fixture_stop(*state);
	return 0;
}

/* Sends it with "Host" filled in for %u, and checks status and body. */
static void expect(void **state, const char *text, int status, const char *body)
{
	unsigned port = server_port(*state);
	char *request = xasprintf(text, port, port, port);
	struct answer answer;

	client_ask(port, request, &answer);
	if (answer.status != status)
		fail_msg("%s: %d instead of %d: %s", request, answer.status, status, answer.body.data);
	if (body != NULL && (answer.body.data == NULL || strstr(answer.body.data, body) == NULL))
		fail_msg("%s: no %s in %s", request, body, answer.body.data);
	answer_fini(&answer);
	free(request);
}

static void answers_get(void **state)
{
	expect(state, "GET /echo?q=%%ED%%95%%9C+x HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n\r\n", 200,
	       "\"q\":\"\xED\x95\x9C x\"");
	expect(state, "GET http://x.example/echo?q=1 HTTP/1.1\r\nHost: a\r\n\r\n", 200, "\"path\":\"/echo\"");
	expect(state, "GET /echo HTTP/1.0\r\n\r\n", 200, "\"path\":\"/echo\"");
}

static void answers_head_without_a_body(void **state)
{
	struct answer answer;
	char *length;

	client_ask(server_port(*state), "HEAD /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &answer);
	assert_int_equal(answer.status, 200);
	length = answer_header(&answer, "Content-Length");
	assert_non_null(length);
	assert_int_not_equal(atoi(length), 0);
	free(length);
	answer_fini(&answer);
}

static void puts_security_headers_on_everything(void **state)
{
	static const char *const requests[] = {"GET /echo HTTP/1.1\r\nHost: a\r\n\r\n",
					       "GET /none HTTP/1.1\r\nHost: a\r\n\r\n",
					       "DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n",
					       "GET /local HTTP/1.1\r\nHost: a\r\n\r\n"};
	static const char *const names[] = {"Content-Security-Policy",
					    "X-Content-Type-Options",
					    "Referrer-Policy",
					    "Permissions-Policy",
					    "Cross-Origin-Opener-Policy",
					    "Cache-Control",
					    "Date"};

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		struct answer answer;

		client_ask(server_port(*state), requests[i], &answer);
		for (size_t k = 0; k < ARRAY_SIZE(names); k++) {
			char *value = answer_header(&answer, names[k]);

			if (value == NULL)
				fail_msg("%s has no %s", requests[i], names[k]);
			free(value);
		}
		answer_fini(&answer);
	}
}

static void tells_the_methods(void **state)
{
	struct answer answer;
	char *allow;

	client_ask(server_port(*state), "DELETE /echo HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 405);
	allow = answer_header(&answer, "Allow");
	assert_string_equal(allow, "GET, HEAD, POST, PUT, OPTIONS");
	free(allow);
	answer_fini(&answer);
	client_ask(server_port(*state), "OPTIONS /echo HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 204);
	answer_fini(&answer);
	client_ask(server_port(*state), "BREW /echo HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	assert_int_equal(answer.status, 405);
	answer_fini(&answer);
}

static void decodes_parameters(void **state)
{
	expect(state, "GET /projects/a%%20b/%%ED%%95%%9C HTTP/1.1\r\nHost: a\r\n\r\n", 200,
	       "{\"owner\":\"a b\",\"name\":\"\xED\x95\x9C\"}");
	expect(state, "GET /projects/a/ HTTP/1.1\r\nHost: a\r\n\r\n", 404, "\"status\":404");
	expect(state, "GET /projects/a HTTP/1.1\r\nHost: a\r\n\r\n", 404, "\"status\":404");
}

static void maps_every_kind_of_error(void **state)
{
	static const struct {
		enum error_kind kind;
		int status;
	} table[] = {
		{ERROR_INTERNAL, 500},        {ERROR_MALFORMED, 400},   {ERROR_INVALID, 422},
		{ERROR_UNAUTHENTICATED, 401}, {ERROR_FORBIDDEN, 403},   {ERROR_NOT_FOUND, 404},
		{ERROR_CONFLICT, 409},        {ERROR_TOO_LARGE, 413},   {ERROR_UNSUPPORTED, 415},
		{ERROR_RATE_LIMITED, 429},    {ERROR_UNAVAILABLE, 503}, {ERROR_TIMEOUT, 504},
	};

	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		char *request = xasprintf("GET /error/%s HTTP/1.1\r\nHost: a\r\n\r\n", error_kind_name(table[i].kind));
		struct answer answer;
		char *type;
		char *retry;

		client_ask(server_port(*state), request, &answer);
		assert_int_equal(answer.status, table[i].status);
		type = answer_header(&answer, "Content-Type");
		assert_string_equal(type, "application/problem+json");
		retry = answer_header(&answer, "Retry-After");
		assert_int_equal(retry != NULL, table[i].status == 429 || table[i].status == 503);
		/* What went wrong inside is nobody else's business. */
		assert_int_equal(strstr(answer.body.data, "because") != NULL, table[i].kind != ERROR_INTERNAL);
		free(type);
		free(retry);
		free(request);
		answer_fini(&answer);
	}
}

static void reads_json(void **state)
{
	expect(state,
	       "POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: "
	       "8\r\n\r\n{\"a\": 1}",
	       200, "{\"a\":1}");
	expect(state,
	       "POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
	       "3\r\n{\"a\r\n5;x=y\r\n\": 2}\r\n0\r\nTrailer: x\r\n\r\n",
	       200, "{\"a\":2}");
	expect(state,
	       "POST /json HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Type: "
	       "application/json\r\nContent-Length: 2\r\n\r\n{}",
	       200, "{}");
}

static void checks_the_origin_of_writes(void **state)
{
	expect(state,
	       "POST /cookie HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: ttob_session=x\r\nContent-Length: 0\r\n\r\n",
	       403, "Origin");
	expect(state,
	       "POST /cookie HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: ttob_session=x\r\nOrigin: "
	       "http://127.0.0.1:%u\r\n"
	       "Content-Length: 0\r\n\r\n",
	       200, "\"seen\":\"x\"");
	expect(state,
	       "POST /cookie HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: ttob_session=x\r\nOrigin: "
	       "http://evil.example\r\n"
	       "Content-Length: 0\r\n\r\n",
	       403, "evil.example");
	/* A page elsewhere has no cookie to send (SameSite), and must not get one this way either. */
	expect(state, "POST /cookie HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nOrigin: null\r\nContent-Length: 0\r\n\r\n", 403,
	       NULL);
	/* A name that a stranger's DNS points at loopback. */
	expect(state,
	       "POST /cookie HTTP/1.1\r\nHost: evil.example:%u\r\nOrigin: http://evil.example:%u\r\nContent-Length: "
	       "0\r\n\r\n",
	       403, NULL);
	/* A program without a cookie needs none; reading is free. */
	expect(state, "POST /cookie HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nContent-Length: 0\r\n\r\n", 200, NULL);
	expect(state, "GET /cookie HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nCookie: a=b; ttob_session=\"x\"\r\n\r\n", 200,
	       "seen");
}

static void sets_safe_cookies(void **state)
{
	struct answer answer;
	char *cookie;

	client_ask(server_port(*state), "GET /cookie HTTP/1.1\r\nHost: a\r\n\r\n", &answer);
	cookie = answer_header(&answer, "Set-Cookie");
	assert_string_equal(cookie, "ttob_session=abc; Path=/; HttpOnly; SameSite=Lax; Max-Age=60");
	free(cookie);
	answer_fini(&answer);
}

static void secures_cookies_of_https_sites(void **state)
{
	struct server_config config;
	struct server *server;
	struct answer answer;
	char *cookie;

	(void)state;
	server_config_init(&config);
	config.public_url = "https://try.example.org/";
	server = fixture_start(&config, routes, ARRAY_SIZE(routes));
	client_ask(
		server_port(server),
		"POST /cookie HTTP/1.1\r\nHost: inner\r\nOrigin: https://try.example.org\r\nContent-Length: 0\r\n\r\n",
		&answer);
	assert_int_equal(answer.status, 200);
	cookie = answer_header(&answer, "Set-Cookie");
	assert_non_null(strstr(cookie, "; Secure"));
	free(cookie);
	cookie = answer_header(&answer, "Strict-Transport-Security");
	assert_non_null(cookie);
	free(cookie);
	answer_fini(&answer);
	client_ask(server_port(server),
		   "POST /cookie HTTP/1.1\r\nHost: inner\r\nOrigin: http://inner\r\nContent-Length: 0\r\n\r\n",
		   &answer);
	assert_int_equal(answer.status, 403);
	answer_fini(&answer);
	fixture_stop(server);
}

static void checks_numbers(void **state)
{
	expect(state, "GET /number?page=7 HTTP/1.1\r\nHost: a\r\n\r\n", 200, "{\"page\":7}");
	expect(state, "GET /number?page= HTTP/1.1\r\nHost: a\r\n\r\n", 200, "{\"page\":1}");
	expect(state, "GET /number?page=0 HTTP/1.1\r\nHost: a\r\n\r\n", 422, "page");
	expect(state, "GET /number?page=-1 HTTP/1.1\r\nHost: a\r\n\r\n", 422, "page");
	expect(state, "GET /number?page=99999999999999999999999 HTTP/1.1\r\nHost: a\r\n\r\n", 422, "page");
	expect(state, "GET /number?page=1e3 HTTP/1.1\r\nHost: a\r\n\r\n", 422, "page");
}

static void gives_workers_their_own(void **state)
{
	expect(state, "GET /local HTTP/1.1\r\nHost: a\r\n\r\n", 200, "{\"local\":\"mine\"}");
}

static void answers_for_silent_handlers(void **state)
{
	expect(state, "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n", 500, NULL);
}

static void keeps_connections(void **state)
{
	int fd = client_connect(server_port(*state));
	struct answer answer;

	for (int i = 0; i < 5; i++) {
		client_send(fd, i % 2 == 0 ? "GET /echo HTTP/1.1\r\nHost: a\r\n\r\n"
					   : "GET /local HTTP/1.1\r\nHost: a\r\n\r\n");
		client_read(fd, 0, &answer);
		assert_int_equal(answer.status, 200);
		answer_fini(&answer);
	}
	/* All at once: answered in order. */
	client_send(
		fd,
		"GET /echo?q=1 HTTP/1.1\r\nHost: a\r\n\r\nGET /local HTTP/1.1\r\nHost: a\r\n\r\n"
		"POST /json HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"b\":3}"
		"GET /echo?q=4 HTTP/1.1\r\nHost: a\r\n\r\n");
	client_read(fd, 0, &answer);
	assert_non_null(strstr(answer.body.data, "\"q\":\"1\""));
	answer_fini(&answer);
	client_read(fd, 0, &answer);
	assert_non_null(strstr(answer.body.data, "mine"));
	answer_fini(&answer);
	client_read(fd, 0, &answer);
	assert_string_equal(answer.body.data, "{\"b\":3}");
	answer_fini(&answer);
	client_read(fd, 0, &answer);
	assert_non_null(strstr(answer.body.data, "\"q\":\"4\""));
	answer_fini(&answer);
	close(fd);
}

static void tells_taken_ports(void **state)
{
	struct server_config config;
	struct server *server;
	struct error err = {0};
	char *listen = xasprintf("127.0.0.1:%u", server_port(*state));

	server_config_init(&config);
	config.listen = listen;
	assert_int_equal(server_new(&config, &server, &err), -EADDRINUSE);
	assert_non_null(strstr(err.message, listen));
	free(listen);
	for (size_t i = 0; i < 7; i++) {
		config.listen = ((const char *[]){"", "8080", "a:b:c", "[::1:80", "1.2.3.4:70000", "nohost.invalid:80",
						  "unix:"})[i];
		assert_true(server_new(&config, &server, &err) < 0);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
}

static void expect_address(struct server *server, const char *headers, const char *address)
{
	char *text = xasprintf("GET /address HTTP/1.1\r\nHost: try.example\r\n%s\r\n", headers);
	char *body = xasprintf("{\"address\":\"%s\",\"site\":\"http://try.example\"}", address);
	struct answer answer;

	client_ask(server_port(server), text, &answer);
	assert_string_equal(answer.body.data, body);
	answer_fini(&answer);
	free(text);
	free(body);
}

static void believes_only_its_own_proxy(void **state)
{
	struct server_config config;
	struct server *server;

	expect_address(*state, "X-Forwarded-For: 192.0.2.7\r\n", "127.0.0.1");
	server_config_init(&config);
	config.trust_forwarded = true;
	server = fixture_start(&config, routes, ARRAY_SIZE(routes));
	expect_address(server, "", "127.0.0.1");
	expect_address(server, "X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7");
	/* What the client wrote itself stands before what the proxy added. */
	expect_address(server, "X-Forwarded-For: 10.0.0.1, 2001:db8::1\r\n", "2001:db8::1");
	expect_address(server, "X-Forwarded-For: 192.0.2.7, nonsense\r\n", "127.0.0.1");
	expect_address(server, "X-Forwarded-For: ,\r\n", "127.0.0.1");
	fixture_stop(server);
}

static void listens_on_a_unix_socket(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char folder[] = "/tmp/ttob-http-XXXXXX";
	struct server_config config;
	struct answer answer;
	struct error err = {0};

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/web.sock", folder);
	server_config_init(&config);
	/* The second time over the socket file of a process that died. */
	for (int i = 0; i < 2; i++) {
		char *listen = xasprintf("unix:%s", address.sun_path);
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		struct server *server;
		struct server *second;

		if (i == 1) {
			int dead = socket(AF_UNIX, SOCK_STREAM, 0);

			assert_int_equal(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
			close(dead);
		}
		config.listen = listen;
		assert_int_equal(server_new(&config, &server, &err), 0);
		assert_true(server_new(&config, &second, &err) < 0); /* somebody lives there */
		server_add(server, routes, ARRAY_SIZE(routes));
		assert_int_equal(server_start(server, &err), 0);
		assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
		client_send(fd, "GET /address HTTP/1.1\r\nHost: a\r\n\r\n");
		client_read(fd, 0, &answer);
		assert_non_null(strstr(answer.body.data, "\"address\":\"unix\""));
		answer_fini(&answer);
		close(fd);
		fixture_stop(server);
		assert_int_not_equal(access(address.sun_path, F_OK), 0);
		free(listen);
	}
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_get),
		cmocka_unit_test(answers_head_without_a_body),
		cmocka_unit_test(puts_security_headers_on_everything),
		cmocka_unit_test(tells_the_methods),
		cmocka_unit_test(decodes_parameters),
		cmocka_unit_test(maps_every_kind_of_error),
		cmocka_unit_test(reads_json),
		cmocka_unit_test(checks_the_origin_of_writes),
		cmocka_unit_test(sets_safe_cookies),
		cmocka_unit_test(secures_cookies_of_https_sites),
		cmocka_unit_test(checks_numbers),
		cmocka_unit_test(gives_workers_their_own),
		cmocka_unit_test(answers_for_silent_handlers),
		cmocka_unit_test(keeps_connections),
		cmocka_unit_test(tells_taken_ports),
		cmocka_unit_test(believes_only_its_own_proxy),
		cmocka_unit_test(listens_on_a_unix_socket),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
