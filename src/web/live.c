#include "web/live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/state.h"
#include "base/util.h"
#include "web/call.h"
#include "web/hub.h"
#include "web/record.h"
#include "web/views.h"

static const char *const state_names[] = {"queued", "starting", "running", "ended"};
static const uint32_t state_moves[] = {
	[LIVE_QUEUED] = STATE_BIT(LIVE_STARTING) | STATE_BIT(LIVE_ENDED),
	[LIVE_STARTING] = STATE_BIT(LIVE_RUNNING) | STATE_BIT(LIVE_ENDED),
	[LIVE_RUNNING] = STATE_BIT(LIVE_ENDED),
	[LIVE_ENDED] = 0,
};
static const struct state_table states = {"sandbox", state_names, state_moves, LIVE_STATES};

static void set_state(struct live *live, enum live_state state)
{
	struct hub *hub = live->hub;

	if (live->state == LIVE_RUNNING)
		atomic_fetch_sub(&hub->running, 1);
	state_move(&states, &live->state, state);
	if (state == LIVE_RUNNING)
		atomic_fetch_add(&hub->running, 1);
	free(live->row.state);
	live->row.state = xstrdup(state_name(&states, state));
}

static void take_place(struct live *live)
{
	if (!live->slot)
		live->hub->active++;
	live->slot = true;
}

static enum live_state state_from_name(const char *name)
{
	for (unsigned i = 0; name != NULL && i < LIVE_STATES; i++)
		if (strcmp(name, state_names[i]) == 0)
			return i;
	return LIVE_QUEUED;
}

struct live *live_new(struct hub *hub, struct sandbox *row, const char *reference, const char *run, bool network)
{
	struct live *live = xmalloc(sizeof(*live));
	char id[STORE_ID_LENGTH + 1];

	live->hub = hub;
	live->refs = 1;
	live->row = *row;
	*row = (struct sandbox){0};
	if (live->row.id == NULL) {
		random_id(id, STORE_ID_LENGTH);
		live->row.id = xstrdup(id);
	}
	live->state = state_from_name(live->row.state);
	free(live->row.state);
	live->row.state = xstrdup(state_names[live->state]);
	live->row.exit_code = -1;
	live->reference = xstrdup(reference);
	live->run = xstrdup(run);
	if (live->row.node == NULL)
		live->row.node = xstrdup(hub->node);
	live->network = network;
	live->active_ms = clock_monotonic_ms();
	live->polled_ms = live->active_ms;
	live->known_ms = live->active_ms;
	list_init(&live->link);
	for (unsigned i = 0; i < LIVE_TERMINALS_MAX; i++)
		live->terminals[i] = (struct live_terminal){.live = live, .n = i + 1};
	if (live->state == LIVE_STARTING || live->state == LIVE_RUNNING) {
		take_place(live);
		list_append(&hub->sandboxes, &live->link);
	}
	if (live->state == LIVE_RUNNING)
		atomic_fetch_add(&hub->running, 1);
	map_put(hub->by_id, live->row.id, live);
	map_put(hub->by_person, live->row.person, live);
	return live;
}

struct live *live_ref(struct live *live)
{
	live->refs++;
	return live;
}

void live_unref(struct live *live)
{
	if (--live->refs > 0)
		return;
	sandbox_fini(&live->row);
	free(live->reference);
	free(live->run);
	free(live);
}

/* ---- time --------------------------------------------------------------------------------------------------------- */

static void on_idle(void *data)
{
	struct live *live = data;
	int64_t left = live->active_ms + live->hub->options->idle_ms - clock_monotonic_ms();

	if (live->viewers > 0)
		left = live->hub->options->idle_ms; /* somebody looks: the other limit holds */
	if (left > 0)
		loop_timer_start(live->hub->loop, &live->idle, left, on_idle, live);
	else
		live_end(live, "idle", -1, NULL, false);
}

static void on_expiry(void *data)
{
	live_end(data, "expired", -1, NULL, false);
}

static void on_notice(void *data)
{
	struct live *live = data;
	int64_t left = live->row.expires_ms - clock_realtime_ms();

	live_push(live);
	loop_timer_start(live->hub->loop, &live->expiry, left > 0 ? left : 0, on_expiry, live);
}

static void arm_timers(struct live *live)
{
	int64_t left = live->row.expires_ms - clock_realtime_ms();

	if (left > LIVE_NOTICE_MS)
		loop_timer_start(live->hub->loop, &live->expiry, left - LIVE_NOTICE_MS, on_notice, live);
	else
		loop_timer_start(live->hub->loop, &live->expiry, left > 0 ? left : 0, on_expiry, live);
	loop_timer_start(live->hub->loop, &live->idle, live->hub->options->idle_ms, on_idle, live);
}

