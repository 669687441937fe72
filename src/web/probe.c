#include "web/probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

struct probe {
	struct engine *engine;
	const struct probe_events *events; /* NULL: abandoned */
	void *data;
	char *id;
	int tty;
	struct loop_io io;
	struct loop_timer timer;
	bool asked; /* the engine has not answered the start yet */
	bool ended;
	char reason[24];
	int exit_code;
	bool late;
};

static void probe_free(struct probe *probe)
{
	loop_timer_stop(&probe->timer);
	loop_remove(&probe->io);
	if (probe->tty >= 0)
		close(probe->tty);
	free(probe->id);
	free(probe);
}

static void ignore(const struct error *err, void *data)
{
	(void)err; /* what could not be stopped is stopped as a stray when the engine is back */
	(void)data;
}

static void stop(struct probe *probe, const char *reason)
{
	probe->engine->ops->stop(probe->engine, probe->id, reason, ignore, NULL);
}

/* Reads what is there; the end of the pseudo-terminal is none of ours, the engine tells. */
static void read_output(struct probe *probe)
{
	char text[4096];
	ssize_t n;

	while (probe->tty >= 0 && (n = read(probe->tty, text, sizeof(text))) > 0)
		probe->events->output(text, (size_t)n, probe->data);
	if (probe->tty >= 0 && n <= 0 && errno != EAGAIN)
		loop_remove(&probe->io);
}

static void on_tty(struct loop_io *io, uint32_t events)
{
	(void)events;
	read_output(container_of(io, struct probe, io));
}

static void finish(struct probe *probe, const char *failure)
{
	const struct probe_events *events = probe->events;

	read_output(probe);
	events->done(failure, probe->exit_code, probe->data);
	probe_free(probe);
}

static void finish_ended(struct probe *probe)
{
	char text[80];

	if (probe->late)
		finish(probe, "it took too long");
	else if (strcmp(probe->reason, "exited") == 0)
		finish(probe, NULL);
	else if (strcmp(probe->reason, "memory") == 0)
		finish(probe, "it needed more memory than a sandbox has");
	else {
		snprintf(text, sizeof(text), "its sandbox ended: %s", probe->reason);
		finish(probe, text);
	}
}

static void on_late(void *data)
{
	struct probe *probe = data;

	probe->late = true;
	stop(probe, "expired");
}

static void on_started(const struct error *err, int *tty, uint64_t start_us, bool pooled, void *data)
{
	struct probe *probe = data;
	char text[ERROR_MESSAGE_MAX];

	(void)start_us;
	(void)pooled;
	probe->asked = false;
	if (probe->events == NULL) {
		if (err == NULL)
			stop(probe, "stopped");
		probe_free(probe);
		return;
	}
	if (err != NULL) {
		snprintf(text, sizeof(text), "%s", err->message);
		finish(probe, text);
		return;
	}
	probe->tty = steal_fd(tty);
	fd_set_nonblock(probe->tty, true);
	loop_add(probe->engine->loop, &probe->io, probe->tty, EPOLLIN, on_tty);
	if (probe->ended)
		finish_ended(probe);
}

struct probe *probe_start(struct engine *engine, const struct probe_options *options, const struct probe_events *events, void *data)
{
	struct probe *probe = xmalloc(sizeof(*probe));
	const char *command[] = {"/bin/sh", "-c", options->command, NULL};
	struct engine_start start = {
		.sandbox = options->id,
		.image = options->image,
		.command = command,
		.limits = options->limits,
		.network = options->network,
		.cols = 80,
		.rows = 24,
	};

	probe->engine = engine;
	probe->events = events;
	probe->data = data;
	probe->id = xstrdup(options->id);
	probe->tty = -1;
	probe->exit_code = -1;
	probe->asked = true;
	loop_timer_start(engine->loop, &probe->timer, options->limit_ms, on_late, probe);
	engine->ops->start(engine, &start, on_started, probe);
	return probe;
}

const char *probe_id(const struct probe *probe)
{
	return probe->id;
}

void probe_ended(struct probe *probe, const char *reason, int exit_code)
{
	probe->ended = true;
	probe->exit_code = exit_code;
	snprintf(probe->reason, sizeof(probe->reason), "%s", reason);
	if (!probe->asked)
		finish_ended(probe);
}

void probe_abandon(struct probe *probe)
{
	if (probe == NULL)
		return;
	probe->events = NULL;
	loop_timer_stop(&probe->timer);
	if (probe->asked)
		return; /* freed by the answer */
	stop(probe, "stopped");
	probe_free(probe);
}
