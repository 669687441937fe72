/* A job: one program (bsdtar, skopeo, buildah) run by the OCI runtime with as little of the host as it needs, so that what it reads may be
 * hostile. It has its own user namespace on host ids that nobody else has, its own pid, mount, ipc, uts, cgroup and network
 * namespaces, a cgroup, a seccomp filter, no new privileges, and of the host's files only these, read-only: the program itself,
 * /usr/lib, and an /etc of our own. Everything else is a mount that the caller names.
 *
 * The capabilities (CAP_SYS_ADMIN among them, for buildah's overlay mounts) count in the user namespace only. docs/adr tells why. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/agent.h"
#include "base/error.h"

#define JOB_MOUNTS_MAX 24
#define JOB_OUTPUT_MAX ((size_t)16 * 1024)

struct job_host; /* what all jobs of an agent share */
struct job;

enum job_network {
	JOB_NETWORK_NONE,  /* an empty namespace */
	JOB_NETWORK_LEASE, /* the internet through network.h */
	JOB_NETWORK_HOST   /* the host's: only for programs that talk to the configured registry and parse no layer */
};

struct job_mount {
	const char *source; /* a host path */
	const char *target; /* in the job */
	bool writable;
	uint32_t ids_from; /* not 0: files of the host ids from here on appear with the job's ids (an ID-mapped mount) */
};

struct job_options {
	const char *const *argv;	/* argv[0] is one of the programs of job_host_new; NULL-terminated */
	const char *const *environment; /* in addition to PATH, HOME, LANG; NULL-terminated; may be NULL */
	struct job_mount mounts[JOB_MOUNTS_MAX];
	size_t mount_count;
	const char *etc; /* folder that becomes /etc */
	uint32_t ids;	 /* the host id of the job's id 0; 65,536 of them */
	enum job_network network;
	uint64_t memory; /* bytes */
	uint32_t cpu;	 /* thousandths of a core; 0: no limit */
	uint32_t pids;
	int64_t timeout_ms; /* 0: none */
	int input;	    /* descriptors of the caller; -1: /dev/null */
	int output;	    /* standard output and error; -1: caught */
};

struct job_result {
	int exit_code; /* 128 + signal; -1: it never ran, see `err` */
	bool timed_out;
	bool killed;	    /* by job_kill */
	bool out_of_memory; /* the cgroup's limit killed something in it */
	const char *output; /* caught, its last JOB_OUTPUT_MAX bytes, NUL-terminated; "" when it went to a descriptor */
	struct error err;   /* of a job that could not run */
};

/* Exactly once, never from within job_start; everything of the job is given back by then, and the job is freed after it returns. */
typedef void (*job_done)(const struct job_result *result, void *data);

/* `runtime` (crun, runc) is looked for in PATH; `cgroup` is the name of the group that all jobs lie in, at the top of each tree. Ends what
 * an earlier agent left under the same run folder. */
int job_host_new(struct agent *agent, const char *runtime, const char *cgroup, const char *folder, struct job_host **ret_host, struct error *err);
void job_host_free(struct job_host *host); /* after all jobs; takes NULL */
size_t job_host_count(const struct job_host *host); /* jobs that are not over */

struct job *job_start(struct job_host *host, const struct job_options *options, job_done done, void *data);
/* Kills all of it; `done` still comes. */
void job_kill(struct job *job);

/* What a caught failure says: its last line that is not empty, without the program's "level=… msg=" dress. ERROR_INTERNAL unless the
 * result says more (timeout, memory). Gives a negative errno. */
int job_error(const struct job_result *result, const char *what, struct error *err);
