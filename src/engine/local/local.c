#include "engine/local/local.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/util.h"
#include "engine/local/event.h"
#include "ipc/client.h"
#include "ipc/socket.h"

#define RETRY_FIRST_MS 50
#define RETRY_MOST_MS 2000
#define STABLE_MS 5000 /* a connection that held this long was a good one: the next try is quick again */
#define USAGE_BATCH 256 /* sandboxes in one question (docs/agent-protocol.md) */
#define LIST_MOST 8192	/* sandboxes, and terminals of one, that we believe an agent */

struct local {
	struct engine engine;
	char *socket_path;
	struct client *client; /* NULL while the agent is away */
	struct loop_timer retry;
	int64_t retry_ms;
	int64_t connected_ms; /* monotonic time of the last connect */
	struct list refused; /* calls that came while the agent was away; answered from the loop */
	struct loop_timer refuse;
	struct list usage; /* questions for the usage of one sandbox, sent together */
	struct loop_timer usage_timer;
	bool freeing;
};

/* One question of the engine's user, until its answer. */
struct call {
	struct list link; /* in local->refused or local->usage */
	client_answer answer;
	void *data;
	union {
		engine_done done;
		engine_started started;
		engine_fd_done fd_done;
		engine_pulled pulled;
		engine_listed listed;
		engine_used used;
	};
	char sandbox[ENGINE_ID_MAX + 1]; /* of a usage question */
	struct local *local;		 /* of a list: the agent tells it page by page */
	json_t *pages;			 /* what came so far */
};

static struct local *local_of(struct engine *engine)
{
	return container_of(engine, struct local, engine);
}

static struct call *call_new(void *data)
{
	struct call *call = xmalloc(sizeof(*call));

	call->data = data;
	return call;
}

static void refuse_all(struct local *local)
{
	struct error err;

	error_set(&err, ERROR_UNAVAILABLE, ENOTCONN, "the agent at %s is away", local->socket_path);
	while (!list_is_empty(&local->refused)) {
		struct call *call = container_of(local->refused.next, struct call, link);

		list_remove(&call->link);
		call->answer(&err, NULL, NULL, 0, call);
	}
}

static void tell_refused(void *data)
{
	refuse_all(data);
}

static void ask(struct local *local, const char *op, json_t *arguments, const int *fds, size_t fd_count, client_answer answer,
		struct call *call)
{
	if (local->client != NULL) {
		client_request(local->client, op, arguments, fds, fd_count, answer, call);
		return;
	}
	json_decref(arguments);
	call->answer = answer;
	list_append(&local->refused, &call->link);
	if (!local->freeing)
		loop_timer_start(local->engine.loop, &local->refuse, 0, tell_refused, local);
}

/* ---- answers ---------------------------------------------------------------------------------------------------- */

static const struct error *bad_answer(struct error *err, const char *what)
{
	error_set(err, ERROR_INTERNAL, EBADMSG, "the agent's answer has no %s", what);
	return err;
}

static void answer_done(const struct error *err, json_t *result, int *fds, size_t fd_count, void *data)
{
	struct call *call = data;

	(void)result;
	(void)fds;
	(void)fd_count;
	call->done(err, call->data);
	free(call);
}

static void answer_fd(const struct error *err, json_t *result, int *fds, size_t fd_count, void *data)
{
	struct call *call = data;
	struct error bad;
	int none = -1;

	(void)result;
	if (err == NULL && fd_count == 0)
		err = bad_answer(&bad, "descriptor");
	call->fd_done(err, fd_count > 0 ? &fds[0] : &none, call->data);
	free(call);
}

static void answer_started(const struct error *err, json_t *result, int *fds, size_t fd_count, void *data)
{
	struct call *call = data;
	struct error bad;
	json_int_t took = json_integer_value(json_object_get(result, "start_us"));
	int none = -1;

	if (err == NULL && fd_count == 0)
		err = bad_answer(&bad, "pseudo-terminal");
	call->started(err, fd_count > 0 ? &fds[0] : &none, took > 0 ? (uint64_t)took : 0,
		      json_is_true(json_object_get(result, "pooled")), call->data);
	free(call);
}

