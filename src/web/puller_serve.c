/* One pull: where what is asked for lies among the project's images, and its bytes. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/util.h"
#include "http/request.h"
#include "http/response.h"
#include "http/stream.h"
#include "web/keeper.h"
#include "web/pulling.h"

#define DEPTH_MAX    2	   /* an index of images */
#define PATIENCE_MS  30000 /* while a reader lets us wait for so long, … */
#define PACE	     2048  /* …it must have taken so many bytes for each second of that */
#define LOOK_MS	     1000
#define RETRY_AFTER  15

/* ---- refusing ----------------------------------------------------------------------------------------------------------- */

void pull_refuse(struct request *request, unsigned status, const char *code, const char *message)
{
	respond_json(request, status, json_pack("{s:[{s:s,s:s,s:n}]}", "errors", "code", code, "message", message, "detail"));
}

void pull_refuse_error(struct request *request, const struct error *err)
{
	switch (err->kind) {
	case ERROR_NOT_FOUND:
		pull_refuse(request, 404, "NAME_UNKNOWN", err->message);
		return;
	case ERROR_MALFORMED:
	case ERROR_INVALID:
		pull_refuse(request, 400, "NAME_INVALID", err->message);
		return;
	case ERROR_UNSUPPORTED:
		pull_refuse(request, 405, "UNSUPPORTED", err->message);
		return;
	case ERROR_RATE_LIMITED:
		pull_refuse(request, 429, "TOOMANYREQUESTS", err->message);
		return;
	default:
		if (err->code != -ENOTCONN) /* that it is away is known */
			log_event(LOG_LEVEL_WARNING, "an image could not be handed out", "error", err->message, NULL);
		respond_retry_after(request, RETRY_AFTER);
		pull_refuse(request, 503, "UNAVAILABLE", "the registry is away just now; try again in a moment");
		return;
	}
}

/* The registry's words about itself are not for strangers. */
static void refuse_for_registry(const struct pulling *pulling, const struct error *err)
{
	struct error away = *err;

	away.kind = ERROR_UNAVAILABLE;
	if (!atomic_load(&pulling->puller->stopping))
		pull_refuse_error(pulling->pull->request, &away);
	else
		pull_refuse(pulling->pull->request, 503, "UNAVAILABLE", "the server is stopping");
}

static void refuse_unknown(const struct pulling *pulling)
{
	if (pulling->pull->blob)
		pull_refuse(pulling->pull->request, 404, "BLOB_UNKNOWN", "no image of this project holds such a blob");
	else
		pull_refuse(pulling->pull->request, 404, "MANIFEST_UNKNOWN", "this project has no such image");
}

/* ---- finding ------------------------------------------------------------------------------------------------------------ */

/* Makes what the manifest holds known. -ENOENT: the registry has no such one. */
static int learn(struct pulling *pulling, const char *repository, const char *reference, char digest[REGISTRY_DIGEST_SIZE], struct error *err)
{
	struct registry_manifest manifest;
	int r = registry_manifest_get(pulling->client, repository, reference, &manifest, err);

	if (r < 0)
		return r;
	memcpy(digest, manifest.digest, REGISTRY_DIGEST_SIZE);
	r = contents_add(pulling->puller->contents, &manifest, err);
	registry_manifest_fini(&manifest);
	return r;
}

/* Whether the manifest, or one below it, holds what is asked for: 1 with *ret_item, 0 or an error. `asking`: the registry, about those that
 * are not known. */
static int look_in(struct pulling *pulling, const char *repository, const char *reference, unsigned depth, bool asking,
		   struct content_item *ret_item, struct error *err)
{
	struct contents *contents = pulling->puller->contents;
	const char *wanted = pulling->pull->digest;
	struct content_item *children = NULL;
	char digest[REGISTRY_DIGEST_SIZE];
	size_t count = 0;
	int r;

