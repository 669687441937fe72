/* /users/me/sessions and /users/me/tokens: what opens the account, to look at and to revoke. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "core/profile.h"
#include "store/tokens.h"
#include "web/accounts.h"
#include "web/feedback.h"
#include "web/presence.h"
#include "web/views.h"

#define DAY_MS         INT64_C(86400000)
#define TOKEN_DAYS_MAX 3650

/* ---- sessions
 * ------------------------------------------------------------------------------------------------------------ */

static int get_sessions(struct request *request, struct error *err)
{
	struct session session;
	struct session_row *rows = NULL;
	struct user user = {0};
	size_t count = 0;
	json_t *items;
	int r = account_find_in_browser(request, &session, &user, err);

	if (r < 0)
		return account_failed(request, r, err);
	r = sessions_list(request_local(request), user.id, clock_realtime_ms(), &rows, &count, err);
	user_fini(&user);
	if (r < 0)
		return r;
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items,
				      json_pack("{s:s,s:b,s:o,s:o,s:s,s:s}", "id", rows[i].id, "current",
						strcmp(rows[i].id, session.id) == 0, "created_at",
						view_time(rows[i].created_ms), "seen_at", view_time(rows[i].seen_ms),
						"address", rows[i].address, "agent", rows[i].agent));
	session_rows_free(rows, count);
	respond_json(request, 200, json_pack("{s:o}", "items", items));
	return 0;
}

/* Ends what the route's {id} says, one session or one access token, and what runs by it. */
static int revoke_one(struct request *request, bool is_session, struct error *err)
{
	struct web *web = request_data(request);
	const char *id = request_param(request, "id");
	struct session session;
	struct user user = {0};
	int r = account_find_in_browser(request, &session, &user, err);

	if (r < 0)
		return account_failed(request, r, err);
	r = is_session ? sessions_revoke(request_local(request), user.id, id, err) : tokens_revoke(request_local(request), user.id, id, err);
	if (r == 0)
		r = visitor_audit(request, &session, is_session ? "session.revoked" : "token.revoked", user.username, id, err);
	if (r == 0) {
		presence_disconnect(web->hub, user.person, id, NULL);
		if (is_session && strcmp(id, session.id) == 0)
			respond_cookie(request, SESSION_COOKIE, "", 0);
		respond_empty(request, 204);
	}
	user_fini(&user);
	return r;
}

static int delete_one_session(struct request *request, struct error *err)
{
	return revoke_one(request, true, err);
}

/* Whether the account has one session: there are no others to end, and nothing to log. */
static int is_alone(struct store *store, int64_t user, bool *ret_alone, struct error *err)
{
	struct session_row *rows = NULL;
	size_t count = 0;
	int r = sessions_list(store, user, clock_realtime_ms(), &rows, &count, err);

	if (r == 0)
		session_rows_free(rows, count);
	*ret_alone = count <= 1;
	return r;
}

static int delete_sessions(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	const char *others = request_query(request, "others");
	bool keeps = others != NULL && strcmp(others, "1") == 0, alone = false;
	struct session session;
	struct user user = {0};
	int r = account_find_in_browser(request, &session, &user, err);

	if (r < 0)
		return account_failed(request, r, err);
	if (keeps)
		r = is_alone(request_local(request), user.id, &alone, err);
	if (r == 0)
		r = sessions_revoke_all(request_local(request), user.id, keeps ? session.id : NULL, err);
	if (r == 0 && !alone)
		r = visitor_audit(request, &session, "session.revoked", user.username, keeps ? "all others" : "all",
				  err);
	if (r == 0) {
		presence_disconnect(web->hub, user.person, NULL, keeps ? session.id : NULL);
		if (!keeps)
			respond_cookie(request, SESSION_COOKIE, "", 0);
		respond_empty(request, 204);
	}
	user_fini(&user);
	return r;
}

/* ---- access tokens
 * ------------------------------------------------------------------------------------------------------- */

static json_t *token_json(const struct access_token *token)
{
	return json_pack("{s:s,s:s,s:o,s:o,s:o}", "id", token->id, "name", token->name, "created_at",
			 view_time(token->created_ms), "seen_at", view_time(token->seen_ms), "expires_at",
			 view_time(token->expires_ms));
}

