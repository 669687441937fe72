#include "auth/profile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "auth/fetch.h"
#include "base/str.h"
#include "base/util.h"

#define USERNAME_MAX 200

void profile_fini(struct profile *profile)
{
	free(profile->subject);
	free(profile->username);
	free(profile->name);
	free(profile->email);
	memset(profile, 0, sizeof(*profile));
}

bool profile_email_is_usable(const char *email)
{
	const char *at = strchr(email, '@');

	if (at == NULL || at == email || at[1] == '\0' || strchr(at + 1, '@') != NULL ||
	    strlen(email) > PROFILE_EMAIL_MAX)
		return false;
	for (const char *p = email; *p != '\0'; p++)
		if ((unsigned char)*p <= 0x20 || *p == 0x7f || strchr("<>\",;:\\()[]", *p) != NULL)
			return false;
	return str_is_utf8(email, strlen(email));
}

static const char *claim(const json_t *token, const json_t *userinfo, const char *name, size_t max)
{
	const char *text = fetch_string(token, name, max);

	return text != NULL || userinfo == NULL ? text : fetch_string(userinfo, name, max);
}

static char *cut(const char *text, size_t max)
{
	char *copy;

	if (text == NULL)
		return NULL;
	copy = xmalloc(max + 1);
	str_copy(copy, max + 1, text);
	return copy;
}

/* The address and its mark come from one place: a mark beside another address says nothing. */
static void take_email(const json_t *claims, struct profile *profile)
{
	const char *email = fetch_string(claims, "email", PROFILE_EMAIL_MAX);

	if (profile->email != NULL || email == NULL || !profile_email_is_usable(email))
		return;
	profile->email = xstrdup(email);
	profile->email_verified = json_is_true(json_object_get(claims, "email_verified"));
}

int profile_from_claims(const json_t *token, const json_t *userinfo, struct profile *ret_profile, struct error *err)
{
	const char *subject = fetch_string(token, "sub", PROFILE_SUBJECT_MAX);
	const char *name;

	memset(ret_profile, 0, sizeof(*ret_profile));
	if (subject == NULL)
		return error_set(err, ERROR_UNAUTHENTICATED, EPROTO,
				 "the ID token says no sub, or one that is too long");
	/* OpenID Connect Core §5.3.2: else it may be somebody else's. */
	if (userinfo != NULL && !str_equal(subject, fetch_string(userinfo, "sub", PROFILE_SUBJECT_MAX)))
		return error_set(err, ERROR_UNAUTHENTICATED, EPROTO, "userinfo is about another sub than the ID token");
	ret_profile->subject = xstrdup(subject);
	ret_profile->username = cut(claim(token, userinfo, "preferred_username", USERNAME_MAX), USERNAME_MAX);
	if (ret_profile->username == NULL)
		ret_profile->username = cut(claim(token, userinfo, "nickname", USERNAME_MAX), USERNAME_MAX);
	name = claim(token, userinfo, "name", 1000);
	ret_profile->name = cut(name, PROFILE_NAME_MAX);
	take_email(token, ret_profile);
	if (userinfo != NULL)
		take_email(userinfo, ret_profile);
	return 0;
}
