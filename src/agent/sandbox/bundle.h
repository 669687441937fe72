/* The bundle of a sandbox (OCI runtime-spec bundle.md): root file system, config.json, and the small files that every Unix program
 * expects below /etc. */
#pragma once

#include "agent/sandbox/sandbox.h"
#include "agent/sandbox/spec.h"

/* Makes the folder, mounts the root and writes the config. `command` and `env` (arrays and objects of strings) may be NULL: a login
 * shell. ERROR_UNSUPPORTED: no command, and no shell in the image. What was made on failure is left for sandbox_give_back. */
int bundle_make(struct sandbox *sandbox, json_t *command, json_t *env, struct error *err);
/* The "process" of one more login shell, into the file process-<n>.json of the folder. */
int bundle_write_process(struct sandbox *sandbox, unsigned n, unsigned cols, unsigned rows, struct error *err);
