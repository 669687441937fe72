/* Giving space back: manifests that no version needs any more are deleted through the registry's API; then, where the registry is that of
 * `ttob up`, its own garbage collection frees their bytes while it stands still.
 *
 * Only tags that a build of ours made ("b" and the build's id) are ever deleted: in a registry that others use too, theirs stay. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"
#include "store/registry.h"
#include "web/builder.h"
#include "web/keeping.h"

#define BUILDS_WAIT_MS	(30 * INT64_C(60000)) /* for those that run: longer than a build may take by default */
#define BUILDS_LOOK_MS	500
#define COLLECT_WAIT_MS (60 * INT64_C(60000))
#define RETURN_WAIT_MS	60000
#define RETURN_LOOK_MS	100
#define MESSAGE_MAX	4096

struct sweep {
	struct keeper *keeper;
	struct map *kept;   /* digests, and "owner/name:tag" of versions that are kept by tag */
	struct map *builds; /* ids that are open */
	unsigned deleted;
	unsigned failed;
};

/* ---- what is needed ------------------------------------------------------------------------------------------------------- */

static void note_kept(const char *reference, const char *image, int64_t created_ms, void *data)
{
	struct sweep *sweep = data;
	const char *at = strchr(reference, '@');

	(void)created_ms;
	map_put(sweep->kept, image, sweep);
	map_put(sweep->kept, at != NULL ? at + 1 : reference, sweep);
}

static void note_build(const char *build, void *data)
{
	struct sweep *sweep = data;

	map_put(sweep->builds, build, sweep);
}

static int read_needed(struct sweep *sweep, struct error *err)
{
	int r = registry_each_open_build(&sweep->keeper->store, note_build, sweep, err);

	/* In this order: a build that ended between the two has its version already. */
	return r == 0 ? registry_each_kept(&sweep->keeper->store, clock_realtime_ms() - KEEPER_UNDO_MS, note_kept, sweep, err) : r;
}

static bool is_ours(const char *tag)
{
	return tag[0] == 'b' && strlen(tag) == 1 + STORE_ID_LENGTH &&
	       strspn(tag + 1, "abcdefghijklmnopqrstuvwxyz234567") == STORE_ID_LENGTH;
}

static bool is_needed(const struct sweep *sweep, const char *repository, const char *tag, const char *digest)
{
	auto_free char *reference = xasprintf("%s:%s", repository, tag);

	return !is_ours(tag) || map_get(sweep->builds, tag + 1) != NULL || map_get(sweep->kept, digest) != NULL ||
	       map_get(sweep->kept, reference) != NULL;
}

/* ---- one repository --------------------------------------------------------------------------------------------------------- */

/* Digests of the tags, NULL where there is none (any more). */
static int digests_of(struct keeper *keeper, const char *repository, const struct registry_names *tags, char ***ret_digests,
		      struct error *err)
{
	char **digests = xcalloc(tags->count + 1, sizeof(*digests));
	int r = 0;

	for (size_t i = 0; r == 0 && i < tags->count; i++) {
		struct registry_manifest manifest;

		r = registry_manifest_head(keeper->client, repository, tags->items[i], &manifest, err);
		if (r == 0) {
			digests[i] = xstrdup(manifest.digest);
			registry_manifest_fini(&manifest);
		}
		if (r == -ENOENT)
			r = 0;
	}
	*ret_digests = digests;
	return r;
}

static void delete_one(struct sweep *sweep, const char *repository, const char *digest)
{
	struct error err = {0};
	int64_t running = 0;

	/* One that is being pushed under the same digest would lose its tag. */
	if (registry_builds_running(&sweep->keeper->store, repository, &running, &err) < 0 || running > 0)
		return;
	if (registry_manifest_delete(sweep->keeper->client, repository, digest, &err) == 0) {
		sweep->deleted++;
	} else if (err.kind != ERROR_NOT_FOUND) {
		if (sweep->failed++ == 0)
			log_warning("cannot delete from the registry: %s", err.message);
	}
}

/* A digest goes when none of its tags is needed. */
static void sweep_tags(struct sweep *sweep, const char *repository, const struct registry_names *tags, char **digests)
{
	struct map *needed = map_new();
	struct map *done = map_new();

	for (size_t i = 0; i < tags->count; i++)
		if (digests[i] != NULL && is_needed(sweep, repository, tags->items[i], digests[i]))
			map_put(needed, digests[i], sweep);
	for (size_t i = 0; i < tags->count && !atomic_load(&sweep->keeper->stopping); i++) {
		if (digests[i] == NULL || map_get(needed, digests[i]) != NULL || map_put(done, digests[i], sweep) != NULL)
			continue;
		delete_one(sweep, repository, digests[i]);
	}
	map_free(needed);
	map_free(done);
}

static int sweep_repository(struct sweep *sweep, const char *repository, struct error *err)
{
	struct registry_names tags;
	char **digests = NULL;
	int r = registry_tags(sweep->keeper->client, repository, &tags, err);

	if (r < 0)
		return r;
	r = digests_of(sweep->keeper, repository, &tags, &digests, err);
	/* Only now: what was pushed after the tags were listed is not among them, what was pushed before is known here. */
	if (r == 0)
		r = read_needed(sweep, err);
	if (r == 0)
		sweep_tags(sweep, repository, &tags, digests);
	for (size_t i = 0; i < tags.count; i++)
		free(digests[i]);
	free(digests);
	registry_names_free(&tags);
	return r;
}

