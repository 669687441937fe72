/* ttob config: the settings in force, written as a configuration file. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "cli/command.h"
#include "cli/settings.h"
#include "db/db.h"

static int run_config(struct config *config, char **arguments)
{
	const char *section = "";

	(void)arguments;
	for (const struct config_key *key = settings_keys; key->section != NULL; key++) {
		/* Of addresses, only the database's holds a secret. */
		auto_free char *value = db_url_without_password(config_string(config, key->section, key->key));

		if (strcmp(section, key->section) != 0)
			printf("%s[%s]\n", *section != '\0' ? "\n" : "", key->section);
		section = key->section;
		printf("# %s%s%s%s\n%s = %s\n", key->help, strcmp(value, key->fallback) != 0 ? " (default: " : "",
		       strcmp(value, key->fallback) != 0 ? key->fallback : "",
		       strcmp(value, key->fallback) != 0 ? ")" : "", key->key, value);
	}
	return 0;
}

const struct command command_config = {
	.name = "config",
	.arguments = "",
	.help = "print the settings in force, each with what it means",
	.run = run_config,
};
