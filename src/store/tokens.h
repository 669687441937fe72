/* Personal access tokens: "ttob_" and 43 characters, kept as their hash. */
#pragma once

#include "store/sessions.h"

#define ACCESS_TOKEN_PREFIX "ttob_"
#define ACCESS_TOKEN_SIZE   (sizeof(ACCESS_TOKEN_PREFIX) - 1 + SESSION_TOKEN_SIZE)

struct access_token {
	char id[STORE_ID_LENGTH + 1];
	char *name;
	int64_t created_ms;
	int64_t seen_ms;
	int64_t expires_ms; /* 0: never */
};

/* `expires_ms` 0: never. The token is shown once and not kept. */
int tokens_add(struct store *store, int64_t user, const char *name, int64_t now_ms, int64_t expires_ms,
	       char ret_token[ACCESS_TOKEN_SIZE], struct access_token *ret_row, struct error *err);
void access_token_fini(struct access_token *token);
/* Who it is; session.id is "", session.token is the id of the token. ERROR_UNAUTHENTICATED when it is unknown, over, or its user is suspended. */
int tokens_find(struct store *store, const char *token, int64_t now_ms, struct session *ret_session, struct error *err);
/* Newest first; for tokens_free. */
int tokens_list(struct store *store, int64_t user, struct access_token **ret_tokens, size_t *ret_count, struct error *err);
void tokens_free(struct access_token *tokens, size_t count);
/* One of the user's. ERROR_NOT_FOUND. */
int tokens_revoke(struct store *store, int64_t user, const char *id, struct error *err);
