/* build.… and git.… of the agent protocol, and how builds join the agent. */
#include <errno.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/build/build.h"
#include "agent/build/git.h"
#include "agent/build/job_host.h"
#include "agent/build/login.h"
#include "agent/check.h"
#include "agent/dispatch.h"
#include "base/cleanup.h"
#include "base/log.h"

static const struct config_key keys[] = {
	{"build", "workers", CONFIG_NUMBER, "2", "builds that run at one time"},
	{"build", "runtime", CONFIG_STRING, "crun", "OCI runtime that confines builds (crun or runc)"},
	{"build", "cgroup", CONFIG_STRING, "ttob-build", "control group of all builds"},
	{"build", "ids", CONFIG_NUMBER, "3221225472", "first host id of builds; 65536 for each worker and twice more, used by nothing else"},
	{"build", "image_max", CONFIG_SIZE, "4G", "bytes that a built image may unpack to"},
	{"build", "base_max", CONFIG_SIZE, "8G", "bytes that a base image may unpack to"},
	{"build", "bases_max", CONFIG_SIZE, "24G", "disk for unpacked base images; the longest unused go first"},
	{"build", "base_seconds", CONFIG_SECONDS, "10m", "time to bring one base image"},
	{.section = NULL},
};

static const struct op_field limit_fields[] = {
	{.name = "memory", .type = FIELD_INTEGER, .min = 64ull << 20, .max = 1ull << 40},
	{.name = "cpu", .type = FIELD_INTEGER, .min = 10, .max = 1024 * 1000},
	{.name = "pids", .type = FIELD_INTEGER, .min = 32, .max = 1 << 20},
	{.name = "disk", .type = FIELD_INTEGER, .min = 16ull << 20, .max = 1ull << 40},
	{.name = "seconds", .type = FIELD_INTEGER, .min = 1, .max = 86400},
	{.name = "output", .type = FIELD_INTEGER, .min = 1024, .max = 1ull << 32},
	{.name = NULL},
};

static const struct op_field login_fields[] = {
	{.name = "registry", .type = FIELD_STRING, .min = 1, .max = 255},
	{.name = "username", .type = FIELD_STRING, .min = 1, .max = 255},
	{.name = "password", .type = FIELD_STRING, .min = 1, .max = 4096},
	{.name = NULL},
};

static const struct op_field start_fields[] = {
	{.name = "build", .type = FIELD_ID},
	{.name = "tag", .type = FIELD_STRING, .min = 1, .max = 512},
	{.name = "limits", .type = FIELD_OBJECT, .fields = limit_fields},
	{.name = "network", .type = FIELD_BOOL},
	{.name = "dockerfile", .type = FIELD_STRING, .optional = true, .min = 1, .max = 64 << 10},
	{.name = "login", .type = FIELD_OBJECT, .optional = true, .fields = login_fields},
	{.name = NULL},
};

static const struct op_field cancel_fields[] = {
	{.name = "build", .type = FIELD_ID},
	{.name = NULL},
};

static const struct op_field git_limit_fields[] = {
	{.name = "memory", .type = FIELD_INTEGER, .min = 64ull << 20, .max = 1ull << 40},
	{.name = "disk", .type = FIELD_INTEGER, .min = 16ull << 20, .max = 1ull << 40},
	{.name = "seconds", .type = FIELD_INTEGER, .min = 1, .max = 86400},
	{.name = NULL},
};

static const struct op_field git_fetch_fields[] = {
	{.name = "fetch", .type = FIELD_ID},
	{.name = "url", .type = FIELD_STRING, .min = 1, .max = 2048},
	{.name = "ref", .type = FIELD_STRING, .optional = true, .min = 1, .max = 512},
	{.name = "limits", .type = FIELD_OBJECT, .fields = git_limit_fields},
	{.name = NULL},
};

static const struct op_field git_cancel_fields[] = {
	{.name = "fetch", .type = FIELD_ID},
	{.name = NULL},
};

static uint64_t limit(json_t *limits, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(limits, name));
}

static bool available(struct agent *agent, struct request *request)
{
	struct error err;

	if (agent->builds != NULL)
		return true;
	error_set(&err, ERROR_UNAVAILABLE, ENOSYS, "this host cannot build (ttob doctor says why)");
	request_fail(request, &err);
	return false;
}

