/* ttob-agent: starts its parts, listens on its socket, and ends in order. It runs as root and is the only part of the house that
 * does; it links neither an HTTP server nor a database. */
#include <errno.h>
#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/check.h"
#include "agent/dispatch.h"
#include "agent/host.h"
#include "agent/reaper.h"
#include "agent/settings.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"
#include "ipc/socket.h"

#define STOP_LOOK_MS 20
#define STOP_LIMIT_MS 15000

static const struct agent_part *const parts[] = {
	&host_part,
#ifdef WITH_IMAGE
	&image_part,
#endif
#ifdef WITH_NETWORK
	&network_part,
#endif
#ifdef WITH_SANDBOX
	&sandbox_part,
#endif
#ifdef WITH_BUILD
	&build_part,
#endif
	NULL,
};

struct server {
	struct agent agent;
	int listener;
	struct loop_io listen_io;
	int signal_fd;
	struct loop_io signal_io;
	struct loop_timer stop_timer;
	int64_t stop_waited_ms;
	int64_t user; /* may use the socket; -1: root only */
	gid_t group;
};

static void on_connect(struct loop_io *io, uint32_t events)
{
	struct server *server = container_of(io, struct server, listen_io);
	struct error err;
	int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (fd < 0)
		return;
	if (!peer_is_allowed(fd, server->user)) {
		log_warning("a process of another user tried to use the agent; refused");
		close(fd);
	} else if (connection_new(&server->agent, fd, &err) < 0) {
		log_error("%s", err.message);
	}
}

static void look_whether_stopped(void *data)
{
	struct server *server = data;

	server->stop_waited_ms += STOP_LOOK_MS;
	for (size_t i = 0; parts[i] != NULL; i++) {
		if (parts[i]->busy != NULL && parts[i]->busy(&server->agent) && server->stop_waited_ms < STOP_LIMIT_MS) {
			loop_timer_start(server->agent.loop, &server->stop_timer, STOP_LOOK_MS, look_whether_stopped, server);
			return;
		}
	}
	loop_stop(server->agent.loop);
}

void agent_stop(struct agent *agent)
{
	struct server *server = container_of(agent, struct server, agent);

	if (agent->stopping)
		return;
	agent->stopping = true;
	for (size_t i = 0; parts[i] != NULL; i++)
		if (parts[i]->stopping != NULL)
			parts[i]->stopping(agent);
	loop_timer_start(agent->loop, &server->stop_timer, 0, look_whether_stopped, server);
}

