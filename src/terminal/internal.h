/* What the relay's files share. Arrows: relay → terminal → client → {send, input, websocket, control, flow, ring}. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/list.h"
#include "base/loop.h"
#include "terminal/flow.h"
#include "terminal/relay.h"
#include "terminal/ring.h"
#include "terminal/websocket.h"

#define READ_MAX      (64u << 10)  /* bytes that one terminal may give in one turn of the loop */
#define READ_LEAST    (8u << 10)   /* … when many terminals flood */
#define READ_SHARED   (256u << 10) /* … that all flooding terminals together may give in one turn */
#define RECEIVE_MAX   (16u << 10)  /* bytes taken from one client in one turn */
#define FRAME_MAX     (32u << 10)  /* bytes of output in one message */
#define INPUT_MAX     (64u << 10)  /* input that waits for the pseudo-terminal before clients are read no more */
#define CONTROL_QUEUE (64u << 10)  /* control frames that a client may leave waiting before it is let go */
#define GRACE_MS      1000         /* a client that takes nothing for this long holds up the others no more */
#define END_MS        5000         /* clients may take in the last output for this long */
#define CLOSE_MS      3000         /* the client may answer a close frame for this long */
#define ACTIVE_MS     1000

enum client_state { CLIENT_OPEN, CLIENT_CLOSING, CLIENT_GONE, CLIENT_STATES };
enum terminal_state { TERMINAL_RUNNING, TERMINAL_HUNG_UP, TERMINAL_ENDING, TERMINAL_RELEASED, TERMINAL_STATES };

struct client {
	struct list link; /* in terminal->clients or relay->strays, until it is freed */
	struct list dead; /* in relay->dead, once it is gone */
	struct relay *relay;
	struct terminal *terminal; /* NULL: refused */
	unsigned state;            /* enum client_state */
	struct loop_io io;
	struct loop_timer timer; /* open: the next ping; closing: the deadline */
	struct websocket *in;
	void (*closed)(void *data);
	void *closed_data;

	struct flow flow;
	int64_t ping_us;                   /* when the ping was sent that is not yet answered, 0: none */
	struct buf out;                    /* control frames, sent between output frames */
	char header[WEBSOCKET_HEADER_MAX]; /* of the output frame under way */
	unsigned char header_left, header_size;
	size_t frame_left; /* its bytes that are still to be sent: the ring's up to flow.sent, or the spill's */
	struct buf spill;  /* … when the ring has to give up the place */

	const char *held; /* a message that the terminal had no room for, in `in` */
	size_t held_length;
	unsigned cols, rows;  /* 0: not said */
	uint64_t grace_acked; /* flow.acked when the grace began */
	bool blocked;         /* not read until `held` went */
	bool lagging;         /* holds up the terminal no more, until it caught up */
	bool deaf;            /* broke the protocol: what it sends is thrown away */
	bool close_received;
	bool full; /* the socket takes no more for now */
};

struct terminal {
	struct list link; /* in relay->terminals, then in relay->released */
	struct relay *relay;
	unsigned state; /* enum terminal_state */
	int tty;        /* -1 after hangup */
	struct loop_io io;
	struct loop_timer timer; /* running: a grace; ending: the deadline */
	void *data;
	struct ring ring;
	struct buf input; /* waits for the pseudo-terminal */
	struct list clients;
	unsigned client_count; /* open ones */
	unsigned told_count;   /* what the owner knows */
	unsigned cols, rows;
	int64_t active_ms;
	char *exit;    /* the exit message, once ending */
	bool flooding; /* used up its share of the last turn */
};

struct relay {
	struct loop *loop;
	struct relay_limits limits;
	struct relay_events events;
	struct list terminals;
	struct list strays; /* clients without a terminal */
	/* Clients and terminals go in the middle of handlers and loops that still hold them; they are freed at the end
	 * of the turn. */
	struct list dead;     /* clients */
	struct list released; /* terminals */
	struct loop_timer reaper;
	unsigned flooding; /* terminals */
	char *scratch;     /* READ_MAX bytes */
};

/* client.c. No client_new and client_free: src/ipc has these, and both are linked into ttob. */
struct client *client_join(struct relay *relay, struct terminal *terminal, int socket, const void *early,
			  size_t early_length, void (*closed)(void *data), void *closed_data);
void client_greet(struct client *client, uint64_t offset);
void client_take(struct client *client); /* reads what it sent */
void client_control(struct client *client, const char *json);
void client_close(struct client *client, unsigned code, const char *why);
void client_finish(struct client *client); /* the exit message, and close 1000 */
void client_drop(struct client *client);
void client_update(struct client *client); /* the events it waits for */
void client_discard(struct client *client);

/* send.c */
void client_flush(struct client *client); /* may drop it */
/* The ring is about to drop everything before `number`: keeps what a frame under way still needs. */
void client_make_way(struct client *client, uint64_t number);

/* input.c */
/* False: no room, offer it again when terminal_input_flush says so. */
bool terminal_input(struct terminal *terminal, const char *data, size_t length);
void terminal_input_flush(struct terminal *terminal);

/* terminal.c */
void terminal_update(struct terminal *terminal); /* the events it waits for */
void terminal_fit(struct terminal *terminal);    /* the smallest size wins */
void terminal_active(struct terminal *terminal);
void terminal_client_left(struct terminal *terminal);
void terminal_client_freed(struct terminal *terminal);
void terminal_release(struct terminal *terminal);
void terminal_free(struct terminal *terminal);

/* relay.c */
void relay_reap_soon(struct relay *relay);
