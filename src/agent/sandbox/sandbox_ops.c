/* sandbox.*, pool.set and agent.shutdown of the agent protocol. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/sandbox/cgroup.h"
#include "agent/sandbox/sandbox.h"
#include "agent/sandbox/sandbox_ops.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/util.h"

#define LIST_PAGE 400 /* what surely fits into one message */
#define SIZE_MAX_TTY 1000

static const struct op_field start_fields[] = {
	{.name = "sandbox", .type = FIELD_ID},
	{.name = "image", .type = FIELD_STRING, .min = 1, .max = IMAGE_REFERENCE_MAX},
	{.name = "cols", .type = FIELD_INTEGER, .min = 1, .max = SIZE_MAX_TTY},
	{.name = "rows", .type = FIELD_INTEGER, .min = 1, .max = SIZE_MAX_TTY},
	{.name = "limits", .type = FIELD_OBJECT, .fields = limits_fields},
	{.name = "network", .type = FIELD_BOOL},
	{.name = "command", .type = FIELD_STRINGS, .optional = true, .min = 1, .max = 64},
	{.name = "env", .type = FIELD_STRING_MAP, .optional = true, .max = 64},
	{.name = NULL},
};

static const struct op_field exec_fields[] = {
	{.name = "sandbox", .type = FIELD_ID},
	{.name = "terminal", .type = FIELD_INTEGER, .min = 2, .max = 1000000},
	{.name = "cols", .type = FIELD_INTEGER, .min = 1, .max = SIZE_MAX_TTY},
	{.name = "rows", .type = FIELD_INTEGER, .min = 1, .max = SIZE_MAX_TTY},
	{.name = NULL},
};

static const struct op_field stop_fields[] = {
	{.name = "sandbox", .type = FIELD_ID},
	{.name = "reason", .type = FIELD_ID},
	{.name = NULL},
};

static const struct op_field list_fields[] = {
	{.name = "after", .type = FIELD_ID, .optional = true},
	{.name = NULL},
};

static const struct op_field terminal_fields[] = {
	{.name = "sandbox", .type = FIELD_ID},
	{.name = "terminal", .type = FIELD_INTEGER, .min = 1, .max = 1000000},
	{.name = NULL},
};

static const struct op_field save_fields[] = {
	{.name = "sandbox", .type = FIELD_ID},
	{.name = "bytes", .type = FIELD_INTEGER, .min = 1 << 20, .max = 1ull << 40},
	{.name = NULL},
};

static const struct op_field usage_fields[] = {
	{.name = "sandboxes", .type = FIELD_STRINGS, .max = 256},
	{.name = NULL},
};

static const struct op_field pool_fields[] = {
	{.name = "image", .type = FIELD_STRING, .min = 1, .max = IMAGE_REFERENCE_MAX},
	{.name = "limits", .type = FIELD_OBJECT, .fields = limits_fields},
	{.name = "network", .type = FIELD_BOOL},
	{.name = "count", .type = FIELD_INTEGER, .max = 64},
	{.name = NULL},
};

static const struct op_field shutdown_fields[] = {
	{.name = "sandboxes", .type = FIELD_BOOL},
	{.name = NULL},
};

/* Answers with the error unless `r` is good. */
static bool answered_failure(struct request *request, int r, const struct error *err)
{
	if (r < 0)
		request_fail(request, err);
	return r < 0;
}

static struct sandbox *find(struct agent *agent, const char *id, struct error *err)
{
	struct sandbox *sandbox = map_get(agent->sandboxes->by_id, id);

	if (sandbox == NULL || sandbox->state == SANDBOX_ENDING)
		error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no sandbox %s", id);
	else if (sandbox->state != SANDBOX_RUNNING)
		error_set(err, ERROR_CONFLICT, EBUSY, "the sandbox %s is still being started", id);
	else
		return sandbox;
	return NULL;
}

static int check_network(const struct agent *agent, bool network, struct error *err)
{
	if (network && agent->network == NULL)
		return error_set(err, ERROR_UNSUPPORTED, ENETUNREACH, "this host gives sandboxes no network; see its checks");
	return 0;
}

static int check_env(json_t *env, struct error *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(env, name, value)
		if (*name == '\0' || strchr(name, '=') != NULL)
			return error_set(err, ERROR_INVALID, EINVAL, "\"%.64s\" is no name for an environment variable", name);
	return 0;
}

static int check_start(struct agent *agent, struct request *request, const struct image **ret_image, struct error *err)
{
	struct sandboxes *sandboxes = agent->sandboxes;
	const char *id = request_string(request, "sandbox");
	const char *image = request_string(request, "image");
	int r;

	if (agent->stopping)
		return error_set(err, ERROR_UNAVAILABLE, ESHUTDOWN, "the agent is stopping");
	if (map_get(sandboxes->by_id, id) != NULL)
		return error_set(err, ERROR_CONFLICT, EEXIST, "there is a sandbox %s already", id);
	*ret_image = image_find(agent->images, image);
	if (*ret_image == NULL)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "the image %s is not unpacked here", image);
	if (!(*ret_image)->shell && json_object_get(request_arguments(request), "command") == NULL)
		return error_set(err, ERROR_UNSUPPORTED, ENOEXEC,
				 "the image has no shell (neither /bin/bash nor /bin/sh), so nobody can type into it");
	r = check_network(agent, request_bool(request, "network"), err);
	return r == 0 ? check_env(json_object_get(request_arguments(request), "env"), err) : r;
}

