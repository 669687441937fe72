/* ttob doctor: what is missing on this machine, one line each. */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/loop.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/paths.h"
#include "cli/places.h"
#include "db/db.h"
#include "ipc/client.h"
#include "ipc/socket.h"

#define WAIT_MS 10000

struct doctor {
	struct loop *loop;
	struct client *client;
	unsigned errors;
	bool answered;
};

static void print_line(struct doctor *doctor, const char *level, const char *name, const char *message)
{
	if (strcmp(level, "error") == 0)
		doctor->errors++;
	printf("%-8s %-12s %s\n", level, name, message);
}

static const char *text(json_t *object, const char *key)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value != NULL ? value : "?";
}

static void on_checks(const struct error *err, json_t *result, int *fds, size_t fd_count, void *data)
{
	struct doctor *doctor = data;
	json_t *item;
	size_t i;

	(void)fds;
	(void)fd_count;
	doctor->answered = true;
	if (err != NULL)
		print_line(doctor, "error", "agent", err->message);
	json_array_foreach(json_object_get(result, "checks"), i, item)
		print_line(doctor, text(item, "level"), text(item, "name"), text(item, "message"));
	loop_stop(doctor->loop);
}

static void on_event(const char *name, json_t *body, int *fds, size_t fd_count, void *data)
{
	(void)name;
	(void)body;
	(void)fds;
	(void)fd_count;
	(void)data;
}

static void on_closed(const struct error *err, void *data)
{
	struct doctor *doctor = data;

	(void)err;
	loop_stop(doctor->loop);
}

static void on_late(void *data)
{
	loop_stop(data);
}

static const struct client_handlers handlers = {.event = on_event, .closed = on_closed};

/* Asks the running agent. False: there is none that we may ask. */
static bool ask_agent(struct doctor *doctor, const char *socket_path)
{
	struct loop_timer timer = {0};
	struct error err;
	int fd = -1;

	if (socket_connect(socket_path, &fd, &err) < 0)
		return false;
	doctor->loop = loop_new();
	if (client_new(doctor->loop, fd, &handlers, doctor, &doctor->client, &err) == 0) {
		printf("The agent at %s says:\n", socket_path);
		client_request(doctor->client, "host.check", NULL, NULL, 0, on_checks, doctor);
		loop_timer_start(doctor->loop, &timer, WAIT_MS, on_late, doctor->loop);
		loop_run(doctor->loop);
		loop_timer_stop(&timer);
		client_free(doctor->client);
	}
	loop_free(doctor->loop);
	if (!doctor->answered)
		print_line(doctor, "error", "agent", "it gave no answer");
	return true;
}

static void run_agent_check(struct doctor *doctor)
{
	auto_free char *agent = places_program("ttob-agent");
	int status = 0;
	pid_t pid;

	if (geteuid() != 0) {
		print_line(doctor, "warning", "agent", "no agent runs, and only root can look at the machine in its place: run this as root");
		return;
	}
	printf("No agent runs; this is what one would find:\n");
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		execlp(agent, agent, "--check", (char *)NULL);
		fprintf(stderr, "cannot run %s: %s\n", agent, strerror(errno));
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
		doctor->errors++;
}

/* A file may still have to be made; a server must answer. */
static void check_database(struct doctor *doctor, const struct paths *paths)
{
	struct error err;
	struct db *db;

	if (str_starts_with(paths->database, "sqlite:")) {
		print_line(doctor, "ok", "database", paths->database);
	} else if (db_open(paths->database, &db, &err) < 0) {
		print_line(doctor, "error", "database", err.message);
	} else {
		print_line(doctor, "ok", "database", db_kind(db));
		db_close(db);
	}
}

static void check_ourselves(struct doctor *doctor, const struct config *config)
{
	const char *user = config_string(config, "web", "user");
	struct paths paths;
	struct error err;

	if (getpwnam(user) != NULL)
		print_line(doctor, "ok", "user", user);
	else
		print_line(doctor, "error", "user", "the system user of the web process is missing; `ttob up` tells how to add it");
	if (paths_init(&paths, config, &err) < 0) {
		print_line(doctor, "error", "database", err.message);
		return;
	}
	check_database(doctor, &paths);
	print_line(doctor, paths.ui != NULL ? "ok" : "warning", "pages", paths.ui != NULL ? paths.ui : "not built; set [web] ui");
	print_line(doctor, paths.catalog != NULL ? "ok" : "warning", "catalogue",
		   paths.catalog != NULL ? paths.catalog : "none; set [web] catalog");
	paths_fini(&paths);
}

static int run_doctor(struct config *config, char **arguments)
{
	struct doctor doctor = {0};

	if (arguments[0] != NULL) {
		fprintf(stderr, "ttob doctor: unexpected argument %s\n", arguments[0]);
		return 2;
	}
	check_ourselves(&doctor, config);
	if (!ask_agent(&doctor, config_string(config, "agent", "socket")))
		run_agent_check(&doctor);
	printf(doctor.errors == 0 ? "Nothing stands in the way.\n" : "%u things must be mended first.\n", doctor.errors);
	return doctor.errors == 0 ? 0 : 1;
}

const struct command command_doctor = {
	.name = "doctor",
	.arguments = "",
	.help = "look whether everything that is needed is there",
	.run = run_doctor,
};
