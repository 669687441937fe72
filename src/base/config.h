/* Configuration: a table of known keys with defaults, overlaid by an INI file, then the environment (TTOB_SECTION_KEY), then flags.
 * What is not in the table is an error that names the file and the line. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

enum config_type { CONFIG_STRING, CONFIG_BOOL, CONFIG_NUMBER, CONFIG_SIZE, CONFIG_SECONDS };

struct config_key {
	const char *section;
	const char *key;
	enum config_type type;
	const char *fallback; /* the default, written as in the file */
	const char *help;     /* one line for --help and the generated documentation */
};

struct config;

/* `keys` ends with an entry whose section is NULL; it is borrowed for the life of the config. Defaults that don't parse abort. */
struct config *config_new(const struct config_key *keys);
void config_free(struct config *config); /* takes NULL */

/* Each gives 0 or a negative errno with a message that names the place ("/etc/ttob.conf:12: …"). */
int config_load_file(struct config *config, const char *path, struct error *err);
int config_load_environment(struct config *config, struct error *err);
int config_set(struct config *config, const char *section, const char *key, const char *value, const char *where,
	       struct error *err);

/* Asking for a key that is not in the table, or as another type, aborts. Strings are borrowed until the next change. */
const char *config_string(const struct config *config, const char *section, const char *key);
bool config_bool(const struct config *config, const char *section, const char *key);
uint64_t config_number(const struct config *config, const char *section, const char *key); /* number, bytes or seconds */
