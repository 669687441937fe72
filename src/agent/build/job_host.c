#include "agent/build/job_host.h"
#include "agent/build/dockerfile.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"

static const char *const program_targets[JOB_PROGRAMS] = {"/usr/bin/bsdtar", "/usr/bin/skopeo", "/usr/bin/buildah", "/usr/bin/git"};

static const char *const cgroup_trees[] = {"/sys/fs/cgroup",		"/sys/fs/cgroup/memory",  "/sys/fs/cgroup/cpu",
					   "/sys/fs/cgroup/cpuacct",	"/sys/fs/cgroup/cpuset",  "/sys/fs/cgroup/pids",
					   "/sys/fs/cgroup/devices",	"/sys/fs/cgroup/freezer", "/sys/fs/cgroup/blkio",
					   "/sys/fs/cgroup/hugetlb",	"/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified",
					   "/sys/fs/cgroup/perf_event", "/sys/fs/cgroup/net_cls", "/sys/fs/cgroup/net_prio",
					   "/sys/fs/cgroup/rdma",	"/sys/fs/cgroup/misc",	  "/sys/fs/cgroup/cpu,cpuacct",
					   "/sys/fs/cgroup/net_cls,net_prio"};

/* The first executable of that name in PATH; NULL: none. */
static char *find_program(const char *name)
{
	static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/bin", "/usr/local/sbin", "/usr/sbin", "/sbin"};

	if (strchr(name, '/') != NULL)
		return access(name, X_OK) == 0 ? xstrdup(name) : NULL;
	for (size_t i = 0; i < ARRAY_SIZE(folders); i++) {
		char *path = xasprintf("%s/%s", folders[i], name);

		if (access(path, X_OK) == 0)
			return path;
		free(path);
	}
	return NULL;
}

size_t job_host_argv(const struct job_host *host, const char **argv)
{
	size_t n = 0;

	argv[n++] = host->runtime;
	if (host->crun)
		argv[n++] = "--cgroup-manager=cgroupfs";
	argv[n++] = "--root";
	argv[n++] = host->states;
	return n;
}

const char *job_host_program(const struct job_host *host, const char *target)
{
	for (size_t i = 0; i < JOB_PROGRAMS; i++)
		if (strcmp(program_targets[i], target) == 0)
			return host->programs[i];
	return NULL;
}

bool job_host_out_of_memory(const char *cgroup)
{
	static const char *const formats[] = {"/sys/fs/cgroup%s/memory.events", "/sys/fs/cgroup/memory%s/memory.oom_control"};

	for (size_t i = 0; i < ARRAY_SIZE(formats); i++) {
		auto_free char *path = xasprintf(formats[i], cgroup);
		auto_buf struct buf text = BUF_INIT;
		const char *at;

		if (file_read(AT_FDCWD, path, 4096, &text) == 0 && text.length > 0 && (at = strstr(text.data, "oom_kill ")) != NULL &&
		    strtoul(at + strlen("oom_kill "), NULL, 10) > 0)
			return true;
	}
	return false;
}

/* What file and base mounts go on: nobody in a job's user namespace could make it here. */
static int make_targets(struct job_host *host, struct error *err)
{
	const char *targets[JOB_PROGRAMS + 1] = {"/in/auth.json"};

	for (size_t i = 0; i < DOCKERFILE_BASES_MAX; i++) {
		auto_free char *path = xasprintf("%s/base/%zu", host->root, i);
		int r = dir_make_all(path, 0755, err);

		if (r < 0)
			return r;
	}
	for (size_t i = 0; i < JOB_PROGRAMS; i++)
		targets[i + 1] = program_targets[i];
	for (size_t i = 0; i < ARRAY_SIZE(targets); i++) {
		auto_free char *path = xasprintf("%s%s", host->root, targets[i]);
		auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0755);

		if (fd < 0)
			return error_errno(err, errno, "cannot make %s", path);
	}
	return 0;
}

