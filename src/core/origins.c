#include "core/origins.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

#define LABEL_MAX 63

static bool is_host_character(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
}

/* Labels of RFC 1123 §2.1 between dots; gives how many, 0 for what is no host. */
static unsigned count_labels(const char *host, size_t length)
{
	unsigned labels = 0;
	size_t start = 0;

	for (size_t i = 0; i <= length; i++) {
		if (i < length && host[i] != '.') {
			if (!is_host_character(host[i]))
				return 0;
			continue;
		}
		if (i == start || i - start > LABEL_MAX || host[start] == '-' || host[i - 1] == '-')
			return 0;
		labels++;
		start = i + 1;
	}
	return labels;
}

static bool is_port(const char *text)
{
	uint64_t port;

	return *text >= '1' && *text <= '9' && str_to_u64(text, 65535, &port) == 0;
}

bool origin_is_embeddable(const char *origin)
{
	bool https = str_starts_with(origin, "https://");
	const char *host = origin + (https ? 8 : 7);
	bool wildcard;
	size_t length;

	if (strlen(origin) > ORIGIN_LENGTH_MAX || (!https && !str_starts_with(origin, "http://")))
		return false;
	wildcard = https && str_starts_with(host, "*.");
	host += wildcard ? 2 : 0;
	length = strcspn(host, ":");
	if (host[length] == ':' && !is_port(host + length + 1))
		return false;
	if (https)
		return count_labels(host, length) >= (wildcard ? 2 : 1);
	return (length == 9 && memcmp(host, "localhost", 9) == 0) || (length == 9 && memcmp(host, "127.0.0.1", 9) == 0);
}

void origins_append_frame_ancestors(struct buf *out, const char *list)
{
	auto_free char *copy = xstrdup(list != NULL ? list : "");
	char *rest = NULL;

	buf_append_string(out, "'self'");
	for (char *origin = strtok_r(copy, " ", &rest); origin != NULL; origin = strtok_r(NULL, " ", &rest))
		if (origin_is_embeddable(origin))
			buf_printf(out, " %s", origin);
}
