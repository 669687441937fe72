/* The control group of a sandbox, in whatever hierarchies the host has (cgroups(7)): a runtime makes and fills it, we read and remove it. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct cgroup_usage {
	uint64_t memory; /* bytes, without what the kernel could drop at once */
	uint64_t cpu_us;
	uint32_t pids;
};

/* `path` is as in config.json: "/ttob/<key>". 0, or -ENOENT when it is gone. */
int cgroup_usage(const char *path, struct cgroup_usage *ret_usage);
/* How often the kernel killed a process in it for memory; 0 when it is gone. */
uint64_t cgroup_oom_kills(const char *path);
/* Whether the process is in it. */
bool cgroup_has(const char *path, int pid);
/* SIGKILL for all of its processes: the number that were there (0: empty or gone). */
unsigned cgroup_kill(const char *path);
/* Removes it from every hierarchy: 0, or -EBUSY while a process is still leaving. */
int cgroup_remove(const char *path);