	str_copy(digest, sizeof(digest), reference);
	r = contents_look(contents, digest, wanted, ret_item);
	if (r == -ENOENT && !asking)
		return 0;
	if (r == -ENOENT) {
		r = learn(pulling, repository, reference, digest, err);
		if (r == 0)
			r = contents_look(contents, digest, wanted, ret_item);
		if (r == -ENOENT || (r < 0 && err->kind == ERROR_MALFORMED))
			return 0; /* deleted meanwhile, for another machine and never pushed, or no manifest */
	}
	if (r != 0 || depth + 1 >= DEPTH_MAX || contents_children(contents, digest, &children, &count) < 0)
		return r;
	for (size_t i = 0; r == 0 && i < count; i++)
		r = look_in(pulling, repository, children[i].digest, depth + 1, asking, ret_item, err);
	free(children);
	return r;
}

/* Where what is asked for lies: 1, 0 or an error. A size of -1 is not known. */
static int find(struct pulling *pulling, const char **ret_repository, struct content_item *ret_item, struct error *err)
{
	const struct pull *pull = pulling->pull;
	int r = 0;

	for (size_t i = 0; r == 0 && i < pull->count && !pull->blob; i++) {
		if (pull->digest[0] != '\0' && !str_equal(pull->sources[i].reference, pull->digest))
			continue;
		*ret_repository = pull->sources[i].repository;
		*ret_item = (struct content_item){.size = -1, .is_manifest = true};
		return 1;
	}
	for (size_t i = 0; r == 0 && i < 2 * pull->count; i++) {
		const struct pull_source *source = &pull->sources[i % pull->count];

		r = look_in(pulling, source->repository, source->reference, 0, i >= pull->count, ret_item, err);
		if (r > 0)
			*ret_repository = source->repository;
	}
	return r > 0 && ret_item->is_manifest == pull->blob ? 0 : r;
}

/* ---- manifests ---------------------------------------------------------------------------------------------------------- */

