/* File descriptors: whole reads and writes, small files, descriptors over a socket (SCM_RIGHTS, unix(7)). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buf.h"
#include "base/error.h"

int fd_set_nonblock(int fd, bool on); /* 0 or -errno */
int fd_set_cloexec(int fd, bool on);  /* 0 or -errno */

/* Writes all of it to a blocking descriptor: 0 or -errno. */
int fd_write_all(int fd, const void *data, size_t length);
/* Appends everything up to the end of file; -EFBIG when it is more than `max` bytes. */
int fd_read_all(int fd, size_t max, struct buf *out);

/* The same for a file by its name, relative to `dir` (AT_FDCWD for none). */
int file_read(int dir, const char *path, size_t max, struct buf *out);
/* Writes one small control file (cgroup, /proc): opened, one write, closed. */
int file_write_control(const char *path, const char *value);
/* Replaces the file so that a crash leaves the old or the new one, never a part: temporary file, fsync, rename. */
int file_replace(const char *path, const void *data, size_t length, mode_t mode, struct error *err);

/* mkdir -p; existing folders keep their mode. */
int dir_make_all(const char *path, mode_t mode, struct error *err);
/* rm -rf below and including `path`, never following a link, staying on one file system. Not there is fine. */
int dir_remove_all(const char *path, struct error *err);

/* Sends `length` bytes and `n` descriptors as one message (at most FD_PASS_MAX): 0 or -errno (-EAGAIN). */
#define FD_PASS_MAX 8
int fd_send(int socket, const void *data, size_t length, const int *fds, size_t n);
/* Receives one message. Gives the bytes (0: the peer closed), or -errno; -EMSGSIZE when it did not fit, -EMFILE when there was no room for
 * its descriptors (they are closed in both cases).
 * On success *ret_n descriptors in `fds` are the caller's, close-on-exec. */
ssize_t fd_receive(int socket, void *data, size_t size, int fds[FD_PASS_MAX], size_t *ret_n);
