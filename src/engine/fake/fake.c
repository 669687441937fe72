#include "engine/fake/fake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "engine/fake/internal.h"

#define TERMINALS_MAX 8
#define FAKE_MEMORY_USED (8u << 20)

enum op { PULL, START, EXEC, STOP, LIST, ATTACH, ADOPT, USAGE, POOL, BUILD, BUILD_CANCEL, BASE_ENSURE, GIT_FETCH, GIT_CANCEL, SAVE };

static const char *const op_names[FAKE_OPS] = {"pull",	"start", "exec", "stop",  "list",	  "attach",
					       "adopt", "usage", "pool", "build", "build_cancel", "base_ensure",
					       "git_fetch", "git_cancel", "save"};

struct fake_sandbox;

struct fake_terminal {
	struct fake_console console; /* master -1: there is no such terminal */
	struct fake_sandbox *sandbox;
	unsigned n;
};

struct fake_sandbox {
	struct list link;
	struct fake *fake;
	struct fake_terminal terminals[TERMINALS_MAX]; /* terminal n at n - 1 */
	struct loop_timer command;		       /* the end of a sandbox with a command */
	struct engine_limits limits;
	char id[ENGINE_ID_MAX + 1];
	char image[80];
};

/* A question until its answer: the arguments are copies. */
struct call {
	struct list link;
	struct fake *fake;
	struct loop_timer timer;
	enum op op;
	char text[256]; /* sandbox, build or reference */
	char more[256]; /* image, tag or reason */
	unsigned terminal;
	int fd; /* context, or the master of adopt; -1: none */
	bool command;
	struct engine_limits limits;
	union {
		engine_done done;
		engine_started started;
		engine_fd_done fd_done;
		engine_pulled pulled;
		engine_listed listed;
		engine_used used;
	};
	void *data;
};

static struct fake *fake_of(const struct engine *engine)
{
	return (struct fake *)(void *)container_of(engine, struct fake, engine);
}

/* ---- sandboxes ---------------------------------------------------------------------------------------------------- */

static struct fake_sandbox *find_sandbox(struct fake *fake, const char *id)
{
	list_for_each(node, &fake->sandboxes)
	{
		struct fake_sandbox *sandbox = container_of(node, struct fake_sandbox, link);

		if (strcmp(sandbox->id, id) == 0)
			return sandbox;
	}
	return NULL;
}

static void free_sandbox(struct fake_sandbox *sandbox)
{
	loop_timer_stop(&sandbox->command);
	for (unsigned i = 0; i < TERMINALS_MAX; i++)
		fake_console_close(&sandbox->terminals[i].console);
	list_remove(&sandbox->link);
	free(sandbox);
}

static void end_sandbox(struct fake_sandbox *sandbox, const char *reason, int exit_code)
{
	struct fake *fake = sandbox->fake;
	char id[ENGINE_ID_MAX + 1];

	memcpy(id, sandbox->id, sizeof(id));
	free_sandbox(sandbox);
	if (!fake->away)
		fake->engine.events->sandbox_ended(id, reason, exit_code, fake->engine.events_data);
}

static void console_closed(struct fake_console *console)
{
	struct fake_terminal *terminal = container_of(console, struct fake_terminal, console);
	struct fake_sandbox *sandbox = terminal->sandbox;
	struct fake *fake = sandbox->fake;

	if (terminal->n == 1) {
		end_sandbox(sandbox, "exited", 0);
		return;
	}
	fake_console_close(console);
	if (!fake->away)
		fake->engine.events->terminal_ended(sandbox->id, terminal->n, fake->engine.events_data);
}

static void command_over(void *data)
{
	struct fake_sandbox *sandbox = data;

	end_sandbox(sandbox, "exited", sandbox->fake->command_exit);
}

static int open_terminal(struct fake_sandbox *sandbox, unsigned n, int *ret_master)
{
	struct fake_terminal *terminal = &sandbox->terminals[n - 1];
	int r = fake_console_open(&terminal->console, sandbox->fake->engine.loop, console_closed);

	if (r < 0) {
		terminal->console.master = -1;
		return r;
	}
	terminal->sandbox = sandbox;
	terminal->n = n;
	*ret_master = fcntl(terminal->console.master, F_DUPFD_CLOEXEC, 3);
	return 0;
}

