/* The agent's events (docs/agent-protocol.md "Events") told to the listeners of an engine. */
#pragma once

#include <jansson.h>

#include "engine/engine.h"

/* Events that are unknown or lack a field are left out: a newer agent may say more than we know. */
void local_event(const struct engine *engine, const char *name, json_t *body);
