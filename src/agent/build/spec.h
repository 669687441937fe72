/* The OCI configuration (runtime-spec config.md, config-linux.md) of a job. */
#pragma once

#include <jansson.h>

#include "agent/build/job.h"

struct spec_place {
	const char *root;	 /* the empty root file system: folders to mount on, and links */
	const char *cgroup;	 /* its path in every cgroup tree */
	const char *program;	 /* where argv[0] stands on the host, under /usr/bin */
};

json_t *spec_make(const struct job_options *options, const struct spec_place *place);
/* The filter: all but what no build needs. buildah puts the containers project's stricter profile over what a RUN runs. */
json_t *spec_seccomp(void);
