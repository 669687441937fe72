/* One pseudo-terminal: reading it as fast as its clients allow, and its end. */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/state.h"
#include "base/util.h"
#include "terminal/control.h"
#include "terminal/internal.h"

static const char *const state_names[] = {"running", "hung up", "ending", "released"};
static const uint32_t state_moves[] = {
	[TERMINAL_RUNNING] = STATE_BIT(TERMINAL_HUNG_UP) | STATE_BIT(TERMINAL_ENDING) | STATE_BIT(TERMINAL_RELEASED),
	[TERMINAL_HUNG_UP] = STATE_BIT(TERMINAL_ENDING) | STATE_BIT(TERMINAL_RELEASED),
	[TERMINAL_ENDING] = STATE_BIT(TERMINAL_RELEASED),
	[TERMINAL_RELEASED] = 0,
};
static const struct state_table states = {"terminal", state_names, state_moves, TERMINAL_STATES};

/* Bytes that the client may still fall behind, 0: it is behind. */
static size_t client_slack(const struct client *client, uint64_t end)
{
	uint64_t behind = end - client->flow.acked;
	size_t window = client->flow.window;

	if (client->blocked) { /* its acks can't be seen: what it was not sent counts instead */
		behind = end - (client->flow.sent - client->frame_left);
		window = client->flow.announced;
	}
	return behind >= window ? 0 : window - (size_t)behind;
}

/* How much may be read: the slowest client sets the pace; a lagging one only when no other is there. */
static size_t room(struct terminal *terminal, bool *ret_waiting)
{
	size_t slowest = SIZE_MAX;
	size_t fastest = 0;

	*ret_waiting = false;
	if (terminal->client_count == 0)
		return SIZE_MAX;
	list_for_each (node, &terminal->clients) {
		struct client *client = container_of(node, struct client, link);
		size_t slack;

		if (client->state != CLIENT_OPEN)
			continue;
		slack = client_slack(client, terminal->ring.end);
		if (slack > 0)
			client->lagging = false;
		if (!client->lagging)
			slowest = min_size(slowest, slack);
		fastest = max_size(fastest, slack);
	}
	if (fastest == 0)
		return 0;
	*ret_waiting = slowest == 0;
	return slowest;
}

/* Some client took nothing while another waited for it: the terminal goes on without it. */
static void on_grace(void *data)
{
	struct terminal *terminal = data;

	list_for_each (node, &terminal->clients) {
		struct client *client = container_of(node, struct client, link);

		if (client_slack(client, terminal->ring.end) == 0 && client->flow.acked == client->grace_acked)
			client->lagging = true;
	}
	terminal_update(terminal);
}

static void begin_grace(struct terminal *terminal)
{
	list_for_each (node, &terminal->clients) {
		struct client *client = container_of(node, struct client, link);

		client->grace_acked = client->flow.acked;
	}
	loop_timer_start(terminal->relay->loop, &terminal->timer, GRACE_MS, on_grace, terminal);
}

static void set_flooding(struct terminal *terminal, bool flooding)
{
	if (terminal->flooding == flooding)
		return;
	terminal->flooding = flooding;
	terminal->relay->flooding += flooding ? 1 : -1;
}

static void on_tty(struct loop_io *io, uint32_t events);

void terminal_update(struct terminal *terminal)
{
	uint32_t events = 0;
	bool waiting;

	if (terminal->state != TERMINAL_RUNNING)
		return;
	if (room(terminal, &waiting) > 0)
		events |= EPOLLIN;
	else
		set_flooding(terminal, false);
	if (!waiting)
		loop_timer_stop(&terminal->timer);
	else if (terminal->timer.loop == NULL)
		begin_grace(terminal);
	if (terminal->input.length > 0)
		events |= EPOLLOUT;
	if (terminal->io.loop != NULL)
		loop_set_events(&terminal->io, events);
	else if (events & EPOLLIN) /* it hung up while it was not to be read (on_tty) */
		loop_add(terminal->relay->loop, &terminal->io, terminal->tty, events, on_tty);
}

static void append(struct terminal *terminal, const char *data, size_t length)
{
	uint64_t end = terminal->ring.end + length;

	list_for_each (node, &terminal->clients)
		client_make_way(container_of(node, struct client, link),
				end > terminal->ring.limit ? end - terminal->ring.limit : 0);
	ring_append(&terminal->ring, data, length);
}

