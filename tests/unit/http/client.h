/* A blunt HTTP client on a raw socket: sends exactly the bytes it is told, and reads answers. Fails the test on a
 * time-out of 20 s. */
#pragma once

#include <stddef.h>

#include "base/buf.h"

int client_connect(unsigned port);
void client_send(int fd, const char *text);
void client_send_bytes(int fd, const void *data, size_t length);

struct answer {
	int status; /* 0: the connection was closed without one */
	struct buf head;
	struct buf body; /* chunks joined */
};

/* One answer, with its body as Content-Length or chunks tell; `head_only` for answers to HEAD. */
void client_read(int fd, int head_only, struct answer *ret_answer);
void answer_fini(struct answer *answer);
/* The value of a header, malloc'd; NULL: not there. */
char *answer_header(const struct answer *answer, const char *name);
/* Reads until `text` has been seen (kept in `seen`); fails the test if the connection ends before. */
void client_expect(int fd, struct buf *seen, const char *text);
/* Whether the server has closed the connection: waits for it. */
int client_closed(int fd);
/* connect, send, one answer, close. */
void client_ask(unsigned port, const char *text, struct answer *ret_answer);
