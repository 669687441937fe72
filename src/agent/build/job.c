#include "agent/build/job.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/build/files.h"
#include "agent/build/job_host.h"
#include "agent/build/spec.h"
#include "agent/child.h"
#include "agent/network/network.h"
#include "agent/reaper.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/random.h"
#include "base/state.h"
#include "base/str.h"
#include "base/util.h"

#define RUNTIME_TIMEOUT_MS 60000
#define ID_RANDOM 16

enum job_state { JOB_NEW, JOB_CREATING, JOB_STARTING, JOB_RUNNING, JOB_DELETING, JOB_OVER, JOB_STATES };

static const char *const state_names[] = {"new", "creating", "starting", "running", "deleting", "over"};
static const uint32_t state_moves[] = {
	[JOB_NEW] = STATE_BIT(JOB_CREATING) | STATE_BIT(JOB_OVER),
	[JOB_CREATING] = STATE_BIT(JOB_STARTING) | STATE_BIT(JOB_DELETING),
	[JOB_STARTING] = STATE_BIT(JOB_RUNNING) | STATE_BIT(JOB_DELETING),
	[JOB_RUNNING] = STATE_BIT(JOB_DELETING),
	[JOB_DELETING] = STATE_BIT(JOB_OVER),
	[JOB_OVER] = 0,
};
static const struct state_table states = {"job", state_names, state_moves, JOB_STATES};

struct job {
	struct job_host *host;
	unsigned state;
	char id[sizeof("ttob-") + ID_RANDOM];
	char *bundle;
	char *cgroup;
	enum job_network network;
	int64_t timeout_ms;
	struct network_lease lease;
	struct watch *init;  /* the job's process 1 */
	bool init_over;
	int output;	     /* the reading end, -1 when it is not caught */
	struct loop_io output_io;
	struct buf caught;
	struct loop_timer timer;
	struct job_result result;
	job_done done;
	void *data;
};

static void delete(struct job *job);

static void close_output(struct job *job)
{
	if (job->output < 0)
		return;
	loop_remove(&job->output_io);
	close(job->output);
	job->output = -1;
}

static void read_output(struct job *job)
{
	/* A bounded turn: a job that floods us must not hold the loop. */
	for (int i = 0; i < 16 && job->output >= 0; i++) {
		ssize_t n = read(job->output, buf_reserve(&job->caught, 4096), 4096);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			close_output(job);
			return;
		}
		buf_added(&job->caught, (size_t)n);
		if (job->caught.length > JOB_OUTPUT_MAX)
			buf_consume(&job->caught, job->caught.length - JOB_OUTPUT_MAX);
	}
}

static void on_output(struct loop_io *io, uint32_t events)
{
	(void)events;
	read_output(container_of(io, struct job, output_io));
}

static void finish(struct job *job)
{
	struct job_host *host = job->host;

	state_move(&states, &job->state, JOB_OVER);
	loop_timer_stop(&job->timer);
	read_output(job);
	close_output(job);
	if (host->agent->network != NULL)
		network_detach(host->agent->network, &job->lease);
	dir_remove_all(job->bundle, NULL);
	job->result.output = job->caught.data != NULL ? job->caught.data : "";
	host->count--;
	job->done(&job->result, job->data);
	watch_free(job->init);
	buf_fini(&job->caught);
	free(job->bundle);
	free(job->cgroup);
	free(job);
}

static void finish_later(void *data)
{
	finish(data);
}

/* One run of the runtime: <runtime> --root … <verb> … <id>. */
static int run_runtime(struct job *job, const char *const *verb, const struct child_fd *fds, size_t fd_count, child_done done)
{
	auto_free char *log = xasprintf("%s/runtime.log", job->bundle);
	const char *argv[16];
	struct child_options options = {.argv = argv, .fds = fds, .fd_count = fd_count, .timeout_ms = RUNTIME_TIMEOUT_MS};
	size_t n = job_host_argv(job->host, argv);

	argv[n++] = "--log"; /* standard error is the job's own */
	argv[n++] = log;
	for (; *verb != NULL; verb++)
		argv[n++] = *verb;
	argv[n++] = job->id;
	argv[n] = NULL;
	return child_start(job->host->agent, &options, done, job, NULL, &job->result.err);
}

