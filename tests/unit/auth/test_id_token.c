/* What an ID token may not be. Keys and tokens are made here, with the same library and by hand. */
#include "unit/auth/issuer.h"

#include <errno.h>
#include <stdio.h>

#include "auth/id_token.h"
#include "base/util.h"

#define NOW INT64_C(1790000000)

struct bench {
	cjose_jwk_t *rsa;
	cjose_jwk_t *ec;
	json_t *keys;
	json_t *claims;
	struct id_token_rules rules;
};

static json_t *public_key(const cjose_jwk_t *key)
{
	cjose_err fault = {0};
	char *text = cjose_jwk_to_json(key, false, &fault);
	json_t *json = json_loads(text, 0, NULL);

	cjose_get_dealloc()(text);
	return json;
}

static int setup(void **state)
{
	struct bench *bench = xmalloc(sizeof(*bench));
	cjose_err fault = {0};

	bench->rsa = cjose_jwk_create_RSA_random(2048, NULL, 0, &fault);
	bench->ec = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, &fault);
	cjose_jwk_set_kid(bench->rsa, "r", 1, &fault);
	cjose_jwk_set_kid(bench->ec, "e", 1, &fault);
	bench->keys = json_pack("{s:[oo]}", "keys", public_key(bench->rsa), public_key(bench->ec));
	bench->claims = json_pack("{s:s,s:s,s:s,s:s,s:I,s:I}", "iss", "https://issuer.example", "aud", "us", "sub",
				  "s1", "nonce", "n1", "iat", (json_int_t)NOW, "exp", (json_int_t)(NOW + 300));
	bench->rules = (struct id_token_rules){.issuer = "https://issuer.example",
					       .client_id = "us",
					       .nonce = "n1",
					       .now_ms = NOW * 1000};
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	cjose_jwk_release(bench->rsa);
	cjose_jwk_release(bench->ec);
	json_decref(bench->keys);
	json_decref(bench->claims);
	free(bench);
	return 0;
}

static int verify(struct bench *bench, const char *token, char *why, size_t size)
{
	struct error err = {0};
	json_t *claims = NULL;
	int r = id_token_verify(token, bench->keys, &bench->rules, &claims, &err);

	if (r == 0)
		assert_string_equal(json_string_value(json_object_get(claims, "sub")), "s1");
	else
		assert_int_equal(err.kind, ERROR_UNAUTHENTICATED);
	json_decref(claims);
	snprintf(why, size, "%s", err.message);
	return r;
}

static void passes(struct bench *bench, char *token)
{
	char why[ERROR_MESSAGE_MAX];

	if (verify(bench, token, why, sizeof(why)) != 0)
		fail_msg("refused: %s", why);
	free(token);
}

/* Refused, and for that reason. */
static void refused(struct bench *bench, char *token, const char *reason)
{
	char why[ERROR_MESSAGE_MAX];

	if (verify(bench, token, why, sizeof(why)) == 0)
		fail_msg("accepted, though it %s", reason);
	if (strstr(why, reason) == NULL)
		fail_msg("refused because \"%s\", not because it %s", why, reason);
	free(token);
}

static char *with_claim(struct bench *bench, const char *name, json_t *value)
{
	json_t *claims = json_deep_copy(bench->claims);
	char *token;

	if (value != NULL)
		json_object_set_new(claims, name, value);
	else
		json_object_del(claims, name);
	token = sign_token(bench->rsa, "RS256", "r", claims);
	json_decref(claims);
	return token;
}

static void takes_good_ones(void **state)
{
	struct bench *bench = *state;

	passes(bench, sign_token(bench->rsa, "RS256", "r", bench->claims));
	passes(bench, sign_token(bench->rsa, "RS512", "r", bench->claims));
	passes(bench, sign_token(bench->rsa, "PS256", "r", bench->claims));
	passes(bench, sign_token(bench->ec, "ES256", "e", bench->claims));
	passes(bench, sign_token(bench->ec, "ES256", NULL, bench->claims));
	passes(bench, with_claim(bench, "aud", json_pack("[s]", "us")));
	passes(bench, with_claim(bench, "azp", json_string("us")));
	passes(bench, with_claim(bench, "nbf", json_integer(NOW + 30)));
	passes(bench, with_claim(bench, "exp", json_real((double)NOW + 0.5)));
}

