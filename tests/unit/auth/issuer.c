#include "unit/auth/issuer.h"

#include <errno.h>
#include <sodium.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/util.h"
#include "http/request.h"
#include "http/response.h"

#define RSA_BITS 2048

char *sign_token(const cjose_jwk_t *key, const char *algorithm, const char *kid, const json_t *claims)
{
	cjose_err fault = {0};
	cjose_header_t *header = cjose_header_new(&fault);
	char *text = json_dumps(claims, JSON_COMPACT);
	const char *compact = NULL;
	cjose_jws_t *jws;
	char *token;

	assert_true(cjose_header_set(header, CJOSE_HDR_ALG, algorithm, &fault));
	if (kid != NULL)
		assert_true(cjose_header_set(header, CJOSE_HDR_KID, kid, &fault));
	jws = cjose_jws_sign(key, header, (const uint8_t *)text, strlen(text), &fault);
	assert_non_null(jws);
	assert_true(cjose_jws_export(jws, &compact, &fault));
	token = xstrdup(compact);
	cjose_jws_release(jws);
	cjose_header_release(header);
	free(text);
	return token;
}

static char *base64(const void *data, size_t length)
{
	size_t size = sodium_base64_encoded_len(length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	char *text = xmalloc(size);

	sodium_bin2base64(text, size, data, length, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return text;
}

char *join_token(const char *header, const char *claims, const void *signature, size_t length)
{
	char *a = base64(header, strlen(header));
	char *b = base64(claims, strlen(claims));
	char *c = base64(signature, length);
	char *token = xasprintf("%s.%s.%s", a, b, c);

	free(a);
	free(b);
	free(c);
	return token;
}

json_t *issuer_keys(const struct issuer *issuer)
{
	cjose_err fault = {0};
	char *text = cjose_jwk_to_json(issuer->key, false, &fault);
	json_t *key = json_loads(text, 0, NULL);

	cjose_get_dealloc()(text);
	json_object_set_new(key, "use", json_string("sig"));
	return json_pack("{s:[o]}", "keys", key);
}

static void answer_text(struct request *request, unsigned status, const char *text)
{
	respond_data(request, status, "application/json", text, strlen(text));
}

static bool sent_away(struct request *request)
{
	const struct issuer *issuer = request_data(request);

	if (issuer->redirect != NULL)
		respond_redirect(request, 302, issuer->redirect);
	return issuer->redirect != NULL;
}

static void answer_metadata(struct request *request, struct issuer *issuer)
{
	json_t *json = json_pack("{s:s,s:s+,s:s+,s:s+,s:s+,s:[s],s:b}", "issuer", issuer->url, "authorization_endpoint",
				 issuer->url, "/auth", "token_endpoint", issuer->url, "/token", "jwks_uri", issuer->url,
				 "/jwks", "userinfo_endpoint", issuer->url, "/userinfo", "response_types_supported",
				 "code", "authorization_response_iss_parameter_supported", 1);

	respond_json(request, 200, json);
}

static int metadata(struct request *request, struct error *err)
{
	struct issuer *issuer = request_data(request);

	(void)err;
	issuer->metadata_asked++;
	if (sent_away(request))
		return 0;
	if (issuer->flood > 0) {
		char *much = xmalloc(issuer->flood);

		memset(much, ' ', issuer->flood);
		respond_data(request, 200, "application/json", much, issuer->flood);
		free(much);
	} else if (issuer->metadata != NULL || issuer->metadata_status != 0) {
		answer_text(request, issuer->metadata_status != 0 ? issuer->metadata_status : 200,
			    issuer->metadata != NULL ? issuer->metadata : "{}");
	} else {
		answer_metadata(request, issuer);
	}
	return 0;
}

static int keys(struct request *request, struct error *err)
{
	struct issuer *issuer = request_data(request);

	(void)err;
	issuer->keys_asked++;
	if (issuer->keys != NULL)
		answer_text(request, 200, issuer->keys);
	else
		respond_json(request, 200, issuer_keys(issuer));
	return 0;
}

static char *fresh_token(const struct issuer *issuer)
{
	json_t *claims = json_deep_copy(issuer->claims);
	int64_t now = clock_realtime_ms() / 1000;
	char *token;

	json_object_set_new(claims, "iat", json_integer(now));
	json_object_set_new(claims, "exp", json_integer(now + 300));
	if (issuer->nonce != NULL)
		json_object_set_new(claims, "nonce", json_string(issuer->nonce));
	token = sign_token(issuer->key, issuer->algorithm, issuer->kid, claims);
	json_decref(claims);
	return token;
}

static int token(struct request *request, struct error *err)
{
	struct issuer *issuer = request_data(request);
	const char *authorization = request_header(request, "Authorization");
	size_t length;
	const void *body = request_body(request, &length);
	char *signed_one;

	(void)err;
	buf_clear(&issuer->form);
	buf_append(&issuer->form, body, length);
	snprintf(issuer->authorization, sizeof(issuer->authorization), "%s",
		 authorization != NULL ? authorization : "");
	if (issuer->token != NULL || issuer->token_status != 0) {
		answer_text(request, issuer->token_status != 0 ? issuer->token_status : 200,
			    issuer->token != NULL ? issuer->token : "{}");
		return 0;
	}
	signed_one = issuer->id_token != NULL ? xstrdup(issuer->id_token) : fresh_token(issuer);
	respond_json(request, 200,
		     json_pack("{s:s,s:s,s:s}", "access_token", "at-1", "token_type", "Bearer", "id_token",
			       signed_one));
	free(signed_one);
	return 0;
}

static int userinfo(struct request *request, struct error *err)
{
	struct issuer *issuer = request_data(request);

	issuer->userinfo_asked++;
	if (strcmp(request_header(request, "Authorization"), "Bearer at-1") != 0)
		return error_set(err, ERROR_UNAUTHENTICATED, EACCES, "no token");
	if (issuer->userinfo != NULL || issuer->userinfo_status != 0)
		answer_text(request, issuer->userinfo_status != 0 ? issuer->userinfo_status : 200,
			    issuer->userinfo != NULL ? issuer->userinfo : "{}");
	else
		respond_json(request, 200, json_deep_copy(issuer->claims));
	return 0;
}

static int emails(struct request *request, struct error *err)
{
	struct issuer *issuer = request_data(request);

	(void)err;
	answer_text(request, 200, issuer->emails != NULL ? issuer->emails : "[]");
	return 0;
}

static void serve(struct issuer *issuer)
{
	struct server_config config;
	const struct route all[] = {
		{.methods = METHOD_GET, .pattern = "/.well-known/openid-configuration", .handler = metadata},
		{.methods = METHOD_GET, .pattern = "/jwks", .handler = keys},
		{.methods = METHOD_POST, .pattern = "/token", .handler = token, .flags = ROUTE_ANY_TYPE},
		{.methods = METHOD_GET, .pattern = "/userinfo", .handler = userinfo},
		{.methods = METHOD_POST,
		 .pattern = "/login/oauth/access_token",
		 .handler = token,
		 .flags = ROUTE_ANY_TYPE},
		{.methods = METHOD_GET, .pattern = "/api/v3/user", .handler = userinfo},
		{.methods = METHOD_GET, .pattern = "/api/v3/user/emails", .handler = emails},
	};

	server_config_init(&config);
	config.listen = "127.0.0.1:0";
	config.threads = 1;
	assert_int_equal(server_new(&config, &issuer->server, NULL), 0);
	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		issuer->routes[i] = all[i];
		issuer->routes[i].kind = ROUTE_IMMEDIATE;
		issuer->routes[i].data = issuer;
	}
	server_add(issuer->server, issuer->routes, ARRAY_SIZE(all));
	assert_int_equal(server_start(issuer->server, NULL), 0);
	snprintf(issuer->url, sizeof(issuer->url), "http://127.0.0.1:%u", server_port(issuer->server));
}

void issuer_rotate(struct issuer *issuer, const char *kid)
{
	cjose_err fault = {0};

	cjose_jwk_release(issuer->key);
	issuer->key = cjose_jwk_create_RSA_random(RSA_BITS, NULL, 0, &fault);
	assert_non_null(issuer->key);
	assert_true(cjose_jwk_set_kid(issuer->key, kid, strlen(kid), &fault));
	issuer->kid = kid;
}

struct issuer *issuer_new(void)
{
	struct issuer *issuer = xmalloc(sizeof(*issuer));

	issuer->algorithm = "RS256";
	buf_init(&issuer->form);
	issuer_rotate(issuer, "key-1");
	serve(issuer);
	issuer->claims = json_pack("{s:s,s:s,s:s,s:s,s:b,s:s,s:s}", "iss", issuer->url, "aud", "client-1", "sub",
				   "subject-1", "email", "ann@example.org", "email_verified", 1, "name", "Ann Example",
				   "preferred_username", "ann");
	return issuer;
}

void issuer_claim(struct issuer *issuer, const char *name, json_t *value)
{
	json_object_set_new(issuer->claims, name, value);
}

void issuer_stop(struct issuer *issuer)
{
	if (issuer->server != NULL) {
		server_stop(issuer->server, 1000);
		server_free(issuer->server);
	}
	issuer->server = NULL;
}

void issuer_free(struct issuer *issuer)
{
	issuer_stop(issuer);
	cjose_jwk_release(issuer->key);
	json_decref(issuer->claims);
	buf_fini(&issuer->form);
	free(issuer);
}