/* What went wrong with the runtime itself, in its own words; the first reason counts. */
static void take_failure(struct job *job, const struct child_result *result)
{
	auto_buf struct buf log = BUF_INIT;
	char *line;

	job->result.exit_code = -1;
	if (job->result.err.kind != ERROR_NONE)
		return;
	files_read_untrusted(job->bundle, "runtime.log", JOB_OUTPUT_MAX, &log);
	line = log.data != NULL ? str_trim(log.data) : NULL;
	if (line == NULL || *line == '\0') {
		child_error(result, job->host->runtime, &job->result.err);
		return;
	}
	line = strrchr(line, '\n') != NULL ? strrchr(line, '\n') + 1 : line;
	error_set(&job->result.err, ERROR_INTERNAL, EIO, "%s failed: %.250s", job->host->runtime, line);
}

static void on_deleted(struct child *child, const struct child_result *result, void *data)
{
	(void)child;
	(void)result; /* nothing to delete is fine, and for the rest there is the sweep at the next start */
	finish(data);
}

/* Also when nothing was ever made: the runtime then finds nothing to delete. */
static void delete(struct job *job)
{
	static const char *const verb[] = {"delete", "--force", NULL};
	struct error ignored = job->result.err;

	state_move(&states, &job->state, JOB_DELETING);
	loop_timer_stop(&job->timer);
	job->result.out_of_memory = job_host_out_of_memory(job->cgroup);
	if (run_runtime(job, verb, NULL, 0, on_deleted) < 0)
		loop_post(job->host->agent->loop, finish_later, job);
	job->result.err = ignored;
}

static void on_init_exited(struct watch *watch, int exit_code, void *data)
{
	struct job *job = data;

	(void)watch;
	job->init_over = true;
	if (job->result.exit_code == 0)
		job->result.exit_code = exit_code;
	if (job->state == JOB_RUNNING)
		delete(job);
}

static void on_timeout(void *data)
{
	struct job *job = data;

	job->result.timed_out = true;
	if (job->init != NULL)
		watch_kill(job->init, SIGKILL);
}

static void on_started(struct child *child, const struct child_result *result, void *data)
{
	struct job *job = data;

	(void)child;
	if (result->exit_code != 0 && !job->init_over) {
		take_failure(job, result);
		delete(job);
		return;
	}
	state_move(&states, &job->state, JOB_RUNNING);
	if (job->init_over)
		delete(job);
	else if (job->result.killed || job->result.timed_out)
		watch_kill(job->init, SIGKILL);
}

static int find_init(struct job *job)
{
	auto_free char *path = xasprintf("%s/pid", job->bundle);
	auto_buf struct buf text = BUF_INIT;
	uint64_t pid;
	int r = file_read(AT_FDCWD, path, 32, &text);

	if (r == 0 && text.length > 0)
		r = str_to_u64(str_trim(text.data), INT32_MAX, &pid);
	if (r == 0)
		r = text.length > 0 ? watch_new(job->host->agent->reaper, (pid_t)pid, on_init_exited, job, &job->init) : -ENOENT;
	return r < 0 ? error_errno(&job->result.err, r, "cannot watch the job's first process") : 0;
}

static int attach_network(struct job *job)
{
	struct network *network = job->host->agent->network;

	if (job->network != JOB_NETWORK_LEASE)
		return 0;
	if (network == NULL)
		return error_set(&job->result.err, ERROR_UNAVAILABLE, ENETDOWN, "this host has no network for builds (ttob doctor says why)");
	return network_attach(network, watch_pid(job->init), &job->lease, &job->result.err);
}

static void on_created(struct child *child, const struct child_result *result, void *data)
{
	static const char *const verb[] = {"start", NULL};
	struct job *job = data;

	(void)child;
	if (result->exit_code != 0) {
		take_failure(job, result);
		delete(job);
		return;
	}
	if (find_init(job) < 0 || attach_network(job) < 0 || job->result.killed) {
		job->result.exit_code = -1;
		delete(job);
		return;
	}
	state_move(&states, &job->state, JOB_STARTING);
	if (run_runtime(job, verb, NULL, 0, on_started) < 0) {
		job->result.exit_code = -1;
		delete(job);
	} else if (job->timeout_ms > 0) {
		loop_timer_start(job->host->agent->loop, &job->timer, job->timeout_ms, on_timeout, job);
	}
}

