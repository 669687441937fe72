#pragma once

#include "agent/dispatch.h"

extern const struct op sandbox_ops[]; /* sandbox.*, pool.set, agent.shutdown */
