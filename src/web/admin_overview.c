/* /admin/overview and /admin/audit: how the platform is, and what was done to it. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "store/audit.h"
#include "store/overview.h"
#include "store/projects.h"
#include "web/feedback.h"
#include "web/keeper.h"
#include "web/views.h"

/* Resident memory of this process, bytes; 0: not known. */
static json_int_t own_memory(void)
{
	FILE *stream = fopen("/proc/self/statm", "re");
	long long pages = 0;

	if (stream == NULL)
		return 0;
	if (fscanf(stream, "%*s %lld", &pages) != 1)
		pages = 0;
	fclose(stream);
	return pages * sysconf(_SC_PAGESIZE);
}

static void answer_overview(struct call *call)
{
	struct hub *hub = call->hub;
	json_int_t queued = 0;

	list_for_each (node, &hub->queue)
		queued++;
	json_object_set_new(call->answer, "sandboxes",
			    json_pack("{s:I,s:I,s:I}", "running", (json_int_t)atomic_load(&hub->running), "queued",
				      queued, "capacity", (json_int_t)hub->capacity));
	call_json(call, 200, json_incref(call->answer));
}

static int get_overview(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct store *store = request_local(request);
	struct overview overview = {0};
	struct state_counts states = {0};
	struct session session = {0};
	struct call *call;
	int r = visitor_admin(request, &session, err);

	if (r == 0)
		r = overview_get(store, &overview, err);
	if (r == 0)
		r = projects_count_states(store, &states, err);
	if (r < 0)
		return r;
	call = call_new(request, web->hub, session.person, answer_overview);
	call->answer =
		json_pack("{s:I,s:{s:I,s:I,s:I},s:{s:I,s:I},s:I,s:o,s:s,s:s,s:s,s:I,s:o}", "users",
			  (json_int_t)overview.users, "projects", "ready", (json_int_t)states.ready, "building",
			  (json_int_t)states.building, "failed", (json_int_t)states.failed, "builds", "queued",
			  (json_int_t)overview.builds_queued, "running", (json_int_t)overview.builds_running,
			  "reports_open", (json_int_t)overview.reports_open, "started_at", view_time(web->started_ms),
			  "version", TTOB_VERSION, "engine", atomic_load(&web->hub->engine_up) ? "up" : "down",
			  "database", str_starts_with(web->options->database, "sqlite:") ? "sqlite" : "mariadb",
			  "memory_bytes", own_memory(), "registry", keeper_glance(web->hub->keeper));
	call_post(call);
	return 0;
}

static int get_audit(struct request *request, struct error *err)
{
	struct audit_list list = {0};
	struct session session = {0};
	json_t *items;
	struct page page = {1, 1};
	int r = feedback_admin_page(request, &session, &page, err);

	if (r == 0)
		r = audit_list(request_local(request), feedback_filter(request, "actor"),
			       feedback_filter(request, "action"), page, &list, err);
	if (r < 0)
		return r;
	items = json_array();
	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(
			items, json_pack("{s:o,s:o,s:o,s:o,s:o,s:o}", "at", view_time(list.items[i].at_ms), "actor",
					 view_text(list.items[i].actor), "address", view_text(list.items[i].address),
					 "action", view_text(list.items[i].action), "target",
					 view_text(list.items[i].target), "detail", view_text(list.items[i].detail)));
	respond_json(request, 200, view_page(items, page, list.total));
	audit_list_fini(&list);
	return 0;
}

const struct resource admin_overview_resources[] = {
	{METHOD_GET, "/api/v1/admin/overview", ROUTE_WORK, get_overview, false, 0},
	{METHOD_GET, "/api/v1/admin/audit", ROUTE_WORK, get_audit, false, 0},
	{0},
};
