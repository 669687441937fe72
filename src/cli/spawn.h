/* One child process of the supervisor: rights, output and its end through a pidfd. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

struct spawn {
	const char *const *argv;
	const char *const *env;
	uid_t uid; /* 0: stays root */
	gid_t gid;
};

/* Starts it with /dev/null as input and both outputs into a pipe. It gets SIGKILL when we die (PR_SET_PDEATHSIG), so that nothing
 * is left behind. *ret_output is the pipe's read end, non-blocking. 0 or -errno. */
int spawn(const struct spawn *what, pid_t *ret_pid, int *ret_pidfd, int *ret_output, struct error *err);
