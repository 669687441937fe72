/* Accounts over HTTP on a web process with an engine in memory: how long it takes to register, to sign in and out, one after the
 * other; and what a storm of sign-ins does to others: the echo of a terminal and GET /session, quiet and in the storm. COUNT
 * (1000) accounts, STORM (32) clients that sign in without a pause, SECONDS (10) of each. Target: in the storm, p99 of the echo
 * stays below 20 ms and that of GET /session below 50 ms on two processors. */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "lib/http.h"
#include "lib/stats.h"
#include "lib/web.h"
#include "store/projects.h"
#include "store/versions.h"

#define PASSWORD "seven green kettles"

/* ---- the web process ------------------------------------------------------------------------------------------------- */

struct world {
	char folder[64];
	char *database;
};

static void fail(const char *what, const char *why)
{
	fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

/* One program that can be tried. */
static void make_project(const struct world *world)
{
	struct project project = {
		.owner = (char *)"taste",
		.name = (char *)"shell",
		.summary = (char *)"A shell",
		.category = (char *)"fun",
		.tags = (char *)"",
		.license = (char *)"MIT",
		.ports = (char *)"",
		.source_kind = (char *)"script",
		.source = (char *)"{}",
		.digest = (char *)"0",
	};
	struct version version = {
		.label = (char *)"1", .reference = (char *)"taste/shell:b0", .image = (char *)"sha256:00", .size = 1, .shell = true};
	struct store store;
	struct error err;
	bool rebuild;

	if (store_prepare(world->database, &err) < 0 || store_open(world->database, &store, &err) < 0 ||
	    projects_upsert(&store, &project, clock_realtime_ms(), &version.project, &rebuild, &err) < 0 ||
	    versions_add(&store, &version, clock_realtime_ms(), NULL, &err) < 0)
		fail("the project", err.message);
	store_close(&store);
}

static pid_t start_web(const struct world *world, struct site *site)
{
	const struct web_options options = {
		.data = world->folder,
		.database = world->database,
		.workers = 2,
		.limits = {.memory = 1u << 20, .cpu = 100, .pids = 10, .disk = 1u << 20},
		.idle_ms = 900000,
		.lifetime_ms = 3600000,
		.most = 10,
		.terminals_max = 1,
		.builds = 1,
		.tries = 1000000,
	};

	return web_serve(&options, site);
}

/* ---- one after the other --------------------------------------------------------------------------------------------- */

static double call(struct person *person, const char *method, const char *path, const char *json, int status)
{
	static struct answer answer;
	double begin = now_seconds();

	person_call(person, method, path, json, &answer);
	if (answer.status != status) {
		fprintf(stderr, "%s %s: %d %s\n", method, path, answer.status, answer.body);
		exit(1);
	}
	return (now_seconds() - begin) * 1e3;
}

static void report(const char *what, struct samples *samples, double seconds)
{
	printf("%-28s %7zu %8.2f %8.2f %8.2f %8.0f\n", what, samples->count, samples_percentile(samples, 50),
	       samples_percentile(samples, 99), samples_percentile(samples, 100),
	       seconds > 0 ? (double)samples->count / seconds : 0.0);
	bench_json(what, "count", (double)samples->count, "p50_ms", samples_percentile(samples, 50), "p99_ms",
		   samples_percentile(samples, 99), "max_ms", samples_percentile(samples, 100), NULL);
}

static void measure_steps(const struct site *site, unsigned count)
{
	struct samples made = {0}, in = {0}, out = {0};
	struct person person = {.site = site, .fd = -1};
	char body[160];
	double begin = now_seconds();

	printf("%-28s %7s %8s %8s %8s %8s\n", "", "count", "p50 ms", "p99", "max", "a second");
	for (unsigned i = 0; i < count; i++) {
		snprintf(body, sizeof(body), "{\"username\": \"person-%u\", \"password\": \"" PASSWORD "\"}", i);
		samples_add(&made, call(&person, "POST", "/api/v1/users", body, 201));
		call(&person, "DELETE", "/api/v1/session", NULL, 204);
		person.cookie[0] = '\0';
	}
	report("register", &made, now_seconds() - begin);
	begin = now_seconds();
	for (unsigned i = 0; i < count; i++) {
		snprintf(body, sizeof(body), "{\"login\": \"person-%u\", \"password\": \"" PASSWORD "\"}", i);
		samples_add(&in, call(&person, "POST", "/api/v1/session", body, 200));
		samples_add(&out, call(&person, "DELETE", "/api/v1/session", NULL, 204));
		person.cookie[0] = '\0';
	}
	report("sign in", &in, now_seconds() - begin);
	report("sign out", &out, 0);
	person_leave(&person);
	samples_fini(&made);
	samples_fini(&in);
	samples_fini(&out);
}

/* ---- in a storm ------------------------------------------------------------------------------------------------------ */

/* Shared with the clients of the storm. */
struct tally {
	atomic_uint in;
	atomic_uint away;
};

static void storm(const struct site *site, struct tally *tally)
{
	static struct answer answer;
	struct person person = {.site = site, .fd = -1};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		person_call(&person, "POST", "/api/v1/session", "{\"login\": \"person-0\", \"password\": \"" PASSWORD "\"}", &answer);
		if (answer.status == 200)
			atomic_fetch_add(&tally->in, 1);
		else
			atomic_fetch_add(&tally->away, 1);
		person.cookie[0] = '\0';
	}
}

