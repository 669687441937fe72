/* DELETE /users/me: withdrawal. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/util.h"
#include "core/password.h"
#include "store/audit.h"
#include "web/accounts.h"
#include "web/guard.h"
#include "web/presence.h"

/* What a withdrawal says about itself. */
struct leaving {
	const char *password; /* borrowed of the JSON */
	const char *confirm;
	const char *projects; /* "delete", "transfer"; NULL: not said */
	const char *transfer_to;
	int64_t heir; /* 0: projects are removed */
};

/* ---- on the loop and the recorder
 * ---------------------------------------------------------------------------------------- */

/* call->offset is the id of the heir, call->reference the address. */
static int withdraw(struct store *store, void *data, struct error *err)
{
	struct call *call = data;
	int r = users_withdraw(store, call->user, (int64_t)call->offset, clock_realtime_ms(), err);

	if (r == 0) /* without their name */
		r = audit_add(store, clock_realtime_ms(), "-", call->reference, "user.withdraw", "", NULL, err);
	return r;
}

static const char *conflict_code(const struct error *err)
{
	return err->code == -EBUSY ? "last_admin" : "project_exists";
}

static void withdrawn(int result, const struct error *err, void *data)
{
	struct call *call = data;

	if (result < 0) {
		call_problem(call, err,
			     err->kind == ERROR_CONFLICT ? json_pack("{s:s}", "code", conflict_code(err)) : NULL);
		return;
	}
	presence_expel(call->hub, call->person); /* what has begun in between */
	hub_catalogue_changed(call->hub);
	call_empty(call, 204);
}

/* The recorder writes the sandbox's end first. */
static void write_withdrawal(struct call *call)
{
	recorder_post(call->hub->recorder, "withdraw somebody", withdraw, withdrawn, call);
}

static void end_and_withdraw(struct call *call)
{
	struct live *live = hub_find_person(call->hub, call->person);

	presence_expel(call->hub, call->person);
	if (live == NULL) {
		write_withdrawal(call);
		return;
	}
	call->run = write_withdrawal;
	call->next = live->ending;
	live->ending = call;
	live_end(live, "stopped", -1, NULL, false);
}

static int post_withdrawal(struct request *request, const struct user *user, const struct leaving *leaving)
{
	struct web *web = request_data(request);
	char *address = xstrdup(request_address(request));
	struct call *call;

	respond_cookie(request, SESSION_COOKIE, "", 0);
	call = call_new(request, web->hub, user->person, end_and_withdraw);
	call->user = user->id;
	call->offset = (uint64_t)leaving->heir;
	call->reference = address;
	call_post(call);
	return 0;
}

/* ---- what stands in the way
 * ---------------------------------------------------------------------------------------------- */

static void read_leaving(json_t *json, const struct user *user, struct leaving *leaving, struct field_errors *errors)
{
	static const char *const known[] = {"password", "confirm", "projects", "transfer_to", NULL};

	body_members(json, known, errors);
	leaving->password = body_text(json, "password", errors);
	leaving->confirm = body_text(json, "confirm", errors);
	leaving->projects = body_text(json, "projects", errors);
	leaving->transfer_to = body_text(json, "transfer_to", errors);
	if (user->password_hash != NULL &&
	    (leaving->password == NULL || strlen(leaving->password) > PASSWORD_MAX_BYTES))
		field_error(errors, "password", "must be the account's password");
	if (user->password_hash == NULL && (leaving->confirm == NULL || strcmp(leaving->confirm, user->username) != 0))
		field_error(errors, "confirm", "must be your user name");
	if (leaving->projects != NULL && strcmp(leaving->projects, "delete") != 0 &&
	    strcmp(leaving->projects, "transfer") != 0)
		field_error(errors, "projects", "must be \"delete\" or \"transfer\"");
	else if (leaving->projects != NULL && strcmp(leaving->projects, "transfer") == 0 &&
		 leaving->transfer_to == NULL)
		field_error(errors, "transfer_to", "must be the user name of who gets the projects");
	else if (leaving->transfer_to != NULL &&
		 (leaving->projects == NULL || strcmp(leaving->projects, "transfer") != 0))
		field_error(errors, "transfer_to", "goes with \"projects\": \"transfer\" only");
}

