#include "web/keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "web/builder.h"
#include "web/keeping.h"
#include "web/views.h"

#define LOOK_MS	      5000
#define LOOK_AWAY_MS  1000
#define COUNT_MS      600000
#define COUNT_FRESH_MS 15000 /* numbers younger than this are not gathered anew for somebody who looks */
#define STATE_MAX     4096

/* ---- what is remembered from start to start ------------------------------------------------------------------------- */

static char *state_path(const struct keeper *keeper)
{
	return xasprintf("%s/registry.json", keeper->hub->options->data);
}

static void read_state(struct keeper *keeper)
{
	auto_free char *path = state_path(keeper);
	auto_buf struct buf text = BUF_INIT;
	json_t *json;

	if (file_read(AT_FDCWD, path, STATE_MAX, &text) < 0)
		return;
	json = json_loadb(text.data != NULL ? text.data : "", text.length, 0, NULL);
	keeper->collected_ms = json_integer_value(json_object_get(json, "collected_ms"));
	keeper->freed = json_integer_value(json_object_get(json, "freed"));
	json_decref(json);
}

static void write_state(const struct keeper *keeper)
{
	auto_free char *path = state_path(keeper);
	auto_free char *text =
		xasprintf("{\"collected_ms\": %lld, \"freed\": %lld}\n", (long long)keeper->collected_ms, (long long)keeper->freed);
	struct error err;

	if (file_replace(path, text, strlen(text), 0640, &err) < 0)
		log_warning("%s", err.message);
}

/* ---- the thread ------------------------------------------------------------------------------------------------------- */

bool keeper_wait(struct keeper *keeper, int64_t ms)
{
	struct timespec until;
	int64_t due = clock_monotonic_ms() + ms;

	until = (struct timespec){.tv_sec = due / 1000, .tv_nsec = due % 1000 * 1000000};
	pthread_mutex_lock(&keeper->lock);
	if (!atomic_load(&keeper->stopping))
		pthread_cond_timedwait(&keeper->wake, &keeper->lock, &until);
	pthread_mutex_unlock(&keeper->lock);
	return !atomic_load(&keeper->stopping);
}

static void set_problem(struct keeper *keeper, const char *message)
{
	pthread_mutex_lock(&keeper->lock);
	str_copy(keeper->problem, sizeof(keeper->problem), message);
	pthread_mutex_unlock(&keeper->lock);
}

static void look(struct keeper *keeper)
{
	struct error err = {0};
	bool was = atomic_load(&keeper->up);
	bool is = registry_ping(keeper->client, &err) == 0;

	if (!is && atomic_load(&keeper->stopping))
		return;
	if (!is)
		atomic_store(&keeper->away_ms, clock_monotonic_ms());
	atomic_store(&keeper->up, is);
	if (was == is)
		return;
	set_problem(keeper, is ? "" : err.message);
	if (is)
		log_info("the registry is up");
	else
		log_warning("the registry is away, builds wait: %s", err.message);
	builder_wake(keeper->hub->builder);
}

static bool take(struct keeper *keeper, bool *wanted)
{
	bool was;

	pthread_mutex_lock(&keeper->lock);
	was = *wanted;
	*wanted = false;
	pthread_mutex_unlock(&keeper->lock);
	return was;
}

/* Or our start: a new one has nothing to give back. */
static int64_t last_collection(const struct keeper *keeper)
{
	return keeper->collected_ms > 0 ? keeper->collected_ms : keeper->began_ms;
}

static bool collection_is_due(const struct keeper *keeper)
{
	int64_t every = keeper->hub->options->registry_collect_ms;

	return every > 0 && clock_realtime_ms() - last_collection(keeper) >= every;
}

static void count_when_due(struct keeper *keeper)
{
	struct error err = {0};
	bool wanted = take(keeper, &keeper->gather_wanted);

	if (!wanted && keeper->counted_ms != 0 && clock_monotonic_ms() - keeper->counted_ms < COUNT_MS)
		return;
	if (keeper_count(keeper, &err) < 0 && !atomic_load(&keeper->stopping))
		log_warning("cannot count what is in the registry: %s", err.message);
}

static void collect_when_due(struct keeper *keeper)
{
	if (!take(keeper, &keeper->collect_wanted) && !collection_is_due(keeper))
		return;
	keeper_collect_now(keeper);
	write_state(keeper);
}

