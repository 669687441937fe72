/* The configuration and the layers of a resolved image: each blob streams from skopeo's proxy to its reader. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/image/pull.h"
#include "agent/image/reference.h"
#include "base/cleanup.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"

#define UNPACK_STATUS_BASE 10 /* of ttob-unpack: status is this + enum error_kind */
#define USUAL_RATIO        3  /* of unpacked to compressed bytes, for asking the disk beforehand */

static void layer_done(struct pull *pull);

static uint64_t unpacked_size(const struct pull *pull)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < pull->ready; i++)
		bytes += pull->layers[i]->size;
	return bytes;
}

/* ---- configuration ---- */

static void config_done(struct pull *pull)
{
	struct error err;

	if (!pull->received || !pull->sent)
		return;
	if (manifest_config(pull->text.data, pull->text.length, manifest_architecture(), pull->manifest.layer_count,
			    &pull->config, pull->diff_ids, &err) < 0) {
		pull_fail(pull, &err);
		return;
	}
	for (size_t i = 0; i < pull->manifest.layer_count; i++)
		digest_chain(i > 0 ? pull->chains[i - 1] : NULL, pull->diff_ids[i], pull->chains[i]);
	pull->state = PULL_LAYERS;
	pull_layers(pull);
}

static void config_received(struct pull *pull)
{
	char digest[DIGEST_SIZE];
	struct error err;

	loop_remove(&pull->text_io);
	close(pull->text_fd);
	pull->text_fd = -1;
	digest_of(pull->text.data, pull->text.length, digest);
	if (pull->text.length < pull->manifest.config.size && pull->sent_error.kind != ERROR_NONE) {
		pull_fail(pull, &pull->sent_error);
		return;
	}
	if (pull->text.length != pull->manifest.config.size || !str_equal(digest, pull->manifest.config.digest)) {
		error_set(&err, ERROR_MALFORMED, EBADMSG,
			  "the image's configuration has another digest or size than its manifest says");
		pull_fail(pull, &err);
		return;
	}
	pull->received = true;
	config_done(pull);
}

static void on_config(struct loop_io *io, uint32_t events)
{
	struct pull *pull = container_of(io, struct pull, text_io);
	size_t left = pull->manifest.config.size + 1 - pull->text.length;
	char *to = buf_reserve(&pull->text, min_size(left, 65536));
	ssize_t n = read(pull->text_fd, to, min_size(left, 65536));

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0)
		buf_added(&pull->text, (size_t)n);
	if (n <= 0 || pull->text.length > pull->manifest.config.size)
		config_received(pull);
}

static void start_config(struct pull *pull, int fd)
{
	struct error err;
	int r;

	pull->text_fd = fd;
	fd_set_nonblock(fd, true);
	r = loop_add(pull->store->agent->loop, &pull->text_io, fd, EPOLLIN, on_config);
	if (r < 0) {
		error_errno(&err, r, "cannot watch a pipe");
		pull_fail(pull, &err);
	}
}

/* ---- layers ---- */

static void on_unpacked(struct child *child, const struct child_result *result, void *data)
{
	struct pull *pull = data;
	struct error err;
	uint64_t size;
	int kind = result->exit_code - UNPACK_STATUS_BASE;
	const char *why = result->errors;

	(void)child;
	pull->child = NULL;
	if (pull->failure.kind != ERROR_NONE) {
		pull_fail(pull, &pull->failure);
		return;
	}
	if (result->exit_code == 0) {
		auto_free char *text = xstrdup(result->output);

		if (str_to_u64(str_trim(text), INT64_MAX, &size) == 0) {
			pull->layers[pull->ready]->size = size;
			pull->received = true;
			layer_done(pull);
			return;
		}
		why = "it told no size";
	}
	if (kind <= ERROR_NONE || kind >= ERROR_KINDS) {
		child_error(result, "ttob-unpack", &err);
	} else {
		if (kind == ERROR_TOO_LARGE && pull->disk_limit)
			kind = ERROR_UNAVAILABLE;
		error_set(&err, (enum error_kind)kind, EIO, "%.*s%s", (int)strcspn(why, "\n"), why,
			  kind == ERROR_UNAVAILABLE && pull->disk_limit ? " (the disk has no more room)" : "");
	}
	/* A blob that ends early has its reason at the other end of the pipe. */
	if (err.kind == ERROR_UNAVAILABLE && pull->sent_error.kind != ERROR_NONE)
		err = pull->sent_error;
	pull_fail(pull, &err);
}

/* Gives the number of bytes that the next layer may hold. */
static uint64_t bytes_max(struct pull *pull)
{
	const struct image_options *options = &pull->store->options;
	uint64_t used = unpacked_size(pull), room = disk_free(pull->store);
	uint64_t image = used < options->image_max ? options->image_max - used : 0;

	room = room > options->low_water ? room - options->low_water : 0;
	pull->disk_limit = room < image;
	return pull->disk_limit ? room : image;
}

