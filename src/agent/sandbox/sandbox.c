#include "agent/sandbox/sandbox.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "agent/sandbox/bundle.h"
#include "agent/sandbox/cgroup.h"
#include "agent/sandbox/rootfs.h"
#include "agent/sandbox/runtime.h"
#include "agent/sandbox/store.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/state.h"
#include "base/util.h"

#define ADOPTION_TRIES	 200
#define ADOPTION_STEP_US 1000

static const char *const names[] = {
	[SANDBOX_WAITING] = "waiting",	 [SANDBOX_CREATING] = "creating", [SANDBOX_PREPARED] = "prepared",
	[SANDBOX_STARTING] = "starting", [SANDBOX_RUNNING] = "running",	  [SANDBOX_ENDING] = "ending",
};

static const uint32_t moves[] = {
	[SANDBOX_WAITING] = STATE_BIT(SANDBOX_CREATING) | STATE_BIT(SANDBOX_ENDING) | STATE_BIT(SANDBOX_RUNNING) /* adopted */,
	[SANDBOX_CREATING] = STATE_BIT(SANDBOX_PREPARED) | STATE_BIT(SANDBOX_STARTING) | STATE_BIT(SANDBOX_RUNNING) |
			     STATE_BIT(SANDBOX_ENDING),
	[SANDBOX_PREPARED] = STATE_BIT(SANDBOX_STARTING) | STATE_BIT(SANDBOX_ENDING),
	[SANDBOX_STARTING] = STATE_BIT(SANDBOX_RUNNING) | STATE_BIT(SANDBOX_ENDING),
	[SANDBOX_RUNNING] = STATE_BIT(SANDBOX_ENDING),
	[SANDBOX_ENDING] = 0,
};

const struct state_table sandbox_states = {
	.name = "sandbox", .states = names, .moves = moves, .count = SANDBOX_STATES};

char *sandbox_path(const struct sandbox *sandbox, const char *name)
{
	return name == NULL ? xasprintf("%s/%s", sandbox->sandboxes->folder, sandbox->key)
			    : xasprintf("%s/%s/%s", sandbox->sandboxes->folder, sandbox->key, name);
}

char *sandbox_cgroup(const struct sandbox *sandbox)
{
	return xasprintf("/%s/%s", sandbox->sandboxes->cgroup, sandbox->key);
}

struct sandbox *sandbox_new(struct sandboxes *sandboxes, const struct image *image, const struct limits *limits, bool network)
{
	struct sandbox *sandbox = xmalloc(sizeof(*sandbox));

	sandbox->sandboxes = sandboxes;
	sandbox->state = SANDBOX_WAITING;
	sandbox->limits = *limits;
	sandbox->network = network;
	sandbox->tty = -1;
	sandbox->writable = -1;
	sandbox->exit_code = -1;
	sandbox->cols = 80;
	sandbox->rows = 24;
	sandbox->asked_us = clock_monotonic_us();
	random_id(sandbox->key, SANDBOX_KEY_LENGTH);
	console_init(&sandbox->console);
	list_init(&sandbox->waiting_link);
	list_init(&sandbox->pool_link);
	list_init(&sandbox->stops);
	list_init(&sandbox->terminals);
	if (image != NULL) {
		sandbox->image = image_ref(sandboxes->agent->images, image);
		strcpy(sandbox->digest, image->digest);
	}
	list_append(&sandboxes->all, &sandbox->link);
	sandboxes->count++;
	return sandbox;
}

void sandbox_name(struct sandbox *sandbox, const char *id)
{
	snprintf(sandbox->id, sizeof(sandbox->id), "%s", id);
	map_put(sandbox->sandboxes->by_id, id, sandbox);
}

static void answer_start(struct sandbox *sandbox)
{
	struct request *request = sandbox->request;

	if (request == NULL)
		return;
	sandbox->request = NULL;
	request_answer(request,
		       json_pack("{s:I, s:b}", "start_us", (json_int_t)(clock_monotonic_us() - sandbox->asked_us), "pooled",
				 sandbox->pooled),
		       &sandbox->tty, 1);
}

static const char *reason_of_exit(const struct sandbox *sandbox)
{
	auto_free char *cgroup = sandbox_cgroup(sandbox);

	return sandbox->exit_code == 128 + SIGKILL && cgroup_oom_kills(cgroup) > 0 ? "memory" : "exited";
}

