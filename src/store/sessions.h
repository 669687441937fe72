/* Sessions: 256-bit random tokens, kept as their BLAKE2b-256 hash, so that a stolen database opens none. */
#pragma once

#include "store/store.h"

#define SESSION_TOKEN_SIZE 44 /* 43 characters of URL-safe base64 and a NUL */

struct session {
	char person[STORE_ID_LENGTH + 1]; /* who it is: stays the same for the life of a guest's cookie */
	int64_t created_ms;
	int64_t seen_ms;
	int64_t expires_ms;
};

/* A new guest. The token is for the cookie and is not kept. */
int sessions_create(struct store *store, int64_t now_ms, int64_t life_ms, char ret_token[SESSION_TOKEN_SIZE],
		    struct session *ret_session, struct error *err);
/* ERROR_UNAUTHENTICATED when the token is malformed, unknown or expired. Notes that it was seen and moves its end to
 * now + life_ms, at most once a minute. */
int sessions_find(struct store *store, const char *token, int64_t now_ms, int64_t life_ms, struct session *ret_session,
		  struct error *err);
/* Unknown tokens are fine. */
int sessions_delete(struct store *store, const char *token, struct error *err);
int sessions_purge(struct store *store, int64_t now_ms, int64_t *ret_count, struct error *err);
