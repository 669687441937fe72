#include "host.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/loop.h"
#include "base/util.h"
#include "terminal/relay.h"

static void die(const char *what)
{
	perror(what);
	exit(1);
}

void program_flood(int slave)
{
	static char lines[32 << 10];

	for (size_t i = 0; i < sizeof(lines); i++)
		lines[i] = i % 80 == 79 ? '\n' : (char)('!' + i % 90);
	for (;;)
		if (write(slave, lines, sizeof(lines)) < 0)
			_exit(0);
}

void program_echo(int slave)
{
	struct termios termios;
	char bytes[256];
	ssize_t n;

	tcgetattr(slave, &termios);
	cfmakeraw(&termios);
	tcsetattr(slave, TCSANOW, &termios);
	while ((n = read(slave, bytes, sizeof(bytes))) > 0)
		if (write(slave, bytes, (size_t)n) != n)
			break;
	_exit(0);
}

void program_yes(int slave)
{
	setsid();
	ioctl(slave, TIOCSCTTY, 0);
	for (int fd = 0; fd < 3; fd++)
		dup2(slave, fd);
	execlp("sh", "sh", "-c",
	       "trap : INT; while :; do sh -c 'exec yes 0123456789abcdefghijklmnopqrstuvwxyz'; read line; done", NULL);
	_exit(127);
}

int terminal_start(program run, pid_t *ret_pid)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64];

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0 || ptsname_r(master, name, sizeof(name)) != 0)
		die("pseudo-terminal");
	*ret_pid = fork();
	if (*ret_pid < 0)
		die("fork");
	if (*ret_pid == 0) {
		int slave = open(name, O_RDWR | O_NOCTTY);

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		signal(SIGINT, SIG_DFL);
		close(master);
		run(slave);
	}
	return master;
}

static void relay_run(int listener, const int *masters, int count)
{
	static const struct relay_limits limits = {0};
	static const struct relay_events events = {0};
	struct loop *loop = loop_new();
	struct relay *relay = relay_new(loop, &limits, &events);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < count; i++) {
		struct terminal *terminal = NULL;
		int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (socket < 0 || terminal_new(relay, masters[i], 80, 24, NULL, &terminal, NULL) < 0)
			die("relay");
		terminal_attach(terminal, socket, NULL, 0, 0, NULL, NULL);
	}
	loop_run(loop);
	_exit(0);
}

static int connect_to(const struct sockaddr_in *address)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int on = 1;

	if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0)
		die("connect");
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	return fd;
}

void host_start(struct host *host, program run, int count)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int *masters = xcalloc((size_t)count, sizeof(int));

	*host = (struct host){.count = count,
			      .programs = xcalloc((size_t)count, sizeof(pid_t)),
			      .clients = xcalloc((size_t)count, sizeof(int))};
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 1024) < 0 ||
	    getsockname(listener, (struct sockaddr *)&address, &length) < 0)
		die("listen");
	for (int i = 0; i < count; i++)
		masters[i] = terminal_start(run, &host->programs[i]);
	host->relay = fork();
	if (host->relay < 0)
		die("fork");
	if (host->relay == 0)
		relay_run(listener, masters, count);
	for (int i = 0; i < count; i++) {
		host->clients[i] = connect_to(&address);
		close(masters[i]);
	}
	close(listener);
	free(masters);
}

void host_stop(struct host *host)
{
	kill(host->relay, SIGKILL);
	waitpid(host->relay, NULL, 0);
	for (int i = 0; i < host->count; i++) {
		kill(host->programs[i], SIGKILL);
		waitpid(host->programs[i], NULL, 0);
		close(host->clients[i]);
	}
	free(host->programs);
	free(host->clients);
}
