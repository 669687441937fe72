#include "web/upkeep.h"

#include "base/clock.h"
#include "base/log.h"
#include "store/audit.h"
#include "store/project_life.h"
#include "store/sessions.h"
#include "store/versions.h"
#include "web/context.h"
#include "store/sources.h"

#define FIRST_MS 1000 /* a start has better things to do */
#define EVERY_MS INT64_C(3600000)
#define DAY_MS INT64_C(86400000)
#define REBUILDS 20 /* of an hour: some three thousand a week */

static int throw_away(struct store *store, void *data, struct error *err)
{
	const struct hub *hub = data;
	int64_t now = clock_realtime_ms();
	int r = sessions_purge(store, now, NULL, err);

	if (r == 0)
		r = sources_purge(store, now, err);
	if (r == 0 && hub->options->audit_ms > 0)
		r = audit_purge(store, now - hub->options->audit_ms, err);
	return r;
}

static int throw_projects_away(struct store *store, void *data, struct error *err)
{
	const struct hub *hub = data;
	int64_t before = clock_realtime_ms() - PROJECT_KEPT_MS;
	int r = projects_purge(store, before, err);

	if (r == 0)
		r = versions_purge(store, before, err);
	if (r == 0)
		r = pictures_purge(store, clock_realtime_ms() - DAY_MS, err);
	return r == 0 ? context_sweep(store, hub->options->data, DAY_MS, err) : r;
}

static int queue_rebuilds(struct store *store, void *data, struct error *err)
{
	int64_t count = 0;
	int r = projects_schedule(store, REBUILDS, clock_realtime_ms(), &count, err);

	(void)data;
	if (count > 0)
		log_info("%lld projects are built again", (long long)count);
	return r;
}

static void on_time(void *data)
{
	struct hub *hub = data;

	recorder_post(hub->recorder, "throw old sessions away", throw_away, NULL, hub);
	recorder_post(hub->recorder, "throw deleted projects away", throw_projects_away, NULL, hub);
	recorder_post(hub->recorder, "queue rebuilds", queue_rebuilds, NULL, hub);
	loop_timer_start(hub->loop, &hub->upkeep_timer, EVERY_MS, on_time, hub);
}

void upkeep_start(struct hub *hub)
{
	loop_timer_start(hub->loop, &hub->upkeep_timer, FIRST_MS, on_time, hub);
}

void upkeep_stop(struct hub *hub)
{
	loop_timer_stop(&hub->upkeep_timer);
}
