/* WebSocket frames (RFC 6455), server side: bytes of a socket in, whole messages out, read through wslay; and the
 * header of a frame to send. Output frames are written by the owner, straight from its own memory. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

#define WEBSOCKET_MESSAGE_MAX (64u << 10) /* bytes in one message from a client */
#define WEBSOCKET_HEADER_MAX  10

enum websocket_opcode {
	WEBSOCKET_OPCODE_CONTINUATION = 0x0,
	WEBSOCKET_OPCODE_TEXT = 0x1,
	WEBSOCKET_OPCODE_BINARY = 0x2,
	WEBSOCKET_OPCODE_CLOSE = 0x8,
	WEBSOCKET_OPCODE_PING = 0x9,
	WEBSOCKET_OPCODE_PONG = 0xa
};

enum websocket_close {
	WEBSOCKET_CLOSE_NORMAL = 1000,
	WEBSOCKET_CLOSE_AWAY = 1001,
	WEBSOCKET_CLOSE_PROTOCOL = 1002,
	WEBSOCKET_CLOSE_NO_STATUS = 1005, /* never on the wire */
	WEBSOCKET_CLOSE_NOT_UTF8 = 1007,
	WEBSOCKET_CLOSE_POLICY = 1008,
	WEBSOCKET_CLOSE_TOO_LARGE = 1009,
	WEBSOCKET_CLOSE_INTERNAL = 1011
};

enum websocket_event {
	WEBSOCKET_WAIT, /* nothing whole: read again when the socket has more */
	WEBSOCKET_BINARY,
	WEBSOCKET_TEXT, /* well-formed UTF-8 */
	WEBSOCKET_PING,
	WEBSOCKET_PONG,
	WEBSOCKET_CLOSE,  /* `code` is the client's (1005: none given) */
	WEBSOCKET_FAILED, /* the client broke the protocol: close with `code`, and read no more */
	WEBSOCKET_EOF     /* the socket ended or failed */
};

struct websocket_message {
	const char *data; /* until the next websocket_read */
	size_t length;
	unsigned code;
	const char *why; /* of WEBSOCKET_FAILED: a constant */
};

struct websocket;

/* Reads `fd` (which stays the owner's) without ever blocking, after the `early` bytes (copied). */
struct websocket *websocket_new(int fd, const void *early, size_t early_length);
void websocket_free(struct websocket *websocket); /* takes NULL */

/* Allows `bytes` to be taken from the socket until the next call of this. What was taken is always given out:
 * websocket_read until WEBSOCKET_WAIT leaves nothing behind that a level-triggered poll would not report. */
void websocket_allow(struct websocket *websocket, size_t bytes);
enum websocket_event websocket_read(struct websocket *websocket, struct websocket_message *ret_message);
/* Bytes came since the last call of this. */
bool websocket_heard(struct websocket *websocket);

/* The header of an unmasked, final frame: its length. */
size_t websocket_header(enum websocket_opcode opcode, uint64_t length, char out[WEBSOCKET_HEADER_MAX]);
/* Appends a whole frame. */
void websocket_append(struct buf *out, enum websocket_opcode opcode, const void *data, size_t length);
/* Appends a close frame; `why` (at most 123 bytes are used) may be NULL. WEBSOCKET_CLOSE_NO_STATUS gives an empty one.
 */
void websocket_append_close(struct buf *out, unsigned code, const char *why);
