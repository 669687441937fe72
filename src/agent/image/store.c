#include "agent/image/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/programs.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"

struct stored_layer *store_layer(struct image_store *store, const char *chain)
{
	return map_get(store->layers, chain);
}

struct stored_layer *store_layer_add(struct image_store *store, const char *chain)
{
	struct stored_layer *layer = xmalloc(sizeof(*layer));

	*layer = (struct stored_layer){.users = 1};
	memcpy(layer->chain, chain, sizeof(layer->chain));
	layer->path = xasprintf("%s/sha256/%s", store->layers_dir, digest_hex(chain));
	map_put(store->layers, chain, layer);
	return layer;
}

void store_layer_unref(struct image_store *store, struct stored_layer *layer)
{
	if (--layer->users > 0)
		return;
	map_remove(store->layers, layer->chain);
	if (layer->ready && !store->loading)
		disk_trash(store, layer->path);
	free(layer->path);
	free(layer);
}

struct stored_image *store_of(const struct image *image)
{
	return (struct stored_image *)((char *)(uintptr_t)image - offsetof(struct stored_image, image));
}

void store_refer(struct image_store *store, struct stored_image *image, const char *full_reference)
{
	struct stored_image *before = map_put(store->by_reference, full_reference, image);
	struct error err;

	for (size_t i = 0; before != NULL && i < before->reference_count; i++) {
		if (!str_equal(before->references[i], full_reference))
			continue;
		free(before->references[i]);
		memmove(&before->references[i], &before->references[i + 1],
			(--before->reference_count - i) * sizeof(char *));
		if (before != image && record_write(store, before, &err) < 0)
			log_warning("%s", err.message);
		break;
	}
	if (image->reference_count == STORE_REFERENCES_MAX) {
		map_remove(store->by_reference, image->references[0]);
		free(image->references[0]);
		memmove(&image->references[0], &image->references[1], --image->reference_count * sizeof(char *));
	}
	image->references[image->reference_count++] = xstrdup(full_reference);
}

static void index_image(struct image_store *store, struct stored_image *image)
{
	map_put(store->images, image->image.digest, image);
	for (size_t i = 0; i < image->reference_count; i++) {
		/* Two records can name one reference after a crash between the two writes: the younger one has it. */
		struct stored_image *other = map_get(store->by_reference, image->references[i]);

		if (other == NULL || other->used_at <= image->used_at)
			map_put(store->by_reference, image->references[i], image);
	}
}

/* Takes it out of the index of references, gives its layers back, and frees it. */
static void forget(struct image_store *store, struct stored_image *image)
{
	for (size_t i = 0; i < image->reference_count; i++)
		if (map_get(store->by_reference, image->references[i]) == image)
			map_remove(store->by_reference, image->references[i]);
	for (size_t i = 0; i < image->image.layer_count; i++)
		store_layer_unref(store, image->layers[i]);
	stored_image_free(image);
}

int store_add(struct image_store *store, struct stored_image *image, struct error *err)
{
	int r = record_write(store, image, err);

	if (r < 0) {
		forget(store, image);
		return r;
	}
	image->used_at = clock_realtime_ms();
	index_image(store, image);
	return 0;
}

void store_drop(struct image_store *store, struct stored_image *image)
{
	auto_free char *path = record_path(store, image->image.digest);

	unlink(path);
	map_remove(store->images, image->image.digest);
	forget(store, image);
}

void store_used(struct image_store *store, struct stored_image *image)
{
	auto_free char *path = record_path(store, image->image.digest);

	image->used_at = clock_realtime_ms();
	/* Only a hint for the next start: not worth waiting for the disk. */
	(void)utimensat(AT_FDCWD, path, NULL, 0);
}

/* Calls `each` with every name in the folder but the dots. */
static int for_each_name(const char *path, void (*each)(struct image_store *store, const char *name),
			 struct image_store *store, struct error *err)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (dir == NULL)
		return error_errno(err, errno, "cannot read %s", path);
	while ((entry = readdir(dir)) != NULL)
		if (!str_equal(entry->d_name, ".") && !str_equal(entry->d_name, ".."))
			each(store, entry->d_name);
	closedir(dir);
	return 0;
}

