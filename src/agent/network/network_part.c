/* How the network joins the agent. Without it builds and sandboxes still work, only those that ask for a network are refused. */
#include <string.h>

#include "agent/agent.h"
#include "agent/check.h"
#include "agent/network/network.h"
#include "base/log.h"

static const struct config_key keys[] = {
	{"network", "name", CONFIG_STRING, "ttob", "prefix of the interfaces and name of the nftables table"},
	{"network", "pool", CONFIG_STRING, "198.18.0.0/16", "IPv4 range for builds and sandboxes; must not overlap the host's routes"},
	{"network", "resolvers", CONFIG_STRING, "", "name servers that may be asked (IPv4); empty: those of the host"},
	{"network", "connections_per_second", CONFIG_NUMBER, "50", "new connections of one build or sandbox"},
	{"network", "connections", CONFIG_NUMBER, "512", "open connections of one build or sandbox"},
	{"network", "bandwidth", CONFIG_SIZE, "12M", "bytes a second of one build or sandbox, in each direction"},
	{.section = NULL},
};

static struct network_settings settings_of(const struct config *config)
{
	return (struct network_settings){
		.name = config_string(config, "network", "name"),
		.pool = config_string(config, "network", "pool"),
		.resolvers = config_string(config, "network", "resolvers"),
		.connections_per_second = config_number(config, "network", "connections_per_second"),
		.connections = config_number(config, "network", "connections"),
		.bandwidth = config_number(config, "network", "bandwidth"),
	};
}

static int start(struct agent *agent, struct error *err)
{
	struct network_settings settings = settings_of(agent->config);
	int r = network_new(&settings, &agent->network, err);

	if (r < 0 && err->kind == ERROR_UNAVAILABLE) {
		log_warning("builds and sandboxes get no network: %s", err->message);
		return 0;
	}
	return r;
}

static void stop(struct agent *agent)
{
	network_free(agent->network);
	agent->network = NULL;
}

static void check(struct agent *agent, struct checks *checks)
{
	struct network_settings settings = settings_of(agent->config);
	struct error err;

	if (network_check(&settings, &err) < 0)
		checks_add(checks, CHECK_ERROR, "network", "%s", err.message);
	else if (agent->network != NULL && *network_resolv_conf(agent->network) == '\0')
		checks_add(checks, CHECK_WARNING, "network",
			   "no name server is known that a sandbox could reach; set [network] resolvers");
	else
		checks_add(checks, CHECK_OK, "network", "addresses of %s behind NAT", settings.pool);
}

const struct agent_part network_part = {.name = "network", .keys = keys, .start = start, .stop = stop, .check = check};
