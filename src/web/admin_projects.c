/* /admin/projects: all of them, hiding and removing. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "core/names.h"
#include "store/projects.h"
#include "store/reports.h"
#include "web/feedback.h"
#include "web/pools.h"
#include "web/views.h"

static int view_for_admin(struct store *store, const struct project *project, json_t **ret_json, struct error *err)
{
	int64_t reports = 0;
	int r = reports_count_open(store, project->id, &reports, err);

	if (r == 0)
		r = view_project_now(store, project, ret_json, err);
	if (r < 0)
		return r;
	json_object_set_new(*ret_json, "visibility", json_string(project->visibility));
	json_object_set_new(*ret_json, "reports", json_integer(reports));
	return 0;
}

static int must_be_one_of(const char *name, const char *value, const char *const *words, struct error *err)
{
	for (size_t i = 0; value != NULL && words[i] != NULL; i++)
		if (strcmp(value, words[i]) == 0)
			return 0;
	return value == NULL ? 0 : error_set(err, ERROR_INVALID, EINVAL, "there is no %s %.40s", name, value);
}

static int get_projects(struct request *request, struct error *err)
{
	static const char *const states[] = {"ready", "building", "failed", NULL};
	static const char *const visibilities[] = {"listed", "unlisted", "hidden", NULL};
	struct project_filter filter = {.sort = PROJECT_SORT_NEW, .visibility = "any"};
	struct store *store = request_local(request);
	struct project_list list = {0};
	json_t *items = json_array();
	struct session session = {0};
	int r = feedback_admin_page(request, &session, &filter.page, err);

	filter.text = feedback_filter(request, "q");
	filter.state = feedback_filter(request, "state");
	if (feedback_filter(request, "visibility") != NULL)
		filter.visibility = feedback_filter(request, "visibility");
	if (r == 0)
		r = must_be_one_of("state", filter.state, states, err);
	if (r == 0)
		r = must_be_one_of("visibility", feedback_filter(request, "visibility"), visibilities, err);
	if (r == 0)
		r = projects_list(store, &filter, &list, err);
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		json_t *json = NULL;

		r = view_for_admin(store, &list.items[i], &json, err);
		json_array_append_new(items, json);
	}
	r = feedback_answer(request, r, items, filter.page, list.total);
	project_list_fini(&list);
	return r;
}

/* ---- one
 * ------------------------------------------------------------------------------------------------------------- */

/* On the loop: what is shown and kept ready follows before the answer goes out. Sandboxes that run go on. */
static void answer_changed(struct call *call)
{
	hub_catalogue_changed(call->hub);
	pools_refresh(call->hub->pools);
	if (call->answer != NULL)
		call_json(call, 200, json_incref(call->answer));
	else
		call_empty(call, 204);
}

/* Takes `json`; NULL: 204. */
static void answer_after_change(struct request *request, const struct session *session, json_t *json)
{
	struct web *web = request_data(request);
	struct call *call = call_new(request, web->hub, session->person, answer_changed);

	call->answer = json;
	call_post(call);
}

static int read_visibility(struct request *request, json_t **ret_json, const char **ret_visibility,
			   struct field_errors *errors, struct error *err)
{
	static const char *const known[] = {"visibility", NULL};
	int r = request_json(request, ret_json, err);

	if (r < 0)
		return r;
	body_members(*ret_json, known, errors);
	*ret_visibility = json_string_value(json_object_get(*ret_json, "visibility"));
	if (!str_equal(*ret_visibility, "listed") && !str_equal(*ret_visibility, "hidden"))
		field_error(errors, "visibility", "must be \"listed\" or \"hidden\"");
	return 0;
}

static int find_project(struct request *request, struct project *ret_project, struct error *err)
{
	return projects_get(request_local(request), request_param(request, "owner"), request_param(request, "name"),
			    ret_project, err);
}

static int set_visibility(struct request *request, const struct session *session, const char *visibility,
			  struct error *err)
{
	bool hide = str_equal(visibility, "hidden");
	struct store *store = request_local(request);
	struct project project = {0}, now = {0};
	char full_name[2 * NAME_MAX_LENGTH + 2];
	json_t *json = NULL;
	int r = find_project(request, &project, err);

	if (r < 0)
		return r;
	snprintf(full_name, sizeof(full_name), "%s/%s", project.owner, project.name);
	r = projects_set_visibility(store, project.id, visibility, clock_realtime_ms(), err);
	if (r == 0)
		r = visitor_audit(request, session, hide ? "project.hide" : "project.show", full_name, NULL, err);
	if (r == 0)
		r = projects_get_by_id(store, project.id, &now, err);
	if (r == 0)
		r = view_for_admin(store, &now, &json, err);
	if (r == 0)
		answer_after_change(request, session, json);
	project_fini(&project);
	project_fini(&now);
	return r;
}

static int patch_project(struct request *request, struct error *err)
{
	struct field_errors errors = {0};
	const char *visibility = NULL;
	struct session session = {0};
	json_t *json = NULL;
	int r = visitor_admin(request, &session, err);

	if (r == 0)
		r = read_visibility(request, &json, &visibility, &errors, err);
	if (r < 0)
		return r;
	if (errors.count > 0)
		r = feedback_refuse(request, 0, &errors, err);
	else
		r = set_visibility(request, &session, visibility, err);
	json_decref(json);
	return r;
}

static int delete_project(struct request *request, struct error *err)
{
	char full_name[2 * NAME_MAX_LENGTH + 2];
	struct project project = {0};
	struct session session = {0};
	int r = visitor_admin(request, &session, err);

	if (r == 0)
		r = find_project(request, &project, err);
	if (r < 0)
		return r;
	snprintf(full_name, sizeof(full_name), "%s/%s", project.owner, project.name);
	r = projects_delete(request_local(request), project.id, err);
	if (r == 0)
		r = visitor_audit(request, &session, "project.delete", full_name, NULL, err);
	if (r == 0)
		answer_after_change(request, &session, NULL);
	project_fini(&project);
	return r;
}

const struct resource admin_project_resources[] = {
	{METHOD_GET, "/api/v1/admin/projects", ROUTE_WORK, get_projects, false, 0},
	{METHOD_PATCH, "/api/v1/admin/projects/{owner}/{name}", ROUTE_WORK, patch_project, false, 4096},
	{METHOD_DELETE, "/api/v1/admin/projects/{owner}/{name}", ROUTE_WORK, delete_project, false, 0},
	{0},
};
