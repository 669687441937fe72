/* The agent's socket: a SOCK_SEQPACKET unix socket at a path, mode 0660, that only a chosen group may use. */
#pragma once

#include <sys/types.h>

#include "base/error.h"

/* Replaces what is left of an earlier socket at `path`; refuses when somebody still listens there (ERROR_CONFLICT).
 * `gid` may connect; (gid_t)-1 leaves the group alone. */
int socket_listen(const char *path, gid_t gid, int *ret_fd, struct error *err);
int socket_connect(const char *path, int *ret_fd, struct error *err);
