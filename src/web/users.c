/* /users: register, my account, somebody's profile. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "core/password.h"
#include "core/profile.h"
#include "core/project_form.h"
#include "core/username.h"
#include "web/accounts.h"
#include "web/feedback.h"
#include "web/guard.h"
#include "web/presence.h"
#include "web/secret.h"
#include "web/views.h"

static void check(struct field_errors *errors, const char *field, const char *fault)
{
	if (fault != NULL)
		field_error(errors, field, "%s", fault);
}

/* ---- registering
 * --------------------------------------------------------------------------------------------------------- */

struct registration {
	const char *username; /* borrowed of the JSON */
	const char *email;    /* NULL: none */
	const char *password;
};

/* 0; -EINVAL: answered. */
static int read_registration(struct request *request, json_t *json, struct registration *ret)
{
	static const char *const known[] = {"username", "email", "password", NULL};
	struct field_errors errors = {0};

	body_members(json, known, &errors);
	ret->username = body_text(json, "username", &errors);
	ret->email = body_text(json, "email", &errors);
	ret->password = body_text(json, "password", &errors);
	if (ret->email != NULL && *ret->email == '\0')
		ret->email = NULL; /* a form's empty field */
	check(&errors, "username", ret->username != NULL ? username_fault(ret->username) : "is needed");
	if (ret->email != NULL)
		check(&errors, "email", email_fault(ret->email));
	check(&errors, "password",
	      ret->password != NULL ? password_fault(ret->password, ret->username, ret->email) : "is needed");
	if (errors.count == 0)
		return 0;
	account_refuse_fields(request, &errors, "invalid");
	return -EINVAL;
}

static int refuse_taken(struct request *request)
{
	json_t *extra = json_pack("{s:s,s:[{s:s,s:s}]}", "code", "username_taken", "errors", "field", "username",
				  "message", "is taken");
	struct error err;

	error_set(&err, ERROR_CONFLICT, EEXIST, "this user name is taken; choose another");
	respond_problem(request, &err, extra);
	return 0;
}

static void answer_registered(struct call *call)
{
	call_json(call, 201, json_incref(call->answer));
}

/* A guest stays the person they were. When somebody has registered as this very guest meanwhile, it is a new one. */
static int add_user(struct request *request, struct user *user, struct error *err)
{
	struct store *store = request_local(request);
	struct session guest;
	struct user other;
	const char *token = request_cookie(request, SESSION_COOKIE);
	int r;

	if (token != NULL && sessions_find(store, token, clock_realtime_ms(), SESSION_LIFE_MS, &guest, NULL) == 0 &&
	    guest.user == 0)
		user->person = xstrdup(guest.person);
	r = users_add(store, user, clock_realtime_ms(), err);
	if (r != -EEXIST || user->person == NULL)
		return r;
	if (users_by_name(store, user->username, &other, NULL) == 0) {
		user_fini(&other);
		return r;
	}
	free(steal(user->person));
	return users_add(store, user, clock_realtime_ms(), err);
}

static int greet(struct request *request, int64_t id, struct error *err)
{
	struct user user = {0};
	struct session session = {.user = id};
	int r = users_get(request_local(request), id, &user, err);

	if (r == 0) {
		memcpy(session.username, user.username, strlen(user.username) + 1);
		r = visitor_audit(request, &session, "user.register", user.username, NULL, err);
	}
	if (r == 0)
		r = account_sign_in(request, &user, answer_registered, account_json(&user), NULL, err);
	user_fini(&user);
	return r;
}

/* In a heavy worker. */
static int register_user(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct registration registration;
	struct user user = {0};
	json_t *json = NULL;
	int r = request_json(request, &json, err);

	if (r == 0 && read_registration(request, json, &registration) < 0)
		goto out;
	if (r == 0)
		r = secret_hash(registration.password, web->options->hash_memory, &user.password_hash, err);
	if (r < 0)
		goto out;
	user.username = xstrdup(registration.username);
	user.email = xstrdup(registration.email);
	r = add_user(request, &user, err);
	if (r == -EEXIST)
		r = refuse_taken(request);
	else if (r == 0)
		r = greet(request, user.id, err);
out:
	user_fini(&user);
	json_decref(json);
	return r;
}

static int try_to_register(struct request *request, const char *username, struct error *err)
{
	struct web *web = request_data(request);
	struct user other;
	int r = users_by_name(request_local(request), username, &other, err);

	if (r == 0) {
		user_fini(&other);
		return refuse_taken(request);
	}
	if (err->kind != ERROR_NOT_FOUND)
		return r;
	if (guard_registration(web->guard, request, err) < 0)
		return account_refuse(request, err, "too_many");
	return request_heavy(request, register_user, err);
}

