/* The opening of WebSockets, and whose the socket is afterwards. */
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

#include "base/str.h"
#include "base/util.h"
#include "client.h"
#include "fixture.h"
#include "http/sha1.h"
#include "http/websocket.h"

struct desk {
	sem_t taken;
	sem_t arrived;
	struct upgrade *upgrade;
	int socket;
	char early[64];
	struct request *request;
};

static void take(struct upgrade *upgrade, int socket, const void *early, size_t early_length, void *data)
{
	struct desk *desk = data;

	desk->upgrade = upgrade;
	desk->socket = socket;
	snprintf(desk->early, sizeof(desk->early), "%.*s", (int)early_length, (const char *)early);
	sem_post(&desk->taken);
}

static int handle_socket(struct request *request, struct error *err)
{
	return respond_websocket(request, "ttob.terminal.v1", take, request_data(request), err);
}

static int handle_later(struct request *request, struct error *err)
{
	struct desk *desk = request_data(request);
	int r = websocket_check(request, NULL, err);

	if (r < 0)
		return r;
	desk->request = request_defer(request);
	sem_post(&desk->arrived);
	return 0;
}

static struct server *start(struct desk *desk)
{
	const struct route routes[] = {
		{METHOD_GET, "/socket", ROUTE_IMMEDIATE, handle_socket, desk, 0, 0, NULL},
		{METHOD_GET, "/socket-work", ROUTE_WORK, handle_socket, desk, 0, 0, NULL},
		{METHOD_GET, "/later", ROUTE_WORK, handle_later, desk, 0, 0, NULL},
	};
	struct server_config config;

	memset(desk, 0, sizeof(*desk));
	sem_init(&desk->taken, 0, 0);
	sem_init(&desk->arrived, 0, 0);
	server_config_init(&config);
	config.session_cookie = "ttob_session";
	return fixture_start(&config, routes, ARRAY_SIZE(routes));
}

#define HELLO                                                                                                          \
	"Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Version: 13\r\n"                       \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: other, ttob.terminal.v1\r\n"

static void hands_the_socket_over(void **state)
{
	static const char *const paths[] = {"/socket", "/socket-work"};
	struct desk desk;
	struct server *server = start(&desk);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		int fd = client_connect(server_port(server));
		char *text = xasprintf("GET %s HTTP/1.1\r\nHost: a\r\n" HELLO "\r\nearly bytes", paths[i]);
		struct server_counts counts;
		struct buf seen = BUF_INIT;
		struct answer answer;
		char *accept;

		client_send(fd, text);
		client_read(fd, 0, &answer);
		assert_int_equal(answer.status, 101);
		accept = answer_header(&answer, "Sec-WebSocket-Accept");
		assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* RFC 6455 §1.3 */
		free(accept);
		accept = answer_header(&answer, "Sec-WebSocket-Protocol");
		assert_string_equal(accept, "ttob.terminal.v1");
		free(accept);
		answer_fini(&answer);
		sem_wait(&desk.taken);
		/* What came behind the request is handed over, or still in the socket. */
		if (*desk.early != '\0')
			assert_string_equal(desk.early, "early bytes");
		client_send_bytes(desk.socket, "from the server", 15);
		client_expect(fd, &seen, "from the server");
		server_count(server, &counts);
		assert_int_equal(counts.upgrades, 1);
		upgrade_close(desk.upgrade);
		assert_true(client_closed(fd));
		for (counts.connections = 1; counts.connections > 0;)
			server_count(server, &counts);
		assert_int_equal(counts.upgrades, 0);
		buf_fini(&seen);
		free(text);
		close(fd);
	}
	fixture_stop(server);
}

static void refuses(struct server *server, const char *headers, int status)
{
	char *text = xasprintf("GET /socket HTTP/1.1\r\nHost: 127.0.0.1:%u\r\n%s\r\n", server_port(server), headers);
	struct answer answer;

	client_ask(server_port(server), text, &answer);
	if (answer.status != status)
		fail_msg("%s: %d instead of %d", headers, answer.status, status);
	answer_fini(&answer);
	free(text);
}

static void refuses_bad_openings(void **state)
{
	struct desk desk;
	struct server *server = start(&desk);
	char *origin =
		xasprintf(HELLO "Cookie: ttob_session=x\r\nOrigin: http://127.0.0.1:%u\r\n", server_port(server));

	(void)state;
	refuses(server, "", 426);
	refuses(server, "Upgrade: websocket\r\n", 426);
	refuses(server, "Upgrade: h2c\r\nConnection: upgrade\r\n", 426);
	refuses(server, "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 8\r\n", 426);
	refuses(server, "Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n", 400);
	refuses(server,
		"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
		"short\r\n",
		400);
	refuses(server,
		"Upgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: TTOB.terminal.v1\r\n",
		400);
	refuses(server, HELLO "Cookie: ttob_session=x\r\n", 403);
	refuses(server, HELLO "Origin: http://evil.example\r\n", 403);
	refuses(server, HELLO "Cookie: ttob_session=x\r\nOrigin: null\r\n", 403);
	assert_int_not_equal(sem_trywait(&desk.taken), 0);
	refuses(server, origin, 101);
	sem_wait(&desk.taken);
	upgrade_close(desk.upgrade);
	free(origin);
	fixture_stop(server);
}