static void *run(void *data)
{
	struct keeper *keeper = data;
	int64_t tick = keeper->hub->options->registry_look_ms;

	do {
		look(keeper);
		keeper_look_at_disk(keeper);
		if (!atomic_load(&keeper->up))
			continue;
		count_when_due(keeper);
		collect_when_due(keeper);
	} while (keeper_wait(keeper, tick > 0 ? tick : atomic_load(&keeper->up) ? LOOK_MS : LOOK_AWAY_MS));
	keeper_keep_pulls(keeper);
	return NULL;
}

/* ---- life ------------------------------------------------------------------------------------------------------------- */

int keeper_new(struct hub *hub, struct keeper **ret_keeper, struct error *err)
{
	const struct web_options *options = hub->options;
	struct keeper *keeper;
	pthread_condattr_t attributes;
	int r;

	*ret_keeper = NULL;
	if (options->registry_url == NULL || *options->registry_url == '\0')
		return 0;
	keeper = xmalloc(sizeof(*keeper));
	keeper->hub = hub;
	keeper->control = options->registry_control > 0 ? options->registry_control : -1;
	keeper->images = map_new();
	atomic_init(&keeper->up, true); /* until we know better */
	atomic_init(&keeper->away_ms, -1);
	pthread_mutex_init(&keeper->lock, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&keeper->wake, &attributes);
	pthread_condattr_destroy(&attributes);
	read_state(keeper);
	keeper->began_ms = clock_realtime_ms();
	r = registry_start(err);
	if (r == 0)
		r = registry_client_new(&(struct registry_options){.url = options->registry_url,
								   .authfile = options->registry_authfile,
								   .ca_file = options->registry_ca_file,
								   .insecure = options->registry_insecure,
								   .stopping = &keeper->stopping},
					&keeper->client, err);
	if (r == 0)
		r = store_open(options->database, &keeper->store, err);
	if (r < 0) {
		keeper_free(keeper);
		return r;
	}
	*ret_keeper = keeper;
	return 0;
}

int keeper_start(struct keeper *keeper, struct error *err)
{
	int r = keeper != NULL ? pthread_create(&keeper->thread, NULL, run, keeper) : 0;

	if (r != 0)
		return error_errno(err, r, "cannot start the registry's keeper");
	if (keeper != NULL)
		keeper->started = true;
	return 0;
}

void keeper_stop(struct keeper *keeper)
{
	if (keeper == NULL || !keeper->started)
		return;
	pthread_mutex_lock(&keeper->lock);
	atomic_store(&keeper->stopping, true);
	pthread_cond_broadcast(&keeper->wake);
	pthread_mutex_unlock(&keeper->lock);
	pthread_join(keeper->thread, NULL);
	keeper->started = false;
}

void keeper_free(struct keeper *keeper)
{
	if (keeper == NULL)
		return;
	keeper_stop(keeper);
	keeper_forget_images(keeper);
	map_free(keeper->images);
	registry_client_free(keeper->client);
	if (keeper->store.db != NULL)
		store_close(&keeper->store);
	json_decref(keeper->repositories);
	json_decref(keeper->growth);
	pthread_cond_destroy(&keeper->wake);
	pthread_mutex_destroy(&keeper->lock);
	free(keeper);
}

/* ---- questions ---------------------------------------------------------------------------------------------------------- */

bool keeper_is_up(const struct keeper *keeper)
{
	return keeper == NULL || atomic_load(&keeper->up);
}

bool keeper_takes_builds(const struct keeper *keeper)
{
	return keeper == NULL || (atomic_load(&keeper->up) && !atomic_load(&keeper->holding) && !atomic_load(&keeper->full));
}

bool keeper_was_away(const struct keeper *keeper, int64_t since_ms)
{
	return keeper != NULL && (!atomic_load(&keeper->up) || atomic_load(&keeper->away_ms) >= since_ms);
}

void keeper_suspect(struct keeper *keeper)
{
	if (keeper == NULL)
		return;
	pthread_mutex_lock(&keeper->lock);
	atomic_store(&keeper->away_ms, clock_monotonic_ms());
	atomic_store(&keeper->up, false);
	pthread_cond_broadcast(&keeper->wake);
	pthread_mutex_unlock(&keeper->lock);
}

static bool lacks_room_only(const struct keeper *keeper)
{
	return atomic_load(&keeper->full) && atomic_load(&keeper->up) && !atomic_load(&keeper->holding);
}

void keeper_mark_build(const struct keeper *keeper, json_t *build)
{
	const char *state = json_string_value(json_object_get(build, "state"));
	bool waits = str_equal(state, "queued") && !keeper_takes_builds(keeper);

	json_object_set_new(build, "waiting_for", view_text(!waits ? NULL : lacks_room_only(keeper) ? "disk" : "registry"));
}