static void answer_pulled(const struct error *err, json_t *result, int *fds, size_t fd_count, void *data)
{
	struct call *call = data;
	json_int_t size = json_integer_value(json_object_get(result, "size"));
	struct engine_image image = {
		.image = json_string_value(json_object_get(result, "image")),
		.size = size > 0 ? (uint64_t)size : 0,
		.shell = json_is_true(json_object_get(result, "shell")),
	};
	struct error bad;

	(void)fds;
	(void)fd_count;
	if (err == NULL && image.image == NULL)
		err = bad_answer(&bad, "image");
	call->pulled(err, err == NULL ? &image : NULL, call->data);
	free(call);
}

/* The terminals' numbers of one sandbox; the caller frees them. */
static unsigned *take_terminals(json_t *array, size_t *ret_count)
{
	size_t count = min_size(json_array_size(array), LIST_MOST);
	unsigned *terminals = xcalloc(count + 1, sizeof(*terminals));
	size_t used = 0;

	for (size_t i = 0; i < count; i++) {
		json_int_t n = json_integer_value(json_array_get(array, i));

		if (n > 0 && n < 1 << 20)
			terminals[used++] = (unsigned)n;
	}
	*ret_count = used;
	return terminals;
}

/* Everything that the pages held, as one list. */
static void tell_listed(struct call *call, const struct error *err)
{
	size_t count = min_size(json_array_size(call->pages), LIST_MOST), used = 0;
	struct engine_sandbox *sandboxes = xcalloc(count + 1, sizeof(*sandboxes));

	for (size_t i = 0; err == NULL && i < count; i++) {
		json_t *item = json_array_get(call->pages, i);
		struct engine_sandbox *sandbox = &sandboxes[used];

		sandbox->sandbox = json_string_value(json_object_get(item, "sandbox"));
		sandbox->image = json_string_value(json_object_get(item, "image"));
		if (sandbox->sandbox == NULL)
			continue;
		sandbox->terminals = take_terminals(json_object_get(item, "terminals"), &sandbox->terminal_count);
		used++;
	}
	call->listed(err, sandboxes, used, call->data);
	for (size_t i = 0; i < used; i++)
		free((void *)sandboxes[i].terminals);
	free(sandboxes);
	json_decref(call->pages);
	free(call);
}

static void answer_listed(const struct error *err, json_t *result, int *fds, size_t fd_count, void *data)
{
	struct call *call = data;
	json_t *page = json_object_get(result, "sandboxes");
	size_t count = json_array_size(page);
	const char *last = json_string_value(json_object_get(json_array_get(page, count > 0 ? count - 1 : 0), "sandbox"));

	(void)fds;
	(void)fd_count;
	if (call->pages == NULL)
		call->pages = json_array();
	if (err == NULL)
		json_array_extend(call->pages, page);
	if (err == NULL && json_is_true(json_object_get(result, "more")) && last != NULL &&
	    json_array_size(call->pages) < LIST_MOST)
		ask(call->local, "sandbox.list", json_pack("{s:s}", "after", last), NULL, 0, answer_listed, call);
	else
		tell_listed(call, err);
}

/* ---- operations ------------------------------------------------------------------------------------------------- */

static json_t *pack_limits(const struct engine_limits *limits)
{
	return json_pack("{s:I,s:I,s:I,s:I}", "memory", (json_int_t)limits->memory, "cpu", (json_int_t)limits->cpu, "pids",
			 (json_int_t)limits->pids, "disk", (json_int_t)limits->disk);
}

static void local_pull(struct engine *engine, const char *reference, engine_pulled done, void *data)
{
	struct call *call = call_new(data);

	call->pulled = done;
	ask(local_of(engine), "image.pull", json_pack("{s:s}", "reference", reference), NULL, 0, answer_pulled, call);
}

