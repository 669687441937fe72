#include "agent/settings.h"

#include <string.h>

#include "base/util.h"

static const struct config_key agent_keys[] = {
	{"agent", "socket", CONFIG_STRING, "/run/ttob/agent.sock", "where ttob reaches the agent"},
	{"agent", "user", CONFIG_STRING, "", "who may use the socket besides root; empty: root only"},
	{"agent", "group", CONFIG_STRING, "", "group of the socket; empty: that of the agent"},
	{"agent", "state_dir", CONFIG_STRING, "/var/lib/ttob", "layers and base images"},
	{"agent", "run_dir", CONFIG_STRING, "/run/ttob", "what runs now; a tmpfs is best"},
	{"agent", "log_level", CONFIG_STRING, "info", "debug, info, warning or error"},
	{"agent", "log_json", CONFIG_BOOL, "no", "log lines as JSON"},
	{"registry", "url", CONFIG_STRING, "http://127.0.0.1:5000", "the OCI registry of references without a host"},
	{"registry", "authfile", CONFIG_STRING, "", "containers-auth.json(5) with the registry's password; empty: none"},
	{"registry", "insecure", CONFIG_BOOL, "no", "speak plain HTTP, or HTTPS without checking the certificate"},
	{NULL, NULL, CONFIG_STRING, NULL, NULL},
};

static size_t count_keys(const struct config_key *keys)
{
	size_t count = 0;

	while (keys != NULL && keys[count].section != NULL)
		count++;
	return count;
}

struct config_key *settings_keys(const struct agent_part *const *parts)
{
	size_t count = count_keys(agent_keys);
	struct config_key *keys;

	for (size_t i = 0; parts[i] != NULL; i++)
		count += count_keys(parts[i]->keys);
	keys = xcalloc(count + 1, sizeof(*keys));
	memcpy(keys, agent_keys, sizeof(agent_keys));
	count = count_keys(agent_keys);
	for (size_t i = 0; parts[i] != NULL; i++) {
		size_t more = count_keys(parts[i]->keys);

		if (more > 0)
			memcpy(&keys[count], parts[i]->keys, more * sizeof(*keys));
		count += more;
	}
	keys[count] = (struct config_key){.section = NULL};
	return keys;
}
