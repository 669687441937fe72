#include "store/sessions.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "base/random.h"
#include "base/str.h"

#define TOKEN_BYTES   32
#define SEEN_EVERY_MS 60000
#define HASH_SIZE     (2 * crypto_generichash_BYTES + 1)

/* False: nothing that we ever gave out. */
static bool hash_token(const char *token, char out[HASH_SIZE])
{
	unsigned char bytes[TOKEN_BYTES];
	unsigned char hash[crypto_generichash_BYTES];
	size_t length = 0;

	if (token == NULL || strlen(token) != SESSION_TOKEN_SIZE - 1 ||
	    sodium_base642bin(bytes, sizeof(bytes), token, strlen(token), NULL, &length, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) < 0 ||
	    length != sizeof(bytes))
		return false;
	crypto_generichash(hash, sizeof(hash), bytes, sizeof(bytes), NULL, 0);
	str_hex(hash, sizeof(hash), out);
	return true;
}

int sessions_create(struct store *store, int64_t now_ms, int64_t life_ms, char ret_token[SESSION_TOKEN_SIZE],
		    struct session *ret_session, struct error *err)
{
	unsigned char bytes[TOKEN_BYTES];
	char hash[HASH_SIZE];

	random_bytes(bytes, sizeof(bytes));
	sodium_bin2base64(ret_token, SESSION_TOKEN_SIZE, bytes, sizeof(bytes),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	hash_token(ret_token, hash);
	random_id(ret_session->person, STORE_ID_LENGTH);
	ret_session->created_ms = now_ms;
	ret_session->seen_ms = now_ms;
	ret_session->expires_ms = now_ms + life_ms;
	return db_execute(
		store->db, NULL, err,
		"INSERT INTO sessions (token_hash, person, created_ms, seen_ms, expires_ms) VALUES (?, ?, ?, ?, ?)",
		"ssiii", hash, ret_session->person, now_ms, now_ms, now_ms + life_ms);
}

int sessions_find(struct store *store, const char *token, int64_t now_ms, int64_t life_ms, struct session *ret_session,
		  struct error *err)
{
	char hash[HASH_SIZE];
	struct statement *s;
	int r;

	if (!hash_token(token, hash))
		return error_set(err, ERROR_UNAUTHENTICATED, EACCES, "the session is unknown; start a new one");
	r = db_query(
		store->db, &s, err,
		"SELECT person, created_ms, seen_ms, expires_ms FROM sessions WHERE token_hash = ? AND expires_ms > ?",
		"si", hash, now_ms);
	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0) {
		memset(ret_session, 0, sizeof(*ret_session));
		strncpy(ret_session->person, statement_text(s, 0), STORE_ID_LENGTH);
		ret_session->created_ms = statement_integer(s, 1);
		ret_session->seen_ms = statement_integer(s, 2);
		ret_session->expires_ms = statement_integer(s, 3);
	}
	statement_done(s);
	if (r == 0)
		return error_set(err, ERROR_UNAUTHENTICATED, EACCES, "the session is unknown or over; start a new one");
	if (r < 0 || now_ms - ret_session->seen_ms < SEEN_EVERY_MS)
		return r < 0 ? r : 0;
	ret_session->seen_ms = now_ms;
	ret_session->expires_ms = now_ms + life_ms;
	return db_execute(store->db, NULL, err, "UPDATE sessions SET seen_ms = ?, expires_ms = ? WHERE token_hash = ?",
			  "iis", now_ms, ret_session->expires_ms, hash);
}

int sessions_delete(struct store *store, const char *token, struct error *err)
{
	char hash[HASH_SIZE];

	if (!hash_token(token, hash))
		return 0;
	return db_execute(store->db, NULL, err, "DELETE FROM sessions WHERE token_hash = ?", "s", hash);
}

int sessions_purge(struct store *store, int64_t now_ms, int64_t *ret_count, struct error *err)
{
	return db_execute(store->db, ret_count, err, "DELETE FROM sessions WHERE expires_ms <= ?", "i", now_ms);
}
