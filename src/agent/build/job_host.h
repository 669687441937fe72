/* What all jobs of an agent share: the runtime, the empty root file system, the programs' places. Inside build/ only. */
#pragma once

#include "agent/build/job.h"
#include "agent/check.h"

#define JOB_PROGRAMS 4

struct job_host {
	struct agent *agent;
	char *runtime; /* its path */
	bool crun;
	char *folder;
	char *states; /* the runtime's --root */
	char *root;
	char *cgroup; /* "/name": of all jobs, in every tree */
	char *programs[JOB_PROGRAMS]; /* where bsdtar, skopeo, buildah, git stand; NULL: not installed */
	size_t count;
};

/* Fills the runtime's argv up to its verb (at most 6); gives how many. */
size_t job_host_argv(const struct job_host *host, const char **argv);
/* "/usr/bin/skopeo" → where that program stands here; NULL: nowhere. */
const char *job_host_program(const struct job_host *host, const char *target);
/* Whether the memory limit of a cgroup has killed something. */
bool job_host_out_of_memory(const char *cgroup);
/* The lines of host.check: what builds need and whether it is here. */
void job_host_check(const char *runtime, struct checks *checks);
/* Ends what an earlier agent left under the same folder, in these trees of cgroups; waits for it. */
void job_sweep(const struct job_host *host, const char *const *trees, size_t count);
