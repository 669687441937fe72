/* Ends what an earlier agent left of its jobs: their processes, cgroups and states. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/build/job_host.h"
#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"

#define CGROUP_TRIES 500
#define CGROUP_WAIT_MS 10
#define PROCS_MAX ((size_t)1 << 20)

static int run_and_wait(char *const *argv)
{
	static char *const environment[] = {(char *)"PATH=/usr/sbin:/usr/bin:/sbin:/bin", NULL};
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	sigset_t none;
	pid_t pid;
	int status, r;

	sigemptyset(&none);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	r = posix_spawn(&pid, argv[0], &actions, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	if (r != 0)
		return -r;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : -EIO;
}

/* What the runtime knows of. */
static void sweep_states(const struct job_host *host)
{
	DIR *dir = opendir(host->states);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		const char *argv[12];
		size_t n = job_host_argv(host, argv);

		if (!str_starts_with(entry->d_name, "ttob-"))
			continue;
		argv[n++] = "delete";
		argv[n++] = "--force";
		argv[n++] = entry->d_name;
		argv[n] = NULL;
		log_info("ending %s, which an earlier agent left", entry->d_name);
		if (run_and_wait((char *const *)argv) < 0)
			log_warning("%s could not end %s", host->runtime, entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
}

static void kill_all(const char *cgroup)
{
	auto_free char *path = xasprintf("%s/cgroup.procs", cgroup);
	auto_buf struct buf text = BUF_INIT;
	char *place = NULL;

	if (file_read(AT_FDCWD, path, PROCS_MAX, &text) < 0 || text.length == 0)
		return;
	for (char *line = strtok_r(text.data, "\n", &place); line != NULL; line = strtok_r(NULL, "\n", &place)) {
		uint64_t pid;

		/* 0 is one of another pid namespace: none of ours */
		if (str_to_u64(line, INT32_MAX, &pid) == 0 && pid > 1)
			kill((pid_t)pid, SIGKILL);
	}
}

/* A runtime that was killed before it wrote its state down leaves a group that it knows nothing of any more. */
static void sweep_cgroup(const char *cgroup)
{
	const struct timespec pause = {.tv_nsec = CGROUP_WAIT_MS * 1000000L};

	for (int i = 0; i < CGROUP_TRIES; i++) {
		if (rmdir(cgroup) == 0 || errno != EBUSY)
			return;
		kill_all(cgroup);
		nanosleep(&pause, NULL);
	}
	log_warning("%s, which an earlier agent left, does not end", cgroup);
}

void job_sweep(const struct job_host *host, const char *const *trees, size_t count)
{
	auto_free char *jobs = xasprintf("%s/jobs", host->folder);
	DIR *dir;
	struct dirent *entry;

	sweep_states(host);
	/* A job's folder is there before its runtime starts and until all else of it is gone. */
	dir = opendir(jobs);
	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (!str_starts_with(entry->d_name, "ttob-"))
			continue;
		for (size_t i = 0; i < count; i++) {
			auto_free char *cgroup = xasprintf("%s%s/%s", trees[i], host->cgroup, entry->d_name);

			sweep_cgroup(cgroup);
		}
	}
	if (dir != NULL)
		closedir(dir);
}