static int new_sandbox(const struct call *call, int *ret_master, struct error *err)
{
	struct fake *fake = call->fake;
	struct fake_sandbox *sandbox;

	if (find_sandbox(fake, call->text) != NULL)
		return error_set(err, ERROR_CONFLICT, EEXIST, "sandbox %s runs already", call->text);
	sandbox = xmalloc(sizeof(*sandbox));
	sandbox->fake = fake;
	sandbox->limits = call->limits;
	snprintf(sandbox->id, sizeof(sandbox->id), "%.*s", ENGINE_ID_MAX, call->text);
	snprintf(sandbox->image, sizeof(sandbox->image), "%.79s", call->more);
	for (unsigned i = 0; i < TERMINALS_MAX; i++)
		sandbox->terminals[i].console.master = -1;
	list_append(&fake->sandboxes, &sandbox->link);
	if (open_terminal(sandbox, 1, ret_master) < 0) {
		free_sandbox(sandbox);
		return error_set(err, ERROR_INTERNAL, EIO, "cannot open a pseudo-terminal");
	}
	if (call->command) {
		ssize_t n = write(sandbox->terminals[0].console.slave, fake->command_output, strlen(fake->command_output));

		(void)n;
		loop_timer_start(fake->engine.loop, &sandbox->command, 2, command_over, sandbox);
	}
	return 0;
}

/* ---- answers ------------------------------------------------------------------------------------------------------ */

static void answer_start(struct call *call, struct error *err)
{
	auto_fd int master = -1;

	if (err->code == 0)
		new_sandbox(call, &master, err);
	call->started(err->code != 0 ? err : NULL, &master, 1500, false, call->data);
}

static void answer_terminal(struct call *call, struct error *err)
{
	struct fake_sandbox *sandbox = find_sandbox(call->fake, call->text);
	unsigned n = call->terminal;
	auto_fd int master = -1;

	if (err->code == 0 && (sandbox == NULL || n < 1 || n > TERMINALS_MAX))
		error_set(err, ERROR_NOT_FOUND, ENOENT, "no sandbox %s", call->text);
	if (err->code == 0 && call->op == EXEC && open_terminal(sandbox, n, &master) < 0)
		error_set(err, ERROR_INTERNAL, EIO, "cannot open a pseudo-terminal");
	if (err->code == 0 && call->op == ATTACH) {
		if (sandbox->terminals[n - 1].console.master < 0)
			error_set(err, ERROR_NOT_FOUND, ENOENT, "no terminal %u", n);
		else
			master = fcntl(sandbox->terminals[n - 1].console.master, F_DUPFD_CLOEXEC, 3);
	}
	call->fd_done(err->code != 0 ? err : NULL, &master, call->data);
}

static void answer_stop(struct call *call, struct error *err)
{
	struct fake_sandbox *sandbox = find_sandbox(call->fake, call->text);

	if (err->code == 0 && sandbox != NULL)
		end_sandbox(sandbox, call->more, -1);
	call->done(err->code != 0 ? err : NULL, call->data);
}

static void answer_pull(struct call *call, struct error *err)
{
	char digest[80];
	struct engine_image image = {.image = digest, .size = 32u << 20, .shell = true};
	unsigned long long hash = 1469598103934665603ULL;

	for (const char *p = call->text; *p != '\0'; p++)
		hash = (hash ^ (unsigned char)*p) * 1099511628211ULL;
	snprintf(digest, sizeof(digest), "sha256:%064llx", hash);
	call->pulled(err->code != 0 ? err : NULL, err->code != 0 ? NULL : &image, call->data);
}

static void answer_list(struct call *call, struct error *err)
{
	struct engine_sandbox list[64];
	unsigned terminals[64][TERMINALS_MAX];
	size_t count = 0;

	list_for_each(node, &call->fake->sandboxes)
	{
		struct fake_sandbox *sandbox = container_of(node, struct fake_sandbox, link);

		if (count == ARRAY_SIZE(list))
			break;
		list[count] = (struct engine_sandbox){sandbox->id, sandbox->image, terminals[count], 0};
		for (unsigned i = 0; i < TERMINALS_MAX; i++)
			if (sandbox->terminals[i].console.master >= 0)
				terminals[count][list[count].terminal_count++] = i + 1;
		count++;
	}
	call->listed(err->code != 0 ? err : NULL, list, err->code != 0 ? 0 : count, call->data);
}