/* NULL: none came. */
static struct login *take_login(json_t *login)
{
	return login != NULL ? login_new(json_string_value(json_object_get(login, "registry")), json_string_value(json_object_get(login, "username")),
					 json_string_value(json_object_get(login, "password")))
			     : NULL;
}

static void build_start(struct agent *agent, struct request *request)
{
	json_t *limits = json_object_get(request_arguments(request), "limits");
	int *context = request_fd(request, 0);
	struct build_options options = {.id = request_string(request, "build"),
					.tag = request_string(request, "tag"),
					.limits = {.memory = limit(limits, "memory"),
						   .cpu = (uint32_t)limit(limits, "cpu"),
						   .pids = (uint32_t)limit(limits, "pids"),
						   .disk = limit(limits, "disk"),
						   .seconds = limit(limits, "seconds"),
						   .output = limit(limits, "output")},
					.network = request_bool(request, "network"),
					.dockerfile = request_string(request, "dockerfile"),
					.owner = request_connection(request)};
	struct login *login = NULL;
	auto_fd int log = -1;
	struct error err;
	int r;

	if (!available(agent, request))
		return;
	options.context = steal_fd(context);
	login = take_login(json_object_get(request_arguments(request), "login"));
	options.login = login;
	r = builds_start(agent->builds, &options, &log, &err);
	login_free(login);
	if (r < 0) {
		close(options.context);
		request_fail(request, &err);
		return;
	}
	request_answer(request, NULL, &log, 1);
}

static void build_cancel_op(struct agent *agent, struct request *request)
{
	struct error err;

	if (!available(agent, request))
		return;
	if (builds_cancel(agent->builds, request_string(request, "build"), &err) < 0)
		request_fail(request, &err);
	else
		request_answer(request, NULL, NULL, 0);
}

static void git_fetch_op(struct agent *agent, struct request *request)
{
	json_t *limits = json_object_get(request_arguments(request), "limits");
	const struct git_options options = {.id = request_string(request, "fetch"),
					    .url = request_string(request, "url"),
					    .ref = request_string(request, "ref"),
					    .memory = limit(limits, "memory"),
					    .disk = limit(limits, "disk"),
					    .seconds = limit(limits, "seconds"),
					    .owner = request_connection(request)};
	auto_fd int tar = -1;
	struct error err;

	if (!available(agent, request))
		return;
	if (git_start(agent->builds, &options, &tar, &err) < 0)
		request_fail(request, &err);
	else
		request_answer(request, NULL, &tar, 1);
}

static void git_cancel_op(struct agent *agent, struct request *request)
{
	struct error err;

	if (!available(agent, request))
		return;
	if (git_cancel(agent->builds, request_string(request, "fetch"), &err) < 0)
		request_fail(request, &err);
	else
		request_answer(request, NULL, NULL, 0);
}

static const struct op ops[] = {
	{.name = "build.start", .fields = start_fields, .fds = 1, .handler = build_start},
	{.name = "build.cancel", .fields = cancel_fields, .handler = build_cancel_op},
	{.name = "git.fetch", .fields = git_fetch_fields, .handler = git_fetch_op},
	{.name = "git.cancel", .fields = git_cancel_fields, .handler = git_cancel_op},
	{.name = NULL},
};

static int start(struct agent *agent, struct error *err)
{
	int r = builds_new(agent, &agent->builds, err);

	/* A host without buildah still runs what is built. */
	if (r < 0 && err->kind == ERROR_UNAVAILABLE) {
		log_warning("no builds here: %s", err->message);
		return 0;
	}
	return r;
}

static void stopping(struct agent *agent)
{
	if (agent->builds != NULL)
		builds_cancel_all(agent->builds);
}

static bool busy(struct agent *agent)
{
	return agent->builds != NULL && builds_busy(agent->builds);
}

static void stop(struct agent *agent)
{
	builds_free(agent->builds);
	agent->builds = NULL;
}

static void connection_closed(struct agent *agent, const struct connection *connection)
{
	if (agent->builds != NULL)
		builds_cancel_of(agent->builds, connection);
}

static void check(struct agent *agent, struct checks *checks)
{
	job_host_check(config_string(agent->config, "build", "runtime"), checks);
}

const struct agent_part build_part = {.name = "build",
				      .ops = ops,
				      .keys = keys,
				      .start = start,
				      .stopping = stopping,
				      .busy = busy,
				      .stop = stop,
				      .connection_closed = connection_closed,
				      .check = check};
