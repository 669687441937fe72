/* What the author does with a project: its source and versions, its logo; delete, restore, hand over. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "store/builds.h"
#include "store/project_life.h"
#include "store/users.h"
#include "store/versions.h"
#include "web/feedback.h"
#include "web/internal.h"
#include "web/logins.h"
#include "web/logo.h"
#include "web/pools.h"
#include "web/sight.h"
#include "web/views.h"

/* The project of the path, of the one who asks. */
static int own_project(struct request *request, struct session *session, struct project *project, struct error *err)
{
	int r = visitor_user(request, session, err);

	if (r == 0)
		r = sight_project(request, session, project, err);
	return r == 0 ? sight_must_own(session, project, err) : r;
}

/* The same for what changes it, which is written down each time. */
static int own_to_change(struct request *request, struct session *session, struct project *project, struct error *err)
{
	const struct web *web = request_data(request);
	int r = own_project(request, session, project, err);

	return r < 0 ? r : feedback_limit(request, web->edits, session, err);
}

static void refresh_pools(void *data)
{
	struct hub *hub = data;

	pools_refresh(hub->pools);
}

/* Told to everybody who keeps something of it. */
static int changed(struct request *request, const struct session *session, const struct project *project, const char *action,
		   const char *detail, struct error *err)
{
	struct web *web = request_data(request);
	auto_free char *name = xasprintf("%s/%s", project->owner, project->name);

	cache_invalidate(web->cache);
	builder_wake(web->hub->builder);
	loop_post(web->hub->loop, refresh_pools, web->hub);
	return visitor_audit(request, session, action, name, detail, err);
}

/* ---- source ------------------------------------------------------------------------------------------------------------------- */

/* What was sent last, also when it could not be built: that is what one goes on from. */
static int get_source(struct request *request, struct error *err)
{
	struct project project = {0};
	struct build build = {0};
	struct session session;
	json_t *source = NULL;
	int r = own_project(request, &session, &project, err);

	if (r == 0 && project.build != NULL)
		r = builds_get_source(request_local(request), project.build, &build, err);
	if (r < 0 && err->kind == ERROR_NOT_FOUND && project.id != 0)
		r = 0;
	if (r == 0) {
		source = json_loads(build.source != NULL ? build.source : project.source, 0, NULL);
		r = login_show(request_local(request), project.id, source, err);
		if (r < 0)
			json_decref(source);
	}
	if (r == 0) {
		respond_json(request, 200, json_pack("{s:o,s:o}", "source", source != NULL ? source : json_null(), "version", view_text(build.version)));
	}
	build_fini(&build);
	project_fini(&project);
	return r;
}

/* ---- versions ----------------------------------------------------------------------------------------------------------------- */

static json_t *view_version(const struct version *version, const char *current)
{
	return json_pack("{s:s,s:s,s:I,s:o,s:o,s:b,s:o}", "label", version->label, "image", version->image, "size", (json_int_t)version->size,
			 "created_at", view_time(version->created_ms), "verified_at", view_time(version->verified_ms), "current",
			 str_equal(version->label, current), "build", view_text(version->build));
}

static int answer_versions(struct request *request, const struct project *project, struct error *err)
{
	struct version *versions = NULL;
	json_t *items = json_array();
	size_t count = 0;
	int r = versions_list(request_local(request), project->id, &versions, &count, err);

	for (size_t i = 0; r == 0 && i < count; i++)
		json_array_append_new(items, view_version(&versions[i], project->version));
	versions_free(versions, count);
	if (r == 0)
		respond_json(request, 200, json_pack("{s:o}", "items", items));
	else
		json_decref(items);
	return r;
}

static int get_versions(struct request *request, struct error *err)
{
	struct project project = {0};
	struct session session;
	int r = sight_visitor(request, &session, err);

	if (r == 0)
		r = sight_project(request, &session, &project, err);
	if (r == 0)
		r = answer_versions(request, &project, err);
	project_fini(&project);
	return r;
}

static int put_current(struct request *request, struct error *err)
{
	const char *label = request_param(request, "label");
	struct project project = {0};
	struct session session;
	int r = own_to_change(request, &session, &project, err);

	if (r == 0)
		r = versions_set_current(request_local(request), project.id, label, clock_realtime_ms(), err);
	if (r == 0)
		r = changed(request, &session, &project, "version.current", label, err);
	if (r == 0)
		r = project_answer(request, err);
	project_fini(&project);
	return r;
}

static int delete_version(struct request *request, struct error *err)
{
	const char *label = request_param(request, "label");
	struct project project = {0};
	struct session session;
	int r = own_to_change(request, &session, &project, err);

	if (r == 0) {
		r = versions_delete(request_local(request), project.id, label, clock_realtime_ms(), err);
		if (r < 0 && err->kind == ERROR_CONFLICT) {
			respond_problem(request, err, json_pack("{s:s}", "code", "current"));
			project_fini(&project);
			return 0;
		}
	}
	if (r == 0)
		r = changed(request, &session, &project, "version.delete", label, err);
	if (r == 0)
		respond_empty(request, 204);
	project_fini(&project);
	return r;
}

/* ---- logo --------------------------------------------------------------------------------------------------------------------- */

