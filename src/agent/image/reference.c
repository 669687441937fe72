#include "agent/image/reference.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGIT "0123456789"

static int wrong(const char *s, const char *why, struct error *err)
{
	return error_set(err, ERROR_INVALID, EINVAL, "\"%.80s\" is no image reference: %s", s, why);
}

/* [a-z0-9]+ ( ( "." | "_" | "__" | "-"+ ) [a-z0-9]+ )* */
static bool is_path_component(const char *s, size_t length)
{
	size_t at = 0;

	for (;;) {
		size_t start = at, separator;

		while (at < length && strchr(LOWER DIGIT, s[at]) != NULL)
			at++;
		if (at == start)
			return false;
		if (at == length)
			return true;
		separator = at;
		if (s[at] == '.')
			at++;
		else if (s[at] == '_')
			at += at + 1 < length && s[at + 1] == '_' ? 2 : 1;
		else
			while (at < length && s[at] == '-')
				at++;
		if (at == separator)
			return false;
	}
}

static bool is_repository(const char *s, size_t length)
{
	if (length == 0 || length > REFERENCE_REPOSITORY_MAX)
		return false;
	for (size_t at = 0; at <= length;) {
		const char *slash = memchr(s + at, '/', length - at);
		size_t end = slash != NULL ? (size_t)(slash - s) : length;

		if (!is_path_component(s + at, end - at))
			return false;
		at = end + 1;
	}
	return true;
}

/* Components of letters, digits and inner hyphens, with dots between; or an IPv6 address in brackets. */
static bool is_host_name(const char *s, size_t length)
{
	bool start = true;

	if (length > 2 && s[0] == '[' && s[length - 1] == ']')
		return strspn(s + 1, "abcdefABCDEF:." DIGIT) == length - 2;
	for (size_t i = 0; i < length; i++) {
		if (s[i] == '.') {
			if (start || s[i - 1] == '-')
				return false;
			start = true;
		} else if (s[i] == '-') {
			if (start)
				return false;
		} else if (strchr(LOWER UPPER DIGIT, s[i]) != NULL) {
			start = false;
		} else {
			return false;
		}
	}
	return length > 0 && !start && s[length - 1] != '-';
}

static bool is_host(const char *s, size_t length)
{
	const char *bracket = memchr(s, ']', length);
	const char *from = bracket != NULL ? bracket : s;
	const char *colon = memchr(from, ':', length - (size_t)(from - s));
	char port[6] = "";
	uint64_t number;

	if (length == 0 || length > REFERENCE_HOST_MAX)
		return false;
	if (colon == NULL)
		return is_host_name(s, length);
	if (length - (size_t)(colon + 1 - s) >= sizeof(port))
		return false;
	memcpy(port, colon + 1, length - (size_t)(colon + 1 - s));
	return str_to_u64(port, 65535, &number) == 0 && number > 0 && is_host_name(s, (size_t)(colon - s));
}

/* What stands before the first slash is a host when it looks like one; "library/debian" has none. */
static size_t host_length(const char *s)
{
	size_t length = strcspn(s, "/");

	if (s[length] != '/')
		return 0;
	if (memchr(s, '.', length) != NULL || memchr(s, ':', length) != NULL || s[0] == '[' ||
	    (length == 9 && strncmp(s, "localhost", 9) == 0) || strcspn(s, UPPER) < length)
		return length;
	return 0;
}

static bool is_tag(const char *s, size_t length)
{
	return length > 0 && length <= REFERENCE_TAG_MAX && s[0] != '.' && s[0] != '-' &&
	       strspn(s, LOWER UPPER DIGIT "._-") >= length;
}

int reference_parse(const char *s, struct reference *ret, struct error *err)
{
	const char *at = strchr(s, '@');
	size_t length = at != NULL ? (size_t)(at - s) : strlen(s);
	size_t host = host_length(s);
	const char *name = s + (host > 0 ? host + 1 : 0);
	const char *colon;

	*ret = (struct reference){.host = ""};
	if (strlen(s) >= REFERENCE_MAX)
		return wrong(s, "it is too long", err);
	if (name > s + length)
		return wrong(s, "it has no name", err);
	length -= (size_t)(name - s);
	colon = memchr(name, ':', length);
	if (host > 0 && !is_host(s, host))
		return wrong(s, "its host is none", err);
	if (at != NULL && !digest_is_valid(at + 1))
		return wrong(s, "its digest must be sha256: and 64 hexadecimal digits", err);
	if (colon != NULL && !is_tag(colon + 1, length - (size_t)(colon + 1 - name)))
		return wrong(s, "its tag must be 1 to 128 of A-Za-z0-9_.-", err);
	if (colon != NULL) {
		memcpy(ret->tag, colon + 1, length - (size_t)(colon + 1 - name));
		length = (size_t)(colon - name);
	}
	if (!is_repository(name, length))
		return wrong(s, "its name must be of a-z0-9, with single separators . _ - inside and / between parts",
			     err);
	memcpy(ret->host, s, host);
	memcpy(ret->repository, name, length);
	if (at != NULL)
		memcpy(ret->digest, at + 1, sizeof(ret->digest));
	return 0;
}

void reference_print(const struct reference *reference, const char *host, char out[REFERENCE_MAX])
{
	const char *in = reference->host[0] != '\0' ? reference->host : host;

	if (reference->digest[0] != '\0')
		snprintf(out, REFERENCE_MAX, "%s/%s@%s", in, reference->repository, reference->digest);
	else
		snprintf(out, REFERENCE_MAX, "%s/%s:%s", in, reference->repository,
			 reference->tag[0] != '\0' ? reference->tag : "latest");
}
