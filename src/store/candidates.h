/* What may be recommended to somebody: listed projects that are ready and that they have not tried lately. */
#pragma once

#include "core/recommend.h"
#include "store/store.h"

struct candidate_list {
	struct recommend_candidate *items; /* the most tried first */
	size_t count;
};

void candidate_list_fini(struct candidate_list *list);

/* Adds the `most` best ones of the category (NULL: of all) that are not in the list yet. Ask for all first, then
 * for single categories: the order within each is right only then. */
int candidates_add(struct store *store, const char *person, int64_t since_ms, const char *category, size_t most,
		   struct candidate_list *list, struct error *err);
