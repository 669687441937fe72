#include "store/auth_states.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"

void auth_state_fini(struct auth_state *state)
{
	free(state->provider);
	free(state->return_to);
	memset(state, 0, sizeof(*state));
}

int auth_states_add(struct store *store, const char *state, const char *browser, const struct auth_state *details,
		    int64_t now_ms, struct error *err)
{
	char state_hash[TOKEN_HASH_SIZE];
	char browser_hash[TOKEN_HASH_SIZE];
	int r;

	if (!token_hash(state, state_hash) || !token_hash(browser, browser_hash))
		return error_set(err, ERROR_INTERNAL, EINVAL, "these are no tokens");
	r = db_execute(store->db, NULL, err, "DELETE FROM auth_states WHERE expires_ms <= ?", "i", now_ms);
	if (r < 0)
		return r;
	return db_execute(
		store->db, NULL, err,
		"INSERT INTO auth_states (state_hash, browser_hash, provider, nonce, verifier, return_to, link_user, "
		"expires_ms) VALUES (?, ?, ?, ?, ?, ?, NULLIF(?, 0), ?)",
		"ssssssii", state_hash, browser_hash, details->provider, details->nonce, details->verifier,
		details->return_to, details->link_user, now_ms + AUTH_STATE_LIFE_MS);
}

static int unknown(struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, ENOENT,
			 "this sign-in is unknown here, too old, or was used already; begin again");
}

static int read_state(struct store *store, const char *state_hash, const char *browser_hash, const char *provider,
		      int64_t now_ms, struct auth_state *ret_state, struct error *err)
{
	struct statement *s;
	int r = db_query(
		store->db, &s, err,
		"SELECT provider, nonce, verifier, return_to, link_user FROM auth_states WHERE state_hash = ? AND "
		"browser_hash = ? AND provider = ? AND expires_ms > ?",
		"sssi", state_hash, browser_hash, provider, now_ms);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0) {
		ret_state->provider = statement_text_copy(s, 0);
		str_copy(ret_state->nonce, sizeof(ret_state->nonce), statement_text(s, 1));
		str_copy(ret_state->verifier, sizeof(ret_state->verifier), statement_text(s, 2));
		ret_state->return_to = statement_text_copy(s, 3);
		ret_state->link_user = statement_integer(s, 4);
	}
	statement_done(s);
	return r == 0 ? unknown(err) : (r < 0 ? r : 0);
}

int auth_states_take(struct store *store, const char *state, const char *browser, const char *provider, int64_t now_ms,
		     struct auth_state *ret_state, struct error *err)
{
	char state_hash[TOKEN_HASH_SIZE];
	char browser_hash[TOKEN_HASH_SIZE];
	int64_t changes = 0;
	int r;

	memset(ret_state, 0, sizeof(*ret_state));
	if (!token_hash(state, state_hash) || !token_hash(browser, browser_hash))
		return unknown(err);
	r = read_state(store, state_hash, browser_hash, provider, now_ms, ret_state, err);
	/* Of two that come with it at once, one finds the row to delete. */
	if (r == 0)
		r = db_execute(store->db, &changes, err, "DELETE FROM auth_states WHERE state_hash = ?", "s",
			       state_hash);
	if (r == 0 && changes == 0)
		r = unknown(err);
	if (r < 0)
		auth_state_fini(ret_state);
	return r;
}
