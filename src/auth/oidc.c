#include "auth/oidc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "auth/id_token.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"

#define URL_LENGTH_MAX 2000

static bool lists(const json_t *metadata, const char *member, const char *value)
{
	const json_t *list = json_object_get(metadata, member);

	for (size_t i = 0; i < json_array_size(list); i++)
		if (str_equal(json_string_value(json_array_get(list, i)), value))
			return true;
	return false;
}

/* An address in the metadata; NULL and no error when it isn't there and need not. */
static int take_url(const json_t *metadata, const char *member, bool needed, bool plain, char **ret_url,
		    struct error *err)
{
	const char *url = fetch_string(metadata, member, URL_LENGTH_MAX);

	if (url == NULL && !needed)
		return 0;
	if (url == NULL || !fetch_may_ask(url, plain))
		return error_set(err, ERROR_MALFORMED, EPROTO, "the issuer's metadata has no usable %s", member);
	*ret_url = xstrdup(url);
	return 0;
}

static int check_metadata(const json_t *metadata, const char *issuer, struct error *err)
{
	const char *name = fetch_string(metadata, "issuer", URL_LENGTH_MAX);

	/* Discovery §4.3: exactly. */
	if (!str_equal(name, issuer))
		return error_set(err, ERROR_MALFORMED, EPROTO,
				 "the issuer calls itself %.200s; write it so in the configuration",
				 name != NULL ? name : "nothing");
	if (json_object_get(metadata, "response_types_supported") != NULL &&
	    !lists(metadata, "response_types_supported", "code"))
		return error_set(err, ERROR_MALFORMED, EPROTO, "the issuer does not offer the authorization code flow");
	if (json_object_get(metadata, "code_challenge_methods_supported") != NULL &&
	    !lists(metadata, "code_challenge_methods_supported", "S256"))
		return error_set(err, ERROR_MALFORMED, EPROTO, "the issuer does not offer PKCE with S256");
	return 0;
}

int oidc_parse_metadata(const char *data, size_t length, const char *issuer, bool plain,
			struct endpoints *ret_endpoints, struct error *err)
{
	json_t *metadata = fetch_parse(data, length, false, err);
	int r;

	memset(ret_endpoints, 0, sizeof(*ret_endpoints));
	if (metadata == NULL)
		return error_wrap(err, "the issuer's metadata");
	r = check_metadata(metadata, issuer, err);
	if (r == 0)
		r = take_url(metadata, "authorization_endpoint", true, plain, &ret_endpoints->authorization, err);
	if (r == 0)
		r = take_url(metadata, "token_endpoint", true, plain, &ret_endpoints->token, err);
	if (r == 0)
		r = take_url(metadata, "jwks_uri", true, plain, &ret_endpoints->keys, err);
	if (r == 0)
		r = take_url(metadata, "userinfo_endpoint", false, plain, &ret_endpoints->userinfo, err);
	/* Not said: client_secret_basic (Discovery §3). */
	ret_endpoints->secret_in_form =
		lists(metadata, "token_endpoint_auth_methods_supported", "client_secret_post") &&
		!lists(metadata, "token_endpoint_auth_methods_supported", "client_secret_basic");
	ret_endpoints->names_itself =
		json_is_true(json_object_get(metadata, "authorization_response_iss_parameter_supported"));
	json_decref(metadata);
	if (r < 0)
		endpoints_fini(ret_endpoints);
	return r;
}

static int discover(const struct provider *provider, const struct fetcher *fetcher, struct endpoints *ret_endpoints,
		    struct error *err)
{
	size_t length = strlen(provider->issuer);
	auto_free char *url =
		xasprintf("%.*s/.well-known/openid-configuration",
			  (int)(length - (str_ends_with(provider->issuer, "/") ? 1 : 0)), provider->issuer);
	const struct fetch fetch = {.url = url};
	auto_buf struct buf body = BUF_INIT;
	unsigned status = 0;
	int r = fetch_run(fetcher, &fetch, &status, &body, err);

	if (r < 0)
		return r;
	if (status != 200)
		return error_set(err, ERROR_UNAVAILABLE, EPROTO, "%.200s answered %u", url, status);
	return oidc_parse_metadata(body.data, body.length, provider->issuer, provider->plain, ret_endpoints, err);
}

/* With the keys that are kept, and once more with newer ones when the token's key is not among them (the issuer has
 * changed its keys). */
static int verify(struct provider *provider, const struct fetcher *fetcher, const struct endpoints *endpoints,
		  const char *token, const char *nonce, json_t **ret_claims, struct error *err)
{
	const struct id_token_rules rules = {.issuer = provider->issuer,
					     .client_id = provider->client_id,
					     .nonce = nonce,
					     .now_ms = clock_realtime_ms()};
	int r = -ENOKEY;

	for (int round = 0; round < 2 && r == -ENOKEY; round++) {
		json_t *keys = NULL;

		r = provider_keys(provider, fetcher, endpoints, round > 0, &keys, err);
		if (r < 0)
			return r == -ENOKEY ? -EPROTO : r;
		r = id_token_verify(token, keys, &rules, ret_claims, err);
		json_decref(keys);
	}
	return r;
}

static int ask_userinfo(const struct fetcher *fetcher, const struct endpoints *endpoints, const char *access_token,
			json_t **ret_userinfo, struct error *err)
{
	auto_free char *authorization = xasprintf("Bearer %s", access_token);
	const struct fetch fetch = {.url = endpoints->userinfo, .authorization = authorization};
	auto_buf struct buf body = BUF_INIT;
	unsigned status = 0;
	int r = fetch_run(fetcher, &fetch, &status, &body, err);

	if (r < 0)
		return r;
	if (status != 200)
		return error_set(err, status >= 500 ? ERROR_UNAVAILABLE : ERROR_MALFORMED, EPROTO,
				 "userinfo answered %u", status);
	*ret_userinfo = fetch_parse(body.data, body.length, false, err);
	return *ret_userinfo != NULL ? 0 : error_wrap(err, "userinfo");
}

static int identify(struct provider *provider, const struct fetcher *fetcher, const struct endpoints *endpoints,
		    const struct grant *grant, const char *nonce, struct profile *ret_profile, struct error *err)
{
	json_t *claims = NULL;
	json_t *userinfo = NULL;
	int r;

	if (grant->id_token == NULL)
		return error_set(err, ERROR_UNAUTHENTICATED, EPROTO,
				 "the provider gave no ID token; is the scope openid asked for?");
	r = verify(provider, fetcher, endpoints, grant->id_token, nonce, &claims, err);
	/* Many issuers put no more into the token than who it is. */
	if (r == 0 && endpoints->userinfo != NULL &&
	    (json_object_get(claims, "email") == NULL || json_object_get(claims, "preferred_username") == NULL))
		r = ask_userinfo(fetcher, endpoints, grant->access_token, &userinfo, err);
	if (r == 0)
		r = profile_from_claims(claims, userinfo, ret_profile, err);
	json_decref(claims);
	json_decref(userinfo);
	return r;
}

const struct provider_kind provider_oidc = {.name = "oidc",
					    .scopes = "openid profile email",
					    .discover = discover,
					    .identify = identify};

const struct provider_kind provider_google = {
	.name = "google",
	.issuer = "https://accounts.google.com",
	.label = "Google",
	.scopes = "openid profile email",
	.discover = discover,
	.identify = identify,
};
