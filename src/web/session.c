/* /session: sign in, who am I, and good-bye. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "core/password.h"
#include "core/profile.h"
#include "web/accounts.h"
#include "web/guard.h"
#include "web/node.h"
#include "web/presence.h"
#include "web/secret.h"

/* ---- who am I
 * ------------------------------------------------------------------------------------------------------------ */

/* `user` (taken) is the Me object, NULL for a guest. */
static json_t *session_json(json_t *user)
{
	return json_pack("{s:o?,s:b,s:n}", "user", user, "guest", user == NULL, "sandbox");
}

/* call->answer has the sandbox that another node has. One of ours is better known here than in the store. */
static void answer_session(struct call *call)
{
	struct live *live = hub_find_person(call->hub, call->person);

	if (live != NULL)
		json_object_set_new(call->answer, "sandbox", live_json(live));
	call_json(call, 200, json_incref(call->answer));
}

/* Pages ask with ?optional=1 whether somebody is there; for them nobody is an answer, too. */
static int answer_nobody(struct request *request, int r, const struct error *err)
{
	const char *optional = request_query(request, "optional");

	if (err->kind != ERROR_UNAUTHENTICATED || optional == NULL || strcmp(optional, "1") != 0)
		return r;
	respond_json(request, 200, json_pack("{s:n,s:b,s:n}", "user", "guest", 1, "sandbox"));
	return 0;
}

static int get_session(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct session session;
	struct user user = {0};
	json_t *sandbox;
	struct call *call;
	int r = visitor_find(request, &session, err);

	if (r == 0 && session.user != 0)
		r = users_get(request_local(request), session.user, &user, err);
	if (r < 0)
		return answer_nobody(request, r, err);
	r = sandbox_elsewhere(request_local(request), web->hub, session.person, &sandbox, err);
	if (r == 0) {
		call = call_new(request, web->hub, session.person, answer_session);
		call->answer = session_json(session.user != 0 ? account_json(&user) : NULL);
		json_object_set_new(call->answer, "sandbox", sandbox);
		call_post(call);
	}
	user_fini(&user);
	return r;
}

/* ---- signing in
 * ---------------------------------------------------------------------------------------------------------- */

struct credentials {
	const char *login; /* borrowed of the JSON */
	const char *password;
};

/* 0; -EINVAL: answered. */
static int read_credentials(struct request *request, json_t *json, struct credentials *ret_credentials)
{
	static const char *const known[] = {"login", "password", NULL};
	struct field_errors errors = {0};

	body_members(json, known, &errors);
	ret_credentials->login = body_text(json, "login", &errors);
	ret_credentials->password = body_text(json, "password", &errors);
	if (ret_credentials->login == NULL || strlen(ret_credentials->login) > EMAIL_MAX)
		field_error(&errors, "login", "must be a user name or an e-mail address");
	if (ret_credentials->password == NULL || strlen(ret_credentials->password) > PASSWORD_MAX_BYTES)
		field_error(&errors, "password", "must be the account's password");
	if (errors.count == 0)
		return 0;
	account_refuse_fields(request, &errors, "invalid");
	return -EINVAL;
}

/* The account of that name, or one without an id and password. */
static int find_account(struct request *request, const char *login, struct user *ret_user, struct error *err)
{
	int r = users_by_login(request_local(request), login, ret_user, err);

	if (r == 0 || err->kind != ERROR_NOT_FOUND)
		return r;
	memset(ret_user, 0, sizeof(*ret_user));
	return 0;
}

/* What was typed as the name of nobody may be a password: the log does not get it. */
static int refuse_login(struct request *request, const struct user *user, struct error *err)
{
	struct web *web = request_data(request);
	int r = visitor_audit(request, NULL, "session.failed", user->username != NULL ? user->username : "",
			      user->username != NULL ? "wrong password" : "no such account", err);

	if (r < 0)
		return r;
	guard_failed(web->guard, request);
	error_set(err, ERROR_UNAUTHENTICATED, EACCES, "the name or the password is wrong");
	return account_refuse(request, err, "wrong_login");
}

static int refuse_suspended(struct request *request, const struct user *user, struct error *err)
{
	int r = visitor_audit(request, NULL, "session.failed", user->username, "suspended", err);

	if (r < 0)
		return r;
	error_set(err, ERROR_UNAUTHENTICATED, EACCES, "this account is suspended; ask the people who run this site");
	return account_refuse(request, err, "suspended");
}

static int look_elsewhere(struct store *store, void *data, struct error *err)
{
	struct call *call = data;
	json_t *sandbox;
	int r = sandbox_elsewhere(store, call->hub, call->person, &sandbox, err);

	if (r == 0)
		json_object_set_new(call->answer, "sandbox", sandbox);
	return r;
}

static void answer_looked(int result, const struct error *err, void *data)
{
	if (result < 0) /* signed in they are */
		log_error("cannot see whether another server has somebody's sandbox: %s", err->message);
	answer_session(data);
}

/* What the guest had is the account's by now. */
static void answer_signed_in(struct call *call)
{
	if (hub_find_person(call->hub, call->person) != NULL)
		answer_session(call);
	else
		recorder_post(call->hub->recorder, "look for a sandbox on another server", look_elsewhere, answer_looked, call);
}

