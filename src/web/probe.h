/* One command in a sandbox of its own, with a visitor's limits: its output, and how it ended. Control loop's thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engine/engine.h"

struct probe;

struct probe_options {
	const char *id;	     /* of the sandbox */
	const char *image;
	const char *command; /* for /bin/sh -c */
	struct engine_limits limits;
	bool network;
	int64_t limit_ms;
};

struct probe_events {
	void (*output)(const char *text, size_t length, void *data);
	/* Once, from the loop. `failure`: why it could not be run to its end, NULL when it was; then exit_code is its own. The probe is
	 * freed after it returns. */
	void (*done)(const char *failure, int exit_code, void *data);
};

/* Strings of the options are copied, `events` borrowed. */
struct probe *probe_start(struct engine *engine, const struct probe_options *options, const struct probe_events *events, void *data);
const char *probe_id(const struct probe *probe);
/* The engine told its end. */
void probe_ended(struct probe *probe, const char *reason, int exit_code);
/* No event comes any more; its sandbox is stopped. Takes NULL. */
void probe_abandon(struct probe *probe);
