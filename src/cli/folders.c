#include "cli/folders.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

#define DEFAULT_DATA "/var/lib/ttob"

/* FNV-1a: short and the same from start to start; it only keeps two data folders' sockets apart. */
static unsigned hash(const char *s)
{
	unsigned h = 2166136261u;

	for (; *s != '\0'; s++)
		h = (h ^ (unsigned char)*s) * 16777619u;
	return h;
}

static int lock_data(struct folders *folders, struct error *err)
{
	auto_free char *path = xasprintf("%s/lock", folders->data);
	char pid[32] = "";

	folders->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (folders->lock < 0)
		return error_errno(err, errno, "cannot open %s", path);
	if (flock(folders->lock, LOCK_EX | LOCK_NB) < 0) {
		ssize_t n = pread(folders->lock, pid, sizeof(pid) - 1, 0);

		pid[n > 0 ? n : 0] = '\0';
		pid[strcspn(pid, "\n")] = '\0';
		close(steal_fd(&folders->lock)); /* what is there belongs to the other */
		return error_set(err, ERROR_CONFLICT, EBUSY, "another `ttob up` (process %s) already runs on %s", pid, folders->data);
	}
	snprintf(pid, sizeof(pid), "%d\n", (int)getpid());
	if (ftruncate(folders->lock, 0) < 0 || pwrite(folders->lock, pid, strlen(pid), 0) < 0)
		return error_errno(err, errno, "cannot write %s", path);
	return 0;
}

static int make_owned(const char *path, mode_t mode, uid_t uid, gid_t gid, struct error *err)
{
	int r = dir_make_all(path, 0755, err);

	if (r == 0 && (chown(path, uid, gid) < 0 || chmod(path, mode) < 0))
		r = error_errno(err, errno, "cannot set the rights of %s", path);
	return r;
}

int folders_open(const char *data, uid_t uid, gid_t gid, struct folders *ret_folders, struct error *err)
{
	struct folders folders = {.lock = -1};
	int r = dir_make_all(data, 0755, err);

	if (r < 0)
		return r;
	folders.data = realpath(data, NULL);
	if (folders.data == NULL)
		return error_errno(err, errno, "cannot use %s", data);
	folders.web = xasprintf("%s/web", folders.data);
	folders.state = xasprintf("%s/agent", folders.data);
	folders.run = strcmp(folders.data, DEFAULT_DATA) == 0 ? xstrdup("/run/ttob")
							      : xasprintf("/run/ttob-%08x", hash(folders.data));
	folders.socket = xasprintf("%s/agent.sock", folders.run);
	r = lock_data(&folders, err);
	if (r == 0)
		r = make_owned(folders.web, 0750, uid, gid, err);
	if (r == 0)
		r = make_owned(folders.state, 0711, 0, 0, err);
	if (r == 0)
		r = make_owned(folders.run, 0711, 0, 0, err);
	if (r < 0)
		folders_close(&folders);
	else
		*ret_folders = folders;
	return r;
}

/* What the agent keeps there belongs to sandboxes; when there are none, nothing of it is of use. */
static void remove_run(const struct folders *folders)
{
	auto_free char *sandboxes = xasprintf("%s/sandboxes", folders->run);

	if (rmdir(sandboxes) == 0 || errno == ENOENT)
		dir_remove_all(folders->run, NULL);
}

void folders_close(struct folders *folders)
{
	if (folders->lock >= 0) {
		remove_run(folders);
		close(folders->lock);
	}
	free(folders->data);
	free(folders->web);
	free(folders->state);
	free(folders->run);
	free(folders->socket);
	*folders = (struct folders){.lock = -1};
}