static int find_heir(struct store *store, const struct user *user, struct leaving *leaving, struct field_errors *errors,
		     struct error *err)
{
	struct user heir = {0};
	int r;

	leaving->heir = 0;
	if (leaving->transfer_to == NULL)
		return 0;
	r = users_by_name(store, leaving->transfer_to, &heir, err);
	if (r < 0 && err->kind != ERROR_NOT_FOUND)
		return r;
	if (r < 0 || strcmp(heir.state, "active") != 0 || heir.id == user->id)
		field_error(errors, "transfer_to", "must be the user name of somebody else here");
	else
		leaving->heir = heir.id;
	user_fini(&heir);
	return 0;
}

static int keep_admin(struct db *db, void *data, struct error *err)
{
	struct store store = {.db = db};

	return users_keep_admin(&store, *(const int64_t *)data, err);
}

/* 1: nothing; 0: it was answered. */
static int check_obstacles(struct request *request, const struct user *user, const struct leaving *leaving,
			   struct error *err)
{
	struct store *store = request_local(request);
	int64_t id = user->id, projects = 0;
	int r = db_transaction(store->db, keep_admin, &id, err);

	if (r < 0)
		return err->kind == ERROR_CONFLICT ? account_refuse(request, err, "last_admin") : r;
	r = users_count_projects(store, user->username, false, &projects, err);
	if (r < 0)
		return r;
	if (projects > 0 && leaving->projects == NULL) {
		error_set(err, ERROR_CONFLICT, ENOTEMPTY,
			  "%lld projects are yours: say whether they go (\"projects\": \"delete\") or somebody gets "
			  "them (\"transfer\")",
			  (long long)projects);
		return account_refuse(request, err, "has_projects");
	}
	r = leaving->heir != 0 ? users_check_heir(store, user->username, leaving->heir, err) : 0;
	if (r < 0)
		return err->kind == ERROR_CONFLICT ? account_refuse(request, err, conflict_code(err)) : r;
	return 1;
}

static int leave_heavily(struct request *request, struct error *err);

static int go(struct request *request, const struct session *session, const struct user *user,
	      const struct leaving *leaving, bool heavy, struct error *err)
{
	struct web *web = request_data(request);
	int r;

	if (heavy && account_confirm(request, session, user, leaving->password, err) < 0)
		return err->kind == ERROR_FORBIDDEN ? account_refuse(request, err, "current_password") : err->code;
	r = check_obstacles(request, user, leaving, err);
	if (r <= 0)
		return r;
	if (heavy || user->password_hash == NULL)
		return post_withdrawal(request, user, leaving);
	if (guard_attempt(web->guard, request, user->username, true, err) < 0)
		return account_refuse(request, err, "too_many");
	return request_heavy(request, leave_heavily, err);
}

static int leave(struct request *request, bool heavy, struct error *err)
{
	struct field_errors errors = {0};
	struct leaving leaving;
	struct session session;
	struct user user = {0};
	json_t *json = NULL;
	int r = account_find_in_browser(request, &session, &user, err);

	if (r < 0)
		return account_failed(request, r, err);
	r = request_json(request, &json, err);
	if (r == 0) {
		read_leaving(json, &user, &leaving, &errors);
		r = find_heir(request_local(request), &user, &leaving, &errors, err);
		if (r == 0 && errors.count > 0)
			account_refuse_fields(request, &errors, "invalid");
		else if (r == 0)
			r = go(request, &session, &user, &leaving, heavy, err);
	}
	user_fini(&user);
	json_decref(json);
	return r;
}

static int leave_heavily(struct request *request, struct error *err)
{
	return leave(request, true, err);
}

static int delete_me(struct request *request, struct error *err)
{
	return leave(request, false, err);
}

const struct resource leave_resources[] = {
	{METHOD_DELETE, "/api/v1/users/me", ROUTE_WORK, delete_me, false, 16 * 1024},
	{0},
};
