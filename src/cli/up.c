/* ttob up: registry, agent and web as one supervised tree on this machine. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/collector.h"
#include "cli/command.h"
#include "cli/folders.h"
#include "cli/listen.h"
#include "cli/paths.h"
#include "cli/places.h"
#include "cli/registry.h"
#include "cli/settings.h"
#include "cli/spawn.h"
#include "cli/supervise.h"
#include "cli/sweep.h"
#include "ipc/socket.h"

#define ENV_MAX 96
#define SWEEP_LIMIT_MS 15000
#define ADDRESS_WAIT_MS 5000
#define SAFE_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

extern char **environ;

/* An environment for a child: owned strings, NULL-terminated. */
struct environment {
	char *items[ENV_MAX + 1];
	size_t count;
};

struct up {
	struct config *config;
	struct loop *loop;
	struct supervisor *supervisor;
	struct sweep *sweep;
	struct collector *collector; /* of the embedded registry's garbage */
	struct folders folders;
	struct paths paths;
	struct embedded_registry registry; /* url NULL: another registry is configured */
	uid_t uid;			   /* of the web process */
	gid_t gid;
	char *self;  /* our own program */
	char *agent; /* ttob-agent */
	char *secret; /* the registry's credentials, for the web process; NULL: none */
	struct environment registry_env;
	struct environment agent_env;
	struct environment web_env;
	const char *registry_argv[4];
	const char *agent_argv[4];
	const char *web_argv[3];
	struct service services[3];
	size_t service_count;
	int signal_fd;
	struct loop_io signal_io;
	bool failed;
};

static void env_add(struct environment *env, const char *name, const char *value)
{
	if (env->count < ENV_MAX)
		env->items[env->count++] = xasprintf("%s=%s", name, value);
}

static void env_fini(struct environment *env)
{
	for (size_t i = 0; i < env->count; i++)
		free(env->items[i]);
}

/* What every child gets, and those of our own variables whose name begins with one of `prefixes` (NULL-terminated). The database is
 * the web's alone, which gets it by add_settings. */
static void env_start(struct environment *env, const char *const *prefixes)
{
	env_add(env, "PATH", SAFE_PATH);
	env_add(env, "LANG", "C.UTF-8");
	for (char **item = environ; *item != NULL; item++)
		for (size_t i = 0; prefixes[i] != NULL; i++)
			if (strncmp(*item, prefixes[i], strlen(prefixes[i])) == 0 && !str_starts_with(*item, "TTOB_DATABASE_") &&
			    env->count < ENV_MAX)
				env->items[env->count++] = xstrdup(*item);
}

/* ---- the three services ------------------------------------------------------------------------------------------- */

static bool registry_is_ready(void *data)
{
	struct up *up = data;
	auto_free char *address = xasprintf("127.0.0.1:%u", up->registry.port);

	return listen_answers(address);
}

static bool agent_is_ready(void *data)
{
	struct up *up = data;
	auto_fd int fd = -1;

	return socket_connect(up->folders.socket, &fd, NULL) == 0;
}

static bool web_is_ready(void *data)
{
	struct up *up = data;

	return listen_answers(config_string(up->config, "web", "listen"));
}

static void add_service(struct up *up, struct service service)
{
	service.data = up;
	up->services[up->service_count++] = service;
}

static void add_registry(struct up *up)
{
	static const char *const none[] = {NULL};

	env_start(&up->registry_env, none);
	up->registry_argv[0] = "docker-registry";
	up->registry_argv[1] = "serve";
	up->registry_argv[2] = up->registry.config;
	add_service(up, (struct service){.name = "registry",
					 .argv = up->registry_argv,
					 .env = (const char *const *)up->registry_env.items,
					 .uid = up->registry.uid,
					 .gid = up->registry.gid,
					 /* It calls every 404 an error, also "do you have this layer?" before a push. */
					 .noise = "response completed with error",
					 .is_ready = registry_is_ready,
					 .stop_seconds = 5});
}

