/* A relay with one terminal, and the other ends of everything: a WebSocket client over a socket pair, the slave of a
 * real pseudo-terminal (or the other end of a socket pair). One thread: the loop runs while a helper waits. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/loop.h"
#include "terminal/relay.h"

struct peer { /* a client */
	int socket;
	bool acking;     /* acknowledge output as it comes */
	bool reading;    /* take in what comes while the loop runs */
	uint64_t offset; /* number of the next output byte; of the last hello plus what came since */
	uint64_t window; /* of the last hello */
	unsigned hellos;
	bool wrong; /* `checking`, and output was not the stream's bytes of those numbers */
	bool checking;
	struct buf outgoing; /* not yet sent */
	struct buf raw;      /* not yet whole frames */
	struct buf output;   /* since the last hello */
	struct buf texts;    /* control messages, one a line */
	unsigned pings, pongs;
	struct buf pong;     /* payload of the last one */
	unsigned close_code; /* of the close frame, 0: none came; 1005: an empty one */
	struct buf close_why;
	bool eof;
};

struct bench {
	struct loop *loop;
	struct relay *relay;
	struct terminal *terminal;
	int program; /* where the program would be: the slave, or the socket */
	int hangups, actives;
	void (*step)(struct bench *bench); /* what the program does in each turn, or NULL */
	struct buf typed;                  /* for the step: what it read */
	size_t echoed;                     /* … and wrote */
	unsigned clients;                  /* as told last */
	struct peer *peers[16];
	unsigned peer_count;
};

/* `pty`: a raw pseudo-terminal; else a socket pair in its place. */
void bench_init(struct bench *bench, const struct relay_limits *limits, bool pty);
void bench_fini(struct bench *bench); /* closes the peers too */
/* Attaches a reading, acking client. */
void bench_attach(struct bench *bench, struct peer *peer, uint64_t offset);
/* One turn of the loop and of everybody else: peers send what waits and take in what came, the program does its step.
 * True: there was news. */
bool bench_turn(struct bench *bench, int timeout_ms);
/* Runs the loop until nothing happens for `quiet_ms`. */
void bench_settle(struct bench *bench, int quiet_ms);
/* Runs the loop until *what is at least `value`; gives up (false) when nothing at all happens for 20 s. */
bool bench_until(struct bench *bench, const void *what, size_t size, uint64_t value);
/* Runs the loop until the condition holds; gives up (false) after thousands of turns without it. */
#define bench_wait(bench, condition)                                                                                   \
	__extension__({                                                                                                \
		int wait_turns = 0;                                                                                    \
		while (!(condition) && wait_turns++ < 4000)                                                            \
			bench_turn(bench, 5);                                                                          \
		wait_turns <= 4000;                                                                                    \
	})
#define bench_reaches(bench, field, value) bench_until(bench, &(field), sizeof(field), value)
/* Writes to the program's end, the loop running while it is full. */
void bench_print(struct bench *bench, const void *data, size_t length);

/* Sends one masked frame; `first` is the first byte (0x81 text, 0x82 binary, …). What the socket does not take goes
 * with later turns. */
void peer_frame(struct bench *bench, struct peer *peer, unsigned char first, const void *data, size_t length);
void peer_text(struct bench *bench, struct peer *peer, const char *json);
void peer_send_raw(struct bench *bench, struct peer *peer, const void *data, size_t length);
/* Takes in what the socket holds now. */
void peer_receive(struct bench *bench, struct peer *peer);
void peer_fini(struct peer *peer);

/* Bytes that are allocated now; works under the address sanitizer too. */
size_t allocated_bytes(void);
/* … of which the peers of the bench keep so many. */
size_t bench_peer_bytes(const struct bench *bench);

/* Bytes of a stream that differs everywhere: byte number `at`. */
unsigned char stream_byte(uint64_t at);
void stream_fill(char *out, uint64_t from, size_t length);
bool stream_matches(const char *data, uint64_t from, size_t length);
