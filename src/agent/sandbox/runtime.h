/* The OCI runtime's command line (runtime-spec runtime.md; the options are those that crun, runc and runsc share). */
#pragma once

#include "agent/sandbox/sandbox.h"

enum runtime_command {
	RUNTIME_CREATE,
	RUNTIME_RUN, /* create and start in one process */
	RUNTIME_START,
};

enum runtime_kind runtime_kind(const char *path);
/* crun and runc first copy themselves into a sealed memfd and run again from there, so that no sandbox can write to the host's program
 * (CVE-2019-5736). Doing that once for all saves each command the copy and a second exec. Gives the path to run in `ret_path` (the
 * caller's) and the descriptor behind it; where that is not possible, or for another runtime, a copy of `path` and -1. A new version
 * of the program is used after a restart of the agent. */
int runtime_seal(const char *path, char **ret_path);
/* Runs a command for the sandbox; sandbox->runtime is the child. `background`: with a lower priority. */
int runtime_run(struct sandbox *sandbox, enum runtime_command command, bool background, child_done done, struct error *err);
/* One more process in it, from the file process-<n>.json. */
int runtime_exec(struct terminal *terminal, child_done done, struct error *err);
/* Has the runtime forget it. crun and runc keep nothing but a folder once the processes and the group are gone, so for them that is
 * removed at once (0). Others are asked: 1, and `done` follows. */
int runtime_delete(struct sandbox *sandbox, child_done done, struct error *err);

/* Kills what is left of runtime commands for the sandbox with that key, or of all (`key` NULL), and waits until they are gone. It looks
 * at every process of the host, so it is for failures and for the start of the agent. */
void runtime_kill_strays(const struct sandboxes *sandboxes, const char *key);

/* The pid that the runtime wrote into the file `name` of the folder; 0: none. */
pid_t runtime_read_pid(const struct sandbox *sandbox, const char *name);
/* When the process started, in ticks since boot: with its pid it names it for good. 0: there is none. `ret_parent` may be NULL. */
uint64_t process_start_time(pid_t pid, pid_t *ret_parent);
