#include "agent/host.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/magic.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

#define CGROUP "/sys/fs/cgroup"

static const char *const mode_names[] = {"none", "v1", "v2", "hybrid"};

static long filesystem_type(const char *path)
{
	struct statfs st;

	return statfs(path, &st) < 0 ? 0 : (long)st.f_type;
}

enum cgroup_mode cgroup_mode(void)
{
	if (filesystem_type(CGROUP) == CGROUP2_SUPER_MAGIC)
		return CGROUP_V2;
	if (filesystem_type(CGROUP "/unified") == CGROUP2_SUPER_MAGIC)
		return CGROUP_HYBRID;
	if (filesystem_type(CGROUP "/memory") == CGROUP_SUPER_MAGIC)
		return CGROUP_V1;
	return CGROUP_NONE;
}

const char *cgroup_mode_name(enum cgroup_mode mode)
{
	return mode_names[mode];
}

/* The first number of a small file, or `fallback`. */
static uint64_t read_number(const char *path, uint64_t fallback)
{
	auto_buf struct buf text = BUF_INIT;
	uint64_t value;

	if (file_read(AT_FDCWD, path, 4096, &text) < 0 || text.length == 0)
		return fallback;
	return str_to_u64(str_trim(text.data), UINT64_MAX, &value) < 0 ? fallback : value;
}