static int put_logo(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct project project = {0};
	auto_free char *url = NULL;
	struct session session;
	size_t length;
	const char *data = request_body(request, &length);
	int r = own_to_change(request, &session, &project, err);

	if (r == 0)
		r = logo_keep(request_local(request), web->options, data, length, &url, err);
	if (r == 0)
		r = projects_set_logo(request_local(request), project.id, url, clock_realtime_ms(), err);
	if (r == 0)
		r = changed(request, &session, &project, "project.logo", url, err);
	if (r == 0)
		r = project_answer(request, err);
	project_fini(&project);
	return r;
}

static int delete_logo(struct request *request, struct error *err)
{
	struct project project = {0};
	struct session session;
	int r = own_to_change(request, &session, &project, err);

	if (r == 0)
		r = projects_set_logo(request_local(request), project.id, NULL, clock_realtime_ms(), err);
	if (r == 0)
		r = changed(request, &session, &project, "project.logo", NULL, err);
	if (r == 0)
		respond_empty(request, 204);
	project_fini(&project);
	return r;
}

/* ---- delete, restore, hand over ----------------------------------------------------------------------------------------------- */

static int delete_project(struct request *request, struct error *err)
{
	struct project project = {0};
	struct session session;
	int r = own_to_change(request, &session, &project, err);

	if (r == 0)
		r = projects_trash(request_local(request), project.id, clock_realtime_ms(), err);
	if (r == 0)
		r = changed(request, &session, &project, "project.delete", NULL, err);
	if (r == 0)
		respond_empty(request, 204);
	project_fini(&project);
	return r;
}

static int post_restore(struct request *request, struct error *err)
{
	const struct web *web = request_data(request);
	struct store *store = request_local(request);
	struct project project = {0};
	struct session session;
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = projects_get_deleted(store, request_param(request, "owner"), request_param(request, "name"), &project, err);
	if (r == 0 && sight_must_own(&session, &project, err) < 0) /* for others there is nothing */
		r = error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such deleted project");
	if (r == 0)
		r = feedback_limit(request, web->edits, &session, err);
	if (r == 0)
		r = projects_restore(store, project.id, clock_realtime_ms(), err);
	if (r == 0)
		r = changed(request, &session, &project, "project.restore", NULL, err);
	if (r == 0)
		r = project_answer(request, err);
	project_fini(&project);
	return r;
}

static int transfer_to(struct request *request, const struct session *session, struct project *project, const char *to, struct error *err)
{
	const struct web *web = request_data(request);
	struct store *store = request_local(request);
	struct user user = {0};
	json_t *json = NULL;
	int r = users_by_name(store, to, &user, err);

	user_fini(&user);
	if (r == 0)
		r = projects_transfer(store, project->id, to, web->options->projects_most, clock_realtime_ms(), err);
	if (r < 0 && err->kind == ERROR_CONFLICT) {
		respond_problem(request, err, json_pack("{s:s}", "code", "name_taken"));
		return 0;
	}
	if (r < 0 && err->kind == ERROR_RATE_LIMITED) {
		respond_problem(request, err, json_pack("{s:s,s:s}", "code", "quota", "quota", "projects"));
		return 0;
	}
	if (r == 0)
		r = changed(request, session, project, "project.transfer", to, err);
	if (r < 0)
		return r;
	free(project->owner);
	project->owner = xstrdup(to);
	r = view_project_now(store, project, &json, err);
	if (r == 0)
		respond_json(request, 200, json);
	return r;
}

static int post_transfer(struct request *request, struct error *err)
{
	static const char *const known[] = {"to", NULL};
	struct field_errors errors = {0};
	struct project project = {0};
	struct session session;
	const char *to = NULL;
	json_t *json = NULL;
	int r = own_to_change(request, &session, &project, err);

	if (r == 0)
		r = request_json(request, &json, err);
	if (r == 0) {
		body_members(json, known, &errors);
		to = body_text(json, "to", &errors);
		if (to == NULL)
			field_error(&errors, "to", "is needed: a user name");
		r = errors.count > 0 ? feedback_refuse(request, 0, &errors, err) : transfer_to(request, &session, &project, to, err);
	}
	json_decref(json);
	project_fini(&project);
	return r;
}

const struct resource manage_resources[] = {
	{METHOD_GET, "/api/v1/projects/{owner}/{name}/source", ROUTE_WORK, get_source, false, 0},
	{METHOD_GET, "/api/v1/projects/{owner}/{name}/versions", ROUTE_WORK, get_versions, false, 0},
	{METHOD_PUT, "/api/v1/projects/{owner}/{name}/versions/{label}/current", ROUTE_WORK, put_current, false, 1024},
	{METHOD_DELETE, "/api/v1/projects/{owner}/{name}/versions/{label}", ROUTE_WORK, delete_version, false, 1024},
	{METHOD_PUT, "/api/v1/projects/{owner}/{name}/logo", ROUTE_WORK, put_logo, RESOURCE_ANY_TYPE, LOGO_INPUT_MAX},
	{METHOD_DELETE, "/api/v1/projects/{owner}/{name}/logo", ROUTE_WORK, delete_logo, false, 1024},
	{METHOD_DELETE, "/api/v1/projects/{owner}/{name}", ROUTE_WORK, delete_project, false, 1024},
	{METHOD_POST, "/api/v1/projects/{owner}/{name}/restore", ROUTE_WORK, post_restore, false, 1024},
	{METHOD_POST, "/api/v1/projects/{owner}/{name}/transfer", ROUTE_WORK, post_transfer, false, 1024},
	{0},
};
