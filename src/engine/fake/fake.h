/* An engine in memory, for tests: its terminals are real pseudo-terminals with an echo behind them, its builds a script, and
 * anything can be made to fail. All calls are for the loop's thread. */
#pragma once

#include "engine/engine.h"

/* Starts away; `up` comes from the loop. Free it by engine->ops->free. */
struct engine *fake_engine_new(struct loop *loop, const struct engine_events *events, void *data);

/* The agent goes away (open questions fail, builds are lost, sandboxes stay) or comes back. Right after fake_engine_new: it does not
 * come up before it is told to. */
void fake_engine_away(struct engine *engine, bool away);
/* The machine restarted: every sandbox is gone, without an event. */
void fake_engine_lose_sandboxes(struct engine *engine);
/* The next `count` calls of the operation ("start", "pull", …) fail with that kind. */
void fake_engine_fail(struct engine *engine, const char *op, enum error_kind kind, unsigned count);
/* How long each answer takes; 0 at first. */
void fake_engine_delay(struct engine *engine, int64_t ms);
/* How often the operation was asked for. */
unsigned fake_engine_count(const struct engine *engine, const char *op);
/* How many prepared sandboxes of the image it was last told to keep. */
unsigned fake_engine_pooled(const struct engine *engine, const char *image);
/* A sandbox ends by itself. */
void fake_engine_end(struct engine *engine, const char *sandbox, const char *reason, int exit_code);
/* What a sandbox that is started with a command prints, and its exit code; at first "ok\n" and 0. */
void fake_engine_command(struct engine *engine, const char *output, int exit_code);
/* Builds wait in their stage "build" until fake_engine_build_end. */
void fake_engine_hold_builds(struct engine *engine, bool hold);
/* "registry username password" of the build that was asked for last, or NULL. Borrowed. */
const char *fake_engine_login(const struct engine *engine);
/* Text into the log of the running build, and its end: "succeeded" or "failed" (with an error). */
void fake_engine_build_log(struct engine *engine, const char *build, const char *text);
void fake_engine_build_end(struct engine *engine, const char *build, const char *state, const char *error);
/* What fetched repositories and saved sandboxes are from now on (at most 1 MiB), and how they end (ERROR_NONE: well); empty and well at first. They wait for
 * a cancel when held. */
void fake_engine_stream(struct engine *engine, const void *data, size_t length, enum error_kind kind, const char *message);
void fake_engine_hold_streams(struct engine *engine, bool hold);