static void opens_later(void **state)
{
	struct desk desk;
	struct server *server = start(&desk);
	int fd = client_connect(server_port(server));
	struct answer answer;
	struct error err = {0};

	(void)state;
	client_send(fd, "GET /later HTTP/1.1\r\nHost: a\r\n" HELLO "\r\n");
	sem_wait(&desk.arrived);
	assert_int_equal(respond_websocket(desk.request, "other", take, &desk, &err), 0);
	request_unref(desk.request);
	client_read(fd, 0, &answer);
	assert_int_equal(answer.status, 101);
	answer_fini(&answer);
	sem_wait(&desk.taken);
	assert_non_null(desk.upgrade);
	upgrade_close(desk.upgrade);
	close(fd);
	fixture_stop(server);
}

static void tells_when_nobody_is_left_to_take_it(void **state)
{
	struct desk desk;
	struct server *server = start(&desk);
	int fd = client_connect(server_port(server));
	struct linger hard = {.l_onoff = 1, .l_linger = 0};
	struct error err = {0};

	(void)state;
	client_send(fd, "GET /later HTTP/1.1\r\nHost: a\r\n" HELLO "\r\n");
	sem_wait(&desk.arrived);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
	assert_int_equal(respond_websocket(desk.request, NULL, take, &desk, &err), 0);
	request_unref(desk.request);
	/* Exactly once, with a socket or without. */
	sem_wait(&desk.taken);
	if (desk.upgrade != NULL)
		upgrade_close(desk.upgrade);
	else
		assert_int_equal(desk.socket, -1);
	fixture_stop(server);
	assert_int_not_equal(sem_trywait(&desk.taken), 0);
}

static void *close_on_hangup(void *data)
{
	struct desk *desk = data;
	char bytes[100];

	/* The socket is non-blocking: wait for its end as the relay's loop would. */
	for (;;) {
		ssize_t n = recv(desk->socket, bytes, sizeof(bytes), 0);

		if (n == 0 || (n < 0 && errno != EAGAIN))
			break;
		usleep(1000);
	}
	upgrade_close(desk->upgrade);
	return NULL;
}

static void shuts_down_what_is_still_open(void **state)
{
	struct desk desk;
	struct server *server = start(&desk);
	int fd = client_connect(server_port(server));
	struct answer answer;
	pthread_t thread;

	(void)state;
	client_send(fd, "GET /socket HTTP/1.1\r\nHost: a\r\n" HELLO "\r\n");
	client_read(fd, 0, &answer);
	answer_fini(&answer);
	sem_wait(&desk.taken);
	pthread_create(&thread, NULL, close_on_hangup, &desk);
	server_stop(server, 10);
	server_free(server);
	pthread_join(thread, NULL);
	assert_true(client_closed(fd));
	close(fd);
}

#define CROWD 64

struct crowd {
	sem_t taken;
	pthread_mutex_t lock;
	struct upgrade *upgrades[CROWD];
	size_t count;
};

static void take_in(struct upgrade *upgrade, int socket, const void *early, size_t early_length, void *data)
{
	struct crowd *crowd = data;

	(void)socket;
	(void)early;
	(void)early_length;
	pthread_mutex_lock(&crowd->lock);
	crowd->upgrades[crowd->count++] = upgrade;
	pthread_mutex_unlock(&crowd->lock);
	sem_post(&crowd->taken);
}

static int handle_crowd(struct request *request, struct error *err)
{
	return respond_websocket(request, NULL, take_in, request_data(request), err);
}

static void open_crowd(struct server *server, struct crowd *crowd, int fds[CROWD])
{
	crowd->count = 0;
	for (size_t i = 0; i < CROWD; i++) {
		fds[i] = client_connect(server_port(server));
		client_send(fds[i], "GET /crowd HTTP/1.1\r\nHost: a\r\n" HELLO "\r\n");
	}
	for (size_t i = 0; i < CROWD; i++)
		sem_wait(&crowd->taken);
}

/* While one is closed here, the server's thread sees the one before to its end: neither may wait for the other. When
 * they do, this test never ends. */
static void closes_many_in_a_row(void **state)
{
	struct crowd crowd = {.lock = PTHREAD_MUTEX_INITIALIZER};
	const struct route routes[] = {{METHOD_GET, "/crowd", ROUTE_IMMEDIATE, handle_crowd, &crowd, 0, 0, NULL}};
	struct server_counts counts;
	struct server_config config;
	struct server *server;
	int fds[CROWD];

	(void)state;
	sem_init(&crowd.taken, 0, 0);
	server_config_init(&config);
	server = fixture_start(&config, routes, ARRAY_SIZE(routes));
	for (int round = 0; round < 20; round++) {
		open_crowd(server, &crowd, fds);
		for (size_t i = 0; i < CROWD; i++)
			upgrade_close(crowd.upgrades[i]);
		for (size_t i = 0; i < CROWD; i++)
			close(fds[i]);
	}
	server_count(server, &counts);
	assert_int_equal(counts.upgrades, 0);
	fixture_stop(server);
	sem_destroy(&crowd.taken);
}

static void hashes_as_fips_180_says(void **state)
{
	static const struct {
		const char *text;
		const char *hash;
	} table[] = {
		{"", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
		{"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
		{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		 "84983e441c3bd26ebaae4aa1f95129e5e54670f1"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		unsigned char hash[SHA1_SIZE];
		char hex[2 * SHA1_SIZE + 1];

		sha1_short(table[i].text, strlen(table[i].text), hash);
		str_hex(hash, sizeof(hash), hex);
		assert_string_equal(hex, table[i].hash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hands_the_socket_over),
		cmocka_unit_test(refuses_bad_openings),
		cmocka_unit_test(opens_later),
		cmocka_unit_test(tells_when_nobody_is_left_to_take_it),
		cmocka_unit_test(shuts_down_what_is_still_open),
		cmocka_unit_test(closes_many_in_a_row),
		cmocka_unit_test(hashes_as_fips_180_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