static void add_agent(struct up *up)
{
	/* The network's proxies are for pulls and builds. */
	static const char *const prefixes[] = {"TTOB_",	     "http_proxy=", "https_proxy=", "no_proxy=",
					       "HTTP_PROXY=", "HTTPS_PROXY=", "NO_PROXY=",    NULL};
	const char *user = config_string(up->config, "web", "user");
	const char *file = config_string(up->config, "agent", "config");
	struct environment *env = &up->agent_env;

	env_start(env, prefixes);
	env_add(env, "TTOB_AGENT_SOCKET", up->folders.socket);
	env_add(env, "TTOB_AGENT_USER", user);
	env_add(env, "TTOB_AGENT_GROUP", getgrgid(up->gid) != NULL ? getgrgid(up->gid)->gr_name : user);
	env_add(env, "TTOB_AGENT_STATE_DIR", up->folders.state);
	env_add(env, "TTOB_AGENT_RUN_DIR", up->folders.run);
	env_add(env, "TTOB_AGENT_LOG_LEVEL", config_string(up->config, "log", "level"));
	env_add(env, "TTOB_AGENT_LOG_JSON", config_string(up->config, "log", "json"));
	env_add(env, "TTOB_REGISTRY_URL",
		up->registry.url != NULL ? up->registry.url : config_string(up->config, "registry", "url"));
	env_add(env, "TTOB_REGISTRY_AUTHFILE",
		up->registry.url != NULL ? up->registry.authfile : config_string(up->config, "registry", "authfile"));
	up->agent_argv[0] = up->agent;
	up->agent_argv[1] = *file != '\0' ? "--config" : NULL;
	up->agent_argv[2] = file;
	add_service(up, (struct service){.name = "agent",
					 .argv = up->agent_argv,
					 .env = (const char *const *)env->items,
					 .is_ready = agent_is_ready,
					 .stop_seconds = 20});
}

/* Every setting as we understand it, so that the web process needs neither our flags nor our file. */
static void add_settings(struct environment *env, const struct config *config, const struct config_key *keys)
{
	for (const struct config_key *key = keys; key->section != NULL; key++) {
		auto_free char *name = xasprintf("TTOB_%s_%s", key->section, key->key);

		for (char *p = name; *p != '\0'; p++)
			if (*p >= 'a' && *p <= 'z')
				*p = (char)(*p - 'a' + 'A');
		env_add(env, name, config_string(config, key->section, key->key));
	}
}

/* Where the registry is and who may ask it: the web process looks after it, without being root. */
static void tell_registry(struct up *up)
{
	const char *url = up->registry.url != NULL ? up->registry.url : config_string(up->config, "registry", "url");
	const char *authfile = up->registry.url != NULL ? up->registry.authfile : config_string(up->config, "registry", "authfile");
	auto_free char *control = xasprintf("%d", SPAWN_CONTROL_FD);

	config_set(up->config, "registry", "url", url, "up", NULL);
	if (*authfile != '\0') {
		up->secret = xstrdup(authfile);
		config_set(up->config, "registry", "authfile", SPAWN_SECRET, "up", NULL);
	}
	if (up->collector != NULL) {
		config_set(up->config, "registry", "folder", up->registry.storage, "up", NULL);
		config_set(up->config, "registry", "control", control, "up", NULL);
	}
}

static void add_web(struct up *up)
{
	static const char *const prefixes[] = {"TZ=", NULL};

	env_start(&up->web_env, prefixes);
	tell_registry(up);
	add_settings(&up->web_env, up->config, settings_keys);
	up->web_argv[0] = up->self;
	up->web_argv[1] = "web";
	add_service(up, (struct service){.name = "web",
					 .argv = up->web_argv,
					 .env = (const char *const *)up->web_env.items,
					 .uid = up->uid,
					 .gid = up->gid,
					 .folder = up->paths.ui,
					 .helper = up->paths.image,
					 .secret = up->secret,
					 .control = up->collector != NULL ? collector_socket(up->collector) : 0,
					 .is_ready = web_is_ready,
					 .stop_seconds = 20});
}

/* ---- life --------------------------------------------------------------------------------------------------------- */

