#include "web/node.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"
#include "store/sandboxes.h"
#include "web/presence.h"

#define TICK_MS	   1000
#define BEAT_TICKS 5	 /* every so many ticks it says that it is there */
#define LOOK_MS	   250	 /* whether another node has ended what it was asked to end */
#define GIVE_UP_MS 45000 /* longer than it takes to find out that the other one is dead */

/* ---- the name --------------------------------------------------------------------------------------------------------- */

/* As configured, or the machine's name and the port. */
static void fill_name(struct hub *hub)
{
	const struct web_options *options = hub->options;
	const char *port = strrchr(options->listen, ':');
	char host[65];

	if (options->node != NULL && *options->node != '\0') {
		str_copy(hub->node, sizeof(hub->node), options->node);
		return;
	}
	if (gethostname(host, sizeof(host) - 1) < 0)
		strcpy(host, "localhost");
	host[sizeof(host) - 1] = '\0';
	snprintf(hub->node, sizeof(hub->node), "%s%.30s", host, port != NULL ? port : "");
}

int node_enter(struct hub *hub, struct store *store, struct error *err)
{
	fill_name(hub);
	random_id(hub->run, STORE_ID_LENGTH);
	return nodes_enter(store, hub->node, hub->run, clock_realtime_ms(), err);
}

/* ---- once a second ------------------------------------------------------------------------------------------------------ */

struct tick {
	struct hub *hub;
	bool beat;
	bool displaced; /* another process has our name */
	int64_t asked_ms;
	struct node_sandbox *sandboxes; /* ours, by the store */
	size_t count;
	int64_t buried;
};

static int beat(struct store *store, struct tick *tick, struct error *err)
{
	int r = nodes_beat(store, tick->hub->node, tick->hub->run, clock_realtime_ms(), err);

	tick->displaced = r < 0 && err->kind == ERROR_CONFLICT;
	return r < 0 ? r : nodes_bury(store, clock_realtime_ms(), &tick->buried, err);
}

static int run_tick(struct store *store, void *data, struct error *err)
{
	struct tick *tick = data;
	int r = tick->beat ? beat(store, tick, err) : 0;

	free(steal(tick->sandboxes)); /* of a run before this one that failed */
	return r < 0 ? r : nodes_sandboxes(store, tick->hub->node, &tick->sandboxes, &tick->count, err);
}

static int end_unknown(struct store *store, void *data, struct error *err)
{
	const struct node_sandbox *sandbox = data;
	int r = sandboxes_end(store, sandbox->id, sandbox->reason, -1, NULL, clock_realtime_ms(), err);

	return r < 0 && err->kind == ERROR_CONFLICT ? 0 : r; /* it was on its way */
}

static void on_unknown_ended(int result, const struct error *err, void *data)
{
	if (result < 0)
		log_error("could not write the end of a sandbox: %s", err->message);
	free(data);
}

/* Others want it ended. What we don't know ourselves was left behind by something that went wrong. */
static void end_asked(struct hub *hub, const struct node_sandbox *sandbox)
{
	struct live *live = hub_find(hub, sandbox->id);
	struct node_sandbox *copy;

	if (live != NULL) {
		live_end(live, sandbox->reason, -1, NULL, false);
		return;
	}
	copy = xmalloc(sizeof(*copy));
	*copy = *sandbox;
	recorder_post(hub->recorder, "end a sandbox that was left behind", end_unknown, on_unknown_ended, copy);
}

/* Who has signed in at another node brings the sandbox along. What the store said before somebody signed in here says nothing. */
static void follow(struct tick *tick)
{
	for (size_t i = 0; i < tick->count; i++) {
		struct live *live = hub_find(tick->hub, tick->sandboxes[i].id);

		if (live != NULL && (live->given_ms == 0 || live->given_ms < tick->asked_ms))
			presence_follow(tick->hub, live, tick->sandboxes[i].person);
	}
}

/* What the store no longer has as open is over: others took us for dead, or its person is gone. */
static void end_lost(struct tick *tick)
{
	struct hub *hub = tick->hub;
	struct map *known = map_new();
	struct live **lost = NULL;
	size_t count = 0, cursor = 0;
	struct live *live;

	for (size_t i = 0; i < tick->count; i++)
		map_put(known, tick->sandboxes[i].id, &tick->sandboxes[i]);
	while ((live = map_next(hub->by_id, &cursor, NULL)) != NULL) {
		if (live->entered_ms == 0 || live->entered_ms >= tick->asked_ms || map_get(known, live->row.id) != NULL)
			continue;
		lost = xrealloc(lost, (count + 1) * sizeof(*lost));
		lost[count++] = live_ref(live);
	}
	for (size_t i = 0; i < count; i++) {
		live_end(lost[i], "failed", -1, "the database has it as ended", false);
		live_unref(lost[i]);
	}
	free(lost);
	map_free(known);
}

static void on_timer(void *data);

