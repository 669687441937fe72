/* /builds: how one stands, and its log as it is written. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "http/stream.h"
#include "web/feedback.h"
#include "web/internal.h"
#include "web/keeper.h"
#include "web/publish.h"
#include "web/sight.h"
#include "web/views.h"

static int get_build(struct request *request, struct error *err)
{
	const struct web *web = request_data(request);
	json_t *json;
	int r = view_build_by_id(request_local(request), request_param(request, "id"), &json, err);

	if (r < 0)
		return r;
	keeper_mark_build(web->hub->keeper, json);
	respond_json(request, 200, json);
	return 0;
}

/* A reader on the way to the loop. */
struct reader {
	struct hub *hub;
	struct stream *stream;
	char *build;
	json_t *json;
	uint64_t offset;
};

static int load_state(struct store *store, void *data, struct error *err)
{
	struct reader *reader = data;

	return view_build_by_id(store, reader->build, &reader->json, err);
}

static void follow(int result, const struct error *err, void *data)
{
	struct reader *reader = data;
	const char *state = json_string_value(json_object_get(reader->json, "state"));
	auto_free char *text = reader->json != NULL ? json_dumps(reader->json, JSON_COMPACT | JSON_REAL_PRECISION(6)) : NULL;

	(void)err;
	if (result == 0 && state != NULL && text != NULL)
		build_log_follow(builder_logs(reader->hub->builder), reader->build, reader->stream, reader->offset, text,
				 strcmp(state, "queued") != 0 && strcmp(state, "running") != 0);
	else
		stream_close(reader->stream);
	json_decref(reader->json);
	free(reader->build);
	free(reader);
}

static int get_log(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	const char *id = request_param(request, "id");
	const char *last = stream_last_id(request);
	struct reader *reader;
	json_t *json = NULL;
	uint64_t offset = 0;
	int r = view_build_by_id(request_local(request), id, &json, err);

	json_decref(json);
	if (r < 0)
		return r;
	if (last != NULL && str_to_u64(last, INT64_MAX, &offset) < 0)
		return error_set(err, ERROR_INVALID, EINVAL, "Last-Event-ID and offset must be a number of bytes");
	reader = xmalloc(sizeof(*reader));
	reader->hub = web->hub;
	reader->stream = respond_stream(request);
	reader->build = xstrdup(id);
	reader->offset = offset;
	if (reader->stream == NULL) {
		free(reader->build);
		free(reader);
		return 0;
	}
	/* The state is read behind every change that is on its way, so that no end is missed between here and the loop. */
	recorder_post(web->hub->recorder, "look at a build", load_state, follow, reader);
	return 0;
}

/* ---- lists -------------------------------------------------------------------------------------------------------------------- */

static int answer_list(struct request *request, struct build_filter *filter, struct error *err)
{
	const struct web *web = request_data(request);
	struct store *store = request_local(request);
	json_t *items = json_array();
	struct build *builds = NULL;
	size_t count = 0;
	int64_t total = 0;
	int r = builds_list(store, filter, &builds, &count, &total, err);

	for (size_t i = 0; r == 0 && i < count; i++) {
		bool open = strcmp(builds[i].state, "queued") == 0 || strcmp(builds[i].state, "running") == 0;
		json_t *json = NULL;

		/* Only open ones have a place and an estimate, which cost questions. */
		r = open ? view_build_by_id(store, builds[i].id, &json, err) : 0;
		if (r < 0 && err->kind == ERROR_NOT_FOUND)
			r = 0; /* gone meanwhile */
		else if (r == 0)
			json_array_append_new(items, json != NULL ? json : (json = view_build(&builds[i], NULL)));
		if (r == 0 && json != NULL)
			keeper_mark_build(web->hub->keeper, json);
	}
	builds_free(builds, count);
	return feedback_answer(request, r, items, filter->page, total);
}

static int get_my_builds(struct request *request, struct error *err)
{
	struct build_filter filter = {.state = feedback_filter(request, "state")};
	struct session session;
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = feedback_page(request, &filter.page, err);
	filter.author = session.username;
	return r == 0 ? answer_list(request, &filter, err) : r;
}

static int get_all_builds(struct request *request, struct error *err)
{
	struct build_filter filter = {.state = feedback_filter(request, "state"), .text = feedback_filter(request, "q")};
	struct session session;
	int r = visitor_admin(request, &session, err);

	if (r == 0)
		r = feedback_page(request, &filter.page, err);
	return r == 0 ? answer_list(request, &filter, err) : r;
}

