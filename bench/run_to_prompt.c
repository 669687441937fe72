/* Runs a command on a pseudo-terminal and measures until its first byte of output; then types "exit". What the peers of
 * the platform need for the same: run_to_prompt LABEL COMMAND…  ("%d" in an argument becomes the round's number).
 * ROUNDS (20). */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "lib/stats.h"

static pid_t start(char **argv, int count, int round, int *ret_master)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char name[64];
	pid_t pid;

	if (master < 0 || unlockpt(master) < 0 || ptsname_r(master, name, sizeof(name)) != 0 || (pid = fork()) < 0) {
		perror("pseudo-terminal");
		exit(1);
	}
	if (pid == 0) {
		char **args = xcalloc((size_t)count + 1, sizeof(char *));
		int slave;

		setsid();
		slave = open(name, O_RDWR);
		ioctl(slave, TIOCSCTTY, 0);
		for (int fd = 0; fd < 3; fd++)
			dup2(slave, fd);
		for (int i = 0; i < count; i++)
			args[i] = strstr(argv[i], "%d") != NULL ? xasprintf(argv[i], round) : argv[i];
		execvp(args[0], args);
		_exit(127);
	}
	*ret_master = master;
	return pid;
}

/* Milliseconds to the first byte, -1 when the command failed without one. */
static double one(char **argv, int count, int round)
{
	double begin = now_seconds(), ms = -1;
	char bytes[4096];
	int master, status;
	pid_t pid = start(argv, count, round, &master);
	ssize_t n = read(master, bytes, sizeof(bytes));

	if (n > 0) {
		ms = (now_seconds() - begin) * 1e3;
		if (write(master, "exit\n", 5) == 5)
			while (read(master, bytes, sizeof(bytes)) > 0)
				;
	}
	waitpid(pid, &status, 0);
	close(master);
	if (WIFEXITED(status) && WEXITSTATUS(status) >= 125) {
		fprintf(stderr, "%s: exit %d: %.*s\n", argv[0], WEXITSTATUS(status), n > 0 ? (int)n : 0, bytes);
		return -1;
	}
	return ms;
}

int main(int argc, char **argv)
{
	int rounds = (int)bench_option("ROUNDS", 20);
	struct samples samples = {0};

	if (argc < 3) {
		fprintf(stderr, "usage: run_to_prompt LABEL COMMAND…\n");
		return 2;
	}
	for (int i = -1; i < rounds; i++) { /* one to warm up */
		double ms = one(argv + 2, argc - 2, i + 1);

		if (ms < 0)
			return 1;
		if (i >= 0)
			samples_add(&samples, ms);
	}
	printf("%-30s %8.1f %8.1f %8.1f %8.1f   (%zu rounds)\n", argv[1], samples_percentile(&samples, 50),
	       samples_percentile(&samples, 95), samples_percentile(&samples, 99), samples_percentile(&samples, 100),
	       samples.count);
	bench_json(argv[1], "p50_ms", samples_percentile(&samples, 50), "p95_ms", samples_percentile(&samples, 95),
		   NULL);
	samples_fini(&samples);
	return 0;
}
