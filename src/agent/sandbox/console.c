#include "agent/sandbox/console.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

void console_init(struct console *console)
{
	*console = (struct console){.listener = -1};
}

int console_listen(struct console *console, const char *path, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ERROR_INVALID, ENAMETOOLONG, "the path is too long for a socket: %s", path);
	strcpy(address.sun_path, path);
	console->path = xstrdup(path);
	unlink(path);
	console->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (console->listener < 0 || bind(console->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(console->listener, 1) < 0) {
		error_errno(err, errno, "cannot listen at %s", path);
		console_close(console);
		return -EIO;
	}
	return 0;
}

int console_receive(struct console *console, unsigned cols, unsigned rows, int *ret_tty, struct error *err)
{
	struct winsize size = {.ws_col = (unsigned short)cols, .ws_row = (unsigned short)rows};
	auto_fd int fd = accept4(console->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	char name[256];
	int fds[FD_PASS_MAX];
	size_t count = 0;
	ssize_t n = fd < 0 ? -errno : fd_receive(fd, name, sizeof(name), fds, &count);

	for (size_t i = 1; i < count; i++)
		close(fds[i]);
	if (n < 0 || count == 0)
		return error_errno(err, n < 0 ? (int)n : -EPROTO, "the runtime gave no terminal");
	if (!isatty(fds[0])) {
		close(fds[0]);
		return error_set(err, ERROR_INTERNAL, ENOTTY, "the runtime gave what is no terminal");
	}
	ioctl(fds[0], TIOCSWINSZ, &size);
	*ret_tty = fds[0];
	return 0;
}

void console_close(struct console *console)
{
	if (console->listener >= 0)
		close(console->listener);
	if (console->path != NULL)
		unlink(console->path);
	free(console->path);
	console_init(console);
}
