/* /status for people, /healthz and /readyz for machines. */
#include <errno.h>

#include "store/projects.h"
#include "web/internal.h"
#include "web/keeper.h"

static int get_status(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	bool up = atomic_load(&web->hub->engine_up);
	struct state_counts counts;
	int r = projects_count_states(request_local(request), &counts, err);

	if (r < 0)
		return r;
	respond_json(request, 200,
		     json_pack("{s:b,s:{s:I,s:I,s:I},s:{s:i,s:i},s:s,s:s,s:s}", "ready", up, "projects", "ready",
			       (json_int_t)counts.ready, "building", (json_int_t)counts.building, "failed", (json_int_t)counts.failed,
			       "sandboxes", "running", (int)atomic_load(&web->hub->running), "capacity", (int)web->hub->capacity,
			       "engine", up ? "up" : "down", "registry", keeper_is_up(web->hub->keeper) ? "up" : "down", "version", TTOB_VERSION));
	return 0;
}

static int get_healthz(struct request *request, struct error *err)
{
	(void)err;
	respond_data(request, 200, "text/plain; charset=utf-8", "alive\n", 6);
	return 0;
}

static int get_readyz(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	struct state_counts counts;

	if (!atomic_load(&web->hub->engine_up))
		return error_set(err, ERROR_UNAVAILABLE, ENOTCONN, "the agent is away");
	if (projects_count_states(request_local(request), &counts, err) < 0)
		return error_set(err, ERROR_UNAVAILABLE, EIO, "the database does not answer");
	respond_data(request, 200, "text/plain; charset=utf-8", "ready\n", 6);
	return 0;
}

const struct resource status_resources[] = {
	{METHOD_GET, "/api/v1/status", ROUTE_WORK, get_status, false, 0},
	{METHOD_GET, "/healthz", ROUTE_IMMEDIATE, get_healthz, false, 0},
	{METHOD_GET, "/readyz", ROUTE_WORK, get_readyz, false, 0},
	{0},
};
