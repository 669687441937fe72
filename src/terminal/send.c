/* The way out of one client: control frames, and output frames written straight from the ring. */
#include <errno.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/util.h"
#include "terminal/internal.h"

/* Sends the pieces: the count, or 0 when the socket is full (or the client was dropped). */
static size_t push(struct client *client, struct iovec *pieces, int count)
{
	struct msghdr message = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
	ssize_t n;

	do
		n = sendmsg(client->io.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		return (size_t)n;
	if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS)
		client_drop(client);
	else
		client->full = true;
	return 0;
}

static bool send_control(struct client *client)
{
	struct iovec piece = {client->out.data, client->out.length};
	size_t n = push(client, &piece, 1);

	if (n == 0)
		return false;
	buf_consume(&client->out, n);
	if (client->out.length == 0)
		buf_fini(&client->out);
	return true;
}

/* One write of the output frame under way. */
static bool send_frame(struct client *client)
{
	struct iovec pieces[3] = {{client->header + client->header_size - client->header_left, client->header_left}};
	int count = client->header_left > 0 ? 1 : 0;
	size_t n, header;

	if (client->spill.length > 0)
		pieces[count++] = (struct iovec){client->spill.data, client->spill.length};
	else
		count += ring_peek(&client->terminal->ring, client->flow.sent - client->frame_left, client->frame_left,
				   pieces + count);
	n = push(client, pieces, count);
	if (n == 0)
		return false;
	header = min_size(n, client->header_left);
	client->header_left -= (unsigned char)header;
	client->frame_left -= n - header;
	if (client->spill.length > 0) {
		buf_consume(&client->spill, n - header);
		if (client->spill.length == 0)
			buf_fini(&client->spill);
	}
	return true;
}

/* Starts a message with the next output: false when there is none, or the client has enough on its way. */
static bool next_frame(struct client *client)
{
	struct terminal *terminal = client->terminal;
	struct ring *ring = &terminal->ring;
	/* The acks of a client that is not read cannot be seen: then only the socket holds it back (input.c). */
	size_t room = client->blocked ? FRAME_MAX : flow_room(&client->flow);
	size_t length;

	if (room == 0)
		return false;
	if (client->flow.sent < ring->start) {
		/* It lagged, and the others went on. Half a window behind the newest it can keep up again. */
		uint64_t newest = ring->end - min_size((size_t)(ring->end - ring->start), client->flow.announced / 2);

		client_greet(client, newest);
		return true;
	}
	length = min_size(min_size(room, FRAME_MAX), (size_t)(ring->end - client->flow.sent));
	if (length == 0)
		return false;
	client->header_size = (unsigned char)websocket_header(WEBSOCKET_OPCODE_BINARY, length, client->header);
	client->header_left = client->header_size;
	client->frame_left = length;
	flow_sent(&client->flow, length, clock_monotonic_us());
	return true;
}

/* Nothing is left to send: what follows from that. */
static void sent_all(struct client *client)
{
	if (client->state == CLIENT_CLOSING && client->close_received)
		client_drop(client);
	else if (client->state == CLIENT_OPEN && client->terminal->state == TERMINAL_ENDING &&
		 client->flow.sent == client->terminal->ring.end)
		client_finish(client);
}

void client_flush(struct client *client)
{
	bool more = true;

	if (client->state == CLIENT_GONE)
		return;
	client->full = false;
	while (more) {
		if (client->header_left > 0 || client->frame_left > 0)
			more = send_frame(client);
		else if (client->out.length > 0)
			more = send_control(client);
		else
			more = client->state == CLIENT_OPEN && next_frame(client);
	}
	if (client->state == CLIENT_GONE)
		return;
	if (!client->full)
		sent_all(client);
	client_update(client);
}

void client_make_way(struct client *client, uint64_t number)
{
	uint64_t from = client->flow.sent - client->frame_left;
	struct iovec pieces[2];
	int count;

	if (client->state == CLIENT_GONE || client->frame_left == 0 || client->spill.length > 0 || from >= number)
		return;
	count = ring_peek(&client->terminal->ring, from, client->frame_left, pieces);
	for (int i = 0; i < count; i++)
		buf_append(&client->spill, pieces[i].iov_base, pieces[i].iov_len);
}