static void enter_running(struct sandbox *sandbox)
{
	int r;

	state_move(&sandbox_states, &sandbox->state, SANDBOX_RUNNING);
	sandbox->started_ms = clock_realtime_ms();
	r = store_write(sandbox);
	if (r < 0)
		log_warning("the state of sandbox %s cannot be kept: %s", sandbox->id, strerror(-r));
	sandbox->announced = true;
	answer_start(sandbox);
	if (sandbox->init == NULL)
		sandbox_end(sandbox, reason_of_exit(sandbox)); /* it was quick */
}

static void on_init_exit(struct watch *watch, int exit_code, void *data)
{
	struct sandbox *sandbox = data;

	watch_free(watch);
	sandbox->init = NULL;
	sandbox->exit_code = exit_code;
	if (sandbox->state == SANDBOX_ENDING) {
		if (sandbox->runtime == NULL)
			sandbox_give_back(sandbox);
	} else if (sandbox->state == SANDBOX_RUNNING) {
		sandbox_end(sandbox, reason_of_exit(sandbox));
	} else if (sandbox->state == SANDBOX_PREPARED) {
		sandbox_end(sandbox, "failed");
	}
	/* While the runtime still starts it, its own end decides. */
}

void sandbox_watch(struct sandbox *sandbox)
{
	int r = watch_new(sandbox->sandboxes->agent->reaper, sandbox->pid, on_init_exit, sandbox, &sandbox->init);

	if (r < 0)
		sandbox->init = NULL;
}

void sandbox_fail(struct sandbox *sandbox, const struct error *err)
{
	struct request *request = sandbox->request;

	sandbox->request = NULL;
	if (request != NULL)
		request_fail(request, err);
	log_event(LOG_LEVEL_WARNING, "sandbox failed", "sandbox", sandbox->id, "key", sandbox->key, "error", err->message, NULL);
	/* Nobody was told of it, so its name is free at once. */
	if (map_get(sandbox->sandboxes->by_id, sandbox->id) == sandbox)
		map_remove(sandbox->sandboxes->by_id, sandbox->id);
	sandbox_end(sandbox, "failed");
}

static void on_started(struct child *child, const struct child_result *result, void *data)
{
	struct sandbox *sandbox = data;
	struct error err;

	(void)child;
	sandbox->runtime = NULL;
	sandbox->failed = result->exit_code != 0;
	sandbox->sandboxes->turns--;
	if (sandbox->state == SANDBOX_ENDING) {
		sandbox_give_back(sandbox);
	} else if (result->exit_code != 0) {
		child_error(result, "the runtime", &err);
		sandbox_fail(sandbox, &err);
	} else {
		enter_running(sandbox);
	}
}

static void start(struct sandbox *sandbox)
{
	struct error err;

	state_move(&sandbox_states, &sandbox->state, SANDBOX_STARTING);
	sandbox->sandboxes->turns++;
	if (runtime_run(sandbox, RUNTIME_START, false, on_started, &err) < 0) {
		sandbox->sandboxes->turns--;
		sandbox_fail(sandbox, &err);
	}
}

void sandbox_use(struct sandbox *sandbox)
{
	struct winsize size = {.ws_col = (unsigned short)sandbox->cols, .ws_row = (unsigned short)sandbox->rows};

	ioctl(sandbox->tty, TIOCSWINSZ, &size);
	sandbox->pooled = true;
	start(sandbox);
}

/* The runtime's own child made it, and may end a moment after the runtime: then it comes to us. 0: it is gone. */
static uint64_t wait_for_adoption(pid_t pid)
{
	pid_t parent = 0;
	uint64_t start = pid > 0 ? process_start_time(pid, &parent) : 0;

	for (int i = 0; i < ADOPTION_TRIES && start != 0 && parent != getpid(); i++) {
		usleep(ADOPTION_STEP_US);
		start = process_start_time(pid, &parent);
	}
	return parent == getpid() ? start : 0;
}

/* Its first process has come to us, as the nearest subreaper, when the runtime ended: a pid of a child of ours stays its own until
 * we wait for it. */
static int find_init(struct sandbox *sandbox, struct error *err)
{
	sandbox->pid = runtime_read_pid(sandbox, "pid");
	sandbox->pid_start = wait_for_adoption(sandbox->pid);
	if (sandbox->pid_start == 0)
		return error_set(err, ERROR_INTERNAL, ESRCH, "the runtime left no process behind");
	sandbox_watch(sandbox);
	return sandbox->init == NULL ? error_set(err, ERROR_INTERNAL, ESRCH, "the sandbox's first process is gone") : 0;
}