static bool is_manifest_type(const char *type)
{
	static const char *const types[] = {
		"application/vnd.oci.image.manifest.v1+json",
		"application/vnd.oci.image.index.v1+json",
		"application/vnd.docker.distribution.manifest.v2+json",
		"application/vnd.docker.distribution.manifest.list.v2+json",
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (str_equal(type, types[i]))
			return true;
	return false;
}

static void add_digest(struct request *request, const char *digest)
{
	auto_free char *tag = xasprintf("\"%s\"", digest);

	respond_header(request, "Docker-Content-Digest", digest);
	respond_header(request, "ETag", tag);
}

static void serve_manifest(struct pulling *pulling, const char *repository)
{
	struct puller *puller = pulling->puller;
	struct pull *pull = pulling->pull;
	const char *reference = pull->digest[0] != '\0' ? pull->digest : pull->sources[0].reference;
	struct registry_manifest manifest;
	struct error err = {0};
	int r = registry_manifest_get(pulling->client, repository, reference, &manifest, &err);

	if (r == -ENOENT) {
		refuse_unknown(pulling);
		return;
	}
	if (r < 0) {
		refuse_for_registry(pulling, &err);
		return;
	}
	if (!is_manifest_type(manifest.type)) {
		error_set(&err, ERROR_MALFORMED, EPROTO, "%s has the type %.100s, which no client knows", reference, manifest.type);
		refuse_for_registry(pulling, &err);
	} else {
		(void)contents_add(puller->contents, &manifest, NULL); /* its blobs are asked for next */
		add_digest(pull->request, manifest.digest);
		respond_data(pull->request, 200, manifest.type, manifest.body.data, manifest.body.length);
		if (!pull->head) {
			atomic_fetch_add(&puller->pulls, 1);
			keeper_note_pull(puller->keeper);
		}
	}
	registry_manifest_fini(&manifest);
}

/* ---- blobs ---------------------------------------------------------------------------------------------------------------- */

struct pour {
	struct pulling *pulling;
	struct stream *stream; /* NULL before the first byte */
	pthread_mutex_t lock;
	pthread_cond_t room;
	bool has_room;
	int64_t size;  /* of the whole */
	int64_t first; /* of the part */
	int64_t count;
	int64_t skip;  /* that come before the part */
	int64_t sent;
	int64_t waited_ms;   /* for the reader */
	int64_t looked_ms;   /* waited_ms and what it had when its pace was looked at */
	int64_t looked_had;
	int64_t patience_ms;
	bool slow;
};

static void on_room(void *data)
{
	struct pour *pour = data;

	pthread_mutex_lock(&pour->lock);
	pour->has_room = true;
	pthread_cond_signal(&pour->room);
	pthread_mutex_unlock(&pour->lock);
}

/* Whether it takes less than it must, after so much waiting. */
static bool is_slow(struct pour *pour, int64_t waited_ms)
{
	int64_t had;
	bool slow;

	if (waited_ms - pour->looked_ms < pour->patience_ms)
		return false;
	had = pour->sent - (int64_t)stream_behind(pour->stream); /* the kernel's buffers don't count */
	slow = had - pour->looked_had < pour->patience_ms * PACE / 1000;
	pour->looked_ms = waited_ms;
	pour->looked_had = had;
	return slow;
}

/* Until the reader has taken something; false: it takes too long, or we stop. */
static bool wait_for_room(struct pour *pour)
{
	int64_t began = clock_monotonic_ms();

	pthread_mutex_lock(&pour->lock);
	while (!pour->has_room && !atomic_load(&pour->pulling->puller->stopping) && !pour->slow) {
		struct timespec until;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_sec += LOOK_MS / 1000;
		pthread_cond_timedwait(&pour->room, &pour->lock, &until);
		pour->slow = is_slow(pour, pour->waited_ms + clock_monotonic_ms() - began);
	}
	pour->has_room = false;
	pthread_mutex_unlock(&pour->lock);
	pour->waited_ms += clock_monotonic_ms() - began;
	return !pour->slow && !atomic_load(&pour->pulling->puller->stopping);
}

static struct stream *answer_blob(struct pour *pour, bool partial)
{
	struct pull *pull = pour->pulling->pull;
	auto_free char *range = xasprintf("bytes %lld-%lld/%lld", (long long)pour->first, (long long)(pour->first + pour->count - 1),
					  (long long)pour->size);

	add_digest(pull->request, pull->digest);
	respond_header(pull->request, "Accept-Ranges", "bytes");
	if (partial)
		respond_header(pull->request, "Content-Range", range);
	return respond_body(pull->request, partial ? 206 : 200, "application/octet-stream", (uint64_t)pour->count);
}

static int begin_blob(int64_t size, void *data)
{
	struct pour *pour = data;
	bool partial = pour->pulling->pull->range.given;

	if (partial && size == pour->size)
		pour->skip = pour->first; /* the registry gives no parts */
	else if (size != pour->count)
		return -EPROTO; /* not what its manifest says */
	pour->stream = answer_blob(pour, partial);
	if (pour->stream == NULL)
		return -EPIPE;
	stream_on_ready(pour->stream, on_room, pour);
	return 0;
}

static int take_blob(const void *bytes, size_t length, void *data)
{
	struct pour *pour = data;
	const char *at = bytes;
	int r;

	if (pour->skip > 0) {
		size_t skip = (int64_t)length < pour->skip ? length : (size_t)pour->skip;

		pour->skip -= (int64_t)skip;
		at += skip;
		length -= skip;
	}
	if ((int64_t)length > pour->count - pour->sent)
		length = (size_t)(pour->count - pour->sent);
	if (length == 0)
		return 0;
	while ((r = stream_write(pour->stream, at, length)) == -EAGAIN)
		if (!wait_for_room(pour))
			return -ETIMEDOUT;
	if (r < 0)
		return r;
	pour->sent += (int64_t)length;
	atomic_fetch_add(&pour->pulling->puller->bytes, length);
	return 0;
}

/* Which bytes are meant; false: none are there (RFC 9110 §15.5.17). */
static bool settle_range(const struct pull_range *range, struct pour *pour)
{
	int64_t last = range->last;

	pour->first = range->first;
	if (!range->given) {
		pour->first = 0;
		last = pour->size - 1;
	} else if (range->first < 0) {
		pour->first = range->last < pour->size ? pour->size - range->last : 0;
		last = range->last > 0 ? pour->size - 1 : -1;
	} else if (last < 0 || last >= pour->size) {
		last = pour->size - 1;
	}
	pour->count = last - pour->first + 1;
	return pour->count > 0 || !range->given;
}

static void refuse_range(const struct pull *pull, int64_t size)
{
	auto_free char *range = xasprintf("bytes */%lld", (long long)size);

	respond_header(pull->request, "Content-Range", range);
	pull_refuse(pull->request, 416, "RANGE_INVALID", "the blob has no such bytes");
}

/* Its bytes, as the reader takes them. */
static int pour_blob(struct pour *pour, const char *repository, struct error *err)
{
	const struct registry_sink sink = {begin_blob, take_blob, pour};
	const struct pull *pull = pour->pulling->pull;
	struct registry_client *client = pour->pulling->client;

	if (pull->range.given)
		return registry_blob_get_part(client, repository, pull->digest, pour->first, pour->first + pour->count - 1, &sink, err);
	return registry_blob_get(client, repository, pull->digest, &sink, err);
}

static void serve_bytes(struct pour *pour, const char *repository)
{
	struct pulling *pulling = pour->pulling;
	struct error err = {0};
	int r = pour_blob(pour, repository, &err);

	if (pour->stream != NULL) {
		stream_close(pour->stream); /* cut off when it isn't whole */
		if (pour->slow)
			atomic_fetch_add(&pulling->puller->refused, 1);
		else if (r < 0 && err.kind != ERROR_CANCELLED)
			log_warning("a pull broke off: %s", err.message);
	} else if (r == -ENOENT) {
		refuse_unknown(pulling);
	} else if (r < 0) {
		refuse_for_registry(pulling, &err);
	}
}

static void serve_blob(struct pulling *pulling, const char *repository, int64_t size)
{
	struct pour pour = {.pulling = pulling, .size = size, .lock = PTHREAD_MUTEX_INITIALIZER, .room = PTHREAD_COND_INITIALIZER};
	struct pull *pull = pulling->pull;
	int64_t patience = pulling->puller->options->pull_patience_ms;
	struct error err = {0};

	pour.patience_ms = patience > 0 ? patience : PATIENCE_MS;
	if (!settle_range(&pull->range, &pour)) {
		refuse_range(pull, size);
	} else if (!pull->head) {
		serve_bytes(&pour, repository);
	} else {
		int r = registry_blob_head(pulling->client, repository, pull->digest, &size, &err);

		if (r == 0)
			stream_close(answer_blob(&pour, pull->range.given));
		else if (r == -ENOENT)
			refuse_unknown(pulling);
		else
			refuse_for_registry(pulling, &err);
	}
	pthread_cond_destroy(&pour.room);
	pthread_mutex_destroy(&pour.lock);
}

void pull_serve(struct pulling *pulling)
{
	struct error err = {0};
	struct content_item item;
	const char *repository;
	int r;

	if (pulling->client == NULL || !keeper_is_up(pulling->puller->keeper)) {
		error_set(&err, ERROR_UNAVAILABLE, ENOTCONN, "the registry is away");
		refuse_for_registry(pulling, &err);
		return;
	}
	r = find(pulling, &repository, &item, &err);
	if (r < 0)
		refuse_for_registry(pulling, &err);
	else if (r == 0)
		refuse_unknown(pulling);
	else if (pulling->pull->blob)
		serve_blob(pulling, repository, item.size);
	else
		serve_manifest(pulling, repository);
}