static void on_ready(void *data)
{
	struct up *up = data;
	auto_free char *url = listen_url(config_string(up->config, "web", "listen"));

	fprintf(stderr,
		"\n  trythisonbrowser %s is ready\n\n"
		"    open      %s\n"
		"    data      %s\n"
		"    registry  %s\n"
		"    stop      Ctrl+C\n\n",
		TTOB_VERSION, url, up->folders.data,
		up->registry.url != NULL ? up->registry.url : config_string(up->config, "registry", "url"));
}

static void on_swept(unsigned count, void *data)
{
	struct up *up = data;

	if (count > 0)
		log_info("%u sandboxes were ended", count);
	supervisor_stop_next(up->supervisor);
}

static void on_stopping(const char *service, void *data)
{
	struct up *up = data;

	if (strcmp(service, "agent") == 0 && up->sweep == NULL)
		up->sweep = sweep_start(up->loop, up->folders.socket, SWEEP_LIMIT_MS, on_swept, up);
	else
		supervisor_stop_next(up->supervisor);
}

static void on_stopped(bool failed, void *data)
{
	struct up *up = data;

	up->failed = failed;
	loop_stop(up->loop);
}

static const struct supervisor_events supervisor_events = {.ready = on_ready, .stopping = on_stopping, .stopped = on_stopped};

static void on_signal(struct loop_io *io, uint32_t events)
{
	struct up *up = container_of(io, struct up, signal_io);
	struct signalfd_siginfo info;

	(void)events;
	if (read(up->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info))
		return;
	fprintf(stderr, "\n");
	log_info("stopping (signal %u)", info.ssi_signo);
	collector_stop(up->collector);
	supervisor_stop(up->supervisor);
}

static int watch_signals(struct up *up, struct error *err)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	up->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (up->signal_fd < 0 || loop_add(up->loop, &up->signal_io, up->signal_fd, EPOLLIN, on_signal) < 0)
		return error_errno(err, errno, "cannot watch signals");
	return 0;
}

static int find_user(struct up *up, struct error *err)
{
	const char *name = config_string(up->config, "web", "user");
	const struct passwd *user = getpwnam(name);

	if (user == NULL)
		return error_set(err, ERROR_UNAVAILABLE, ENOENT,
				 "there is no system user %s; add it with: useradd --system --no-create-home --shell /usr/sbin/nologin %s",
				 name, name);
	if (user->pw_uid == 0)
		return error_set(err, ERROR_INVALID, EINVAL, "[web] user = %s: the web process must not be root", name);
	up->uid = user->pw_uid;
	up->gid = user->pw_gid;
	return 0;
}

/* Runs `ttob catalog import` as the web's user and waits for it. */
static void import_catalog(struct up *up, const char *folder)
{
	const char *argv[] = {up->self, "catalog", "import", SPAWN_FOLDER, NULL};
	struct spawn what = {.argv = argv,
			     .env = (const char *const *)up->web_env.items,
			     .uid = up->uid,
			     .gid = up->gid,
			     .folder = folder};
	auto_buf struct buf text = BUF_INIT;
	auto_fd int output = -1;
	auto_fd int pidfd = -1;
	struct error err;
	int status = 0;
	pid_t pid;

	if (spawn(&what, &pid, &pidfd, &output, &err) < 0) {
		log_error("%s", err.message);
		return;
	}
	fd_set_nonblock(output, false);
	fd_read_all(output, 1 << 20, &text);
	waitpid(pid, &status, 0);
	fprintf(stderr, "%s", text.length > 0 ? text.data : "");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		log_error("the catalogue in %s was not imported whole; what is above says why", folder);
}

