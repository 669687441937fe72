#include "web/tally.h"

#include <string.h>

const unsigned tally_seconds[TALLY_BUCKETS] = {5, 10, 30, 60, 120, 300, 600, 1200, 3600};

void tally_build(struct tally *tally, const char *state, int64_t took_ms)
{
	if (strcmp(state, "succeeded") == 0)
		atomic_fetch_add(&tally->succeeded, 1);
	else if (strcmp(state, "failed") == 0)
		atomic_fetch_add(&tally->failed, 1);
	else
		atomic_fetch_add(&tally->cancelled, 1);
	for (unsigned i = 0; i < TALLY_BUCKETS; i++)
		if (took_ms <= tally_seconds[i] * INT64_C(1000))
			atomic_fetch_add(&tally->within[i], 1);
	atomic_fetch_add(&tally->sum_ms, (uint64_t)took_ms);
}
