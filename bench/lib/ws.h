/* A WebSocket client of the terminal protocol, just enough to measure with. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ws {
	int fd;
	void (*output)(void *data, const char *bytes, size_t length); /* terminal bytes; may be NULL */
	void (*text)(void *data, const char *json, size_t length);    /* control; may be NULL */
	void *data;
	uint64_t offset; /* number of the next output byte */
	uint64_t acked;
	bool self_ack; /* acknowledge each 32 KiB, and the rest when nothing more is there */
	bool closed;   /* a close frame or the end came */

	unsigned char head[10]; /* of the frame under way */
	unsigned head_length;
	uint64_t left;
	unsigned char opcode;
	char control[4096];
	size_t control_length;
};

/* Callbacks and data that are set already are kept. */
void ws_init(struct ws *ws, int fd);
void ws_send(struct ws *ws, unsigned char opcode, const void *data, size_t length);
void ws_ack(struct ws *ws, uint64_t offset);
/* Takes what one read of at most `max` bytes gives: the count; 0 when there is nothing, or it ended. */
size_t ws_take(struct ws *ws, size_t max);
/* Bytes that came already. */
void ws_feed(struct ws *ws, const char *bytes, size_t length);
