#include "web/hub.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "store/projects.h"
#include "store/sources.h"
#include "store/versions.h"
#include "web/builder.h"
#include "web/call.h"
#include "web/fetcher.h"
#include "web/keeper.h"
#include "web/node.h"
#include "web/pools.h"
#include "web/saver.h"
#include "web/upkeep.h"
#include "web/vault.h"

#define USAGE_MS 2000
#define COUNTERS_MS 1500
#define STOP_LIMIT_MS 12000
#define DRAIN_ROUNDS 8
#define LIFE_GUESS_MS 600000.0 /* until it is known how long sandboxes live */

/* ---- what the engine says ------------------------------------------------------------------------------------------ */

struct listing {
	struct hub *hub;
	int64_t asked_ms;
};

static void on_stray_stopped(const struct error *err, void *data)
{
	(void)data;
	if (err != NULL)
		log_warning("a stray sandbox could not be stopped: %s", err->message);
}

/* One that the engine has and we don't know: somebody else's, when another web process shares the engine. */
struct stray {
	struct hub *hub;
	char id[STORE_ID_LENGTH + 1];
	bool known;
};

static int look_up_stray(struct store *store, void *data, struct error *err)
{
	struct stray *stray = data;
	struct sandbox row = {0};
	int r = sandboxes_get(store, stray->id, &row, err);

	stray->known = r == 0 && strcmp(row.state, "ended") != 0 && strcmp(row.node, stray->hub->node) != 0;
	sandbox_fini(&row);
	return r < 0 && err->kind == ERROR_NOT_FOUND ? 0 : r;
}

static void on_stray_looked_up(int result, const struct error *err, void *data)
{
	struct stray *stray = data;
	struct hub *hub = stray->hub;

	(void)err;
	if (result == 0 && !stray->known && !hub->stopping && hub_find(hub, stray->id) == NULL) {
		log_event(LOG_LEVEL_WARNING, "stopping a sandbox that nobody knows", "sandbox", stray->id, NULL);
		hub->engine->ops->stop(hub->engine, stray->id, "stopped", on_stray_stopped, NULL);
	}
	free(stray);
}

static void meet_one(struct hub *hub, const struct engine_sandbox *sandbox, struct map *seen)
{
	struct live *live = hub_find(hub, sandbox->sandbox);

	if (live == NULL || live->state == LIVE_QUEUED) {
		struct stray *stray = xmalloc(sizeof(*stray));

		*stray = (struct stray){.hub = hub};
		str_copy(stray->id, sizeof(stray->id), sandbox->sandbox);
		recorder_post(hub->recorder, "look up a sandbox that the engine has", look_up_stray, on_stray_looked_up, stray);
		return;
	}
	map_put(seen, live->row.id, live);
	if (!live->asked)
		live_meet(live, sandbox->terminals, sandbox->terminal_count);
}

static void end_missing(struct hub *hub, const struct map *seen, int64_t asked_ms)
{
	list_for_each(node, &hub->sandboxes)
	{
		struct live *live = container_of(node, struct live, link);

		if (live->state != LIVE_ENDED && !live->asked && live->known_ms <= asked_ms && map_get(seen, live->row.id) == NULL)
			live_end(live, "failed", -1, "it was gone after a restart", true);
	}
}

static void on_listed(const struct error *err, const struct engine_sandbox *sandboxes, size_t count, void *data)
{
	struct listing *listing = data;
	struct hub *hub = listing->hub;
	struct map *seen = map_new();

	if (err == NULL) {
		for (size_t i = 0; i < count; i++)
			meet_one(hub, &sandboxes[i], seen);
		end_missing(hub, seen, listing->asked_ms);
		builder_engine_up(hub->builder);
		fetcher_engine_up(hub->fetcher);
		waiting_advance(hub);
		pools_refresh(hub->pools);
	} else if (err->kind != ERROR_UNAVAILABLE) {
		log_error("the engine does not tell its sandboxes: %s", err->message);
	}
	map_free(seen);
	free(listing);
}

static void on_up(void *data)
{
	struct hub *hub = data;
	struct listing *listing = xmalloc(sizeof(*listing));

	log_info("the engine is up");
	*listing = (struct listing){hub, clock_monotonic_ms()};
	atomic_store(&hub->engine_up, true);
	hub->engine->ops->list(hub->engine, on_listed, listing);
}

static void on_down(const struct error *why, void *data)
{
	struct hub *hub = data;

	if (!hub->stopping)
		log_warning("the engine is away: %s", why->message);
	atomic_store(&hub->engine_up, false);
	fetcher_engine_down(hub->fetcher);
	saver_engine_down(hub->saver);
	builder_engine_down(hub->builder);
}

