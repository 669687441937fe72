/* What the parts of the in-memory engine share. */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "engine/fake/fake.h"

#define FAKE_OPS 15
#define FAKE_COMMIT "0123456789abcdef0123456789abcdef01234567"

struct fake_rule { /* what happens to the calls of one operation */
	unsigned count;
	unsigned fail_count;
	enum error_kind fail_kind;
};

#define FAKE_POOLS 16

/* How many prepared sandboxes of an image it was told to keep. */
struct fake_pool {
	char image[80]; /* "": free */
	unsigned count;
};

struct fake {
	struct engine engine;
	bool away;
	bool hold_builds;
	int64_t delay_ms;
	struct fake_rule rules[FAKE_OPS];
	char *command_output;
	int command_exit;
	struct list calls;     /* struct call, not answered yet */
	struct list sandboxes; /* struct fake_sandbox */
	struct list builds;    /* struct fake_build */
	struct list streams; /* struct fake_stream */
	struct buf stream; /* what each of them gives */
	struct error stream_error; /* code 0: they end well */
	bool hold_streams;
	char *login; /* of the last build, or NULL */
	struct loop_timer up;
	struct fake_pool pools[FAKE_POOLS];
};

/* ---- console.c: a pseudo-terminal with an echo at its other end ---- */

struct fake_console {
	struct loop_io io; /* the slave's end */
	int master;	   /* what the agent keeps; -1 when closed */
	int slave;
	void (*closed)(struct fake_console *console); /* "exit\n" was typed; may free the console's owner */
};

int fake_console_open(struct fake_console *console, struct loop *loop, void (*closed)(struct fake_console *console));
/* Safe to call twice. */
void fake_console_close(struct fake_console *console);

/* ---- build.c ---- */

struct fake_build {
	struct list link;
	struct fake *fake;
	struct loop_timer timer;
	unsigned step;
	int log; /* write end of the pipe */
	char *id;
	char *tag;
};

/* Gives the read end of the log. */
int fake_build_start(struct fake *fake, const struct engine_build *build, int *ret_log);
struct fake_build *fake_build_find(struct fake *fake, const char *id);
void fake_build_finish(struct fake_build *build, const char *state, const char *error);
void fake_build_free(struct fake_build *build); /* without an event */

/* ---- stream.c ---- */

struct fake_stream {
	struct list link;
	struct fake *fake;
	struct loop_timer timer;
	bool is_save;
	char *id;
};

int fake_stream_start(struct fake *fake, const char *id, bool is_save, int *ret_fd);
/* False: there is none of that id. */
bool fake_stream_cancel(struct fake *fake, const char *id);
void fake_stream_free(struct fake_stream *stream); /* without an event */