static void flush_clients(struct terminal *terminal)
{
	list_for_each (node, &terminal->clients)
		client_flush(container_of(node, struct client, link));
}

static void close_tty(struct terminal *terminal)
{
	set_flooding(terminal, false);
	loop_remove(&terminal->io);
	if (terminal->tty >= 0)
		close(terminal->tty);
	terminal->tty = -1;
	terminal_input_flush(terminal);
}

/* Reads up to `max` bytes (at most READ_MAX) into the scratch: the count; *ret_ended when nothing more will come. A
 * short read means that the kernel had no more, so no second one is spent on being told so. */
static size_t drain(struct terminal *terminal, size_t max, bool *ret_ended)
{
	char *scratch = terminal->relay->scratch;
	size_t done = 0;

	*ret_ended = false;
	while (done < max) {
		ssize_t n = read(terminal->tty, scratch + done, max - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0 || (n < 0 && errno != EAGAIN))
			*ret_ended = true;
		if (n <= 0)
			break;
		done += (size_t)n;
		if (n < 512)
			break;
	}
	return done;
}

static void hang_up(struct terminal *terminal)
{
	struct relay *relay = terminal->relay;

	state_move(&states, &terminal->state, TERMINAL_HUNG_UP);
	loop_timer_stop(&terminal->timer);
	close_tty(terminal);
	if (relay->events.hangup != NULL)
		relay->events.hangup(terminal, terminal->data);
}

static void on_tty(struct loop_io *io, uint32_t events)
{
	struct terminal *terminal = container_of(io, struct terminal, io);
	struct relay *relay = terminal->relay;
	size_t share = max_size(READ_SHARED / (relay->flooding + 1), READ_LEAST);
	bool waiting, ended;
	size_t max, n;

	if (events & EPOLLOUT)
		terminal_input_flush(terminal);
	if (terminal->state != TERMINAL_RUNNING)
		return;
	max = min_size(min_size(share, READ_MAX), room(terminal, &waiting));
	if (max == 0) {
		/* Its hang-up would be reported again and again; the rest is read when there is room. */
		if (events & (EPOLLHUP | EPOLLERR))
			loop_remove(io);
		terminal_update(terminal);
		return;
	}
	n = drain(terminal, max, &ended);
	set_flooding(terminal, n == max);
	if (n > 0)
		append(terminal, relay->scratch, n);
	flush_clients(terminal);
	if (ended)
		hang_up(terminal);
	else
		terminal_update(terminal);
}

void terminal_fit(struct terminal *terminal)
{
	unsigned cols = 0;
	unsigned rows = 0;
	struct winsize size = {0};

	list_for_each (node, &terminal->clients) {
		const struct client *client = container_of(node, struct client, link);

		if (client->state != CLIENT_OPEN || client->cols == 0)
			continue;
		cols = cols == 0 || client->cols < cols ? client->cols : cols;
		rows = rows == 0 || client->rows < rows ? client->rows : rows;
	}
	if (cols == 0 || terminal->tty < 0 || (cols == terminal->cols && rows == terminal->rows))
		return;
	terminal->cols = cols;
	terminal->rows = rows;
	size.ws_col = (unsigned short)cols;
	size.ws_row = (unsigned short)rows;
	ioctl(terminal->tty, TIOCSWINSZ, &size);
}

void terminal_active(struct terminal *terminal)
{
	int64_t now = clock_monotonic_ms();

	if (terminal->state >= TERMINAL_ENDING || now - terminal->active_ms < ACTIVE_MS)
		return;
	terminal->active_ms = now;
	if (terminal->relay->events.active != NULL)
		terminal->relay->events.active(terminal, terminal->data);
}

static void tell_count(struct terminal *terminal)
{
	if (terminal->state >= TERMINAL_ENDING || terminal->told_count == terminal->client_count)
		return;
	terminal->told_count = terminal->client_count;
	if (terminal->relay->events.clients != NULL)
		terminal->relay->events.clients(terminal, terminal->client_count, terminal->data);
}

void terminal_client_left(struct terminal *terminal)
{
	terminal->client_count--;
	terminal_fit(terminal);
	terminal_update(terminal);
}

void terminal_client_freed(struct terminal *terminal)
{
	tell_count(terminal);
	if (terminal->state == TERMINAL_ENDING && list_is_empty(&terminal->clients))
		terminal_release(terminal);
}

