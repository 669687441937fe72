/* What the registry must keep, and how it grew. */
#pragma once

#include "store/store.h"

/* Calls `each` for every version that is not gone for good: neither it nor its project was deleted before `deleted_since_ms`. `image` is a
 * manifest's digest, `reference` "owner/name@sha256:…" or "owner/name:tag"; both borrowed. */
int registry_each_kept(struct store *store, int64_t deleted_since_ms,
		       void (*each)(const char *reference, const char *image, int64_t created_ms, void *data), void *data, struct error *err);
/* The ids of all builds that wait or run. */
int registry_each_open_build(struct store *store, void (*each)(const char *build, void *data), void *data, struct error *err);
/* "owner/name" of every project. */
int registry_each_project(struct store *store, void (*each)(const char *full_name, void *data), void *data, struct error *err);
/* How many builds run, of that project ("owner/name") or, for NULL, of all. */
int registry_builds_running(struct store *store, const char *full_name, int64_t *ret_count, struct error *err);

/* A running build whose image the registry could not take or give is queued again, unless it was begun BUILD_ATTEMPTS_MAX times or it is to be
 * cancelled: *ret_done says which. */
int registry_put_build_back(struct store *store, const char *build, bool *ret_done, struct error *err);

struct registry_day {
	int64_t day; /* days since 1970, UTC */
	int64_t repositories;
	int64_t bytes;
	int64_t pulls;
	int64_t pushes;
};
/* Writes what is known of the day; pulls are added to those of before. */
int registry_write_day(struct store *store, const struct registry_day *day, struct error *err);
/* The last `most` days up to and with `until`, the oldest first. */
int registry_days(struct store *store, int64_t until, struct registry_day *days, size_t most, size_t *ret_count, struct error *err);
/* Images that were made since then. */
int registry_pushes(struct store *store, int64_t since_ms, int64_t *ret_count, struct error *err);
