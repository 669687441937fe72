#include "ipc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

struct outgoing {
	struct list link;
	size_t length;
	size_t fd_count;
	int fds[FD_PASS_MAX];
	char data[];
};

struct channel {
	struct loop *loop;
	struct loop_io io;
	struct loop_timer close_timer; /* tells `closed` from the loop, never from within a send */
	const struct channel_handlers *handlers;
	void *data;
	struct list outgoing;
	size_t outgoing_bytes;
	bool closed;
	bool *freed; /* set while a handler runs, to notice that it freed us */
	struct error error;
	int fd;
};

static void outgoing_free(struct outgoing *message)
{
	for (size_t i = 0; i < message->fd_count; i++)
		close(message->fds[i]);
	free(message);
}

static void tell_closed(void *data)
{
	struct channel *channel = data;

	channel->handlers->closed(channel, &channel->error, channel->data);
}

/* The protocol is over; the owner hears of it from the loop. */
static void end(struct channel *channel)
{
	if (channel->closed)
		return;
	channel->closed = true;
	loop_remove(&channel->io);
	loop_timer_start(channel->loop, &channel->close_timer, 0, tell_closed, channel);
}

static void flush(struct channel *channel)
{
	while (!list_is_empty(&channel->outgoing)) {
		struct outgoing *message = container_of(channel->outgoing.next, struct outgoing, link);
		int r = fd_send(channel->fd, message->data, message->length, message->fds, message->fd_count);

		if (r == -EAGAIN)
			break;
		if (r < 0) {
			if (r != -EPIPE && r != -ECONNRESET)
				error_errno(&channel->error, r, "cannot send");
			end(channel);
			return;
		}
		list_remove(&message->link);
		channel->outgoing_bytes -= message->length;
		outgoing_free(message);
	}
	loop_set_events(&channel->io, EPOLLIN | (list_is_empty(&channel->outgoing) ? 0u : (unsigned)EPOLLOUT));
}

/* Gives false when the handler has freed the channel. */
static bool deliver(struct channel *channel, const char *data, size_t length, int *fds, size_t fd_count)
{
	json_error_t json_error;
	json_t *body = json_loadb(data, length, JSON_REJECT_DUPLICATES, &json_error);
	bool freed = false;

	if (!json_is_object(body)) {
		error_set(&channel->error, ERROR_MALFORMED, EBADMSG, "the peer sent what is no JSON object");
		end(channel);
	} else {
		channel->freed = &freed;
		channel->handlers->message(channel, body, fds, fd_count, channel->data);
		if (!freed)
			channel->freed = NULL;
	}
	json_decref(body);
	for (size_t i = 0; i < fd_count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	return !freed;
}

static void receive(struct channel *channel)
{
	/* A few at a time, so that one busy peer can't hold the loop. */
	auto_free char *data = xmalloc(IPC_MESSAGE_MAX);

	for (int i = 0; i < 16 && !channel->closed; i++) {
		int fds[FD_PASS_MAX];
		size_t fd_count;
		ssize_t n = fd_receive(channel->fd, data, IPC_MESSAGE_MAX, fds, &fd_count);

		if (n == -EAGAIN)
			return;
		if (n <= 0) {
			if (n == -EMSGSIZE)
				error_set(&channel->error, ERROR_TOO_LARGE, EMSGSIZE, "the peer sent an oversized message");
			else if (n < 0 && n != -ECONNRESET)
				error_errno(&channel->error, (int)n, "cannot receive");
			end(channel);
			return;
		}
		if (!deliver(channel, data, (size_t)n, fds, fd_count))
			return;
	}
}

static void ready(struct loop_io *io, uint32_t events)
{
	struct channel *channel = container_of(io, struct channel, io);

	if ((events & EPOLLOUT) != 0)
		flush(channel);
	if (!channel->closed && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
		receive(channel);
}

int channel_new(struct loop *loop, int fd, const struct channel_handlers *handlers, void *data, struct channel **ret_channel,
		struct error *err)
{
	struct channel *channel = xmalloc(sizeof(*channel));
	int size = 1024 * 1024;
	int r;

	channel->loop = loop;
	channel->handlers = handlers;
	channel->data = data;
	channel->fd = fd;
	list_init(&channel->outgoing);
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	r = fd_set_nonblock(fd, true);
	if (r == 0)
		r = loop_add(loop, &channel->io, fd, EPOLLIN, ready);
	if (r < 0) {
		close(fd);
		free(channel);
		return error_errno(err, r, "cannot watch the socket");
	}
	*ret_channel = channel;
	return 0;
}

void channel_free(struct channel *channel)
{
	if (channel == NULL)
		return;
	if (channel->freed != NULL)
		*channel->freed = true;
	loop_remove(&channel->io);
	loop_timer_stop(&channel->close_timer);
	list_for_each(node, &channel->outgoing)
		outgoing_free(container_of(node, struct outgoing, link));
	close(channel->fd);
	free(channel);
}

static int duplicate_fds(struct outgoing *message, const int *fds, size_t fd_count)
{
	for (size_t i = 0; i < fd_count; i++) {
		message->fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
		if (message->fds[i] < 0)
			return -errno;
		message->fd_count++;
	}
	return 0;
}

int channel_send(struct channel *channel, const json_t *body, const int *fds, size_t fd_count)
{
	auto_free char *text = json_dumps(body, JSON_COMPACT);
	size_t length = text != NULL ? strlen(text) : 0;
	struct outgoing *message;
	int r;

	if (channel->closed)
		return -EPIPE;
	if (text == NULL || fd_count > FD_PASS_MAX)
		return -EINVAL;
	if (length > IPC_MESSAGE_MAX)
		return -EMSGSIZE;
	if (channel->outgoing_bytes + length > IPC_QUEUE_MAX) {
		error_set(&channel->error, ERROR_UNAVAILABLE, ENOBUFS, "the peer does not take its messages");
		end(channel);
		return -ENOBUFS;
	}
	message = xmalloc(sizeof(*message) + length);
	message->length = length;
	memcpy(message->data, text, length);
	r = duplicate_fds(message, fds, fd_count);
	if (r < 0) {
		outgoing_free(message);
		return r;
	}
	list_append(&channel->outgoing, &message->link);
	channel->outgoing_bytes += length;
	flush(channel);
	return 0;
}

int channel_peer(const struct channel *channel, unsigned *ret_uid, int *ret_pid)
{
	struct ucred credentials;
	socklen_t length = sizeof(credentials);

	if (getsockopt(channel->fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
		return -errno;
	*ret_uid = credentials.uid;
	*ret_pid = credentials.pid;
	return 0;
}
