/* Requests a second that the site answers: GET on keep-alive connections, each sending the next request when the answer
 * is whole. TTOB_URL, REQUEST (/api/v1/projects), CONNECTIONS (64), SECONDS (5). Target: 30,000 a second. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"
#include "lib/http.h"
#include "lib/stats.h"

struct connection {
	int fd;
	double sent;
	char head[4096]; /* what came of the answer's head */
	size_t head_length;
	bool in_body;
	size_t body_left;
};

struct load {
	char request[1024];
	size_t request_length;
	struct samples latency;
	size_t answers, errors;
	size_t bytes;
};

static void ask(struct load *load, struct connection *connection)
{
	connection->head_length = 0;
	connection->in_body = false;
	connection->sent = now_seconds();
	if (send(connection->fd, load->request, load->request_length, MSG_NOSIGNAL) != (ssize_t)load->request_length)
		load->errors++;
}

/* The head is whole: how long the body is. */
static size_t body_length(struct load *load, const char *head)
{
	const char *at = strcasestr(head, "\r\nContent-Length:");

	if (strncmp(head, "HTTP/1.1 200", 12) != 0)
		load->errors++;
	return at != NULL ? strtoul(at + 17, NULL, 10) : 0;
}

static void answered(struct load *load, struct connection *connection)
{
	load->answers++;
	if (load->answers % 16 == 0) /* enough for percentiles, cheap enough not to be what is measured */
		samples_add(&load->latency, (now_seconds() - connection->sent) * 1e3);
	ask(load, connection);
}

/* False: the connection ended. */
static bool take(struct load *load, struct connection *connection)
{
	static char bytes[128 << 10];
	ssize_t n = recv(connection->fd, bytes, sizeof(bytes) - 1, MSG_DONTWAIT);
	char *end;
	size_t part, used;

	if (n <= 0)
		return n < 0;
	load->bytes += (size_t)n;
	if (connection->in_body) {
		connection->body_left -= min_size((size_t)n, connection->body_left);
	} else {
		part = min_size((size_t)n, sizeof(connection->head) - 1 - connection->head_length);
		memcpy(connection->head + connection->head_length, bytes, part);
		used = connection->head_length;
		connection->head_length += part;
		connection->head[connection->head_length] = '\0';
		end = strstr(connection->head, "\r\n\r\n");
		if (end == NULL)
			return true;
		connection->in_body = true;
		connection->body_left = body_length(load, connection->head);
		part = (size_t)n - ((size_t)(end + 4 - connection->head) - used); /* of the body, in this read */
		connection->body_left -= min_size(part, connection->body_left);
	}
	if (connection->body_left == 0)
		answered(load, connection);
	return true;
}

static double run(struct load *load, int epoll, double seconds)
{
	double begin = now_seconds(), now = begin;
	struct epoll_event events[64];

	while (now - begin < seconds) {
		int n = epoll_wait(epoll, events, 64, 1000);

		for (int i = 0; i < n; i++) {
			struct connection *connection = events[i].data.ptr;

			if (!take(load, connection)) {
				load->errors++;
				epoll_ctl(epoll, EPOLL_CTL_DEL, connection->fd, NULL);
			}
		}
		now = now_seconds();
	}
	return now - begin;
}

int main(void)
{
	int count = (int)bench_option("CONNECTIONS", 64);
	double seconds = bench_option("SECONDS", 5);
	const char *wanted = getenv("REQUEST");
	const char *path = wanted != NULL ? wanted : "/api/v1/projects";
	struct connection *connections = xcalloc((size_t)count, sizeof(*connections));
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	struct load load = {0};
	struct site site;
	double took;

	signal(SIGPIPE, SIG_IGN);
	site_init(&site);
	load.request_length = (size_t)snprintf(load.request, sizeof(load.request),
					       "GET %s HTTP/1.1\r\nHost: %s:%s\r\nAccept: application/json\r\n\r\n",
					       path, site.host, site.port);
	for (int i = 0; i < count; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &connections[i]};

		connections[i].fd = site_connect(&site);
		epoll_ctl(epoll, EPOLL_CTL_ADD, connections[i].fd, &event);
		ask(&load, &connections[i]);
	}
	run(&load, epoll, 1); /* warm */
	load.answers = load.errors = load.bytes = 0;
	load.latency.count = 0;
	took = run(&load, epoll, seconds);
	printf("GET %s, %d connections: %.0f answers/s, %.1f MB/s, p50 %.2f ms, p99 %.2f ms, %zu errors\n", path, count,
	       (double)load.answers / took, (double)load.bytes / took / 1e6, samples_percentile(&load.latency, 50),
	       samples_percentile(&load.latency, 99), load.errors);
	bench_json("http_load", "connections", (double)count, "answers_s", (double)load.answers / took, "p50_ms",
		   samples_percentile(&load.latency, 50), "p99_ms", samples_percentile(&load.latency, 99), "errors",
		   (double)load.errors, NULL);
	for (int i = 0; i < count; i++)
		close(connections[i].fd);
	close(epoll);
	free(connections);
	samples_fini(&load.latency);
	return load.errors > 0;
}
