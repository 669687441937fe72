#include "ipc/socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"

static int make_address(const char *path, struct sockaddr_un *address, struct error *err)
{
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(address->sun_path))
		return error_set(err, ERROR_INVALID, ENAMETOOLONG, "the socket's path is too long: %s", path);
	strcpy(address->sun_path, path);
	return 0;
}

int socket_connect(const char *path, int *ret_fd, struct error *err)
{
	auto_fd int fd = -1;
	struct sockaddr_un address;
	int r = make_address(path, &address, err);

	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, errno, "cannot make a socket");
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_errno(err, errno, "cannot reach the agent at %s", path);
	*ret_fd = steal_fd(&fd);
	return 0;
}

int socket_listen(const char *path, gid_t gid, int *ret_fd, struct error *err)
{
	auto_fd int fd = -1;
	auto_fd int other = -1;
	struct sockaddr_un address;
	int r = make_address(path, &address, err);

	if (r < 0)
		return r;
	if (socket_connect(path, &other, NULL) == 0)
		return error_set(err, ERROR_CONFLICT, EADDRINUSE, "another agent already listens at %s", path);
	unlink(path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_errno(err, errno, "cannot make a socket");
	if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return error_errno(err, errno, "cannot listen at %s", path);
	if ((gid != (gid_t)-1 && chown(path, (uid_t)-1, gid) < 0) || chmod(path, 0660) < 0)
		return error_errno(err, errno, "cannot set who may use %s", path);
	if (listen(fd, 64) < 0)
		return error_errno(err, errno, "cannot listen at %s", path);
	*ret_fd = steal_fd(&fd);
	return 0;
}
