/* Ready-made answers for what everybody reads: body, ETag and headers rendered once, served on the server's threads
 * without a handler, and dropped all together when something changed. Safe from any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct cache;

/* Holds at most `max_entries` answers, one per request target (path and query); a full cache starts again from nothing.
 */
struct cache *cache_new(size_t max_entries);
/* Not before the servers that use it are freed; takes NULL. */
void cache_free(struct cache *cache);
/* Nothing rendered before this call is served after it, also when the rendering is still going on. */
void cache_invalidate(struct cache *cache);
/* Grows with each call of cache_invalidate. */
uint64_t cache_version(struct cache *cache);

struct cache_counts {
	uint64_t hits;
	uint64_t misses;
};
void cache_count(struct cache *cache, struct cache_counts *ret_counts);
