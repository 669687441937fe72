#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/build/dockerfile.h"
#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whatever the text is: what is found stays within the limits, and text with lines added behind FROM is read the same way. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_buf struct buf copy = BUF_INIT;
	auto_buf struct buf longer = BUF_INIT;
	struct dockerfile file, again;
	struct error err;

	buf_append(&copy, data, size);
	if (dockerfile_scan(copy.data != NULL ? copy.data : "", size, &file, &err) < 0)
		return 0;
	if (file.base_count > DOCKERFILE_BASES_MAX || file.last >= (int)file.base_count)
		abort();
	dockerfile_after_from(copy.data, size, "LABEL a=b\n", &longer);
	if (longer.length < size)
		abort();
	if (dockerfile_scan(longer.data, longer.length, &again, &err) < 0) {
		/* The added lines may only push it over the size limit. */
		if (longer.length <= DOCKERFILE_SIZE_MAX)
			abort();
		dockerfile_fini(&file);
		return 0;
	}
	if (again.base_count != file.base_count || again.last != file.last)
		abort();
	for (size_t i = 0; i < file.base_count; i++)
		if (strcmp(file.bases[i], again.bases[i]) != 0)
			abort();
	dockerfile_fini(&again);
	dockerfile_fini(&file);
	return 0;
}
