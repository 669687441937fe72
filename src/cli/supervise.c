#include "cli/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/state.h"
#include "base/util.h"
#include "cli/spawn.h"

#define READY_EVERY_MS 20
#define READY_WARN_MS 15000 /* after this long we say that a service is slow */
#define BACKOFF_FIRST_MS 200
#define BACKOFF_MOST_MS 30000
#define STABLE_MS 60000 /* one that lived this long starts again at once */
#define LOOP_AFTER 3	/* quick ends in a row are called a crash loop */
#define LINE_MAX_BYTES 8192

enum service_state { STOPPED, STARTING, READY, ENDING, WAITING };

static const char *const state_names[] = {"stopped", "starting", "ready", "ending", "waiting"};
static const uint32_t state_moves[] = {
	[STOPPED] = STATE_BIT(STARTING) | STATE_BIT(WAITING),
	[STARTING] = STATE_BIT(READY) | STATE_BIT(ENDING) | STATE_BIT(STOPPED),
	[READY] = STATE_BIT(ENDING) | STATE_BIT(STOPPED),
	[ENDING] = STATE_BIT(STOPPED),
	[WAITING] = STATE_BIT(STARTING) | STATE_BIT(STOPPED), /* for the end of the back-off */
};
static const struct state_table service_table = {"service", state_names, state_moves, ARRAY_SIZE(state_moves)};

struct unit {
	struct supervisor *supervisor;
	const struct service *service;
	unsigned state;
	bool was_ready; /* at any time */
	void (*held)(void *data); /* it was stopped on purpose: who is told */
	void *held_data;
	pid_t pid;
	int pidfd;  /* -1: does not run */
	int output; /* -1: closed */
	struct loop_io end_io;
	struct loop_io output_io;
	struct loop_timer timer; /* ready checks, back-off, and the limit of a stop */
	int64_t started_ms;
	int64_t backoff_ms;
	unsigned quick_ends;
	bool told_slow;
	struct buf line;
};

struct supervisor {
	struct loop *loop;
	const struct supervisor_events *events;
	void *data;
	struct unit units[SERVICES_MAX];
	size_t count;
	size_t next; /* the first start: the one to start when those before it are ready. A stop: one above the one that is going */
	const struct unit *announced; /* the one whose stop was told */
	bool all_ready;
	bool stopping;
	bool failed;
};

static void start_unit(struct unit *unit);
static void start_again(void *data);
static void stop_from(struct supervisor *supervisor);

/* ---- output ------------------------------------------------------------------------------------------------------ */

static bool is_noise(const struct unit *unit, size_t length)
{
	const char *noise = unit->service->noise;

	return noise != NULL && memmem(unit->line.data, length, noise, strlen(noise)) != NULL;
}

static void print_lines(struct unit *unit, bool rest)
{
	char *newline;

	while ((newline = unit->line.length > 0 ? memchr(unit->line.data, '\n', unit->line.length) : NULL) != NULL ||
	       unit->line.length >= LINE_MAX_BYTES || (rest && unit->line.length > 0)) {
		size_t length = newline != NULL ? (size_t)(newline - unit->line.data) : unit->line.length;

		if (!is_noise(unit, length))
			fprintf(stderr, "%-8s | %.*s\n", unit->service->name, (int)length, unit->line.data);
		buf_consume(&unit->line, newline != NULL ? length + 1 : length);
	}
}

static void close_output(struct unit *unit)
{
	if (unit->output < 0)
		return;
	loop_remove(&unit->output_io);
	close(unit->output);
	unit->output = -1;
	print_lines(unit, true);
}

/* Takes what is there; gives false at the end of the output. */
static bool read_output(struct unit *unit)
{
	for (int i = 0; i < 16; i++) {
		ssize_t n = read(unit->output, buf_reserve(&unit->line, 4096), 4096);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		if (n == 0)
			return false;
		buf_added(&unit->line, (size_t)n);
		print_lines(unit, false);
	}
	return true;
}

static void on_output(struct loop_io *io, uint32_t events)
{
	struct unit *unit = container_of(io, struct unit, output_io);

	(void)events;
	if (!read_output(unit))
		close_output(unit);
}

/* ---- the end of one ----------------------------------------------------------------------------------------------- */

static void describe_end(const siginfo_t *info, char *text, size_t size)
{
	if (info->si_code == CLD_EXITED)
		snprintf(text, size, "exit status %d", info->si_status);
	else
		snprintf(text, size, "signal %d (%s)", info->si_status, strsignal(info->si_status));
}

