/* Builds: a context with a Dockerfile becomes an image in the configured registry. Each runs in jobs (job.h) on a disk of its own
 * (scratch.h), on base images brought before (base_store.h): unpack the context, bring the bases, buildah bud, push. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/agent.h"
#include "base/error.h"

struct builds;
struct connection;
struct login;

struct build_limits {
	uint64_t memory;  /* bytes */
	uint32_t cpu;	  /* thousandths of a core */
	uint32_t pids;
	uint64_t disk;	  /* bytes for all that the build writes, its image included */
	uint64_t seconds; /* from the start to the push */
	uint64_t output;  /* bytes of log that the caller gets */
};

struct build_options {
	const char *id;
	const char *tag; /* owner/name:version in the configured registry */
	struct build_limits limits;
	bool network;
	const char *dockerfile; /* its text; NULL: the file of that name in the context */
	int context; /* tar (plain, gzip, bzip2, xz, zstd) or zip; taken (and closed) on success */
	const struct login *login; /* of base images that are not public; NULL: none */
	const struct connection *owner; /* only for comparing */
};

int builds_new(struct agent *agent, struct builds **ret_builds, struct error *err);
void builds_free(struct builds *builds); /* after builds_busy said no; takes NULL */

/* Gives the reading end of the log; the caller closes it. Then come the events build.stage and at last build.ended.
 * ERROR_CONFLICT: a build of that id runs. ERROR_UNAVAILABLE: as many as there are workers run. ERROR_INVALID: the tag. */
int builds_start(struct builds *builds, struct build_options *options, int *ret_log, struct error *err);
/* -ENOENT with ERROR_NOT_FOUND when it does not run (any more). */
int builds_cancel(struct builds *builds, const char *id, struct error *err);
void builds_cancel_of(struct builds *builds, const struct connection *owner);
void builds_cancel_all(struct builds *builds);
bool builds_busy(const struct builds *builds);