static void on_signal(struct loop_io *io, uint32_t events)
{
	struct server *server = container_of(io, struct server, signal_io);
	struct signalfd_siginfo info;

	(void)events;
	if (read(server->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		log_info("stopping on signal %u; sandboxes go on", info.ssi_signo);
		agent_stop(&server->agent);
	}
}

static int watch_signals(struct server *server, struct error *err)
{
	sigset_t set;
	int r;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	server->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (server->signal_fd < 0)
		return error_errno(err, errno, "cannot watch signals");
	r = loop_add(server->agent.loop, &server->signal_io, server->signal_fd, EPOLLIN, on_signal);
	return r < 0 ? error_errno(err, r, "cannot watch signals") : 0;
}

static int find_peers(struct server *server, struct error *err)
{
	const char *user = config_string(server->agent.config, "agent", "user");
	const char *group = config_string(server->agent.config, "agent", "group");

	server->user = -1;
	server->group = (gid_t)-1;
	if (*user != '\0') {
		struct passwd *entry = getpwnam(user);

		if (entry == NULL)
			return error_set(err, ERROR_INVALID, EINVAL, "[agent] user: there is no user %s", user);
		server->user = entry->pw_uid;
	}
	if (*group != '\0') {
		struct group *entry = getgrnam(group);

		if (entry == NULL)
			return error_set(err, ERROR_INVALID, EINVAL, "[agent] group: there is no group %s", group);
		server->group = entry->gr_gid;
	}
	return 0;
}

static int listen_for_peers(struct server *server, struct error *err)
{
	const char *path = config_string(server->agent.config, "agent", "socket");
	int r = find_peers(server, err);

	if (r == 0)
		r = socket_listen(path, server->group, &server->listener, err);
	if (r < 0)
		return r;
	r = loop_add(server->agent.loop, &server->listen_io, server->listener, EPOLLIN, on_connect);
	return r < 0 ? error_errno(err, r, "cannot watch the socket") : 0;
}

static int start_parts(struct server *server, size_t *ret_started, struct error *err)
{
	struct agent *agent = &server->agent;
	int r = dir_make_all(agent->state_dir, 0711, err);

	if (r == 0)
		r = dir_make_all(agent->run_dir, 0711, err);
	if (r == 0)
		r = host_prepare(err);
	for (*ret_started = 0; r == 0 && parts[*ret_started] != NULL; ++*ret_started) {
		r = parts[*ret_started]->start != NULL ? parts[*ret_started]->start(agent, err) : 0;
		if (r < 0) {
			error_wrap(err, "%s", parts[*ret_started]->name);
			break;
		}
	}
	return r;
}

static void stop_parts(struct server *server, size_t started)
{
	connections_close(&server->agent);
	while (started-- > 0)
		if (parts[started]->stop != NULL)
			parts[started]->stop(&server->agent);
}

/* Two descriptors a sandbox: take what the hard limit gives. */
static void raise_descriptors(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int serve(struct server *server, struct error *err)
{
	size_t started = 0;
	int r = watch_signals(server, err);

	raise_descriptors();
	if (r == 0)
		r = start_parts(server, &started, err);
	if (r == 0)
		r = listen_for_peers(server, err);
	if (r == 0) {
		log_event(LOG_LEVEL_INFO, "ready", "version", TTOB_VERSION, "socket",
			  config_string(server->agent.config, "agent", "socket"), NULL);
		r = loop_run(server->agent.loop);
		if (r < 0)
			error_errno(err, r, "the event loop failed");
		unlink(config_string(server->agent.config, "agent", "socket"));
	}
	stop_parts(server, started);
	loop_timer_stop(&server->stop_timer);
	loop_remove(&server->listen_io);
	loop_remove(&server->signal_io);
	if (server->listener >= 0)
		close(server->listener);
	close(server->signal_fd);
	return r;
}

static int check_host(struct server *server)
{
	struct checks *checks = checks_new();
	enum check_level worst;
	struct error err;

	if (host_prepare(&err) < 0)
		checks_add(checks, CHECK_ERROR, "mounts", "%s", err.message);
	for (size_t i = 0; parts[i] != NULL; i++)
		if (parts[i]->check != NULL)
			parts[i]->check(&server->agent, checks);
	worst = checks_print(checks);
	checks_free(checks);
	return worst == CHECK_ERROR ? EXIT_FAILURE : EXIT_SUCCESS;
}

static int load_settings(struct config *config, const char *path, struct error *err)
{
	enum log_level level;
	int r = path != NULL ? config_load_file(config, path, err) : 0;

	if (r == 0)
		r = config_load_environment(config, err);
	if (r < 0)
		return r;
	if (log_level_from_name(config_string(config, "agent", "log_level"), &level) < 0)
		return error_set(err, ERROR_INVALID, EINVAL, "[agent] log_level must be debug, info, warning or error");
	log_setup("ttob-agent", level, config_bool(config, "agent", "log_json"));
	return 0;
}

static void print_help(const struct config_key *keys)
{
	puts("ttob-agent: starts and stops sandboxes and builds for ttob\n\n"
	     "  --config FILE  settings (INI)\n"
	     "  --check        look at this host, one finding a line, and exit (1 when something needed is missing)\n"
	     "  --version, --help\n\n"
	     "Settings, each also as TTOB_<SECTION>_<KEY> in the environment:\n");
	for (; keys->section != NULL; keys++)
		printf("  [%s] %s = %s\n      %s\n", keys->section, keys->key, keys->fallback, keys->help);
}

struct arguments {
	const char *config;
	bool check;
	int exit; /* -1: go on */
};

static struct arguments read_arguments(int argc, char **argv, const struct config_key *keys)
{
	static const struct option options[] = {{"config", required_argument, NULL, 'c'},
						{"check", no_argument, NULL, 'k'},
						{"version", no_argument, NULL, 'v'},
						{"help", no_argument, NULL, 'h'},
						{NULL, 0, NULL, 0}};
	struct arguments arguments = {.exit = -1};
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'c') {
			arguments.config = optarg;
		} else if (option == 'k') {
			arguments.check = true;
		} else if (option == 'v') {
			puts("ttob-agent " TTOB_VERSION);
			arguments.exit = EXIT_SUCCESS;
		} else {
			print_help(keys);
			arguments.exit = option == 'h' ? EXIT_SUCCESS : 2;
		}
	}
	if (optind < argc)
		arguments.exit = 2;
	return arguments;
}

int main(int argc, char **argv)
{
	auto_free struct config_key *keys = settings_keys(parts);
	struct server server = {.listener = -1, .signal_fd = -1};
	struct arguments arguments = read_arguments(argc, argv, keys);
	struct config *config;
	struct error err = {0};
	int r;

	if (arguments.exit >= 0)
		return arguments.exit;
	config = config_new(keys);
	r = load_settings(config, arguments.config, &err);
	server.agent = (struct agent){.config = config, .parts = parts};
	list_init(&server.agent.connections);
	if (r == 0) {
		server.agent.loop = loop_new();
		server.agent.reaper = reaper_new(server.agent.loop);
		server.agent.state_dir = config_string(config, "agent", "state_dir");
		server.agent.run_dir = config_string(config, "agent", "run_dir");
		r = arguments.check ? check_host(&server) : serve(&server, &err);
		reaper_free(server.agent.reaper);
		loop_free(server.agent.loop);
	}
	if (r < 0)
		log_error("%s", err.message);
	config_free(config);
	return r < 0 ? EXIT_FAILURE : r;
}
