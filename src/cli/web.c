/* ttob web: the pages and the API, as an unprivileged process. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/listen.h"
#include "cli/paths.h"
#include "cli/spawn.h"
#include "engine/local/local.h"
#include "web/web.h"

static struct engine *new_local_engine(struct loop *loop, const struct engine_events *events, void *events_data, void *data)
{
	const struct config *config = data;

	return local_engine_new(loop, config_string(config, "agent", "socket"), events, events_data);
}

static unsigned number(const struct config *config, const char *section, const char *key)
{
	uint64_t value = config_number(config, section, key);

	return value < 1u << 30 ? (unsigned)value : 1u << 30;
}

static int64_t milliseconds(const struct config *config, const char *section, const char *key)
{
	return (int64_t)config_number(config, section, key) * 1000;
}

static struct engine_limits limits(const struct config *config, const char *section)
{
	return (struct engine_limits){
		.memory = config_number(config, section, "memory"),
		.cpu = number(config, section, "cpu"),
		.pids = number(config, section, "pids"),
		.disk = config_number(config, section, "disk"),
	};
}

/* More than processors: while one waits for the disk or for its turn to write, another one works. */
static unsigned workers(const struct config *config)
{
	unsigned wanted = number(config, "web", "workers");
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (wanted == 0)
		wanted = processors > 2 ? 2 * (unsigned)processors : 4;
	return wanted < 64 ? wanted : 64;
}

/* Each takes 64 MiB and a processor for a tenth of a second. */
static unsigned hash_threads(const struct config *config)
{
	unsigned wanted = number(config, "web", "hashes");
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	if (wanted == 0)
		wanted = processors >= 8 ? 4 : processors >= 4 ? (unsigned)processors / 2 : 1;
	return wanted < 64 ? wanted : 64;
}

static struct web_options options_of(struct config *config, const struct paths *paths)
{
	return (struct web_options){
		.node = config_string(config, "web", "node"),
		.listen = config_string(config, "web", "listen"),
		.public_url = config_string(config, "web", "origin"),
		.data = paths->data,
		.credentials_key = config_string(config, "web", "credentials_key"),
		.database = paths->database,
		.ui = paths->ui,
		.providers = config_string(config, "auth", "providers"),
		.image_program = paths->image,
		.workers = workers(config),
		.connections = number(config, "web", "connections"),
		.trust_forwarded = config_bool(config, "web", "proxy"),
		.limits = limits(config, "sandbox"),
		.idle_ms = milliseconds(config, "sandbox", "idle"),
		.lifetime_ms = milliseconds(config, "sandbox", "lifetime"),
		.extend_ms = milliseconds(config, "sandbox", "extend"),
		.lifetime_max_ms = milliseconds(config, "sandbox", "lifetime_max"),
		.most = number(config, "sandbox", "most"),
		.queue_max = number(config, "sandbox", "queue"),
		.terminals_max = number(config, "sandbox", "terminals"),
		.pool = number(config, "sandbox", "pool"),
		.builds = number(config, "build", "parallel"),
		.build_limits = limits(config, "build"),
		.build_seconds = config_number(config, "build", "time"),
		.build_output = config_number(config, "build", "output"),
		.smoke_ms = milliseconds(config, "build", "smoke"),
		.context_max = (size_t)config_number(config, "build", "context"),
		.builds_most = number(config, "limit", "builds"),
		.projects_most = number(config, "limit", "projects"),
		.queued_most = number(config, "limit", "queued"),
		.tries = number(config, "limit", "tries"),
		.registrations = number(config, "limit", "registrations"),
		.signins = number(config, "limit", "signins"),
		.guesses = number(config, "limit", "guesses"),
		.registration_closed = !config_bool(config, "web", "registration"),
		.hash_threads = hash_threads(config),
		.audit_ms = milliseconds(config, "log", "audit"),
		.limit_loopback = config_bool(config, "limit", "loopback"),
		.accounts_only = !config_bool(config, "web", "guests"),
		.registry_url = config_string(config, "registry", "url"),
		.registry_authfile = config_string(config, "registry", "authfile"),
		.registry_ca_file = config_string(config, "registry", "ca_file"),
		.registry_insecure = config_bool(config, "registry", "insecure"),
		.registry_folder = config_string(config, "registry", "folder"),
		.registry_low = config_number(config, "registry", "low"),
		.registry_floor = config_number(config, "registry", "floor"),
		.metrics_listen = config_string(config, "metrics", "listen"),
		.registry_low_percent = 10,
		.registry_collect_ms = milliseconds(config, "registry", "collect"),
		.pulls = number(config, "registry", "pulls"),
		.pull_requests = number(config, "limit", "pulls"),
		.registry_control = (int)number(config, "registry", "control"),
		.end_on_stop = config_bool(config, "web", "end_on_stop"),
		.engine_new = new_local_engine,
		.engine_data = config,
	};
}

/* Serves until a signal says stop. */
static int serve(const struct web_options *options, const sigset_t *signals, struct error *err)
{
	auto_free char *url = listen_url(options->listen);
	struct web *web;
	int signal = 0;
	int r = web_new(options, &web, err);

	if (r < 0)
		return r;
	r = web_start(web, err);
	if (r == 0) {
		log_event(LOG_LEVEL_INFO, "ready", "version", TTOB_VERSION, "address", url, "pages",
			  options->ui != NULL ? options->ui : "none", NULL);
		sigwait(signals, &signal);
		log_info("stopping (signal %d)", signal);
		web_stop(web);
	}
	web_free(web);
	return r;
}

static int run_web(struct config *config, char **arguments)
{
	struct web_options options;
	struct paths paths;
	struct error err = {0};
	sigset_t signals;
	int r;

	if (arguments[0] != NULL) {
		fprintf(stderr, "ttob web: unexpected argument %s\n", arguments[0]);
		return 2;
	}
	/* Before any thread, so that all have it blocked and only sigwait takes it. */
	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
	if (paths_init(&paths, config, &err) < 0) {
		log_error("%s", err.message);
		return 1;
	}
	options = options_of(config, &paths);
	/* For us alone, not for the programs that we start. */
	if (config_number(config, "registry", "control") == SPAWN_CONTROL_FD)
		fd_set_cloexec(SPAWN_CONTROL_FD, true);
	if (strcmp(config_string(config, "registry", "authfile"), SPAWN_SECRET) == 0)
		fd_set_cloexec(SPAWN_SECRET_FD, true);
	r = serve(&options, &signals, &err);
	if (r < 0)
		log_error("%s", err.message);
	paths_fini(&paths);
	return r < 0 ? 1 : 0;
}

const struct command command_web = {
	.name = "web",
	.arguments = "[--listen ADDRESS:PORT]",
	.help = "serve the pages and the API; needs a running ttob-agent for sandboxes",
	.run = run_web,
};
