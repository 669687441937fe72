/* What was built of a project: one row per image, the newest is the current one. */
#pragma once

#include "store/store.h"

struct version {
	int64_t id;
	int64_t project;
	char *label;     /* "3.40.1" */
	char *reference; /* in the registry: "owner/name:tag" or "owner/name@sha256:…" */
	char *image;     /* manifest digest */
	int64_t size;    /* bytes unpacked */
	bool shell;
	char *build; /* id of the build, or NULL */
	int64_t created_ms;
	int64_t verified_ms;
	bool current;
};

void version_fini(struct version *version);

/* Adds it, makes it the project's current one and the project ready and verified; what its build built is what the project is from now on,
 * and the next rebuild is set. A label is one version's: that of a new version gets a suffix ("1.0-2"), while that of a rebuild takes the
 * place of the one before. */
int versions_add(struct store *store, const struct version *version, int64_t now_ms, int64_t *ret_id,
		 struct error *err);
/* The current version (`label` NULL) or the newest of that label. ERROR_NOT_FOUND. */
int versions_get(struct store *store, int64_t project, const char *label, struct version *ret_version,
		 struct error *err);
/* Newest first; for versions_free. */
int versions_list(struct store *store, int64_t project, struct version **ret_versions, size_t *ret_count,
		  struct error *err);
void versions_free(struct version *versions, size_t count);
/* Makes it the one that is tried. ERROR_NOT_FOUND. */
int versions_set_current(struct store *store, int64_t project, const char *label, int64_t now_ms, struct error *err);
/* It is kept for a week, for nobody to see. ERROR_NOT_FOUND; ERROR_CONFLICT when it is the current one. */
int versions_delete(struct store *store, int64_t project, const char *label, int64_t now_ms, struct error *err);
/* Throws away what was deleted before that time. */
int versions_purge(struct store *store, int64_t before_ms, struct error *err);
/* Every current image of every ready project, the most trending first, for pulling and warming; for versions_free. */
int versions_current(struct store *store, struct version **ret_versions, size_t *ret_count, struct error *err);
