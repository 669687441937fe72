/* A new agent finds what the one before it left. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/sandbox/cgroup.h"
#include "agent/sandbox/runtime.h"
#include "agent/sandbox/sandbox.h"
#include "agent/sandbox/store.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/state.h"
#include "base/util.h"

static void adopt_terminals(struct sandbox *sandbox)
{
	list_for_each(node, &sandbox->terminals)
	{
		struct terminal *terminal = container_of(node, struct terminal, link);

		if (process_start_time(terminal->pid, NULL) != terminal->pid_start || terminal_watch(terminal) < 0)
			terminal_free(terminal);
	}
}

/* Whether the process that was written down is still that process, and in the sandbox's group. */
static bool is_alive(const struct sandbox *sandbox)
{
	auto_free char *cgroup = sandbox_cgroup(sandbox);

	return sandbox->pid > 1 && process_start_time(sandbox->pid, NULL) == sandbox->pid_start &&
	       cgroup_has(cgroup, sandbox->pid);
}

static void adopt_lease(struct sandbox *sandbox)
{
	struct network *network = sandbox->sandboxes->agent->network;
	struct error err;

	if (sandbox->lease.slot == 0)
		return;
	if (network == NULL || network_adopt(network, &sandbox->lease, &err) < 0)
		sandbox->lease = (struct network_lease){.slot = 0};
}

static void adopt(struct sandbox *sandbox)
{
	struct sandboxes *sandboxes = sandbox->sandboxes;
	const struct image *image = image_find(sandboxes->agent->images, sandbox->digest);

	if (image != NULL)
		sandbox->image = image_ref(sandboxes->agent->images, image);
	adopt_lease(sandbox);
	/* Watched before it is looked at: from then on the pid cannot become another's without our notice. */
	sandbox->announced = true;
	if (sandbox->pid > 1)
		sandbox_watch(sandbox);
	if (id_range_claim(sandboxes->ids, sandbox->id_base) < 0)
		sandbox->id_base = 0;
	if (sandbox->init == NULL || !is_alive(sandbox)) {
		/* It ended while nobody looked; what stands at that pid now is not ours to kill. */
		watch_free(sandbox->init);
		sandbox->init = NULL;
		sandbox_end(sandbox, "exited");
		return;
	}
	adopt_terminals(sandbox);
	state_move(&sandbox_states, &sandbox->state, SANDBOX_RUNNING);
}

/* Half made, or prepared for a pool that is gone. */
static void clear(struct sandboxes *sandboxes, const char *key)
{
	struct limits none = {0};
	struct sandbox *sandbox = sandbox_new(sandboxes, NULL, &none, false);

	strcpy(sandbox->key, key);
	sandbox_end(sandbox, "failed");
}

static bool is_key(const char *name)
{
	return strlen(name) == SANDBOX_KEY_LENGTH && strspn(name, "abcdefghijklmnopqrstuvwxyz234567") == SANDBOX_KEY_LENGTH;
}

void sandboxes_adopt(struct sandboxes *sandboxes)
{
	unsigned adopted = 0;
	unsigned cleared = 0;
	struct dirent *entry;
	DIR *dir;

	runtime_kill_strays(sandboxes, NULL);
	dir = opendir(sandboxes->folder);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		struct sandbox *sandbox;

		if (!is_key(entry->d_name))
			continue;
		sandbox = store_read(sandboxes, entry->d_name);
		if (sandbox != NULL) {
			adopt(sandbox);
			adopted++;
		} else {
			clear(sandboxes, entry->d_name);
			cleared++;
		}
	}
	if (dir != NULL)
		closedir(dir);
	if (adopted + cleared > 0)
		log_info("found %u sandboxes of an earlier agent, and the remains of %u", adopted, cleared);
}
