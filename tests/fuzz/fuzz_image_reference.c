/* Names of images as a Dockerfile, an author or a web process gives them to the agent: what passes can be no option, no path and no second
 * word, and is read again as it was written. */
#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/image/reference.h"
#include "base/cleanup.h"
#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	struct reference first, second;
	char printed[REFERENCE_MAX];
	struct error err;

	if (reference_parse(text, &first, &err) < 0)
		return 0;
	for (const char *p = text; *p != '\0'; p++)
		if (!isgraph((unsigned char)*p))
			abort();
	if (text[0] == '-' || text[0] == '/' || text[0] == '.' || strstr(text, "//") != NULL || first.repository[0] == '\0' ||
	    strstr(first.repository, "..") != NULL || first.tag[0] == '.' || strchr(first.tag, '/') != NULL)
		abort();
	reference_print(&first, "registry.example:5000", printed);
	if (reference_parse(printed, &second, &err) < 0)
		abort();
	if (strcmp(first.repository, second.repository) != 0 || strcmp(first.digest, second.digest) != 0)
		abort();
	if (strcmp(second.host, first.host[0] != '\0' ? first.host : "registry.example:5000") != 0)
		abort();
	return 0;
}
