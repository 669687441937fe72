/* One WebSocket client of a terminal: its life, and what it says. */
#include "terminal/control.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/state.h"
#include "base/util.h"
#include "terminal/internal.h"

static const char *const state_names[] = {"open", "closing", "gone"};
static const uint32_t state_moves[] = {
	[CLIENT_OPEN] = STATE_BIT(CLIENT_CLOSING) | STATE_BIT(CLIENT_GONE),
	[CLIENT_CLOSING] = STATE_BIT(CLIENT_GONE),
	[CLIENT_GONE] = 0,
};
static const struct state_table states = {"terminal client", state_names, state_moves, CLIENT_STATES};

static void ping(struct client *client)
{
	client->ping_us = clock_monotonic_us();
	websocket_append(&client->out, WEBSOCKET_OPCODE_PING, "", 0);
}

static void on_timer(void *data)
{
	struct client *client = data;

	if (client->state == CLIENT_CLOSING) {
		client_drop(client);
		return;
	}
	/* A blocked client is not read, so nothing can be heard from it; TCP finds out when it is dead. */
	if (!websocket_heard(client->in) && !client->blocked) {
		client_drop(client);
		return;
	}
	loop_timer_start(client->relay->loop, &client->timer, client->relay->limits.ping_ms, on_timer, client);
	if (client->out.length == 0)
		ping(client);
	client_flush(client);
}

static void on_socket(struct loop_io *io, uint32_t events)
{
	struct client *client = container_of(io, struct client, io);

	if (client->blocked && (events & (EPOLLERR | EPOLLHUP))) {
		client_drop(client);
		return;
	}
	if (events & EPOLLOUT)
		client_flush(client);
	if (client->state != CLIENT_GONE && (events & (EPOLLIN | EPOLLERR | EPOLLHUP)))
		client_take(client);
}

/* On a socket that is not TCP (tests) these fail, and that is fine. */
static void tune(int socket, int64_t ping_ms)
{
	int on = 1;
	unsigned dead_ms = (unsigned)(2 * ping_ms);

	setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	/* What was sent and not taken in by the other machine for this long: the path is gone. */
	setsockopt(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, &dead_ms, sizeof(dead_ms));
}

struct client *client_join(struct relay *relay, struct terminal *terminal, int socket, const void *early,
			  size_t early_length, void (*closed)(void *data), void *closed_data)
{
	struct client *client = xmalloc(sizeof(*client));

	*client = (struct client){.relay = relay, .state = CLIENT_OPEN, .closed = closed, .closed_data = closed_data};
	list_append(terminal != NULL ? &terminal->clients : &relay->strays, &client->link);
	list_init(&client->dead);
	client->in = websocket_new(socket, early, early_length);
	if (loop_add(relay->loop, &client->io, socket, EPOLLIN, on_socket) < 0) {
		client->io.fd = socket;
		client_drop(client);
		return NULL;
	}
	client->terminal = terminal;
	tune(socket, relay->limits.ping_ms);
	websocket_heard(client->in);
	loop_timer_start(relay->loop, &client->timer, relay->limits.ping_ms, on_timer, client);
	return client;
}

void client_greet(struct client *client, uint64_t offset)
{
	char text[128];
	int n;

	flow_start(&client->flow, client->relay->limits.window, offset);
	n = snprintf(text, sizeof(text), "{\"hello\": {\"offset\": %llu, \"window\": %zu, \"end\": %llu}}",
		     (unsigned long long)offset, client->flow.announced,
		     (unsigned long long)client->terminal->ring.end);
	websocket_append(&client->out, WEBSOCKET_OPCODE_TEXT, text, (size_t)n);
	if (client->flow.least_us < 0)
		ping(client); /* its answer tells how far away the client is */
}

void client_control(struct client *client, const char *json)
{
	websocket_append(&client->out, WEBSOCKET_OPCODE_TEXT, json, strlen(json));
	if (client->out.length > CONTROL_QUEUE)
		client_drop(client);
	else
		client_flush(client);
}

static void say_goodbye(struct client *client, unsigned code, const char *why)
{
	state_move(&states, &client->state, CLIENT_CLOSING);
	websocket_append_close(&client->out, code, why);
	client->blocked = false;
	loop_timer_start(client->relay->loop, &client->timer, CLOSE_MS, on_timer, client);
	if (client->terminal != NULL)
		terminal_client_left(client->terminal);
}

