/* ID tokens (OpenID Connect Core §2, §3.1.3.7; RFC 7515, 7519, 8725). libcjose reads the token and the keys and checks
 * the signature; what an ID token has to say beyond that is compared here. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/error.h"

#define ID_TOKEN_MAX            ((size_t)16 * 1024)
#define ID_TOKEN_LEEWAY_SECONDS 60 /* clocks differ */

struct id_token_rules {
	const char *issuer;
	const char *client_id;
	const char *nonce;
	int64_t now_ms; /* since 1970 */
};

/* `keys` is the issuer's JSON Web Key Set. Only asymmetric algorithms with one of these keys pass: RS, PS and ES with
 * 256, 384 and 512; RSA keys have 2048 bits at least; keys that the token brings along or points to count for nothing.
 * *ret_claims is a new reference. -ENOKEY: no key of the set fits the token's `kid`, so that a newer set may. All
 * errors but that are ERROR_UNAUTHENTICATED. */
int id_token_verify(const char *token, const json_t *keys, const struct id_token_rules *rules, json_t **ret_claims,
		    struct error *err);
