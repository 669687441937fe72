/* Ctrl-C in the middle of `yes`, at a browser that takes RATE bytes a second (1,000,000): from pressing it to the
 * browser having taken in the "^C", and the memory of the relay meanwhile. Target: 200 ms. ROUNDS (20). */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "lib/host.h"
#include "lib/stats.h"
#include "lib/ws.h"

#define ACK_STEP (32u << 10)

/* The browser: what came waits in a queue (here only its numbers), from which the screen takes at its pace. */
struct browser {
	struct ws ws;
	double rate;
	double taken;  /* number of the byte up to which the screen is */
	double at;     /* when that was */
	uint64_t sign; /* number of the byte behind "^C", 0: not seen */
	char last;
};

static void output(void *data, const char *bytes, size_t length)
{
	struct browser *browser = data;
	const char *sign = memmem(bytes, length, "^C", 2);

	if (sign != NULL)
		browser->sign = browser->ws.offset - length + (size_t)(sign - bytes) + 2;
	else if (browser->last == '^' && length > 0 && bytes[0] == 'C')
		browser->sign = browser->ws.offset - length + 1;
	browser->last = length > 0 ? bytes[length - 1] : browser->last;
}

static void turn(struct browser *browser)
{
	struct pollfd poll_fd = {browser->ws.fd, POLLIN, 0};
	double now;

	poll(&poll_fd, 1, 1);
	while (ws_take(&browser->ws, 256 << 10) > 0)
		;
	now = now_seconds();
	browser->taken += (now - browser->at) * browser->rate;
	if (browser->taken > (double)browser->ws.offset)
		browser->taken = (double)browser->ws.offset;
	browser->at = now;
	if ((uint64_t)browser->taken - browser->ws.acked >= ACK_STEP ||
	    ((uint64_t)browser->taken == browser->ws.offset && browser->ws.acked < browser->ws.offset))
		ws_ack(&browser->ws, (uint64_t)browser->taken);
}

static void run(struct browser *browser, double seconds)
{
	double end = now_seconds() + seconds;

	while (now_seconds() < end)
		turn(browser);
}

static double resident_kib(pid_t pid)
{
	char path[64], line[256];
	double kib = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	file = fopen(path, "re");
	while (file != NULL && fgets(line, sizeof(line), file) != NULL)
		if (strncmp(line, "VmRSS:", 6) == 0)
			kib = strtod(line + 6, NULL);
	if (file != NULL)
		fclose(file);
	return kib;
}

int main(void)
{
	struct browser browser = {.rate = bench_option("RATE", 1e6)};
	int rounds = (int)bench_option("ROUNDS", 20);
	struct samples samples = {0};
	double least = 0, most = 0;
	struct host host;

	signal(SIGPIPE, SIG_IGN);
	host_start(&host, program_yes, 1);
	ws_init(&browser.ws, host.clients[0]);
	browser.ws.self_ack = false;
	browser.ws.output = output;
	browser.ws.data = &browser;
	browser.at = now_seconds();
	run(&browser, 2);
	least = resident_kib(host.relay);
	for (int i = 0; i < rounds; i++) {
		double pressed;

		run(&browser, 0.5 + 0.01 * i);
		browser.sign = 0;
		pressed = now_seconds();
		ws_send(&browser.ws, 2, "\x03", 1);
		while (browser.sign == 0 || browser.taken < (double)browser.sign)
			turn(&browser);
		samples_add(&samples, (now_seconds() - pressed) * 1e3);
		most = resident_kib(host.relay) > most ? resident_kib(host.relay) : most;
		ws_send(&browser.ws, 2, "\n", 1); /* the shell's loop: yes again */
	}
	host_stop(&host);
	printf("Ctrl-C in `yes`, browser at %.0f kB/s: p50 %.0f ms, p99 %.0f ms; relay's memory %.0f to %.0f KiB\n",
	       browser.rate / 1e3, samples_percentile(&samples, 50), samples_percentile(&samples, 99), least, most);
	bench_json("terminal_interrupt", "rate", browser.rate, "p50_ms", samples_percentile(&samples, 50), "p99_ms",
		   samples_percentile(&samples, 99), "relay_rss_kib", most, NULL);
	samples_fini(&samples);
	return 0;
}
