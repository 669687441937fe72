/* How a forked task tells its parent what went wrong: one struct error over a pipe, and a path list in front of it for
 * opaque folders. What comes back is from a process that a hostile archive may have taken over, so it is checked like
 * foreign input. */
#pragma once

#include "base/error.h"

/* Writes the error and ends the process: status 0 when there is none. */
_Noreturn void outcome_exit(int fd, const struct error *err);
/* Reads the error of a task, which has ended with `status` (waitpid(2)): 0, or its error. `task` names it in messages.
 */
int outcome_read(int fd, int status, const char *task, struct error *err);
/* Control characters and what is no UTF-8 become "?": names of an archive may not write to a log or a terminal. */
void outcome_clean(char *message);
