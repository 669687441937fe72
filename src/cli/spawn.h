/* One child process of the supervisor: rights, output and its end through a pidfd. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/* Where a child finds its `folder`: an open descriptor of it, so that the folders above may be closed to the child's user (a clone in
 * somebody's home). */
#define SPAWN_FOLDER "/proc/self/fd/3/."
/* And the program that it starts itself. */
#define SPAWN_HELPER "/proc/self/fd/4"
/* What it may read, though its file is only for root. */
#define SPAWN_SECRET	"/proc/self/fd/5"
#define SPAWN_SECRET_FD 5
/* A socket to us. */
#define SPAWN_CONTROL_FD 6

struct spawn {
	const char *const *argv;
	const char *const *env;
	uid_t uid; /* 0: stays root */
	gid_t gid;
	const char *helper; /* likewise, there as SPAWN_HELPER; NULL: none */
	const char *secret; /* a file whose content the child finds as SPAWN_SECRET; NULL: none */
	int control;	    /* the child has it as SPAWN_CONTROL_FD, stays ours; 0: none */
	const char *folder; /* opened before the rights are dropped, there as SPAWN_FOLDER; NULL: none */
};

/* A program named by a path is opened before the rights are dropped, too: only the file itself must be open to the user. Starts it with /dev/null as input and both outputs into a pipe. It gets SIGKILL when we die (PR_SET_PDEATHSIG), so that nothing
 * is left behind. *ret_output is the pipe's read end, non-blocking. 0 or -errno. */
int spawn(const struct spawn *what, pid_t *ret_pid, int *ret_pidfd, int *ret_output, struct error *err);
