/* A runtime that is killed takes not with it what it has forked: that would go on to make what we are about to clear, or wait for ever
 * for its parent's word. */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/sandbox/runtime.h"
#include "base/cleanup.h"
#include "base/fd.h"

#define WAIT_MS 1000 /* for one to be gone */
#define ROUNDS 16    /* what one had forked meanwhile is found in the next */

static bool has_argument(const struct buf *line, const char *argument)
{
	size_t length = strlen(argument) + 1;

	for (size_t at = 0; at + length <= line->length; at += strlen(line->data + at) + 1)
		if (memcmp(line->data + at, argument, length) == 0)
			return true;
	return false;
}

/* Such a process is root's, or has the ids of a sandbox already. One in a sandbox that only pretends to be a runtime harms nobody but
 * itself. */
static bool is_ours(const struct sandboxes *sandboxes, int process, const char *key)
{
	auto_buf struct buf line = BUF_INIT;
	struct stat st;

	if (fstat(process, &st) < 0 || (st.st_uid != 0 && !id_range_holds(sandboxes->ids, st.st_uid)) ||
	    file_read(process, "cmdline", 65536, &line) < 0 || line.length == 0)
		return false;
	return has_argument(&line, "--root") && has_argument(&line, sandboxes->runtime_root) &&
	       (key == NULL || has_argument(&line, key));
}

static bool kill_round(const struct sandboxes *sandboxes, const char *key)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		long pid = strtol(entry->d_name, NULL, 10);
		auto_fd int pidfd = pid > 1 ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
		auto_fd int process = pidfd >= 0 ? openat(dirfd(dir), entry->d_name, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
		struct pollfd ended = {.fd = pidfd, .events = POLLIN};

		if (process < 0 || !is_ours(sandboxes, process, key) ||
		    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0)
			continue;
		poll(&ended, 1, WAIT_MS);
		found = true;
	}
	if (dir != NULL)
		closedir(dir);
	return found;
}

void runtime_kill_strays(const struct sandboxes *sandboxes, const char *key)
{
	for (int i = 0; i < ROUNDS && kill_round(sandboxes, key); i++)
		;
}
