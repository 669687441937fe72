#include "http/cache.h"

#include <microhttpd.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/str.h"
#include "base/util.h"
#include "http/internal.h"
#include "http/negotiate.h"
#include "http/response.h"

#define TARGET_KEPT_MAX 512 /* longer ones are hardly asked for twice */

struct entry {
	uint64_t version;
	struct MHD_Response *ok;
	struct MHD_Response *same; /* 304 */
	char etag[ETAG_SIZE];
};

struct cache {
	pthread_rwlock_t lock;
	struct map *entries;
	size_t max_entries;
	atomic_uint_fast64_t version;
	atomic_uint_fast64_t hits;
	atomic_uint_fast64_t misses;
};

struct cache *cache_new(size_t max_entries)
{
	struct cache *cache = xmalloc(sizeof(*cache));

	pthread_rwlock_init(&cache->lock, NULL);
	cache->entries = map_new();
	cache->max_entries = max_entries;
	return cache;
}

static void entry_free(struct entry *entry)
{
	if (entry == NULL)
		return;
	MHD_destroy_response(entry->ok);
	MHD_destroy_response(entry->same);
	free(entry);
}

static void clear(struct cache *cache)
{
	size_t cursor = 0;
	struct entry *entry;

	while ((entry = map_next(cache->entries, &cursor, NULL)) != NULL)
		entry_free(entry);
	map_free(cache->entries);
	cache->entries = map_new();
}

void cache_free(struct cache *cache)
{
	if (cache == NULL)
		return;
	clear(cache);
	map_free(cache->entries);
	pthread_rwlock_destroy(&cache->lock);
	free(cache);
}

void cache_invalidate(struct cache *cache)
{
	atomic_fetch_add(&cache->version, 1);
}

void cache_count(struct cache *cache, struct cache_counts *ret_counts)
{
	ret_counts->hits = atomic_load(&cache->hits);
	ret_counts->misses = atomic_load(&cache->misses);
}

uint64_t cache_version(struct cache *cache)
{
	return atomic_load(&cache->version);
}

bool cache_answer(struct cache *cache, struct request *request)
{
	const struct entry *entry;
	bool found;

	pthread_rwlock_rdlock(&cache->lock);
	entry = map_get(cache->entries, request->raw);
	found = entry != NULL && entry->version == atomic_load(&cache->version);
	if (found) {
		const char *seen = MHD_lookup_connection_value(request->mhd, MHD_HEADER_KIND, "If-None-Match");
		bool same = seen != NULL && etag_matches(seen, entry->etag);

		/* The queue takes its own reference, so the entry may go as soon as the lock is free. */
		request->answered = true;
		request->queued = true;
		request->status = same ? 304 : 200;
		MHD_queue_response(request->mhd, request->status, same ? entry->same : entry->ok);
	}
	pthread_rwlock_unlock(&cache->lock);
	atomic_fetch_add(found ? &cache->hits : &cache->misses, 1);
	return found;
}

/* Takes the entry. */
static void put(struct cache *cache, const char *target, struct entry *entry)
{
	struct entry *old = NULL;

	pthread_rwlock_wrlock(&cache->lock);
	if (map_count(cache->entries) >= cache->max_entries && map_get(cache->entries, target) == NULL)
		clear(cache);
	old = map_put(cache->entries, target, entry);
	pthread_rwlock_unlock(&cache->lock);
	entry_free(old);
}

void etag_of(const void *data, size_t length, char out[ETAG_SIZE])
{
	unsigned char hash[16];

	crypto_generichash(hash, sizeof(hash), data, length, NULL, 0);
	out[0] = '"';
	str_hex(hash, sizeof(hash), out + 1);
	strcpy(out + ETAG_SIZE - 2, "\"");
}

static struct MHD_Response *kept(const char *text, size_t length, const char *etag, bool secure)
{
	struct MHD_Response *response = MHD_create_response_from_buffer(length, (void *)text, MHD_RESPMEM_MUST_COPY);

	response_add_common(response, secure);
	MHD_add_response_header(response, "Content-Type", "application/json");
	MHD_add_response_header(response, "ETag", etag);
	MHD_add_response_header(response, "Cache-Control", "no-cache");
	return response;
}

void respond_cached(struct request *request, json_t *json)
{
	struct cache *cache = request->route->cache;
	char *text = json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(6));
	size_t length = text != NULL ? strlen(text) : 0;
	char etag[ETAG_SIZE];

	json_decref(json);
	etag_of(text, length, etag);
	if (cache != NULL && request->method == METHOD_GET && strlen(request->raw) <= TARGET_KEPT_MAX) {
		struct entry *entry = xmalloc(sizeof(*entry));

		entry->version = request->cache_version;
		entry->ok = kept(text, length, etag, request->secure);
		entry->same = kept("", 0, etag, request->secure);
		memcpy(entry->etag, etag, sizeof(etag));
		put(cache, request->raw, entry);
	}
	respond_header(request, "ETag", etag);
	respond_header(request, "Cache-Control", "no-cache");
	if (etag_matches(request->if_none_match, etag))
		respond_empty(request, 304);
	else
		respond_data(request, 200, "application/json", text, length);
	free(text);
}
