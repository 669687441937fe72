/* Waits for processes on the loop, through pidfds (pidfd_open(2)): our children, orphans that come to us as their subreaper, and
 * processes that a predecessor started. No pid is ever signalled by number. */
#pragma once

#include <sys/types.h>

#include "base/loop.h"

struct reaper;
struct watch;

/* `exit_code` is 128 + signal for a killed one; -1 when the kernel does not tell (not our child, and older than 6.15). The watch is
 * freed by the caller (watch_free), here or later. */
typedef void (*watch_exited)(struct watch *watch, int exit_code, void *data);

struct reaper *reaper_new(struct loop *loop); /* makes the process a subreaper and blocks SIGCHLD */
void reaper_free(struct reaper *reaper);      /* after all watches; takes NULL */

/* An orphan is about to be watched that may be over before its pid is known: until reaper_expect_less, orphans that nobody watches are not reaped,
 * and their pids stay theirs. Calls count. */
void reaper_expect(struct reaper *reaper);
void reaper_expect_less(struct reaper *reaper);

/* By pid. Gives -ESRCH when there is none. The caller has to know that the pid is still the process that it means. */
int watch_new(struct reaper *reaper, pid_t pid, watch_exited exited, void *data, struct watch **ret_watch);
/* By a pidfd that becomes the watch's. */
int watch_new_pidfd(struct reaper *reaper, pid_t pid, int pidfd, watch_exited exited, void *data, struct watch **ret_watch);
void watch_free(struct watch *watch); /* takes NULL; the process goes on */
/* For a child that leads a process group: when it fails, what is left of its group is killed before the child is reaped, while its
 * number still can only mean that group. */
void watch_kill_group_on_failure(struct watch *watch);
int watch_kill(struct watch *watch, int signal); /* 0 or -errno */
pid_t watch_pid(const struct watch *watch);