int keeper_collect(struct keeper *keeper, struct error *err)
{
	bool busy;

	if (keeper == NULL)
		return error_set(err, ERROR_UNAVAILABLE, ENOTSUP, "no registry is configured here; set [registry] url");
	if (!atomic_load(&keeper->up))
		return error_set(err, ERROR_UNAVAILABLE, ENOTCONN, "the registry is away");
	pthread_mutex_lock(&keeper->lock);
	busy = keeper->collecting || keeper->collect_wanted;
	keeper->collect_wanted = true;
	if (busy)
		keeper->collect_wanted = !keeper->collecting;
	pthread_cond_broadcast(&keeper->wake);
	pthread_mutex_unlock(&keeper->lock);
	return busy ? error_set(err, ERROR_CONFLICT, EALREADY, "garbage is being collected already") : 0;
}

void keeper_note_pull(struct keeper *keeper)
{
	atomic_fetch_add(&keeper->new_pulls, 1);
}

static json_t *copy(json_t *json)
{
	return json != NULL ? json_deep_copy(json) : json_array();
}

static json_t *view_disk(const struct disk *disk)
{
	if (disk->total == 0)
		return json_null();
	return json_pack("{s:I,s:I,s:b,s:b}", "free", (json_int_t)disk->free, "total", (json_int_t)disk->total, "low", disk->low, "full",
			 disk->full);
}

json_t *keeper_glance(struct keeper *keeper)
{
	json_t *json;

	if (keeper == NULL)
		return json_null();
	pthread_mutex_lock(&keeper->lock);
	json = json_pack("{s:b,s:o,s:o}", "up", atomic_load(&keeper->up), "disk", view_disk(&keeper->disk), "problem",
			 view_text(keeper->problem[0] != '\0' ? keeper->problem : NULL));
	pthread_mutex_unlock(&keeper->lock);
	return json;
}

bool keeper_read(struct keeper *keeper, struct keeper_numbers *ret_numbers)
{
	if (keeper == NULL)
		return false;
	pthread_mutex_lock(&keeper->lock);
	*ret_numbers = (struct keeper_numbers){
		.up = atomic_load(&keeper->up),
		.collecting = keeper->collecting,
		.repositories = (int64_t)json_array_size(keeper->repositories),
		.tags = keeper->tags,
		.bytes = keeper->bytes,
		.pushes = keeper->pushes,
		.freed_all = keeper->freed_all,
		.disk_free = keeper->disk.free,
		.disk_total = keeper->disk.total,
		.disk_low = keeper->disk.low,
		.disk_full = keeper->disk.full,
	};
	pthread_mutex_unlock(&keeper->lock);
	return true;
}

json_t *keeper_summary(struct keeper *keeper)
{
	const struct web_options *options;
	json_t *json, *disk, *next;

	if (keeper == NULL)
		return NULL;
	options = keeper->hub->options;
	next = json_null();
	pthread_mutex_lock(&keeper->lock);
	disk = view_disk(&keeper->disk);
	if (clock_monotonic_ms() - keeper->counted_ms > COUNT_FRESH_MS && !keeper->gather_wanted) {
		keeper->gather_wanted = true;
		pthread_cond_broadcast(&keeper->wake);
	}
	if (options->registry_collect_ms > 0)
		next = view_time(last_collection(keeper) + options->registry_collect_ms);
	json = json_pack("{s:s,s:b,s:b,s:o,s:I,s:I,s:I,s:o,s:o,s:I,s:I,s:{s:b,s:o,s:I,s:o}}", "url", options->registry_url, "embedded",
			 keeper->control >= 0, "up", atomic_load(&keeper->up), "problem",
			 view_text(keeper->problem[0] != '\0' ? keeper->problem : NULL), "repositories",
			 (json_int_t)json_array_size(keeper->repositories), "tags", (json_int_t)keeper->tags, "bytes",
			 (json_int_t)keeper->bytes, "disk", disk, "growth", copy(keeper->growth), "pulls", (json_int_t)keeper->pulls, "pushes",
			 (json_int_t)keeper->pushes, "gc", "running", keeper->collecting || keeper->collect_wanted, "last_at",
			 view_time(keeper->collected_ms), "freed_bytes",
			 (json_int_t)keeper->freed, "next_at", next);
	pthread_mutex_unlock(&keeper->lock);
	return json;
}

json_t *keeper_repositories(struct keeper *keeper)
{
	json_t *json;

	if (keeper == NULL)
		return json_array();
	pthread_mutex_lock(&keeper->lock);
	json = copy(keeper->repositories);
	pthread_mutex_unlock(&keeper->lock);
	return json;
}