static void restart_later(struct unit *unit)
{
	bool stable = clock_monotonic_ms() - unit->started_ms > STABLE_MS;

	unit->quick_ends = stable ? 1 : unit->quick_ends + 1;
	unit->backoff_ms = stable || unit->backoff_ms == 0 ? BACKOFF_FIRST_MS : unit->backoff_ms * 2;
	if (unit->backoff_ms > BACKOFF_MOST_MS)
		unit->backoff_ms = BACKOFF_MOST_MS;
	if (unit->quick_ends >= LOOP_AFTER)
		log_error("%s has ended %u times in a row soon after its start; its last lines above say why. Next try in %.1f s",
			  unit->service->name, unit->quick_ends, (double)unit->backoff_ms / 1000);
	state_move(&service_table, &unit->state, WAITING);
	loop_timer_start(unit->supervisor->loop, &unit->timer, unit->backoff_ms, start_again, unit);
}

static void on_end(struct loop_io *io, uint32_t events)
{
	struct unit *unit = container_of(io, struct unit, end_io);
	struct supervisor *supervisor = unit->supervisor;
	siginfo_t info = {0};
	char how[80];

	(void)events;
	if (waitid(P_PIDFD, (id_t)unit->pidfd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
		return;
	describe_end(&info, how, sizeof(how));
	loop_timer_stop(&unit->timer);
	loop_remove(&unit->end_io);
	close(unit->pidfd);
	unit->pidfd = -1;
	if (unit->output >= 0)
		read_output(unit);
	close_output(unit);
	state_move(&service_table, &unit->state, STOPPED);
	if (supervisor->stopping) {
		stop_from(supervisor);
		return;
	}
	if (unit->held != NULL) {
		unit->held(unit->held_data);
		return;
	}
	log_error("%s ended unexpectedly: %s", unit->service->name, how);
	if (!unit->was_ready) {
		supervisor->failed = true;
		supervisor_stop(supervisor);
		return;
	}
	restart_later(unit);
}

/* ---- start -------------------------------------------------------------------------------------------------------- */

static void start_next(struct supervisor *supervisor)
{
	if (supervisor->stopping || supervisor->all_ready)
		return;
	if (supervisor->next < supervisor->count) {
		start_unit(&supervisor->units[supervisor->next++]);
		return;
	}
	supervisor->all_ready = true;
	supervisor->events->ready(supervisor->data);
}

static void check_ready(void *data)
{
	struct unit *unit = data;
	int64_t age = clock_monotonic_ms() - unit->started_ms;
	bool first = !unit->was_ready;

	if (!unit->service->is_ready(unit->service->data)) {
		if (age > READY_WARN_MS && !unit->told_slow) {
			unit->told_slow = true;
			log_warning("%s is not ready %d s after its start; still waiting", unit->service->name,
				    READY_WARN_MS / 1000);
		}
		loop_timer_start(unit->supervisor->loop, &unit->timer, READY_EVERY_MS, check_ready, unit);
		return;
	}
	state_move(&service_table, &unit->state, READY);
	unit->was_ready = true;
	log_printf(first ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, "%s is ready%s after %lld ms", unit->service->name,
		   first ? "" : " again", (long long)age);
	if (first)
		start_next(unit->supervisor);
}

static void start_unit(struct unit *unit)
{
	const struct service *service = unit->service;
	struct spawn what = {.argv = service->argv,
			     .env = service->env,
			     .uid = service->uid,
			     .gid = service->gid,
			     .folder = service->folder,
			     .secret = service->secret,
			     .control = service->control,
			     .helper = service->helper};
	struct supervisor *supervisor = unit->supervisor;
	struct error err;

	unit->started_ms = clock_monotonic_ms();
	unit->told_slow = false;
	if (spawn(&what, &unit->pid, &unit->pidfd, &unit->output, &err) < 0) {
		log_error("%s: %s", service->name, err.message);
		unit->pidfd = -1;
		if (unit->was_ready) {
			if (unit->state == WAITING)
				state_move(&service_table, &unit->state, STOPPED);
			restart_later(unit);
			return;
		}
		supervisor->failed = true;
		supervisor_stop(supervisor);
		return;
	}
	state_move(&service_table, &unit->state, STARTING);
	loop_add(supervisor->loop, &unit->end_io, unit->pidfd, EPOLLIN, on_end);
	loop_add(supervisor->loop, &unit->output_io, unit->output, EPOLLIN, on_output);
	loop_timer_start(supervisor->loop, &unit->timer, READY_EVERY_MS, check_ready, unit);
}

static void start_again(void *data)
{
	start_unit(data);
}

void supervisor_start(struct supervisor *supervisor)
{
	start_next(supervisor);
}

/* ---- stop --------------------------------------------------------------------------------------------------------- */

static void stop_takes_too_long(void *data)
{
	struct unit *unit = data;

	log_warning("%s did not stop within %d s and is killed", unit->service->name, unit->service->stop_seconds);
	kill(unit->pid, SIGKILL);
}

/* Stops the last one that still runs, or tells that all are gone. */
static void stop_from(struct supervisor *supervisor)
{
	while (supervisor->next > 0) {
		struct unit *unit = &supervisor->units[supervisor->next - 1];

		if (unit->state == WAITING) {
			loop_timer_stop(&unit->timer);
			state_move(&service_table, &unit->state, STOPPED);
		}
		if (unit->state != STOPPED) {
			if (supervisor->announced == unit)
				return;
			supervisor->announced = unit;
			if (supervisor->events->stopping != NULL)
				supervisor->events->stopping(unit->service->name, supervisor->data);
			else
				supervisor_stop_next(supervisor);
			return;
		}
		supervisor->next--;
	}
	supervisor->events->stopped(supervisor->failed, supervisor->data);
}

void supervisor_stop_next(struct supervisor *supervisor)
{
	struct unit *unit = supervisor->next > 0 ? &supervisor->units[supervisor->next - 1] : NULL;

	if (unit == NULL || (unit->state != STARTING && unit->state != READY))
		return;
	state_move(&service_table, &unit->state, ENDING);
	kill(unit->pid, SIGTERM);
	loop_timer_start(supervisor->loop, &unit->timer, (int64_t)unit->service->stop_seconds * 1000, stop_takes_too_long,
			 unit);
}

void supervisor_stop(struct supervisor *supervisor)
{
	if (supervisor->stopping)
		return;
	supervisor->stopping = true;
	stop_from(supervisor);
}

/* ---- one alone ------------------------------------------------------------------------------------------------------ */

static struct unit *find_unit(struct supervisor *supervisor, const char *service)
{
	for (size_t i = 0; i < supervisor->count; i++)
		if (strcmp(supervisor->units[i].service->name, service) == 0)
			return &supervisor->units[i];
	return NULL;
}

int supervisor_hold(struct supervisor *supervisor, const char *service, void (*held)(void *data), void *data)
{
	struct unit *unit = find_unit(supervisor, service);

	if (unit == NULL || unit->state != READY || supervisor->stopping)
		return -EAGAIN;
	unit->held = held;
	unit->held_data = data;
	state_move(&service_table, &unit->state, ENDING);
	kill(unit->pid, SIGTERM);
	loop_timer_start(supervisor->loop, &unit->timer, (int64_t)unit->service->stop_seconds * 1000, stop_takes_too_long, unit);
	return 0;
}

void supervisor_release(struct supervisor *supervisor, const char *service)
{
	struct unit *unit = find_unit(supervisor, service);

	if (unit == NULL || unit->held == NULL || unit->state != STOPPED || supervisor->stopping)
		return;
	unit->held = NULL;
	start_unit(unit);
}

/* ---- life --------------------------------------------------------------------------------------------------------- */

struct supervisor *supervisor_new(struct loop *loop, const struct service *services, size_t count,
				  const struct supervisor_events *events, void *data)
{
	struct supervisor *supervisor = xmalloc(sizeof(*supervisor));

	supervisor->loop = loop;
	supervisor->events = events;
	supervisor->data = data;
	supervisor->count = count < SERVICES_MAX ? count : SERVICES_MAX;
	for (size_t i = 0; i < supervisor->count; i++) {
		struct unit *unit = &supervisor->units[i];

		unit->supervisor = supervisor;
		unit->service = &services[i];
		unit->pidfd = -1;
		unit->output = -1;
	}
	return supervisor;
}

void supervisor_free(struct supervisor *supervisor)
{
	if (supervisor == NULL)
		return;
	for (size_t i = 0; i < supervisor->count; i++) {
		struct unit *unit = &supervisor->units[i];

		loop_timer_stop(&unit->timer);
		close_output(unit);
		if (unit->pidfd >= 0) {
			kill(unit->pid, SIGKILL);
			waitpid(unit->pid, NULL, 0);
			loop_remove(&unit->end_io);
			close(unit->pidfd);
		}
		buf_fini(&unit->line);
	}
	free(supervisor);
}
