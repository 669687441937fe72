/* /projects/{owner}/{name}/like: a bookmark, and a word of thanks. */
#include "store/likes.h"

#include "base/clock.h"
#include "web/feedback.h"
#include "web/sight.h"

static json_t *view_like(bool liked, int64_t likes)
{
	return json_pack("{s:b,s:I}", "liked", (int)liked, "likes", (json_int_t)likes);
}

/* On the loop, so that who likes finds the new count in the catalogue. */
static void answer_counted(struct call *call)
{
	hub_counters_changed(call->hub);
	if (call->answer != NULL)
		call_json(call, 200, json_incref(call->answer));
	else
		call_empty(call, 204);
}

static int find_both(struct request *request, struct session *session, struct project *project, struct error *err)
{
	int r = visitor_user(request, session, err);

	return r == 0 ? sight_project(request, session, project, err) : r;
}

static int get_like(struct request *request, struct error *err)
{
	struct project project = {0};
	struct session session = {0};
	int64_t likes = 0;
	bool liked = false;
	int r = find_both(request, &session, &project, err);

	if (r == 0)
		r = likes_get(request_local(request), project.id, session.user, &liked, &likes, err);
	if (r == 0)
		respond_json(request, 200, view_like(liked, likes));
	project_fini(&project);
	return r;
}

static int change_like(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	bool like = request_method(request) == METHOD_PUT;
	struct project project = {0};
	struct session session = {0};
	struct call *call;
	int64_t likes = 0;
	int r = find_both(request, &session, &project, err);

	if (r == 0)
		r = feedback_limit(request, web->likes, &session, err);
	if (r == 0 && like)
		r = likes_add(request_local(request), project.id, session.user, clock_realtime_ms(), &likes, err);
	else if (r == 0)
		r = likes_remove(request_local(request), project.id, session.user, &likes, err);
	project_fini(&project);
	if (r < 0)
		return r;
	call = call_new(request, web->hub, session.person, answer_counted);
	call->answer = like ? view_like(true, likes) : NULL;
	call_post(call);
	return 0;
}

const struct resource like_resources[] = {
	{METHOD_GET, "/api/v1/projects/{owner}/{name}/like", ROUTE_WORK, get_like, false, 0},
	{METHOD_PUT | METHOD_DELETE, "/api/v1/projects/{owner}/{name}/like", ROUTE_WORK, change_like, false, 0},
	{0},
};
