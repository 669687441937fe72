#include "terminal/websocket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <wslay/wslay.h>

#include "base/str.h"
#include "base/util.h"

#define CONTROL_MAX 125 /* payload of a control frame, RFC 6455 §5.5 */
#define KEEP_BUFFER 1024

struct websocket {
	wslay_frame_context_ptr frames;
	int fd;
	size_t allowed; /* bytes that may still be taken from the socket this time */
	bool ended;     /* the socket gave its end, or an error */
	bool heard;
	struct buf early;
	bool in_frame; /* a header was taken in, its payload not yet */
	uint64_t frame_left;
	struct wslay_frame_iocb frame;
	enum websocket_opcode message; /* of the message under way; CONTINUATION: none */
	bool given;                    /* `payload` was given out and is to be emptied */
	struct buf payload;
	size_t control_length;
	char control[CONTROL_MAX + 1];
};

static ssize_t take(uint8_t *out, size_t length, int flags, void *data)
{
	struct websocket *websocket = data;
	ssize_t n;

	(void)flags;
	if (websocket->early.length > 0) {
		n = (ssize_t)min_size(length, websocket->early.length);
		memcpy(out, websocket->early.data, (size_t)n);
		buf_consume(&websocket->early, (size_t)n);
		if (websocket->early.length == 0)
			buf_fini(&websocket->early);
		websocket->heard = true;
		return n;
	}
	if (websocket->allowed == 0)
		return -1;
	do
		n = recv(websocket->fd, out, min_size(length, websocket->allowed), MSG_DONTWAIT);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		websocket->allowed -= (size_t)n;
		websocket->heard = true;
		return n;
	}
	if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK))
		websocket->ended = true;
	return -1;
}

struct websocket *websocket_new(int fd, const void *early, size_t early_length)
{
	static const struct wslay_frame_callbacks callbacks = {.recv_callback = take};
	struct websocket *websocket = xmalloc(sizeof(*websocket));

	websocket->fd = fd;
	if (wslay_frame_context_init(&websocket->frames, &callbacks, websocket) != 0)
		abort(); /* out of memory */
	if (early_length > 0)
		buf_append(&websocket->early, early, early_length);
	return websocket;
}

void websocket_free(struct websocket *websocket)
{
	if (websocket == NULL)
		return;
	wslay_frame_context_free(websocket->frames);
	buf_fini(&websocket->early);
	buf_fini(&websocket->payload);
	free(websocket);
}

void websocket_allow(struct websocket *websocket, size_t bytes)
{
	websocket->allowed = bytes;
}

bool websocket_heard(struct websocket *websocket)
{
	bool heard = websocket->heard;

	websocket->heard = false;
	return heard;
}

static enum websocket_event fail(struct websocket_message *message, unsigned code, const char *why)
{
	message->code = code;
	message->why = why;
	return WEBSOCKET_FAILED;
}

/* Holds the header against RFC 6455 §5: WEBSOCKET_WAIT when it is fine. */
static enum websocket_event check_header(struct websocket *websocket, struct websocket_message *message)
{
	const struct wslay_frame_iocb *frame = &websocket->frame;
	bool under_way = websocket->message != WEBSOCKET_OPCODE_CONTINUATION;

	if (!frame->mask)
		return fail(message, WEBSOCKET_CLOSE_PROTOCOL, "frame is not masked");
	if (frame->rsv != 0)
		return fail(message, WEBSOCKET_CLOSE_PROTOCOL, "reserved bit is set");
	switch (frame->opcode) {
	case WEBSOCKET_OPCODE_CLOSE:
	case WEBSOCKET_OPCODE_PING:
	case WEBSOCKET_OPCODE_PONG:
		if (!frame->fin || frame->payload_length > CONTROL_MAX)
			return fail(message, WEBSOCKET_CLOSE_PROTOCOL, "control frame is fragmented or too long");
		websocket->control_length = 0;
		return WEBSOCKET_WAIT;
	case WEBSOCKET_OPCODE_TEXT:
	case WEBSOCKET_OPCODE_BINARY:
		if (under_way)
			return fail(message, WEBSOCKET_CLOSE_PROTOCOL, "message began inside another");
		websocket->message = frame->opcode;
		break;
	case WEBSOCKET_OPCODE_CONTINUATION:
		if (!under_way)
			return fail(message, WEBSOCKET_CLOSE_PROTOCOL, "continuation of nothing");
		break;
	default:
		return fail(message, WEBSOCKET_CLOSE_PROTOCOL, "unknown opcode");
	}
	if (frame->payload_length > WEBSOCKET_MESSAGE_MAX - websocket->payload.length)
		return fail(message, WEBSOCKET_CLOSE_TOO_LARGE, "message is larger than 64 KiB");
	return WEBSOCKET_WAIT;
}

