/* The terminal relay: pseudo-terminal masters on one side, WebSocket clients on the other, a bounded ring of output
 * between. It owns the bytes; who may look, and what a sandbox is, is the business of web/. Everything here belongs to
 * one loop's thread. Protocol: docs/terminal-protocol.md (subprotocol ttob.terminal.v1, RFC 6455 frames by wslay). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

struct relay;
struct terminal;

/* A field that is 0 gets the default. */
struct relay_limits {
	size_t ring;   /* bytes of output kept per terminal: 256 KiB; rounded up to a power of two */
	size_t window; /* bytes a client may be behind before the pseudo-terminal is read no more: 128 KiB, half the
			  ring at most */
	unsigned max_clients; /* per terminal: 16 */
	int64_t ping_ms;      /* 30,000 */
};

struct relay_events {
	/* The pseudo-terminal hung up (the shell is gone). The terminal stays, its ring readable, until terminal_end.
	 */
	void (*hangup)(struct terminal *terminal, void *data);
	/* Somebody typed or attached: for the idle limit. At most once a second per terminal. */
	void (*active)(struct terminal *terminal, void *data);
	/* The number of clients changed. */
	void (*clients)(struct terminal *terminal, unsigned count, void *data);
};

struct relay *relay_new(struct loop *loop, const struct relay_limits *limits, const struct relay_events *events);
void relay_free(struct relay *relay); /* ends all terminals with 1001; takes NULL */

/* Takes the master. `data` goes to the events. Reads the pseudo-terminal from now on, viewers or not: with nobody
 * attached the ring keeps the newest output, so that a long job goes on. */
int terminal_new(struct relay *relay, int tty, unsigned cols, unsigned rows, void *data, struct terminal **ret_terminal,
		 struct error *err);
/* A terminal taken over from an earlier process: its next byte gets this number, which must be beyond every number that
 * was used before (what the clients have seen). Right after terminal_new, before the loop runs. */
void terminal_set_offset(struct terminal *terminal, uint64_t offset);
/* The master, borrowed: to give back to a restarted agent. -1 after hangup. */
int terminal_tty(const struct terminal *terminal);
/* Output since the start of the terminal, bytes. */
uint64_t terminal_offset(const struct terminal *terminal);

/* A client came: takes the connected, upgraded socket (plain TCP; the HTTP 101 is already sent). `early`: bytes that
 * came behind the request (copied). `offset`: the next byte it wants (clamped to what the ring holds). With `closed`
 * the socket stays the HTTP server's, which closes it in `closed` (called once, on the loop's thread, the relay not
 * touching the socket any more; it may be called before terminal_attach returns); without, the relay closes it. */
void terminal_attach(struct terminal *terminal, int socket, const void *early, size_t early_length, uint64_t offset,
		     void (*closed)(void *data), void *closed_data);

/* A client that may not look: says so with a close frame (1008, 4404, …) on its upgraded socket, which is handled as by
 * terminal_attach. `why` is short. */
void relay_refuse(struct relay *relay, int socket, unsigned code, const char *why, void (*closed)(void *data),
		  void *closed_data);

/* Closes the client that came with this `closed_data`, if it is still attached. */
void relay_expel(struct relay *relay, const void *closed_data, unsigned code, const char *why);

/* Clients that are attached now. */
unsigned terminal_clients(const struct terminal *terminal);

/* Sends one control object (JSON text) to all clients: {"sandbox": …}, {"usage": …}. */
void terminal_control(struct terminal *terminal, const char *json);

/* The end: what the pseudo-terminal still holds and the ring is sent, then {"exit": {"reason", "code"}} (code -1:
 * null), close 1000. Clients get a few seconds to take it. The terminal is freed by the relay; don't use it after, no
 * event tells of it any more. */
void terminal_end(struct terminal *terminal, const char *reason, int exit_code);