static void local_start(struct engine *engine, const struct engine_start *start, engine_started done, void *data)
{
	struct call *call = call_new(data);
	json_t *arguments = json_pack("{s:s,s:s,s:i,s:i,s:o,s:b}", "sandbox", start->sandbox, "image", start->image, "cols",
				      (int)start->cols, "rows", (int)start->rows, "limits", pack_limits(&start->limits),
				      "network", start->network);

	if (start->command != NULL) {
		json_t *command = json_array();

		for (size_t i = 0; start->command[i] != NULL; i++)
			json_array_append_new(command, json_string(start->command[i]));
		json_object_set_new(arguments, "command", command);
	}
	call->started = done;
	ask(local_of(engine), "sandbox.start", arguments, NULL, 0, answer_started, call);
}

static void local_exec(struct engine *engine, const char *sandbox, unsigned terminal, unsigned cols, unsigned rows,
		       engine_fd_done done, void *data)
{
	struct call *call = call_new(data);

	call->fd_done = done;
	ask(local_of(engine), "sandbox.exec",
	    json_pack("{s:s,s:i,s:i,s:i}", "sandbox", sandbox, "terminal", (int)terminal, "cols", (int)cols, "rows",
		      (int)rows),
	    NULL, 0, answer_fd, call);
}

static void local_stop(struct engine *engine, const char *sandbox, const char *reason, engine_done done, void *data)
{
	struct call *call = call_new(data);

	call->done = done;
	ask(local_of(engine), "sandbox.stop", json_pack("{s:s,s:s}", "sandbox", sandbox, "reason", reason), NULL, 0,
	    answer_done, call);
}

static void local_list(struct engine *engine, engine_listed done, void *data)
{
	struct call *call = call_new(data);

	call->listed = done;
	call->local = local_of(engine);
	ask(local_of(engine), "sandbox.list", NULL, NULL, 0, answer_listed, call);
}

static void local_attach(struct engine *engine, const char *sandbox, unsigned terminal, engine_fd_done done, void *data)
{
	struct call *call = call_new(data);

	call->fd_done = done;
	ask(local_of(engine), "sandbox.attach", json_pack("{s:s,s:i}", "sandbox", sandbox, "terminal", (int)terminal), NULL,
	    0, answer_fd, call);
}

static void local_adopt(struct engine *engine, const char *sandbox, unsigned terminal, int tty, engine_done done, void *data)
{
	struct call *call = call_new(data);

	call->done = done;
	ask(local_of(engine), "sandbox.adopt", json_pack("{s:s,s:i}", "sandbox", sandbox, "terminal", (int)terminal), &tty, 1,
	    answer_done, call);
}

static void local_pool(struct engine *engine, const struct engine_start *like, unsigned count, engine_done done, void *data)
{
	struct call *call = call_new(data);

	call->done = done;
	ask(local_of(engine), "pool.set",
	    json_pack("{s:s,s:o,s:b,s:i}", "image", like->image, "limits", pack_limits(&like->limits), "network",
		      like->network, "count", (int)count),
	    NULL, 0, answer_done, call);
}

static json_t *pack_login(const struct engine_login *login)
{
	return login != NULL ? json_pack("{s:s,s:s,s:s}", "registry", login->registry, "username", login->username, "password", login->password)
			     : NULL;
}

static void local_build(struct engine *engine, const struct engine_build *build, engine_fd_done done, void *data)
{
	struct call *call = call_new(data);
	json_t *limits = pack_limits(&build->limits);

	json_object_set_new(limits, "seconds", json_integer((json_int_t)build->seconds));
	json_object_set_new(limits, "output", json_integer((json_int_t)build->output));
	call->fd_done = done;
	ask(local_of(engine), "build.start",
	    json_pack("{s:s,s:s,s:o,s:b,s:s*,s:o*}", "build", build->build, "tag", build->tag, "limits", limits, "network",
		      build->network, "dockerfile", build->dockerfile, "login", pack_login(build->login)),
	    &build->context, 1, answer_fd, call);
}