static int get_project_builds(struct request *request, struct error *err)
{
	struct build_filter filter = {0};
	struct project project = {0};
	struct session session;
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = sight_project(request, &session, &project, err);
	if (r == 0 && sight_must_own(&session, &project, err) < 0) /* which builds there were is the author's business */
		r = error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such list");
	if (r == 0)
		r = feedback_page(request, &filter.page, err);
	filter.project = project.id;
	if (r == 0)
		r = answer_list(request, &filter, err);
	project_fini(&project);
	return r;
}

/* ---- what its author does with one -------------------------------------------------------------------------------------------- */

/* The build of the path with what it builds, and its project, of the one who asks. */
static int own_build(struct request *request, struct session *session, struct build *build, struct project *project, struct error *err)
{
	struct store *store = request_local(request);
	int r = visitor_user(request, session, err);

	if (r == 0)
		r = builds_get_source(store, request_param(request, "id"), build, err);
	if (r == 0)
		r = projects_get_by_id(store, build->project, project, err);
	if (r == 0 && project->deleted_ms != 0)
		r = error_set(err, ERROR_NOT_FOUND, ENOENT, "its project has been deleted");
	return r == 0 ? sight_must_own(session, project, err) : r;
}

static int cancel_build(struct request *request, const struct session *session, const struct build *build, struct error *err)
{
	struct web *web = request_data(request);
	struct store *store = request_local(request);
	json_t *json = NULL;
	bool running;
	int r = builds_cancel(store, build->id, clock_realtime_ms(), &running, err);

	if (r == 0)
		r = visitor_audit(request, session, "build.cancel", build->full_name, build->id, err);
	if (r == 0)
		r = view_build_by_id(store, build->id, &json, err);
	if (r < 0)
		return r;
	builder_wake(web->hub->builder);
	cache_invalidate(web->cache);
	respond_json(request, 200, json);
	return 0;
}

static int post_cancel(struct request *request, struct error *err)
{
	struct project project = {0};
	struct build build = {0};
	struct session session;
	int r = own_build(request, &session, &build, &project, err);

	if (r == 0)
		r = cancel_build(request, &session, &build, err);
	project_fini(&project);
	build_fini(&build);
	return r;
}

/* The same once more: what was sent for that build, or what the project is when it followed that. */
static int retry_build(struct request *request, const struct session *session, const struct build *build, const struct project *project,
		       struct error *err)
{
	bool own = build->source != NULL;

	if (strcmp(build->state, "failed") != 0 && strcmp(build->state, "cancelled") != 0)
		return error_set(err, ERROR_CONFLICT, EBUSY, "only a build that failed or was cancelled can be tried again");
	return publish_answer(request, session,
			      &(struct publish_order){.project = project->id,
						      .kind = build->kind,
						      .author = session->username,
						      .priority = project->version == NULL ? BUILD_PRIORITY_FIRST : BUILD_PRIORITY_PERSON,
						      .digest = own ? build->digest : project->digest,
						      .source_kind = own ? build->source_kind : project->source_kind,
						      .source = own ? build->source : project->source,
						      .dockerfile = own ? build->dockerfile : project->dockerfile,
						      .version = build->version},
			      "build.retry", NULL, err);
}

static int post_retry(struct request *request, struct error *err)
{
	struct project project = {0};
	struct build build = {0};
	struct session session;
	int r = own_build(request, &session, &build, &project, err);

	if (r == 0)
		r = retry_build(request, &session, &build, &project, err);
	project_fini(&project);
	build_fini(&build);
	return r;
}

const struct resource build_resources[] = {
	{METHOD_GET, "/api/v1/builds", ROUTE_WORK, get_my_builds, false, 0},
	{METHOD_GET, "/api/v1/admin/builds", ROUTE_WORK, get_all_builds, false, 0},
	{METHOD_GET, "/api/v1/projects/{owner}/{name}/builds", ROUTE_WORK, get_project_builds, false, 0},
	{METHOD_POST, "/api/v1/builds/{id}/cancel", ROUTE_WORK, post_cancel, false, 1024},
	{METHOD_POST, "/api/v1/builds/{id}/retry", ROUTE_WORK, post_retry, false, 1024},
	{METHOD_GET, "/api/v1/builds/{id}", ROUTE_WORK, get_build, false, 0},
	{METHOD_GET, "/api/v1/builds/{id}/log", ROUTE_WORK, get_log, false, 0},
	{0},
};
