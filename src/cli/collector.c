#include "cli/collector.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "cli/spawn.h"

#define SERVICE	     "registry"
#define MESSAGE_MAX  1024
#define ID_MAX	     64
#define OUTPUT_KEPT  4096 /* the end of what a step says */
#define TERABYTES(n) ((uint64_t)(n) << 40)

enum step { STEP_NONE, STEP_HOLD, STEP_BEFORE, STEP_COLLECT, STEP_AFTER };

struct collector {
	struct loop *loop;
	const struct embedded_registry *registry;
	const char *const *env;
	struct supervisor *supervisor;
	int ours;
	int theirs;
	struct loop_io ours_io;
	enum step step;
	char id[ID_MAX + 1];
	pid_t pid;
	int pidfd; /* -1: no step's program runs */
	int output;
	struct loop_io end_io;
	struct loop_io output_io;
	struct buf text;
	uint64_t before; /* bytes on the disk */
	bool stopped;
};

static void run_step(struct collector *collector, enum step step);

/* ---- what the web process hears -------------------------------------------------------------------------------------- */

static void tell(const struct collector *collector, uint64_t freed, const char *error)
{
	json_t *json = json_pack("{s:s,s:I,s:s*}", "collect", collector->id, "freed", (json_int_t)freed, "error", error);
	auto_free char *text = json_dumps(json, JSON_COMPACT);

	json_decref(json);
	/* One that is away, or does not listen, will see by the registry's size. */
	if (text != NULL)
		send(collector->ours, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void finish(struct collector *collector, uint64_t freed, const char *error)
{
	bool held = collector->step != STEP_HOLD;

	collector->step = STEP_NONE;
	if (held)
		supervisor_release(collector->supervisor, SERVICE);
	if (error != NULL)
		log_warning("the registry's garbage was not collected: %s", error);
	tell(collector, freed, error);
}

/* ---- the steps --------------------------------------------------------------------------------------------------------- */

static void read_output(struct collector *collector)
{
	ssize_t n = 1;

	while (collector->output >= 0 && (n = read(collector->output, buf_reserve(&collector->text, 4096), 4096)) > 0) {
		buf_added(&collector->text, (size_t)n);
		if (collector->text.length > 2 * OUTPUT_KEPT)
			buf_consume(&collector->text, collector->text.length - OUTPUT_KEPT);
	}
	if (collector->output >= 0 && (n == 0 || errno != EAGAIN)) {
		loop_remove(&collector->output_io);
		close(steal_fd(&collector->output));
	}
}

static void on_output(struct loop_io *io, uint32_t events)
{
	(void)events;
	read_output(container_of(io, struct collector, output_io));
}

static void close_step(struct collector *collector)
{
	if (collector->output >= 0) {
		loop_remove(&collector->output_io);
		close(steal_fd(&collector->output));
	}
	loop_remove(&collector->end_io);
	close(steal_fd(&collector->pidfd));
}

/* The number that du begins with. */
static uint64_t bytes_of(struct buf *text)
{
	uint64_t bytes = 0;

	buf_append_char(text, '\0');
	text->data[strcspn(text->data, "\t \n")] = '\0';
	return str_to_u64(text->data, TERABYTES(1 << 20), &bytes) == 0 ? bytes : 0;
}

static const char *last_line(struct buf *text)
{
	char *line;

	buf_append_char(text, '\0');
	line = str_trim(text->data);
	return strrchr(line, '\n') != NULL ? strrchr(line, '\n') + 1 : line;
}

static void on_step_end(struct loop_io *io, uint32_t events)
{
	struct collector *collector = container_of(io, struct collector, end_io);
	siginfo_t info = {0};
	uint64_t bytes;
	bool fine;

	(void)events;
	if (waitid(P_PIDFD, (id_t)collector->pidfd, &info, WEXITED | WNOHANG) < 0 || info.si_pid == 0)
		return;
	read_output(collector);
	close_step(collector);
	fine = info.si_code == CLD_EXITED && info.si_status == 0;
	switch (collector->step) {
	case STEP_BEFORE:
		collector->before = bytes_of(&collector->text);
		run_step(collector, STEP_COLLECT);
		break;
	case STEP_COLLECT:
		if (fine)
			run_step(collector, STEP_AFTER);
		else
			finish(collector, 0, last_line(&collector->text));
		break;
	default:
		bytes = bytes_of(&collector->text);
		log_info("the registry's garbage was collected");
		finish(collector, bytes < collector->before ? collector->before - bytes : 0, NULL);
	}
}

static void run_step(struct collector *collector, enum step step)
{
	const char *size[] = {"du", "-s", "-B1", "--", collector->registry->storage, NULL};
	const char *collect[] = {"docker-registry", "garbage-collect", collector->registry->config, NULL};
	struct spawn what = {.argv = step == STEP_COLLECT ? collect : size,
			     .env = collector->env,
			     .uid = collector->registry->uid,
			     .gid = collector->registry->gid};
	struct error err;

	collector->step = step;
	buf_clear(&collector->text);
	if (spawn(&what, &collector->pid, &collector->pidfd, &collector->output, &err) < 0) {
		finish(collector, 0, err.message);
		return;
	}
	loop_add(collector->loop, &collector->end_io, collector->pidfd, EPOLLIN, on_step_end);
	loop_add(collector->loop, &collector->output_io, collector->output, EPOLLIN, on_output);
}

/* The registry is gone. */
static void on_held(void *data)
{
	struct collector *collector = data;

	if (!collector->stopped)
		run_step(collector, STEP_BEFORE);
}

/* ---- questions ----------------------------------------------------------------------------------------------------------- */

static void begin(struct collector *collector, const char *id)
{
	str_copy(collector->id, sizeof(collector->id), id);
	if (collector->step != STEP_NONE)
		return; /* who asked first was another process; this one hears the end */
	collector->step = STEP_HOLD;
	if (supervisor_hold(collector->supervisor, SERVICE, on_held, collector) < 0)
		finish(collector, 0, "the registry is not running just now");
}

static void on_message(struct loop_io *io, uint32_t events)
{
	struct collector *collector = container_of(io, struct collector, ours_io);
	char text[MESSAGE_MAX];
	ssize_t n = recv(collector->ours, text, sizeof(text), MSG_DONTWAIT);
	json_t *json = n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
	const char *id = json_string_value(json_object_get(json, "collect"));

	(void)events;
	if (id != NULL && *id != '\0' && strlen(id) <= ID_MAX && !collector->stopped)
		begin(collector, id);
	json_decref(json);
}

/* ---- life ------------------------------------------------------------------------------------------------------------------ */

int collector_new(struct loop *loop, const struct embedded_registry *registry, const char *const *env, struct collector **ret_collector,
		  struct error *err)
{
	struct collector *collector;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return error_errno(err, errno, "cannot make a socket");
	collector = xmalloc(sizeof(*collector));
	*collector = (struct collector){.loop = loop,
					.registry = registry,
					.env = env,
					.ours = ends[0],
					.theirs = ends[1],
					.pidfd = -1,
					.output = -1};
	*ret_collector = collector;
	return 0;
}

int collector_socket(const struct collector *collector)
{
	return collector->theirs;
}

void collector_watch(struct collector *collector, struct supervisor *supervisor)
{
	if (collector == NULL)
		return;
	collector->supervisor = supervisor;
	loop_add(collector->loop, &collector->ours_io, collector->ours, EPOLLIN, on_message);
}

void collector_stop(struct collector *collector)
{
	if (collector == NULL || collector->stopped)
		return;
	collector->stopped = true;
	loop_remove(&collector->ours_io);
	if (collector->pidfd >= 0) {
		kill(collector->pid, SIGKILL);
		waitpid(collector->pid, NULL, 0);
		close_step(collector);
	}
}

void collector_free(struct collector *collector)
{
	if (collector == NULL)
		return;
	collector_stop(collector);
	close(collector->ours);
	close(collector->theirs);
	buf_fini(&collector->text);
	free(collector);
}
