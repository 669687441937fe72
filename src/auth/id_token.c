#include "auth/id_token.h"

#include <cjose/cjose.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "auth/fetch.h"
#include "base/cleanup.h"
#include "base/str.h"
#include "base/util.h"

#define KEYS_MAX     64
#define RSA_BITS_MIN 2048
#define AUDIENCE_MAX 64

static const struct {
	const char *algorithm;
	const char *key_type;
	const char *curve; /* or NULL */
} algorithms[] = {
	{"RS256", "RSA", NULL},   {"RS384", "RSA", NULL},   {"RS512", "RSA", NULL},
	{"PS256", "RSA", NULL},   {"PS384", "RSA", NULL},   {"PS512", "RSA", NULL},
	{"ES256", "EC", "P-256"}, {"ES384", "EC", "P-384"}, {"ES512", "EC", "P-521"},
};

static int refuse(struct error *err, const char *why)
{
	return error_set(err, ERROR_UNAUTHENTICATED, EKEYREJECTED, "the ID token %s", why);
}

/* May this key have made such a signature? RFC 7517 §4.2 to §4.4. */
static bool key_fits(const json_t *key, size_t algorithm)
{
	const char *use = json_string_value(json_object_get(key, "use"));
	const char *only = json_string_value(json_object_get(key, "alg"));
	const char *curve = json_string_value(json_object_get(key, "crv"));

	if (!str_equal(json_string_value(json_object_get(key, "kty")), algorithms[algorithm].key_type))
		return false;
	if (algorithms[algorithm].curve != NULL && !str_equal(curve, algorithms[algorithm].curve))
		return false;
	return (use == NULL || strcmp(use, "sig") == 0) &&
	       (only == NULL || strcmp(only, algorithms[algorithm].algorithm) == 0);
}

/* Unpadded base64url (RFC 7515 §2), not empty. libcjose's reader aborts on some of what isn't. */
static bool is_base64url(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '_')
			return false;
	return length > 0 && length % 4 != 1;
}

/* The members that make up a public key, as text; NULL: one is no number in base64url. */
static char *public_key(const json_t *key)
{
	static const char *const numbers[] = {"n", "e", "x", "y"};
	json_t *only = json_object();
	char *text = NULL;
	bool fine = true;

	json_object_set(only, "kty", json_object_get(key, "kty"));
	if (json_is_string(json_object_get(key, "crv")))
		json_object_set(only, "crv", json_object_get(key, "crv"));
	for (size_t i = 0; i < ARRAY_SIZE(numbers) && fine; i++) {
		json_t *number = json_object_get(key, numbers[i]);

		if (number == NULL)
			continue;
		fine = json_is_string(number) && is_base64url(json_string_value(number), json_string_length(number));
		json_object_set(only, numbers[i], number);
	}
	if (fine)
		text = json_dumps(only, JSON_COMPACT);
	json_decref(only);
	return text;
}

static bool signed_by(cjose_jws_t *jws, const json_t *key)
{
	auto_free char *text = public_key(key);
	cjose_err fault = {0};
	cjose_jwk_t *jwk = text != NULL ? cjose_jwk_import(text, strlen(text), &fault) : NULL;
	bool good = false;

	if (jwk == NULL)
		return false;
	if (cjose_jwk_get_kty(jwk, &fault) != CJOSE_JWK_KTY_RSA || cjose_jwk_get_keysize(jwk, &fault) >= RSA_BITS_MIN)
		good = cjose_jws_verify(jws, jwk, &fault);
	cjose_jwk_release(jwk);
	return good;
}

/* Tries the keys that fit: with a `kid`, those of that name. */
static int verify_signature(cjose_jws_t *jws, const json_t *keys, const char *kid, size_t algorithm, struct error *err)
{
	const json_t *list = json_object_get(keys, "keys");
	bool tried = false;

	for (size_t i = 0; i < json_array_size(list) && i < KEYS_MAX; i++) {
		const json_t *key = json_array_get(list, i);

		if (!key_fits(key, algorithm) ||
		    (kid != NULL && !str_equal(json_string_value(json_object_get(key, "kid")), kid)))
			continue;
		tried = true;
		if (signed_by(jws, key))
			return 0;
	}
	if (!tried) {
		refuse(err, "is signed with a key that the provider does not publish");
		return -ENOKEY;
	}
	/* Without a name the right key may be a new one. */
	refuse(err, "has a wrong signature");
	return kid == NULL ? -ENOKEY : -EKEYREJECTED;
}

static int check_header(cjose_jws_t *jws, size_t *ret_algorithm, const char **ret_kid, struct error *err)
{
	const json_t *header = (const json_t *)cjose_jws_get_protected(jws);
	const char *name = json_string_value(json_object_get(header, "alg"));
	const json_t *kid = json_object_get(header, "kid");
	size_t i = 0;

	while (i < ARRAY_SIZE(algorithms) && !str_equal(algorithms[i].algorithm, name))
		i++;
	if (i == ARRAY_SIZE(algorithms))
		return refuse(err,
			      "is not signed by an algorithm that is accepted (RS256, PS256, ES256 and their like)");
	if (json_object_get(header, "crit") !=
	    NULL) /* RFC 7515 §4.1.11: extensions that must be understood, and none is */
		return refuse(err, "demands extensions");
	if (kid != NULL && !json_is_string(kid))
		return refuse(err, "names its key by something that is no string");
	*ret_algorithm = i;
	*ret_kid = json_string_value(kid);
	return 0;
}