static void answer_usage(struct call *call, struct error *err)
{
	struct fake_sandbox *sandbox = find_sandbox(call->fake, call->text);
	struct engine_usage usage = {.memory = FAKE_MEMORY_USED, .cpu_us = 1000, .pids = 1};

	if (sandbox != NULL)
		usage.memory_limit = sandbox->limits.memory;
	call->used(err->code != 0 ? err : NULL, err->code == 0 && sandbox != NULL ? &usage : NULL, call->data);
}

static void answer_build(struct call *call, struct error *err)
{
	struct engine_build build = {.build = call->text, .tag = call->more};
	auto_fd int log = -1;

	if (err->code == 0 && fake_build_start(call->fake, &build, &log) < 0)
		error_set(err, ERROR_INTERNAL, EIO, "cannot start the build");
	call->fd_done(err->code != 0 ? err : NULL, &log, call->data);
}

static void answer_stream(struct call *call, struct error *err)
{
	auto_fd int fd = -1;

	if (err->code == 0 && call->op == SAVE && find_sandbox(call->fake, call->text) == NULL)
		error_set(err, ERROR_NOT_FOUND, ENOENT, "no sandbox %s", call->text);
	if (err->code == 0 && call->op == GIT_FETCH && strncmp(call->more, "https://", 8) != 0)
		error_set(err, ERROR_INVALID, EINVAL, "the address must begin with https://");
	if (err->code == 0 && fake_stream_start(call->fake, call->text, call->op == SAVE, &fd) < 0)
		error_set(err, ERROR_INTERNAL, EIO, "cannot start the stream");
	call->fd_done(err->code != 0 ? err : NULL, &fd, call->data);
}

static void answer_simple(struct call *call, struct error *err)
{
	struct fake_build *build = call->op == BUILD_CANCEL ? fake_build_find(call->fake, call->text) : NULL;

	if (err->code == 0 && build != NULL)
		fake_build_finish(build, "cancelled", NULL);
	else if (err->code == 0 && call->op == BUILD_CANCEL)
		error_set(err, ERROR_NOT_FOUND, ENOENT, "no build %s", call->text);
	if (err->code == 0 && call->op == GIT_CANCEL && !fake_stream_cancel(call->fake, call->text))
		error_set(err, ERROR_NOT_FOUND, ENOENT, "no fetch %s", call->text);
	if (err->code == 0 && call->op == ADOPT && find_sandbox(call->fake, call->text) == NULL)
		error_set(err, ERROR_NOT_FOUND, ENOENT, "no sandbox %s", call->text);
	call->done(err->code != 0 ? err : NULL, call->data);
}

static void free_call(struct call *call)
{
	loop_timer_stop(&call->timer);
	list_remove(&call->link);
	if (call->fd >= 0)
		close(call->fd);
	free(call);
}

static void answer(void *data)
{
	static void (*const answers[FAKE_OPS])(struct call *call, struct error *err) = {
		answer_pull,	 answer_start,	answer_terminal, answer_stop,  answer_list,   answer_terminal,
		answer_simple, answer_usage, answer_simple,	 answer_build, answer_simple, answer_simple,
		answer_stream, answer_simple, answer_stream,
	};
	struct call *call = data;
	struct fake_rule *rule = &call->fake->rules[call->op];
	struct error err = {0};

	if (call->fake->away) {
		error_set(&err, ERROR_UNAVAILABLE, ENOTCONN, "the engine is away");
	} else if (rule->fail_count > 0) {
		rule->fail_count--;
		error_set(&err, rule->fail_kind, EIO, "%s was made to fail", op_names[call->op]);
	}
	answers[call->op](call, &err);
	free_call(call);
}

/* ---- operations --------------------------------------------------------------------------------------------------- */

static struct call *ask(struct engine *engine, enum op op, const char *text, const char *more, void *data)
{
	struct fake *fake = fake_of(engine);
	struct call *call = xmalloc(sizeof(*call));

	call->fake = fake;
	call->op = op;
	call->data = data;
	call->fd = -1;
	snprintf(call->text, sizeof(call->text), "%s", text != NULL ? text : "");
	snprintf(call->more, sizeof(call->more), "%s", more != NULL ? more : "");
	fake->rules[op].count++;
	list_append(&fake->calls, &call->link);
	loop_timer_start(engine->loop, &call->timer, fake->delay_ms, answer, call);
	return call;
}