static void handle_start(struct agent *agent, struct request *request)
{
	struct sandboxes *sandboxes = agent->sandboxes;
	json_t *arguments = request_arguments(request);
	struct limits limits = limits_from_json(json_object_get(arguments, "limits"));
	bool network = request_bool(request, "network");
	bool own = json_object_get(arguments, "command") != NULL || json_object_get(arguments, "env") != NULL;
	const struct image *image = NULL;
	struct sandbox *sandbox;
	struct error err;

	if (answered_failure(request, check_start(agent, request, &image, &err), &err))
		return;
	sandbox = own ? NULL : pool_take(sandboxes, image, &limits, network);
	if (sandbox == NULL && sandboxes->count >= config_number(agent->config, "sandbox", "max")) {
		error_set(&err, ERROR_UNAVAILABLE, EAGAIN, "there are %u sandboxes here, which is the most", sandboxes->count);
		request_fail(request, &err);
		return;
	}
	if (sandbox != NULL) {
		sandbox->asked_us = clock_monotonic_us();
		sandbox->pooled = true;
	} else {
		sandbox = sandbox_new(sandboxes, image, &limits, network);
	}
	sandbox_name(sandbox, request_string(request, "sandbox"));
	sandbox->request = request;
	sandbox->cols = (unsigned)request_integer(request, "cols", 80);
	sandbox->rows = (unsigned)request_integer(request, "rows", 24);
	if (sandbox->pooled)
		sandbox_use(sandbox);
	else
		sandbox_queue(sandbox);
}

static void handle_exec(struct agent *agent, struct request *request)
{
	struct error err;
	struct sandbox *sandbox = find(agent, request_string(request, "sandbox"), &err);
	int r = sandbox == NULL ? -ENOENT : 0;

	if (r == 0)
		r = terminal_exec(sandbox, (unsigned)request_integer(request, "terminal", 0),
				  (unsigned)request_integer(request, "cols", 80), (unsigned)request_integer(request, "rows", 24),
				  request, &err);
	answered_failure(request, r, &err);
}

static void handle_stop(struct agent *agent, struct request *request)
{
	struct sandbox *sandbox = map_get(agent->sandboxes->by_id, request_string(request, "sandbox"));
	auto_free char *reason = xstrdup(request_string(request, "reason"));

	if (sandbox == NULL) {
		request_answer(request, NULL, NULL, 0);
		return;
	}
	sandbox_add_stop(sandbox, request);
	sandbox_end(sandbox, reason);
}

static json_t *describe(const struct sandbox *sandbox)
{
	json_t *terminals = json_pack("[i]", 1);
	char started[CLOCK_RFC3339_SIZE];

	for (const struct list *node = sandbox->terminals.next; node != &sandbox->terminals; node = node->next) {
		const struct terminal *terminal = container_of(node, struct terminal, link);

		if (terminal->watch != NULL)
			json_array_append_new(terminals, json_integer(terminal->n));
	}
	clock_rfc3339(sandbox->started_ms, started);
	return json_pack("{s:s, s:s, s:s, s:o}", "sandbox", sandbox->id, "image", sandbox->digest, "started_at", started,
			 "terminals", terminals);
}

static int compare_ids(const void *a, const void *b)
{
	return strcmp((*(struct sandbox *const *)a)->id, (*(struct sandbox *const *)b)->id);
}

static void handle_list(struct agent *agent, struct request *request)
{
	struct sandboxes *sandboxes = agent->sandboxes;
	auto_free struct sandbox **sorted = xcalloc(sandboxes->count + 1, sizeof(*sorted));
	const char *after = request_string(request, "after");
	json_t *page = json_array();
	size_t count = 0;
	size_t i;

	list_for_each(node, &sandboxes->all)
	{
		struct sandbox *sandbox = container_of(node, struct sandbox, link);

		if (sandbox->state == SANDBOX_RUNNING && (after == NULL || strcmp(sandbox->id, after) > 0))
			sorted[count++] = sandbox;
	}
	qsort(sorted, count, sizeof(*sorted), compare_ids);
	for (i = 0; i < count && i < LIST_PAGE; i++)
		json_array_append_new(page, describe(sorted[i]));
	request_answer(request, json_pack("{s:o, s:b}", "sandboxes", page, "more", i < count), NULL, 0);
}

