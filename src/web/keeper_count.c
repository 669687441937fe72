/* What is in the registry: repositories, tags, and the bytes of what they hold, each blob counted once. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "store/registry.h"
#include "web/builder.h"
#include "web/keeping.h"
#include "web/views.h"

#define IMAGES_MAX 100000 /* remembered; then all are asked for anew */
#define DEPTH_MAX 2	  /* an index of images */

struct blob {
	char digest[REGISTRY_DIGEST_SIZE];
	int64_t size;
};

struct image {
	struct blob *blobs;
	size_t count;
};

static void image_free(struct image *image)
{
	if (image != NULL)
		free(image->blobs);
	free(image);
}

void keeper_forget_images(struct keeper *keeper)
{
	size_t cursor = 0;
	struct image *image;

	while ((image = map_next(keeper->images, &cursor, NULL)) != NULL)
		image_free(image);
	map_free(keeper->images);
	keeper->images = map_new();
}

static void add_blob(struct image *image, const char *digest, int64_t size)
{
	if ((image->count & (image->count - 1)) == 0)
		image->blobs = xrealloc(image->blobs, (image->count > 0 ? image->count * 2 : 1) * sizeof(*image->blobs));
	str_copy(image->blobs[image->count].digest, REGISTRY_DIGEST_SIZE, digest);
	image->blobs[image->count++].size = size;
}

struct reading {
	struct keeper *keeper;
	const char *repository;
	struct image *image;
	unsigned depth;
	struct error *err;
};

static int read_manifest(struct reading *reading, const char *digest);

static int read_content(const struct registry_content *content, void *data)
{
	struct reading *reading = data;
	struct reading deeper = *reading;
	int r;

	if (!content->is_manifest) {
		add_blob(reading->image, content->digest, content->size);
		return 0;
	}
	if (++deeper.depth >= DEPTH_MAX)
		return 0;
	r = read_manifest(&deeper, content->digest);
	return r == -ENOENT ? 0 : r; /* one for another machine that was not pushed */
}

static int read_manifest(struct reading *reading, const char *digest)
{
	struct registry_manifest manifest;
	int r = registry_manifest_get(reading->keeper->client, reading->repository, digest, &manifest, reading->err);

	if (r < 0)
		return r;
	add_blob(reading->image, manifest.digest, (int64_t)manifest.body.length);
	r = registry_manifest_each(&manifest, read_content, reading, reading->err);
	registry_manifest_fini(&manifest);
	return r;
}

static int image_of(struct keeper *keeper, const char *repository, const char *digest, const struct image **ret_image, struct error *err)
{
	struct image *image = map_get(keeper->images, digest);
	struct reading reading = {.keeper = keeper, .repository = repository, .err = err};
	int r;

	if (image == NULL) {
		reading.image = image = xmalloc(sizeof(*image));
		r = read_manifest(&reading, digest);
		if (r < 0) {
			image_free(image);
			return r;
		}
		if (map_count(keeper->images) >= IMAGES_MAX)
			keeper_forget_images(keeper);
		map_put(keeper->images, digest, image);
	}
	*ret_image = image;
	return 0;
}

/* ---- counting ----------------------------------------------------------------------------------------------------------- */

struct count {
	struct keeper *keeper;
	struct map *projects; /* full names */
	struct map *created;  /* by digest: int64_t, milliseconds */
	struct map *seen;     /* blobs of the whole registry */
	json_t *repositories;
	int64_t tags;
	int64_t bytes;
};

static void note_project(const char *full_name, void *data)
{
	map_put(((struct count *)data)->projects, full_name, data);
}

static void note_version(const char *reference, const char *image, int64_t created_ms, void *data)
{
	struct count *count = data;
	const char *at = strchr(reference, '@');
	int64_t *created[] = {xmalloc(sizeof(int64_t)), xmalloc(sizeof(int64_t))};

	*created[0] = *created[1] = created_ms;
	free(map_put(count->created, image, created[0]));
	free(map_put(count->created, at != NULL ? at + 1 : reference, created[1]));
}

/* The bytes of the image's blobs that were not seen before; marks them. */
static int64_t add_new(struct map *seen, const struct image *image)
{
	int64_t bytes = 0;

	for (size_t i = 0; i < image->count; i++)
		if (map_put(seen, image->blobs[i].digest, seen) == NULL)
			bytes += image->blobs[i].size;
	return bytes;
}