static int get_tokens(struct request *request, struct error *err)
{
	struct session session;
	struct access_token *tokens = NULL;
	struct user user = {0};
	size_t count = 0;
	json_t *items;
	int r = account_find_in_browser(request, &session, &user, err);

	if (r < 0)
		return account_failed(request, r, err);
	r = tokens_list(request_local(request), user.id, &tokens, &count, err);
	user_fini(&user);
	if (r < 0)
		return r;
	items = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(items, token_json(&tokens[i]));
	tokens_free(tokens, count);
	respond_json(request, 200, json_pack("{s:o}", "items", items));
	return 0;
}

struct token_wish {
	const char *name; /* borrowed of the JSON */
	int64_t days;     /* 0: for good */
};

static void read_token_wish(json_t *json, struct token_wish *wish, struct field_errors *errors)
{
	static const char *const known[] = {"name", "expires_in_days", NULL};
	json_t *days = json_object_get(json, "expires_in_days");
	const char *fault;

	body_members(json, known, errors);
	wish->name = body_text(json, "name", errors);
	fault = wish->name != NULL ? display_name_fault(wish->name) : "must say what the token is for";
	if (fault != NULL)
		field_error(errors, "name", "%s", fault);
	wish->days = json_integer_value(days);
	if (days != NULL && !json_is_null(days) &&
	    (!json_is_integer(days) || wish->days < 1 || wish->days > TOKEN_DAYS_MAX))
		field_error(errors, "expires_in_days", "must be a whole number from 1 to %d", TOKEN_DAYS_MAX);
}

static int check_count(struct store *store, int64_t user, struct error *err)
{
	struct access_token *tokens = NULL;
	size_t count = 0;
	int r = tokens_list(store, user, &tokens, &count, err);

	tokens_free(tokens, count);
	if (r == 0 && count >= ACCOUNT_TOKENS_MAX)
		return error_set(err, ERROR_CONFLICT, EMFILE, "you have %d access tokens; revoke one first",
				 ACCOUNT_TOKENS_MAX);
	return r;
}

static int make_token(struct request *request, const struct session *session, const struct token_wish *wish,
		      struct error *err)
{
	const struct web *web = request_data(request);
	struct store *store = request_local(request);
	int64_t now = clock_realtime_ms();
	char secret[ACCESS_TOKEN_SIZE];
	struct access_token token = {0};
	json_t *json;
	int r = check_count(store, session->user, err);

	if (r < 0)
		return err->kind == ERROR_CONFLICT ? account_refuse(request, err, "too_many_tokens") : r;
	if (feedback_limit(request, web->keys, session, err) < 0)
		return account_refuse(request, err, "too_many");
	r = tokens_add(store, session->user, wish->name, now, wish->days > 0 ? now + wish->days * DAY_MS : 0, secret,
		       &token, err);
	if (r == 0)
		r = visitor_audit(request, session, "token.made", session->username, token.id, err);
	if (r == 0) {
		json = token_json(&token);
		json_object_set_new(json, "token", json_string(secret));
		respond_json(request, 201, json);
	}
	access_token_fini(&token);
	return r;
}

static int post_token(struct request *request, struct error *err)
{
	struct field_errors errors = {0};
	struct token_wish wish;
	struct session session;
	struct user user = {0};
	json_t *json;
	int r = account_find_in_browser(request, &session, &user, err);

	if (r < 0)
		return account_failed(request, r, err);
	user_fini(&user);
	r = request_json(request, &json, err);
	if (r < 0)
		return r;
	read_token_wish(json, &wish, &errors);
	if (errors.count > 0)
		account_refuse_fields(request, &errors, "invalid");
	else
		r = make_token(request, &session, &wish, err);
	json_decref(json);
	return r;
}

static int delete_token(struct request *request, struct error *err)
{
	return revoke_one(request, false, err);
}

const struct resource key_resources[] = {
	{METHOD_GET, "/api/v1/users/me/sessions", ROUTE_WORK, get_sessions, false, 0},
	{METHOD_DELETE, "/api/v1/users/me/sessions", ROUTE_WORK, delete_sessions, false, 0},
	{METHOD_DELETE, "/api/v1/users/me/sessions/{id}", ROUTE_WORK, delete_one_session, false, 0},
	{METHOD_GET, "/api/v1/users/me/tokens", ROUTE_WORK, get_tokens, false, 0},
	{METHOD_POST, "/api/v1/users/me/tokens", ROUTE_WORK, post_token, false, 4096},
	{METHOD_DELETE, "/api/v1/users/me/tokens/{id}", ROUTE_WORK, delete_token, false, 0},
	{0},
};
