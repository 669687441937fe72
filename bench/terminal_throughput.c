/* Bytes a second that one terminal's output makes: reading the pseudo-terminal and throwing the bytes away, against the
 * way through the relay to a WebSocket client over TCP. Rounds alternate, so that both see the same machine. Target:
 * ratio >= 0.9. ROUNDS (5), SECONDS (2). */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/host.h"
#include "lib/stats.h"
#include "lib/ws.h"

static double raw_round(double seconds)
{
	static char bytes[64 << 10];
	pid_t pid;
	int master = terminal_start(program_flood, &pid);
	double begin, end, total = 0;

	for (int i = 0; i < 1000; i++) /* warm */
		if (read(master, bytes, sizeof(bytes)) < 0)
			return 0;
	begin = end = now_seconds();
	while (end - begin < seconds) {
		for (int i = 0; i < 64; i++) {
			ssize_t n = read(master, bytes, sizeof(bytes));

			if (n <= 0)
				return 0;
			total += (double)n;
		}
		end = now_seconds();
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(master);
	return total / (end - begin) / 1e6;
}

static double relay_round(double seconds)
{
	struct host host;
	struct ws ws = {0};
	double begin = 0, end = 0;
	uint64_t from = 0;

	host_start(&host, program_flood, 1);
	ws_init(&ws, host.clients[0]);
	while (!ws.closed && (begin == 0 || end - begin < seconds)) {
		struct pollfd poll_fd = {ws.fd, POLLIN, 0};

		if (ws_take(&ws, 256 << 10) == 0)
			poll(&poll_fd, 1, 1000);
		end = now_seconds();
		if (begin == 0 && ws.offset > 4u << 20) { /* warm */
			begin = end;
			from = ws.offset;
		}
	}
	host_stop(&host);
	return (double)(ws.offset - from) / (end - begin) / 1e6;
}

int main(void)
{
	int rounds = (int)bench_option("ROUNDS", 5);
	double seconds = bench_option("SECONDS", 2);
	struct samples raw = {0}, relay = {0};

	signal(SIGPIPE, SIG_IGN);
	printf("one terminal's output, MB/s     raw read   relay + WebSocket   ratio\n");
	for (int i = 0; i < rounds; i++) {
		double a = raw_round(seconds);
		double b = relay_round(seconds);

		printf("round %-2d                       %8.1f   %17.1f   %5.2f\n", i + 1, a, b, b / a);
		fflush(stdout);
		samples_add(&raw, a);
		samples_add(&relay, b);
	}
	printf("median                         %8.1f   %17.1f   %5.2f\n", samples_percentile(&raw, 50),
	       samples_percentile(&relay, 50), samples_percentile(&relay, 50) / samples_percentile(&raw, 50));
	bench_json("terminal_throughput", "raw_mb_s", samples_percentile(&raw, 50), "relay_mb_s",
		   samples_percentile(&relay, 50), "ratio",
		   samples_percentile(&relay, 50) / samples_percentile(&raw, 50), NULL);
	samples_fini(&raw);
	samples_fini(&relay);
	return 0;
}
