/* The agent's configuration: its own keys, and those of its parts, as one table. */
#pragma once

#include "agent/agent.h"

/* The caller frees the table, after the config that borrows it. `parts` ends with NULL. */
struct config_key *settings_keys(const struct agent_part *const *parts);