int live_extend(struct live *live, struct error *err)
{
	const struct web_options *options = live->hub->options;
	int64_t most = live->row.started_ms + options->lifetime_max_ms;
	int64_t wanted = live->row.expires_ms + options->extend_ms;

	if (live->state != LIVE_RUNNING)
		return error_set(err, ERROR_CONFLICT, EBUSY, "the sandbox is %s; only a running one can be extended",
				 live->row.state);
	if (live->row.expires_ms >= most)
		return error_set(err, ERROR_CONFLICT, EBUSY,
				 "the sandbox has all its time already: no extension goes beyond %lld minutes after the start",
				 (long long)(options->lifetime_max_ms / 60000));
	live->row.expires_ms = wanted < most ? wanted : most;
	live->active_ms = clock_monotonic_ms();
	arm_timers(live);
	record_expiry(live);
	live_push(live);
	return 0;
}

/* ---- terminals ---------------------------------------------------------------------------------------------------- */

int live_add_terminal(struct live *live, unsigned n, int tty, unsigned cols, unsigned rows, struct error *err)
{
	struct live_terminal *terminal = &live->terminals[n - 1];
	int r = terminal_new(live->hub->relay, tty, cols, rows, terminal, &terminal->terminal, err);

	if (r == 0)
		live->row.terminals |= 1u << n;
	return r;
}

void live_terminal_ended(struct live *live, unsigned n)
{
	struct live_terminal *terminal = n >= 2 && n <= LIVE_TERMINALS_MAX ? &live->terminals[n - 1] : NULL;

	if (terminal == NULL || terminal->terminal == NULL)
		return;
	terminal_end(steal(terminal->terminal), "exited", -1);
	live->viewers -= terminal->viewers;
	terminal->viewers = 0;
	live->row.terminals &= ~(1u << n);
	record_terminals(live);
	live_push(live);
}

void live_active(struct live_terminal *terminal)
{
	terminal->live->active_ms = clock_monotonic_ms();
}

void live_viewers(struct live_terminal *terminal, unsigned count)
{
	struct live *live = terminal->live;

	live->viewers = live->viewers - terminal->viewers + count;
	terminal->viewers = count;
	live->active_ms = clock_monotonic_ms();
}

void live_push_text(struct live *live, const char *json)
{
	for (unsigned i = 0; i < LIVE_TERMINALS_MAX; i++)
		if (live->terminals[i].terminal != NULL)
			terminal_control(live->terminals[i].terminal, json);
}

void live_push(struct live *live)
{
	json_t *json = json_pack("{s:o}", "sandbox", live_json(live));
	auto_free char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6));

	json_decref(json);
	if (text != NULL)
		live_push_text(live, text);
}

json_t *live_json(const struct live *live)
{
	json_t *json = view_sandbox(&live->row);
	int64_t left = live->row.expires_ms - clock_realtime_ms();

	json_object_set_new(json, "idle_seconds",
			    json_integer(live->viewers > 0 ? 0 : (clock_monotonic_ms() - live->active_ms) / 1000));
	if (live->state == LIVE_RUNNING)
		json_object_set_new(json, "about_to_end", json_boolean(left <= LIVE_NOTICE_MS));
	if (live->state == LIVE_QUEUED) {
		json_object_set_new(json, "position", json_integer((json_int_t)waiting_position(live)));
		json_object_set_new(json, "eta_seconds", json_integer((json_int_t)waiting_eta_seconds(live)));
	}
	return json;
}

static void leave_maps(struct live *live)
{
	struct hub *hub = live->hub;

	map_remove(hub->by_id, live->row.id);
	if (map_get(hub->by_person, live->row.person) == live)
		map_remove(hub->by_person, live->row.person);
}

/* ---- the end ------------------------------------------------------------------------------------------------------ */

/* The engine holds nothing of it any more. */
static void released(struct live *live)
{
	struct hub *hub = live->hub;

	if (live->gone)
		return;
	live->gone = true;
	list_remove(&live->link);
	if (live->slot)
		hub->active--;
	live->slot = false;
	while (live->ending != NULL) {
		struct call *call = live->ending;

		live->ending = call->next;
		call->run(call);
	}
	live_unref(live);
	waiting_advance(hub);
}

void live_gone(struct live *live)
{
	released(live);
}

void live_drop(struct live *live)
{
	set_state(live, LIVE_ENDED);
	leave_maps(live);
	released(live);
}

static void on_stopped(const struct error *err, void *data)
{
	struct live *live = data;

	/* When the engine went away meanwhile, the sandbox is stopped as a stray once it is back. */
	if (err != NULL && err->kind != ERROR_UNAVAILABLE)
		log_event(LOG_LEVEL_ERROR, "a sandbox could not be stopped", "sandbox", live->row.id, "why", err->message, NULL);
	released(live);
	live_unref(live);
}

