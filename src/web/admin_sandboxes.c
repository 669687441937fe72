/* /admin/sandboxes: who is trying what at this moment, and an end to it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/util.h"
#include "store/audit.h"
#include "store/overview.h"
#include "web/feedback.h"
#include "web/views.h"

#define WATCH_MS 15000 /* so long after somebody has looked, the engine is asked what sandboxes use */

/* ---- the list
 * -------------------------------------------------------------------------------------------------------- */

static json_t *view_usage(const struct live *live)
{
	if (live->usage_ms == 0 || clock_monotonic_ms() - live->usage_ms > WATCH_MS)
		return json_null();
	return json_pack("{s:I,s:f}", "memory", (json_int_t)live->memory, "cpu", live->cpu);
}

/* One of the list; `person` is replaced by who that is, in name_people. */
static void append_live(struct call *call, const struct live *live, json_t *items, int64_t *index)
{
	int64_t first = page_offset(call->page);
	json_t *json;

	if (live->state == LIVE_ENDED)
		return;
	if (*index >= first && *index < first + call->page.per_page) {
		json = live_json(live);
		json_object_set_new(json, "person", json_string(live->row.person));
		json_object_set_new(json, "usage", view_usage(live));
		json_array_append_new(items, json);
	}
	++*index;
}

static int name_people(struct store *store, void *data, struct error *err)
{
	struct call *call = data;
	json_t *items = json_object_get(call->answer, "items");
	json_t *names = json_array();
	int r = 0;

	for (size_t i = 0; r == 0 && i < json_array_size(items); i++) {
		const char *person = json_string_value(json_object_get(json_array_get(items, i), "person"));
		auto_free char *username = NULL;

		r = overview_name_of(store, person, &username, err);
		json_array_append_new(names,
				      username != NULL ? json_sprintf("user:%s", username) : json_string("guest"));
	}
	for (size_t i = 0; r == 0 && i < json_array_size(items); i++) /* only now: this may run twice */
		json_object_set(json_array_get(items, i), "person", json_array_get(names, i));
	json_decref(names);
	return r;
}

static void answer_named(int result, const struct error *err, void *data)
{
	struct call *call = data;

	if (result < 0)
		call_problem(call, err, NULL);
	else
		call_json(call, 200, json_incref(call->answer));
}

static void list_lives(struct call *call)
{
	struct hub *hub = call->hub;
	json_t *items = json_array();
	int64_t count = 0;

	hub->watched_ms = clock_monotonic_ms() + WATCH_MS;
	list_for_each (node, &hub->sandboxes)
		append_live(call, container_of(node, struct live, link), items, &count);
	list_for_each (node, &hub->queue)
		append_live(call, container_of(node, struct live, link), items, &count);
	call->answer = view_page(items, call->page, count);
	recorder_post(hub->recorder, "name who has sandboxes", name_people, answer_named, call);
}

static int get_sandboxes(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct session session = {0};
	struct page page = {1, 1};
	struct call *call;
	int r = feedback_admin_page(request, &session, &page, err);

	if (r < 0)
		return r;
	call = call_new(request, web->hub, session.person, list_lives);
	call->page = page;
	call_post(call);
	return 0;
}

/* ---- a stop
 * ---------------------------------------------------------------------------------------------------------- */

struct stop {
	struct call *call;
	char *full_name;
	char *actor;
	char *address;
};

static void answer_stopped(struct call *call)
{
	call_empty(call, 204);
}

static int write_stop(struct store *store, void *data, struct error *err)
{
	const struct stop *stop = data;

	return audit_add(store, clock_realtime_ms(), stop->actor, stop->address, "sandbox.stop", stop->call->id,
			 stop->full_name, err);
}

static void end_stopped(int result, const struct error *err, void *data)
{
	struct stop *stop = data;
	struct call *call = stop->call;
	struct live *live = hub_find(call->hub, call->id);

	free(stop->full_name);
	free(stop);
	if (result < 0) {
		call_problem(call, err, NULL);
	} else if (live == NULL) {
		answer_stopped(call); /* it has ended by itself */
	} else {
		call->run = answer_stopped;
		call->next = live->ending;
		live->ending = call;
		live_end(live, "stopped", -1, "an administrator has stopped it", false);
	}
}

/* call->reference and call->run_command carry the administrator's name and address. */
static void stop_live(struct call *call)
{
	struct live *live = hub_find(call->hub, call->id);
	struct stop *stop;
	struct error err;

	if (live == NULL) {
		error_set(&err, ERROR_NOT_FOUND, ENOENT, "there is no such sandbox (any more)");
		call_problem(call, &err, NULL);
		return;
	}
	stop = xmalloc(sizeof(*stop));
	*stop = (struct stop){call, xstrdup(live->row.full_name), call->reference, call->run_command};
	recorder_post(call->hub->recorder, "write that a sandbox was stopped", write_stop, end_stopped, stop);
}

static int delete_sandbox(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct session session = {0};
	struct call *call;
	char *address;
	int r = visitor_admin(request, &session, err);

	if (r < 0)
		return r;
	address = xstrdup(request_address(request));
	call = call_new(request, web->hub, session.person, stop_live);
	snprintf(call->id, sizeof(call->id), "%s", request_param(call->request, "id"));
	call->reference = xstrdup(session.username);
	call->run_command = address;
	call_post(call);
	return 0;
}

const struct resource admin_sandbox_resources[] = {
	{METHOD_GET, "/api/v1/admin/sandboxes", ROUTE_WORK, get_sandboxes, false, 0},
	{METHOD_DELETE, "/api/v1/admin/sandboxes/{id}", ROUTE_WORK, delete_sandbox, false, 0},
	{0},
};