static int welcome(struct request *request, const struct user *user, const char *login, struct error *err)
{
	struct web *web = request_data(request);
	struct session session = {.user = user->id};
	int r;

	guard_passed(web->guard, request, login);
	memcpy(session.username, user->username, strlen(user->username) + 1);
	r = visitor_audit(request, &session, "session.made", user->username, NULL, err);
	return r == 0 ? account_sign_in(request, user, answer_signed_in, session_json(account_json(user)), NULL, err) : r;
}

/* In a heavy worker. Whoever it is, known or not, one hash is made. */
static int check_password(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct credentials credentials;
	struct user user = {0};
	json_t *json = NULL;
	int r = request_json(request, &json, err);

	if (r == 0 && read_credentials(request, json, &credentials) < 0)
		goto out;
	if (r == 0)
		r = find_account(request, credentials.login, &user, err);
	if (r == 0) {
		if (!secret_fits(user.password_hash, credentials.password, web->options->hash_memory))
			r = refuse_login(request, &user, err);
		else if (strcmp(user.state, "active") != 0)
			r = refuse_suspended(request, &user, err);
		else
			r = welcome(request, &user, credentials.login, err);
	}
out:
	user_fini(&user);
	json_decref(json);
	return r;
}

/* The limits come before the hash, which is what costs. */
static int knock(struct request *request, const char *login, struct error *err)
{
	struct web *web = request_data(request);
	struct user user = {0};
	bool familiar = false;
	int r = find_account(request, login, &user, err);

	if (r == 0)
		r = sessions_know_address(request_local(request), user.id, request_address(request), &familiar, err);
	user_fini(&user);
	if (r < 0)
		return r;
	if (guard_attempt(web->guard, request, login, familiar, err) < 0)
		return account_refuse(request, err, "too_many");
	return request_heavy(request, check_password, err);
}

static int post_session(struct request *request, struct error *err)
{
	struct credentials credentials;
	json_t *json;
	int r = request_json(request, &json, err);

	if (r < 0)
		return r;
	if (read_credentials(request, json, &credentials) == 0)
		r = knock(request, credentials.login, err);
	json_decref(json);
	return r;
}

/* ---- signing out
 * --------------------------------------------------------------------------------------------------------- */

static void answer_left(struct call *call)
{
	call_empty(call, 204);
}

static int find_open(struct store *store, void *data, struct error *err)
{
	struct call *call = data;
	struct sandbox sandbox = {0};
	int r = sandboxes_open_of(store, call->person, &sandbox, err);

	str_copy(call->id, sizeof(call->id), sandbox.id);
	sandbox_fini(&sandbox);
	return r < 0 && err->kind == ERROR_NOT_FOUND ? 0 : r;
}

static void end_open(int result, const struct error *err, void *data)
{
	struct call *call = data;

	call->run = answer_left;
	if (result < 0)
		call_problem(call, err, NULL);
	else if (call->id[0] == '\0')
		answer_left(call);
	else
		node_end_elsewhere(call->hub, call->id, "stopped", call);
}

/* A guest's sandbox is nobody's from here on, wherever it runs. */
static void leave(struct call *call)
{
	struct live *live = hub_find_person(call->hub, call->person);

	if (live == NULL) {
		recorder_post(call->hub->recorder, "look for a guest's sandbox", find_open, end_open, call);
		return;
	}
	call->run = answer_left;
	call->next = live->ending;
	live->ending = call;
	live_end(live, "stopped", -1, NULL, false);
}

/* A frame's guest names the session in the header; a cookie that comes along is somebody else's. */
static int leave_session(struct request *request, const struct session *session, struct error *err)
{
	struct web *web = request_data(request);
	const char *header = request_header(request, "Authorization");
	const char *token = header != NULL ? header + strlen("Bearer " GUEST_TOKEN_PREFIX) : request_cookie(request, SESSION_COOKIE);
	int r = sessions_delete(request_local(request), token, err);

	if (r < 0)
		return r;
	if (header == NULL)
		respond_cookie(request, SESSION_COOKIE, "", 0);
	presence_disconnect(web->hub, session->person, session->id, NULL);
	if (session->user == 0)
		call_post(call_new(request, web->hub, session->person, leave));
	else
		respond_empty(request, 204);
	return 0;
}

static int delete_session(struct request *request, struct error *err)
{
	struct session session;
	int r = visitor_find(request, &session, err);

	if (r == 0 && session.token[0] != '\0') {
		error_set(err, ERROR_FORBIDDEN, EPERM,
			  "an access token has no session; revoke it in the account's settings");
		return account_refuse(request, err, "token");
	}
	if (r == 0)
		return leave_session(request, &session, err);
	if (err->kind != ERROR_UNAUTHENTICATED)
		return r;
	respond_cookie(request, SESSION_COOKIE, "", 0);
	respond_empty(request, 204);
	return 0;
}

const struct resource session_resources[] = {
	{METHOD_GET, "/api/v1/session", ROUTE_WORK, get_session, false, 0},
	{METHOD_POST, "/api/v1/session", ROUTE_WORK, post_session, false, 16 * 1024},
	{METHOD_DELETE, "/api/v1/session", ROUTE_WORK, delete_session, false, 0},
	{0},
};
