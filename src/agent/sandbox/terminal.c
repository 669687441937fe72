/* Further shells in a sandbox, each with a terminal of its own. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "agent/sandbox/bundle.h"
#include "agent/sandbox/runtime.h"
#include "agent/sandbox/sandbox.h"
#include "agent/sandbox/store.h"
#include "base/cleanup.h"
#include "base/util.h"

struct terminal *terminal_find(struct sandbox *sandbox, unsigned n)
{
	list_for_each(node, &sandbox->terminals)
	{
		struct terminal *terminal = container_of(node, struct terminal, link);

		if (terminal->n == n)
			return terminal;
	}
	return NULL;
}

struct terminal *terminal_new(struct sandbox *sandbox, unsigned n)
{
	struct terminal *terminal = xmalloc(sizeof(*terminal));

	terminal->sandbox = sandbox;
	terminal->n = n;
	terminal->tty = -1;
	console_init(&terminal->console);
	list_append(&sandbox->terminals, &terminal->link);
	return terminal;
}

void terminal_free(struct terminal *terminal)
{
	struct error err;

	if (terminal->request != NULL) {
		error_set(&err, ERROR_CANCELLED, ECANCELED, "the sandbox has ended");
		request_fail(terminal->request, &err);
	}
	child_abandon(terminal->runtime);
	watch_free(terminal->watch);
	console_close(&terminal->console);
	if (terminal->tty >= 0)
		close(terminal->tty);
	list_remove(&terminal->link);
	free(terminal);
}

static void on_exit_of_shell(struct watch *watch, int exit_code, void *data)
{
	struct terminal *terminal = data;
	struct sandbox *sandbox = terminal->sandbox;

	(void)exit_code;
	watch_free(watch);
	terminal->watch = NULL;
	if (sandbox->state != SANDBOX_RUNNING)
		return; /* it is freed with its sandbox */
	agent_event(sandbox->sandboxes->agent, "terminal.ended",
		    json_pack("{s:s, s:i}", "sandbox", sandbox->id, "terminal", terminal->n));
	terminal_free(terminal);
	store_write(sandbox);
}

int terminal_watch(struct terminal *terminal)
{
	return watch_new(terminal->sandbox->sandboxes->agent->reaper, terminal->pid, on_exit_of_shell, terminal, &terminal->watch);
}

static int take_shell(struct terminal *terminal, const struct child_result *result, struct error *err)
{
	auto_free char *pid_name = xasprintf("pid-%u", terminal->n);
	auto_free char *process_name = xasprintf("process-%u.json", terminal->n);
	auto_free char *pid_path = sandbox_path(terminal->sandbox, pid_name);
	auto_free char *process_path = sandbox_path(terminal->sandbox, process_name);
	pid_t parent = 0;

	if (result->exit_code != 0)
		return child_error(result, "the runtime", err);
	terminal->pid = runtime_read_pid(terminal->sandbox, pid_name);
	terminal->pid_start = terminal->pid > 0 ? process_start_time(terminal->pid, &parent) : 0;
	unlink(pid_path);
	unlink(process_path);
	if (terminal->pid_start == 0 || parent != getpid() || terminal_watch(terminal) < 0)
		return error_set(err, ERROR_INTERNAL, ESRCH, "the shell is gone already");
	return console_receive(&terminal->console, terminal->cols, terminal->rows, &terminal->tty, err);
}

static void on_executed(struct child *child, const struct child_result *result, void *data)
{
	struct terminal *terminal = data;
	struct sandbox *sandbox = terminal->sandbox;
	struct request *request = terminal->request;
	struct error err;
	int r = take_shell(terminal, result, &err);

	(void)child;
	terminal->runtime = NULL;
	console_close(&terminal->console);
	if (sandbox->state != SANDBOX_RUNNING) {
		if (terminal->watch != NULL)
			watch_kill(terminal->watch, SIGKILL);
		return; /* it is freed with its sandbox */
	}
	terminal->request = NULL;
	if (r < 0) {
		if (terminal->watch != NULL)
			watch_kill(terminal->watch, SIGKILL);
		terminal_free(terminal);
		request_fail(request, &err);
		return;
	}
	store_write(sandbox);
	request_answer(request, NULL, &terminal->tty, 1);
}

static int begin_exec(struct terminal *terminal, struct error *err)
{
	auto_free char *name = xasprintf("console-%u", terminal->n);
	auto_free char *path = sandbox_path(terminal->sandbox, name);
	int r = bundle_write_process(terminal->sandbox, terminal->n, terminal->cols, terminal->rows, err);

	if (r == 0)
		r = console_listen(&terminal->console, path, err);
	return r == 0 ? runtime_exec(terminal, on_executed, err) : r;
}

int terminal_exec(struct sandbox *sandbox, unsigned n, unsigned cols, unsigned rows, struct request *request, struct error *err)
{
	struct terminal *terminal;
	size_t count = 0;
	int r;

	list_for_each(node, &sandbox->terminals)
		count++;
	if (terminal_find(sandbox, n) != NULL)
		return error_set(err, ERROR_CONFLICT, EEXIST, "terminal %u is open already", n);
	if (count + 1 >= SANDBOX_TERMINALS_MAX)
		return error_set(err, ERROR_RATE_LIMITED, EMFILE, "a sandbox can have %d terminals", SANDBOX_TERMINALS_MAX);
	terminal = terminal_new(sandbox, n);
	terminal->cols = cols;
	terminal->rows = rows;
	r = begin_exec(terminal, err);
	if (r < 0) {
		terminal_free(terminal);
		return r;
	}
	terminal->request = request;
	return 0;
}

void terminals_end(struct sandbox *sandbox)
{
	list_for_each(node, &sandbox->terminals)
	{
		struct terminal *terminal = container_of(node, struct terminal, link);

		if (terminal->runtime != NULL)
			child_kill(terminal->runtime, SIGKILL);
		if (terminal->watch != NULL)
			watch_kill(terminal->watch, SIGKILL);
	}
}
