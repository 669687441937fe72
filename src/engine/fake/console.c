#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "engine/fake/internal.h"

#define GOOD_BYE "exit\n" /* what ends it, as it ends a shell; typed in one piece */

static void on_typed(struct loop_io *io, uint32_t events)
{
	struct fake_console *console = container_of(io, struct fake_console, io);
	char typed[4096];
	ssize_t n = read(console->slave, typed, sizeof(typed));
	const char *end = n > 0 ? memmem(typed, (size_t)n, GOOD_BYE, strlen(GOOD_BYE)) : NULL;
	size_t length = end != NULL ? (size_t)(end - typed) : (n > 0 ? (size_t)n : 0);
	ssize_t written;

	(void)events;
	if (n < 0 && errno == EAGAIN)
		return;
	written = write(console->slave, typed, length);
	(void)written;
	if (end != NULL || n <= 0)
		console->closed(console);
}

int fake_console_open(struct fake_console *console, struct loop *loop, void (*closed)(struct fake_console *console))
{
	auto_fd int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	auto_fd int slave = -1;
	struct termios raw;
	char name[64];

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 || ptsname_r(master, name, sizeof(name)) != 0)
		return -errno;
	slave = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (slave < 0 || tcgetattr(slave, &raw) < 0)
		return -errno;
	cfmakeraw(&raw);
	if (tcsetattr(slave, TCSANOW, &raw) < 0)
		return -errno;
	fd_set_nonblock(master, true);
	*console = (struct fake_console){.closed = closed};
	if (loop_add(loop, &console->io, slave, EPOLLIN, on_typed) < 0)
		return -EIO;
	console->master = steal_fd(&master);
	console->slave = steal_fd(&slave);
	return 0;
}

void fake_console_close(struct fake_console *console)
{
	if (console->master < 0)
		return;
	loop_remove(&console->io);
	close(steal_fd(&console->slave));
	close(steal_fd(&console->master));
}
