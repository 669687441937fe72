/* The config.json of one sandbox (OCI runtime-spec 1.0: config.md, config-linux.md), as the threat model wants it. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "agent/limits.h"
#include "agent/sandbox/filter.h"
#include "agent/sandbox/user.h"
#include "base/buf.h"

#define SPEC_SHELL "ttob.shell"

struct spec_process {
	const char *const *arguments; /* argv, NULL at the end */
	const char *const *image_env; /* "NAME=value", NULL at the end; may be NULL */
	json_t *env;		      /* an object of strings that goes over all else; may be NULL */
	const char *folder;	      /* "" : / */
	const struct user *user;
	bool no_new_privileges;
	unsigned cols;
	unsigned rows;
};

/* The disk that the image layers are read from. Nothing is written to it. */
struct spec_disk {
	unsigned major;
	unsigned minor;
	uint64_t rate; /* bytes a second for one sandbox; 0: no limit, or no way to set one */
};

struct spec {
	const struct spec_process *process;
	const char *shell;  /* of the image, kept as the annotation SPEC_SHELL for further terminals; NULL: none */
	const char *rootfs; /* absolute */
	const char *hostname;
	const char *cgroup; /* absolute within each hierarchy: "/ttob/<key>" */
	uint32_t id_base;
	struct limits limits;
	struct spec_disk disk;
	const struct filter *filter;
	bool cgroup_mount;	 /* show /sys/fs/cgroup, read-only (cgroup v2 only: v1 would be a dozen mounts) */
};

/* The "process" object, which `exec --process` takes as well. A new reference; NULL when a string of the image is no UTF-8. */
json_t *spec_process_json(const struct spec_process *process);
/* The whole text into `out`: 0, or -EINVAL as above. */
int spec_write(const struct spec *spec, struct buf *out);

/* The value of NAME in a list of "NAME=value", or NULL. */
const char *spec_env_get(const char *const *env, const char *name);
