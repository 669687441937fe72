#include "registry/names.h"

#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz0123456789"
#define WORD  LOWER "ABCDEFGHIJKLMNOPQRSTUVWXYZ_"

/* What may stand between two runs of letters and digits: ".", "_", "__", or hyphens. 0: something else. */
static size_t separator(const char *s)
{
	if (s[0] == '.')
		return 1;
	if (s[0] == '_')
		return s[1] == '_' ? 2 : 1;
	return strspn(s, "-");
}

bool registry_repository_is_valid(const char *name)
{
	const char *p = name;

	if (strlen(name) > REGISTRY_REPOSITORY_MAX)
		return false;
	for (;;) {
		size_t run = strspn(p, LOWER);

		if (run == 0)
			return false;
		p += run;
		if (*p == '\0')
			return true;
		run = *p == '/' ? 1 : separator(p);
		if (run == 0)
			return false;
		p += run;
	}
}

bool registry_tag_is_valid(const char *tag)
{
	size_t length = strlen(tag);

	return length > 0 && length <= REGISTRY_TAG_MAX && tag[0] != '.' && tag[0] != '-' && strspn(tag, WORD ".-") == length;
}

bool registry_digest_is_valid(const char *digest)
{
	return strlen(digest) == REGISTRY_DIGEST_SIZE - 1 && strncmp(digest, "sha256:", 7) == 0 &&
	       strspn(digest + 7, "0123456789abcdef") == 64;
}
