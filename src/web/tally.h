/* How builds of this process ended and how long they took, for the metrics. Any thread. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

#define TALLY_BUCKETS 9

extern const unsigned tally_seconds[TALLY_BUCKETS]; /* upper bounds */

struct tally {
	atomic_uint_fast64_t succeeded;
	atomic_uint_fast64_t failed;
	atomic_uint_fast64_t cancelled;
	atomic_uint_fast64_t within[TALLY_BUCKETS]; /* each with those of the buckets before */
	atomic_uint_fast64_t sum_ms;
};

void tally_build(struct tally *tally, const char *state, int64_t took_ms);