/* The settings that only `up` knows, written back into the configuration so that they show up in the web's environment. */
static int fill_settings(struct up *up, struct error *err)
{
	struct config *config = up->config;
	int r = config_set(config, "web", "data", up->folders.data, "up", err);

	if (r == 0)
		r = config_set(config, "agent", "socket", up->folders.socket, "up", err);
	if (r == 0)
		r = config_set(config, "web", "end_on_stop", "yes", "up", err);
	if (r == 0)
		r = paths_init(&up->paths, config, err);
	if (r == 0 && up->paths.ui != NULL)
		r = config_set(config, "web", "ui", SPAWN_FOLDER, "up", err);
	if (r == 0)
		r = config_set(config, "web", "image", SPAWN_HELPER, "up", err);
	return r;
}

/* A web process whose `up` was killed may need a moment to end, and systemd starts us at once. */
static int wait_for_address(const char *address, struct error *err)
{
	int64_t until = clock_monotonic_ms() + ADDRESS_WAIT_MS;
	int r;

	while ((r = listen_check(address, err)) == -EADDRINUSE && clock_monotonic_ms() < until)
		usleep(50000);
	return r;
}

static int prepare(struct up *up, struct error *err)
{
	int r = find_user(up, err);

	if (r == 0)
		r = wait_for_address(config_string(up->config, "web", "listen"), err);
	if (r == 0)
		r = folders_open(config_string(up->config, "web", "data"), up->uid, up->gid, &up->folders, err);
	if (r == 0 && *config_string(up->config, "registry", "url") == '\0')
		r = embedded_registry_prepare(up->folders.data, &up->registry, err);
	if (r == 0)
		r = fill_settings(up, err);
	if (r < 0)
		return r;
	if (up->registry.url != NULL) {
		add_registry(up);
		r = collector_new(up->loop, &up->registry, (const char *const *)up->registry_env.items, &up->collector, err);
		if (r < 0)
			return r;
	}
	add_agent(up);
	add_web(up);
	return 0;
}

static int run_tree(struct up *up, struct error *err)
{
	int r = watch_signals(up, err);

	if (r < 0)
		return r;
	if (up->paths.catalog != NULL)
		import_catalog(up, up->paths.catalog);
	if (up->paths.ui == NULL)
		log_warning("the pages are not built: only the API will answer; set [web] ui");
	up->supervisor = supervisor_new(up->loop, up->services, up->service_count, &supervisor_events, up);
	collector_watch(up->collector, up->supervisor);
	supervisor_start(up->supervisor);
	r = loop_run(up->loop);
	if (r < 0)
		return error_errno(err, r, "the event loop failed");
	return up->failed ? error_set(err, ERROR_UNAVAILABLE, EIO, "not everything could be started; see above") : 0;
}

static void up_fini(struct up *up)
{
	sweep_free(up->sweep);
	collector_free(up->collector);
	supervisor_free(up->supervisor);
	loop_remove(&up->signal_io);
	if (up->signal_fd >= 0)
		close(up->signal_fd);
	loop_free(up->loop);
	if (up->folders.data != NULL)
		folders_close(&up->folders);
	embedded_registry_fini(&up->registry);
	paths_fini(&up->paths);
	env_fini(&up->registry_env);
	env_fini(&up->agent_env);
	env_fini(&up->web_env);
	free(up->self);
	free(up->agent);
	free(up->secret);
}

static int run_up(struct config *config, char **arguments)
{
	struct up up = {.config = config, .signal_fd = -1, .folders.lock = -1};
	struct error err = {0};
	int r;

	if (arguments[0] != NULL) {
		fprintf(stderr, "ttob up: unexpected argument %s\n", arguments[0]);
		return 2;
	}
	if (geteuid() != 0) {
		fprintf(stderr, "ttob up: must be run by root, because sandboxes need it; the web process drops all rights\n");
		return 1;
	}
	up.loop = loop_new();
	up.self = places_program("ttob");
	up.agent = places_program("ttob-agent");
	r = prepare(&up, &err);
	if (r == 0)
		r = run_tree(&up, &err);
	if (r < 0)
		log_error("%s", err.message);
	up_fini(&up);
	return r < 0 ? 1 : 0;
}

const struct command command_up = {
	.name = "up",
	.arguments = "[--data DIR] [--listen ADDRESS:PORT]",
	.help = "run everything on this machine: registry, agent and pages (root)",
	.run = run_up,
};