static void fake_pull(struct engine *engine, const char *reference, engine_pulled done, void *data)
{
	ask(engine, PULL, reference, NULL, data)->pulled = done;
}

static void fake_start(struct engine *engine, const struct engine_start *start, engine_started done, void *data)
{
	struct call *call = ask(engine, START, start->sandbox, start->image, data);

	call->started = done;
	call->limits = start->limits;
	call->command = start->command != NULL;
}

static void fake_exec(struct engine *engine, const char *sandbox, unsigned terminal, unsigned cols, unsigned rows,
		      engine_fd_done done, void *data)
{
	struct call *call = ask(engine, EXEC, sandbox, NULL, data);

	(void)cols;
	(void)rows;
	call->fd_done = done;
	call->terminal = terminal;
}

static void fake_stop(struct engine *engine, const char *sandbox, const char *reason, engine_done done, void *data)
{
	ask(engine, STOP, sandbox, reason, data)->done = done;
}

static void fake_list(struct engine *engine, engine_listed done, void *data)
{
	ask(engine, LIST, NULL, NULL, data)->listed = done;
}

static void fake_attach(struct engine *engine, const char *sandbox, unsigned terminal, engine_fd_done done, void *data)
{
	struct call *call = ask(engine, ATTACH, sandbox, NULL, data);

	call->fd_done = done;
	call->terminal = terminal;
}

static void fake_adopt(struct engine *engine, const char *sandbox, unsigned terminal, int tty, engine_done done, void *data)
{
	struct call *call = ask(engine, ADOPT, sandbox, NULL, data);

	call->done = done;
	call->terminal = terminal;
	call->fd = fcntl(tty, F_DUPFD_CLOEXEC, 3);
}

static void fake_usage(struct engine *engine, const char *sandbox, engine_used done, void *data)
{
	ask(engine, USAGE, sandbox, NULL, data)->used = done;
}

static void fake_pool(struct engine *engine, const struct engine_start *like, unsigned count, engine_done done, void *data)
{
	struct fake *fake = fake_of(engine);

	for (size_t i = 0; i < FAKE_POOLS; i++) {
		struct fake_pool *pool = &fake->pools[i];

		if (pool->image[0] == '\0')
			snprintf(pool->image, sizeof(pool->image), "%.79s", like->image);
		if (strcmp(pool->image, like->image) == 0) {
			pool->count = count;
			break;
		}
	}
	ask(engine, POOL, like->image, NULL, data)->done = done;
}

static void fake_build_op(struct engine *engine, const struct engine_build *build, engine_fd_done done, void *data)
{
	struct fake *fake = fake_of(engine);
	const struct engine_login *login = build->login;

	free(fake->login);
	fake->login = login != NULL ? xasprintf("%s %s %s", login->registry, login->username, login->password) : NULL;
	ask(engine, BUILD, build->build, build->tag, data)->fd_done = done;
}

static void fake_build_cancel(struct engine *engine, const char *build, engine_done done, void *data)
{
	ask(engine, BUILD_CANCEL, build, NULL, data)->done = done;
}

static void fake_base_ensure(struct engine *engine, const char *reference, engine_done done, void *data)
{
	ask(engine, BASE_ENSURE, reference, NULL, data)->done = done;
}

static void fake_git_fetch(struct engine *engine, const struct engine_fetch *fetch, engine_fd_done done, void *data)
{
	ask(engine, GIT_FETCH, fetch->fetch, fetch->url, data)->fd_done = done;
}

static void fake_git_cancel(struct engine *engine, const char *fetch, engine_done done, void *data)
{
	ask(engine, GIT_CANCEL, fetch, NULL, data)->done = done;
}

static void fake_save(struct engine *engine, const char *sandbox, uint64_t bytes_max, engine_fd_done done, void *data)
{
	(void)bytes_max;
	ask(engine, SAVE, sandbox, NULL, data)->fd_done = done;
}

static void free_streams(struct fake *fake)
{
	while (!list_is_empty(&fake->streams))
		fake_stream_free(container_of(fake->streams.next, struct fake_stream, link));
}

static void fail_open_calls(struct fake *fake)
{
	fake->away = true;
	while (!list_is_empty(&fake->calls))
		answer(container_of(fake->calls.next, struct call, link));
}

