#include "core/reference.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool is_lower_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_word(char c)
{
	return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z') || c == '_';
}

/* domain-component ["." …] [":" port]; an IPv6 address in brackets is not taken: registries have names. */
static bool host_is_valid(const char *host)
{
	const char *colon = strchr(host, ':');
	size_t length = colon != NULL ? (size_t)(colon - host) : strlen(host);

	if (length == 0 || host[0] == '-' || host[0] == '.' || host[length - 1] == '-' || host[length - 1] == '.')
		return false;
	for (size_t i = 0; i < length; i++) {
		if (host[i] == '_' || !(is_word(host[i]) || host[i] == '-' || host[i] == '.'))
			return false;
		if (host[i] == '.' && host[i + 1] == '.')
			return false;
	}
	if (colon == NULL)
		return true;
	length = strlen(colon + 1);
	return length >= 1 && length <= 5 && strspn(colon + 1, "0123456789") == length;
}

/* path-component ["/" …]; within a component: [a-z0-9]+ with ".", "_", "__" or "-"s between. */
static bool path_is_valid(const char *path)
{
	bool after_word = false;

	for (const char *p = path; *p != '\0';) {
		if (is_lower_or_digit(*p)) {
			after_word = true;
			p++;
			continue;
		}
		if (!after_word)
			return false;
		after_word = false;
		if (*p == '/' || *p == '.')
			p++;
		else if (*p == '_')
			p += p[1] == '_' ? 2 : 1;
		else if (*p == '-')
			p += strspn(p, "-");
		else
			return false;
	}
	return after_word;
}

static bool tag_is_fit(const char *tag)
{
	size_t length = strlen(tag);

	if (length == 0 || length > 128 || !is_word(tag[0]))
		return false;
	for (size_t i = 1; i < length; i++)
		if (!is_word(tag[i]) && tag[i] != '.' && tag[i] != '-')
			return false;
	return true;
}

static bool digest_is_fit(const char *digest)
{
	return strncmp(digest, "sha256:", 7) == 0 && strlen(digest) == 71 && strspn(digest + 7, "0123456789abcdef") == 64;
}

/* The first component is a host when it could not be a path: it has a dot or a port, or is "localhost". */
static bool looks_like_host(const char *text, size_t length)
{
	return memchr(text, '.', length) != NULL || memchr(text, ':', length) != NULL ||
	       (length == 9 && memcmp(text, "localhost", 9) == 0);
}

static int refuse(struct error *err, const char *what)
{
	return error_set(err, ERROR_INVALID, EINVAL, "not an image reference: %s", what);
}

int reference_parse(const char *text, struct reference *ret_reference, struct error *err)
{
	struct reference reference = {0};
	char rest[REFERENCE_MAX + 1];
	char *path = rest;
	char *at;
	char *slash;
	char *colon;

	if (strlen(text) > REFERENCE_MAX)
		return refuse(err, "it is too long");
	strcpy(rest, text);
	at = strchr(path, '@');
	if (at != NULL) {
		*at = '\0';
		if (!digest_is_fit(at + 1))
			return refuse(err, "the part behind @ must be sha256: and 64 hexadecimal digits");
		strcpy(reference.digest, at + 1);
	}
	slash = strchr(path, '/');
	if (slash != NULL && looks_like_host(path, (size_t)(slash - path))) {
		*slash = '\0';
		if (strlen(path) >= sizeof(reference.host) || !host_is_valid(path))
			return refuse(err, "the registry's host is not a host name");
		strcpy(reference.host, path);
		path = slash + 1;
	}
	colon = strchr(path, ':');
	if (colon != NULL) {
		*colon = '\0';
		if (!tag_is_fit(colon + 1))
			return refuse(err, "the tag may have letters, digits, '.', '_' and '-'");
		strcpy(reference.tag, colon + 1);
	}
	if (strlen(path) >= sizeof(reference.path) || !path_is_valid(path))
		return refuse(err, "the name may have a-z, 0-9, and '.', '_', '-' between them");
	strcpy(reference.path, path);
	*ret_reference = reference;
	return 0;
}
