/* How sandboxes join the agent: settings, start, stop, and what the host must have. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/check.h"
#include "agent/host.h"
#include "agent/sandbox/rootfs.h"
#include "agent/sandbox/runtime.h"
#include "agent/sandbox/sandbox.h"
#include "agent/sandbox/sandbox_ops.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/util.h"

static const struct config_key keys[] = {
	{"sandbox", "runtime", CONFIG_STRING, "/usr/bin/crun", "the OCI runtime: crun, runc, runsc, …"},
	{"sandbox", "cgroup", CONFIG_STRING, "ttob", "the control group above all sandboxes; one for each agent on a host"},
	{"sandbox", "id_base", CONFIG_NUMBER, "268435456", "first user id of the sandboxes, a multiple of 65536"},
	{"sandbox", "id_ranges", CONFIG_NUMBER, "32768", "how many sandboxes have ids: 65536 each from id_base on"},
	{"sandbox", "max", CONFIG_NUMBER, "8000", "how many may be there at once, prepared ones included"},
	{"sandbox", "starts", CONFIG_NUMBER, "0", "how many are made at once; 0: two for each processor"},
	{"sandbox", "read_rate", CONFIG_SIZE, "200M", "bytes a second that one sandbox may read from the disk of its image; 0: no limit"},
	{"sandbox", "quick_cgroups", CONFIG_BOOL, "yes", "mount cgroups with favordynmods: starts take about 8 ms less, forks a little more"},
	{"sandbox", "no_new_privileges", CONFIG_BOOL, "yes", "set-uid programs gain nothing inside (sudo and su then do not work)"},
	{NULL, NULL, CONFIG_STRING, NULL, NULL},
};


#define RUN_DIR_MAX 60 /* the sockets below it must fit into a unix address */

static int check_settings(const struct agent *agent, struct error *err)
{
	const char *cgroup = config_string(agent->config, "sandbox", "cgroup");
	const char *runtime = config_string(agent->config, "sandbox", "runtime");

	if (!id_is_valid(cgroup))
		return error_set(err, ERROR_INVALID, EINVAL, "[sandbox] cgroup must be one name of a-z0-9-");
	if (runtime[0] != '/')
		return error_set(err, ERROR_INVALID, EINVAL, "[sandbox] runtime must be an absolute path");
	if (strlen(agent->run_dir) > RUN_DIR_MAX || agent->run_dir[0] != '/')
		return error_set(err, ERROR_INVALID, EINVAL, "[agent] run_dir must be absolute and at most %d bytes long", RUN_DIR_MAX);
	return 0;
}

static int make_folders(struct sandboxes *sandboxes, struct error *err)
{
	sandboxes->folder = xasprintf("%s/sandboxes", sandboxes->agent->run_dir);
	sandboxes->runtime_root = xasprintf("%s/runtime", sandboxes->agent->run_dir);
	if (dir_make_all(sandboxes->folder, 0711, err) < 0 || dir_make_all(sandboxes->runtime_root, 0700, err) < 0)
		return err->code;
	return 0;
}

