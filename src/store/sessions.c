#include "store/sessions.h"

#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"

#define TOKEN_BYTES   32
#define SEEN_EVERY_MS 60000

_Static_assert(TOKEN_HASH_SIZE == 2 * crypto_generichash_BYTES + 1, "a BLAKE2b-256 hash in hexadecimal");

bool token_hash(const char *token, char out[TOKEN_HASH_SIZE])
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

void token_new(char ret_token[SESSION_TOKEN_SIZE], char ret_hash[TOKEN_HASH_SIZE])
{
	unsigned char bytes[TOKEN_BYTES];

	random_bytes(bytes, sizeof(bytes));
	sodium_bin2base64(ret_token, SESSION_TOKEN_SIZE, bytes, sizeof(bytes),
			  sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	token_hash(ret_token, ret_hash);
}

/* What a browser says of itself, cut at a whole character. */
static char *short_agent(const char *agent)
{
	size_t length = agent != NULL ? strnlen(agent, SESSION_AGENT_MAX) : 0;

	while (length > 0 && !str_is_utf8(agent, length))
		length--;
	return xstrndup(agent != NULL ? agent : "", length);
}

int sessions_create(struct store *store, const struct session_start *start, int64_t now_ms, int64_t life_ms,
		    char ret_token[SESSION_TOKEN_SIZE], struct session *ret_session, struct error *err)
{
	char hash[TOKEN_HASH_SIZE];
	auto_free char *agent = short_agent(start->agent);

	token_new(ret_token, hash);
	*ret_session = (struct session){
		.user = start->user, .created_ms = now_ms, .seen_ms = now_ms, .expires_ms = now_ms + life_ms};
	random_id(ret_session->id, STORE_ID_LENGTH);
	if (start->person != NULL)
		str_copy(ret_session->person, sizeof(ret_session->person), start->person);
	else
		random_id(ret_session->person, STORE_ID_LENGTH);
	return db_execute(store->db, NULL, err,
			  "INSERT INTO sessions (token_hash, id, person, address, agent, created_ms, seen_ms, "
			  "expires_ms, user) VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULLIF(?, 0))",
			  "sssssiiii", hash, ret_session->id, ret_session->person,
			  start->address != NULL ? start->address : "", agent, now_ms, now_ms, now_ms + life_ms,
			  start->user);
}

static void read_session(const struct statement *s, struct session *session)
{
	const char *username = statement_text(s, 6);
	const char *role = statement_text(s, 7);

	memset(session, 0, sizeof(*session));
	str_copy(session->id, sizeof(session->id), statement_text(s, 0));
	str_copy(session->person, sizeof(session->person), statement_text(s, 1));
	session->user = statement_integer(s, 2);
	session->created_ms = statement_integer(s, 3);
	session->seen_ms = statement_integer(s, 4);
	session->expires_ms = statement_integer(s, 5);
	str_copy(session->username, sizeof(session->username), username != NULL ? username : "");
	session->admin = role != NULL && strcmp(role, "admin") == 0;
}

int sessions_find(struct store *store, const char *token, int64_t now_ms, int64_t life_ms, struct session *ret_session,
		  struct error *err)
{
	char hash[TOKEN_HASH_SIZE];
	struct statement *s;
	int r;

	if (!token_hash(token, hash))
		return error_set(err, ERROR_UNAUTHENTICATED, EACCES, "the session is unknown; start a new one");
	r = db_query(store->db, &s, err,
		     "SELECT s.id, s.person, s.user, s.created_ms, s.seen_ms, s.expires_ms, u.username, u.role FROM "
		     "sessions s LEFT JOIN users u ON u.id = s.user WHERE s.token_hash = ? AND s.expires_ms > ? AND "
		     "(s.user IS NULL OR u.state = 'active')",
		     "si", hash, now_ms);
	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0)
		read_session(s, ret_session);
	statement_done(s);
	if (r == 0)
		return error_set(err, ERROR_UNAUTHENTICATED, EACCES, "the session is unknown or over; start a new one");
	if (r < 0 || now_ms - ret_session->seen_ms < SEEN_EVERY_MS)
		return r < 0 ? r : 0;
	ret_session->seen_ms = now_ms;
	ret_session->expires_ms = now_ms + life_ms;
	r = db_execute(store->db, NULL, err, "UPDATE sessions SET seen_ms = ?, expires_ms = ? WHERE token_hash = ?",
		       "iis", now_ms, ret_session->expires_ms, hash);
	if (r == 0 && ret_session->user != 0)
		r = db_execute(store->db, NULL, err, "UPDATE users SET seen_ms = ? WHERE id = ?", "ii", now_ms,
			       ret_session->user);
	return r;
}

