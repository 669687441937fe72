#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "agent/image/store.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"

#define LOOK_EVERY_MS 60000
#define REMOVED       "removed-" /* what the remover may take; all else in tmp_dir is in use */
#define BATCH         64

uint64_t disk_free(const struct image_store *store)
{
	struct statvfs st;

	return statvfs(store->layers_dir, &st) < 0 ? 0 : (uint64_t)st.f_bavail * st.f_frsize;
}

static void on_removed(struct child *child, const struct child_result *result, void *data)
{
	struct image_store *store = data;
	struct error err;

	(void)child;
	store->remover = NULL;
	if (result->exit_code != 0) {
		child_error(result, "ttob-unpack", &err);
		log_warning("%s", err.message); /* what is left is tried again at the next start */
	} else if (store->trash) {
		disk_clean(store);
	}
	if (store->remover == NULL)
		pulls_continue(store);
}

/* Gives the number of names found. */
static size_t find_trash(const struct image_store *store, const char **names, size_t max)
{
	DIR *dir = opendir(store->tmp_dir);
	struct dirent *entry;
	size_t count = 0;

	while (dir != NULL && count < max && (entry = readdir(dir)) != NULL)
		if (str_starts_with(entry->d_name, REMOVED))
			names[count++] = xasprintf("%s/%s", store->tmp_dir, entry->d_name);
	if (dir != NULL)
		closedir(dir);
	return count;
}

void disk_clean(struct image_store *store)
{
	const char *argv[BATCH + 3] = {store->unpack_program, "remove"};
	struct child_options options = {.argv = argv, .nice = 10};
	struct error err;
	size_t count;

	store->trash = true;
	if (store->remover != NULL)
		return; /* looks again at its end */
	count = find_trash(store, argv + 2, BATCH);
	store->trash = count == BATCH;
	if (count > 0 && child_start(store->agent, &options, on_removed, store, &store->remover, &err) < 0)
		log_warning("%s", err.message);
	for (size_t i = 0; i < count; i++)
		free((char *)argv[i + 2]);
}

void disk_trash(struct image_store *store, const char *path)
{
	char id[17];
	auto_free char *to = NULL;

	random_id(id, sizeof(id) - 1);
	to = xasprintf("%s/" REMOVED "%s", store->tmp_dir, id);
	if (rename(path, to) < 0) {
		if (errno != ENOENT)
			log_warning("cannot remove %s: %s", path, strerror(errno));
		return;
	}
	disk_clean(store);
}

int disk_temporary(struct image_store *store, char **ret_path, struct error *err)
{
	char id[17];
	auto_free char *path = NULL;

	random_id(id, sizeof(id) - 1);
	path = xasprintf("%s/%s", store->tmp_dir, id);
	if (mkdir(path, 0755) < 0)
		return error_errno(err, errno, "cannot make the folder %s", path);
	*ret_path = steal(path);
	return 0;
}

/* What goes when the image goes: the layers that no other image has. */
static uint64_t freed_by(const struct stored_image *image)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < image->image.layer_count; i++)
		if (image->layers[i]->users == 1)
			bytes += image->layers[i]->size;
	return bytes;
}

static struct stored_image *least_recently_used(const struct image_store *store)
{
	struct stored_image *image, *oldest = NULL;
	size_t cursor = 0;

	while ((image = map_next(store->images, &cursor, NULL)) != NULL)
		if (image->uses == 0 && (oldest == NULL || image->used_at < oldest->used_at))
			oldest = image;
	return oldest;
}

int disk_make_room(struct image_store *store, uint64_t need, struct error *err)
{
	uint64_t room = disk_free(store), want = need + store->options.low_water;
	struct stored_image *image;

	if (room >= want)
		return 0;
	if (store->remover != NULL)
		return -EAGAIN;
	while (room < want && (image = least_recently_used(store)) != NULL) {
		room += freed_by(image);
		log_event(LOG_LEVEL_INFO, "image removed: the disk is short", "image", image->image.digest, "reference",
			  image->reference_count > 0 ? image->references[image->reference_count - 1] : NULL, NULL);
		store_drop(store, image);
	}
	if (store->remover != NULL)
		return -EAGAIN;
	return error_set(
		err, ERROR_UNAVAILABLE, ENOSPC,
		"no room: about %llu MiB are needed, %llu MiB are free, and %llu MiB of them have to stay free",
		(unsigned long long)(need >> 20), (unsigned long long)(room >> 20),
		(unsigned long long)(store->options.low_water >> 20));
}

static void look(void *data)
{
	struct image_store *store = data;
	struct error err;

	/* Pulls ask for themselves; this is for what others write on the same disk. */
	if (store->running == 0)
		(void)disk_make_room(store, 0, &err);
	disk_watch(store);
}

void disk_watch(struct image_store *store)
{
	loop_timer_start(store->agent->loop, &store->disk_timer, LOOK_EVERY_MS, look, store);
}
