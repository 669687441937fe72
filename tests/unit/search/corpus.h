/* A store with the projects of catalog/ in it, and a search above it. */
#pragma once

#include "unit/test.h"

#include "search/search.h"
#include "store/store.h"

struct corpus {
	char folder[64];
	char *database;
	char *indexes; /* the folder of the index files */
	struct store store;
	struct search *search;
	uint64_t changes;
};

/* Without projects. */
int corpus_setup(void **state);
/* With those of the catalogue, named taste/…. */
int corpus_setup_catalog(void **state);
int corpus_teardown(void **state);

/* A project with that name, for the test to change further; its strings are literals. */
struct project corpus_sample(const char *name);
int64_t corpus_put(struct corpus *corpus, const struct project *project);
/* Starts the search, or starts it again. */
void corpus_start(struct corpus *corpus);
void corpus_stop(struct corpus *corpus);
/* Waits until there is an index that has all changes so far. */
void corpus_settle(struct corpus *corpus);
/* The names that are found, "a b c", at most 20; the total. After all changes so far. */
const char *corpus_find(struct corpus *corpus, const char *text, int64_t *ret_total);
const char *corpus_find_by(struct corpus *corpus, const struct project_filter *filter, int64_t *ret_total);
const char *corpus_suggest(struct corpus *corpus, const char *text);