void client_close(struct client *client, unsigned code, const char *why)
{
	if (client->state != CLIENT_OPEN)
		return;
	say_goodbye(client, code, why);
	client_flush(client);
}

void client_finish(struct client *client)
{
	const char *exit = client->terminal->exit;

	if (client->state != CLIENT_OPEN)
		return;
	websocket_append(&client->out, WEBSOCKET_OPCODE_TEXT, exit, strlen(exit));
	client_close(client, WEBSOCKET_CLOSE_NORMAL, NULL);
}

void client_update(struct client *client)
{
	uint32_t events = client->blocked ? 0 : EPOLLIN;

	if (client->full)
		events |= EPOLLOUT;
	loop_set_events(&client->io, events);
}

void client_drop(struct client *client)
{
	bool was_open = client->state == CLIENT_OPEN;

	if (client->state == CLIENT_GONE)
		return;
	state_move(&states, &client->state, CLIENT_GONE);
	loop_remove(&client->io);
	loop_timer_stop(&client->timer);
	list_append(&client->relay->dead, &client->dead);
	relay_reap_soon(client->relay);
	if (client->closed != NULL)
		client->closed(client->closed_data);
	else
		close(client->io.fd);
	if (was_open && client->terminal != NULL)
		terminal_client_left(client->terminal);
}

void client_discard(struct client *client)
{
	list_remove(&client->link);
	websocket_free(client->in);
	buf_fini(&client->out);
	buf_fini(&client->spill);
	free(client);
}

static void take_control(struct client *client, const char *json, size_t length)
{
	struct control control;
	const char *why;

	if (control_parse(json, length, &control, &why) < 0) {
		client_close(client, WEBSOCKET_CLOSE_POLICY, why);
		return;
	}
	if (control.has_resize) {
		client->cols = control.cols;
		client->rows = control.rows;
		terminal_fit(client->terminal);
	}
	if (control.has_ack)
		flow_acked(&client->flow, control.ack, clock_monotonic_us());
}

static void take_input(struct client *client, const char *data, size_t length)
{
	if (length == 0)
		return;
	if (!terminal_input(client->terminal, data, length)) {
		client->blocked = true;
		client->held = data;
		client->held_length = length;
	}
	terminal_active(client->terminal);
}

static void take_message(struct client *client, enum websocket_event event, const struct websocket_message *message)
{
	if (event == WEBSOCKET_PING) {
		/* One answer at a time is enough (RFC 6455 §5.5.3), and a client that doesn't read can't pile them up.
		 */
		if (client->out.length == 0)
			websocket_append(&client->out, WEBSOCKET_OPCODE_PONG, message->data, message->length);
	} else if (event == WEBSOCKET_PONG) {
		if (client->ping_us != 0)
			flow_trip(&client->flow, clock_monotonic_us() - client->ping_us);
		client->ping_us = 0;
	} else if (event == WEBSOCKET_CLOSE) {
		client->close_received = true;
		client_close(client, message->code, NULL);
	} else if (event == WEBSOCKET_FAILED) {
		client->deaf = true;
		client_close(client, message->code, message->why);
	} else if (client->state == CLIENT_OPEN && client->terminal != NULL) {
		if (event == WEBSOCKET_BINARY)
			take_input(client, message->data, message->length);
		else if (event == WEBSOCKET_TEXT)
			take_control(client, message->data, message->length);
	}
}

/* Throws away what comes, until the end: closing a socket with unread bytes would take back what was sent last. */
static void take_nothing(struct client *client)
{
	char waste[4096];
	ssize_t n = recv(client->io.fd, waste, sizeof(waste), MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		client_drop(client);
}

void client_take(struct client *client)
{
	struct websocket_message message;
	enum websocket_event event;

	websocket_allow(client->in, RECEIVE_MAX);
	while (client->state != CLIENT_GONE && !client->blocked && !client->deaf) {
		event = websocket_read(client->in, &message);
		if (event == WEBSOCKET_WAIT)
			break;
		if (event == WEBSOCKET_EOF) {
			client_drop(client);
			return;
		}
		take_message(client, event, &message);
	}
	if (client->deaf && client->state != CLIENT_GONE)
		take_nothing(client);
	client_flush(client);
	if (client->terminal != NULL)
		terminal_update(client->terminal);
}
