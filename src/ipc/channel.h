/* One end of the agent protocol: JSON objects and descriptors over a SOCK_SEQPACKET unix socket (docs/agent-protocol.md).
 * The channel only carries messages; what they mean is the business of client.h and of the agent's dispatch. */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"
#include "base/loop.h"

#define IPC_MESSAGE_MAX ((size_t)128 * 1024) /* bytes of JSON in one message */
#define IPC_QUEUE_MAX ((size_t)16 * 1024 * 1024) /* bytes that wait for a slow peer before the channel gives up on it */

struct channel;

struct channel_handlers {
	/* One well-formed JSON object came. `body` is borrowed; the descriptors are the handler's: it takes one by
	 * steal_fd(&fds[i]), the rest are closed after it returns. The handler may close or free the channel. */
	void (*message)(struct channel *channel, json_t *body, int *fds, size_t fd_count, void *data);
	/* The peer is gone, or broke the protocol (`err` says how; ERROR_NONE for an orderly end). Called once, never from within
	 * channel_send; free the channel here or later. */
	void (*closed)(struct channel *channel, const struct error *err, void *data);
};

/* Takes the descriptor (a connected SOCK_SEQPACKET socket). `handlers` are borrowed for the channel's life. */
int channel_new(struct loop *loop, int fd, const struct channel_handlers *handlers, void *data, struct channel **ret_channel,
		struct error *err);
void channel_free(struct channel *channel); /* takes NULL; closes the socket; no handler runs any more */

/* Queues one message; descriptors are duplicated, so the caller keeps its own. -EMSGSIZE when the JSON is too long, -EPIPE when
 * the channel is closed, -ENOBUFS when the peer is too slow (the channel closes then). */
int channel_send(struct channel *channel, const json_t *body, const int *fds, size_t fd_count);

/* Who is at the other end (SO_PEERCRED, unix(7)): 0 or -errno. */
int channel_peer(const struct channel *channel, unsigned *ret_uid, int *ret_pid);
