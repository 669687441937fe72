#include "auth/github.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

#define PUBLIC_GITHUB "https://github.com"

int github_parse_user(const char *data, size_t length, struct profile *ret_profile, struct error *err)
{
	json_t *user = fetch_parse(data, length, false, err);
	const json_t *id = json_object_get(user, "id");
	const char *login = fetch_string(user, "login", 200);
	const char *name = fetch_string(user, "name", 1000);

	memset(ret_profile, 0, sizeof(*ret_profile));
	if (user == NULL)
		return error_wrap(err, "GitHub's user");
	if (!json_is_integer(id) || json_integer_value(id) <= 0) {
		json_decref(user);
		return error_set(err, ERROR_MALFORMED, EPROTO, "GitHub's user has no id");
	}
	ret_profile->subject = xasprintf("%" JSON_INTEGER_FORMAT, json_integer_value(id));
	ret_profile->username = xstrdup(login);
	if (name != NULL) {
		ret_profile->name = xmalloc(PROFILE_NAME_MAX + 1);
		str_copy(ret_profile->name, PROFILE_NAME_MAX + 1, name);
	}
	json_decref(user);
	return 0;
}

int github_parse_emails(const char *data, size_t length, struct profile *profile, struct error *err)
{
	json_t *list = fetch_parse(data, length, true, err);

	if (list == NULL)
		return error_wrap(err, "GitHub's e-mail addresses");
	for (size_t i = 0; i < json_array_size(list) && profile->email == NULL; i++) {
		const json_t *entry = json_array_get(list, i);
		const char *email = fetch_string(entry, "email", PROFILE_EMAIL_MAX);

		if (email == NULL || !json_is_true(json_object_get(entry, "primary")) ||
		    !profile_email_is_usable(email))
			continue;
		profile->email = xstrdup(email);
		profile->email_verified = json_is_true(json_object_get(entry, "verified"));
	}
	json_decref(list);
	return 0;
}

/* Its addresses are known; those of a GitHub of one's own have the same paths. */
static int discover(const struct provider *provider, const struct fetcher *fetcher, struct endpoints *ret_endpoints,
		    struct error *err)
{
	(void)fetcher, (void)err;
	*ret_endpoints = (struct endpoints){
		.authorization = xasprintf("%s/login/oauth/authorize", provider->issuer),
		.token = xasprintf("%s/login/oauth/access_token", provider->issuer),
		.userinfo = strcmp(provider->issuer, PUBLIC_GITHUB) == 0
				    ? xstrdup("https://api.github.com/user")
				    : xasprintf("%s/api/v3/user", provider->issuer),
		.secret_in_form = true,
	};
	return 0;
}

static int ask(const struct fetcher *fetcher, const char *url, const char *access_token, struct buf *body,
	       struct error *err)
{
	auto_free char *authorization = xasprintf("Bearer %s", access_token);
	const struct fetch fetch = {.url = url, .authorization = authorization};
	unsigned status = 0;
	int r = fetch_run(fetcher, &fetch, &status, body, err);

	if (r < 0)
		return r;
	if (status == 401)
		return error_set(err, ERROR_UNAUTHENTICATED, EACCES, "%.200s does not take its own token", url);
	if (status != 200)
		return error_set(err, status >= 500 ? ERROR_UNAVAILABLE : ERROR_MALFORMED, EPROTO, "%.200s answered %u",
				 url, status);
	return 0;
}

static int identify(struct provider *provider, const struct fetcher *fetcher, const struct endpoints *endpoints,
		    const struct grant *grant, const char *nonce, struct profile *ret_profile, struct error *err)
{
	auto_free char *emails_url = xasprintf("%s/emails", endpoints->userinfo);
	auto_buf struct buf user = BUF_INIT;
	auto_buf struct buf emails = BUF_INIT;
	int r;

	(void)provider, (void)nonce; /* no ID token, so nothing that carries it */
	r = ask(fetcher, endpoints->userinfo, grant->access_token, &user, err);
	if (r == 0)
		r = github_parse_user(user.data, user.length, ret_profile, err);
	if (r < 0)
		return r;
	r = ask(fetcher, emails_url, grant->access_token, &emails, err);
	if (r == 0)
		r = github_parse_emails(emails.data, emails.length, ret_profile, err);
	if (r < 0)
		profile_fini(ret_profile);
	return r;
}

const struct provider_kind provider_github = {
	.name = "github",
	.issuer = PUBLIC_GITHUB,
	.label = "GitHub",
	.scopes = "read:user user:email",
	.discover = discover,
	.identify = identify,
};
