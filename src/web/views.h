/* What the API shows, as JSON (docs/api/openapi.yaml). Each gives a new reference. */
#pragma once

#include <jansson.h>

#include "store/builds.h"
#include "store/projects.h"
#include "store/sandboxes.h"

/* RFC 3339, or null for 0. */
json_t *view_time(int64_t realtime_ms);
/* The string, or null for NULL. */
json_t *view_text(const char *text);
/* A list that is kept as one text ("a,b"; NULL: none) as an array. */
json_t *view_words(const char *text, const char *separators);
json_t *view_sandbox(const struct sandbox *sandbox);
/* With its stages; `stages` may be NULL. */
json_t *view_build(const struct build *build, const struct build_stage *stages);
/* Asks the store for both. ERROR_NOT_FOUND. */
int view_build_by_id(struct store *store, const char *id, json_t **ret_json, struct error *err);
/* A list item; `build` (taken) is null or the build's object. */
json_t *view_project(const struct project *project, json_t *build);
/* The same with the last build while it is not ready. */
int view_project_now(struct store *store, const struct project *project, json_t **ret_json, struct error *err);
/* Appends them to `items`, in that order; those that are gone are left out. */
int view_projects_by_id(struct store *store, const int64_t *projects, size_t count, json_t *items, struct error *err);
/* {items, page, per_page, total}; takes items. */
json_t *view_page(json_t *items, struct page page, int64_t total);
