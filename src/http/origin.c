#include "http/origin.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/util.h"

struct site {
	bool https;
	const char *host; /* not terminated; with the brackets of an IPv6 address */
	size_t host_length;
	const char *port; /* "" for the scheme's own */
	size_t port_length;
};

/* Splits "host[:port]" to its end. */
static bool split_host(const char *text, struct site *site)
{
	const char *end = text + strlen(text);
	const char *colon;

	if (*text == '[') {
		const char *bracket = strchr(text, ']');

		if (bracket == NULL)
			return false;
		colon = bracket + 1;
	} else {
		colon = text + strcspn(text, ":");
	}
	if (*colon != '\0' && *colon != ':')
		return false;
	site->host = text;
	site->host_length = (size_t)(colon - text);
	site->port = *colon == ':' ? colon + 1 : end;
	site->port_length = (size_t)(end - site->port);
	for (size_t i = 0; i < site->port_length; i++)
		if (!isdigit((unsigned char)site->port[i]))
			return false;
	return site->host_length > 0 && strpbrk(text, "/?#@ ") == NULL;
}

static bool split_origin(const char *text, struct site *site)
{
	if (strncasecmp(text, "http://", 7) == 0) {
		site->https = false;
		return split_host(text + 7, site);
	}
	site->https = strncasecmp(text, "https://", 8) == 0;
	return site->https && split_host(text + 8, site);
}

static bool port_equal(const struct site *a, const struct site *b)
{
	const char *a_port = a->port_length > 0 ? a->port : a->https ? "443" : "80";
	const char *b_port = b->port_length > 0 ? b->port : b->https ? "443" : "80";
	size_t a_length = a->port_length > 0 ? a->port_length : strlen(a_port);
	size_t b_length = b->port_length > 0 ? b->port_length : strlen(b_port);

	return a_length == b_length && memcmp(a_port, b_port, a_length) == 0;
}

static bool host_equal(const struct site *a, const struct site *b)
{
	return a->host_length == b->host_length && strncasecmp(a->host, b->host, a->host_length) == 0;
}

/* A name that a stranger's DNS server has no say in. */
static bool cannot_be_rebound(const struct site *site)
{
	char host[64];
	struct in_addr v4;

	if (site->host[0] == '[')
		return true;
	if (site->host_length >= sizeof(host))
		return false;
	memcpy(host, site->host, site->host_length);
	host[site->host_length] = '\0';
	if (inet_pton(AF_INET, host, &v4) == 1 || strcasecmp(host, "localhost") == 0)
		return true;
	return site->host_length > 10 && strcasecmp(host + site->host_length - 10, ".localhost") == 0;
}

bool origin_is_ours(const char *origin, const char *host, const char *public_url, bool loopback)
{
	struct site from;
	struct site ours;

	if (origin == NULL || !split_origin(origin, &from))
		return false;
	if (public_url != NULL && *public_url != '\0')
		return split_origin(public_url, &ours) && from.https == ours.https && host_equal(&from, &ours) &&
		       port_equal(&from, &ours);
	if (host == NULL || !split_host(host, &ours))
		return false;
	ours.https = from.https; /* a proxy in front may have ended TLS; the browser knows which it was */
	if (!host_equal(&from, &ours) || !port_equal(&from, &ours))
		return false;
	return !loopback || cannot_be_rebound(&from);
}