static void stop_in_engine(struct live *live)
{
	struct engine *engine = live->hub->engine;

	engine->ops->stop(engine, live->row.id, live->row.reason, on_stopped, live_ref(live));
}

static void answer_waiting(struct live *live)
{
	struct call *call = steal(live->waiting);
	struct error err;

	if (call == NULL)
		return;
	error_set(&err, strcmp(live->row.reason, "failed") == 0 ? ERROR_UNAVAILABLE : ERROR_CONFLICT, EIO,
		  "the sandbox could not start: %s", live->row.detail != NULL ? live->row.detail : live->row.reason);
	call_problem(call, &err, NULL);
}

static void learn_life(struct hub *hub, const struct live *live)
{
	double life = (double)(live->row.ended_ms - live->row.started_ms);

	if (live->row.started_ms > 0 && life > 0)
		hub->life_ms = hub->life_ms * 0.9 + life * 0.1;
}

void live_end(struct live *live, const char *reason, int exit_code, const char *detail, bool gone)
{
	struct hub *hub = live->hub;
	enum live_state was = live->state;
	char code[16];

	if (was == LIVE_ENDED)
		return;
	set_state(live, LIVE_ENDED);
	live->row.reason = xstrdup(reason);
	live->row.detail = xstrdup(detail);
	live->row.exit_code = exit_code;
	live->row.ended_ms = clock_realtime_ms();
	leave_maps(live);
	loop_timer_stop(&live->expiry);
	loop_timer_stop(&live->idle);
	for (unsigned i = 0; i < LIVE_TERMINALS_MAX; i++)
		if (live->terminals[i].terminal != NULL)
			terminal_end(steal(live->terminals[i].terminal), reason, exit_code);
	record_end(live);
	learn_life(hub, live);
	snprintf(code, sizeof(code), "%d", exit_code);
	log_event(LOG_LEVEL_INFO, "sandbox ended", "sandbox", live->row.id, "project", live->row.full_name, "reason", reason, "code",
		  exit_code >= 0 ? code : NULL, "detail", detail, NULL);
	answer_waiting(live);
	if (was == LIVE_QUEUED || gone)
		released(live);
	else if (!live->asked)
		stop_in_engine(live);
}

/* ---- the start ---------------------------------------------------------------------------------------------------- */

static void ask_start(struct live *live);

static void on_pulled(const struct error *err, const struct engine_image *image, void *data)
{
	struct live *live = data;

	live->asked = false;
	if (err != NULL || live->state == LIVE_ENDED) {
		live_end(live, "failed", -1, err != NULL ? err->message : NULL, true);
		released(live);
	} else {
		free(live->row.image);
		live->row.image = xstrdup(image->image);
		ask_start(live);
	}
	live_unref(live);
}

/* The image was built, but this machine has dropped it or is another one: it is fetched again, once. */
static void pull_first(struct live *live)
{
	struct engine *engine = live->hub->engine;

	live->pulled = true;
	live->asked = true;
	engine->ops->pull(engine, live->reference, on_pulled, live_ref(live));
}

/* Bases are made by the engine when the registry has none; one that is not made here is somebody else's, to be fetched. */
static void on_ensured(const struct error *err, void *data)
{
	struct live *live = data;
	bool fine = err == NULL || err->kind == ERROR_UNSUPPORTED || err->kind == ERROR_INVALID;

	live->asked = false;
	if (live->state == LIVE_ENDED) {
		released(live);
	} else if (!fine) {
		live_end(live, "failed", -1, err->message, true);
	} else {
		pull_first(live);
	}
	live_unref(live);
}

static void ensure_base(struct live *live)
{
	struct engine *engine = live->hub->engine;

	live->asked = true;
	engine->ops->base_ensure(engine, live->reference, on_ensured, live_ref(live));
}

static void now_running(struct live *live, uint64_t start_us)
{
	const struct web_options *options = live->hub->options;
	char took[32];

	set_state(live, LIVE_RUNNING);
	live->row.started_ms = clock_realtime_ms();
	live->row.expires_ms = live->row.started_ms + options->lifetime_ms;
	live->row.start_us = (int64_t)start_us;
	live->active_ms = clock_monotonic_ms();
	live->known_ms = live->active_ms;
	arm_timers(live);
	record_running(live);
	record_terminals(live);
	record_try(live);
	hub_counters_changed(live->hub);
	snprintf(took, sizeof(took), "%llu", (unsigned long long)start_us);
	log_event(LOG_LEVEL_INFO, "sandbox started", "sandbox", live->row.id, "project", live->row.full_name, "us", took, NULL);
	if (live->waiting != NULL)
		call_json(steal(live->waiting), 201, live_json(live));
}

