/* What can be configured: one table for `ttob up`, `ttob web` and the rest (base/config.h). */
#pragma once

#include "base/config.h"

#define SETTINGS_FILE "/etc/ttob/ttob.conf"

/* Ends with a NULL section. */
extern const struct config_key settings_keys[];

/* Takes the flags off `argv` (changed in place: what stays is the command's own, NULL-terminated): --config FILE, --data DIR,
 * --listen ADDR, --set SECTION.KEY=VALUE, and their --flag=value forms. File, environment and flags are overlaid in this order; the
 * default file may be missing. 0 or -errno. */
int settings_load(char **argv, struct config **ret_config, struct error *err);