static void start_layer(struct pull *pull, int blob)
{
	const struct descriptor *layer = &pull->manifest.layers[pull->ready];
	const char *argv[IMAGE_LAYERS_MAX + 9];
	struct child_fd fd = {blob, 0};
	struct child_options options = {.argv = argv, .fds = &fd, .fd_count = 1, .nice = 5};
	char size[24], bytes[24], entries[24];
	struct error err;
	size_t n = 0;
	int r;

	snprintf(size, sizeof(size), "%llu", (unsigned long long)layer->size);
	snprintf(bytes, sizeof(bytes), "%llu", (unsigned long long)bytes_max(pull));
	snprintf(entries, sizeof(entries), "%llu", (unsigned long long)pull->store->options.entries_max);
	r = disk_temporary(pull->store, &pull->temporary, &err);
	argv[n++] = pull->store->unpack_program;
	argv[n++] = "layer";
	argv[n++] = pull->temporary;
	argv[n++] = size;
	argv[n++] = layer->digest;
	argv[n++] = pull->diff_ids[pull->ready];
	argv[n++] = bytes;
	argv[n++] = entries;
	for (size_t i = pull->ready; i-- > 0;)
		argv[n++] = pull->layers[i]->path;
	argv[n] = NULL;
	if (r == 0)
		r = child_start(pull->store->agent, &options, on_unpacked, pull, &pull->child, &err);
	close(blob);
	if (r < 0)
		pull_fail(pull, &err);
}

static void layer_done(struct pull *pull)
{
	struct stored_layer *layer = pull->layers[pull->ready];
	struct error err;

	if (!pull->received || !pull->sent)
		return;
	if (rename(pull->temporary, layer->path) < 0) {
		error_errno(&err, errno, "cannot put the layer %s in its place", layer->path);
		pull_fail(pull, &err);
		return;
	}
	free(pull->temporary);
	pull->temporary = NULL;
	layer->ready = true;
	layer->owner = NULL;
	pull->ready++;
	pull_progress(pull, IMAGE_STAGE_UNPACK, (unsigned)pull->ready);
	pulls_continue(pull->store); /* this one is among them */
}

/* ---- both ---- */

static void on_blob(int fd, const struct error *err, void *data)
{
	struct pull *pull = data;

	if (fd < 0)
		pull_fail(pull, err);
	else if (pull->state == PULL_CONFIG)
		start_config(pull, fd);
	else
		start_layer(pull, fd);
}

static void on_sent(const struct error *err, void *data)
{
	struct pull *pull = data;

	pull->sent = true;
	if (err != NULL) /* the reader sees that it is not whole, and what skopeo says is the reason */
		pull->sent_error = *err;
	if (pull->state == PULL_CONFIG)
		config_done(pull);
	else
		layer_done(pull);
}

static const struct proxy_handlers handlers = {.blob = on_blob, .sent = on_sent};

static void fetch(struct pull *pull, const struct descriptor *blob)
{
	struct reference reference;
	char full[REFERENCE_MAX];
	struct error err;

	pull->received = pull->sent = false;
	pull->sent_error = (struct error){0};
	if (pull->proxy == NULL) {
		(void)reference_parse(pull->full, &reference, NULL);
		memcpy(reference.digest, pull->digest, sizeof(reference.digest));
		reference_print(&reference, "", full);
		if (proxy_start(pull->store->agent, &pull->store->registry, full, &handlers, pull, &pull->proxy, &err) <
		    0) {
			pull_fail(pull, &err);
			return;
		}
	}
	proxy_fetch(pull->proxy, blob);
}

static uint64_t missing_bytes(const struct pull *pull)
{
	uint64_t bytes = 0;

	for (size_t i = 0; i < pull->manifest.layer_count; i++) {
		const struct stored_layer *layer = store_layer(pull->store, pull->chains[i]);

		if (layer == NULL || !layer->ready)
			bytes += pull->manifest.layers[i].size;
	}
	return bytes;
}

/* 0: there is room; 1: not yet; or a negative errno after pull_fail. */
static int ask_room(struct pull *pull)
{
	struct error err;
	int r = 0;

	if (!pull->room)
		r = disk_make_room(pull->store, missing_bytes(pull) * USUAL_RATIO, &err);
	if (r == -EAGAIN)
		return 1;
	if (r < 0) {
		pull_fail(pull, &err);
		return r;
	}
	pull->room = true;
	return 0;
}

/* Takes a use of every layer first, so that what is here stays here. */
static void hold_layers(struct pull *pull)
{
	for (; pull->held < pull->manifest.layer_count; pull->held++) {
		const char *chain = pull->chains[pull->held];
		struct stored_layer *layer = store_layer(pull->store, chain);

		if (layer != NULL)
			layer->users++;
		else
			layer = store_layer_add(pull->store, chain);
		pull->layers[pull->held] = layer;
	}
}

void pull_layers(struct pull *pull)
{
	if (pull->child != NULL || pull->temporary != NULL)
		return; /* at work */
	hold_layers(pull);
	while (pull->ready < pull->held && pull->layers[pull->ready]->ready)
		pull->ready++;
	if (pull->ready == pull->held) {
		pull_complete(pull);
		return;
	}
	if (pull->layers[pull->ready]->owner != NULL || ask_room(pull) != 0)
		return;
	pull->layers[pull->ready]->owner = pull;
	pull_progress(pull, IMAGE_STAGE_COPY, (unsigned)pull->ready);
	fetch(pull, &pull->manifest.layers[pull->ready]);
}

void pull_fetch(struct pull *pull)
{
	uint64_t bytes = 0;
	struct error err;

	for (size_t i = 0; i < pull->manifest.layer_count; i++)
		bytes += pull->manifest.layers[i].size;
	if (bytes > pull->store->options.image_max) {
		error_set(&err, ERROR_TOO_LARGE, EFBIG,
			  "the image has %llu MiB compressed; more than %llu MiB are not allowed",
			  (unsigned long long)(bytes >> 20),
			  (unsigned long long)(pull->store->options.image_max >> 20));
		pull_fail(pull, &err);
		return;
	}
	pull->state = PULL_CONFIG;
	fetch(pull, &pull->manifest.config);
}
