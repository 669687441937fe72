#include "base/map.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/util.h"

/* Chained buckets that double when there are more entries than buckets. */
struct entry {
	struct entry *next;
	uint64_t hash;
	void *value;
	char key[];
};

struct map {
	struct entry **buckets;
	size_t bucket_count; /* a power of two */
	size_t count;
	uint64_t seed;
};

static uint64_t hash_key(const struct map *map, const char *key)
{
	uint64_t h = map->seed ^ 0xcbf29ce484222325ull;

	for (; *key != '\0'; key++) {
		h ^= (unsigned char)*key;
		h *= 0x9E3779B97F4A7C15ull;
		h ^= h >> 29;
	}
	return h ^ (h >> 32);
}

struct map *map_new(void)
{
	struct map *map = xmalloc(sizeof(*map));

	map->bucket_count = 16;
	map->buckets = xcalloc(map->bucket_count, sizeof(struct entry *));
	random_bytes(&map->seed, sizeof(map->seed));
	return map;
}

void map_free(struct map *map)
{
	if (map == NULL)
		return;
	for (size_t i = 0; i < map->bucket_count; i++) {
		struct entry *entry = map->buckets[i];

		while (entry != NULL) {
			struct entry *next = entry->next;

			free(entry);
			entry = next;
		}
	}
	free(map->buckets);
	free(map);
}

size_t map_count(const struct map *map)
{
	return map->count;
}

/* The link that points to the entry of `key`, or to the NULL where it would be. */
static struct entry **find(const struct map *map, const char *key, uint64_t hash)
{
	struct entry **link = &map->buckets[hash & (map->bucket_count - 1)];

	while (*link != NULL && ((*link)->hash != hash || strcmp((*link)->key, key) != 0))
		link = &(*link)->next;
	return link;
}

static void grow(struct map *map)
{
	size_t bucket_count = map->bucket_count * 2;
	struct entry **buckets = xcalloc(bucket_count, sizeof(struct entry *));

	for (size_t i = 0; i < map->bucket_count; i++) {
		struct entry *entry = map->buckets[i];

		while (entry != NULL) {
			struct entry *next = entry->next;
			struct entry **link = &buckets[entry->hash & (bucket_count - 1)];

			entry->next = *link;
			*link = entry;
			entry = next;
		}
	}
	free(map->buckets);
	map->buckets = buckets;
	map->bucket_count = bucket_count;
}

void *map_get(const struct map *map, const char *key)
{
	struct entry *entry = *find(map, key, hash_key(map, key));

	return entry != NULL ? entry->value : NULL;
}

void *map_put(struct map *map, const char *key, void *value)
{
	uint64_t hash = hash_key(map, key);
	struct entry **link = find(map, key, hash);
	size_t length = strlen(key);
	struct entry *entry;

	if (*link != NULL) {
		void *before = (*link)->value;

		(*link)->value = value;
		return before;
	}
	entry = xmalloc(sizeof(*entry) + length + 1);
	entry->hash = hash;
	entry->value = value;
	memcpy(entry->key, key, length + 1);
	*link = entry;
	map->count++;
	if (map->count > map->bucket_count)
		grow(map);
	return NULL;
}

void *map_remove(struct map *map, const char *key)
{
	struct entry **link = find(map, key, hash_key(map, key));
	struct entry *entry = *link;
	void *value;

	if (entry == NULL)
		return NULL;
	value = entry->value;
	*link = entry->next;
	free(entry);
	map->count--;
	return value;
}

void *map_next(const struct map *map, size_t *cursor, const char **ret_key)
{
	/* The cursor is the bucket in the upper bits and the place in its chain in the lower 16. */
	for (size_t i = *cursor >> 16; i < map->bucket_count; i++) {
		size_t place = i == *cursor >> 16 ? *cursor & 0xffff : 0;
		struct entry *entry = map->buckets[i];

		for (size_t skip = place; entry != NULL && skip > 0; skip--)
			entry = entry->next;
		if (entry != NULL) {
			*cursor = (i << 16) | (place + 1);
			if (ret_key != NULL)
				*ret_key = entry->key;
			return entry->value;
		}
	}
	return NULL;
}
