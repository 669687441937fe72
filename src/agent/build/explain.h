/* Why a build failed, in one sentence for the person who wrote it: the usual causes, found in the end of its log. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct explain_facts {
	const char *log; /* its end */
	int exit_code;
	bool timed_out;
	bool out_of_memory;
	bool network;	  /* the build has one */
	uint64_t memory;  /* its limits: bytes */
	uint64_t disk;	  /* bytes */
	uint64_t seconds;
};

/* Fills `err`: kind and message. Gives a negative errno. */
int explain_failure(const struct explain_facts *facts, struct error *err);
