#include "cli/paths.h"

#include <stdlib.h>

#include "base/util.h"
#include "cli/places.h"

/* The configured one, else where it is found. */
static char *configured(const struct config *config, const char *key, const char *installed, const char *source)
{
	const char *value = config_string(config, "web", key);

	return *value != '\0' ? xstrdup(value) : places_folder(installed, source);
}

void paths_init(struct paths *paths, const struct config *config)
{
	const char *database = config_string(config, "web", "database");

	paths->user = config_string(config, "web", "user");
	paths->data = xasprintf("%s/web", config_string(config, "web", "data"));
	paths->database = *database != '\0' ? xstrdup(database) : xasprintf("sqlite:%s/ttob.db", paths->data);
	paths->ui = configured(config, "ui", "ui", "ui/dist");
	paths->catalog = configured(config, "catalog", "catalog", "catalog");
}

void paths_fini(struct paths *paths)
{
	free(paths->data);
	free(paths->database);
	free(paths->ui);
	free(paths->catalog);
}