/* Where our duplicate of a terminal's master is kept; NULL and an error when there is no such terminal. */
static int *find_tty(struct agent *agent, struct request *request, struct error *err)
{
	unsigned n = (unsigned)request_integer(request, "terminal", 0);
	struct sandbox *sandbox = find(agent, request_string(request, "sandbox"), err);
	struct terminal *terminal;

	if (sandbox == NULL)
		return NULL;
	if (n == 1)
		return &sandbox->tty;
	terminal = terminal_find(sandbox, n);
	if (terminal == NULL || terminal->watch == NULL) {
		error_set(err, ERROR_NOT_FOUND, ENOENT, "the sandbox %s has no terminal %u", sandbox->id, n);
		return NULL;
	}
	return &terminal->tty;
}

static void handle_attach(struct agent *agent, struct request *request)
{
	struct error err;
	int *tty = find_tty(agent, request, &err);

	if (tty != NULL && *tty < 0)
		error_set(&err, ERROR_UNAVAILABLE, ENXIO, "the terminal was lost by a restart; give it back by sandbox.adopt");
	if (tty == NULL || *tty < 0)
		request_fail(request, &err);
	else
		request_answer(request, NULL, tty, 1);
}

static void handle_adopt(struct agent *agent, struct request *request)
{
	struct error err;
	int *tty = find_tty(agent, request, &err);

	if (tty != NULL && !isatty(*request_fd(request, 0))) {
		error_set(&err, ERROR_INVALID, ENOTTY, "what was given is no terminal");
		tty = NULL;
	}
	if (tty == NULL) {
		request_fail(request, &err);
		return;
	}
	if (*tty < 0)
		*tty = steal_fd(request_fd(request, 0));
	request_answer(request, NULL, NULL, 0);
}

static void handle_save(struct agent *agent, struct request *request)
{
	struct error err;
	struct sandbox *sandbox = find(agent, request_string(request, "sandbox"), &err);
	auto_fd int layer = -1;

	if (sandbox == NULL || sandbox_save(sandbox, (uint64_t)request_integer(request, "bytes", 0), &layer, &err) < 0)
		request_fail(request, &err);
	else
		request_answer(request, NULL, &layer, 1);
}

static void handle_usage(struct agent *agent, struct request *request)
{
	json_t *result = json_object();
	size_t i;
	json_t *id;

	json_array_foreach(json_object_get(request_arguments(request), "sandboxes"), i, id) {
		struct sandbox *sandbox = map_get(agent->sandboxes->by_id, json_string_value(id));
		auto_free char *cgroup = sandbox != NULL ? sandbox_cgroup(sandbox) : NULL;
		struct cgroup_usage usage;

		if (sandbox == NULL || sandbox->state != SANDBOX_RUNNING || cgroup_usage(cgroup, &usage) < 0)
			continue;
		json_object_set_new(result, sandbox->id,
				    json_pack("{s:I, s:I, s:I, s:I}", "memory", (json_int_t)usage.memory, "memory_limit",
					      (json_int_t)sandbox->limits.memory, "cpu_us", (json_int_t)usage.cpu_us, "pids",
					      (json_int_t)usage.pids));
	}
	request_answer(request, json_pack("{s:o}", "usage", result), NULL, 0);
}

static void handle_pool(struct agent *agent, struct request *request)
{
	struct limits limits = limits_from_json(json_object_get(request_arguments(request), "limits"));
	const struct image *image = image_find(agent->images, request_string(request, "image"));
	unsigned count = (unsigned)request_integer(request, "count", 0);
	bool network = request_bool(request, "network");
	struct error err;
	int r = 0;

	if (image == NULL && count > 0)
		r = error_set(&err, ERROR_NOT_FOUND, ENOENT, "the image %s is not unpacked here",
			      request_string(request, "image"));
	if (r == 0 && count > 0)
		r = check_network(agent, network, &err);
	if (r == 0 && image != NULL)
		r = pool_set(agent->sandboxes, image, &limits, network, count, &err);
	if (!answered_failure(request, r, &err))
		request_answer(request, NULL, NULL, 0);
}

static void handle_shutdown(struct agent *agent, struct request *request)
{
	bool all = request_bool(request, "sandboxes");

	/* Answered before the end, as the end closes the connection. */
	request_answer(request, NULL, NULL, 0);
	agent_stop(agent);
	if (all)
		sandboxes_end_all(agent->sandboxes, "shutdown");
}

const struct op sandbox_ops[] = {
	{.name = "sandbox.start", .fields = start_fields, .handler = handle_start},
	{.name = "sandbox.exec", .fields = exec_fields, .handler = handle_exec},
	{.name = "sandbox.stop", .fields = stop_fields, .handler = handle_stop},
	{.name = "sandbox.list", .fields = list_fields, .handler = handle_list},
	{.name = "sandbox.attach", .fields = terminal_fields, .handler = handle_attach},
	{.name = "sandbox.adopt", .fields = terminal_fields, .fds = 1, .handler = handle_adopt},
	{.name = "sandbox.save", .fields = save_fields, .handler = handle_save},
	{.name = "sandbox.usage", .fields = usage_fields, .handler = handle_usage},
	{.name = "pool.set", .fields = pool_fields, .handler = handle_pool},
	{.name = "agent.shutdown", .fields = shutdown_fields, .handler = handle_shutdown},
	{.name = NULL},
};