static void on_sandbox_ended(const char *sandbox, const char *reason, int exit_code, void *data)
{
	struct hub *hub = data;
	struct live *live = hub_find(hub, sandbox);

	if (live != NULL && !live->asked)
		live_end(live, reason, exit_code, NULL, true);
	else
		builder_sandbox_ended(hub->builder, sandbox, reason, exit_code);
}

static void on_terminal_ended(const char *sandbox, unsigned terminal, void *data)
{
	struct live *live = hub_find(data, sandbox);

	if (live != NULL)
		live_terminal_ended(live, terminal);
}

static void on_image_progress(const char *reference, const char *stage, unsigned done, unsigned total, void *data)
{
	struct hub *hub = data;

	builder_image_progress(hub->builder, reference, stage, done, total);
}

static void on_build_stage(const char *build, const char *stage, void *data)
{
	struct hub *hub = data;

	builder_stage(hub->builder, build, stage);
}

static void on_build_ended(const char *build, const char *state, const char *error, const char *reference, void *data)
{
	struct hub *hub = data;

	builder_ended(hub->builder, build, state, error, reference);
}

static void on_git_ended(const char *fetch, const struct error *err, const char *commit, void *data)
{
	struct hub *hub = data;

	fetcher_ended(hub->fetcher, fetch, err, commit);
}

static void on_sandbox_saved(const char *sandbox, const struct error *err, void *data)
{
	struct hub *hub = data;

	saver_saved(hub->saver, sandbox, err);
}

static const struct engine_events engine_events = {
	.up = on_up,
	.down = on_down,
	.sandbox_ended = on_sandbox_ended,
	.terminal_ended = on_terminal_ended,
	.image_progress = on_image_progress,
	.build_stage = on_build_stage,
	.build_ended = on_build_ended,
	.git_ended = on_git_ended,
	.sandbox_saved = on_sandbox_saved,
};

/* ---- what the relay says ------------------------------------------------------------------------------------------- */

static void on_active(struct terminal *terminal, void *data)
{
	(void)terminal;
	live_active(data);
}

static void on_clients(struct terminal *terminal, unsigned count, void *data)
{
	(void)terminal;
	live_viewers(data, count);
}

/* `hangup` is left alone: the engine tells the end with its reason. */
static const struct relay_events relay_events = {.active = on_active, .clients = on_clients};

/* ---- usage for those who look --------------------------------------------------------------------------------------- */

static void on_usage(const struct error *err, const struct engine_usage *usage, void *data)
{
	struct live *live = data;
	int64_t now = clock_monotonic_ms();
	auto_free char *text = NULL;
	double cpu = 0;

	if (err == NULL && usage != NULL && live->state == LIVE_RUNNING) {
		if (live->usage_ms > 0 && now > live->usage_ms && usage->cpu_us >= live->cpu_us)
			cpu = (double)(usage->cpu_us - live->cpu_us) / 1000 / (double)(now - live->usage_ms);
		live->usage_ms = now;
		live->cpu_us = usage->cpu_us;
		live->memory = usage->memory;
		live->cpu = cpu;
		text = xasprintf("{\"usage\":{\"memory\":%llu,\"memory_limit\":%llu,\"cpu\":%.3f,\"pids\":%u}}",
				 (unsigned long long)usage->memory, (unsigned long long)usage->memory_limit, cpu, usage->pids);
		live_push_text(live, text);
	}
	live_unref(live);
}

static void ask_usage(void *data)
{
	struct hub *hub = data;

	loop_timer_start(hub->loop, &hub->usage_timer, USAGE_MS, ask_usage, hub);
	if (!atomic_load(&hub->engine_up))
		return;
	list_for_each(node, &hub->sandboxes)
	{
		struct live *live = container_of(node, struct live, link);

		if (live->state == LIVE_RUNNING && (live->viewers > 0 || clock_monotonic_ms() < hub->watched_ms))
			hub->engine->ops->usage(hub->engine, live->row.id, on_usage, live_ref(live));
	}
}

/* ---- small questions ------------------------------------------------------------------------------------------------ */

struct live *hub_find(struct hub *hub, const char *id)
{
	return map_get(hub->by_id, id);
}

struct live *hub_find_person(struct hub *hub, const char *person)
{
	return map_get(hub->by_person, person);
}

void hub_catalogue_changed(struct hub *hub)
{
	loop_timer_stop(&hub->cache_timer);
	cache_invalidate(hub->cache);
}

static void on_cache_timer(void *data)
{
	struct hub *hub = data;

	cache_invalidate(hub->cache);
}

