#include "auth/oauth.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"

#define TOKEN_MAX ((size_t)16 * 1024)

static void percent_encode(struct buf *out, const char *text)
{
	for (const char *p = text; *p != '\0'; p++) {
		if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || (*p >= '0' && *p <= '9') ||
		    strchr("-._~", *p) != NULL)
			buf_append_char(out, *p);
		else
			buf_printf(out, "%%%02X", (unsigned char)*p);
	}
}

void oauth_add(struct buf *form, const char *name, const char *value)
{
	if (form->length > 0)
		buf_append_char(form, '&');
	buf_append_string(form, name);
	buf_append_char(form, '=');
	percent_encode(form, value);
}

void oauth_challenge(const char *verifier, char ret_challenge[OAUTH_CHALLENGE_SIZE])
{
	unsigned char hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256(hash, (const unsigned char *)verifier, strlen(verifier));
	sodium_bin2base64(ret_challenge, OAUTH_CHALLENGE_SIZE, hash, sizeof(hash),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

char *oauth_authorization_url(const struct provider *provider, const struct endpoints *endpoints,
			      const char *redirect_uri, const char *state, const char *nonce, const char *verifier)
{
	char challenge[OAUTH_CHALLENGE_SIZE];
	auto_buf struct buf query = BUF_INIT;
	const char *at = endpoints->authorization;

	oauth_challenge(verifier, challenge);
	oauth_add(&query, "response_type", "code");
	oauth_add(&query, "client_id", provider->client_id);
	oauth_add(&query, "redirect_uri", redirect_uri);
	oauth_add(&query, "scope", provider->scopes);
	oauth_add(&query, "state", state);
	oauth_add(&query, "nonce", nonce);
	oauth_add(&query, "code_challenge", challenge);
	oauth_add(&query, "code_challenge_method", "S256");
	return xasprintf("%s%c%s", at, strchr(at, '?') != NULL ? '&' : '?', query.data);
}

/* RFC 6749 §2.3.1: both are form-encoded before they are joined. */
static char *basic_authorization(const struct provider *provider)
{
	auto_buf struct buf pair = BUF_INIT;
	auto_free char *encoded = NULL;
	size_t size;

	percent_encode(&pair, provider->client_id);
	buf_append_char(&pair, ':');
	percent_encode(&pair, provider->client_secret);
	size = sodium_base64_encoded_len(pair.length, sodium_base64_VARIANT_ORIGINAL);
	encoded = xmalloc(size);
	sodium_bin2base64(encoded, size, (const unsigned char *)pair.data, pair.length, sodium_base64_VARIANT_ORIGINAL);
	sodium_memzero(pair.data, pair.length);
	return xasprintf("Basic %s", encoded);
}

/* What the provider says is wrong, made fit for a log. */
static void say_refusal(const json_t *answer, unsigned status, struct error *err)
{
	const char *error = fetch_string(answer, "error", 100);
	const char *more = fetch_string(answer, "error_description", 200);

	error_set(err, status >= 500 ? ERROR_UNAVAILABLE : ERROR_UNAUTHENTICATED, EACCES,
		  "the token endpoint answered %u%s%s%s%s", status, error != NULL ? " " : "",
		  error != NULL ? error : "", more != NULL ? ": " : "", more != NULL ? more : "");
}

int oauth_parse_grant(const char *data, size_t length, unsigned status, struct grant *ret_grant, struct error *err)
{
	json_t *answer;
	const char *token;
	const char *id_token;

	memset(ret_grant, 0, sizeof(*ret_grant));
	if (status >= 500)
		return error_set(err, ERROR_UNAVAILABLE, EIO, "the token endpoint answered %u", status);
	answer = fetch_parse(data, length, false, err);
	if (answer == NULL)
		return error_wrap(err, "the token endpoint (status %u)", status);
	token = fetch_string(answer, "access_token", TOKEN_MAX);
	/* GitHub tells its errors with status 200. */
	if (status != 200 || token == NULL || json_object_get(answer, "error") != NULL) {
		say_refusal(answer, status, err);
		json_decref(answer);
		return -EACCES;
	}
	ret_grant->access_token = xstrdup(token);
	id_token = fetch_string(answer, "id_token", TOKEN_MAX);
	ret_grant->id_token = xstrdup(id_token);
	json_decref(answer);
	return 0;
}

int oauth_exchange(const struct provider *provider, const struct fetcher *fetcher, const struct endpoints *endpoints,
		   const char *code, const char *verifier, const char *redirect_uri, struct grant *ret_grant,
		   struct error *err)
{
	auto_free char *authorization = NULL;
	auto_buf struct buf form = BUF_INIT;
	auto_buf struct buf body = BUF_INIT;
	struct fetch fetch = {.url = endpoints->token};
	unsigned status = 0;
	int r;

	oauth_add(&form, "grant_type", "authorization_code");
	oauth_add(&form, "code", code);
	oauth_add(&form, "redirect_uri", redirect_uri);
	oauth_add(&form, "code_verifier", verifier);
	if (provider->client_secret == NULL || endpoints->secret_in_form)
		oauth_add(&form, "client_id", provider->client_id);
	if (provider->client_secret != NULL && endpoints->secret_in_form)
		oauth_add(&form, "client_secret", provider->client_secret);
	if (provider->client_secret != NULL && !endpoints->secret_in_form)
		authorization = basic_authorization(provider);
	fetch.form = form.data;
	fetch.authorization = authorization;
	r = fetch_run(fetcher, &fetch, &status, &body, err);
	if (r == 0)
		r = oauth_parse_grant(body.data, body.length, status, ret_grant, err);
	return r;
}
