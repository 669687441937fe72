#include "store/versions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "store/logins.h"
#include "store/project_life.h"

#define COLUMNS "v.id, v.project, v.label, v.reference, v.image, v.size, v.shell, v.build, v.created_ms, v.verified_ms"

void version_fini(struct version *version)
{
	free(version->label);
	free(version->reference);
	free(version->image);
	free(version->build);
	memset(version, 0, sizeof(*version));
}

struct addition {
	const struct version *version;
	int64_t now_ms;
	int64_t id;
	char label[80];
};

static int label_count(struct db *db, int64_t project, const char *label, int64_t *ret_count, struct error *err)
{
	return db_number(db, 0, ret_count, err, "SELECT COUNT(*) FROM versions WHERE project = ? AND label = ? AND deleted_ms IS NULL", "is",
			 project, label);
}

/* One row for each label that can be seen. */
static int free_label(struct db *db, struct addition *a, struct error *err)
{
	const struct version *v = a->version;
	int64_t news = 0, used = 0;
	int r = db_number(db, 0, &news, err, "SELECT COUNT(*) FROM builds WHERE id = ? AND kind <> 'rebuild' AND author <> ''", "s", v->build);

	snprintf(a->label, sizeof(a->label), "%s", v->label);
	if (r == 0 && news == 0)
		return db_execute(db, NULL, err, "UPDATE versions SET deleted_ms = ? WHERE project = ? AND label = ? AND deleted_ms IS NULL",
				  "iis", a->now_ms, v->project, v->label);
	if (r == 0)
		r = label_count(db, v->project, a->label, &used, err);
	for (unsigned n = 2; r == 0 && used > 0; n++) {
		snprintf(a->label, sizeof(a->label), "%.56s-%u", v->label, n);
		r = label_count(db, v->project, a->label, &used, err);
	}
	return r;
}

/* The build's source becomes the project's; one without a source of its own followed the project. */
static int follow_build(struct db *db, const struct addition *a, struct error *err)
{
	const char *build = a->version->build;
	int r = db_execute(db, NULL, err,
			   "UPDATE projects SET source_kind = (SELECT source_kind FROM builds WHERE id = ?), source = (SELECT source FROM builds "
			   "WHERE id = ?), dockerfile = (SELECT dockerfile FROM builds WHERE id = ?), digest = (SELECT digest FROM builds WHERE "
			   "id = ?), built_digest = (SELECT digest FROM builds WHERE id = ?) WHERE id = ? AND EXISTS (SELECT 1 FROM builds WHERE "
			   "id = ? AND source IS NOT NULL)",
			   "sssssis", build, build, build, build, build, a->version->project, build);

	if (r == 0)
		r = db_execute(db, NULL, err,
			       "UPDATE versions SET digest = (SELECT digest FROM builds WHERE id = ?), smoke_exit = (SELECT smoke_exit FROM builds "
			       "WHERE id = ?), smoke_output = (SELECT smoke_output FROM builds WHERE id = ?) WHERE id = ?",
			       "sssi", build, build, build, a->id);
	return r == 0 ? logins_prune(db, a->version->project, err) : r;
}

static int add(struct db *db, void *data, struct error *err)
{
	struct addition *a = data;
	const struct version *v = a->version;
	int64_t changes = 0, days = 0;
	int r = free_label(db, a, err);

	if (r == 0)
		r = db_execute(db, NULL, err,
			       "INSERT INTO versions (project, label, reference, image, size, shell, build, created_ms, verified_ms) "
			       "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
			       "isssiisii", v->project, a->label, v->reference, v->image, v->size, (int64_t)v->shell, v->build, a->now_ms,
			       a->now_ms);

	if (r < 0)
		return r;
	a->id = db_last_id(db);
	if (v->build != NULL)
		r = follow_build(db, a, err);
	if (r == 0)
		r = db_number(db, 0, &days, err, "SELECT rebuild_days FROM projects WHERE id = ?", "i", v->project);
	if (r == 0 && days > 0)
		r = db_execute(db, NULL, err, "UPDATE projects SET rebuild_ms = ? WHERE id = ?", "ii",
			       rebuild_time(v->project, days, a->now_ms), v->project);
	if (r < 0)
		return r;
	r = db_execute(db, &changes, err,
		       "UPDATE projects SET current_version = ?, state = 'ready', verified_ms = ?, updated_ms = ? "
		       "WHERE id = ?",
		       "iiii", a->id, a->now_ms, a->now_ms, v->project);
	if (r == 0 && changes == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such project");
	return r;
}

int versions_add(struct store *store, const struct version *version, int64_t now_ms, int64_t *ret_id, struct error *err)
{
	struct addition a = {.version = version, .now_ms = now_ms};
	int r = db_transaction(store->db, add, &a, err);

	if (r == 0 && ret_id != NULL)
		*ret_id = a.id;
	return r;
}

static void read_version(const struct statement *s, struct version *v)
{
	memset(v, 0, sizeof(*v));
	v->id = statement_integer(s, 0);
	v->project = statement_integer(s, 1);
	v->label = statement_text_copy(s, 2);
	v->reference = statement_text_copy(s, 3);
	v->image = statement_text_copy(s, 4);
	v->size = statement_integer(s, 5);
	v->shell = statement_integer(s, 6) != 0;
	v->build = statement_text_copy(s, 7);
	v->created_ms = statement_integer(s, 8);
	v->verified_ms = statement_integer(s, 9);
}

int versions_get(struct store *store, int64_t project, const char *label, struct version *ret_version,
		 struct error *err)
{
	struct statement *s;
	int r;

	if (label == NULL)
		r = db_query(store->db, &s, err,
			     "SELECT " COLUMNS
			     " FROM versions v JOIN projects p ON p.current_version = v.id WHERE p.id = ?",
			     "i", project);
	else
		r = db_query(store->db, &s, err,
			     "SELECT " COLUMNS
			     " FROM versions v WHERE v.project = ? AND v.label = ? AND v.deleted_ms IS NULL ORDER BY v.id DESC LIMIT 1",
			     "is", project, label);
	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0)
		read_version(s, ret_version);
	statement_done(s);
	if (r == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no version %s of that project",
				 label != NULL ? label : "to try");
	return r < 0 ? r : 0;
}

