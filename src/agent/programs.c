#include "agent/programs.h"

#include <linux/limits.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"

char *programs_find_unpack(void)
{
	static const char *const beside[] = {"ttob-unpack", "image/ttob-unpack", "../../src/agent/image/ttob-unpack",
					     "../../../../src/agent/image/ttob-unpack"};
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	self[n > 0 ? n : 0] = '\0';
	slash = strrchr(self, '/');
	for (size_t i = 0; slash != NULL && i < ARRAY_SIZE(beside); i++) {
		auto_free char *path = NULL;

		*slash = '\0';
		path = xasprintf("%s/%s", self, beside[i]);
		if (access(path, X_OK) == 0)
			return steal(path);
	}
	return xstrdup(TTOB_LIBEXECDIR "/ttob-unpack");
}
