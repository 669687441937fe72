#include "agent/sandbox/runtime.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

#define TIMEOUT_MS 60000
#define BACKGROUND_NICE 10
#define MFD_EXEC_FLAG 0x10u /* MFD_EXEC of newer headers */

enum runtime_kind runtime_kind(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	if (strcmp(name, "crun") == 0)
		return RUNTIME_CRUN;
	return strcmp(name, "runc") == 0 ? RUNTIME_RUNC : RUNTIME_OTHER;
}

static int copy_sealed(const char *path)
{
	auto_fd int from = open(path, O_RDONLY | O_CLOEXEC);
	auto_fd int to = memfd_create("runtime", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC_FLAG);
	ssize_t n;

	if (to < 0) /* Linux before 6.3 does not know the flag, and lets all of them be run */
		to = memfd_create("runtime", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (from < 0 || to < 0)
		return -1;
	do
		n = sendfile(to, from, NULL, (size_t)1 << 30);
	while (n > 0);
	if (n < 0 || fchmod(to, 0700) < 0 || fcntl(to, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) < 0)
		return -1;
	return steal_fd(&to);
}

int runtime_seal(const char *path, char **ret_path)
{
	int fd = runtime_kind(path) == RUNTIME_OTHER ? -1 : copy_sealed(path);

	*ret_path = fd >= 0 ? xasprintf("/proc/%d/fd/%d", (int)getpid(), fd) : xstrdup(path);
	return fd;
}

int runtime_run(struct sandbox *sandbox, enum runtime_command command, bool background, child_done done, struct error *err)
{
	const struct sandboxes *sandboxes = sandbox->sandboxes;
	auto_free char *bundle = sandbox_path(sandbox, NULL);
	auto_free char *pid_file = sandbox_path(sandbox, "pid");
	const char *create[] = {sandboxes->runtime, "--root",	       sandboxes->runtime_root, "create", "--bundle", bundle,
				"--pid-file",	    pid_file,	       "--console-socket",	sandbox->console.path,
				sandbox->key,	    NULL};
	const char *run[] = {sandboxes->runtime, "--root",	 sandboxes->runtime_root, "run",
			     "--detach",	 "--bundle",	 bundle,		  "--pid-file",
			     pid_file,		 "--console-socket", sandbox->console.path, sandbox->key,
			     NULL};
	const char *start[] = {sandboxes->runtime, "--root", sandboxes->runtime_root, "start", sandbox->key, NULL};
	const char *const *const commands[] = {[RUNTIME_CREATE] = create, [RUNTIME_RUN] = run, [RUNTIME_START] = start};
	struct child_options options = {
		.argv = commands[command],
		.timeout_ms = TIMEOUT_MS,
		.nice = background ? BACKGROUND_NICE : 0,
		.dies_with_us = true,
	};

	return child_start(sandboxes->agent, &options, done, sandbox, &sandbox->runtime, err);
}

int runtime_exec(struct terminal *terminal, child_done done, struct error *err)
{
	const struct sandbox *sandbox = terminal->sandbox;
	const struct sandboxes *sandboxes = sandbox->sandboxes;
	auto_free char *process_name = xasprintf("process-%u.json", terminal->n);
	auto_free char *process = sandbox_path(sandbox, process_name);
	auto_free char *pid_name = xasprintf("pid-%u", terminal->n);
	auto_free char *pid_file = sandbox_path(sandbox, pid_name);
	const char *argv[] = {sandboxes->runtime,
			      "--root",
			      sandboxes->runtime_root,
			      "exec",
			      "--detach",
			      "--tty",
			      "--process",
			      process,
			      "--pid-file",
			      pid_file,
			      "--console-socket",
			      terminal->console.path,
			      sandbox->key,
			      NULL};
	struct child_options options = {.argv = argv, .timeout_ms = TIMEOUT_MS, .dies_with_us = true};

	return child_start(sandboxes->agent, &options, done, terminal, &terminal->runtime, err);
}

int runtime_delete(struct sandbox *sandbox, child_done done, struct error *err)
{
	const struct sandboxes *sandboxes = sandbox->sandboxes;
	const char *argv[] = {sandboxes->runtime, "--root", sandboxes->runtime_root, "delete", "--force", sandbox->key, NULL};
	struct child_options options = {.argv = argv, .timeout_ms = TIMEOUT_MS, .nice = BACKGROUND_NICE};
	int r;

	if (sandboxes->runtime_kind == RUNTIME_OTHER) {
		r = child_start(sandboxes->agent, &options, done, sandbox, &sandbox->runtime, err);
		return r < 0 ? r : 1;
	}
	{
		auto_free char *state = xasprintf("%s/%s", sandboxes->runtime_root, sandbox->key);

		return dir_remove_all(state, err);
	}
}

pid_t runtime_read_pid(const struct sandbox *sandbox, const char *name)
{
	auto_free char *path = sandbox_path(sandbox, name);
	auto_buf struct buf text = BUF_INIT;
	uint64_t pid;

	if (file_read(AT_FDCWD, path, 64, &text) < 0 || text.length == 0 ||
	    str_to_u64(str_trim(text.data), INT32_MAX, &pid) < 0)
		return 0;
	return (pid_t)pid;
}

uint64_t process_start_time(pid_t pid, pid_t *ret_parent)
{
	auto_buf struct buf text = BUF_INIT;
	char path[32];
	const char *at;
	unsigned long long start = 0;
	int parent = 0;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read(AT_FDCWD, path, 4096, &text) < 0 || text.length == 0)
		return 0;
	/* The name in the second field may hold anything, so look behind its end (proc_pid_stat(5)). */
	at = strrchr(text.data, ')');
	if (at == NULL || sscanf(at,
				 ") %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
				 &parent, &start) != 2)
		return 0;
	if (ret_parent != NULL)
		*ret_parent = parent;
	return start;
}
