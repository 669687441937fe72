/* Moves bytes from one descriptor to another and hashes them on the way, in a thread of its own. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/image/digest.h"

struct pump {
	int from, to;   /* both are closed at the end */
	uint64_t limit; /* stops (and `over` is set) when more comes */
	/* Results, after pump_join. */
	uint64_t bytes;
	char digest[DIGEST_SIZE];
	bool over;
	int read_error; /* negative errno */
	pthread_t thread;
};

int pump_start(struct pump *pump); /* 0 or -errno */
void pump_join(struct pump *pump);
