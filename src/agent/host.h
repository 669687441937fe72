/* The machine under us: its cgroups, its limits, and what must be mended before a sandbox can start. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "agent/agent.h"
#include "agent/check.h"

enum cgroup_mode { CGROUP_NONE, CGROUP_V1, CGROUP_V2, CGROUP_HYBRID };

/* Where control files are: v2 (or no v1 at all) has one tree, else each controller has its own. */
enum cgroup_mode cgroup_mode(void);
const char *cgroup_mode_name(enum cgroup_mode mode); /* "none", "v1", "v2", "hybrid" */

/* Puts the agent into a mount namespace of its own, which still receives what the host mounts: nothing that we mount shows on the
 * host, and all of it is gone with our last process. Cures a hybrid cgroup host there: controllers that the v2 tree still offers are
 * mounted as v1, because OCI runtimes refuse the mixture. Before any thread. */
int host_prepare(struct error *err);

/* Moving a process between control groups waits for an RCU grace period, about 8 ms and half of what a start costs, unless some mount
 * asks for `favordynmods` (cgroups(7), Linux 6.0 and later). On cgroup v2 the tree is remounted so; else an empty hierarchy of our own
 * is mounted at `folder` (made when it is missing), seen by nobody else and gone with us. Best effort: 0 or -errno. */
int host_quicken_cgroups(const char *folder);

/* The whole disk under a folder, if the control groups can hold back reads from it (cgroup v1 blkio, v2 io): a partition, a network
 * file system or a host without that controller gives false. */
bool host_disk(const char *folder, unsigned *ret_major, unsigned *ret_minor);

/* Runs "program --version" and keeps the first line (cut to fit). Blocks for some milliseconds. 0 or -errno. */
int host_program_version(const char *program, char *out, size_t size);

/* The lines that have to do with the machine itself. */
void host_check(struct agent *agent, struct checks *checks);
