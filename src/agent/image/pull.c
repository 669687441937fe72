#include "agent/image/pull.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/image/config_lists.h"
#include "agent/image/reference.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/state.h"
#include "base/str.h"
#include "base/util.h"

struct waiter {
	struct list link;
	char *reference; /* as it was asked for */
	image_progress progress;
	image_pulled done;
	void *data;
};

static void start_next(struct image_store *store);

static void waiter_fini(struct waiter *waiter)
{
	list_remove(&waiter->link);
	free(waiter->reference);
}

void pull_progress(struct pull *pull, enum image_stage stage, unsigned done)
{
	list_for_each (node, &pull->waiters) {
		struct waiter *waiter = container_of(node, struct waiter, link);

		if (waiter->progress != NULL)
			waiter->progress(waiter->reference, stage, done, (unsigned)pull->manifest.layer_count,
					 waiter->data);
	}
}

/* Gives back everything but the waiters. */
static void release(struct pull *pull)
{
	loop_timer_stop(&pull->timer);
	proxy_stop(pull->proxy);
	pull->proxy = NULL;
	if (pull->text_fd >= 0) {
		loop_remove(&pull->text_io);
		close(pull->text_fd);
		pull->text_fd = -1;
	}
	buf_fini(&pull->text);
	image_config_fini(&pull->config);
	if (pull->temporary != NULL)
		disk_trash(pull->store, pull->temporary);
	free(pull->temporary);
	pull->temporary = NULL;
	while (pull->held > 0) {
		struct stored_layer *layer = pull->layers[--pull->held];

		if (layer->owner == pull)
			layer->owner = NULL;
		store_layer_unref(pull->store, layer);
	}
}

/* Tells everyone, and lets the next ones start. */
static void end(struct pull *pull, struct stored_image *image, const struct error *err)
{
	struct image_store *store = pull->store;

	if (image != NULL)
		image->uses++; /* whatever the first waiter does, the last one still finds it */
	if (pull->state != PULL_QUEUED)
		store->running--;
	pull->state = PULL_ENDED;
	list_remove(&pull->link);
	release(pull);
	list_for_each (node, &pull->waiters) {
		struct waiter *waiter = container_of(node, struct waiter, link);

		waiter->done(image != NULL ? &image->image : NULL, err, waiter->data);
		waiter_fini(waiter);
		free(waiter);
	}
	if (image != NULL)
		image->uses--;
	free(pull->full);
	free(pull);
	pulls_continue(store);
	start_next(store);
}

void pull_fail(struct pull *pull, const struct error *err)
{
	struct error cause = *err;

	if (pull->child != NULL && pull->state == PULL_LAYERS) {
		/* It still writes into the temporary folder: its end comes first. */
		if (pull->failure.kind == ERROR_NONE) {
			pull->failure = cause;
			proxy_stop(pull->proxy);
			pull->proxy = NULL;
			child_kill(pull->child, SIGKILL);
		}
		return;
	}
	child_abandon(pull->child);
	pull->child = NULL;
	log_event(LOG_LEVEL_WARNING, "pull failed", "reference", pull->full, "error", cause.message, NULL);
	end(pull, NULL, &cause);
}

static void on_timeout(void *data)
{
	struct pull *pull = data;
	struct error err;

	error_set(&err, ERROR_TIMEOUT, ETIMEDOUT, "the pull of %.200s took longer than %llu s", pull->full,
		  (unsigned long long)pull->store->options.pull_seconds);
	pull_fail(pull, &err);
}

void pull_known(struct pull *pull)
{
	struct stored_image *image = map_get(pull->store->images, pull->digest);
	struct error err;

	if (image == NULL) {
		pull_fetch(pull);
		return;
	}
	store_used(pull->store, image);
	if (map_get(pull->store->by_reference, pull->full) != image) {
		store_refer(pull->store, image, pull->full);
		if (record_write(pull->store, image, &err) < 0)
			log_warning("%s", err.message);
	}
	end(pull, image, NULL);
}

/* Moves what the pull holds into a new image. */
static struct stored_image *make_image(struct pull *pull)
{
	struct stored_image *image = xmalloc(sizeof(*image));

	memcpy(image->image.digest, pull->digest, sizeof(image->image.digest));
	image->image.layers = xcalloc(pull->held + 1, sizeof(char *));
	for (size_t i = 0; i < pull->held; i++) {
		image->layers[i] = pull->layers[i];
		image->image.layers[i] = pull->layers[i]->path;
		image->image.size += pull->layers[i]->size;
	}
	image->image.layer_count = pull->held;
	image->image.config = pull->config;
	image->image.shell = shell_is_there(&image->image);
	pull->held = 0;
	pull->config = (struct image_config){0};
	return image;
}

