/* Repositories that somebody had looked at, for a day: how the look goes, and what was found. */
#pragma once

#include "store/store.h"

#define SOURCE_LIFE_MS	(INT64_C(24) * 3600 * 1000)
#define SOURCE_FETCH_MS (INT64_C(30) * 60 * 1000) /* no fetch takes longer, its turn included: one that does is nobody's any more */

struct source {
	char *id;
	int64_t user;
	char *url;
	char *ref; /* or NULL */
	char *state; /* fetching, ready, failed */
	char *error; /* or NULL, as all that follows */
	char *error_kind;
	char *commit;
	char *found;
	char *proposal; /* JSON */
	char *files;	/* JSON */
	int64_t created_ms;
};

void source_fini(struct source *source);
/* A new one that is being fetched by that node. `ret_id` holds STORE_ID_LENGTH+1. ERROR_RATE_LIMITED when `most` of the user's are being
 * fetched already. */
int sources_add(struct store *store, int64_t user, const char *node, const char *url, const char *ref, unsigned most, int64_t now_ms,
		char *ret_id, struct error *err);
/* The user's own; ERROR_NOT_FOUND. */
int sources_get(struct store *store, int64_t user, const char *id, struct source *ret_source, struct error *err);
/* Fine when it is gone, or has ended before: the first end stays. */
int sources_ready(struct store *store, const char *id, const char *commit, const char *found, const char *proposal, const char *files,
		  struct error *err);
int sources_failed(struct store *store, const char *id, const char *error_kind, const char *error, struct error *err);
/* At the start of a node: what an earlier process of its name was fetching has failed. */
int sources_interrupted(struct store *store, const char *node, struct error *err);
/* Removes those that are older than a day, and fails those whose node can't be at it any more. */
int sources_purge(struct store *store, int64_t now_ms, struct error *err);
