/* What a sandbox of one project may use. */
#pragma once

#include "engine/engine.h"
#include "store/projects.h"

/* The default, with more memory for a program that asks for it in its source (catalog/README.md, `memory`). */
struct engine_limits allowance_of(const struct project *project, const struct engine_limits *usual);