static void refuses_wrong_claims(void **state)
{
	struct bench *bench = *state;
	json_t *both = json_deep_copy(bench->claims);

	refused(bench, with_claim(bench, "iss", json_string("https://issuer.example/")), "another issuer");
	refused(bench, with_claim(bench, "iss", NULL), "another issuer");
	refused(bench, with_claim(bench, "aud", json_string("them")), "another client");
	refused(bench, with_claim(bench, "aud", json_pack("[ss]", "them", "others")), "another client");
	refused(bench, with_claim(bench, "aud", json_pack("{s:s}", "us", "us")), "another client");
	refused(bench, with_claim(bench, "aud", NULL), "another client");
	refused(bench, with_claim(bench, "aud", json_pack("[ss]", "us", "them")), "authorized party");
	refused(bench, with_claim(bench, "azp", json_string("them")), "authorized party");
	refused(bench, with_claim(bench, "exp", json_integer(NOW - 60)), "expired");
	refused(bench, with_claim(bench, "exp", NULL), "when it expires");
	refused(bench, with_claim(bench, "exp", json_string("2000000000")), "when it expires");
	refused(bench, with_claim(bench, "exp", json_integer(-1)), "when it expires");
	refused(bench, with_claim(bench, "exp", json_real(1e300)), "when it expires");
	refused(bench, with_claim(bench, "iat", json_integer(NOW + 61)), "future");
	refused(bench, with_claim(bench, "iat", NULL), "when it was issued");
	refused(bench, with_claim(bench, "nbf", json_integer(NOW + 61)), "not valid yet");
	refused(bench, with_claim(bench, "nbf", json_true()), "not valid yet");
	refused(bench, with_claim(bench, "nonce", json_string("n2")), "nonce");
	refused(bench, with_claim(bench, "nonce", NULL), "nonce");
	refused(bench, with_claim(bench, "sub", NULL), "sub");
	refused(bench, with_claim(bench, "sub", json_integer(5)), "sub");
	refused(bench, with_claim(bench, "sub", json_string("")), "sub");
	/* Several audiences are fine when we are the party. */
	json_object_set_new(both, "aud", json_pack("[ss]", "us", "them"));
	json_object_set_new(both, "azp", json_string("us"));
	passes(bench, sign_token(bench->rsa, "RS256", "r", both));
	json_decref(both);
}

static void refuses_unsigned_ones(void **state)
{
	struct bench *bench = *state;
	char *claims = json_dumps(bench->claims, JSON_COMPACT);

	refused(bench, join_token("{\"alg\":\"none\"}", claims, "", 0), "");
	refused(bench, join_token("{\"alg\":\"none\",\"kid\":\"r\"}", claims, "x", 1), "");
	refused(bench, join_token("{\"alg\":\"NoNe\"}", claims, "x", 1), "");
	refused(bench, join_token("{\"alg\":\"RS256\",\"kid\":\"r\"}", claims, "", 0), "");
	refused(bench, join_token("{\"alg\":\"RS256\",\"kid\":\"r\"}", claims, "x", 1), "wrong signature");
	refused(bench, join_token("{\"alg\":\"ES256\",\"kid\":\"e\"}", claims, "x", 1), "wrong signature");
	refused(bench, join_token("{\"kid\":\"r\"}", claims, "x", 1), "");
	refused(bench, join_token("{\"alg\":7}", claims, "x", 1), "");
	refused(bench, join_token("{\"alg\":\"RS256\",\"kid\":7}", claims, "x", 1), "names its key");
	refused(bench, join_token("{\"alg\":\"RS256\",\"kid\":\"r\",\"crit\":[\"b64\"],\"b64\":false}", claims, "x", 1),
		"extensions");
	free(claims);
}

/* HS256 with the public key, which everybody has, as its secret (RFC 8725 §2.1): as PEM, and as it stands in the key
 * set. */
