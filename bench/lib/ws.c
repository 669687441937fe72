#include "ws.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/util.h"

#define ACK_STEP (32u << 10)

void ws_init(struct ws *ws, int fd)
{
	*ws = (struct ws){.fd = fd, .self_ack = true, .output = ws->output, .text = ws->text, .data = ws->data};
}

void ws_send(struct ws *ws, unsigned char opcode, const void *data, size_t length)
{
	/* A mask of zeros is a mask: what is measured is not this side. */
	char frame[512] = {(char)(0x80 | opcode), (char)(0x80 | (unsigned char)length)};

	if (length > 125)
		abort();
	memcpy(frame + 6, data, length);
	if (send(ws->fd, frame, length + 6, MSG_NOSIGNAL) != (ssize_t)(length + 6))
		ws->closed = true;
}

void ws_ack(struct ws *ws, uint64_t offset)
{
	char text[64];

	ws->acked = offset;
	ws_send(ws, 1, text, (size_t)snprintf(text, sizeof(text), "{\"ack\":%" PRIu64 "}", offset));
}

static void control_done(struct ws *ws)
{
	const char *hello;

	ws->control[ws->control_length] = '\0';
	if (ws->opcode == 1) {
		hello = strstr(ws->control, "\"hello\": {\"offset\": ");
		if (hello != NULL)
			ws->offset = ws->acked = strtoull(hello + 20, NULL, 10);
		if (ws->text != NULL)
			ws->text(ws->data, ws->control, ws->control_length);
	} else if (ws->opcode == 8) {
		ws->closed = true;
		ws_send(ws, 8, ws->control, min_size(ws->control_length, 2));
	} else if (ws->opcode == 9) {
		ws_send(ws, 10, ws->control, ws->control_length);
	}
}

static void payload(struct ws *ws, const char *bytes, size_t length)
{
	ws->left -= length;
	if (ws->opcode == 2) {
		ws->offset += length;
		if (ws->output != NULL)
			ws->output(ws->data, bytes, length);
		if (ws->self_ack && ws->offset - ws->acked >= ACK_STEP)
			ws_ack(ws, ws->offset);
		return;
	}
	length = min_size(length, sizeof(ws->control) - 1 - ws->control_length);
	memcpy(ws->control + ws->control_length, bytes, length);
	ws->control_length += length;
	if (ws->left == 0)
		control_done(ws);
}

/* One byte of the header; true: it is whole. */
static bool header(struct ws *ws, unsigned char byte)
{
	unsigned length, need;

	ws->head[ws->head_length++] = byte;
	if (ws->head_length < 2)
		return false;
	length = ws->head[1] & 0x7f;
	need = length == 126 ? 4 : length == 127 ? 10 : 2;
	if (ws->head_length < need)
		return false;
	ws->left = length < 126 ? length : 0;
	for (unsigned i = 2; i < need; i++)
		ws->left = ws->left << 8 | ws->head[i];
	ws->opcode = ws->head[0] & 0xf;
	ws->head_length = 0;
	ws->control_length = 0;
	if (ws->left == 0)
		payload(ws, "", 0);
	return true;
}

void ws_feed(struct ws *ws, const char *bytes, size_t length)
{
	while (length > 0) {
		size_t part = 1;

		if (ws->left > 0) {
			part = min_size(length, (size_t)ws->left);
			payload(ws, bytes, part);
		} else {
			header(ws, (unsigned char)*bytes);
		}
		bytes += part;
		length -= part;
	}
}

size_t ws_take(struct ws *ws, size_t max)
{
	static char bytes[256 << 10];
	ssize_t n = recv(ws->fd, bytes, min_size(max, sizeof(bytes)), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		ws->closed = true;
	if (n <= 0)
		return 0;
	ws_feed(ws, bytes, (size_t)n);
	return (size_t)n;
}
