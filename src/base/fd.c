#include "base/fd.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "base/util.h"

static int set_flag(int fd, int get, int set, int flag, bool on)
{
	int flags = fcntl(fd, get);

	if (flags < 0)
		return -errno;
	return fcntl(fd, set, on ? flags | flag : flags & ~flag) < 0 ? -errno : 0;
}

int fd_set_nonblock(int fd, bool on)
{
	return set_flag(fd, F_GETFL, F_SETFL, O_NONBLOCK, on);
}

int fd_set_cloexec(int fd, bool on)
{
	return set_flag(fd, F_GETFD, F_SETFD, FD_CLOEXEC, on);
}

int fd_write_all(int fd, const void *data, size_t length)
{
	const char *p = data;

	while (length > 0) {
		ssize_t n = write(fd, p, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		p += n;
		length -= (size_t)n;
	}
	return 0;
}

int fd_read_all(int fd, size_t max, struct buf *out)
{
	size_t start = out->length;

	for (;;) {
		char *to = buf_reserve(out, 4096);
		ssize_t n = read(fd, to, 4096);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		buf_added(out, (size_t)n);
		if (out->length - start > max)
			return -EFBIG;
		if (n == 0)
			return 0;
	}
}

int file_read(int dir, const char *path, size_t max, struct buf *out)
{
	auto_fd int fd = openat(dir, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : fd_read_all(fd, max, out);
}

int file_write_control(const char *path, const char *value)
{
	auto_fd int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t length = strlen(value);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, value, length);
	if (n < 0)
		return -errno;
	return (size_t)n == length ? 0 : -EIO;
}

int file_replace(const char *path, const void *data, size_t length, mode_t mode, struct error *err)
{
	char suffix[9];
	auto_free char *temporary = NULL;
	auto_fd int fd = -1;
	int r;

	random_id(suffix, sizeof(suffix) - 1);
	temporary = xasprintf("%s.%s~", path, suffix);
	fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return error_errno(err, errno, "cannot write %s", temporary);
	r = fd_write_all(fd, data, length);
	if (r == 0 && fsync(fd) < 0)
		r = -errno;
	if (r == 0 && rename(temporary, path) < 0)
		r = -errno;
	if (r < 0) {
		unlink(temporary);
		return error_errno(err, r, "cannot write %s", path);
	}
	return 0;
}

int dir_make_all(const char *path, mode_t mode, struct error *err)
{
	auto_free char *copy = xstrdup(path);

	for (char *p = copy + 1; *copy != '\0'; p++) {
		char c = *p;

		if (c != '/' && c != '\0')
			continue;
		*p = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return error_errno(err, errno, "cannot make the folder %s", copy);
		*p = c;
		if (c == '\0')
			break;
	}
	return 0;
}

/* Works through descriptors, so that nobody can swap a folder for a link under our feet. */
static int remove_at(int parent, const char *name, dev_t device)
{
	auto_fd int fd = -1;
	struct dirent *entry;
	struct stat st;
	DIR *dir;
	int r = 0;

	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -errno;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_dev != device)
		return -EXDEV;
	dir = fdopendir(fd);
	if (dir == NULL)
		return -errno;
	(void)steal_fd(&fd);
	while (r == 0 && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			r = remove_at(dirfd(dir), entry->d_name, device);
	closedir(dir);
	if (r == 0 && unlinkat(parent, name, AT_REMOVEDIR) < 0)
		r = -errno;
	return r;
}

int dir_remove_all(const char *path, struct error *err)
{
	struct stat st;
	int r;

	if (lstat(path, &st) < 0)
		return errno == ENOENT ? 0 : error_errno(err, errno, "cannot look at %s", path);
	r = remove_at(AT_FDCWD, path, st.st_dev);
	return r < 0 ? error_errno(err, r, "cannot remove %s", path) : 0;
}

int fd_send(int socket, const void *data, size_t length, const int *fds, size_t n)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
		struct cmsghdr align;
	} control = {0};
	struct iovec iov = {.iov_base = (void *)data, .iov_len = length};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	ssize_t sent;

	if (n > FD_PASS_MAX)
		return -E2BIG;
	if (n > 0) {
		struct cmsghdr *header;

		msg.msg_control = control.bytes;
		msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
		header = CMSG_FIRSTHDR(&msg);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int) * n);
		memcpy(CMSG_DATA(header), fds, sizeof(int) * n);
	}
	do
		sent = sendmsg(socket, &msg, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	return (size_t)sent == length ? 0 : -EIO;
}

ssize_t fd_receive(int socket, void *data, size_t size, int fds[FD_PASS_MAX], size_t *ret_n)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * FD_PASS_MAX)];
		struct cmsghdr align;
	} control;
	struct iovec iov = {.iov_base = data, .iov_len = size};
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof(control.bytes)};
	ssize_t got;

	*ret_n = 0;
	do
		got = recvmsg(socket, &msg, MSG_CMSG_CLOEXEC);
	while (got < 0 && errno == EINTR);
	if (got < 0)
		return -errno;
	for (struct cmsghdr *h = CMSG_FIRSTHDR(&msg); h != NULL; h = CMSG_NXTHDR(&msg, h)) {
		if (h->cmsg_level != SOL_SOCKET || h->cmsg_type != SCM_RIGHTS)
			continue;
		*ret_n = min_size((h->cmsg_len - CMSG_LEN(0)) / sizeof(int), FD_PASS_MAX);
		memcpy(fds, CMSG_DATA(h), *ret_n * sizeof(int));
	}
	if ((msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
		/* Cut off before the buffer was full: this process has no room for more descriptors. */
		bool exhausted = (msg.msg_flags & MSG_TRUNC) == 0 && *ret_n < FD_PASS_MAX;

		for (size_t i = 0; i < *ret_n; i++)
			close(fds[i]);
		*ret_n = 0;
		return exhausted ? -EMFILE : -EMSGSIZE;
	}
	return got;
}
