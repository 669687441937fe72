#include "web/upkeep.h"

#include "base/clock.h"
#include "store/audit.h"
#include "store/sessions.h"
#include "store/sources.h"

#define FIRST_MS 1000 /* a start has better things to do */
#define EVERY_MS INT64_C(3600000)

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

static void on_time(void *data)
{
	struct hub *hub = data;

	recorder_post(hub->recorder, "throw old sessions away", throw_away, NULL, hub);
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