static void local_build_cancel(struct engine *engine, const char *build, engine_done done, void *data)
{
	struct call *call = call_new(data);

	call->done = done;
	ask(local_of(engine), "build.cancel", json_pack("{s:s}", "build", build), NULL, 0, answer_done, call);
}

static void local_base_ensure(struct engine *engine, const char *reference, engine_done done, void *data)
{
	struct call *call = call_new(data);

	call->done = done;
	ask(local_of(engine), "base.ensure", json_pack("{s:s}", "reference", reference), NULL, 0, answer_done, call);
}

static void local_git_fetch(struct engine *engine, const struct engine_fetch *fetch, engine_fd_done done, void *data)
{
	struct call *call = call_new(data);

	call->fd_done = done;
	ask(local_of(engine), "git.fetch",
	    json_pack("{s:s,s:s,s:s*,s:{s:I,s:I,s:I}}", "fetch", fetch->fetch, "url", fetch->url, "ref", fetch->ref, "limits", "memory",
		      (json_int_t)fetch->memory, "disk", (json_int_t)fetch->disk, "seconds", (json_int_t)fetch->seconds),
	    NULL, 0, answer_fd, call);
}

static void local_git_cancel(struct engine *engine, const char *fetch, engine_done done, void *data)
{
	struct call *call = call_new(data);

	call->done = done;
	ask(local_of(engine), "git.cancel", json_pack("{s:s}", "fetch", fetch), NULL, 0, answer_done, call);
}

static void local_save(struct engine *engine, const char *sandbox, uint64_t bytes_max, engine_fd_done done, void *data)
{
	struct call *call = call_new(data);

	call->fd_done = done;
	ask(local_of(engine), "sandbox.save", json_pack("{s:s,s:I}", "sandbox", sandbox, "bytes", (json_int_t)bytes_max), NULL, 0,
	    answer_fd, call);
}

/* ---- usage: many small questions in one message ------------------------------------------------------------------ */

struct usage_batch {
	struct list calls;
};

static void answer_usage(const struct error *err, json_t *result, int *fds, size_t fd_count, void *data)
{
	struct usage_batch *batch = data;
	json_t *all = json_object_get(result, "usage");

	(void)fds;
	(void)fd_count;
	while (!list_is_empty(&batch->calls)) {
		struct call *call = container_of(batch->calls.next, struct call, link);
		json_t *one = json_object_get(all, call->sandbox);
		struct engine_usage usage = {
			.memory = (uint64_t)json_integer_value(json_object_get(one, "memory")),
			.memory_limit = (uint64_t)json_integer_value(json_object_get(one, "memory_limit")),
			.cpu_us = (uint64_t)json_integer_value(json_object_get(one, "cpu_us")),
			.pids = (uint32_t)json_integer_value(json_object_get(one, "pids")),
		};

		list_remove(&call->link);
		call->used(err, one != NULL ? &usage : NULL, call->data);
		free(call);
	}
	free(batch);
}

static void answer_usage_refused(const struct error *err, json_t *result, int *fds, size_t fd_count, void *data)
{
	struct call *call = data;

	(void)result;
	(void)fds;
	(void)fd_count;
	call->used(err, NULL, call->data);
	free(call);
}

static void send_usage(void *data)
{
	struct local *local = data;

	while (!list_is_empty(&local->usage)) {
		struct usage_batch *batch = xmalloc(sizeof(*batch));
		json_t *ids = json_array();

		list_init(&batch->calls);
		for (unsigned i = 0; i < USAGE_BATCH && !list_is_empty(&local->usage); i++) {
			struct call *call = container_of(local->usage.next, struct call, link);

			list_remove(&call->link);
			list_append(&batch->calls, &call->link);
			json_array_append_new(ids, json_string(call->sandbox));
		}
		client_request(local->client, "sandbox.usage", json_pack("{s:o}", "sandboxes", ids), NULL, 0, answer_usage,
			       batch);
	}
}