static int post_user(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct registration registration;
	json_t *json;
	int r;

	if (web->options->registration_closed) {
		error_set(err, ERROR_FORBIDDEN, EPERM, "this site takes no new accounts; ask the people who run it");
		return account_refuse(request, err, "registration_closed");
	}
	r = request_json(request, &json, err);
	if (r < 0)
		return r;
	if (read_registration(request, json, &registration) == 0)
		r = try_to_register(request, registration.username, err);
	json_decref(json);
	return r;
}

/* ---- my account
 * ---------------------------------------------------------------------------------------------------------- */

static int get_me(struct request *request, struct error *err)
{
	struct session session;
	struct user user;
	int r = account_find(request, &session, &user, err);

	if (r < 0)
		return r;
	respond_json(request, 200, account_json(&user));
	user_fini(&user);
	return 0;
}

/* What a PATCH asks for, beside what is written to the user straight away. */
struct wishes {
	bool email_changes;
	const char *password; /* the new one, borrowed of the JSON; NULL: stays */
	const char *current_password;
};

static void set(char **field, const char *value)
{
	free(*field);
	*field = xstrdup(value);
}

/* One of `choices` or null. */
static void take_choice(json_t *json, const char *field, const char *const *choices, char **target,
			struct field_errors *errors)
{
	const char *text = body_text(json, field, errors);

	if (json_object_get(json, field) == NULL)
		return;
	for (size_t i = 0; text != NULL && choices[i] != NULL; i++) {
		if (strcmp(choices[i], text) == 0) {
			set(target, text);
			return;
		}
	}
	if (text != NULL)
		field_error(errors, field, "must be \"%s\", \"%s\" or null", choices[0], choices[1]);
	else
		set(target, NULL);
}

static void take_profile(json_t *json, struct user *user, struct field_errors *errors)
{
	const char *name = body_text(json, "display_name", errors);
	const char *bio = body_text(json, "bio", errors);
	const char *homepage = body_text(json, "homepage", errors);

	if (json_object_get(json, "display_name") != NULL) {
		check(errors, "display_name", name != NULL ? display_name_fault(name) : "must not be empty");
		set(&user->display_name, name);
	}
	if (json_object_get(json, "bio") != NULL) {
		check(errors, "bio", bio != NULL ? bio_fault(bio) : NULL);
		set(&user->bio, bio != NULL ? bio : "");
	}
	if (json_object_get(json, "homepage") != NULL) {
		if (homepage != NULL && *homepage != '\0')
			check_homepage("homepage", homepage, errors);
		set(&user->homepage, homepage != NULL && *homepage != '\0' ? homepage : NULL);
	}
}

static void take_email(json_t *json, struct user *user, struct wishes *wishes, struct field_errors *errors)
{
	const char *email = body_text(json, "email", errors);

	if (email != NULL && *email == '\0')
		email = NULL;
	if (json_object_get(json, "email") == NULL || str_equal(email, user->email))
		return;
	if (email != NULL)
		check(errors, "email", email_fault(email));
	set(&user->email, email);
	user->email_verified = false;
	wishes->email_changes = true;
}

static void take_wishes(json_t *json, struct user *user, struct wishes *wishes, struct field_errors *errors)
{
	static const char *const known[] = {"display_name", "bio",      "homepage",         "email", "language",
					    "theme",        "password", "current_password", NULL};
	static const char *const languages[] = {"ko", "en", NULL};
	static const char *const themes[] = {"light", "dark", NULL};

	body_members(json, known, errors);
	take_profile(json, user, errors);
	take_email(json, user, wishes, errors);
	take_choice(json, "language", languages, &user->language, errors);
	take_choice(json, "theme", themes, &user->theme, errors);
	wishes->password = body_text(json, "password", errors);
	wishes->current_password = body_text(json, "current_password", errors);
	if (wishes->password != NULL)
		check(errors, "password", password_fault(wishes->password, user->username, user->email));
	if (wishes->current_password != NULL && strlen(wishes->current_password) > PASSWORD_MAX_BYTES)
		field_error(errors, "current_password", "must be the account's password");
}

/* Everybody else who is signed in to the account has to know the new one. */
static int change_password(struct request *request, const struct session *session, const struct user *user,
			   const char *password, struct error *err)
{
	struct web *web = request_data(request);
	char *hash;
	int r = secret_hash(password, web->options->hash_memory, &hash, err);

	if (r < 0)
		return r;
	r = users_set_password(request_local(request), user->id, hash, err);
	free(hash);
	if (r == 0)
		r = sessions_revoke_all(request_local(request), user->id, session->id, err);
	if (r == 0)
		r = visitor_audit(request, session, "user.password", user->username, NULL, err);
	if (r == 0)
		presence_disconnect(web->hub, user->person, NULL, session->id);
	return r;
}

