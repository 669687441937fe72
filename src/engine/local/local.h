/* The engine of this machine: ttob-agent, over its unix socket (docs/agent-protocol.md). */
#pragma once

#include "engine/engine.h"

/* Connects to the agent at `socket_path` (copied) and keeps trying while it is away; `events` are borrowed for the engine's life,
 * `up` comes from the loop, never from within. Free it by engine->ops->free. */
struct engine *local_engine_new(struct loop *loop, const char *socket_path, const struct engine_events *events, void *data);
