/* Hash map from strings (copied) to pointers (borrowed). Keys from outside are safe: the hash is keyed by a random seed. */
#pragma once

#include <stddef.h>

struct map;

struct map *map_new(void);
void map_free(struct map *map); /* takes NULL; the values are the caller's */
size_t map_count(const struct map *map);
void *map_get(const struct map *map, const char *key);		    /* NULL: not there */
void *map_put(struct map *map, const char *key, void *value);	    /* gives the value that it replaced, or NULL */
void *map_remove(struct map *map, const char *key);		    /* gives the value that was there, or NULL */

/* Goes through all entries in no order: start with *cursor = 0; NULL at the end. Don't change the map meanwhile. */
void *map_next(const struct map *map, size_t *cursor, const char **ret_key);
