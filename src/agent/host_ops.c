/* hello, host.check, agent.shutdown. */
#include <string.h>

#include "agent/check.h"
#include "agent/dispatch.h"
#include "agent/host.h"
#include "ipc/client.h"

static json_t *all_checks(struct agent *agent, enum check_level least)
{
	struct checks *checks = checks_new();
	json_t *result;

	for (size_t i = 0; agent->parts[i] != NULL; i++)
		if (agent->parts[i]->check != NULL)
			agent->parts[i]->check(agent, checks);
	result = checks_json(checks, least);
	checks_free(checks);
	return result;
}

static void handle_hello(struct agent *agent, struct request *request)
{
	request_answer(request,
		       json_pack("{s:i, s:s, s:s, s:s, s:o}", "version", IPC_PROTOCOL_VERSION, "agent", TTOB_VERSION, "runtime",
				 config_string(agent->config, "sandbox", "runtime"), "cgroup",
				 cgroup_mode_name(cgroup_mode()), "problems", all_checks(agent, CHECK_WARNING)),
		       NULL, 0);
}

static void handle_check(struct agent *agent, struct request *request)
{
	request_answer(request, json_pack("{s:o}", "checks", all_checks(agent, CHECK_OK)), NULL, 0);
}

static const struct op_field hello_fields[] = {
	{.name = "version", .type = FIELD_INTEGER, .max = UINT32_MAX},
	{.name = NULL},
};

static const struct op ops[] = {
	{.name = "hello", .fields = hello_fields, .handler = handle_hello},
	{.name = "host.check", .handler = handle_check},
	{.name = NULL},
};

const struct agent_part host_part = {.name = "host", .ops = ops, .check = host_check};
