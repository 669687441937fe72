/* An HTTP/1.1 client, just enough to measure with: one connection, Content-Length bodies, the session cookie kept. */
#pragma once

#include <stddef.h>

#include "ws.h"

struct site {
	char host[256];
	char port[8];
};

/* TTOB_URL (http://127.0.0.1:8080). */
void site_init(struct site *site);

/* One person: a connection and a session of its own. */
struct person {
	const struct site *site;
	int fd; /* -1: not connected */
	char cookie[512];
	const char *address; /* to connect from (127.0.1.7); NULL: any */
};

struct answer {
	int status;          /* 0: no answer */
	char body[32 << 10]; /* with a NUL; what is longer is cut */
	size_t length;
};

int site_connect(const struct site *site); /* gives the socket, or exits with a message */
int site_try_connect(const struct site *site, const char *from); /* the socket, or -1; `from` NULL: any address */
/* Keeps the connection for the next call. `json` may be NULL. */
void person_call(struct person *person, const char *method, const char *path, const char *json, struct answer *answer);
/* The same with a body of any type. Status 0, and no connection: nobody answers, or the connection ended before the answer. */
void person_send(struct person *person, const char *method, const char *path, const char *type, const void *body, size_t length,
		 struct answer *answer);
/* Opens the terminal at `path`; false when the server refuses. Bytes that came along are fed to `ws`, whose callbacks
 * are set. */
int person_terminal(struct person *person, const char *path, struct ws *ws);
void person_leave(struct person *person);

/* The string value of the first "key": "…" in JSON text (no escapes inside), or "". */
const char *json_find(const char *json, const char *key, char *out, size_t size);
double json_number(const char *json, const char *key); /* -1: not there */
