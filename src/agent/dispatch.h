/* Requests of the agent protocol (docs/agent-protocol.md): a table of operations with the schema of their arguments. A handler only
 * ever sees arguments that have passed the schema: every field known, of its type, and within its bounds. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/agent.h"
#include "ipc/channel.h"

enum field_type {
	FIELD_STRING,	 /* UTF-8 without NUL; `max` bytes, at least `min` */
	FIELD_ID,	 /* 1 to 40 of a-z0-9-, starting with a letter or digit */
	FIELD_INTEGER,	 /* from `min` to `max` */
	FIELD_BOOL,	 /* */
	FIELD_OBJECT,	 /* with the fields in `fields` */
	FIELD_STRINGS,	 /* an array of strings: `min` to `max` of them, each at most FIELD_ITEM_MAX bytes */
	FIELD_STRING_MAP /* an object of strings: at most `max` of them, names and values as in FIELD_STRINGS */
};

#define FIELD_ITEM_MAX 4096

struct op_field {
	const char *name; /* NULL ends a table */
	enum field_type type;
	bool optional;
	uint64_t min;
	uint64_t max;			/* must be set for all but FIELD_ID, FIELD_BOOL, FIELD_OBJECT */
	const struct op_field *fields;	/* of FIELD_OBJECT */
};

struct request;

struct op {
	const char *name; /* NULL ends a table */
	const struct op_field *fields; /* NULL: no arguments */
	unsigned fds;			/* exactly so many descriptors come with it */
	/* Answers by request_answer or request_fail, now or later, exactly once. */
	void (*handler)(struct agent *agent, struct request *request);
};

/* What came. All borrowed until the request is answered. */
struct agent *request_agent(const struct request *request);
json_t *request_arguments(const struct request *request);
const char *request_string(const struct request *request, const char *field); /* NULL: not given */
int64_t request_integer(const struct request *request, const char *field, int64_t fallback);
bool request_bool(const struct request *request, const char *field); /* false: not given */
int *request_fd(struct request *request, unsigned i); /* take it with steal_fd(), else it is closed with the request */
/* Who asked; NULL once that peer is gone (answering is still needed, and harmless). For ownership, compare pointers only. */
const struct connection *request_connection(const struct request *request);

/* Ends and frees the request. `result` (an object) is taken, NULL means {}. Descriptors are duplicated, the caller keeps its own. */
void request_answer(struct request *request, json_t *result, const int *fds, size_t fd_count);
void request_fail(struct request *request, const struct error *err);

/* Checks one object against a table of fields, besides the protocol's own "id" and "op". 0, or -EINVAL with ERROR_INVALID. */
int schema_check(const struct op_field *fields, json_t *object, bool top, struct error *err);
bool id_is_valid(const char *id);

/* For main: takes a connected socket whose peer may use the agent. */
int connection_new(struct agent *agent, int fd, struct error *err);
/* Closes all connections. Their open requests stay, and are answered into nothing. */
void connections_close(struct agent *agent);
/* A peer that may use the agent: root, ourselves, or `user` (-1: nobody else). */
bool peer_is_allowed(int fd, int64_t user);
