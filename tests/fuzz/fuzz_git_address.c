#include <ctype.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent/build/git_address.h"
#include "base/cleanup.h"
#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Address, NUL, ref: what is let through can be no option, no other protocol, and no second word. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = xstrndup((const char *)data, size);
	size_t first = strlen(text);
	auto_free char *ref = first < size ? xstrndup((const char *)data + first + 1, size - first - 1) : xstrdup("");
	struct error err;

	if (git_url_check(text, &err) == 0) {
		if (strncmp(text, "https://", 8) != 0 || strlen(text) > GIT_URL_MAX || strchr(text, '@') != NULL || strchr(text, '#') != NULL)
			abort();
		for (const char *p = text; *p != '\0'; p++)
			if (!isgraph((unsigned char)*p))
				abort();
	}
	if (git_ref_check(ref, &err) == 0 && (ref[0] == '-' || ref[0] == '+' || strpbrk(ref, ": \n^") != NULL))
		abort();
	git_explain(text, *ref != '\0' ? ref : NULL, &err);
	return 0;
}
