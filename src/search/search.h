/* Search of the catalogue: an index of the web process's own (index.h), made from the store by a thread of its own
 * (keeper.c) and made again when it is missing, broken or of another version. All functions may be called from any
 * thread. While there is no index (it is being made; the disk is full), search_find says so and the store's own,
 * simpler search is used. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "store/projects.h"

struct search;

#define SEARCH_SUGGESTIONS 8

/* `folder`: for index files, made when it isn't there; `database`: of the store. Starts the thread; never fails for the
 * folder's or the database's sake, it tries again by itself. */
int search_new(const char *folder, const char *database, struct search **ret_search, struct error *err);
/* Nobody may be searching any more; takes NULL. */
void search_free(struct search *search);

/* The ids of one page, best first. */
struct search_page {
	int64_t *ids; /* search_page_fini */
	size_t count;
	int64_t total; /* of all pages */
	bool settled;  /* all changes that were asked for are in; else don't keep the answer */
};

void search_page_fini(struct search_page *page);

/* Projects that match filter->text (all words of it; a slip in each is forgiven when there would be few; NULL: all)
 * and the rest of the filter; only listed ones, filter->visibility is not looked at. `change`: a number that grows with each change
 * of the catalogue that this process knows of; a change is waited for, though not for long. Changes by others are seen
 * within seconds. ERROR_UNAVAILABLE: there is no index now. */
int search_find(struct search *search, uint64_t change, const struct project_filter *filter,
		struct search_page *ret_page, struct error *err);
/* What `text` may become, at most SEARCH_SUGGESTIONS, by name, tags, summary and owner. Does not wait. */
int search_suggest(struct search *search, uint64_t change, const char *text, struct search_page *ret_page,
		   struct error *err);
/* Whether there is an index. */
bool search_is_usable(struct search *search);
