/* docs/api/openapi.yaml against the routes that are served: each has the other. test_web_openapi FILE */
#include <stdio.h>

#include "unit/test.h"

#include "base/buf.h"
#include "base/str.h"
#include "web/internal.h"

static const char *file;

static const struct {
	const char *name;
	unsigned method;
} methods[] = {{"get", METHOD_GET}, {"post", METHOD_POST}, {"put", METHOD_PUT}, {"patch", METHOD_PATCH}, {"delete", METHOD_DELETE}};

struct documented {
	char path[128];
	unsigned methods;
};

/* The paths of the file: keys two spaces deep below "paths:", and the methods four deep below each. */
static size_t read_paths(struct documented *out, size_t size)
{
	FILE *stream = fopen(file, "re");
	bool inside = false;
	size_t count = 0;
	char line[1024];

	assert_non_null(stream);
	while (fgets(line, sizeof(line), stream) != NULL) {
		char *colon = strrchr(line, ':');

		if (line[0] != ' ')
			inside = strcmp(line, "paths:\n") == 0;
		if (!inside || colon == NULL || strcmp(colon, ":\n") != 0)
			continue;
		*colon = '\0';
		if (strncmp(line, "  /", 3) == 0) {
			assert_true(count < size);
			snprintf(out[count].path, sizeof(out[count].path), "%.127s", line + 2);
			out[count++].methods = 0;
		}
		for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
			if (strncmp(line, "    ", 4) == 0 && strcmp(line + 4, methods[i].name) == 0)
				out[count - 1].methods |= methods[i].method;
	}
	fclose(stream);
	return count;
}

static unsigned served(const char *path)
{
	unsigned all = 0;

	for (size_t t = 0; t < all_resources_count; t++)
		for (const struct resource *resource = all_resources[t]; resource->pattern != NULL; resource++)
			if (strcmp(resource->pattern, path) == 0)
				all |= resource->methods;
	return all;
}

static void every_path_is_served_and_described(void **state)
{
	struct documented paths[200];
	size_t count = read_paths(paths, 200);

	(void)state;
	assert_true(count > 0);
	for (size_t i = 0; i < count; i++)
		if (served(paths[i].path) != paths[i].methods)
			fail_msg("%s: the methods described are not those served", paths[i].path);
	for (size_t t = 0; t < all_resources_count; t++) {
		for (const struct resource *resource = all_resources[t]; resource->pattern != NULL; resource++) {
			bool found = false;

			for (size_t i = 0; i < count; i++)
				found = found || strcmp(paths[i].path, resource->pattern) == 0;
			if (!found)
				fail_msg("%s is served and not described", resource->pattern);
		}
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(every_path_is_served_and_described)};

	file = argc > 1 ? argv[1] : OPENAPI_FILE;
	return cmocka_run_group_tests_name("web: openapi", tests, NULL, NULL);
}