void hub_counters_changed(struct hub *hub)
{
	/* The first of a burst is seen at once, the rest when the timer ends. */
	if (hub->cache_timer.loop != NULL)
		return;
	cache_invalidate(hub->cache);
	loop_timer_start(hub->loop, &hub->cache_timer, COUNTERS_MS, on_cache_timer, hub);
}

/* ---- life ------------------------------------------------------------------------------------------------------------ */

/* What it was started from. A version that is gone matters only to one that has not started; without a project, the base is its name. */
static int find_reference(struct store *store, const struct sandbox *row, struct version *version, struct error *err)
{
	int r;

	if (row->project == 0) {
		version->reference = xstrdup(row->full_name);
		return 0;
	}
	r = versions_get(store, row->project, row->version, version, err);
	return r < 0 && err->kind == ERROR_NOT_FOUND && strcmp(row->state, "queued") != 0 ? 0 : r;
}

static int take_row(struct hub *hub, struct store *store, struct sandbox *row, struct error *err)
{
	struct project project = {0};
	struct version version = {0};
	struct live *live;
	bool bare = row->project == 0;
	int r = bare ? 0 : projects_get_by_id(store, row->project, &project, err);

	if (r == 0)
		r = find_reference(store, row, &version, err);
	if (r == 0) {
		live = live_new(hub, row, version.reference, project.run, bare || project.network);
		live->entered_ms = 1;
		if (live->state == LIVE_QUEUED)
			list_append(&hub->queue, &live->link);
	} else if (err->kind == ERROR_NOT_FOUND) {
		r = sandboxes_end(store, row->id, "failed", -1, "its project is gone", clock_realtime_ms(), err);
	}
	project_fini(&project);
	version_fini(&version);
	return r;
}

/* What our predecessor of the same name left open; whether it still runs, the engine will tell. */
static int load_open(struct hub *hub, struct error *err)
{
	static const char *const open_states[] = {"running", "starting", "queued"};
	struct store store;
	int r = store_open(hub->options->database, &store, err);

	if (r < 0)
		return r;
	r = node_enter(hub, &store, err);
	if (r == 0)
		r = sources_interrupted(&store, hub->node, err);
	for (size_t s = 0; r == 0 && s < ARRAY_SIZE(open_states); s++) {
		struct sandbox_list list = {0};

		r = sandboxes_in_state(&store, hub->node, open_states[s], &list, err);
		for (size_t i = 0; r == 0 && i < list.count; i++)
			r = take_row(hub, &store, &list.items[i], err);
		sandbox_list_fini(&list);
	}
	store_close(&store);
	return r;
}

static void hub_init(struct hub *hub, const struct web_options *options, struct cache *cache)
{
	hub->options = options;
	hub->cache = cache;
	hub->loop = loop_new();
	hub->by_id = map_new();
	hub->by_person = map_new();
	hub->life_ms = LIFE_GUESS_MS;
	hub->capacity = waiting_capacity(options);
	list_init(&hub->sandboxes);
	list_init(&hub->queue);
	list_init(&hub->visits);
	list_init(&hub->askings);
}

static int open_vault(struct hub *hub, struct error *err)
{
	const char *told = hub->options->credentials_key;
	bool own = told == NULL || *told == '\0';
	auto_free char *path = own ? xasprintf("%s/credentials.key", hub->options->data) : xstrdup(told);

	return vault_open(path, own, &hub->vault, err);
}

int hub_new(const struct web_options *options, struct cache *cache, struct hub **ret_hub, struct error *err)
{
	static const struct relay_limits relay_limits = {
		.ring = 256 * 1024, .window = 256 * 1024, .max_clients = 16, .ping_ms = 30000};
	struct hub *hub = xmalloc(sizeof(*hub));
	int r;

	hub_init(hub, options, cache);
	hub->relay = relay_new(hub->loop, &relay_limits, &relay_events);
	hub->pools = pools_new(hub);
	hub->fetcher = fetcher_new(hub);
	hub->saver = saver_new(hub);
	r = recorder_new(hub->loop, options->database, &hub->recorder, err);
	if (r == 0)
		r = open_vault(hub, err);
	if (r == 0)
		r = load_open(hub, err);
	if (r == 0)
		r = builder_new(hub, &hub->builder, err);
	if (r == 0)
		r = keeper_new(hub, &hub->keeper, err);
	if (r < 0) {
		hub_free(hub);
		return r;
	}
	hub->engine = options->engine_new(hub->loop, &engine_events, hub, options->engine_data);
	upkeep_start(hub);
	loop_timer_start(hub->loop, &hub->usage_timer, USAGE_MS, ask_usage, hub);
	node_start(hub);
	*ret_hub = hub;
	return 0;
}

