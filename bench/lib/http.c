#include "http.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"

void site_init(struct site *site)
{
	const char *url = getenv("TTOB_URL");

	if (url == NULL || *url == '\0')
		url = "http://127.0.0.1:8080";
	snprintf(site->port, sizeof(site->port), "80");
	if (sscanf(url, "http://%255[^:/]:%7[0-9]", site->host, site->port) < 1) {
		fprintf(stderr, "TTOB_URL must be http://host:port, not %s\n", url);
		exit(2);
	}
}

int site_try_connect(const struct site *site, const char *from)
{
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
	struct sockaddr_in own = {.sin_family = AF_INET};
	int on = 1;
	int fd;

	if (getaddrinfo(site->host, site->port, &hints, &found) != 0) {
		fprintf(stderr, "%s is not known\n", site->host);
		exit(1);
	}
	fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && from != NULL && inet_pton(AF_INET, from, &own.sin_addr) == 1)
		bind(fd, (struct sockaddr *)&own, sizeof(own));
	if (fd >= 0 && connect(fd, found->ai_addr, found->ai_addrlen) < 0) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(found);
	if (fd >= 0)
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

int site_connect(const struct site *site)
{
	int fd = site_try_connect(site, NULL);

	if (fd < 0) {
		fprintf(stderr, "http://%s:%s: %s\n", site->host, site->port, strerror(errno));
		exit(1);
	}
	return fd;
}

/* The value of a header in `head` (which ends with an empty line), or NULL. */
static const char *header_value(const char *head, const char *name)
{
	for (const char *line = strstr(head, "\r\n"); line != NULL && line[2] != '\r'; line = strstr(line + 2, "\r\n"))
		if (strncasecmp(line + 2, name, strlen(name)) == 0 && line[2 + strlen(name)] == ':')
			return line + 2 + strlen(name) + 1 + strspn(line + 2 + strlen(name) + 1, " ");
	return NULL;
}

static void keep_cookie(struct person *person, const char *head)
{
	const char *value = header_value(head, "Set-Cookie");

	if (value != NULL)
		snprintf(person->cookie, sizeof(person->cookie), "%.*s", (int)strcspn(value, ";\r"), value);
}

/* Reads until the head is whole: its length, 0 when the connection ended. */
static size_t read_head(int fd, char *bytes, size_t size, size_t *length)
{
	while (*length < size - 1) {
		ssize_t n = recv(fd, bytes + *length, size - 1 - *length, 0);
		const char *end;

		if (n <= 0)
			return 0;
		*length += (size_t)n;
		bytes[*length] = '\0';
		end = strstr(bytes, "\r\n\r\n");
		if (end != NULL)
			return (size_t)(end - bytes) + 4;
	}
	return 0;
}

static void read_answer(struct person *person, struct answer *answer)
{
	static char bytes[64 << 10];
	size_t length = 0, body, total;
	size_t head = read_head(person->fd, bytes, sizeof(bytes), &length);
	const char *value;

	if (head == 0)
		return;
	answer->status = atoi(bytes + 9);
	value = header_value(bytes, "Content-Length");
	total = value != NULL ? strtoul(value, NULL, 10) : 0;
	keep_cookie(person, bytes);
	body = length - head;
	answer->length = min_size(body, sizeof(answer->body) - 1);
	memcpy(answer->body, bytes + head, answer->length);
	while (body < total) {
		ssize_t n = recv(person->fd, bytes, sizeof(bytes), 0);
		size_t part;

		if (n <= 0)
			break;
		body += (size_t)n;
		part = min_size((size_t)n, sizeof(answer->body) - 1 - answer->length);
		memcpy(answer->body + answer->length, bytes, part);
		answer->length += part;
	}
	answer->body[answer->length] = '\0';
}

static int send_all(int fd, const char *bytes, size_t length, int flags)
{
	while (length > 0) {
		ssize_t n = send(fd, bytes, length, MSG_NOSIGNAL | flags);

		if (n <= 0)
			return -1;
		bytes += n;
		length -= (size_t)n;
	}
	return 0;
}

void person_send(struct person *person, const char *method, const char *path, const char *type, const void *body, size_t length,
		 struct answer *answer)
{
	const struct site *site = person->site;
	char head[2048];
	int n;

	answer->status = 0;
	answer->length = 0;
	answer->body[0] = '\0';
	if (person->fd < 0)
		person->fd = site_try_connect(site, person->address);
	if (person->fd < 0)
		return;
	n = snprintf(head, sizeof(head),
		     "%s %s HTTP/1.1\r\nHost: %s:%s\r\nOrigin: http://%s:%s\r\n%s%s%sContent-Type: %s\r\n"
		     "Content-Length: %zu\r\n\r\n",
		     method, path, site->host, site->port, site->host, site->port, *person->cookie ? "Cookie: " : "",
		     person->cookie, *person->cookie ? "\r\n" : "", type, length);
	if (send_all(person->fd, head, (size_t)n, length > 0 ? MSG_MORE : 0) == 0 && send_all(person->fd, body, length, 0) == 0)
		read_answer(person, answer);
	if (answer->status == 0)
		person_leave(person);
}

void person_call(struct person *person, const char *method, const char *path, const char *json, struct answer *answer)
{
	if (person->fd < 0)
		person->fd = site_connect(person->site);
	person_send(person, method, path, "application/json", json, json != NULL ? strlen(json) : 0, answer);
}

int person_terminal(struct person *person, const char *path, struct ws *ws)
{
	const struct site *site = person->site;
	int fd = site_connect(site);
	char bytes[8192];
	size_t length = 0, head;
	int n = snprintf(
		bytes, sizeof(bytes),
		"GET %s HTTP/1.1\r\nHost: %s:%s\r\nOrigin: http://%s:%s\r\nCookie: %s\r\nUpgrade: websocket\r\n"
		"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
		"Sec-WebSocket-Protocol: ttob.terminal.v1\r\n\r\n",
		path, site->host, site->port, site->host, site->port, person->cookie);

	if (send(fd, bytes, (size_t)n, MSG_NOSIGNAL) != n ||
	    (head = read_head(fd, bytes, sizeof(bytes), &length)) == 0 || atoi(bytes + 9) != 101) {
		close(fd);
		return -1;
	}
	ws_init(ws, fd);
	ws_feed(ws, bytes + head, length - head);
	return 0;
}

void person_leave(struct person *person)
{
	if (person->fd >= 0)
		close(person->fd);
	person->fd = -1;
}

const char *json_find(const char *json, const char *key, char *out, size_t size)
{
	char quoted[64];
	const char *at;

	out[0] = '\0';
	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	at = strstr(json, quoted);
	if (at == NULL)
		return out;
	at += strlen(quoted);
	at += strspn(at, " ");
	if (*at == '"')
		snprintf(out, size, "%.*s", (int)strcspn(at + 1, "\""), at + 1);
	return out;
}

double json_number(const char *json, const char *key)
{
	char quoted[64];
	const char *at;

	snprintf(quoted, sizeof(quoted), "\"%s\":", key);
	at = strstr(json, quoted);
	return at == NULL ? -1 : strtod(at + strlen(quoted), NULL);
}