static void refuses_the_public_key_as_a_secret(void **state)
{
	struct bench *bench = *state;
	char *key = json_dumps(json_array_get(json_object_get(bench->keys, "keys"), 0), JSON_COMPACT);
	cjose_err fault = {0};
	cjose_jwk_t *secret = cjose_jwk_create_oct_spec((const uint8_t *)key, strlen(key), &fault);
	json_t *weak =
		json_pack("{s:s,s:s,s:s}", "kty", "oct", "kid", "o", "k", "c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0");
	char *weak_text = json_dumps(weak, JSON_COMPACT);
	cjose_jwk_t *shared = cjose_jwk_import(weak_text, strlen(weak_text), &fault);

	refused(bench, sign_token(secret, "HS256", "r", bench->claims), "algorithm");
	/* Even a secret that the issuer publishes (it must not) signs nothing. */
	json_array_append(json_object_get(bench->keys, "keys"), weak);
	refused(bench, sign_token(shared, "HS256", "o", bench->claims), "algorithm");
	cjose_jwk_release(secret);
	cjose_jwk_release(shared);
	json_decref(weak);
	free(weak_text);
	free(key);
}

static void refuses_foreign_keys(void **state)
{
	struct bench *bench = *state;
	cjose_err fault = {0};
	cjose_jwk_t *other = cjose_jwk_create_RSA_random(2048, NULL, 0, &fault);
	json_t *own = public_key(other);
	json_t *brought = json_pack("{s:s,s:s,s:o}", "alg", "RS256", "kid", "r", "jwk", own);
	char *header = json_dumps(brought, JSON_COMPACT);
	char *good;
	char *parts;
	char *token;

	refused(bench, sign_token(other, "RS256", "r", bench->claims), "wrong signature");
	refused(bench, sign_token(bench->rsa, "RS256", "e", bench->claims),
		"does not publish"); /* that is the EC key's name */
	/* The key that the token brings along counts for nothing. */
	good = sign_token(other, "RS256", "r", bench->claims);
	parts = json_dumps(bench->claims, JSON_COMPACT);
	token = join_token(header, parts, strrchr(good, '.') + 1, 20);
	refused(bench, token, "wrong signature");
	json_decref(brought);
	free(header);
	free(good);
	free(parts);
	cjose_jwk_release(other);
}

static void asks_for_a_newer_set(void **state)
{
	struct bench *bench = *state;
	struct error err = {0};
	json_t *claims = NULL;
	char *token = sign_token(bench->rsa, "RS256", "r2", bench->claims);

	assert_int_equal(id_token_verify(token, bench->keys, &bench->rules, &claims, &err), -ENOKEY);
	free(token);
	/* Keys for other uses are not for this. */
	json_object_set_new(json_array_get(json_object_get(bench->keys, "keys"), 0), "use", json_string("enc"));
	token = sign_token(bench->rsa, "RS256", "r", bench->claims);
	assert_int_equal(id_token_verify(token, bench->keys, &bench->rules, &claims, &err), -ENOKEY);
	json_object_set_new(json_array_get(json_object_get(bench->keys, "keys"), 0), "use", json_string("sig"));
	json_object_set_new(json_array_get(json_object_get(bench->keys, "keys"), 0), "alg", json_string("RS384"));
	assert_int_equal(id_token_verify(token, bench->keys, &bench->rules, &claims, &err), -ENOKEY);
	free(token);
}

static void refuses_short_keys(void **state)
{
	struct bench *bench = *state;
	cjose_err fault = {0};
	cjose_jwk_t *weak = cjose_jwk_create_RSA_random(1024, NULL, 0, &fault);

	cjose_jwk_set_kid(weak, "w", 1, &fault);
	json_array_append_new(json_object_get(bench->keys, "keys"), public_key(weak));
	refused(bench, sign_token(weak, "RS256", "w", bench->claims), "wrong signature");
	cjose_jwk_release(weak);
}

