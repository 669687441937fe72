/* Counting tries: a person counts once a day for a project; a decaying score orders what is trending (core/trending.h).
 */
#pragma once

#include "store/store.h"

/* *ret_counted (may be NULL): false when this person's try of today was counted before. */
int tries_count(struct store *store, int64_t project, const char *person, int64_t now_ms, bool *ret_counted,
		struct error *err);

struct category_tries {
	char *category;
	int64_t tries;
};
/* A person's tries by category since `since_ms`, for recommendations. The caller frees with category_tries_free. */
int tries_by_category(struct store *store, const char *person, int64_t since_ms, struct category_tries **ret_tries,
		      size_t *ret_count, struct error *err);
void category_tries_free(struct category_tries *tries, size_t count);
/* The ids of the projects that the person tried since then; malloc'd. */
int tries_projects(struct store *store, const char *person, int64_t since_ms, int64_t **ret_projects, size_t *ret_count,
		   struct error *err);