static void fake_free(struct engine *engine)
{
	struct fake *fake = fake_of(engine);

	fail_open_calls(fake);
	loop_timer_stop(&fake->up);
	fake_engine_lose_sandboxes(engine);
	while (!list_is_empty(&fake->builds))
		fake_build_free(container_of(fake->builds.next, struct fake_build, link));
	free_streams(fake);
	buf_fini(&fake->stream);
	free(fake->command_output);
	free(fake->login);
	free(fake);
}

static const struct engine_ops fake_ops = {
	.name = "fake",
	.free = fake_free,
	.pull = fake_pull,
	.start = fake_start,
	.exec = fake_exec,
	.stop = fake_stop,
	.list = fake_list,
	.attach = fake_attach,
	.adopt = fake_adopt,
	.usage = fake_usage,
	.pool = fake_pool,
	.build = fake_build_op,
	.build_cancel = fake_build_cancel,
	.base_ensure = fake_base_ensure,
	.git_fetch = fake_git_fetch,
	.git_cancel = fake_git_cancel,
	.save = fake_save,
};

/* ---- what tests do to it ------------------------------------------------------------------------------------------ */

static void come_up(void *data)
{
	struct fake *fake = data;

	fake->away = false;
	fake->engine.events->up(fake->engine.events_data);
}

struct engine *fake_engine_new(struct loop *loop, const struct engine_events *events, void *data)
{
	struct fake *fake = xmalloc(sizeof(*fake));

	fake->engine = (struct engine){.ops = &fake_ops, .loop = loop, .events = events, .events_data = data};
	fake->away = true;
	fake->command_output = xstrdup("ok\n");
	list_init(&fake->calls);
	list_init(&fake->sandboxes);
	list_init(&fake->builds);
	list_init(&fake->streams);
	loop_timer_start(loop, &fake->up, 0, come_up, fake);
	return &fake->engine;
}

void fake_engine_away(struct engine *engine, bool away)
{
	struct fake *fake = fake_of(engine);
	struct error err;

	loop_timer_stop(&fake->up);
	if (fake->away == away)
		return;
	if (!away) {
		come_up(fake);
		return;
	}
	fail_open_calls(fake);
	while (!list_is_empty(&fake->builds))
		fake_build_free(container_of(fake->builds.next, struct fake_build, link));
	free_streams(fake);
	error_set(&err, ERROR_UNAVAILABLE, ECONNRESET, "the engine was sent away");
	fake->engine.events->down(&err, fake->engine.events_data);
}

void fake_engine_lose_sandboxes(struct engine *engine)
{
	struct fake *fake = fake_of(engine);

	while (!list_is_empty(&fake->sandboxes))
		free_sandbox(container_of(fake->sandboxes.next, struct fake_sandbox, link));
}

static struct fake_rule *rule_of(struct fake *fake, const char *op)
{
	for (size_t i = 0; i < FAKE_OPS; i++)
		if (strcmp(op_names[i], op) == 0)
			return &fake->rules[i];
	abort(); /* a typing mistake in a test */
}

void fake_engine_fail(struct engine *engine, const char *op, enum error_kind kind, unsigned count)
{
	struct fake_rule *rule = rule_of(fake_of(engine), op);

	rule->fail_kind = kind;
	rule->fail_count = count;
}

void fake_engine_delay(struct engine *engine, int64_t ms)
{
	fake_of(engine)->delay_ms = ms;
}

unsigned fake_engine_count(const struct engine *engine, const char *op)
{
	return rule_of(fake_of(engine), op)->count;
}

void fake_engine_end(struct engine *engine, const char *sandbox, const char *reason, int exit_code)
{
	struct fake_sandbox *found = find_sandbox(fake_of(engine), sandbox);

	if (found != NULL)
		end_sandbox(found, reason, exit_code);
}

void fake_engine_command(struct engine *engine, const char *output, int exit_code)
{
	struct fake *fake = fake_of(engine);

	free(fake->command_output);
	fake->command_output = xstrdup(output);
	fake->command_exit = exit_code;
}

void fake_engine_hold_builds(struct engine *engine, bool hold)
{
	fake_of(engine)->hold_builds = hold;
}

unsigned fake_engine_pooled(const struct engine *engine, const char *image)
{
	const struct fake *fake = fake_of(engine);

	for (size_t i = 0; i < FAKE_POOLS; i++)
		if (strcmp(fake->pools[i].image, image) == 0)
			return fake->pools[i].count;
	return 0;
}
