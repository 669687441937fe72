/* Sign-ins that are on their way through a provider. Each is used once, by the browser that began it; tokens are kept
 * as hashes only. */
#pragma once

#include "store/sessions.h"
#include "store/store.h"

#define AUTH_STATE_LIFE_MS (INT64_C(10) * 60 * 1000)

struct auth_state {
	char *provider;
	char nonce[SESSION_TOKEN_SIZE];
	char verifier[SESSION_TOKEN_SIZE]; /* PKCE */
	char *return_to;
	int64_t link_user; /* who links an account; 0: somebody signs in */
};

void auth_state_fini(struct auth_state *state);

/* `state` and `browser` are random tokens (token_new): the one travels through the provider, the other stays in the
 * browser's cookie. Old ones go away by the way. */
int auth_states_add(struct store *store, const char *state, const char *browser, const struct auth_state *details,
		    int64_t now_ms, struct error *err);
/* Takes it out. ERROR_NOT_FOUND: unknown, of another browser or provider, too old, or used already. */
int auth_states_take(struct store *store, const char *state, const char *browser, const char *provider, int64_t now_ms,
		     struct auth_state *ret_state, struct error *err);