static void *run_loop(void *data)
{
	struct hub *hub = data;
	int r = loop_run(hub->loop);

	if (r < 0)
		log_error("the control loop failed: %s", strerror(-r));
	return NULL;
}

int hub_start(struct hub *hub, struct error *err)
{
	int r = pthread_create(&hub->thread, NULL, run_loop, hub);

	if (r != 0)
		return error_errno(err, r, "cannot start the control loop");
	hub->started = true;
	return keeper_start(hub->keeper, err);
}

/* From here on no live one may touch its terminals. */
static void close_relay(struct hub *hub)
{
	size_t cursor = 0;
	struct live *live;

	relay_free(steal(hub->relay));
	while ((live = map_next(hub->by_id, &cursor, NULL)) != NULL)
		for (unsigned i = 0; i < LIVE_TERMINALS_MAX; i++)
			live->terminals[i].terminal = NULL;
}

static void finish_stop(void *data)
{
	struct hub *hub = data;

	if (hub->relay == NULL)
		return;
	loop_timer_stop(&hub->stop_timer);
	loop_timer_stop(&hub->queue_timer);
	loop_timer_stop(&hub->usage_timer);
	upkeep_stop(hub);
	node_stop(hub);
	node_leave(hub);
	close_relay(hub);
	hub->stopped(hub->stopped_data);
}

static void wait_for_ends(void *data)
{
	struct hub *hub = data;

	if (list_is_empty(&hub->sandboxes) || clock_monotonic_ms() > hub->stop_deadline_ms)
		finish_stop(hub);
	else
		loop_timer_start(hub->loop, &hub->stop_timer, 20, wait_for_ends, hub);
}

static void begin_stop(void *data)
{
	struct hub *hub = data;
	size_t cursor = 0;
	struct live *live;

	hub->stopping = true;
	builder_stop(hub->builder);
	fetcher_stop(hub->fetcher);
	saver_stop(hub->saver);
	if (!hub->options->end_on_stop || !atomic_load(&hub->engine_up)) {
		finish_stop(hub);
		return;
	}
	while ((cursor = 0, live = map_next(hub->by_id, &cursor, NULL)) != NULL)
		live_end(live, "stopped", -1, "the platform was stopped", false);
	hub->stop_deadline_ms = clock_monotonic_ms() + STOP_LIMIT_MS;
	wait_for_ends(hub);
}

void hub_stop(struct hub *hub, void (*stopped)(void *data), void *data)
{
	hub->stopped = stopped;
	hub->stopped_data = data;
	loop_post(hub->loop, begin_stop, hub);
}

static void stop_loop(void *data)
{
	loop_stop(data);
}

static void free_lives(struct hub *hub)
{
	size_t cursor;
	struct live *live;

	while ((cursor = 0, live = map_next(hub->by_id, &cursor, NULL)) != NULL) {
		map_remove(hub->by_id, live->row.id);
		loop_timer_stop(&live->expiry);
		loop_timer_stop(&live->idle);
		call_free(steal(live->waiting));
		list_remove(&live->link);
		live_unref(live);
	}
}

void hub_free(struct hub *hub)
{
	if (hub == NULL)
		return;
	keeper_stop(hub->keeper); /* it posts to the loop */
	if (hub->started) {
		loop_post(hub->loop, stop_loop, hub->loop);
		pthread_join(hub->thread, NULL);
	}
	hub->stopping = true;
	if (hub->relay != NULL)
		close_relay(hub);
	if (hub->builder != NULL) {
		builder_stop(hub->builder);
		builder_engine_down(hub->builder);
	}
	if (hub->fetcher != NULL)
		fetcher_stop(hub->fetcher);
	if (hub->saver != NULL)
		saver_stop(hub->saver);
	if (hub->engine != NULL)
		hub->engine->ops->free(hub->engine);
	recorder_stop(hub->recorder);
	for (int i = 0; i < DRAIN_ROUNDS; i++)
		loop_once(hub->loop, 0); /* the ends of the last jobs, and what they ask for */
	node_stop(hub);
	free_lives(hub);
	pools_free(hub->pools);
	vault_close(hub->vault);
	builder_free(hub->builder);
	fetcher_free(hub->fetcher);
	saver_free(hub->saver);
	keeper_free(hub->keeper);
	recorder_free(hub->recorder);
	loop_timer_stop(&hub->usage_timer);
	upkeep_stop(hub);
	loop_timer_stop(&hub->queue_timer);
	loop_timer_stop(&hub->cache_timer);
	loop_timer_stop(&hub->stop_timer);
	map_free(hub->by_id);
	map_free(hub->by_person);
	loop_free(hub->loop);
	free(hub);
}
