#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/util.h"

int client_connect(unsigned port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	struct timeval limit = {.tv_sec = 20};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void client_send_bytes(int fd, const void *data, size_t length)
{
	const char *at = data;

	while (length > 0) {
		ssize_t n = send(fd, at, length, MSG_NOSIGNAL);

		if (n <= 0)
			return; /* the server may have closed already: what it says is what counts */
		at += n;
		length -= (size_t)n;
	}
}

void client_send(int fd, const char *text)
{
	client_send_bytes(fd, text, strlen(text));
}

/* One byte; 0 at the end. */
static int read_byte(int fd, char *out)
{
	ssize_t n;

	do
		n = recv(fd, out, 1, 0);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno != ECONNRESET)
		fail_msg("reading from the server: %s", strerror(errno));
	return n > 0;
}

static int read_line(int fd, struct buf *line)
{
	char c;

	buf_clear(line);
	while (read_byte(fd, &c)) {
		buf_append_char(line, c);
		if (c == '\n')
			return 1;
	}
	return 0;
}

static void read_exactly(int fd, size_t length, struct buf *out)
{
	char c;

	while (length-- > 0 && read_byte(fd, &c))
		buf_append_char(out, c);
}

char *answer_header(const struct answer *answer, const char *name)
{
	size_t length = strlen(name);

	for (const char *line = answer->head.data; line != NULL && *line != '\0';) {
		const char *end = strstr(line, "\r\n");

		if (end == NULL)
			break;
		if (strncasecmp(line, name, length) == 0 && line[length] == ':') {
			const char *value = line + length + 1;

			value += strspn(value, " ");
			return xstrndup(value, (size_t)(end - value));
		}
		line = end + 2;
	}
	return NULL;
}

static void read_chunks(int fd, struct answer *answer)
{
	struct buf line = BUF_INIT;
	size_t length;

	while (read_line(fd, &line)) {
		length = strtoul(line.data, NULL, 16);
		read_exactly(fd, length, &answer->body);
		assert_true(read_line(fd, &line));
		if (length == 0)
			break;
	}
	buf_fini(&line);
}

void client_read(int fd, int head_only, struct answer *ret_answer)
{
	struct buf line = BUF_INIT;
	char *length;
	char *coding;

	memset(ret_answer, 0, sizeof(*ret_answer));
	while (read_line(fd, &line)) {
		buf_append(&ret_answer->head, line.data, line.length);
		if (strcmp(line.data, "\r\n") != 0)
			continue;
		if (strncmp(ret_answer->head.data, "HTTP/1.1 100", 12) != 0)
			break;
		buf_clear(&ret_answer->head);
	}
	buf_fini(&line);
	if (ret_answer->head.length == 0)
		return;
	assert_int_equal(sscanf(ret_answer->head.data, "HTTP/1.%*d %d", &ret_answer->status), 1);
	if (head_only || ret_answer->status == 101)
		return;
	length = answer_header(ret_answer, "Content-Length");
	coding = answer_header(ret_answer, "Transfer-Encoding");
	if (coding != NULL)
		read_chunks(fd, ret_answer);
	else if (length != NULL)
		read_exactly(fd, strtoul(length, NULL, 10), &ret_answer->body);
	free(length);
	free(coding);
}

void answer_fini(struct answer *answer)
{
	buf_fini(&answer->head);
	buf_fini(&answer->body);
}

void client_expect(int fd, struct buf *seen, const char *text)
{
	char c;

	while (seen->data == NULL || strstr(seen->data, text) == NULL) {
		if (!read_byte(fd, &c))
			fail_msg("the connection ended before \"%s\"; seen: %s", text, seen->data);
		buf_append_char(seen, c);
	}
}

int client_closed(int fd)
{
	char c;

	while (read_byte(fd, &c))
		;
	return 1;
}

void client_ask(unsigned port, const char *text, struct answer *ret_answer)
{
	int fd = client_connect(port);

	client_send(fd, text);
	client_read(fd, strncmp(text, "HEAD", 4) == 0, ret_answer);
	close(fd);
}