/* The audience is us; where it is others too, we must be the authorized party. */
static int check_audience(const json_t *claims, const char *client_id, struct error *err)
{
	const json_t *audience = json_object_get(claims, "aud");
	const json_t *party = json_object_get(claims, "azp");
	bool ours = str_equal(json_string_value(audience), client_id);

	for (size_t i = 0; i < json_array_size(audience) && i < AUDIENCE_MAX; i++)
		ours = ours || str_equal(json_string_value(json_array_get(audience, i)), client_id);
	if (!ours)
		return refuse(err, "is meant for another client");
	if (party == NULL && json_array_size(audience) > 1)
		return refuse(err, "has several audiences and names no authorized party");
	if (party != NULL && !str_equal(json_string_value(party), client_id))
		return refuse(err, "names another authorized party");
	return 0;
}

/* A time of the token in seconds, with fractions cut (RFC 7519 §2); false: not there, or no sane number. */
static bool time_of(const json_t *claims, const char *name, int64_t *ret_seconds)
{
	const json_t *value = json_object_get(claims, name);
	double seconds = json_number_value(value);

	*ret_seconds = 0;
	if (!json_is_number(value) || !(seconds >= 0 && seconds < 1e12))
		return false;
	*ret_seconds = (int64_t)seconds;
	return true;
}

static int check_times(const json_t *claims, int64_t now_ms, struct error *err)
{
	int64_t now = now_ms / 1000;
	int64_t when;

	if (!time_of(claims, "exp", &when))
		return refuse(err, "does not say when it expires");
	if (when + ID_TOKEN_LEEWAY_SECONDS <= now)
		return refuse(err, "has expired");
	if (!time_of(claims, "iat", &when))
		return refuse(err, "does not say when it was issued");
	if (when > now + ID_TOKEN_LEEWAY_SECONDS)
		return refuse(err, "was issued in the future; is the clock right?");
	if (json_object_get(claims, "nbf") != NULL &&
	    (!time_of(claims, "nbf", &when) || when > now + ID_TOKEN_LEEWAY_SECONDS))
		return refuse(err, "is not valid yet");
	return 0;
}

/* OpenID Connect Core §3.1.3.7. */
static int check_claims(const json_t *claims, const struct id_token_rules *rules, struct error *err)
{
	int r;

	if (!str_equal(json_string_value(json_object_get(claims, "iss")), rules->issuer))
		return refuse(err, "is from another issuer");
	r = check_audience(claims, rules->client_id, err);
	if (r == 0)
		r = check_times(claims, rules->now_ms, err);
	if (r < 0)
		return r;
	if (!str_equal(json_string_value(json_object_get(claims, "nonce")), rules->nonce))
		return refuse(err, "answers another sign-in (nonce)");
	if (fetch_string(claims, "sub", 255) == NULL)
		return refuse(err, "says no sub, or one that is too long");
	return 0;
}

static int read_claims(cjose_jws_t *jws, json_t **ret_claims, struct error *err)
{
	uint8_t *text = NULL; /* the library's */
	size_t length = 0;
	cjose_err fault = {0};

	if (!cjose_jws_get_plaintext(jws, &text, &length, &fault))
		return refuse(err, "has no content");
	*ret_claims = fetch_parse((const char *)text, length, false, NULL);
	return *ret_claims != NULL ? 0 : refuse(err, "does not hold a JSON object");
}

/* Three parts in base64url. */
static bool is_compact(const char *token)
{
	size_t parts = 1;

	for (const char *part = token;; parts++) {
		size_t length = strcspn(part, ".");

		if (!is_base64url(part, length))
			return false;
		if (part[length] == '\0')
			return parts == 3;
		part += length + 1;
	}
}

int id_token_verify(const char *token, const json_t *keys, const struct id_token_rules *rules, json_t **ret_claims,
		    struct error *err)
{
	cjose_err fault = {0};
	json_t *claims = NULL;
	cjose_jws_t *jws;
	const char *kid = NULL;
	size_t algorithm = 0;
	int r;

	if (token == NULL || strnlen(token, ID_TOKEN_MAX + 1) > ID_TOKEN_MAX)
		return refuse(err, "is missing or too large");
	jws = is_compact(token) ? cjose_jws_import(token, strlen(token), &fault) : NULL;
	if (jws == NULL)
		return refuse(err, "is not in the compact form of a signed token (RFC 7515 §3.1)");
	r = check_header(jws, &algorithm, &kid, err);
	if (r == 0)
		r = verify_signature(jws, keys, kid, algorithm, err);
	if (r == 0)
		r = read_claims(jws, &claims, err);
	if (r == 0)
		r = check_claims(claims, rules, err);
	cjose_jws_release(jws);
	if (r < 0) {
		json_decref(claims);
		return r;
	}
	*ret_claims = claims;
	return 0;
}
