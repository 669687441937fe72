#include "auth/return_to.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/str.h"

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* The path without query and fragment, percent-decoded into `out` (RETURN_TO_MAX + 1). */
static bool decode_path(const char *path, char *out)
{
	size_t used = 0;

	for (const char *p = path; *p != '\0' && *p != '?' && *p != '#'; p++) {
		int high;
		int low;

		if (*p != '%') {
			out[used++] = *p;
			continue;
		}
		high = hex_value(p[1]);
		low = high >= 0 ? hex_value(p[2]) : -1;
		if (low < 0 || high * 16 + low < 0x20 || high * 16 + low == 0x7f)
			return false;
		out[used++] = (char)(high * 16 + low);
		p += 2;
	}
	out[used] = '\0';
	return true;
}

/* "/a/../b", "/." and the like. */
static bool has_dot_segment(const char *path)
{
	for (const char *p = strstr(path, "/."); p != NULL; p = strstr(p + 1, "/.")) {
		size_t dots = strspn(p + 1, ".");

		if (dots <= 2 && (p[1 + dots] == '/' || p[1 + dots] == '\0'))
			return true;
	}
	return false;
}

bool return_to_is_safe(const char *path)
{
	char decoded[RETURN_TO_MAX + 1];

	if (path == NULL || path[0] != '/' || strlen(path) > RETURN_TO_MAX)
		return false;
	for (const char *p = path; *p != '\0'; p++)
		if ((unsigned char)*p <= 0x20 || (unsigned char)*p >= 0x7f || *p == '\\')
			return false;
	if (!decode_path(path, decoded))
		return false;
	return strstr(decoded, "//") == NULL && strchr(decoded, '\\') == NULL && !has_dot_segment(decoded) &&
	       !str_starts_with(decoded, "/api/");
}
