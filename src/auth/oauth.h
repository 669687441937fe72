/* The authorization code flow with PKCE, as a client (RFC 6749, 7636, 9207, 9700). */
#pragma once

#include "auth/provider.h"

#define OAUTH_CHALLENGE_SIZE 44 /* 43 characters of URL-safe base64 and a NUL */

/* The S256 challenge of a verifier (RFC 7636 §4.2). */
void oauth_challenge(const char *verifier, char ret_challenge[OAUTH_CHALLENGE_SIZE]);

/* Where the browser goes to sign in. `redirect_uri` is our callback. For free(). */
char *oauth_authorization_url(const struct provider *provider, const struct endpoints *endpoints,
			      const char *redirect_uri, const char *state, const char *nonce, const char *verifier);

/* What became of the code. ERROR_UNAUTHENTICATED when the provider refuses it. */
int oauth_exchange(const struct provider *provider, const struct fetcher *fetcher, const struct endpoints *endpoints,
		   const char *code, const char *verifier, const char *redirect_uri, struct grant *ret_grant,
		   struct error *err);

/* The token endpoint's answer (RFC 6749 §5). */
int oauth_parse_grant(const char *data, size_t length, unsigned status, struct grant *ret_grant, struct error *err);

/* Adds "&name=value" (or "name=value" to an empty one), percent-encoded. */
void oauth_add(struct buf *form, const char *name, const char *value);