static int write_bundle(struct job *job, const struct job_options *options)
{
	auto_free char *path = xasprintf("%s/config.json", job->bundle);
	auto_free char *text = NULL;
	struct spec_place place = {.root = job->host->root, .cgroup = job->cgroup};
	json_t *spec;

	place.program = job_host_program(job->host, options->argv[0]);
	if (place.program == NULL)
		return error_set(&job->result.err, ERROR_UNAVAILABLE, ENOENT, "%s is not installed on this host", options->argv[0]);
	if (mkdir(job->bundle, 0700) < 0)
		return error_errno(&job->result.err, errno, "cannot make %s", job->bundle);
	spec = spec_make(options, &place);
	text = json_dumps(spec, JSON_COMPACT);
	json_decref(spec);
	return files_put(path, text, strlen(text), 0600, (uid_t)-1, &job->result.err);
}

static int create(struct job *job, const struct job_options *options)
{
	auto_free char *pid_file = xasprintf("%s/pid", job->bundle);
	const char *verb[] = {"create", "--bundle", job->bundle, "--pid-file", pid_file, NULL};
	auto_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int ends[2] = {-1, -1};
	struct child_fd fds[3];
	int r;

	if (options->output < 0) {
		if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
			return error_errno(&job->result.err, errno, "cannot make a pipe");
		fd_set_nonblock(ends[1], false);
		job->output = ends[0];
		loop_add(job->host->agent->loop, &job->output_io, job->output, EPOLLIN, on_output);
	}
	fds[0] = (struct child_fd){.fd = options->input >= 0 ? options->input : null, .target = STDIN_FILENO};
	fds[1] = (struct child_fd){.fd = options->output >= 0 ? options->output : ends[1], .target = STDOUT_FILENO};
	fds[2] = (struct child_fd){.fd = fds[1].fd, .target = STDERR_FILENO};
	r = run_runtime(job, verb, fds, 3, on_created);
	if (ends[1] >= 0)
		close(ends[1]);
	return r;
}

struct job *job_start(struct job_host *host, const struct job_options *options, job_done done, void *data)
{
	struct job *job = xmalloc(sizeof(*job));
	char random[ID_RANDOM + 1];

	*job = (struct job){.host = host,
			    .network = options->network,
			    .timeout_ms = options->timeout_ms,
			    .output = -1,
			    .done = done,
			    .data = data};
	random_id(random, ID_RANDOM);
	snprintf(job->id, sizeof(job->id), "ttob-%s", random);
	job->bundle = xasprintf("%s/jobs/%s", host->folder, job->id);
	job->cgroup = xasprintf("%s/%s", host->cgroup, job->id);
	host->count++;
	if (write_bundle(job, options) < 0 || create(job, options) < 0) {
		job->result.exit_code = -1;
		loop_post(host->agent->loop, finish_later, job);
	} else {
		state_move(&states, &job->state, JOB_CREATING);
	}
	return job;
}

void job_kill(struct job *job)
{
	job->result.killed = true;
	/* Process 1 takes its whole pid namespace with it. Before it runs, the next step looks at `killed`. */
	if (job->init != NULL)
		watch_kill(job->init, SIGKILL);
}

/* buildah and skopeo log as `time="…" level=fatal msg="…"`; what counts is the message. Cuts in place. */
static char *plain_message(char *line)
{
	char *message = strstr(line, "msg=\"");
	size_t n;

	if (message == NULL)
		return line;
	message += strlen("msg=\"");
	n = strlen(message);
	if (n > 0 && message[n - 1] == '"')
		message[n - 1] = '\0';
	return message;
}

int job_error(const struct job_result *result, const char *what, struct error *err)
{
	auto_free char *copy = xstrdup(result->output);
	char *last = NULL, *place = NULL;

	if (result->exit_code < 0 && result->err.kind != ERROR_NONE) {
		if (err != NULL)
			*err = result->err;
		return result->err.code;
	}
	if (result->killed)
		return error_set(err, ERROR_CANCELLED, ECANCELED, "%s was cancelled", what);
	if (result->timed_out)
		return error_set(err, ERROR_TIMEOUT, ETIMEDOUT, "%s took too long", what);
	if (result->out_of_memory)
		return error_set(err, ERROR_TOO_LARGE, ENOMEM, "%s needs more memory than it may have", what);
	for (char *line = strtok_r(copy, "\r\n", &place); line != NULL; line = strtok_r(NULL, "\r\n", &place))
		if (*str_trim(line) != '\0')
			last = line;
	if (last == NULL)
		return error_set(err, ERROR_INTERNAL, EIO, "%s failed with exit code %d", what, result->exit_code);
	return error_set(err, ERROR_INTERNAL, EIO, "%s failed: %.250s", what, plain_message(str_trim(last)));
}