int sessions_delete(struct store *store, const char *token, struct error *err)
{
	char hash[TOKEN_HASH_SIZE];

	if (!token_hash(token, hash))
		return 0;
	return db_execute(store->db, NULL, err, "DELETE FROM sessions WHERE token_hash = ?", "s", hash);
}

/* The id of the one after the `most` used last, if there is one. */
static int find_surplus(struct store *store, int64_t user, unsigned most, char ret_id[STORE_ID_LENGTH + 1],
			struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 "SELECT id FROM sessions WHERE user = ? ORDER BY seen_ms DESC, id LIMIT 1 OFFSET ?", "ii", user,
			 (int64_t)most);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0)
		str_copy(ret_id, STORE_ID_LENGTH + 1, statement_text(s, 0));
	statement_done(s);
	return r;
}

int sessions_trim(struct store *store, int64_t user, unsigned most, struct error *err)
{
	char id[STORE_ID_LENGTH + 1];
	int r;

	while ((r = find_surplus(store, user, most, id, err)) > 0) {
		r = db_execute(store->db, NULL, err, "DELETE FROM sessions WHERE user = ? AND id = ?", "is", user, id);
		if (r < 0)
			return r;
	}
	return r;
}

int sessions_know_address(struct store *store, int64_t user, const char *address, bool *ret_known, struct error *err)
{
	int64_t count = 0;
	int r = db_number(store->db, 0, &count, err, "SELECT COUNT(*) FROM sessions WHERE user = ? AND address = ?", "is",
			  user, address);

	*ret_known = count > 0;
	return r;
}

int sessions_purge(struct store *store, int64_t now_ms, int64_t *ret_count, struct error *err)
{
	return db_execute(store->db, ret_count, err, "DELETE FROM sessions WHERE expires_ms <= ?", "i", now_ms);
}

int sessions_list(struct store *store, int64_t user, int64_t now_ms, struct session_row **ret_rows, size_t *ret_count,
		  struct error *err)
{
	struct session_row *rows = NULL;
	size_t count = 0;
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 "SELECT id, address, agent, created_ms, seen_ms FROM sessions WHERE user = ? AND expires_ms > "
			 "? ORDER BY seen_ms DESC, id LIMIT 200",
			 "ii", user, now_ms);

	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		struct session_row *row;

		rows = xrealloc(rows, (count + 1) * sizeof(*rows));
		row = &rows[count++];
		str_copy(row->id, sizeof(row->id), statement_text(s, 0));
		row->address = statement_text_copy(s, 1);
		row->agent = statement_text_copy(s, 2);
		row->created_ms = statement_integer(s, 3);
		row->seen_ms = statement_integer(s, 4);
	}
	statement_done(s);
	if (r < 0) {
		session_rows_free(rows, count);
		return r;
	}
	*ret_rows = rows;
	*ret_count = count;
	return 0;
}

void session_rows_free(struct session_row *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(rows[i].address);
		free(rows[i].agent);
	}
	free(rows);
}

int sessions_revoke(struct store *store, int64_t user, const char *id, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err, "DELETE FROM sessions WHERE user = ? AND id = ?", "is", user, id);

	if (r == 0 && changes == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such session of yours");
	return r;
}

int sessions_revoke_all(struct store *store, int64_t user, const char *except, struct error *err)
{
	return db_execute(store->db, NULL, err, "DELETE FROM sessions WHERE user = ? AND id <> ?", "is", user,
			  except != NULL ? except : "");
}