static int prepare(struct sandboxes *sandboxes, struct error *err)
{
	const struct config *config = sandboxes->agent->config;
	uint64_t starts = config_number(config, "sandbox", "starts");
	int r = check_settings(sandboxes->agent, err);

	sandboxes->runtime_kind = runtime_kind(config_string(config, "sandbox", "runtime"));
	sandboxes->runtime_fd = runtime_seal(config_string(config, "sandbox", "runtime"), &sandboxes->runtime);
	sandboxes->cgroup = config_string(config, "sandbox", "cgroup");
	sandboxes->no_new_privileges = config_bool(config, "sandbox", "no_new_privileges");
	sandboxes->cgroup_mount = cgroup_mode() == CGROUP_V2;
	if (host_disk(sandboxes->agent->state_dir, &sandboxes->disk.major, &sandboxes->disk.minor))
		sandboxes->disk.rate = config_number(config, "sandbox", "read_rate");
	sandboxes->turns_max = starts > 0 ? (unsigned)starts : 2 * (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	if (r == 0)
		r = id_ranges_new(config_number(config, "sandbox", "id_base"), config_number(config, "sandbox", "id_ranges"),
				  &sandboxes->ids, err);
	if (r == 0)
		r = filter_new(&sandboxes->filter, err);
	return r == 0 ? make_folders(sandboxes, err) : r;
}

static void release(struct sandboxes *sandboxes)
{
	pools_free(sandboxes);
	map_free(sandboxes->by_id);
	id_ranges_free(sandboxes->ids);
	filter_free(sandboxes->filter);
	if (sandboxes->runtime_fd >= 0)
		close(sandboxes->runtime_fd);
	free(sandboxes->runtime);
	free(sandboxes->folder);
	free(sandboxes->runtime_root);
	free(sandboxes);
}

static void quicken_cgroups(const struct agent *agent)
{
	auto_free char *folder = xasprintf("%s/quick", agent->run_dir);
	int r = config_bool(agent->config, "sandbox", "quick_cgroups") ? host_quicken_cgroups(folder) : 0;

	if (r < 0)
		log_warning("cgroups stay slow (%s); starts take some milliseconds more", strerror(-r));
}

static int start(struct agent *agent, struct error *err)
{
	struct sandboxes *sandboxes = xmalloc(sizeof(*sandboxes));
	int r;

	sandboxes->agent = agent;
	sandboxes->by_id = map_new();
	list_init(&sandboxes->all);
	list_init(&sandboxes->pools);
	list_init(&sandboxes->waiting);
	r = prepare(sandboxes, err);
	if (r < 0) {
		release(sandboxes);
		return r;
	}
	agent->sandboxes = sandboxes;
	quicken_cgroups(agent);
	sandboxes_adopt(sandboxes);
	if (agent->network != NULL)
		network_sweep(agent->network);
	return 0;
}

void sandboxes_end_all(struct sandboxes *sandboxes, const char *reason)
{
	bool found = true;

	/* The end of one may free others as well, so begin at the head again each time. */
	while (found) {
		found = false;
		for (struct list *node = sandboxes->all.next; !found && node != &sandboxes->all; node = node->next) {
			struct sandbox *sandbox = container_of(node, struct sandbox, link);

			found = sandbox->state != SANDBOX_ENDING;
			if (found)
				sandbox_end(sandbox, reason);
		}
	}
}

/* Sandboxes that run outlive us; what is not running yet, or waits in a pool, does not. */
static void stopping(struct agent *agent)
{
	struct sandboxes *sandboxes = agent->sandboxes;
	bool found = true;

	while (found) {
		found = false;
		for (struct list *node = sandboxes->all.next; !found && node != &sandboxes->all; node = node->next) {
			struct sandbox *sandbox = container_of(node, struct sandbox, link);

			found = sandbox->state == SANDBOX_WAITING || sandbox->state == SANDBOX_PREPARED ||
				(sandbox->state == SANDBOX_CREATING && sandbox->pool != NULL);
			if (found)
				sandbox_end(sandbox, "stopped");
		}
	}
}

static bool busy(struct agent *agent)
{
	for (struct list *node = agent->sandboxes->all.next; node != &agent->sandboxes->all; node = node->next)
		if (container_of(node, struct sandbox, link)->state != SANDBOX_RUNNING)
			return true;
	return false;
}

static void stop(struct agent *agent)
{
	struct sandboxes *sandboxes = agent->sandboxes;

	while (!list_is_empty(&sandboxes->all))
		sandbox_leave(container_of(sandboxes->all.next, struct sandbox, link));
	release(sandboxes);
	agent->sandboxes = NULL;
}

static void check_runtime(struct agent *agent, struct checks *checks)
{
	const char *runtime = config_string(agent->config, "sandbox", "runtime");

	char version[80];
	int r = host_program_version(runtime, version, sizeof(version));

	if (r == 0)
		checks_add(checks, CHECK_OK, "runtime", "%s, %s", runtime, version);
	else
		checks_add(checks, CHECK_ERROR, "runtime", "%s cannot be run: %s; apt-get install crun, or set [sandbox] runtime",
			   runtime, strerror(-r));
}

/* The root file system of a sandbox that is never started, over an empty layer. */
static void check_overlay(struct agent *agent, struct checks *checks)
{
	auto_free char *folder = xasprintf("%s/check-%d", agent->run_dir, (int)getpid());
	auto_free char *layer = xasprintf("%s/layer", folder);
	auto_free char *root = xasprintf("%s/root", folder);
	const char *layers[] = {layer, NULL};
	struct rootfs_options options = {
		.layers = layers, .layer_count = 1, .id_base = 1u << 28, .size = 1u << 20, .inodes = 64};
	struct error err;
	int r = dir_make_all(layer, 0755, &err);

	if (r == 0)
		r = dir_make_all(root, 0755, &err);
	if (r == 0)
		r = rootfs_mount(&options, root, NULL, &err);
	if (r == 0)
		checks_add(checks, CHECK_OK, "overlay", "overlayfs on ID-mapped layers works");
	else
		checks_add(checks, CHECK_ERROR, "overlay", "%s (needs Linux 5.19 or later with overlayfs and user namespaces)",
			   err.message);
	rootfs_detach(root);
	dir_remove_all(folder, NULL);
}

static void check(struct agent *agent, struct checks *checks)
{
	check_runtime(agent, checks);
	check_overlay(agent, checks);
}

const struct agent_part sandbox_part = {
	.name = "sandbox",
	.ops = sandbox_ops,
	.keys = keys,
	.start = start,
	.stopping = stopping,
	.busy = busy,
	.stop = stop,
	.check = check,
};
