/* From a key to its echo, through TCP, the relay, the pseudo-terminal and a program that gives the byte back. All
 * terminals are typed at, KEYS a second each (10, more than people type). The same without a relay shows what the
 * kernel and the program take. Target: p99 <= 1 ms with one terminal. SECONDS (5), KEYS (10), TERMINALS (each of 1,
 * 100, 500). */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/util.h"
#include "lib/host.h"
#include "lib/stats.h"
#include "lib/ws.h"

struct typist {
	struct ws ws;
	double due;     /* of the next key */
	double pressed; /* the key whose echo is awaited, 0: none */
	uint64_t seen;
};

static void press_due(struct typist *typists, int count, double period, double now)
{
	for (int i = 0; i < count; i++) {
		struct typist *typist = &typists[i];

		if (typist->pressed != 0 || now < typist->due)
			continue;
		typist->due += period;
		typist->pressed = now_seconds();
		ws_send(&typist->ws, 2, "k", 1);
	}
}

static void echoes(struct typist *typist, struct samples *samples)
{
	while (ws_take(&typist->ws, 65536) > 0)
		;
	if (typist->ws.offset == typist->seen || typist->pressed == 0)
		return;
	typist->seen = typist->ws.offset;
	samples_add(samples, (now_seconds() - typist->pressed) * 1e3);
	typist->pressed = 0;
}

static void type(struct typist *typists, int count, double period, double seconds, struct samples *samples)
{
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	double begin = now_seconds(), now = begin;

	for (int i = 0; i < count; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.ptr = &typists[i]};

		typists[i].due = begin + period * i / count; /* spread evenly */
		epoll_ctl(epoll, EPOLL_CTL_ADD, typists[i].ws.fd, &event);
	}
	while (now - begin < seconds) {
		struct epoll_event events[64];
		int n = epoll_wait(epoll, events, 64, 1);

		for (int i = 0; i < n; i++)
			echoes(events[i].data.ptr, samples);
		now = now_seconds();
		press_due(typists, count, period, now);
	}
	close(epoll);
}

static void through_relay(int count, double period, double seconds, struct samples *samples)
{
	struct typist *typists = xcalloc((size_t)count, sizeof(*typists));
	struct samples warm = {0};
	struct host host;

	host_start(&host, program_echo, count);
	usleep(300000 + (unsigned)count * 1000);
	for (int i = 0; i < count; i++)
		ws_init(&typists[i].ws, host.clients[i]);
	type(typists, count, period, 1, &warm);
	for (int i = 0; i < count; i++)
		typists[i].pressed = 0;
	type(typists, count, period, seconds, samples);
	host_stop(&host);
	samples_fini(&warm);
	free(typists);
}

static void without_relay(double period, double seconds, struct samples *samples)
{
	pid_t pid;
	int master = terminal_start(program_echo, &pid);
	double end;
	char byte;

	usleep(300000);
	end = now_seconds() + seconds;
	while (now_seconds() < end) {
		double pressed = now_seconds();

		if (write(master, "k", 1) != 1 || read(master, &byte, 1) != 1)
			break;
		samples_add(samples, (now_seconds() - pressed) * 1e3);
		usleep((unsigned)(period * 1e6));
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(master);
}

static void report(const char *what, int count, struct samples *samples)
{
	double p50 = samples_percentile(samples, 50), p99 = samples_percentile(samples, 99);

	printf("%-12s %9d   %8zu   %6.3f   %6.3f   %6.3f\n", what, count, samples->count, p50, p99,
	       samples_percentile(samples, 100));
	bench_json("terminal_echo", "relay", count > 0 ? 1.0 : 0.0, "terminals", (double)count, "keys",
		   (double)samples->count, "p50_ms", p50, "p99_ms", p99, "max_ms", samples_percentile(samples, 100),
		   NULL);
	samples_fini(samples);
}

int main(void)
{
	static const int counts[] = {1, 100, 500};
	double seconds = bench_option("SECONDS", 5);
	double period = 1 / bench_option("KEYS", 10);
	int only = (int)bench_option("TERMINALS", 0);
	struct samples samples = {0};

	signal(SIGPIPE, SIG_IGN);
	printf("key to echo, ms  terminals       keys      p50      p99      max\n");
	without_relay(period, seconds, &samples);
	report("kernel alone", 0, &samples);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		if (only > 0 && counts[i] != only)
			continue;
		through_relay(counts[i], period, seconds, &samples);
		report("relay", counts[i], &samples);
	}
	return 0;
}
