/* The terminal relay: pseudo-terminal masters on one side, WebSocket clients on the other, a bounded ring of output between.
 * It owns the bytes; who may look, and what a sandbox is, is the business of web/. Everything here belongs to one loop's thread.
 * Protocol: docs/terminal-protocol.md (subprotocol ttob.terminal.v1, RFC 6455 frames by wslay). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/loop.h"

struct relay;
struct terminal;

struct relay_limits {
	size_t ring;	      /* bytes of output kept per terminal: 256 KiB */
	size_t window;	      /* bytes a client may be behind before the pseudo-terminal is read no more: 256 KiB at most */
	unsigned max_clients; /* per terminal */
	int64_t ping_ms;      /* 30,000 */
};

struct relay_events {
	/* The pseudo-terminal hung up (the shell is gone). The terminal stays, its ring readable, until terminal_end. */
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
/* The master, borrowed: to give back to a restarted agent. -1 after hangup. */
int terminal_tty(const struct terminal *terminal);
/* Output since the start of the terminal, bytes. */
uint64_t terminal_offset(const struct terminal *terminal);

/* A client came: takes the connected, upgraded socket (plain TCP; the HTTP 101 is already sent). `early`: bytes that came behind the
 * request. `offset`: the next byte it wants (clamped to what the ring holds). `closed` tells the HTTP server that it may close
 * its side; called once, on the loop's thread. */
void terminal_attach(struct terminal *terminal, int socket, const void *early, size_t early_length, uint64_t offset,
		     void (*closed)(void *data), void *closed_data);

/* Sends one control object (JSON text) to all clients: {"sandbox": …}, {"usage": …}. */
void terminal_control(struct terminal *terminal, const char *json);

/* The end: what the pseudo-terminal still holds and the ring is sent, then {"exit": {"reason", "code"}} (code -1: null), close 1000.
 * Clients get a few seconds to take it. The terminal is freed by the relay; don't use it after. */
void terminal_end(struct terminal *terminal, const char *reason, int exit_code);