/* Takes the statement. */
static int read_all(struct statement *s, struct version **ret_versions, size_t *ret_count, struct error *err)
{
	struct version *versions = NULL;
	size_t count = 0;
	int r;

	while ((r = statement_step(s, err)) > 0) {
		versions = xrealloc(versions, (count + 1) * sizeof(*versions));
		read_version(s, &versions[count++]);
	}
	statement_done(s);
	if (r < 0) {
		versions_free(versions, count);
		return r;
	}
	*ret_versions = versions;
	*ret_count = count;
	return 0;
}

void versions_free(struct version *versions, size_t count)
{
	for (size_t i = 0; i < count; i++)
		version_fini(&versions[i]);
	free(versions);
}

int versions_list(struct store *store, int64_t project, struct version **ret_versions, size_t *ret_count,
		  struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 "SELECT " COLUMNS " FROM versions v WHERE v.project = ? AND v.deleted_ms IS NULL ORDER BY v.id DESC", "i", project);

	return r < 0 ? r : read_all(s, ret_versions, ret_count, err);
}

int versions_current(struct store *store, struct version **ret_versions, size_t *ret_count, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 "SELECT " COLUMNS
			 " FROM versions v JOIN projects p ON p.current_version = v.id WHERE p.state = 'ready' AND p.deleted_ms IS NULL "
			 "ORDER BY p.trend DESC",
			 "");

	return r < 0 ? r : read_all(s, ret_versions, ret_count, err);
}

static int find(struct db *db, int64_t project, const char *label, int64_t *ret_id, int64_t *ret_current, struct error *err)
{
	int r = db_number(db, 0, ret_id, err, "SELECT MAX(id) FROM versions WHERE project = ? AND label = ? AND deleted_ms IS NULL", "is",
			  project, label);

	if (r == 0)
		r = db_number(db, 0, ret_current, err, "SELECT current_version FROM projects WHERE id = ?", "i", project);
	if (r == 0 && *ret_id == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no version %.64s of that project", label);
	return r;
}

struct choice {
	int64_t project;
	const char *label;
	int64_t now_ms;
};

static int set_current(struct db *db, void *data, struct error *err)
{
	const struct choice *c = data;
	int64_t id, current;
	int r = find(db, c->project, c->label, &id, &current, err);

	if (r < 0)
		return r;
	return db_execute(db, NULL, err, "UPDATE projects SET current_version = ?, state = 'ready', updated_ms = ? WHERE id = ?", "iii", id,
			  c->now_ms, c->project);
}

int versions_set_current(struct store *store, int64_t project, const char *label, int64_t now_ms, struct error *err)
{
	struct choice c = {project, label, now_ms};

	return db_transaction(store->db, set_current, &c, err);
}

static int remove_one(struct db *db, void *data, struct error *err)
{
	const struct choice *c = data;
	int64_t id, current;
	int r = find(db, c->project, c->label, &id, &current, err);

	if (r < 0)
		return r;
	if (id == current)
		return error_set(err, ERROR_CONFLICT, EBUSY, "this version is the one that is tried; make another one that first");
	return db_execute(db, NULL, err, "UPDATE versions SET deleted_ms = ? WHERE id = ?", "ii", c->now_ms, id);
}

int versions_delete(struct store *store, int64_t project, const char *label, int64_t now_ms, struct error *err)
{
	struct choice c = {project, label, now_ms};

	return db_transaction(store->db, remove_one, &c, err);
}

int versions_purge(struct store *store, int64_t before_ms, struct error *err)
{
	return db_execute(store->db, NULL, err, "DELETE FROM versions WHERE deleted_ms < ?", "i", before_ms);
}
