/* All that search engines should know, in the order of a cursor, so that a long list costs no memory at once. */
#pragma once

#include "core/names.h"
#include "store/store.h"

struct sitemap_row {
	int64_t id; /* the cursor */
	char owner[NAME_MAX_LENGTH + 1];
	char name[NAME_MAX_LENGTH + 1];
	int64_t changed_ms;
};

/* Listed projects that can be tried, whose id is above `after`, at most `size` of them, by id. */
int sitemap_read(struct store *store, int64_t after, struct sitemap_row *rows, size_t size, size_t *ret_count, struct error *err);
/* The `after` of each further map when a map holds at most `size`: of the n-th (from 1), the last id of the one before; 0 for the first.
 * ERROR_NOT_FOUND when there is no such map; the first is always there. */
int sitemap_start(struct store *store, unsigned n, size_t size, int64_t *ret_after, struct error *err);
int sitemap_count(struct store *store, int64_t *ret_count, struct error *err);