int terminal_new(struct relay *relay, int tty, unsigned cols, unsigned rows, void *data, struct terminal **ret_terminal,
		 struct error *err)
{
	struct terminal *terminal = xmalloc(sizeof(*terminal));
	struct winsize size = {.ws_col = (unsigned short)cols, .ws_row = (unsigned short)rows}, now = {0};
	int r = fd_set_nonblock(tty, true);

	*terminal = (struct terminal){.relay = relay, .tty = tty, .data = data, .cols = cols, .rows = rows};
	if (r == 0)
		r = loop_add(relay->loop, &terminal->io, tty, EPOLLIN, on_tty);
	if (r < 0) {
		free(terminal);
		return error_errno(err, r, "cannot watch the terminal");
	}
	fd_set_cloexec(tty, true);
	if (ioctl(tty, TIOCGWINSZ, &now) == 0 && (now.ws_col != cols || now.ws_row != rows) && cols > 0 && rows > 0)
		ioctl(tty, TIOCSWINSZ, &size);
	list_init(&terminal->clients);
	ring_init(&terminal->ring, relay->limits.ring, 0);
	terminal->active_ms = clock_monotonic_ms() - ACTIVE_MS;
	list_append(&relay->terminals, &terminal->link);
	*ret_terminal = terminal;
	return 0;
}

void terminal_set_offset(struct terminal *terminal, uint64_t offset)
{
	if (terminal->ring.end == terminal->ring.start)
		terminal->ring.start = terminal->ring.end = offset;
}

int terminal_tty(const struct terminal *terminal)
{
	return terminal->tty;
}

uint64_t terminal_offset(const struct terminal *terminal)
{
	return terminal->ring.end;
}

unsigned terminal_clients(const struct terminal *terminal)
{
	return terminal->client_count;
}

void terminal_attach(struct terminal *terminal, int socket, const void *early, size_t early_length, uint64_t offset,
		     void (*closed)(void *data), void *closed_data)
{
	const struct ring *ring = &terminal->ring;
	struct client *client;

	if (terminal->client_count >= terminal->relay->limits.max_clients) {
		relay_refuse(terminal->relay, socket, WEBSOCKET_CLOSE_POLICY, "too many windows look at this terminal",
			     closed, closed_data);
		return;
	}
	client = client_join(terminal->relay, terminal, socket, early, early_length, closed, closed_data);
	if (client == NULL)
		return;
	terminal->client_count++;
	if (offset < ring->start)
		offset = ring->start;
	client_greet(client, offset > ring->end ? ring->end : offset);
	tell_count(terminal);
	terminal_active(terminal);
	client_take(client); /* the early bytes; and the greeting goes out */
}

void terminal_control(struct terminal *terminal, const char *json)
{
	list_for_each (node, &terminal->clients) {
		struct client *client = container_of(node, struct client, link);

		if (client->state == CLIENT_OPEN)
			client_control(client, json);
	}
}

static void on_end(void *data)
{
	struct terminal *terminal = data;

	list_for_each (node, &terminal->clients)
		client_finish(container_of(node, struct client, link));
}

void terminal_end(struct terminal *terminal, const char *reason, int exit_code)
{
	bool ended = terminal->tty < 0;
	size_t left = terminal->ring.limit;

	state_move(&states, &terminal->state, TERMINAL_ENDING);
	terminal->exit = control_exit(reason, exit_code);
	/* Something may write for ever: what the kernel holds is far less than the ring, so a ring's worth is all there
	 * can be. */
	while (!ended && left > 0) {
		size_t n = drain(terminal, min_size(left, READ_MAX), &ended);

		if (n == 0)
			break;
		append(terminal, terminal->relay->scratch, n);
		left -= n;
	}
	close_tty(terminal);
	loop_timer_start(terminal->relay->loop, &terminal->timer, END_MS, on_end, terminal);
	if (list_is_empty(&terminal->clients))
		terminal_release(terminal);
	else
		flush_clients(terminal);
}

void terminal_release(struct terminal *terminal)
{
	if (terminal->state == TERMINAL_RELEASED)
		return;
	state_move(&states, &terminal->state, TERMINAL_RELEASED);
	loop_timer_stop(&terminal->timer);
	close_tty(terminal);
	list_remove(&terminal->link);
	list_append(&terminal->relay->released, &terminal->link);
	relay_reap_soon(terminal->relay);
}

void terminal_free(struct terminal *terminal)
{
	ring_fini(&terminal->ring);
	buf_fini(&terminal->input);
	free(terminal->exit);
	free(terminal);
}