/* Every single bit of the signature, the head and the body. */
static void refuses_flipped_bits(void **state)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	struct bench *bench = *state;
	char *good = sign_token(bench->ec, "ES256", "e", bench->claims);
	size_t last = strlen(good) - 1;

	/* The last character holds two bits that don't count. */
	for (size_t i = 0; i < last; i++) {
		const char *place = strchr(alphabet, good[i]);
		char *bad;
		char why[ERROR_MESSAGE_MAX];

		if (good[i] == '.')
			continue;
		bad = xstrdup(good);
		bad[i] = alphabet[(size_t)(place - alphabet) ^ 1];
		if (verify(bench, bad, why, sizeof(why)) == 0)
			fail_msg("accepted with character %zu changed", i);
		free(bad);
	}
	passes(bench, good);
}

static void refuses_what_is_no_token(void **state)
{
	struct bench *bench = *state;
	char *good = sign_token(bench->rsa, "RS256", "r", bench->claims);
	char *huge = xmalloc(ID_TOKEN_MAX + 100);
	json_t *claims = json_deep_copy(bench->claims);

	refused(bench, xstrdup(""), "");
	refused(bench, xstrdup("."), "");
	refused(bench, xstrdup(".."), "");
	refused(bench, xstrdup("..."), "");
	refused(bench, xstrdup("a.b"), "");
	refused(bench, xstrdup("한글.한글.한글"), "");
	refused(bench, xstrdup("{}"), "");
	refused(bench, xstrdup("e30=.e30=.e30="), "compact form");
	refused(bench, xstrdup("p=at+'2F.i.i"), "compact form"); /* libcjose aborts on the like */
	refused(bench, xstrdup("eyJhbGciOiJSUzI1NiJ9.e30.A"), "compact form");
	refused(bench, join_token("not json", "{}", "x", 1), "");
	refused(bench, join_token("[]", "{}", "x", 1), "");
	refused(bench, xasprintf("%s.%s", good, "AAAA"), "");
	for (size_t cut = 1; cut < strlen(good); cut += 7)
		refused(bench, xstrndup(good, cut), "");
	memset(huge, 'A', ID_TOKEN_MAX + 99);
	refused(bench, huge, "too large");
	/* Signed, but too large all the same. */
	json_object_set_new(claims, "more",
			    json_stringn(huge = memset(xmalloc(ID_TOKEN_MAX), 'A', ID_TOKEN_MAX), ID_TOKEN_MAX));
	refused(bench, sign_token(bench->rsa, "RS256", "r", claims), "too large");
	free(huge);
	json_decref(claims);
	free(good);
}

static void refuses_signed_nonsense(void **state)
{
	struct bench *bench = *state;
	json_t *list = json_pack("[s]", "no object");

	refused(bench, sign_token(bench->rsa, "RS256", "r", list), "JSON object");
	json_decref(list);
}

static void stands_odd_key_sets(void **state)
{
	static const char *const sets[] = {
		"{}",
		"{\"keys\":{}}",
		"{\"keys\":[]}",
		"{\"keys\":[1,null,\"x\",[],{}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"\",\"e\":\"\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"!!!\",\"e\":\"AQAB\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":\"p=at\",\"e\":\"AQAB\"}]}",
		"{\"keys\":[{\"kty\":\"RSA\",\"kid\":\"r\",\"n\":5,\"e\":{}}]}",
		"{\"keys\":[{\"kty\":\"EC\",\"kid\":\"r\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}",
		"{\"keys\":[{\"kty\":\"oct\",\"kid\":\"r\",\"k\":\"AA\"}]}",
	};
	struct bench *bench = *state;

	for (size_t i = 0; i < ARRAY_SIZE(sets); i++) {
		json_decref(bench->keys);
		bench->keys = json_loads(sets[i], 0, NULL);
		refused(bench, sign_token(bench->rsa, "RS256", "r", bench->claims), "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(takes_good_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_wrong_claims, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_unsigned_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_the_public_key_as_a_secret, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_foreign_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(asks_for_a_newer_set, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_short_keys, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_flipped_bits, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_no_token, setup, teardown),
		cmocka_unit_test_setup_teardown(refuses_signed_nonsense, setup, teardown),
		cmocka_unit_test_setup_teardown(stands_odd_key_sets, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
