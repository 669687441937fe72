#include "registry/challenge.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/* Reads a token or a quoted string to `out`; gives what stands behind it, NULL: it is none, or too long. */
static const char *read_value(const char *p, char *out, size_t size)
{
	bool quoted = *p == '"';
	size_t n = 0;

	if (quoted)
		p++;
	while (*p != '\0' && (quoted ? *p != '"' : strchr(", \t", *p) == NULL)) {
		if (quoted && p[0] == '\\' && p[1] != '\0')
			p++;
		if (n + 1 >= size || (unsigned char)*p < 0x20)
			return NULL;
		out[n++] = *p++;
	}
	out[n] = '\0';
	if (quoted && *p++ != '"')
		return NULL;
	return p;
}

static const char *read_parameter(const char *p, struct challenge *challenge)
{
	char ignored[1024];
	size_t length = strcspn(p, "=, \t");

	if (p[length] != '=')
		return NULL;
	if (length == 5 && strncasecmp(p, "realm", length) == 0)
		return read_value(p + length + 1, challenge->realm, sizeof(challenge->realm));
	if (length == 7 && strncasecmp(p, "service", length) == 0)
		return read_value(p + length + 1, challenge->service, sizeof(challenge->service));
	if (length == 5 && strncasecmp(p, "scope", length) == 0)
		return read_value(p + length + 1, challenge->scope, sizeof(challenge->scope));
	return read_value(p + length + 1, ignored, sizeof(ignored));
}

int challenge_parse(const char *text, struct challenge *ret_challenge)
{
	struct challenge challenge = {0};
	const char *p = text + strcspn(text, " \t");
	size_t length = (size_t)(p - text);

	if (length == 6 && strncasecmp(text, "Bearer", length) == 0)
		challenge.bearer = true;
	else if (length != 5 || strncasecmp(text, "Basic", length) != 0)
		return -EINVAL;
	while (*(p += strspn(p, ", \t")) != '\0')
		if ((p = read_parameter(p, &challenge)) == NULL)
			return -EINVAL;
	if (challenge.bearer && challenge.realm[0] == '\0')
		return -EINVAL;
	*ret_challenge = challenge;
	return 0;
}
