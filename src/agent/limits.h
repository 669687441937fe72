/* What one sandbox may use: the protocol's `limits`. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/dispatch.h"

struct limits {
	uint64_t memory; /* bytes, swap included */
	uint32_t cpu;	 /* thousandths of a core */
	uint32_t pids;
	uint64_t disk; /* bytes of files written */
};

extern const struct op_field limits_fields[]; /* the schema of a sandbox's limits */

/* From an object that has passed the schema. */
struct limits limits_from_json(json_t *object);
json_t *limits_to_json(const struct limits *limits);
bool limits_equal(const struct limits *a, const struct limits *b);
