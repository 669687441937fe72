/* What every engine must do (src/engine/engine.h), whatever stands behind it. */
#pragma once

#include "engine/engine.h"

struct contract {
	/* A new engine; its events are the suite's. */
	struct engine *(*make)(struct loop *loop, const struct engine_events *events, void *events_data, void *data);
	void *data;
	const char *reference; /* of an image with a shell */
};

/* Runs all tests: the number of those that failed. */
int contract_run(const char *name, struct contract *contract);