static int count_tag(struct count *count, const char *repository, const char *tag, struct map *own, json_t *tags, int64_t *bytes,
		     struct error *err)
{
	struct registry_manifest manifest;
	const struct image *image = NULL;
	const int64_t *created;
	int64_t size = 0;
	int r = registry_manifest_head(count->keeper->client, repository, tag, &manifest, err);

	if (r == 0) {
		r = image_of(count->keeper, repository, manifest.digest, &image, err);
		if (r == 0) {
			for (size_t i = 0; i < image->count; i++)
				size += image->blobs[i].size;
			*bytes += add_new(own, image);
			count->bytes += add_new(count->seen, image);
			created = map_get(count->created, manifest.digest);
			json_array_append_new(tags, json_pack("{s:s,s:I,s:o}", "tag", tag, "size", (json_int_t)size, "created_at",
							      view_time(created != NULL ? *created : 0)));
			count->tags++;
		}
		registry_manifest_fini(&manifest);
	}
	/* Deleted meanwhile, or of a kind that we don't know: not ours to count. */
	return r == -ENOENT || r == -EPROTO ? 0 : r;
}

static int count_repository(struct count *count, const char *name, struct error *err)
{
	struct map *own = map_new();
	json_t *tags = json_array();
	struct registry_names names;
	int64_t bytes = 0;
	int r = registry_tags(count->keeper->client, name, &names, err);

	if (r == 0) {
		for (size_t i = 0; r == 0 && i < names.count; i++)
			r = count_tag(count, name, names.items[i], own, tags, &bytes, err);
		registry_names_free(&names);
	}
	map_free(own);
	if (r == 0 && json_array_size(tags) > 0)
		json_array_append_new(count->repositories,
				      json_pack("{s:s,s:O,s:I,s:o}", "name", name, "tags", tags, "bytes", (json_int_t)bytes, "project",
						view_text(map_get(count->projects, name) != NULL ? name : NULL)));
	json_decref(tags);
	return r;
}

static void list_project(const char *full_name, void *data)
{
	struct registry_names *names = data;

	names->items = xrealloc(names->items, (names->count + 1) * sizeof(*names->items));
	names->items[names->count++] = xstrdup(full_name);
}

int keeper_list(struct keeper *keeper, struct registry_names *ret_names, struct error *err)
{
	struct error refused = {0};
	int r = registry_catalog(keeper->client, ret_names, &refused);

	if (r == 0)
		return 0;
	if (refused.kind != ERROR_FORBIDDEN && refused.kind != ERROR_UNAUTHENTICATED && refused.kind != ERROR_NOT_FOUND &&
	    refused.kind != ERROR_UNSUPPORTED) {
		if (err != NULL)
			*err = refused;
		return r;
	}
	*ret_names = (struct registry_names){0};
	return registry_each_project(&keeper->store, list_project, ret_names, err);
}

/* ---- days ------------------------------------------------------------------------------------------------------------------ */

static json_t *growth_of(const struct registry_day *days, size_t count, int64_t *ret_pulls, int64_t *ret_pushes)
{
	json_t *growth = json_array();

	*ret_pulls = *ret_pushes = 0;
	for (size_t i = 0; i < count; i++) {
		char date[CLOCK_RFC3339_SIZE];

		clock_rfc3339(days[i].day * KEEPER_DAY_MS, date);
		date[10] = '\0';
		json_array_append_new(growth, json_pack("{s:s,s:I}", "date", date, "bytes", (json_int_t)days[i].bytes));
		*ret_pulls += days[i].pulls;
		*ret_pushes += days[i].pushes;
	}
	return growth;
}

/* Keeps today's row and reads the last ones. */
static int keep_day(struct keeper *keeper, const struct count *count, json_t **ret_growth, int64_t *ret_pulls, int64_t *ret_pushes,
		    struct error *err)
{
	struct registry_day days[KEEPER_DAYS];
	struct registry_day today = {
		.day = clock_realtime_ms() / KEEPER_DAY_MS,
		.repositories = (int64_t)json_array_size(count->repositories),
		.bytes = count->bytes,
		.pulls = (int64_t)atomic_exchange(&keeper->new_pulls, 0),
	};
	size_t n = 0;
	int r = registry_pushes(&keeper->store, today.day * KEEPER_DAY_MS, &today.pushes, err);

