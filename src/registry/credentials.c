#include "registry/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/util.h"

#define FILE_MAX_BYTES ((size_t)1024 * 1024)

void credentials_free(char *user)
{
	if (user != NULL)
		sodium_memzero(user, strlen(user));
	free(user);
}

/* Base64 of "name:password"; NULL: it is none. */
static char *decode(const char *text)
{
	size_t size = strlen(text);
	char *plain = xmalloc(size + 1);
	size_t length = 0;

	if (sodium_base642bin((unsigned char *)plain, size, text, size, " \r\n", &length, NULL, sodium_base64_VARIANT_ORIGINAL) < 0 ||
	    memchr(plain, '\0', length) != NULL || memchr(plain, ':', length) == NULL) {
		free(plain);
		return NULL;
	}
	plain[length] = '\0';
	return plain;
}

/* "https://host:port/v1/" and "host:port" both name the host; a key of a deeper folder is another's. */
static bool names_host(const char *key, const char *host)
{
	const char *start = strstr(key, "://");
	size_t length = strlen(host);

	start = start != NULL ? start + 3 : key;
	if (strncmp(start, host, length) != 0)
		return false;
	return start[length] == '\0' || (start[length] == '/' && (start[length + 1] == '\0' || start[length + 1] == 'v'));
}

int credentials_read(const char *authfile, const char *host, char **ret_user, struct error *err)
{
	auto_buf struct buf text = BUF_INIT;
	json_error_t fault;
	json_t *root, *entry;
	const char *key;
	int r;

	*ret_user = NULL;
	r = file_read(AT_FDCWD, authfile, FILE_MAX_BYTES, &text);
	if (r < 0)
		return error_errno(err, r, "cannot read [registry] authfile %s", authfile);
	root = json_loadb(text.data != NULL ? text.data : "", text.length, 0, &fault);
	sodium_memzero(text.data, text.length);
	if (!json_is_object(root)) {
		json_decref(root);
		return error_set(err, ERROR_INVALID, EINVAL, "[registry] authfile %s is no containers-auth.json", authfile);
	}
	json_object_foreach(json_object_get(root, "auths"), key, entry)
	{
		const char *auth = json_string_value(json_object_get(entry, "auth"));

		if (!names_host(key, host))
			continue;
		*ret_user = auth != NULL ? decode(auth) : NULL;
		if (*ret_user == NULL)
			r = error_set(err, ERROR_INVALID, EINVAL, "[registry] authfile %s has no password for %s that we can read", authfile,
				      host);
		break;
	}
	json_decref(root);
	return r;
}