static void load_record(struct image_store *store, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", store->images_dir, name);
	struct stored_image *image = NULL;
	struct error err;

	if (record_read(store, name, &image, &err) == 0) {
		index_image(store, image);
		return;
	}
	log_warning("%s; it is dropped, the next pull brings the image back", err.message);
	unlink(path);
}

static void trash_leftover(struct image_store *store, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", store->tmp_dir, name);

	disk_trash(store, path);
}

static void trash_base(struct image_store *store, const char *name)
{
	auto_free char *path = xasprintf("%s/%s", store->bases_dir, name);

	disk_trash(store, path);
}

static void trash_unknown_layer(struct image_store *store, const char *name)
{
	auto_free char *path = xasprintf("%s/sha256/%s", store->layers_dir, name);
	auto_free char *chain = xasprintf("sha256:%s", name);

	if (store_layer(store, chain) == NULL)
		disk_trash(store, path);
}

static int load(struct image_store *store, struct error *err)
{
	auto_free char *sha256 = xasprintf("%s/sha256", store->layers_dir);
	int r = dir_make_all(sha256, 0700, err);

	if (r == 0)
		r = dir_make_all(store->tmp_dir, 0700, err);
	if (r == 0)
		r = dir_make_all(store->images_dir, 0700, err);
	if (r == 0)
		r = dir_make_all(store->bases_dir, 0755, err);
	if (r < 0)
		return r;
	store->lock = open(store->layers_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->lock < 0)
		return error_errno(err, errno, "cannot open %s", store->layers_dir);
	if (flock(store->lock, LOCK_EX | LOCK_NB) < 0)
		return error_set(err, ERROR_CONFLICT, EBUSY, "another agent uses %s", store->layers_dir);
	/* All in there was given up by whoever had the lock before. */
	r = for_each_name(store->tmp_dir, trash_leftover, store, err);
	if (r == 0)
		r = for_each_name(store->bases_dir, trash_base, store, err);
	store->loading = true;
	if (r == 0)
		r = for_each_name(store->images_dir, load_record, store, err);
	store->loading = false;
	return r == 0 ? for_each_name(sha256, trash_unknown_layer, store, err) : r;
}

int image_store_open(struct agent *agent, const struct image_options *options, struct image_store **ret_store,
		     struct error *err)
{
	struct image_store *store = xmalloc(sizeof(*store));
	int r;

	*store = (struct image_store){.agent = agent, .options = *options, .lock = -1};
	list_init(&store->pulls);
	list_init(&store->bases);
	store->bases_dir = xasprintf("%s/base", options->state_dir);
	store->layers_dir = xasprintf("%s/layers", options->state_dir);
	store->images_dir = xasprintf("%s/images", options->state_dir);
	store->tmp_dir = xasprintf("%s/tmp", store->layers_dir);
	store->unpack_program =
		options->unpack_program != NULL ? xstrdup(options->unpack_program) : programs_find_unpack();
	store->options.state_dir = store->options.unpack_program = NULL;
	store->layers = map_new();
	store->images = map_new();
	store->by_reference = map_new();
	r = registry_init(&store->registry, agent->config, err);
	if (r == 0)
		r = load(store, err);
	if (r < 0) {
		image_store_close(store);
		return r;
	}
	disk_watch(store);
	*ret_store = store;
	return 0;
}

void image_store_close(struct image_store *store)
{
	struct stored_image *image;
	struct stored_layer *layer;
	size_t cursor = 0;

	if (store == NULL)
		return;
	pulls_close(store);
	loop_timer_stop(&store->disk_timer);
	child_abandon(store->remover);
	while ((image = map_next(store->images, &cursor, NULL)) != NULL)
		stored_image_free(image);
	cursor = 0;
	while ((layer = map_next(store->layers, &cursor, NULL)) != NULL) {
		free(layer->path);
		free(layer);
	}
	map_free(store->images);
	map_free(store->layers);
	map_free(store->by_reference);
	registry_fini(&store->registry);
	if (store->lock >= 0) {
		flock(store->lock, LOCK_UN); /* a child that was forked just now has it too */
		close(store->lock);
	}
	free(store->layers_dir);
	free(store->images_dir);
	free(store->bases_dir);
	free(store->tmp_dir);
	free(store->unpack_program);
	free(store);
}
