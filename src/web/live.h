/* One sandbox that is queued, starting or running: its states, terminals and time. Belongs to the control loop's thread. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/list.h"
#include "base/loop.h"
#include "engine/engine.h"
#include "store/sandboxes.h"
#include "terminal/relay.h"

#define LIVE_TERMINALS_MAX 16
#define LIVE_NOTICE_MS 60000 /* told that long before the end */

struct hub;
struct call;
struct live;

enum live_state { LIVE_QUEUED, LIVE_STARTING, LIVE_RUNNING, LIVE_ENDED, LIVE_STATES };

struct live_terminal {
	struct live *live;
	unsigned n;		   /* from 1 */
	struct terminal *terminal; /* NULL: there is no such shell */
	bool asked;		   /* the engine is about to give it */
	unsigned viewers;
};

struct live {
	struct list link; /* hub->queue while queued, else hub->sandboxes */
	struct hub *hub;
	unsigned refs; /* of callbacks that are under way, and one while it is in the hub's maps */
	unsigned state;
	struct sandbox row; /* what the store knows; the strings are ours. image NULL: a base's, found when it starts */
	char *reference;    /* of the image in the registry */
	char *run;	    /* what the first terminal runs; NULL: a login shell */
	bool network;
	bool asked;	/* the engine has a start or pull of it in hand: a stop waits for its answer */
	bool pulled;	/* a start failed because the image was not unpacked here: it was pulled once */
	bool slot;	/* counts as one of hub->active */
	int64_t entered_ms; /* monotonic: the store has it since then; 0: not yet */
	int64_t given_ms;  /* monotonic: it became another person's, or 0; the store may not know yet */
	int64_t known_ms;  /* monotonic: we made it or heard that it runs; a list of the engine asked for before says nothing of it */
	int64_t active_ms; /* monotonic: somebody typed, attached, or was still there */
	int64_t polled_ms; /* monotonic: while queued, somebody asked how it goes */
	unsigned viewers;
	struct live_terminal terminals[LIVE_TERMINALS_MAX];
	struct loop_timer expiry; /* the notice, then the end */
	struct loop_timer idle;
	struct call *waiting; /* the POST that is answered once it runs; or NULL */
	struct call *ending;  /* DELETEs that are answered once all is given back; linked by call->next */
	uint64_t cpu_us;      /* of the last usage answer */
	uint64_t memory;
	double cpu; /* cores, between the last two */
	int64_t usage_ms;
	bool gone; /* the engine has given everything back, or never had it */
};

/* Takes `row`'s strings over and enters it into the hub's maps; state as row->state says. */
struct live *live_new(struct hub *hub, struct sandbox *row, const char *reference, const char *run, bool network);
struct live *live_ref(struct live *live);
void live_unref(struct live *live);

/* From queued, or new and entered into the store (entry.h): asks the engine. */
void live_start(struct live *live);
/* A new one that the store refused: as if it had never been. live->waiting must be NULL. */
void live_drop(struct live *live);
/* One that has ended while it was entered: the engine never had it. */
void live_gone(struct live *live);
/* After a restart of ours or of the engine: it runs there, with these terminals. Attaches or gives back each. */
void live_meet(struct live *live, const unsigned *terminals, size_t count);
/* It is over: tells viewers, store and (unless `gone`: it has ended by itself) the engine. Safe to call twice: the first reason stays. */
void live_end(struct live *live, const char *reason, int exit_code, const char *detail, bool gone);
/* Another shell was opened by the engine. Takes the descriptor on success. */
int live_add_terminal(struct live *live, unsigned n, int tty, unsigned cols, unsigned rows, struct error *err);
void live_terminal_ended(struct live *live, unsigned n);
/* One more extension: 0, or ERROR_CONFLICT. */
int live_extend(struct live *live, struct error *err);
/* Tells all viewers the sandbox as it is now. */
void live_push(struct live *live);
void live_push_text(struct live *live, const char *json);

/* Relay events. */
void live_active(struct live_terminal *terminal);
void live_viewers(struct live_terminal *terminal, unsigned count);

/* The Sandbox object of the API; a new reference. */
json_t *live_json(const struct live *live);
