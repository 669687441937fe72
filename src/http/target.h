/* The request target (RFC 9112 §3.2) taken apart and decoded once, strictly: what is accepted here is safe to compare
 * and to print. */
#pragma once

#include <stddef.h>

#include "base/error.h"

#define TARGET_MAX          8192
#define TARGET_SEGMENTS_MAX 16
#define TARGET_QUERY_MAX    32

struct target_pair {
	const char *name;
	const char *value;
};

struct target {
	const char *path;                          /* decoded, begins with "/" */
	const char *segments[TARGET_SEGMENTS_MAX]; /* decoded; the root has none, "/a/" has "a" and "" */
	size_t segment_count;
	struct target_pair query[TARGET_QUERY_MAX];
	size_t query_count;
	char *memory; /* holds all of the above */
};

/* Origin form and absolute form. ERROR_MALFORMED (400) for bad escapes, a NUL or another control character, invalid
 * UTF-8, an escaped "/", and the segments
 * "." and ".."; ERROR_TOO_LARGE for more parts than there is room for. */
int target_parse(const char *raw, struct target *ret_target, struct error *err);
void target_fini(struct target *target);
/* The first value of that name, or NULL. */
const char *target_query(const struct target *target, const char *name);
