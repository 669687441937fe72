/* /admin/users: who has an account, and who may do what. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "store/identities.h"
#include "store/nodes.h"
#include "store/overview.h"
#include "store/users.h"
#include "web/feedback.h"
#include "web/presence.h"
#include "web/views.h"

/* ---- the list
 * -------------------------------------------------------------------------------------------------------- */

static int view_providers(struct store *store, int64_t user, json_t **ret_json, struct error *err)
{
	struct identity *identities = NULL;
	json_t *list = json_array();
	size_t count = 0;
	int r = identities_list(store, user, &identities, &count, err);

	for (size_t i = 0; i < count; i++)
		json_array_append_new(list, json_string(identities[i].provider));
	identities_free(identities, count);
	*ret_json = list;
	return r;
}

static int view_user(struct store *store, const struct user *user, json_t **ret_json, struct error *err)
{
	json_t *providers = NULL;
	int64_t projects = 0;
	int r = view_providers(store, user->id, &providers, err);

	if (r == 0)
		r = overview_projects_of(store, user->username, &projects, err);
	if (r < 0) {
		json_decref(providers);
		return r;
	}
	*ret_json = json_pack("{s:s,s:o,s:o,s:s,s:s,s:o,s:o,s:I,s:o}", "username", user->username, "display_name",
			      view_text(user->display_name), "email", view_text(user->email), "role", user->role,
			      "state", user->state, "created_at", view_time(user->created_ms), "seen_at",
			      view_time(user->seen_ms), "projects", (json_int_t)projects, "providers", providers);
	return 0;
}

static int get_users(struct request *request, struct error *err)
{
	struct store *store = request_local(request);
	struct user_list list = {0};
	json_t *items = json_array();
	struct session session = {0};
	struct page page = {1, 1};
	int r = feedback_admin_page(request, &session, &page, err);

	if (r == 0)
		r = users_list(store, feedback_filter(request, "q"), page, &list, err);
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		json_t *json = NULL;

		r = view_user(store, &list.items[i], &json, err);
		json_array_append_new(items, json);
	}
	r = feedback_answer(request, r, items, page, list.total);
	user_list_fini(&list);
	return r;
}

/* ---- one
 * ------------------------------------------------------------------------------------------------------------- */

struct change {
	const char *state; /* NULL: stays */
	const char *role;
};

static const char *read_word(json_t *json, const char *field, const char *one, const char *other,
			     struct field_errors *errors)
{
	json_t *value = json_object_get(json, field);
	const char *word = json_string_value(value);

	if (value != NULL && !str_equal(word, one) && !str_equal(word, other))
		field_error(errors, field, "must be \"%s\" or \"%s\"", one, other);
	return word;
}

static void read_change(json_t *json, struct change *change, struct field_errors *errors)
{
	static const char *const known[] = {"state", "role", NULL};

	body_members(json, known, errors);
	change->state = read_word(json, "state", "active", "suspended", errors);
	change->role = read_word(json, "role", "user", "admin", errors);
	if (json_object_size(json) == 0)
		field_error(errors, "state", "say what is to change: state or role");
}

static int conflict(struct request *request, const struct error *err, const char *code)
{
	respond_problem(request, err, json_pack("{s:s}", "code", code));
	return 0;
}

/* Gives 1 when it has answered. */
static int set_state(struct request *request, const struct session *session, const struct user *user, const char *state,
		     struct error *err)
{
	const struct web *web = request_data(request);
	struct store *store = request_local(request);
	bool suspend = strcmp(state, "suspended") == 0;
	int r;

	if (strcmp(user->state, state) == 0)
		return 0;
	if (suspend && user->id == session->user) {
		error_set(err, ERROR_CONFLICT, EPERM, "you cannot suspend yourself");
		conflict(request, err, "own_account");
		return 1;
	}
	r = users_set_state(store, user->id, state, err);
	if (r < 0 && err->kind == ERROR_CONFLICT) {
		conflict(request, err, "last_admin");
		return 1;
	}
	if (r == 0 && suspend)
		r = sessions_revoke_all(store, user->id, NULL, err);
	if (r == 0 && suspend)
		r = nodes_ask_end_of(store, user->person, "stopped", clock_realtime_ms(), err);
	if (r == 0 && suspend)
		presence_expel(web->hub, user->person);
	if (r == 0)
		r = visitor_audit(request, session, suspend ? "user.suspend" : "user.activate", user->username, NULL,
				  err);
	return r;
}

/* The same. */
static int set_role(struct request *request, const struct session *session, const struct user *user, const char *role,
		    struct error *err)
{
	int r;

	if (strcmp(user->role, role) == 0)
		return 0;
	r = users_set_role(request_local(request), user->id, role, err);
	if (r < 0 && err->kind == ERROR_CONFLICT) {
		conflict(request, err, "last_admin");
		return 1;
	}
	return r == 0 ? visitor_audit(request, session, "user.role", user->username, role, err) : r;
}

static int change_user(struct request *request, const struct session *session, const struct change *change,
		       struct error *err)
{
	struct store *store = request_local(request);
	struct user user = {0}, now = {0};
	json_t *json = NULL;
	int r = users_by_name(store, request_param(request, "username"), &user, err);

	if (r == 0 && change->role != NULL)
		r = set_role(request, session, &user, change->role, err);
	if (r == 0 && change->state != NULL)
		r = set_state(request, session, &user, change->state, err);
	if (r == 0)
		r = users_get(store, user.id, &now, err);
	if (r == 0)
		r = view_user(store, &now, &json, err);
	if (r == 0)
		respond_json(request, 200, json);
	user_fini(&user);
	user_fini(&now);
	return r < 0 ? r : 0;
}

static int patch_user(struct request *request, struct error *err)
{
	struct field_errors errors = {0};
	struct change change = {0};
	struct session session = {0};
	json_t *json = NULL;
	int r = visitor_admin(request, &session, err);

	if (r == 0)
		r = request_json(request, &json, err);
	if (r < 0)
		return r;
	read_change(json, &change, &errors);
	if (errors.count > 0)
		r = feedback_refuse(request, 0, &errors, err);
	else
		r = change_user(request, &session, &change, err);
	json_decref(json);
	return r;
}

const struct resource admin_user_resources[] = {
	{METHOD_GET, "/api/v1/admin/users", ROUTE_WORK, get_users, false, 0},
	{METHOD_PATCH, "/api/v1/admin/users/{username}", ROUTE_WORK, patch_user, false, 4096},
	{0},
};
