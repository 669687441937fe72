/* /users/me/likes and /users/me/projects. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "store/builds.h"
#include "store/likes.h"
#include "store/project_life.h"
#include "web/feedback.h"
#include "web/views.h"

static int get_my_likes(struct request *request, struct error *err)
{
	struct store *store = request_local(request);
	auto_free int64_t *projects = NULL;
	json_t *items = json_array();
	struct session session = {0};
	size_t count = 0;
	struct page page = {1, 1};
	int64_t total = 0;
	int r = feedback_page(request, &page, err);

	if (r == 0)
		r = visitor_user(request, &session, err);
	if (r == 0)
		r = likes_list(store, session.user, session.username, page, &projects, &count, &total, err);
	if (r == 0)
		r = view_projects_by_id(store, projects, count, items, err);
	return feedback_answer(request, r, items, page, total);
}

/* The newest build, so that authors are told of one that failed behind their back while the last good version is still shown. */
static int add_last_build(struct store *store, json_t *json, int64_t project, struct error *err)
{
	struct build_filter filter = {.project = project, .page = {1, 1}};
	struct build *builds = NULL;
	int64_t total;
	size_t count = 0;
	int r = builds_list(store, &filter, &builds, &count, &total, err);

	if (r == 0)
		json_object_set_new(json, "last_build", count > 0 ? view_build(&builds[0], NULL) : json_null());
	builds_free(builds, count);
	return r;
}

static int view_mine(struct store *store, const struct project *project, json_t **ret_json, struct error *err)
{
	json_t *json;
	int r = view_project_now(store, project, &json, err);

	if (r < 0)
		return r;
	json_object_set_new(json, "visibility", json_string(project->visibility));
	if (project->deleted_ms != 0) {
		json_object_set_new(json, "deleted_at", view_time(project->deleted_ms));
		json_object_set_new(json, "gone_at", view_time(project->deleted_ms + PROJECT_KEPT_MS));
	}
	r = add_last_build(store, json, project->id, err);
	if (r == 0)
		*ret_json = json;
	else
		json_decref(json);
	return r;
}

static int get_my_projects(struct request *request, struct error *err)
{
	struct project_filter filter = {.sort = PROJECT_SORT_NEW, .visibility = "any"};
	struct store *store = request_local(request);
	struct project_list list = {0};
	json_t *items = json_array();
	struct session session = {0};
	int r = feedback_page(request, &filter.page, err);

	if (r == 0)
		r = visitor_user(request, &session, err);
	if (r == 0) {
		filter.owner = session.username;
		if (str_equal(request_query(request, "deleted"), "1"))
			filter.visibility = "deleted";
		r = projects_list(store, &filter, &list, err);
	}
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		json_t *json;

		r = view_mine(store, &list.items[i], &json, err);
		if (r == 0)
			json_array_append_new(items, json);
	}
	r = feedback_answer(request, r, items, filter.page, list.total);
	project_list_fini(&list);
	return r;
}

const struct resource mine_resources[] = {
	{METHOD_GET, "/api/v1/users/me/likes", ROUTE_WORK, get_my_likes, false, 0},
	{METHOD_GET, "/api/v1/users/me/projects", ROUTE_WORK, get_my_projects, false, 0},
	{0},
};
