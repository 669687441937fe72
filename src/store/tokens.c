#include "store/tokens.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/str.h"
#include "base/util.h"

#define SEEN_EVERY_MS 60000

int tokens_add(struct store *store, int64_t user, const char *name, int64_t now_ms, int64_t expires_ms,
	       char ret_token[ACCESS_TOKEN_SIZE], struct access_token *ret_row, struct error *err)
{
	char secret[SESSION_TOKEN_SIZE];
	char hash[TOKEN_HASH_SIZE];
	int r;

	token_new(secret, hash);
	snprintf(ret_token, ACCESS_TOKEN_SIZE, ACCESS_TOKEN_PREFIX "%s", secret);
	*ret_row = (struct access_token){.created_ms = now_ms, .expires_ms = expires_ms};
	random_id(ret_row->id, STORE_ID_LENGTH);
	r = db_execute(store->db, NULL, err,
		       "INSERT INTO tokens (id, user, name, token_hash, created_ms, expires_ms) VALUES (?, ?, ?, ?, ?, "
		       "NULLIF(?, 0))",
		       "sissii", ret_row->id, user, name, hash, now_ms, expires_ms);
	if (r == 0)
		ret_row->name = xstrdup(name);
	return r;
}

void access_token_fini(struct access_token *token)
{
	free(token->name);
	memset(token, 0, sizeof(*token));
}

int tokens_find(struct store *store, const char *token, int64_t now_ms, struct session *ret_session, struct error *err)
{
	char hash[TOKEN_HASH_SIZE];
	struct statement *s;
	int r;

	memset(ret_session, 0, sizeof(*ret_session));
	if (!str_starts_with(token, ACCESS_TOKEN_PREFIX) || !token_hash(token + strlen(ACCESS_TOKEN_PREFIX), hash))
		return error_set(err, ERROR_UNAUTHENTICATED, EACCES, "the access token is unknown");
	r = db_query(store->db, &s, err,
		     "SELECT u.person, u.id, u.username, u.role, t.created_ms, t.seen_ms, t.expires_ms, t.id FROM tokens t "
		     "JOIN users u ON u.id = t.user WHERE t.token_hash = ? AND u.state = 'active' AND (t.expires_ms IS "
		     "NULL OR t.expires_ms > ?)",
		     "si", hash, now_ms);
	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0) {
		str_copy(ret_session->person, sizeof(ret_session->person), statement_text(s, 0));
		ret_session->user = statement_integer(s, 1);
		str_copy(ret_session->username, sizeof(ret_session->username), statement_text(s, 2));
		ret_session->admin = strcmp(statement_text(s, 3), "admin") == 0;
		ret_session->created_ms = statement_integer(s, 4);
		ret_session->seen_ms = statement_integer(s, 5);
		ret_session->expires_ms = statement_integer(s, 6);
		str_copy(ret_session->token, sizeof(ret_session->token), statement_text(s, 7));
	}
	statement_done(s);
	if (r == 0)
		return error_set(err, ERROR_UNAUTHENTICATED, EACCES, "the access token is unknown or over");
	if (r < 0 || now_ms - ret_session->seen_ms < SEEN_EVERY_MS)
		return r < 0 ? r : 0;
	ret_session->seen_ms = now_ms;
	return db_execute(store->db, NULL, err, "UPDATE tokens SET seen_ms = ? WHERE token_hash = ?", "is", now_ms, hash);
}

int tokens_list(struct store *store, int64_t user, struct access_token **ret_tokens, size_t *ret_count, struct error *err)
{
	struct access_token *tokens = NULL;
	size_t count = 0;
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 "SELECT id, name, created_ms, seen_ms, expires_ms FROM tokens WHERE user = ? ORDER BY "
			 "created_ms DESC, id",
			 "i", user);

	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		struct access_token *token;

		tokens = xrealloc(tokens, (count + 1) * sizeof(*tokens));
		token = &tokens[count++];
		str_copy(token->id, sizeof(token->id), statement_text(s, 0));
		token->name = statement_text_copy(s, 1);
		token->created_ms = statement_integer(s, 2);
		token->seen_ms = statement_integer(s, 3);
		token->expires_ms = statement_integer(s, 4);
	}
	statement_done(s);
	if (r < 0) {
		tokens_free(tokens, count);
		return r;
	}
	*ret_tokens = tokens;
	*ret_count = count;
	return 0;
}

void tokens_free(struct access_token *tokens, size_t count)
{
	for (size_t i = 0; i < count; i++)
		access_token_fini(&tokens[i]);
	free(tokens);
}

int tokens_revoke(struct store *store, int64_t user, const char *id, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err, "DELETE FROM tokens WHERE user = ? AND id = ?", "is", user, id);

	if (r == 0 && changes == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such token of yours");
	return r;
}