static int mount_left_over(const char *controller, struct error *err)
{
	auto_free char *path = xasprintf(CGROUP "/%s", controller);

	if (strchr(controller, '/') != NULL)
		return 0;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return error_errno(err, errno, "cannot make %s", path);
	if (filesystem_type(path) == CGROUP_SUPER_MAGIC)
		return 0;
	if (mount("cgroup", path, "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, controller) < 0)
		return error_errno(err, errno, "cannot mount the cgroup controller %s (try: mount -t cgroup -o %s cgroup %s)",
				   controller, controller, path);
	return 0;
}

static int cure_hybrid(struct error *err)
{
	auto_buf struct buf text = BUF_INIT;
	char *place = NULL;
	int r = 0;

	if (cgroup_mode() != CGROUP_HYBRID ||
	    file_read(AT_FDCWD, CGROUP "/unified/cgroup.controllers", 4096, &text) < 0 || text.length == 0)
		return 0;
	for (char *name = strtok_r(text.data, " \n", &place); r == 0 && name != NULL; name = strtok_r(NULL, " \n", &place))
		r = mount_left_over(name, err);
	return r;
}

int host_prepare(struct error *err)
{
	if (unshare(CLONE_NEWNS) < 0)
		return error_errno(err, errno, "cannot make a mount namespace (the agent has to run as root)");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return error_errno(err, errno, "cannot keep our mounts from the host");
	return cure_hybrid(err);
}

int host_quicken_cgroups(const char *folder)
{
	if (cgroup_mode() == CGROUP_V2)
		return mount(NULL, CGROUP, NULL, MS_REMOUNT | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RELATIME,
			     "nsdelegate,memory_recursiveprot,favordynmods") < 0
			       ? -errno
			       : 0;
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	return mount("cgroup", folder, "cgroup", MS_NOSUID | MS_NODEV | MS_NOEXEC, "none,name=ttob-quick,favordynmods") < 0
		       ? -errno
		       : 0;
}

bool host_disk(const char *folder, unsigned *ret_major, unsigned *ret_minor)
{
	const char *control = cgroup_mode() == CGROUP_V2 ? CGROUP "/cgroup.controllers" : CGROUP "/blkio/blkio.throttle.read_bps_device";
	auto_buf struct buf controllers = BUF_INIT;
	auto_free char *block = NULL;
	auto_free char *partition = NULL;
	struct stat st;

	if (stat(folder, &st) < 0 || file_read(AT_FDCWD, control, 65536, &controllers) < 0)
		return false;
	if (cgroup_mode() == CGROUP_V2 && (controllers.data == NULL || strstr(controllers.data, "io") == NULL))
		return false;
	block = xasprintf("/sys/dev/block/%u:%u", major(st.st_dev), minor(st.st_dev));
	partition = xasprintf("%s/partition", block);
	*ret_major = major(st.st_dev);
	*ret_minor = minor(st.st_dev);
	return access(block, F_OK) == 0 && access(partition, F_OK) < 0;
}

int host_program_version(const char *program, char *out, size_t size)
{
	char *const argv[] = {(char *)program, "--version", NULL};
	posix_spawn_file_actions_t actions;
	auto_buf struct buf text = BUF_INIT;
	int ends[2];
	pid_t pid;
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	r = -posix_spawn(&pid, program, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(ends[1]);
	if (r == 0) {
		r = fd_read_all(ends[0], 65536, &text);
		waitpid(pid, NULL, 0);
	}
	close(ends[0]);
	if (r == 0 && text.length > 0)
		snprintf(out, size, "%.*s", (int)strcspn(text.data, "\n"), text.data);
	return r < 0 ? r : text.length > 0 ? 0 : -ENODATA;
}

static void check_cgroup(struct checks *checks)
{
	static const char *const needed[] = {"memory", "cpu", "pids"};
	enum cgroup_mode mode = cgroup_mode();
	auto_buf struct buf v2 = BUF_INIT;

	if (mode == CGROUP_NONE) {
		checks_add(checks, CHECK_ERROR, "cgroup", "nothing is mounted at " CGROUP "; mount -t cgroup2 cgroup2 " CGROUP);
		return;
	}
	checks_add(checks, CHECK_OK, "cgroup", "%s", cgroup_mode_name(mode));
	if (mode == CGROUP_V2 && file_read(AT_FDCWD, CGROUP "/cgroup.controllers", 4096, &v2) < 0)
		buf_append_string(&v2, "");
	for (size_t i = 0; i < ARRAY_SIZE(needed); i++) {
		auto_free char *path = xasprintf(CGROUP "/%s", needed[i]);
		bool there = mode == CGROUP_V2 ? v2.data != NULL && strstr(v2.data, needed[i]) != NULL
					       : filesystem_type(path) == CGROUP_SUPER_MAGIC;

		if (!there)
			checks_add(checks, CHECK_ERROR, "cgroup",
				   "the controller %s is missing; without it sandboxes have no limit (kernel parameter "
				   "cgroup_enable=%s)",
				   needed[i], needed[i]);
	}
}

static void check_number(struct checks *checks, const char *name, const char *path, uint64_t wanted, const char *why)
{
	uint64_t value = read_number(path, 0);

	if (value >= wanted)
		checks_add(checks, CHECK_OK, name, "%llu", (unsigned long long)value);
	else
		checks_add(checks, CHECK_WARNING, name, "%llu: %s; echo %llu > %s", (unsigned long long)value, why,
			   (unsigned long long)wanted, path);
}

static void check_descriptors(struct checks *checks)
{
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur >= 16384)
		checks_add(checks, CHECK_OK, "descriptors", "%llu a process", (unsigned long long)limit.rlim_cur);
	else
		checks_add(checks, CHECK_WARNING, "descriptors",
			   "%llu a process: a sandbox takes up to 3; raise it (systemd: LimitNOFILE=65536)",
			   (unsigned long long)limit.rlim_cur);
}

static void check_disk(const char *path, struct checks *checks)
{
	struct statvfs st;
	unsigned long long free_bytes;

	if (statvfs(path, &st) < 0) {
		checks_add(checks, CHECK_WARNING, "disk", "%s cannot be read: %s", path, strerror(errno));
		return;
	}
	free_bytes = (unsigned long long)st.f_bavail * st.f_frsize;
	checks_add(checks, free_bytes < 5ull << 30 ? CHECK_WARNING : CHECK_OK, "disk", "%llu GiB free at %s%s",
		   free_bytes >> 30, path, free_bytes < 5ull << 30 ? ": images need room; free some, or set [agent] state_dir" : "");
}

static void check_memory(struct checks *checks)
{
	auto_buf struct buf text = BUF_INIT;
	const char *at;

	if (file_read(AT_FDCWD, "/proc/meminfo", 16384, &text) < 0 || (at = strstr(text.data, "MemAvailable:")) == NULL)
		return;
	checks_add(checks, CHECK_OK, "memory", "%llu MiB available", strtoull(at + strlen("MemAvailable:"), NULL, 10) >> 10);
}

void host_check(struct agent *agent, struct checks *checks)
{
	if (geteuid() != 0)
		checks_add(checks, CHECK_ERROR, "root", "the agent has to run as root");
	check_cgroup(checks);
	check_number(checks, "user namespaces", "/proc/sys/user/max_user_namespaces", 8192,
		     "each sandbox has one of its own");
	check_number(checks, "pty.max", "/proc/sys/kernel/pty/max", 4096, "each terminal takes one");
	check_number(checks, "mount-max", "/proc/sys/fs/mount-max", 10000, "each sandbox mounts about 20");
	check_number(checks, "pid_max", "/proc/sys/kernel/pid_max", 32768, "all sandboxes share it");
	check_descriptors(checks);
	check_memory(checks);
	check_disk(agent->state_dir, checks);
}
