/* From clicking Try to the prompt: POST /api/v1/sandboxes, the WebSocket, the first byte of the terminal; then DELETE.
 * Each round is a guest of its own (one person has one sandbox), whose browser already has a connection open. TTOB_URL,
 * PROJECT ("owner/name"; else the first ready one), ROUNDS (50), LABEL ("cold"). Targets: cold p50 <= 45 ms, p95 <= 90
 * ms; pool p50 <= 12 ms. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/http.h"
#include "lib/stats.h"

struct round {
	double answered; /* ms: the POST */
	double opened;   /* the WebSocket */
	double prompt;   /* the first byte of output */
	double server;   /* start_ms, as the server says */
};

static void end_sandbox(struct person *person, const char *id)
{
	static struct answer answer;
	char path[512];

	snprintf(path, sizeof(path), "/api/v1/sandboxes/%s", id);
	person_call(person, "DELETE", path, NULL, &answer);
	if (answer.status != 204)
		fprintf(stderr, "DELETE %s: %d %s\n", path, answer.status, answer.body);
}

static bool one(const struct site *site, const char *body, struct round *round)
{
	static struct answer answer;
	struct person person = {.site = site, .fd = site_connect(site)};
	struct ws ws = {0};
	char id[128], url[256];
	double begin;
	bool good = false;

	person_call(&person, "GET", "/api/v1/session", NULL, &answer); /* the page has loaded */
	begin = now_seconds();
	person_call(&person, "POST", "/api/v1/sandboxes", body, &answer);
	round->answered = (now_seconds() - begin) * 1e3;
	json_find(answer.body, "id", id, sizeof(id));
	json_find(answer.body, "url", url, sizeof(url));
	if (answer.status != 201 || *id == '\0' || *url == '\0') {
		fprintf(stderr, "POST /api/v1/sandboxes: %d %s\n", answer.status, answer.body);
		person_leave(&person);
		return false;
	}
	round->server = json_number(answer.body, "start_ms");
	if (person_terminal(&person, url, &ws) == 0) {
		round->opened = (now_seconds() - begin) * 1e3;
		while (ws.offset == 0 && !ws.closed) {
			struct pollfd poll_fd = {ws.fd, POLLIN, 0};

			poll(&poll_fd, 1, 1000);
			ws_take(&ws, 65536);
		}
		round->prompt = (now_seconds() - begin) * 1e3;
		good = ws.offset > 0;
		close(ws.fd);
	}
	end_sandbox(&person, id);
	person_leave(&person);
	return good;
}

static void find_project(const struct site *site, char *out, size_t size)
{
	static struct answer answer;
	struct person person = {.site = site, .fd = -1};
	const char *wanted = getenv("PROJECT");

	if (wanted != NULL && *wanted != '\0') {
		snprintf(out, size, "%s", wanted);
		return;
	}
	person_call(&person, "GET", "/api/v1/projects?state=ready&per_page=1", NULL, &answer);
	json_find(answer.body, "full_name", out, size);
	person_leave(&person);
	if (*out == '\0') {
		fprintf(stderr, "no project is ready: %d %s\n", answer.status, answer.body);
		exit(1);
	}
}

static void row(const char *what, struct samples *samples)
{
	printf("  %-28s %8.1f %8.1f %8.1f %8.1f\n", what, samples_percentile(samples, 50),
	       samples_percentile(samples, 95), samples_percentile(samples, 99), samples_percentile(samples, 100));
}

int main(void)
{
	struct samples answered = {0}, opened = {0}, prompt = {0}, server = {0};
	const char *wanted = getenv("LABEL");
	const char *label = wanted != NULL ? wanted : "cold";
	int rounds = (int)bench_option("ROUNDS", 50);
	unsigned pause_ms = (unsigned)bench_option("PAUSE_MS", 50);
	char project[256], body[512];
	struct site site;
	int failed = 0;

	signal(SIGPIPE, SIG_IGN);
	site_init(&site);
	find_project(&site, project, sizeof(project));
	snprintf(body, sizeof(body), "{\"project\": \"%s\", \"cols\": 80, \"rows\": 24}", project);
	for (int i = -2; i < rounds; i++) { /* two to warm up */
		struct round round = {0};

		if (!one(&site, body, &round)) {
			failed++;
		} else if (i >= 0) {
			samples_add(&answered, round.answered);
			samples_add(&opened, round.opened);
			samples_add(&prompt, round.prompt);
			samples_add(&server, round.server);
		}
		usleep(pause_ms * 1000); /* people come one by one; a pool fills up again */
	}
	printf("click to prompt, %s, %s, ms       p50      p95      p99      max   (%zu rounds, %d failed)\n", label,
	       project, prompt.count, failed);
	row("server: sandbox started", &server);
	row("POST answered", &answered);
	row("terminal open", &opened);
	row("first byte on the screen", &prompt);
	bench_json("click_to_prompt", strcmp(label, "pool") == 0 ? "pool" : "cold", 1.0, "rounds", (double)prompt.count,
		   "failed", (double)failed, "p50_ms", samples_percentile(&prompt, 50), "p95_ms",
		   samples_percentile(&prompt, 95), "p99_ms", samples_percentile(&prompt, 99), NULL);
	samples_fini(&answered);
	samples_fini(&opened);
	samples_fini(&prompt);
	samples_fini(&server);
	return failed > 0;
}
