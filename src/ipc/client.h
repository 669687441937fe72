/* The asking side of the agent protocol: requests with answers by id, and events. All calls are for the loop's thread. */
#pragma once

#include <jansson.h>

#include "ipc/channel.h"

#define IPC_PROTOCOL_VERSION 1

struct client;

/* The answer to one request: `result` on success (err == NULL), else `err`. `result` is borrowed; descriptors as in channel.h. */
typedef void (*client_answer)(const struct error *err, json_t *result, int *fds, size_t fd_count, void *data);

struct client_handlers {
	/* An event: {"event": name, …}. `body` is borrowed. */
	void (*event)(const char *name, json_t *body, int *fds, size_t fd_count, void *data);
	/* The connection is over; every open request has been answered with ERROR_UNAVAILABLE before. Free the client here or later. */
	void (*closed)(const struct error *err, void *data);
};

/* Takes the connected socket and says hello; requests may follow at once. */
int client_new(struct loop *loop, int fd, const struct client_handlers *handlers, void *data, struct client **ret_client,
	       struct error *err);
void client_free(struct client *client); /* takes NULL; open requests are answered with ERROR_UNAVAILABLE */

/* Sends {"id": …, "op": op, …arguments}. `arguments` (an object) is taken. `answer` is called exactly once, never from within. */
void client_request(struct client *client, const char *op, json_t *arguments, const int *fds, size_t fd_count,
		    client_answer answer, void *data);
