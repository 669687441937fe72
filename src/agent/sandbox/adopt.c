/* A new agent finds what the one before it left. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/sandbox/cgroup.h"
#include "agent/sandbox/runtime.h"
#include "agent/sandbox/sandbox.h"
#include "agent/sandbox/store.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/state.h"
#include "base/util.h"

#define STRAY_WAIT_MS 5000
#define STRAYS_MAX 1000

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

/* Whether the process is root's and runs our runtime: "--root <ours>" is in its command line. */
static bool is_runtime(const struct sandboxes *sandboxes, int process)
{
	auto_buf struct buf line = BUF_INIT;
	size_t length = strlen(sandboxes->runtime_root) + 1;
	struct stat st;

	if (fstat(process, &st) < 0 || st.st_uid != 0 || file_read(process, "cmdline", 65536, &line) < 0)
		return false;
	for (size_t at = 0; at + length <= line.length; at += strlen(line.data + at) + 1)
		if (memcmp(line.data + at, sandboxes->runtime_root, length) == 0 && at >= 7 &&
		    strcmp(line.data + at - 7, "--root") == 0)
			return true;
	return false;
}

/* A runtime that the earlier agent had just begun dies with it, but what that has forked does not, and would go on to make what we
 * are about to clear. Gives how many were killed. */
static unsigned kill_strays(const struct sandboxes *sandboxes)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	unsigned count = 0;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		long pid = strtol(entry->d_name, NULL, 10);
		auto_fd int pidfd = pid > 1 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
		auto_fd int process = pidfd >= 0 ? openat(dirfd(dir), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
		struct pollfd ended = {.fd = pidfd, .events = POLLIN};

		if (process < 0 || !is_runtime(sandboxes, process) || syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0)
			continue;
		poll(&ended, 1, STRAY_WAIT_MS);
		count++;
	}
	if (dir != NULL)
		closedir(dir);
	return count;
}

static bool is_key(const char *name)
{
	return strlen(name) == SANDBOX_KEY_LENGTH && strspn(name, "abcdefghijklmnopqrstuvwxyz234567") == SANDBOX_KEY_LENGTH;
}

void sandboxes_adopt(struct sandboxes *sandboxes)
{
	unsigned adopted = 0;
	unsigned cleared = 0;
	unsigned strays = 0;
	struct dirent *entry;
	DIR *dir;

	for (unsigned killed = 1; killed > 0 && strays < STRAYS_MAX; strays += killed)
		killed = kill_strays(sandboxes); /* again, for what one had forked meanwhile */
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
