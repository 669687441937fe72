/* What the agent answers about images (docs/agent-protocol.md). */
#include "agent/agent.h"

const struct agent_part image_part = {.name = "image"};
