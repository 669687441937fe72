/* What comes from a provider, and where a browser asks to go back to: the first byte chooses between an issuer's
 * metadata, the token endpoint's answer, userinfo, GitHub's answers, an ID token, a key set, and return_to. */
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/fetch.h"
#include "auth/github.h"
#include "auth/id_token.h"
#include "auth/oauth.h"
#include "auth/oidc.h"
#include "auth/profile.h"
#include "auth/return_to.h"
#include "base/util.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A P-256 key whose private half nobody has kept. */
#define KEYS                                                                                                           \
	"{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":\"e\",\"x\":"                                            \
	"\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\",\"y\":"                                                       \
	"\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}]}"
#define TOKEN                                                                                                          \
	"eyJhbGciOiJFUzI1NiJ9."                                                                                        \
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."              \
	"DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"

static const struct id_token_rules rules = {.issuer = "joe",
					    .client_id = "us",
					    .nonce = "n",
					    .now_ms = INT64_C(1300819000000)};

static void try_metadata(const char *text, size_t length)
{
	struct endpoints endpoints;

	if (oidc_parse_metadata(text, length, "https://i.example", false, &endpoints, NULL) < 0)
		return;
	if (!fetch_may_ask(endpoints.authorization, false) || !fetch_may_ask(endpoints.token, false) ||
	    !fetch_may_ask(endpoints.keys, false))
		abort();
	endpoints_fini(&endpoints);
}

static void try_grant(const char *text, size_t length)
{
	struct error err = {0};
	struct grant grant;

	if (oauth_parse_grant(text, length, 200, &grant, &err) == 0 && grant.access_token == NULL)
		abort();
	grant_fini(&grant);
	oauth_parse_grant(text, length, 400, &grant, &err);
	grant_fini(&grant);
}

static void try_claims(const char *text, size_t length)
{
	json_t *claims = fetch_parse(text, length, false, NULL);
	struct profile profile;

	if (claims != NULL && profile_from_claims(claims, claims, &profile, NULL) == 0) {
		if (profile.email != NULL && !profile_email_is_usable(profile.email))
			abort();
		profile_fini(&profile);
	}
	json_decref(claims);
}

static void try_github(const char *text, size_t length)
{
	struct profile profile = {0};

	if (github_parse_user(text, length, &profile, NULL) == 0)
		profile_fini(&profile);
	github_parse_emails(text, length, &profile, NULL);
	profile_fini(&profile);
}

/* Nothing that is made up here carries a signature of that key. */
static void try_token(const char *token, const json_t *keys)
{
	json_t *claims = NULL;

	if (keys != NULL && id_token_verify(token, keys, &rules, &claims, NULL) == 0)
		abort();
}

static void try_return_to(const char *path)
{
	if (return_to_is_safe(path) &&
	    (path[0] != '/' || path[1] == '/' || path[1] == '\\' || strpbrk(path, "\r\n\\ ") != NULL))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char kind = size > 0 ? (char)data[0] : 'm';
	size_t length = size > 0 ? size - 1 : 0;
	char *text = xstrndup(size > 0 ? (const char *)data + 1 : "", length);
	json_t *keys = kind == 'k' ? json_loadb(text, strlen(text), 0, NULL) : json_loads(KEYS, 0, NULL);

	length = strlen(text);
	if (kind == 'm')
		try_metadata(text, length);
	else if (kind == 'g')
		try_grant(text, length);
	else if (kind == 'u')
		try_claims(text, length);
	else if (kind == 'h')
		try_github(text, length);
	else if (kind == 'r')
		try_return_to(text);
	else
		try_token(kind == 'k' ? TOKEN : text, keys);
	json_decref(keys);
	free(text);
	return 0;
}