	if (r == 0)
		r = registry_write_day(&keeper->store, &today, err);
	if (r < 0)
		atomic_fetch_add(&keeper->new_pulls, (uint64_t)today.pulls);
	if (r == 0)
		r = registry_days(&keeper->store, today.day, days, ARRAY_SIZE(days), &n, err);
	if (r == 0)
		*ret_growth = growth_of(days, n, ret_pulls, ret_pushes);
	return r;
}

void keeper_keep_pulls(struct keeper *keeper)
{
	struct registry_day today = {.day = clock_realtime_ms() / KEEPER_DAY_MS,
				     .repositories = (int64_t)json_array_size(keeper->repositories),
				     .bytes = keeper->bytes,
				     .pulls = (int64_t)atomic_exchange(&keeper->new_pulls, 0)};
	struct error err;
	int r;

	if (today.pulls == 0 || keeper->counted_ms == 0)
		return;
	r = registry_pushes(&keeper->store, today.day * KEEPER_DAY_MS, &today.pushes, &err);
	if (r == 0)
		r = registry_write_day(&keeper->store, &today, &err);
	if (r < 0)
		log_warning("what was pulled could not be counted: %s", err.message);
}

static void publish(struct keeper *keeper, struct count *count, json_t *growth, int64_t pulls, int64_t pushes)
{
	pthread_mutex_lock(&keeper->lock);
	json_decref(keeper->repositories);
	json_decref(keeper->growth);
	keeper->repositories = steal(count->repositories);
	keeper->growth = growth;
	keeper->tags = count->tags;
	keeper->bytes = count->bytes;
	keeper->pulls = pulls;
	keeper->pushes = pushes;
	keeper->counted_ms = clock_monotonic_ms();
	pthread_mutex_unlock(&keeper->lock);
}

static void free_values(struct map *map)
{
	size_t cursor = 0;
	void *value;

	while ((value = map_next(map, &cursor, NULL)) != NULL)
		free(value);
	map_free(map);
}

int keeper_count(struct keeper *keeper, struct error *err)
{
	struct count count = {.keeper = keeper,
			      .projects = map_new(),
			      .created = map_new(),
			      .seen = map_new(),
			      .repositories = json_array()};
	struct registry_names names = {0};
	json_t *growth = NULL;
	int64_t pulls, pushes;
	int r = keeper_list(keeper, &names, err);

	if (r == 0)
		r = registry_each_project(&keeper->store, note_project, &count, err);
	if (r == 0)
		r = registry_each_kept(&keeper->store, 0, note_version, &count, err);
	for (size_t i = 0; r == 0 && i < names.count; i++)
		r = count_repository(&count, names.items[i], err);
	if (r == 0)
		r = keep_day(keeper, &count, &growth, &pulls, &pushes, err);
	if (r == 0)
		publish(keeper, &count, growth, pulls, pushes);
	registry_names_free(&names);
	map_free(count.projects);
	free_values(count.created);
	map_free(count.seen);
	json_decref(count.repositories);
	return r;
}

/* ---- the disk ----------------------------------------------------------------------------------------------------------------- */

void keeper_look_at_disk(struct keeper *keeper)
{
	const struct web_options *options = keeper->hub->options;
	struct statvfs st;
	struct disk disk;
	bool was, was_full;

	if (options->registry_folder == NULL || *options->registry_folder == '\0' || statvfs(options->registry_folder, &st) < 0)
		return;
	disk = (struct disk){.free = (int64_t)(st.f_bavail * st.f_frsize), .total = (int64_t)(st.f_blocks * st.f_frsize)};
	disk.low = disk.free < (int64_t)options->registry_low || disk.free < disk.total / 100 * options->registry_low_percent;
	disk.full = disk.free < (int64_t)options->registry_floor;
	disk.low = disk.low || disk.full;
	pthread_mutex_lock(&keeper->lock);
	was = keeper->disk.low;
	was_full = keeper->disk.full;
	keeper->disk = disk;
	pthread_mutex_unlock(&keeper->lock);
	if (disk.low && !was)
		log_warning("the registry's disk gets full: %lld MiB of %lld MiB are free; delete versions, collect garbage, or give it more",
			    (long long)(disk.free >> 20), (long long)(disk.total >> 20));
	else if (was && !disk.low)
		log_info("the registry's disk has room again");
	if (disk.full == was_full)
		return;
	if (disk.full)
		log_warning("the registry's disk is full: builds wait until %lld MiB are free ([registry] floor)",
			    (long long)(options->registry_floor >> 20));
	atomic_store(&keeper->full, disk.full);
	builder_wake(keeper->hub->builder);
}
