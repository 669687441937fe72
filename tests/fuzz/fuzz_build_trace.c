#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "core/build_trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count_lines(const char *text)
{
	unsigned lines = 0;

	for (; *text != '\0'; text++)
		lines += *text == '\n' || text[1] == '\0';
	return lines;
}

/* The script or Dockerfile, NUL, the log: the line is one of its lines, or what the shell itself has named. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	size_t first = strlen(text);
	struct build_trace trace = {0};
	unsigned line;

	if (first < size)
		build_trace_feed(&trace, (const char *)data + first + 1, size - first - 1);
	line = build_trace_script_line(&trace, text);
	if (trace.named == 0 && line > count_lines(text))
		abort();
	if (build_trace_dockerfile_line(&trace, text) > count_lines(text))
		abort();
	return 0;
}