static void on_started(const struct error *err, int *tty, uint64_t start_us, bool pooled, void *data)
{
	struct live *live = data;
	struct error failed;

	(void)pooled;
	live->asked = false;
	if (live->state == LIVE_ENDED) { /* somebody ended it meanwhile */
		if (err == NULL)
			stop_in_engine(live);
		else
			released(live);
	} else if (err != NULL && err->kind == ERROR_NOT_FOUND && !live->pulled) {
		pull_first(live);
	} else if (err != NULL) {
		live_end(live, "failed", -1, err->message, true);
	} else if (live_add_terminal(live, 1, *tty, live->row.cols, live->row.rows, &failed) < 0) {
		live_end(live, "failed", -1, failed.message, false);
	} else {
		steal_fd(tty);
		now_running(live, start_us);
	}
	live_unref(live);
}

static void ask_start(struct live *live)
{
	struct engine *engine = live->hub->engine;
	const char *command[] = {"/bin/sh", "-c", live->run, NULL};
	struct engine_start start = {
		.sandbox = live->row.id,
		.image = live->row.image,
		.command = live->run != NULL && *live->run != '\0' ? command : NULL,
		.limits = {live->row.memory, live->row.cpu, live->row.pids, live->row.disk},
		.network = live->network,
		.cols = live->row.cols,
		.rows = live->row.rows,
	};

	live->asked = true;
	engine->ops->start(engine, &start, on_started, live_ref(live));
}

void live_start(struct live *live)
{
	bool waited = live->state == LIVE_QUEUED;

	if (waited) {
		list_remove(&live->link);
		set_state(live, LIVE_STARTING);
		record_starting(live);
		take_place(live);
		list_append(&live->hub->sandboxes, &live->link);
	}
	if (live->row.image == NULL)
		ensure_base(live);
	else
		ask_start(live);
}

/* ---- meeting the engine again ------------------------------------------------------------------------------------- */

/* An attach or adopt under way. */
struct meeting {
	struct live *live;
	unsigned n;
};

static struct meeting *meeting_new(struct live *live, unsigned n)
{
	struct meeting *meeting = xmalloc(sizeof(*meeting));

	*meeting = (struct meeting){live_ref(live), n};
	return meeting;
}

static void meeting_over(struct meeting *meeting)
{
	live_unref(meeting->live);
	free(meeting);
}

static void on_attached(const struct error *err, int *tty, void *data)
{
	struct meeting *meeting = data;
	struct live *live = meeting->live;
	unsigned n = meeting->n;

	live->terminals[n - 1].asked = false;
	if (live->state != LIVE_RUNNING || live->terminals[n - 1].terminal != NULL) {
		meeting_over(meeting);
		return;
	}
	if (err == NULL && live_add_terminal(live, n, *tty, live->row.cols, live->row.rows, NULL) == 0) {
		steal_fd(tty);
		/* Clients come back with the numbers that our predecessor gave to its output: go on beyond all of those. */
		terminal_set_offset(live->terminals[n - 1].terminal, (uint64_t)clock_realtime_ms() * 1000);
	} else if (n == 1 && (err == NULL || err->kind != ERROR_UNAVAILABLE)) {
		live_end(live, "failed", -1, "its terminal was lost in a restart", false);
	} else if (n > 1) {
		live->row.terminals &= ~(1u << n);
		record_terminals(live);
	}
	meeting_over(meeting);
}

static void on_adopted(const struct error *err, void *data)
{
	struct meeting *meeting = data;

	if (err != NULL && err->kind == ERROR_NOT_FOUND && meeting->live->state == LIVE_RUNNING)
		live_terminal_ended(meeting->live, meeting->n);
	meeting_over(meeting);
}

void live_meet(struct live *live, const unsigned *terminals, size_t count)
{
	struct engine *engine = live->hub->engine;

	if (live->state == LIVE_STARTING) /* our predecessor did not hear that it runs */
		now_running(live, 0);
	else if (live->expiry.loop == NULL)
		arm_timers(live);
	for (unsigned n = 1; n <= LIVE_TERMINALS_MAX; n++) {
		struct terminal *terminal = live->terminals[n - 1].terminal;

		if (terminal != NULL && terminal_tty(terminal) >= 0)
			engine->ops->adopt(engine, live->row.id, n, terminal_tty(terminal), on_adopted, meeting_new(live, n));
	}
	for (size_t i = 0; i < count; i++) {
		unsigned n = terminals[i];

		if (n < 1 || n > LIVE_TERMINALS_MAX || live->terminals[n - 1].terminal != NULL || live->terminals[n - 1].asked)
			continue;
		live->terminals[n - 1].asked = true;
		engine->ops->attach(engine, live->row.id, n, on_attached, meeting_new(live, n));
	}
}
