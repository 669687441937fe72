#include "web/accounts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "store/sessions.h"
#include "web/guard.h"
#include "web/node.h"
#include "web/presence.h"
#include "web/secret.h"
#include "web/views.h"

json_t *account_json(const struct user *user)
{
	return json_pack("{s:s,s:o,s:b,s:s,s:s,s:o,s:s,s:b,s:o,s:o,s:o}", "username", user->username, "email",
			 view_text(user->email), "email_verified", user->email_verified, "display_name",
			 user->display_name, "bio", user->bio, "homepage", view_text(user->homepage), "role",
			 user->role, "has_password", user->password_hash != NULL, "language", view_text(user->language),
			 "theme", view_text(user->theme), "created_at", view_time(user->created_ms));
}

int account_refuse(struct request *request, const struct error *err, const char *code)
{
	respond_problem(request, err, json_pack("{s:s}", "code", code));
	return 0;
}

int account_refuse_fields(struct request *request, const struct field_errors *errors, const char *code)
{
	json_t *extra = field_errors_json(errors);
	struct error err;

	field_errors_result(errors, &err);
	json_object_set_new(extra, "code", json_string(code));
	respond_problem(request, &err, extra);
	return 0;
}

int account_find(struct request *request, struct session *ret_session, struct user *ret_user, struct error *err)
{
	int r = visitor_user(request, ret_session, err);

	return r == 0 ? users_get(request_local(request), ret_session->user, ret_user, err) : r;
}

int account_find_in_browser(struct request *request, struct session *ret_session, struct user *ret_user,
			    struct error *err)
{
	int r = visitor_user(request, ret_session, err);

	if (r == 0 && ret_session->token[0] != '\0')
		return error_set(err, ERROR_FORBIDDEN, EPERM,
				 "an access token is not enough for this: sign in with a browser to change passwords, "
				 "sessions, tokens or "
				 "the account itself");
	return r == 0 ? users_get(request_local(request), ret_session->user, ret_user, err) : r;
}

int account_failed(struct request *request, int r, const struct error *err)
{
	return err->kind == ERROR_FORBIDDEN ? account_refuse(request, err, "token") : r;
}

int account_confirm(struct request *request, const struct session *session, const struct user *user,
		    const char *password, struct error *err)
{
	struct web *web = request_data(request);

	if (secret_fits(user->password_hash, password != NULL ? password : "", web->options->hash_memory)) {
		guard_passed(web->guard, request, user->username);
		return 0;
	}
	guard_failed(web->guard, request);
	if (visitor_audit(request, session, "password.failed", user->username, NULL, err) < 0)
		return err->code;
	return error_set(err, ERROR_FORBIDDEN, EACCES, "that is not your current password");
}

/* ---- signing in
 * ---------------------------------------------------------------------------------------------------------- */

/* What the guest did is written to the account. May run twice. call->id: what the account has open on another node. */
static int adopt_in_store(struct store *store, void *data, struct error *err)
{
	struct call *call = data;
	struct sandbox other = {0};
	int r = users_adopt(store, call->before.person, call->person, err);

	call->id[0] = '\0';
	if (r == -EEXIST && sandboxes_open_of(store, call->person, &other, NULL) == 0)
		str_copy(call->id, sizeof(call->id), other.id);
	sandbox_fini(&other);
	return r;
}

static void adopted(int result, const struct error *err, void *data);

static void adopt_history(struct call *call)
{
	recorder_post(call->hub->recorder, "give a guest's history to the account", adopt_in_store, adopted, call);
}

static void adopted(int result, const struct error *err, void *data)
{
	struct call *call = data;

	if (result < 0 && call->id[0] != '\0' && !call->replace) {
		call->replace = true; /* once */
		call->run = adopt_history;
		node_end_elsewhere(call->hub, call->id, "replaced", call);
		return;
	}
	if (result == 0 && call->replace) /* which may have gone back meanwhile to who the store said */
		presence_adopt(call->hub, &call->before, &call->holder);
	if (result < 0) /* signed in they are; only the history stays behind */
		log_error("a guest's history did not get to the account: %s", err->message);
	call->then(call);
}

static void arrive(struct call *call)
{
	bool is_same = strcmp(call->before.person, call->holder.person) == 0;

	if (call->before.session[0] != '\0')
		presence_adopt(call->hub, &call->before, &call->holder);
	if (call->before.session[0] == '\0' || is_same)
		call->then(call);
	else
		adopt_history(call);
}

/* The session of this browser until now; none: an empty one. */
static int find_before(struct request *request, struct session *ret_before, struct error *err)
{
	const char *token = request_cookie(request, SESSION_COOKIE);
	int r;

	memset(ret_before, 0, sizeof(*ret_before));
	if (token == NULL)
		return 0;
	r = sessions_find(request_local(request), token, clock_realtime_ms(), SESSION_LIFE_MS, ret_before, err);
	if (r == 0 || err->kind != ERROR_UNAUTHENTICATED)
		return r;
	memset(ret_before, 0, sizeof(*ret_before));
	return 0;
}

/* Always a new token: one that somebody planted in the browser before is worth nothing after. */
static int renew_session(struct request *request, const struct user *user, struct session *ret_session,
			 struct error *err)
{
	struct store *store = request_local(request);
	const struct session_start start = {.person = user->person,
					    .user = user->id,
					    .address = request_address(request),
					    .agent = request_header(request, "User-Agent")};
	char token[SESSION_TOKEN_SIZE];
	int r = sessions_create(store, &start, clock_realtime_ms(), SESSION_LIFE_MS, token, ret_session, err);

	if (r == 0)
		r = sessions_delete(store, request_cookie(request, SESSION_COOKIE), err);
	if (r == 0)
		r = sessions_trim(store, user->id, ACCOUNT_SESSIONS_MAX, err);
	if (r == 0)
		r = users_seen(store, user->id, clock_realtime_ms(), err);
	if (r == 0)
		respond_cookie(request, SESSION_COOKIE, token, SESSION_LIFE_MS / 1000);
	return r;
}

int account_sign_in(struct request *request, const struct user *user, void (*answer)(struct call *call), json_t *json,
		    const char *text, struct error *err)
{
	struct web *web = request_data(request);
	struct session before, now;
	struct call *call;
	int r = find_before(request, &before, err);

	if (r == 0)
		r = renew_session(request, user, &now, err);
	if (r < 0) {
		json_decref(json);
		return r;
	}
	call = call_new(request, web->hub, user->person, arrive);
	holder_set(&call->holder, &now);
	/* What another user had here stays theirs. */
	if (before.id[0] != '\0' && (before.user == 0 || before.user == user->id))
		holder_set(&call->before, &before);
	else if (before.id[0] != '\0')
		presence_disconnect(web->hub, before.person, before.id, NULL);
	call->then = answer;
	call->answer = json;
	call->reference = xstrdup(text);
	call_post(call);
	return 0;
}
