/* Counting tries: a person counts once a day for a project; a decaying score orders what is trending (core/trending.h).
 * What a person has tried is the history that they see and can remove: the sandboxes that ran. */
#pragma once

#include "store/store.h"

/* *ret_counted (may be NULL): false when this person's try of today was counted before. The author's statistics
 * (store/statistics.h) are written with it. */
int tries_count(struct store *store, int64_t project, const char *person, int64_t now_ms, bool *ret_counted,
		struct error *err);

struct category_tries {
	char *category;
	int64_t tries;
};
/* A person's tries by category since `since_ms`, for recommendations; the same project twice is two. The caller frees
 * with category_tries_free. */
int tries_by_category(struct store *store, const char *person, int64_t since_ms, struct category_tries **ret_tries,
		      size_t *ret_count, struct error *err);
void category_tries_free(struct category_tries *tries, size_t count);
