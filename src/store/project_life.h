/* What becomes of a project: it is changed, goes to somebody else, is deleted, restored, thrown away; and is built again from time to time. */
#pragma once

#include "base/buf.h"
#include "store/projects.h"

#define PROJECT_KEPT_MS (7 * INT64_C(86400) * 1000) /* a deleted one, and a deleted version */

/* When it is to be built again: after so many days, less up to a tenth, another part for each project, so that those that came together do
 * not all go at one time. */
int64_t rebuild_time(int64_t project, int64_t days, int64_t now_ms);

/* Writes all that a form tells but name and source: summaries to size_class, and rebuild_days. ERROR_NOT_FOUND. */
int projects_write_about(struct store *store, const struct project *project, int64_t now_ms, struct error *err);
int projects_set_logo(struct store *store, int64_t id, const char *logo, int64_t now_ms, struct error *err);
/* Nobody finds it any more; its open build is cancelled; what runs goes on. ERROR_NOT_FOUND. */
int projects_trash(struct store *store, int64_t id, int64_t now_ms, struct error *err);
/* A deleted one by its name. ERROR_NOT_FOUND. */
int projects_get_deleted(struct store *store, const char *owner, const char *name, struct project *ret_project, struct error *err);
int projects_restore(struct store *store, int64_t id, int64_t now_ms, struct error *err);
/* -EEXIST (ERROR_CONFLICT) when the new owner has one of that name; ERROR_RATE_LIMITED when they have `most` already (0: no limit). */
int projects_transfer(struct store *store, int64_t id, const char *to, unsigned most, int64_t now_ms, struct error *err);
/* Throws away the projects that were deleted before that time, with everything that hangs on them; their images are the registry's
 * keeper's to collect. */
int projects_purge(struct store *store, int64_t before_ms, struct error *err);
/* Queues rebuilds of at most `most` projects whose time has come. */
int projects_schedule(struct store *store, unsigned most, int64_t now_ms, int64_t *ret_count, struct error *err);
/* Each digest that a project, a version, an open build or one that ended after that time needs. */
int projects_each_digest(struct store *store, int64_t since_ms, void (*each)(const char *digest, void *data), void *data, struct error *err);

/* Logos. */
struct picture_row {
	const void *data;
	size_t length;
	const char *type; /* "png", "jpg", "webp" */
	const char *hash;
};
int pictures_put(struct store *store, const struct picture_row *picture, int64_t now_ms, struct error *err);
/* ERROR_NOT_FOUND. */
/* For every table with pictures: one by `sql`, which has the parameters hash and type. */
int pictures_read(struct store *store, const char *sql, const char *hash, const char *type, struct buf *ret_data, struct error *err);
int pictures_get(struct store *store, const char *hash, const char *type, struct buf *ret_data, struct error *err);
/* Those that no project has any more, and that are older than that. */
int pictures_purge(struct store *store, int64_t before_ms, struct error *err);