/* What mounts go on, and the links of a merged /usr. */
static int make_root(struct job_host *host, struct error *err)
{
	static const char *const folders[] = {"usr", "usr/bin", "usr/lib", "usr/lib64", "usr/share", "usr/share/containers", "etc",
					      "tmp", "proc", "dev", "sys", "run", "var", "var/lib", "var/tmp", "scratch", "base", "in"};
	static const char *const links[] = {"bin", "lib", "lib64"};
	int r = dir_make_all(host->root, 0755, err);

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(folders); i++) {
		auto_free char *path = xasprintf("%s/%s", host->root, folders[i]);

		r = dir_make_all(path, 0755, err);
	}
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(links); i++) {
		auto_free char *path = xasprintf("%s/%s", host->root, links[i]);
		auto_free char *to = xasprintf("usr/%s", links[i]);

		/* A host whose loader is below /lib64 keeps it in /usr/lib64, or in /usr/lib when it has no such folder. */
		if (symlink(to, path) < 0 && errno != EEXIST)
			r = error_errno(err, errno, "cannot make %s", path);
	}
	return r == 0 ? make_targets(host, err) : r;
}

int job_host_new(struct agent *agent, const char *runtime, const char *cgroup, const char *folder, struct job_host **ret_host,
		 struct error *err)
{
	struct job_host *host = xmalloc(sizeof(*host));
	auto_free char *jobs = xasprintf("%s/jobs", folder);
	const char *base;
	int r = 0;

	host->agent = agent;
	host->folder = xstrdup(folder);
	host->states = xasprintf("%s/states", folder);
	host->root = xasprintf("%s/root", folder);
	host->cgroup = xasprintf("/%s", cgroup);
	host->runtime = find_program(runtime);
	for (size_t i = 0; i < JOB_PROGRAMS; i++)
		host->programs[i] = find_program(strrchr(program_targets[i], '/') + 1);
	if (strspn(cgroup, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(cgroup) || *cgroup == '\0') {
		r = error_set(err, ERROR_INVALID, EINVAL, "[build] cgroup: must be a name of a-z, 0-9 and -, not '%.40s'", cgroup);
	} else if (host->runtime == NULL) {
		r = error_set(err, ERROR_UNAVAILABLE, ENOENT, "the OCI runtime %s is not installed ([build] runtime)", runtime);
	} else {
		base = strrchr(host->runtime, '/');
		host->crun = strncmp(base != NULL ? base + 1 : host->runtime, "crun", 4) == 0;
		r = dir_make_all(host->states, 0700, err);
	}
	if (r == 0) {
		job_sweep(host, cgroup_trees, ARRAY_SIZE(cgroup_trees));
		r = dir_remove_all(jobs, err);
	}
	if (r == 0)
		r = dir_make_all(jobs, 0700, err);
	if (r == 0)
		r = make_root(host, err);
	if (r < 0) {
		job_host_free(host);
		return r;
	}
	*ret_host = host;
	return 0;
}

void job_host_free(struct job_host *host)
{
	if (host == NULL)
		return;
	/* The jobs' common cgroup; where another agent still has one in it, it stays. */
	for (size_t i = 0; i < ARRAY_SIZE(cgroup_trees); i++) {
		auto_free char *path = xasprintf("%s%s", cgroup_trees[i], host->cgroup);

		rmdir(path);
	}
	for (size_t i = 0; i < JOB_PROGRAMS; i++)
		free(host->programs[i]);
	free(host->runtime);
	free(host->folder);
	free(host->states);
	free(host->root);
	free(host->cgroup);
	free(host);
}

size_t job_host_count(const struct job_host *host)
{
	return host->count;
}

void job_host_check(const char *runtime, struct checks *checks)
{
	static const char *const others[] = {"mkfs.ext4"};
	auto_free char *found = find_program(runtime);
	auto_buf struct buf missing = BUF_INIT;

	for (size_t i = 0; i < JOB_PROGRAMS; i++) {
		const char *name = strrchr(program_targets[i], '/') + 1;
		auto_free char *path = find_program(name);

		if (path == NULL)
			buf_printf(&missing, " %s", name);
	}
	for (size_t i = 0; i < ARRAY_SIZE(others); i++) {
		auto_free char *path = find_program(others[i]);

		if (path == NULL)
			buf_printf(&missing, " %s", others[i]);
	}
	if (found == NULL)
		buf_printf(&missing, " %s", runtime);
	if (missing.length > 0)
		checks_add(checks, CHECK_ERROR, "build", "not installed, but needed to build:%s", missing.data);
	else if (access("/dev/loop-control", R_OK | W_OK) < 0)
		checks_add(checks, CHECK_ERROR, "build", "no loop devices (/dev/loop-control): builds have no disk of a fixed size");
	else
		checks_add(checks, CHECK_OK, "build", "%s with buildah", runtime);
}
