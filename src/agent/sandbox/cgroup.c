#include "agent/sandbox/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/host.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/util.h"

#define TREE "/sys/fs/cgroup"
#define FILE_MAX ((size_t)64 * 1024)

/* The file of a controller: in v2 all are in one folder. */
static int read_file(const char *path, const char *controller, const char *file, struct buf *out)
{
	bool one_tree = cgroup_mode() == CGROUP_V2;
	auto_free char *full = xasprintf(TREE "%s%s%s/%s", one_tree ? "" : "/", one_tree ? "" : controller, path, file);
	int r = file_read(AT_FDCWD, full, FILE_MAX, out);

	return r < 0 ? r : out->length == 0 ? -ENODATA : 0;
}

static int read_number(const char *path, const char *controller, const char *file, uint64_t *ret)
{
	auto_buf struct buf text = BUF_INIT;
	int r = read_file(path, controller, file, &text);

	if (r == 0)
		*ret = strtoull(text.data, NULL, 10);
	return r;
}

/* The number after "key " at the start of a line; 0 when it is not there. */
static uint64_t find_number(const char *text, const char *key)
{
	size_t length = strlen(key);

	for (const char *line = text; line != NULL && *line != '\0'; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strncmp(line, key, length) == 0 && line[length] == ' ')
			return strtoull(line + length + 1, NULL, 10);
	}
	return 0;
}

int cgroup_usage(const char *path, struct cgroup_usage *ret_usage)
{
	bool v2 = cgroup_mode() == CGROUP_V2;
	auto_buf struct buf stat = BUF_INIT;
	auto_buf struct buf cpu = BUF_INIT;
	uint64_t cached;
	uint64_t pids = 0;
	int r = read_number(path, "memory", v2 ? "memory.current" : "memory.usage_in_bytes", &ret_usage->memory);

	if (r < 0)
		return r;
	if (read_file(path, "memory", "memory.stat", &stat) == 0) {
		cached = find_number(stat.data, v2 ? "inactive_file" : "total_inactive_file");
		ret_usage->memory -= cached < ret_usage->memory ? cached : ret_usage->memory;
	}
	ret_usage->cpu_us = 0;
	if (v2 && read_file(path, "cpu", "cpu.stat", &cpu) == 0)
		ret_usage->cpu_us = find_number(cpu.data, "usage_usec");
	else if (!v2 && read_number(path, "cpuacct", "cpuacct.usage", &ret_usage->cpu_us) == 0)
		ret_usage->cpu_us /= 1000;
	read_number(path, "pids", "pids.current", &pids);
	ret_usage->pids = (uint32_t)pids;
	return 0;
}

uint64_t cgroup_oom_kills(const char *path)
{
	auto_buf struct buf text = BUF_INIT;

	if (read_file(path, "memory", cgroup_mode() == CGROUP_V2 ? "memory.events" : "memory.oom_control", &text) < 0)
		return 0;
	return find_number(text.data, "oom_kill");
}

bool cgroup_has(const char *path, int pid)
{
	auto_buf struct buf text = BUF_INIT;
	auto_free char *file = xasprintf("/proc/%d/cgroup", pid);
	size_t length = strlen(path);

	if (file_read(AT_FDCWD, file, FILE_MAX, &text) < 0 || text.data == NULL)
		return false;
	/* "4:memory:/ttob/<key>": the path ends the line, or goes on with a group below. */
	for (const char *at = text.data; (at = strstr(at, path)) != NULL; at++)
		if (at > text.data && at[-1] == ':' && (at[length] == '\n' || at[length] == '/' || at[length] == '\0'))
			return true;
	return false;
}

static unsigned kill_listed(const char *file)
{
	auto_buf struct buf text = BUF_INIT;
	unsigned count = 0;
	char *place = NULL;

	if (file_read(AT_FDCWD, file, (size_t)1024 * 1024, &text) < 0 || text.data == NULL)
		return 0;
	for (char *line = strtok_r(text.data, "\n", &place); line != NULL; line = strtok_r(NULL, "\n", &place)) {
		long pid = strtol(line, NULL, 10);

		/* Read this instant from the sandbox's own group: the one place where a pid stands for itself. */
		if (pid > 1 && kill((pid_t)pid, SIGKILL) == 0)
			count++;
	}
	return count;
}

unsigned cgroup_kill(const char *path)
{
	static const char *const trees[] = {"/pids", "/memory", "/devices"};
	unsigned count = 0;

	if (cgroup_mode() == CGROUP_V2) {
		auto_free char *kill_file = xasprintf(TREE "%s/cgroup.kill", path);
		auto_free char *list = xasprintf(TREE "%s/cgroup.procs", path);

		count = kill_listed(list);
		file_write_control(kill_file, "1");
		return count;
	}
	for (size_t i = 0; i < ARRAY_SIZE(trees); i++) {
		auto_free char *list = xasprintf(TREE "%s%s/cgroup.procs", trees[i], path);

		count += kill_listed(list);
	}
	return count;
}

/* Groups have only files that cannot be removed and folders that can, once they are empty. */
static int remove_tree(const char *path)
{
	DIR *dir;
	struct dirent *entry;

	if (rmdir(path) == 0 || errno == ENOENT || errno == ENOTDIR)
		return 0;
	dir = opendir(path);
	if (dir == NULL)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(dir)) != NULL) {
		auto_free char *below = entry->d_type == DT_DIR && entry->d_name[0] != '.'
						? xasprintf("%s/%s", path, entry->d_name)
						: NULL;

		if (below != NULL)
			remove_tree(below);
	}
	closedir(dir);
	return rmdir(path) == 0 || errno == ENOENT ? 0 : -errno;
}

int cgroup_remove(const char *path)
{
	DIR *dir;
	struct dirent *entry;
	int worst = 0;

	if (cgroup_mode() == CGROUP_V2) {
		auto_free char *full = xasprintf(TREE "%s", path);

		return remove_tree(full);
	}
	dir = opendir(TREE);
	if (dir == NULL)
		return -errno;
	while ((entry = readdir(dir)) != NULL) {
		auto_free char *full = entry->d_name[0] != '.' ? xasprintf(TREE "/%s%s", entry->d_name, path) : NULL;
		int r = full != NULL ? remove_tree(full) : 0;

		if (r < 0)
			worst = r;
	}
	closedir(dir);
	return worst;
}