/* RFC 6455 §7.4: codes that an endpoint may send. */
static bool close_code_is_valid(unsigned code)
{
	return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

static enum websocket_event close_frame(struct websocket *websocket, struct websocket_message *message)
{
	const unsigned char *payload = (const unsigned char *)websocket->control;
	size_t length = websocket->control_length;

	message->code = WEBSOCKET_CLOSE_NO_STATUS;
	if (length == 0)
		return WEBSOCKET_CLOSE;
	if (length == 1)
		return fail(message, WEBSOCKET_CLOSE_PROTOCOL, "close frame of one byte");
	message->code = (unsigned)payload[0] << 8 | payload[1];
	if (!close_code_is_valid(message->code))
		return fail(message, WEBSOCKET_CLOSE_PROTOCOL, "close code is not allowed");
	if (length > 2 && !str_is_utf8(websocket->control + 2, length - 2))
		return fail(message, WEBSOCKET_CLOSE_NOT_UTF8, "close reason is not UTF-8");
	return WEBSOCKET_CLOSE;
}

static enum websocket_event frame_done(struct websocket *websocket, struct websocket_message *message)
{
	enum websocket_opcode opcode = websocket->message;

	switch (websocket->frame.opcode) {
	case WEBSOCKET_OPCODE_CLOSE:
		return close_frame(websocket, message);
	case WEBSOCKET_OPCODE_PING:
	case WEBSOCKET_OPCODE_PONG:
		message->data = websocket->control;
		message->length = websocket->control_length;
		return websocket->frame.opcode == WEBSOCKET_OPCODE_PING ? WEBSOCKET_PING : WEBSOCKET_PONG;
	default:
		break;
	}
	if (!websocket->frame.fin)
		return WEBSOCKET_WAIT;
	websocket->message = WEBSOCKET_OPCODE_CONTINUATION;
	websocket->given = true;
	message->data = websocket->payload.length > 0 ? websocket->payload.data : "";
	message->length = websocket->payload.length;
	if (opcode == WEBSOCKET_OPCODE_BINARY)
		return WEBSOCKET_BINARY;
	if (memchr(message->data, '\0', message->length) == NULL && !str_is_utf8(message->data, message->length))
		return fail(message, WEBSOCKET_CLOSE_NOT_UTF8, "text is not UTF-8");
	return WEBSOCKET_TEXT;
}

static void keep(struct websocket *websocket, const void *data, size_t length)
{
	websocket->frame_left -= length;
	if (wslay_is_ctrl_frame(websocket->frame.opcode)) {
		memcpy(websocket->control + websocket->control_length, data, length);
		websocket->control_length += length;
	} else {
		buf_append(&websocket->payload, data, length);
	}
}

/* Takes in the next piece: false when there is none yet, or *ret_event says why it ends here. */
static bool next_piece(struct websocket *websocket, struct websocket_message *message, enum websocket_event *ret_event)
{
	struct wslay_frame_iocb piece = {0};
	ssize_t n = wslay_frame_recv(websocket->frames, &piece);

	*ret_event = WEBSOCKET_WAIT;
	if (n == WSLAY_ERR_WANT_READ) {
		if (websocket->ended)
			*ret_event = WEBSOCKET_EOF;
		return false;
	}
	if (n < 0) {
		*ret_event = fail(message, WEBSOCKET_CLOSE_PROTOCOL, "malformed frame");
		return false;
	}
	if (!websocket->in_frame) {
		websocket->frame = piece;
		websocket->frame_left = piece.payload_length;
		*ret_event = check_header(websocket, message);
		if (*ret_event != WEBSOCKET_WAIT)
			return false;
		websocket->in_frame = true;
	}
	keep(websocket, piece.data, piece.data_length);
	return true;
}

enum websocket_event websocket_read(struct websocket *websocket, struct websocket_message *ret_message)
{
	*ret_message = (struct websocket_message){0};
	if (websocket->given) {
		websocket->given = false;
		buf_clear(&websocket->payload);
		if (websocket->payload.capacity > KEEP_BUFFER)
			buf_fini(&websocket->payload);
	}
	for (;;) {
		enum websocket_event event;

		if (!next_piece(websocket, ret_message, &event))
			return event;
		if (websocket->frame_left > 0)
			continue;
		websocket->in_frame = false;
		event = frame_done(websocket, ret_message);
		if (event != WEBSOCKET_WAIT)
			return event;
	}
}

size_t websocket_header(enum websocket_opcode opcode, uint64_t length, char out[WEBSOCKET_HEADER_MAX])
{
	size_t n = 2;

	out[0] = (char)(0x80 | opcode);
	if (length < 126) {
		out[1] = (char)length;
		return n;
	}
	out[1] = length <= UINT16_MAX ? 126 : 127;
	for (int shift = length <= UINT16_MAX ? 8 : 56; shift >= 0; shift -= 8)
		out[n++] = (char)(length >> shift);
	return n;
}

void websocket_append(struct buf *out, enum websocket_opcode opcode, const void *data, size_t length)
{
	char header[WEBSOCKET_HEADER_MAX];

	buf_append(out, header, websocket_header(opcode, length, header));
	buf_append(out, data, length);
}

void websocket_append_close(struct buf *out, unsigned code, const char *why)
{
	char payload[CONTROL_MAX] = {(char)(code >> 8), (char)code};
	size_t length = why == NULL ? 0 : min_size(strlen(why), CONTROL_MAX - 2);

	if (code == WEBSOCKET_CLOSE_NO_STATUS) {
		websocket_append(out, WEBSOCKET_OPCODE_CLOSE, "", 0);
		return;
	}
	if (length > 0)
		memcpy(payload + 2, why, length);
	websocket_append(out, WEBSOCKET_OPCODE_CLOSE, payload, length + 2);
}
