/* /session: who am I, and good-bye. */
#include "web/internal.h"

static void answer_session(struct call *call)
{
	struct live *live = hub_find_person(call->hub, call->person);

	call_json(call, 200,
		  json_pack("{s:n,s:b,s:o}", "user", "guest", 1, "sandbox", live != NULL ? live_json(live) : json_null()));
}

static int get_session(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct session session;
	int r = visitor_find(request, &session, err);

	if (r == 0) {
		call_post(call_new(request, web->hub, session.person, answer_session));
		return 0;
	}
	if (err->kind != ERROR_UNAUTHENTICATED)
		return r;
	respond_json(request, 200, json_pack("{s:n,s:b,s:n}", "user", "guest", 1, "sandbox"));
	return 0;
}

static void answer_left(struct call *call)
{
	call_empty(call, 204);
}

static void leave(struct call *call)
{
	struct live *live = hub_find_person(call->hub, call->person);

	if (live == NULL) {
		answer_left(call);
		return;
	}
	call->run = answer_left;
	call->next = live->ending;
	live->ending = call;
	live_end(live, "stopped", -1, NULL, false);
}

static int delete_session(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct session session;
	int r = visitor_find(request, &session, err);

	if (r < 0 && err->kind != ERROR_UNAUTHENTICATED)
		return r;
	respond_cookie(request, SESSION_COOKIE, "", 0);
	if (r < 0) {
		respond_empty(request, 204);
		return 0;
	}
	r = sessions_delete(request_local(request), request_cookie(request, SESSION_COOKIE), err);
	if (r == 0)
		call_post(call_new(request, web->hub, session.person, leave));
	return r;
}

const struct resource session_resources[] = {
	{METHOD_GET, "/api/v1/session", ROUTE_WORK, get_session, false, 0},
	{METHOD_DELETE, "/api/v1/session", ROUTE_WORK, delete_session, false, 0},
	{0},
};
