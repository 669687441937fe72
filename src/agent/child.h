/* Programs run by the agent: argv without a shell, output caught up to a cap, a time limit, and one callback on the loop. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/agent.h"

struct child;

struct child_result {
	int exit_code;	    /* 128 + signal when killed */
	bool timed_out;
	const char *output; /* standard output, NUL-terminated, cut at output_max; borrowed for the callback */
	size_t output_length;
	const char *errors; /* standard error, NUL-terminated: its last child_options.errors_max bytes */
};

/* Called once, from the loop; the child is freed after it returns. */
typedef void (*child_done)(struct child *child, const struct child_result *result, void *data);

struct child_fd {
	int fd;	    /* stays the caller's */
	int target; /* its number in the child: 0, 1, 2 or above */
};

struct child_options {
	const char *const *argv;	/* NULL-terminated; argv[0] is looked for in PATH when it has no slash */
	const char *const *environment; /* NULL-terminated; NULL: PATH and LANG=C.UTF-8 only */
	const char *folder;		/* working folder; NULL: / */
	const struct child_fd *fds;	/* what the child gets; of 0–2 what is not named: /dev/null, and 1, 2 are caught */
	size_t fd_count;
	size_t output_max;  /* cap of the caught standard output, bytes; 0: 64 KiB. A child that writes more gets EPIPE */
	size_t errors_max;  /* what is kept of standard error; 0: 4 KiB */
	int64_t timeout_ms; /* 0: none. Then SIGTERM to the process group, and SIGKILL 2 s later */
	int nice;	    /* added priority: 0–19 */
	bool dies_with_us;  /* killed when the agent is (PR_SET_PDEATHSIG) */
	/* Runs in the child before the exec (cgroups, namespaces, ids): system calls only, no malloc, no locks. 0 or -errno. With it
	 * the child is a real fork; without, it borrows our memory until the exec, which is quicker. */
	int (*prepare)(void *data);
	void *prepare_data;
};

/* The child leads its own process group, and what is left of that is killed when it fails; all our descriptors but the named ones are closed in it. 0 or -errno. */
int child_start(struct agent *agent, const struct child_options *options, child_done done, void *data,
		struct child **ret_child, struct error *err);
/* Signals the whole process group; `done` still comes. */
void child_kill(struct child *child, int signal);
/* SIGKILL to the group, and `done` will not be called. Takes NULL. */
void child_abandon(struct child *child);
pid_t child_pid(const struct child *child);

/* error_set with "<program> failed: <last line of its errors>", for a result whose exit code isn't 0: gives -EIO. */
int child_error(const struct child_result *result, const char *program, struct error *err);
