/* What programs of a build, a registry and an ignored error say at their end, and what people are told about it: always a message, always
 * UTF-8 (the end of a build is told in JSON), whatever they wrote. The first byte chooses the facts. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/build/explain.h"
#include "agent/build/job.h"
#include "agent/image/registry.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(int r, const struct error *err)
{
	if (r >= 0 || err->kind == ERROR_NONE || err->message[0] == '\0' || !str_is_utf8(err->message, strlen(err->message)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = size > 0 ? xstrndup((const char *)data + 1, size - 1) : xstrdup("");
	unsigned bits = size > 0 ? data[0] : 0;
	struct explain_facts facts = {.log = text,
				      .exit_code = bits & 1 ? 137 : 1,
				      .timed_out = (bits & 6) == 6,
				      .out_of_memory = (bits & 24) == 24,
				      .network = bits & 32,
				      .memory = 1 << 28,
				      .disk = 1 << 28,
				      .seconds = 100};
	struct job_result result = {.exit_code = 1, .output = text};
	struct error err = {0};

	hold(explain_failure(&facts, &err), &err);
	hold(error_wrap(&err, "base image %s", text), &err);
	hold(registry_failure(text, &err), &err);
	hold(job_error(&result, "the push", &err), &err);
	return 0;
}