/* A key and a question by turns, twenty of each a second. */
static void look(struct person *person, struct ws *ws, double seconds, struct samples *echo, struct samples *session)
{
	double end = now_seconds() + seconds;

	while (now_seconds() < end) {
		uint64_t seen = ws->offset;
		double begin = now_seconds();

		ws_send(ws, 2, "k", 1);
		while (ws->offset == seen && !ws->closed)
			if (ws_take(ws, 4096) == 0 && ws->closed)
				exit(1);
		samples_add(echo, (now_seconds() - begin) * 1e3);
		samples_add(session, call(person, "GET", "/api/v1/session", NULL, 200));
		usleep(50000);
	}
}

static void measure_storm(const struct site *site, unsigned clients, double seconds)
{
	struct samples echo[2] = {{0}}, session[2] = {{0}};
	struct tally *tally = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct person person = {.site = site, .fd = -1};
	static struct answer answer;
	pid_t *pids = xcalloc(clients, sizeof(*pids));
	struct ws ws = {.self_ack = true};
	char url[128];

	if (tally == MAP_FAILED)
		exit(1);
	call(&person, "POST", "/api/v1/session", "{\"login\": \"person-0\", \"password\": \"" PASSWORD "\"}", 200);
	person_call(&person, "POST", "/api/v1/sandboxes", "{\"project\": \"taste/shell\"}", &answer);
	if (answer.status != 201 || person_terminal(&person, json_find(answer.body, "url", url, sizeof(url)), &ws) < 0)
		fail("the terminal", answer.body);
	look(&person, &ws, seconds, &echo[0], &session[0]);
	for (unsigned i = 0; i < clients; i++)
		if ((pids[i] = fork()) == 0)
			storm(site, tally);
	sleep(1);
	atomic_store(&tally->in, 0);
	look(&person, &ws, seconds, &echo[1], &session[1]);
	printf("\nin the storm: %.1f sign-ins a second, %u turned away\n", (double)atomic_load(&tally->in) / seconds,
	       atomic_load(&tally->away));
	for (unsigned i = 0; i < clients; i++) {
		kill(pids[i], SIGKILL);
		waitpid(pids[i], NULL, 0);
	}
	report("key to echo, quiet", &echo[0], 0);
	report("key to echo, in the storm", &echo[1], 0);
	report("GET /session, quiet", &session[0], 0);
	report("GET /session, in the storm", &session[1], 0);
	for (int i = 0; i < 2; i++) {
		samples_fini(&echo[i]);
		samples_fini(&session[i]);
	}
	free(pids);
	close(ws.fd);
	person_leave(&person);
	munmap(tally, sizeof(*tally));
}

int main(void)
{
	struct world world = {.folder = "/var/tmp/ttob-accounts-XXXXXX"};
	struct site site;
	pid_t web;

	log_setup("bench", LOG_LEVEL_WARNING, false);
	if (mkdtemp(world.folder) == NULL)
		return 1;
	world.database = xasprintf("sqlite:%s/ttob.db", world.folder);
	make_project(&world);
	web = start_web(&world, &site);
	usleep(300000);
	measure_steps(&site, (unsigned)bench_option("COUNT", 1000));
	measure_storm(&site, (unsigned)bench_option("STORM", 32), bench_option("SECONDS", 10));
	web_end(web);
	dir_remove_all(world.folder, NULL);
	free(world.database);
	return 0;
}