static int take_created(struct sandbox *sandbox, const struct child_result *result, struct error *err)
{
	struct sandboxes *sandboxes = sandbox->sandboxes;
	int r;

	if (result->exit_code != 0)
		return child_error(result, "the runtime", err);
	r = find_init(sandbox, err);
	if (r == 0)
		r = console_receive(&sandbox->console, sandbox->cols, sandbox->rows, &sandbox->tty, err);
	if (r == 0 && sandbox->network)
		r = network_attach(sandboxes->agent->network, sandbox->pid, &sandbox->lease, err);
	return r;
}

static void on_created(struct child *child, const struct child_result *result, void *data)
{
	struct sandbox *sandbox = data;
	struct sandboxes *sandboxes = sandbox->sandboxes;
	auto_free char *rootfs = sandbox_path(sandbox, "rootfs");
	struct error err;

	(void)child;
	sandbox->runtime = NULL;
	sandbox->failed = result->exit_code != 0;
	sandboxes->turns--;
	/* The sandbox holds its root in its own mount namespace now; a short mount table keeps the next starts quick. */
	rootfs_detach(rootfs);
	if (sandbox->state == SANDBOX_ENDING) {
		if (sandbox->init == NULL && result->exit_code == 0)
			find_init(sandbox, &err);
		sandbox_give_back(sandbox);
	} else if (take_created(sandbox, result, &err) < 0) {
		sandbox_fail(sandbox, &err);
	} else {
		console_close(&sandbox->console);
		if (sandbox->pool != NULL)
			pool_add(sandbox);
		else if (sandbox->network)
			start(sandbox);
		else
			enter_running(sandbox);
	}
	reaper_expect_less(sandboxes->agent->reaper);
	sandboxes_next_turn(sandboxes);
}

static int begin(struct sandbox *sandbox, struct error *err)
{
	json_t *arguments = sandbox->request != NULL ? request_arguments(sandbox->request) : NULL;
	enum runtime_command command = sandbox->pool != NULL || sandbox->network ? RUNTIME_CREATE : RUNTIME_RUN;
	auto_free char *console = sandbox_path(sandbox, "console");
	int r = id_range_take(sandbox->sandboxes->ids, &sandbox->id_base, err);

	if (r == 0)
		r = bundle_make(sandbox, json_object_get(arguments, "command"), json_object_get(arguments, "env"), err);
	if (r == 0)
		r = console_listen(&sandbox->console, console, err);
	if (r == 0)
		r = runtime_run(sandbox, command, sandbox->pool != NULL, on_created, err);
	if (r == 0)
		reaper_expect(sandbox->sandboxes->agent->reaper);
	return r;
}

void sandboxes_next_turn(struct sandboxes *sandboxes)
{
	while (sandboxes->turns < sandboxes->turns_max && !list_is_empty(&sandboxes->waiting)) {
		struct sandbox *sandbox = container_of(sandboxes->waiting.next, struct sandbox, waiting_link);
		struct error err;

		list_remove(&sandbox->waiting_link);
		state_move(&sandbox_states, &sandbox->state, SANDBOX_CREATING);
		sandboxes->turns++;
		if (begin(sandbox, &err) < 0) {
			sandboxes->turns--;
			sandbox_fail(sandbox, &err);
		}
	}
	if (list_is_empty(&sandboxes->waiting))
		pools_refill(sandboxes);
}

void sandbox_queue(struct sandbox *sandbox)
{
	list_append(&sandbox->sandboxes->waiting, &sandbox->waiting_link);
	sandboxes_next_turn(sandbox->sandboxes);
}

void sandbox_end(struct sandbox *sandbox, const char *reason)
{
	if (sandbox->state == SANDBOX_ENDING)
		return;
	state_move(&sandbox_states, &sandbox->state, SANDBOX_ENDING);
	sandbox->reason = xstrdup(reason);
	list_remove(&sandbox->waiting_link);
	pool_forget(sandbox);
	terminals_end(sandbox);
	/* A runtime at work is killed first, and we go on when it is gone. */
	if (sandbox->runtime != NULL)
		child_kill(sandbox->runtime, SIGKILL);
	else
		sandbox_give_back(sandbox);
}