static void on_ticked(int result, const struct error *err, void *data)
{
	struct tick *tick = data;
	struct hub *hub = tick->hub;

	hub->node_ticking = false;
	if (tick->displaced && !hub->displaced)
		log_error("%s", err->message);
	else if (result < 0 && !tick->displaced)
		log_error("cannot say that this node is there: %s", err->message);
	hub->displaced = tick->displaced;
	if (tick->buried > 0)
		log_warning("%lld sandboxes of servers that are away were ended", (long long)tick->buried);
	for (size_t i = 0; result == 0 && !hub->stopping && i < tick->count; i++)
		if (tick->sandboxes[i].reason[0] != '\0')
			end_asked(hub, &tick->sandboxes[i]);
	if (result == 0 && !hub->stopping) {
		follow(tick);
		end_lost(tick);
	}
	free(tick->sandboxes);
	free(tick);
}

static void on_timer(void *data)
{
	struct hub *hub = data;
	struct tick *tick;

	loop_timer_start(hub->loop, &hub->node_timer, TICK_MS, on_timer, hub);
	hub->node_ticks++;
	if (hub->node_ticking) /* the store is slow, or away */
		return;
	tick = xmalloc(sizeof(*tick));
	*tick = (struct tick){.hub = hub, .beat = hub->node_ticks % BEAT_TICKS == 0, .asked_ms = clock_monotonic_ms()};
	hub->node_ticking = true;
	recorder_post(hub->recorder, "look for what other servers ask", run_tick, on_ticked, tick);
}

void node_start(struct hub *hub)
{
	loop_timer_start(hub->loop, &hub->node_timer, TICK_MS, on_timer, hub);
}

static int leave(struct store *store, void *data, struct error *err)
{
	struct hub *hub = data;

	return nodes_leave(store, hub->node, hub->run, err);
}

void node_leave(struct hub *hub)
{
	recorder_post(hub->recorder, "say that this node leaves", leave, NULL, hub);
}

/* ---- asking another node -------------------------------------------------------------------------------------------------- */

struct asking {
	struct list link; /* hub->askings */
	struct hub *hub;
	struct call *call;
	char id[STORE_ID_LENGTH + 1];
	const char *reason; /* a literal */
	int64_t give_up_ms;
	bool asked; /* the recorder has it */
	bool over;
	struct loop_timer timer;
};

static int ask(struct store *store, void *data, struct error *err)
{
	struct asking *asking = data;
	struct sandbox row = {0};
	int r = nodes_ask_end(store, asking->id, asking->reason, clock_realtime_ms(), err);

	if (r == 0)
		r = sandboxes_get(store, asking->id, &row, err);
	asking->over = r == 0 ? strcmp(row.state, "ended") == 0 : err->kind == ERROR_NOT_FOUND;
	sandbox_fini(&row);
	return asking->over ? 0 : r;
}

static struct call *end_asking(struct asking *asking)
{
	struct call *call = asking->call;

	loop_timer_stop(&asking->timer);
	list_remove(&asking->link);
	free(asking);
	return call;
}

static void ask_again(void *data);

static void on_asked(int result, const struct error *err, void *data)
{
	struct asking *asking = data;
	struct hub *hub = asking->hub;
	struct error late;

	asking->asked = false;
	if (hub->stopping) {
		call_free(end_asking(asking));
	} else if (result < 0) {
		call_problem(end_asking(asking), err, NULL);
	} else if (asking->over) {
		struct call *call = end_asking(asking);

		call->run(call);
	} else if (clock_monotonic_ms() > asking->give_up_ms) {
		error_set(&late, ERROR_UNAVAILABLE, ETIMEDOUT, "the server that the sandbox runs on does not answer; try again in a minute");
		call_problem(end_asking(asking), &late, NULL);
	} else {
		loop_timer_start(hub->loop, &asking->timer, LOOK_MS, ask_again, asking);
	}
}

static void ask_again(void *data)
{
	struct asking *asking = data;

	asking->asked = true;
	recorder_post(asking->hub->recorder, "ask another server to end a sandbox", ask, on_asked, asking);
}

void node_end_elsewhere(struct hub *hub, const char *sandbox, const char *reason, struct call *call)
{
	struct asking *asking = xmalloc(sizeof(*asking));

	*asking = (struct asking){.hub = hub, .call = call, .reason = reason, .give_up_ms = clock_monotonic_ms() + GIVE_UP_MS};
	str_copy(asking->id, sizeof(asking->id), sandbox);
	list_append(&hub->askings, &asking->link);
	ask_again(asking);
}

void node_stop(struct hub *hub)
{
	loop_timer_stop(&hub->node_timer);
	list_for_each(node, &hub->askings)
	{
		struct asking *asking = container_of(node, struct asking, link);

		if (!asking->asked) /* else it ends when the recorder gives it back */
			call_free(end_asking(asking));
	}
}
