#include "agent/build/git_address.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

static bool is_host(const char *host, size_t length)
{
	bool dot = false;

	if (length == 0 || length > 253 || host[0] == '-' || host[0] == '.' || host[length - 1] == '.')
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)host[i]) && host[i] != '-' && host[i] != '.')
			return false;
		dot = dot || host[i] == '.';
	}
	return dot;
}

int git_url_check(const char *url, struct error *err)
{
	const char *host, *path, *port;
	size_t length = strnlen(url, GIT_URL_MAX + 1);
	uint64_t number;

	if (length > GIT_URL_MAX)
		return error_set(err, ERROR_INVALID, EINVAL, "the address is longer than %d characters", GIT_URL_MAX);
	for (size_t i = 0; i < length; i++)
		if (!isgraph((unsigned char)url[i]) || strchr("\\\"'`<>^{|}@?#", url[i]) != NULL)
			return error_set(err, ERROR_INVALID, EINVAL,
					 "the address must be plain: https://HOST/PATH without user, query or other signs");
	if (!str_starts_with(url, "https://"))
		return error_set(err, ERROR_INVALID, EINVAL, "the address must begin with https://");
	host = url + strlen("https://");
	path = host + strcspn(host, "/");
	port = memchr(host, ':', (size_t)(path - host));
	if (!is_host(host, (size_t)((port != NULL ? port : path) - host)))
		return error_set(err, ERROR_INVALID, EINVAL, "the address names no host");
	if (port != NULL) {
		char text[6];

		if (path - port - 1 > 5)
			return error_set(err, ERROR_INVALID, EINVAL, "the address has no port that can be");
		str_copy(text, (size_t)(path - port), port + 1);
		if (str_to_u64(text, 65535, &number) < 0 || number == 0)
			return error_set(err, ERROR_INVALID, EINVAL, "the address has no port that can be");
	}
	if (strlen(path) < 2)
		return error_set(err, ERROR_INVALID, EINVAL, "the address names no repository");
	return 0;
}

int git_ref_check(const char *ref, struct error *err)
{
	size_t length = strnlen(ref, GIT_REF_MAX + 1);
	bool good = length >= 1 && length <= GIT_REF_MAX && strchr("-./", ref[0]) == NULL && strstr(ref, "..") == NULL &&
		    strstr(ref, "@{") == NULL && strstr(ref, "//") == NULL && strstr(ref, "/.") == NULL && !str_equal(ref, "@") &&
		    !str_ends_with(ref, ".lock") && !str_ends_with(ref, "/") && !str_ends_with(ref, ".");

	for (size_t i = 0; good && i < length; i++)
		good = (unsigned char)ref[i] > ' ' && ref[i] != 0x7f && strchr("~^:?*[\\+", ref[i]) == NULL;
	if (!good)
		return error_set(err, ERROR_INVALID, EINVAL, "this can be no branch, tag or commit of Git");
	return 0;
}

int git_explain(const char *output, const char *ref, struct error *err)
{
	static const struct {
		const char *sign;
		enum error_kind kind;
		const char *message;
	} causes[] = {
		{"could not read Username", ERROR_NOT_FOUND, "there is no such repository, or it is not public"},
		{"Authentication failed", ERROR_NOT_FOUND, "there is no such repository, or it is not public"},
		{"The requested URL returned error: 403", ERROR_NOT_FOUND, "there is no such repository, or it is not public"},
		{"The requested URL returned error: 404", ERROR_NOT_FOUND, "there is no such repository, or it is not public"},
		{"repository '", ERROR_NOT_FOUND, "there is no such repository, or it is not public"},
		{"Could not resolve host", ERROR_NOT_FOUND, "the host's name cannot be resolved; check the address"},
		{"Failed to connect", ERROR_UNAVAILABLE, "the host does not answer: only public addresses can be reached"},
		{"Couldn't connect", ERROR_UNAVAILABLE, "the host does not answer: only public addresses can be reached"},
		{"timed out", ERROR_UNAVAILABLE, "the host does not answer: only public addresses can be reached"},
		{"Operation too slow", ERROR_UNAVAILABLE, "the host sends too slowly; try again later"},
		{"certificate", ERROR_UNAVAILABLE, "the host's certificate is not one that can be trusted"},
		{"disabled in libcurl", ERROR_INVALID, "the host leads to an address that is not https"},
		{"transport 'http' not allowed", ERROR_INVALID, "the host leads to an address that is not https"},
		{"No space left on device", ERROR_TOO_LARGE, "the repository is larger than what may be fetched"},
		{"early EOF", ERROR_UNAVAILABLE, "the connection broke; try again"},
		{"the remote end hung up", ERROR_UNAVAILABLE, "the connection broke; try again"},
		{"not valid: is this a git repository", ERROR_NOT_FOUND, "there is no Git repository at that address"},
	};

	if (strstr(output, "couldn't find remote ref") != NULL || strstr(output, "not our ref") != NULL ||
	    strstr(output, "unadvertised object") != NULL)
		return error_set(err, ERROR_NOT_FOUND, ENOENT,
				 ref != NULL ? "the repository has no branch, tag or commit %.100s" : "the repository is empty", ref);
	for (size_t i = 0; i < ARRAY_SIZE(causes); i++)
		if (strstr(output, causes[i].sign) != NULL)
			return error_set(err, causes[i].kind, EREMOTEIO, "%s", causes[i].message);
	return error_set(err, ERROR_UNAVAILABLE, EREMOTEIO, "git could not fetch the repository");
}