static void refuse_usage(struct local *local)
{
	while (!list_is_empty(&local->usage)) {
		struct call *call = container_of(local->usage.next, struct call, link);

		list_remove(&call->link);
		ask(local, "sandbox.usage", NULL, NULL, 0, answer_usage_refused, call);
	}
}

static void local_usage(struct engine *engine, const char *sandbox, engine_used done, void *data)
{
	struct local *local = local_of(engine);
	struct call *call = call_new(data);

	call->used = done;
	strncpy(call->sandbox, sandbox, sizeof(call->sandbox) - 1);
	if (local->client == NULL) {
		ask(local, "sandbox.usage", NULL, NULL, 0, answer_usage_refused, call);
		return;
	}
	list_append(&local->usage, &call->link);
	loop_timer_start(engine->loop, &local->usage_timer, 0, send_usage, local);
}

/* ---- the connection ---------------------------------------------------------------------------------------------- */

static void try_connect(void *data);

static void retry_later(struct local *local)
{
	loop_timer_start(local->engine.loop, &local->retry, local->retry_ms, try_connect, local);
	local->retry_ms = local->retry_ms * 2 < RETRY_MOST_MS ? local->retry_ms * 2 : RETRY_MOST_MS;
}

static void on_event(const char *name, json_t *body, int *fds, size_t fd_count, void *data)
{
	struct local *local = data;

	(void)fds;
	(void)fd_count;
	local_event(&local->engine, name, body);
}

static void on_closed(const struct error *err, void *data)
{
	struct local *local = data;
	struct error why = *err; /* it goes with the client */

	client_free(local->client);
	local->client = NULL;
	loop_timer_stop(&local->usage_timer);
	refuse_usage(local);
	if (clock_monotonic_ms() - local->connected_ms > STABLE_MS)
		local->retry_ms = RETRY_FIRST_MS;
	local->engine.events->down(&why, local->engine.events_data);
	retry_later(local);
}

static const struct client_handlers client_handlers = {.event = on_event, .closed = on_closed};

static void try_connect(void *data)
{
	struct local *local = data;
	auto_fd int fd = -1;

	if (socket_connect(local->socket_path, &fd, NULL) < 0 ||
	    client_new(local->engine.loop, steal_fd(&fd), &client_handlers, local, &local->client, NULL) < 0) {
		retry_later(local);
		return;
	}
	local->connected_ms = clock_monotonic_ms();
	local->engine.events->up(local->engine.events_data);
}

static void local_free(struct engine *engine)
{
	struct local *local = local_of(engine);

	local->freeing = true;
	loop_timer_stop(&local->retry);
	loop_timer_stop(&local->refuse);
	loop_timer_stop(&local->usage_timer);
	client_free(steal(local->client));
	refuse_usage(local);
	refuse_all(local);
	free(local->socket_path);
	free(local);
}

static const struct engine_ops local_ops = {
	.name = "local",
	.free = local_free,
	.pull = local_pull,
	.start = local_start,
	.exec = local_exec,
	.stop = local_stop,
	.list = local_list,
	.attach = local_attach,
	.adopt = local_adopt,
	.usage = local_usage,
	.pool = local_pool,
	.build = local_build,
	.build_cancel = local_build_cancel,
	.base_ensure = local_base_ensure,
	.git_fetch = local_git_fetch,
	.git_cancel = local_git_cancel,
	.save = local_save,
};

struct engine *local_engine_new(struct loop *loop, const char *socket_path, const struct engine_events *events, void *data)
{
	struct local *local = xmalloc(sizeof(*local));

	local->engine = (struct engine){.ops = &local_ops, .loop = loop, .events = events, .events_data = data};
	local->socket_path = xstrdup(socket_path);
	local->retry_ms = RETRY_FIRST_MS;
	list_init(&local->refused);
	list_init(&local->usage);
	loop_timer_start(loop, &local->retry, 0, try_connect, local);
	return &local->engine;
}
