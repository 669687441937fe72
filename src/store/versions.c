#include "store/versions.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

#define COLUMNS "v.id, v.project, v.label, v.reference, v.image, v.size, v.shell, v.build, v.created_ms"

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
};

static int add(struct db *db, void *data, struct error *err)
{
	struct addition *a = data;
	const struct version *v = a->version;
	int64_t changes = 0;
	int r = db_execute(db, NULL, err,
			   "INSERT INTO versions (project, label, reference, image, size, shell, build, created_ms) "
			   "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
			   "isssiisi", v->project, v->label, v->reference, v->image, v->size, (int64_t)v->shell,
			   v->build, a->now_ms);

	if (r < 0)
		return r;
	a->id = db_last_id(db);
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
			     " FROM versions v WHERE v.project = ? AND v.label = ? ORDER BY v.id DESC LIMIT 1",
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
			 "SELECT " COLUMNS " FROM versions v WHERE v.project = ? ORDER BY v.id DESC", "i", project);

	return r < 0 ? r : read_all(s, ret_versions, ret_count, err);
}

int versions_current(struct store *store, struct version **ret_versions, size_t *ret_count, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 "SELECT " COLUMNS
			 " FROM versions v JOIN projects p ON p.current_version = v.id WHERE p.state = 'ready' "
			 "ORDER BY p.trend DESC",
			 "");

	return r < 0 ? r : read_all(s, ret_versions, ret_count, err);
}
