#include "agent/child.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/reaper.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

/* AddressSanitizer does not know a stack that we made ourselves. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MUST_FORK true
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define MUST_FORK true
#endif
#ifndef MUST_FORK
#define MUST_FORK false
#endif

#define OUTPUT_MAX ((size_t)64 * 1024)
#define ERRORS_MAX ((size_t)4 * 1024)
#define KILL_AFTER_MS 2000
#define STACK_SIZE ((size_t)64 * 1024)

struct stream {
	struct child *child;
	struct loop_io io;
	int fd; /* -1: not caught, or over */
	size_t max;
	struct buf data;
};

struct child {
	struct agent *agent;
	struct watch *watch;
	struct loop_timer timer;
	bool timed_out;
	struct stream output;
	struct stream errors;
	child_done done;
	void *data;
};

/* What the new process needs; it may share our memory, so it only reads this. */
struct plan {
	const struct child_options *options;
	int sources[FD_PASS_MAX + 3]; /* above every target, so that no dup2 can hit a source */
	int targets[FD_PASS_MAX + 3];
	size_t count;
	int last_target;
	pid_t parent;
};

static const char *const default_environment[] = {
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8", NULL};

static void write_failure(const char *what, const char *program, int code)
{
	const char *parts[] = {what, program, ": ", strerrordesc_np(code), "\n"};

	for (size_t i = 0; i < ARRAY_SIZE(parts); i++)
		if (parts[i] != NULL && write(STDERR_FILENO, parts[i], strlen(parts[i])) < 0)
			break;
}

/* In the new process: system calls only. */
static int run(void *argument)
{
	const struct plan *plan = argument;
	const struct child_options *options = plan->options;
	const char *const *environment = options->environment != NULL ? options->environment : default_environment;
	sigset_t none;
	int r;

	setpgid(0, 0);
	/* We may have been killed before the child has said so. */
	if (options->dies_with_us &&
	    (prctl(PR_SET_PDEATHSIG, (unsigned long)SIGKILL, 0UL, 0UL, 0UL) < 0 || getppid() != plan->parent))
		_exit(126);
	for (size_t i = 0; i < plan->count; i++)
		if (dup2(plan->sources[i], plan->targets[i]) < 0)
			_exit(126);
	close_range((unsigned)plan->last_target + 1, ~0u, 0);
	if (options->nice > 0)
		setpriority(PRIO_PROCESS, 0, options->nice);
	r = options->prepare != NULL ? options->prepare(options->prepare_data) : 0;
	if (r == 0 && chdir(options->folder != NULL ? options->folder : "/") < 0)
		r = -errno;
	if (r < 0) {
		write_failure("cannot prepare ", options->argv[0], -r);
		_exit(126);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	execvpe(options->argv[0], (char *const *)options->argv, (char *const *)environment);
	write_failure("cannot run ", options->argv[0], errno);
	_exit(127);
}

static int spawn(struct plan *plan, pid_t *ret_pid)
{
	char *stack;

	if (plan->options->prepare != NULL || MUST_FORK) {
		*ret_pid = fork();
		if (*ret_pid == 0)
			run(plan);
		return *ret_pid < 0 ? -errno : 0;
	}
	/* Our memory lent until the exec (as vfork, on a stack of its own): no page tables to copy. */
	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
	if (stack == MAP_FAILED)
		return -errno;
	*ret_pid = clone(run, stack + STACK_SIZE, CLONE_VM | CLONE_VFORK | SIGCHLD, plan);
	munmap(stack, STACK_SIZE);
	return *ret_pid < 0 ? -errno : 0;
}

static void stream_close(struct stream *stream)
{
	if (stream->fd < 0)
		return;
	loop_remove(&stream->io);
	close(stream->fd);
	stream->fd = -1;
}

static void stream_read(struct stream *stream)
{
	/* A bounded turn: a child that floods us must not hold the loop. */
	for (int i = 0; i < 64 && stream->fd >= 0; i++) {
		char *to = buf_reserve(&stream->data, 4096);
		ssize_t n = read(stream->fd, to, 4096);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n <= 0) {
			stream_close(stream);
			return;
		}
		buf_added(&stream->data, (size_t)n);
		if (stream->data.length <= stream->max)
			continue;
		if (stream == &stream->child->errors) {
			buf_consume(&stream->data, stream->data.length - stream->max);
		} else {
			stream->data.length = stream->max;
			stream->data.data[stream->max] = '\0';
			stream_close(stream);
		}
	}
}

static void on_stream(struct loop_io *io, uint32_t events)
{
	(void)events;
	stream_read(container_of(io, struct stream, io));
}

static void child_free(struct child *child)
{
	loop_timer_stop(&child->timer);
	stream_close(&child->output);
	stream_close(&child->errors);
	buf_fini(&child->output.data);
	buf_fini(&child->errors.data);
	watch_free(child->watch);
	free(child);
}

/* A buffer that was only reserved holds no text yet, not even an empty one. */
static const char *text_of(const struct buf *buf)
{
	return buf->length > 0 ? buf->data : "";
}

static void on_exited(struct watch *watch, int exit_code, void *data)
{
	struct child *child = data;
	struct child_result result = {.exit_code = exit_code, .timed_out = child->timed_out};

	(void)watch;
	stream_read(&child->output);
	stream_read(&child->errors);
	result.output = text_of(&child->output.data);
	result.output_length = child->output.data.length;
	result.errors = text_of(&child->errors.data);
	if (child->done != NULL)
		child->done(child, &result, child->data);
	child_free(child);
}

void child_kill(struct child *child, int signal)
{
	/* The leader is not reaped before its watch tells us, so its number still names our group. */
	if (kill(-watch_pid(child->watch), signal) < 0)
		watch_kill(child->watch, signal);
}

static void on_kill_time(void *data)
{
	child_kill(data, SIGKILL);
}

static void on_timeout(void *data)
{
	struct child *child = data;

	child->timed_out = true;
	child_kill(child, SIGTERM);
	loop_timer_start(child->agent->loop, &child->timer, KILL_AFTER_MS, on_kill_time, child);
}

void child_abandon(struct child *child)
{
	if (child == NULL)
		return;
	child->done = NULL;
	child_kill(child, SIGKILL);
}

pid_t child_pid(const struct child *child)
{
	return watch_pid(child->watch);
}

static void plan_close(struct plan *plan)
{
	for (size_t i = 0; i < plan->count; i++)
		close(plan->sources[i]);
}

static int plan_add(struct plan *plan, int fd, int target, int above)
{
	int source;

	if (plan->count == ARRAY_SIZE(plan->sources))
		return -E2BIG;
	source = fcntl(fd, F_DUPFD_CLOEXEC, above);
	if (source < 0)
		return -errno;
	plan->sources[plan->count] = source;
	plan->targets[plan->count++] = target;
	return 0;
}

static bool is_named(const struct child_options *options, int target)
{
	for (size_t i = 0; i < options->fd_count; i++)
		if (options->fds[i].target == target)
			return true;
	return false;
}

static int plan_pipe(struct plan *plan, int target, struct stream *stream)
{
	int ends[2];
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	fd_set_nonblock(ends[0], true);
	stream->fd = ends[0];
	r = plan_add(plan, ends[1], target, plan->last_target + 1);
	close(ends[1]);
	return r == 0 ? loop_add(stream->child->agent->loop, &stream->io, stream->fd, EPOLLIN, on_stream) : r;
}

static int plan_make(struct plan *plan, struct child *child)
{
	const struct child_options *options = plan->options;
	int r = 0;

	plan->last_target = STDERR_FILENO;
	for (size_t i = 0; i < options->fd_count; i++)
		if (options->fds[i].target > plan->last_target)
			plan->last_target = options->fds[i].target;
	for (size_t i = 0; r == 0 && i < options->fd_count; i++)
		r = plan_add(plan, options->fds[i].fd, options->fds[i].target, plan->last_target + 1);
	if (r == 0 && !is_named(options, STDIN_FILENO)) {
		auto_fd int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

		r = null < 0 ? -errno : plan_add(plan, null, STDIN_FILENO, plan->last_target + 1);
	}
	if (r == 0 && !is_named(options, STDOUT_FILENO))
		r = plan_pipe(plan, STDOUT_FILENO, &child->output);
	if (r == 0 && !is_named(options, STDERR_FILENO))
		r = plan_pipe(plan, STDERR_FILENO, &child->errors);
	return r;
}

int child_start(struct agent *agent, const struct child_options *options, child_done done, void *data,
		struct child **ret_child, struct error *err)
{
	struct child *child = xmalloc(sizeof(*child));
	struct plan plan = {.options = options, .parent = getpid()};
	pid_t pid = -1;
	int r;

	child->agent = agent;
	child->done = done;
	child->data = data;
	child->output = (struct stream){
		.child = child, .fd = -1, .max = options->output_max > 0 ? options->output_max : OUTPUT_MAX};
	child->errors = (struct stream){
		.child = child, .fd = -1, .max = options->errors_max > 0 ? options->errors_max : ERRORS_MAX};
	r = plan_make(&plan, child);
	if (r == 0)
		r = spawn(&plan, &pid);
	plan_close(&plan);
	if (r == 0)
		r = watch_new(agent->reaper, pid, on_exited, child, &child->watch);
	if (r < 0) {
		if (pid > 0)
			kill(pid, SIGKILL); /* the reaper takes it as an orphan */
		child_free(child);
		return error_errno(err, r, "cannot run %s", options->argv[0]);
	}
	watch_kill_group_on_failure(child->watch);
	if (options->timeout_ms > 0)
		loop_timer_start(agent->loop, &child->timer, options->timeout_ms, on_timeout, child);
	if (ret_child != NULL)
		*ret_child = child;
	return 0;
}

int child_error(const struct child_result *result, const char *program, struct error *err)
{
	auto_free char *copy = xstrdup(result->errors);
	char *line;

	if (result->timed_out)
		return error_set(err, ERROR_TIMEOUT, ETIMEDOUT, "%s took too long", program);
	for (size_t n = strlen(copy); n > 0 && (copy[n - 1] == '\n' || copy[n - 1] == '\r' || copy[n - 1] == ' '); n--)
		copy[n - 1] = '\0';
	line = strrchr(copy, '\n');
	line = line != NULL ? line + 1 : copy;
	if (*line == '\0')
		return error_set(err, ERROR_INTERNAL, EIO, "%s failed with exit code %d", program, result->exit_code);
	return error_set(err, ERROR_INTERNAL, EIO, "%s failed: %.250s", program, line);
}