static int sweep_all(struct keeper *keeper, struct error *err)
{
	struct sweep sweep = {.keeper = keeper, .kept = map_new(), .builds = map_new()};
	struct registry_names names = {0};
	int r = keeper_list(keeper, &names, err);

	for (size_t i = 0; r == 0 && i < names.count && !atomic_load(&keeper->stopping); i++)
		r = sweep_repository(&sweep, names.items[i], err);
	registry_names_free(&names);
	map_free(sweep.kept);
	map_free(sweep.builds);
	if (r == 0 && sweep.failed > 0 && sweep.deleted == 0)
		r = error_set(err, ERROR_UNSUPPORTED, ENOTSUP, "the registry deletes nothing for us; see the log");
	if (sweep.deleted > 0)
		log_info("%u images that nothing needs were deleted from the registry", sweep.deleted);
	return r;
}

/* ---- the embedded registry's own collection ------------------------------------------------------------------------------------ */

/* New ones wait by `holding`; here the running ones come to their end. */
static bool wait_for_builds(struct keeper *keeper)
{
	int64_t due = clock_monotonic_ms() + BUILDS_WAIT_MS;
	int64_t running = 0;

	while (registry_builds_running(&keeper->store, NULL, &running, NULL) == 0 && running > 0 && clock_monotonic_ms() < due)
		if (!keeper_wait(keeper, BUILDS_LOOK_MS))
			return false;
	return !atomic_load(&keeper->stopping);
}

/* One message of `ttob up` within a second; NULL: none. */
static json_t *hear(struct keeper *keeper)
{
	struct pollfd poll_fd = {.fd = keeper->control, .events = POLLIN};
	char text[MESSAGE_MAX];
	ssize_t n;

	if (poll(&poll_fd, 1, 500) <= 0)
		return NULL;
	n = recv(keeper->control, text, sizeof(text), MSG_DONTWAIT);
	if (n <= 0)
		keeper_wait(keeper, 500); /* it is gone, and so will we be */
	return n > 0 ? json_loadb(text, (size_t)n, 0, NULL) : NULL;
}

/* Has `ttob up` do it; *ret_freed: bytes on the disk. */
static int collect_embedded(struct keeper *keeper, int64_t *ret_freed, struct error *err)
{
	int64_t due = clock_monotonic_ms() + COLLECT_WAIT_MS;
	auto_free char *question = NULL;
	char id[STORE_ID_LENGTH + 1];

	random_id(id, STORE_ID_LENGTH);
	question = xasprintf("{\"collect\":\"%s\"}", id);
	if (send(keeper->control, question, strlen(question), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return error_errno(err, errno, "cannot tell ttob up to collect garbage");
	while (clock_monotonic_ms() < due && !atomic_load(&keeper->stopping)) {
		json_t *json = hear(keeper);
		bool ours = str_equal(json_string_value(json_object_get(json, "collect")), id);
		const char *problem = json_string_value(json_object_get(json, "error"));
		int r = 0;

		*ret_freed = json_integer_value(json_object_get(json, "freed"));
		if (ours && problem != NULL)
			r = error_set(err, ERROR_UNAVAILABLE, EIO, "the registry's garbage was not collected: %.200s", problem);
		json_decref(json);
		if (ours)
			return r;
	}
	return error_set(err, ERROR_TIMEOUT, ETIMEDOUT, "ttob up does not tell whether garbage was collected");
}

/* It was stopped and is being started again. */
static void wait_for_registry(struct keeper *keeper)
{
	int64_t due = clock_monotonic_ms() + RETURN_WAIT_MS;

	while (registry_ping(keeper->client, NULL) < 0 && clock_monotonic_ms() < due)
		if (!keeper_wait(keeper, RETURN_LOOK_MS))
			return;
}

/* ---- all of it ------------------------------------------------------------------------------------------------------------------- */

static int collect(struct keeper *keeper, int64_t *ret_freed, struct error *err)
{
	int64_t before;
	int r = keeper_count(keeper, err);

	before = keeper->bytes;
	if (r == 0 && !wait_for_builds(keeper))
		r = error_set(err, ERROR_CANCELLED, ECANCELED, "the process stops");
	if (r == 0)
		r = sweep_all(keeper, err);
	if (r == 0 && keeper->control >= 0) {
		r = collect_embedded(keeper, ret_freed, err);
		wait_for_registry(keeper);
		return r == 0 ? keeper_count(keeper, err) : r;
	}
	if (r == 0)
		r = keeper_count(keeper, err);
	if (r == 0)
		*ret_freed = before > keeper->bytes ? before - keeper->bytes : 0;
	return r;
}

static void set_collecting(struct keeper *keeper, bool on)
{
	pthread_mutex_lock(&keeper->lock);
	keeper->collecting = on;
	pthread_mutex_unlock(&keeper->lock);
	atomic_store(&keeper->holding, on);
	if (!on)
		builder_wake(keeper->hub->builder);
}

void keeper_collect_now(struct keeper *keeper)
{
	struct error err = {0};
	int64_t freed = 0;
	int r;

	set_collecting(keeper, true);
	r = collect(keeper, &freed, &err);
	pthread_mutex_lock(&keeper->lock);
	keeper->collected_ms = clock_realtime_ms(); /* also when it failed: not again at once */
	keeper->freed = r == 0 ? freed : 0;
	keeper->freed_all += keeper->freed;
	str_copy(keeper->problem, sizeof(keeper->problem), r == 0 ? "" : err.message);
	pthread_mutex_unlock(&keeper->lock);
	set_collecting(keeper, false);
	if (r < 0 && err.kind != ERROR_CANCELLED)
		log_warning("collecting the registry's garbage: %s", err.message);
	else if (r == 0)
		log_info("the registry's garbage was collected: %lld MiB came back", (long long)(freed >> 20));
}
