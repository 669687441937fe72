#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "db/db.h"

#define SCHEME "mariadb://"

/* Where user:password stands in the address: from SCHEME to the "@", which is *ret_end; NULL when there is none. */
static const char *login_of(const char *url, const char **ret_end)
{
	const char *start = url + strlen(SCHEME);
	size_t length;

	if (!str_starts_with(url, SCHEME))
		return NULL;
	length = strcspn(start, "/");
	*ret_end = memchr(start, '@', length);
	return *ret_end != NULL ? start : NULL;
}

int db_url_with_password(const char *url, const char *password, size_t length, char **ret_url, struct error *err)
{
	const char *at = NULL;
	const char *login = login_of(url, &at);
	size_t before;
	char *out;
	char *end;

	if (login == NULL)
		return error_set(err, ERROR_INVALID, EINVAL, "a password needs an address with a user: mariadb://user@host/database");
	if (memchr(login, ':', (size_t)(at - login)) != NULL)
		return error_set(err, ERROR_INVALID, EINVAL, "the address holds a password already");
	before = (size_t)(at - url);
	out = xmalloc(strlen(url) + 1 + 3 * length + 1);
	memcpy(out, url, before);
	end = out + before;
	*end++ = ':';
	for (size_t i = 0; i < length; i++)
		end += sprintf(end, "%%%02X", (unsigned char)password[i]);
	strcpy(end, at);
	*ret_url = out;
	return 0;
}

char *db_url_without_password(const char *url)
{
	const char *at = NULL;
	const char *login = login_of(url, &at);
	const char *colon = login != NULL ? memchr(login, ':', (size_t)(at - login)) : NULL;

	if (colon == NULL)
		return xstrdup(url);
	return xasprintf("%.*s%s", (int)(colon - url), url, at);
}