static int write_changes(struct request *request, const struct session *session, struct user *user,
			 const struct wishes *wishes, struct error *err)
{
	int r = users_update(request_local(request), user, err);

	if (r == 0 && wishes->email_changes)
		r = visitor_audit(request, session, "user.email", user->username, NULL, err);
	if (r == 0 && wishes->password != NULL)
		r = change_password(request, session, user, wishes->password, err);
	if (r < 0)
		return r;
	user_fini(user);
	r = users_get(request_local(request), session->user, user, err);
	if (r == 0)
		respond_json(request, 200, account_json(user));
	return r;
}

/* In a heavy worker: what needs the current password, or makes a new one. */
static int confirm_and_write(struct request *request, const struct session *session, struct user *user,
			     const struct wishes *wishes, struct error *err)
{
	if (user->password_hash != NULL && account_confirm(request, session, user, wishes->current_password, err) < 0)
		return err->kind == ERROR_FORBIDDEN ? account_refuse(request, err, "current_password") : err->code;
	return write_changes(request, session, user, wishes, err);
}

static int patch_heavily(struct request *request, struct error *err);

static int apply_wishes(struct request *request, const struct session *session, struct user *user,
			const struct wishes *wishes, bool heavy, struct error *err)
{
	struct web *web = request_data(request);

	if (!wishes->email_changes && wishes->password == NULL)
		return write_changes(request, session, user, wishes, err);
	if (session->token[0] != '\0') {
		error_set(err, ERROR_FORBIDDEN, EPERM,
			  "an access token is not enough to change the password or the e-mail address");
		return account_refuse(request, err, "token");
	}
	if (heavy)
		return confirm_and_write(request, session, user, wishes, err);
	if (feedback_limit(request, web->edits, session, err) < 0)
		return account_refuse(request, err, "too_many");
	if (user->password_hash == NULL && wishes->password == NULL)
		return write_changes(request, session, user, wishes, err);
	if (user->password_hash != NULL && guard_attempt(web->guard, request, user->username, true, err) < 0)
		return account_refuse(request, err, "too_many");
	return request_heavy(request, patch_heavily, err);
}

static int patch(struct request *request, bool heavy, struct error *err)
{
	struct field_errors errors = {0};
	struct wishes wishes = {0};
	struct session session;
	struct user user = {0};
	json_t *json = NULL;
	int r = account_find(request, &session, &user, err);

	if (r == 0)
		r = request_json(request, &json, err);
	if (r == 0) {
		take_wishes(json, &user, &wishes, &errors);
		if (errors.count > 0)
			account_refuse_fields(request, &errors, "invalid");
		else
			r = apply_wishes(request, &session, &user, &wishes, heavy, err);
	}
	user_fini(&user);
	json_decref(json);
	return r;
}

static int patch_heavily(struct request *request, struct error *err)
{
	return patch(request, true, err);
}

static int patch_me(struct request *request, struct error *err)
{
	return patch(request, false, err);
}

/* ---- somebody
 * ------------------------------------------------------------------------------------------------------------ */

/* The owner of the first projects has no account, but a page like everybody who has something to try. */
static int find_owner(struct store *store, const char *name, struct user *ret_user, int64_t *ret_projects, struct error *err)
{
	int r = users_by_name(store, name, ret_user, err);
	bool unknown = r < 0 && err->kind == ERROR_NOT_FOUND;

	if (r < 0 && !unknown)
		return r;
	if (r == 0 && strcmp(ret_user->state, "active") != 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such user");
	r = users_count_projects(store, name, true, ret_projects, err);
	if (r == 0 && unknown && *ret_projects == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such user");
	if (r == 0 && unknown) {
		ret_user->username = xstrdup(name);
		ret_user->display_name = xstrdup(name);
		ret_user->bio = xstrdup("");
	}
	return r;
}

static int get_user(struct request *request, struct error *err)
{
	struct user user = {0};
	int64_t projects = 0;
	int r = find_owner(request_local(request), request_param(request, "username"), &user, &projects, err);

	if (r == 0)
		respond_json(request, 200,
			     json_pack("{s:s,s:s,s:s,s:o,s:o,s:I}", "username", user.username, "display_name",
				       user.display_name, "bio", user.bio, "homepage", view_text(user.homepage),
				       "created_at", view_time(user.created_ms), "projects", (json_int_t)projects));
	user_fini(&user);
	return r;
}

const struct resource user_resources[] = {
	{METHOD_POST, "/api/v1/users", ROUTE_WORK, post_user, false, 16 * 1024},
	{METHOD_GET, "/api/v1/users/me", ROUTE_WORK, get_me, false, 0},
	{METHOD_PATCH, "/api/v1/users/me", ROUTE_WORK, patch_me, false, 32 * 1024},
	{METHOD_GET, "/api/v1/users/{username}", ROUTE_WORK, get_user, false, 0},
	{0},
};
