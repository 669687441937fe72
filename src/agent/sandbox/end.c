/* The end of a sandbox: every step can be done again, so it does not matter how far the sandbox had come, or whose it was. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/sandbox/cgroup.h"
#include "agent/sandbox/rootfs.h"
#include "agent/sandbox/runtime.h"
#include "agent/sandbox/sandbox.h"
#include "agent/sandbox/store.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"

#define TRY_AGAIN_MS 2
#define STRAY_MS 5 /* for a killed process to be out of its last system call */
#define TRY_AGAIN_MOST_MS 1000
#define COMPLAIN_TRIES 200

struct stop {
	struct list link;
	struct request *request;
};

void sandbox_add_stop(struct sandbox *sandbox, struct request *request)
{
	struct stop *stop = xmalloc(sizeof(*stop));

	stop->request = request;
	list_append(&sandbox->stops, &stop->link);
}

static void tell(struct sandbox *sandbox)
{
	struct agent *agent = sandbox->sandboxes->agent;
	struct error err;

	if (sandbox->request != NULL) {
		error_set(&err, ERROR_CANCELLED, ECANCELED, "the sandbox was stopped before it ran");
		request_fail(sandbox->request, &err);
	}
	if (sandbox->announced && sandbox->state == SANDBOX_ENDING)
		agent_event(agent, "sandbox.ended",
			    json_pack("{s:s, s:s, s:o}", "sandbox", sandbox->id, "reason", sandbox->reason, "exit_code",
				      sandbox->exit_code >= 0 ? json_integer(sandbox->exit_code) : json_null()));
	while (!list_is_empty(&sandbox->stops)) {
		struct stop *stop = container_of(sandbox->stops.next, struct stop, link);

		list_remove(&stop->link);
		request_answer(stop->request, NULL, NULL, 0);
		free(stop);
	}
}

void sandbox_leave(struct sandbox *sandbox)
{
	struct sandboxes *sandboxes = sandbox->sandboxes;

	while (!list_is_empty(&sandbox->terminals))
		terminal_free(container_of(sandbox->terminals.next, struct terminal, link));
	if (map_get(sandboxes->by_id, sandbox->id) == sandbox)
		map_remove(sandboxes->by_id, sandbox->id);
	list_remove(&sandbox->link);
	sandboxes->count--;
	tell(sandbox);
	console_close(&sandbox->console);
	child_abandon(sandbox->runtime);
	child_abandon(sandbox->saver);
	watch_free(sandbox->init);
	image_unref(sandboxes->agent->images, sandbox->image);
	if (sandbox->tty >= 0)
		close(sandbox->tty);
	if (sandbox->writable >= 0)
		close(sandbox->writable);
	loop_timer_stop(&sandbox->timer);
	free(sandbox->reason);
	free(sandbox);
}

static void finish(struct sandbox *sandbox)
{
	struct sandboxes *sandboxes = sandbox->sandboxes;
	auto_free char *folder = sandbox_path(sandbox, NULL);
	struct error err;

	if (dir_remove_all(folder, &err) < 0)
		log_error("%s", err.message);
	id_range_give_back(sandboxes->ids, sandbox->id_base);
	sandbox_leave(sandbox);
	sandboxes_next_turn(sandboxes);
}

static void try_again(void *data)
{
	sandbox_give_back(data);
}

static void remove_rest(struct sandbox *sandbox)
{
	auto_free char *rootfs = sandbox_path(sandbox, "rootfs");
	auto_free char *cgroup = sandbox_cgroup(sandbox);
	int64_t wait = TRY_AGAIN_MS * (int64_t)(sandbox->tries + 1);

	rootfs_detach(rootfs);
	if (sandbox->lease.slot != 0)
		network_detach(sandbox->sandboxes->agent->network, &sandbox->lease);
	if (cgroup_remove(cgroup) == 0) {
		finish(sandbox);
		return;
	}
	if (++sandbox->tries == COMPLAIN_TRIES)
		log_error("the processes of sandbox %s (%s) do not end", sandbox->id, sandbox->key);
	loop_timer_start(sandbox->sandboxes->agent->loop, &sandbox->timer, wait < TRY_AGAIN_MOST_MS ? wait : TRY_AGAIN_MOST_MS,
			 try_again, sandbox);
}

static void on_deleted(struct child *child, const struct child_result *result, void *data)
{
	struct sandbox *sandbox = data;

	(void)child;
	(void)result; /* it may never have known it */
	sandbox->runtime = NULL;
	remove_rest(sandbox);
}

void sandbox_give_back(struct sandbox *sandbox)
{
	auto_free char *cgroup = sandbox_cgroup(sandbox);
	struct error err;
	int r;

	if (sandbox->failed) {
		sandbox->failed = false;
		runtime_kill_strays(sandbox->sandboxes, sandbox->key);
		loop_timer_start(sandbox->sandboxes->agent->loop, &sandbox->timer, STRAY_MS, try_again, sandbox);
		return;
	}
	if (sandbox->timer.loop != NULL)
		return; /* we come back */
	if (sandbox->init != NULL) {
		watch_kill(sandbox->init, SIGKILL); /* the kernel takes the whole pid namespace with it; on_init_exit comes back here */
		return;
	}
	cgroup_kill(cgroup); /* a runtime that was killed half-way may have left some without a first process */
	r = sandbox->tries == 0 ? runtime_delete(sandbox, on_deleted, &err) : 0;
	if (r < 0)
		log_error("%s", err.message);
	if (r <= 0)
		remove_rest(sandbox);
}
