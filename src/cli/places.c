#include "cli/places.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"

#define ANCESTORS 4 /* build/src/cli/ttob: the source tree is three folders up */

/* The folder of the running program; malloc'd. */
static char *own_folder(void)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	char *slash;

	path[n > 0 ? n : 0] = '\0';
	slash = strrchr(path, '/');
	if (slash != NULL)
		*slash = '\0';
	return xstrdup(path);
}

char *places_program(const char *name)
{
	static const char *const beside[] = {"", "/../agent", "/../sbin", "/../cli", "/../image"};
	auto_free char *folder = own_folder();

	for (size_t i = 0; i < ARRAY_SIZE(beside); i++) {
		auto_free char *path = xasprintf("%s%s/%s", folder, beside[i], name);

		if (access(path, X_OK) == 0)
			return realpath(path, NULL);
	}
	return xstrdup(name);
}

static char *if_folder(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) ? realpath(path, NULL) : NULL;
}

char *places_folder(const char *installed, const char *source)
{
	auto_free char *shared = xasprintf("%s/%s", TTOB_DATA_DIR, installed);
	auto_free char *folder = own_folder();

	for (int i = 0; i < ANCESTORS; i++) {
		auto_free char *path = xasprintf("%s/%s", folder, source);
		char *found = if_folder(path);
		char *slash = strrchr(folder, '/');

		if (found != NULL)
			return found;
		if (slash == NULL || slash == folder)
			break;
		*slash = '\0';
	}
	return if_folder(shared);
}
