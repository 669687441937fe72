/* What somebody has tried is theirs to remove: /sandboxes/{id}/history and /sandboxes?ended=1. */
#include <errno.h>
#include <string.h>

#include "web/internal.h"

/* The recorder's turn comes after everything that was written so far: what has just ended is found as ended. */
static int forget_one(struct store *store, void *data, struct error *err)
{
	struct call *call = data;

	return sandboxes_forget(store, call->person, call->id, err);
}

static int forget_ended(struct store *store, void *data, struct error *err)
{
	struct call *call = data;

	return sandboxes_forget_ended(store, call->person, NULL, err);
}

static void answer_forgotten(int result, const struct error *err, void *data)
{
	struct call *call = data;

	if (result < 0)
		call_problem(call, err, NULL);
	else
		call_empty(call, 204);
}

static void ask_forget_one(struct call *call)
{
	recorder_post(call->hub->recorder, "remove an entry of a history", forget_one, answer_forgotten, call);
}

static void ask_forget_ended(struct call *call)
{
	recorder_post(call->hub->recorder, "remove a history", forget_ended, answer_forgotten, call);
}

static int delete_entry(struct request *request, struct error *err)
{
	struct call *call;
	int r = sandbox_call(request, ask_forget_one, &call, err);

	if (r == 0)
		call_post(call);
	return r;
}

static int delete_ended(struct request *request, struct error *err)
{
	const char *ended = request_query(request, "ended");
	struct web *web = request_data(request);
	struct session session;
	int r;

	if (ended == NULL || strcmp(ended, "1") != 0)
		return error_set(err, ERROR_INVALID, EINVAL,
				 "say ?ended=1: only ended ones can be removed all at once");
	r = visitor_find(request, &session, err);
	if (r == 0)
		call_post(call_new(request, web->hub, session.person, ask_forget_ended));
	return r;
}

const struct resource history_resources[] = {
	{METHOD_DELETE, "/api/v1/sandboxes/{id}/history", ROUTE_WORK, delete_entry, false, 0},
	{METHOD_DELETE, "/api/v1/sandboxes", ROUTE_WORK, delete_ended, false, 0},
	{0},
};
