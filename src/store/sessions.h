/* Sessions of guests and of users, and users' personal access tokens: 256-bit random values, kept as their BLAKE2b-256
 * hash, so that a stolen database opens none. */
#pragma once

#include "core/names.h"
#include "store/store.h"

#define SESSION_TOKEN_SIZE 44 /* 43 characters of URL-safe base64 and a NUL */
#define SESSION_AGENT_MAX  200

struct session {
	char id[STORE_ID_LENGTH + 1];     /* to name it by; opens nothing. "" for an access token */
	char token[STORE_ID_LENGTH + 1];  /* id of the access token that it came with; "" for a session */
	char person[STORE_ID_LENGTH + 1]; /* who it is; a guest's stays theirs when they register */
	int64_t user;                     /* 0: a guest */
	char username[NAME_MAX_LENGTH + 1];
	bool admin;
	int64_t created_ms;
	int64_t seen_ms;
	int64_t expires_ms;
};

struct session_start {
	const char *person;  /* NULL: a new person */
	int64_t user;        /* 0: a guest */
	const char *address; /* for the list of sessions; or NULL */
	const char *agent;   /* User-Agent, cut to SESSION_AGENT_MAX; or NULL */
};

/* The token is for the cookie and is not kept. Of *ret_session, username and admin stay empty. */
int sessions_create(struct store *store, const struct session_start *start, int64_t now_ms, int64_t life_ms,
		    char ret_token[SESSION_TOKEN_SIZE], struct session *ret_session, struct error *err);
/* ERROR_UNAUTHENTICATED when the token is malformed, unknown or expired, or its user is suspended. Notes that it was
 * seen and moves its end to now + life_ms, at most once a minute. */
int sessions_find(struct store *store, const char *token, int64_t now_ms, int64_t life_ms, struct session *ret_session,
		  struct error *err);
/* Unknown tokens are fine. */
int sessions_delete(struct store *store, const char *token, struct error *err);
/* Of the user's sessions only the `most` that were used last stay. */
int sessions_trim(struct store *store, int64_t user, unsigned most, struct error *err);
/* Whether one of the user's sessions was begun at that address. */
int sessions_know_address(struct store *store, int64_t user, const char *address, bool *ret_known, struct error *err);
int sessions_purge(struct store *store, int64_t now_ms, int64_t *ret_count, struct error *err);

/* A user's sessions. */
struct session_row {
	char id[STORE_ID_LENGTH + 1];
	char *address;
	char *agent;
	int64_t created_ms;
	int64_t seen_ms;
};
/* The last used first; for session_rows_free. */
int sessions_list(struct store *store, int64_t user, int64_t now_ms, struct session_row **ret_rows, size_t *ret_count,
		  struct error *err);
void session_rows_free(struct session_row *rows, size_t count);
/* One of the user's. ERROR_NOT_FOUND. */
int sessions_revoke(struct store *store, int64_t user, const char *id, struct error *err);
/* All of the user's but `except` (an id; NULL: all). */
int sessions_revoke_all(struct store *store, int64_t user, const char *except, struct error *err);

/* The hash under which a 43-character random token is kept, as hexadecimal digits. False: it is none of ours. */
#define TOKEN_HASH_SIZE 65
bool token_hash(const char *token, char out[TOKEN_HASH_SIZE]);
/* A new random token and its hash. */
void token_new(char ret_token[SESSION_TOKEN_SIZE], char ret_hash[TOKEN_HASH_SIZE]);