void pull_complete(struct pull *pull)
{
	struct stored_image *image = map_get(pull->store->images, pull->digest);
	struct error err;

	/* Another reference may have brought the same image meanwhile. */
	if (image != NULL) {
		pull_known(pull);
		return;
	}
	image = make_image(pull);
	store_refer(pull->store, image, pull->full);
	if (store_add(pull->store, image, &err) < 0) {
		pull_fail(pull, &err);
		return;
	}
	log_event(LOG_LEVEL_INFO, "image pulled", "reference", pull->full, "image", image->image.digest, NULL);
	end(pull, image, NULL);
}

void pulls_continue(struct image_store *store)
{
	bool again = true;

	/* One that goes on may end, and others with it: start over after each. */
	while (again) {
		again = false;
		list_for_each (node, &store->pulls) {
			struct pull *pull = container_of(node, struct pull, link);
			bool waits = pull->state == PULL_LAYERS && pull->child == NULL && pull->temporary == NULL &&
				     pull->failure.kind == ERROR_NONE &&
				     (pull->held == 0 || pull->ready == pull->held ||
				      pull->layers[pull->ready]->owner == NULL);

			if (!waits || (pull->held > 0 && !pull->room && store->remover != NULL))
				continue;
			pull_layers(pull);
			again = true;
			break;
		}
	}
}

static void start(void *data)
{
	struct pull *pull = data;

	if (pull->failure.kind != ERROR_NONE) {
		pull_fail(pull, &pull->failure);
		return;
	}
	loop_timer_start(pull->store->agent->loop, &pull->timer, (int64_t)pull->store->options.pull_seconds * 1000,
			 on_timeout, pull);
	/* Asked for by digest, it cannot have changed. */
	if (strchr(pull->full, '@') != NULL && map_get(pull->store->images, strchr(pull->full, '@') + 1) != NULL) {
		memcpy(pull->digest, strchr(pull->full, '@') + 1, sizeof(pull->digest));
		pull_known(pull);
	} else {
		pull_resolve(pull);
	}
}

static void start_next(struct image_store *store)
{
	list_for_each (node, &store->pulls) {
		struct pull *pull = container_of(node, struct pull, link);

		if (store->running >= store->options.pulls_max)
			return;
		if (pull->state != PULL_QUEUED)
			continue;
		pull->state = PULL_RESOLVING;
		store->running++;
		loop_timer_start(store->agent->loop, &pull->timer, 0, start, pull);
	}
}

static struct pull *find(const struct image_store *store, const char *full)
{
	list_for_each (node, &store->pulls) {
		struct pull *pull = container_of(node, struct pull, link);

		if (str_equal(pull->full, full))
			return pull;
	}
	return NULL;
}

static struct pull *pull_new(struct image_store *store, const char *full)
{
	struct pull *pull = xmalloc(sizeof(*pull));

	pull->store = store;
	pull->full = xstrdup(full);
	pull->text_fd = -1;
	list_init(&pull->waiters);
	list_append(&store->pulls, &pull->link);
	return pull;
}

void image_pull(struct image_store *store, const char *reference, image_progress progress, image_pulled done,
		void *data)
{
	struct waiter *waiter = xmalloc(sizeof(*waiter));
	auto_free char *full = NULL;
	struct error err = {0};
	struct pull *pull;

	*waiter = (struct waiter){.reference = xstrdup(reference), .progress = progress, .done = done, .data = data};
	if (registry_reference(&store->registry, reference, &full, &err) < 0)
		full = xstrdup("");
	pull = find(store, full);
	if (pull == NULL) {
		pull = pull_new(store, full);
		pull->failure = err;
	}
	list_append(&pull->waiters, &waiter->link);
	start_next(store);
}

/* No callbacks: the store is going away. What was half done is cleaned at the next start. */
void pulls_close(struct image_store *store)
{
	list_for_each (node, &store->pulls) {
		struct pull *pull = container_of(node, struct pull, link);

		child_abandon(pull->child);
		free(pull->temporary);
		pull->temporary = NULL;
		list_remove(&pull->link);
		release(pull);
		list_for_each (other, &pull->waiters) {
			struct waiter *waiter = container_of(other, struct waiter, link);

			waiter_fini(waiter);
			free(waiter);
		}
		free(pull->full);
		free(pull);
	}
}
