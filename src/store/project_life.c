#include "store/project_life.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/util.h"
#include "store/builds.h"
#include "store/logins.h"

#define DAY_MS (INT64_C(86400) * 1000)
#define PURGE_MOST 100 /* at one time */

int64_t rebuild_time(int64_t project, int64_t days, int64_t now_ms)
{
	return now_ms + days * DAY_MS - days * DAY_MS / 10 * (project * 7919 % 1000) / 1000;
}

static int must_change(int r, int64_t changes, struct error *err)
{
	return r == 0 && changes == 0 ? error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such project") : r;
}

int projects_write_about(struct store *store, const struct project *p, int64_t now_ms, struct error *err)
{
	char *tags = xasprintf(",%s,", p->tags);
	char *search = projects_search_text(p);
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err,
			   "UPDATE projects SET summary = ?, summary_ko = ?, category = ?, tags = ?, license = ?, homepage = ?, contact = ?, readme = ?, "
			   "readme_ko = ?, run_command = ?, network = ?, ports = ?, smoke = ?, size_class = ?, rebuild_days = ?, rebuild_ms = CASE WHEN "
			   "rebuild_days = ? THEN rebuild_ms WHEN ? = 0 THEN NULL ELSE ? END, search = ?, updated_ms = ? WHERE id = ? AND deleted_ms IS "
			   "NULL",
			   "ssssssssssisssiiiisii", p->summary, p->summary_ko, p->category, tags, p->license, p->homepage, p->contact, p->readme,
			   p->readme_ko, p->run, (int64_t)p->network, p->ports, p->smoke, p->size_class != NULL ? p->size_class : "medium",
			   p->rebuild_days, p->rebuild_days, p->rebuild_days, rebuild_time(p->id, p->rebuild_days, now_ms), search, now_ms, p->id);

	free(tags);
	free(search);
	return must_change(r, changes, err);
}

int projects_set_logo(struct store *store, int64_t id, const char *logo, int64_t now_ms, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err, "UPDATE projects SET logo = ?, updated_ms = ? WHERE id = ?", "sii", logo, now_ms, id);

	return must_change(r, changes, err);
}

/* ---- deleting ----------------------------------------------------------------------------------------------------------------- */

/* The build that waits or runs; "" none. */
static int open_build(struct store *store, int64_t project, char out[STORE_ID_LENGTH + 1], struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, "SELECT id FROM builds WHERE open_project = ?", "i", project);

	*out = '\0';
	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0)
		strcpy(out, statement_text(s, 0));
	statement_done(s);
	return r < 0 ? r : 0;
}

int projects_trash(struct store *store, int64_t id, int64_t now_ms, struct error *err)
{
	char build[STORE_ID_LENGTH + 1];
	int64_t changes = 0;
	bool running;
	int r = db_execute(store->db, &changes, err,
			   "UPDATE projects SET deleted_visibility = visibility, visibility = 'deleted', deleted_ms = ?, updated_ms = ? WHERE id = ? "
			   "AND deleted_ms IS NULL",
			   "iii", now_ms, now_ms, id);

	r = must_change(r, changes, err);
	if (r == 0)
		r = open_build(store, id, build, err);
	if (r == 0 && *build != '\0') {
		r = builds_cancel(store, build, now_ms, &running, err);
		r = r < 0 && err->kind == ERROR_CONFLICT ? 0 : r; /* it has ended meanwhile */
	}
	return r;
}

int projects_get_deleted(struct store *store, const char *owner, const char *name, struct project *ret_project, struct error *err)
{
	int64_t id = 0;
	int r = db_number(store->db, 0, &id, err, "SELECT id FROM projects WHERE owner = ? AND name = ? AND deleted_ms IS NOT NULL", "ss", owner,
			  name);

	if (r == 0 && id == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no deleted project %.40s/%.40s", owner, name);
	return r < 0 ? r : projects_get_by_id(store, id, ret_project, err);
}

int projects_restore(struct store *store, int64_t id, int64_t now_ms, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err,
			   "UPDATE projects SET visibility = deleted_visibility, deleted_visibility = NULL, deleted_ms = NULL, updated_ms = ? "
			   "WHERE id = ? AND deleted_ms IS NOT NULL",
			   "ii", now_ms, id);

	return must_change(r, changes, err);
}

int projects_purge(struct store *store, int64_t before_ms, struct error *err)
{
	int64_t ids[PURGE_MOST];
	struct statement *s;
	size_t count = 0;
	int r = db_query(store->db, &s, err, "SELECT id FROM projects WHERE deleted_ms < ? ORDER BY deleted_ms LIMIT ?", "ii", before_ms,
			 (int64_t)PURGE_MOST);

	if (r < 0)
		return r;
	while (count < PURGE_MOST && (r = statement_step(s, err)) > 0)
		ids[count++] = statement_integer(s, 0);
	statement_done(s);
	for (size_t i = 0; r >= 0 && i < count; i++)
		r = projects_delete(store, ids[i], err);
	return r < 0 ? r : 0;
}

/* ---- another owner ------------------------------------------------------------------------------------------------------------ */

struct transfer {
	int64_t id;
	const char *to;
	unsigned most;
	int64_t now_ms;
	char *search;
	char *full_name;
};

static int transfer(struct db *db, void *data, struct error *err)
{
	const struct transfer *t = data;
	int64_t have = 0;
	int r = db_number(db, 0, &have, err, "SELECT COUNT(*) FROM projects WHERE owner = ?", "s", t->to);

	if (r == 0 && t->most > 0 && have >= t->most)
		return error_set(err, ERROR_RATE_LIMITED, EDQUOT, "%s has as many projects as one may have", t->to);
	if (r == 0)
		r = db_execute(db, NULL, err, "UPDATE projects SET owner = ?, search = ?, updated_ms = ? WHERE id = ?", "ssii", t->to, t->search,
			       t->now_ms, t->id);
	if (r == -EEXIST)
		return error_set(err, ERROR_CONFLICT, EEXIST, "%s has a project of that name already", t->to);
	if (r == 0)
		r = logins_forget(db, t->id, err);
	return r == 0 ? db_execute(db, NULL, err, "UPDATE sandboxes SET full_name = ? WHERE project = ?", "si", t->full_name, t->id) : r;
}

int projects_transfer(struct store *store, int64_t id, const char *to, unsigned most, int64_t now_ms, struct error *err)
{
	struct transfer t = {.id = id, .to = to, .most = most, .now_ms = now_ms};
	struct project project = {0};
	int r = projects_get_by_id(store, id, &project, err);

	if (r < 0)
		return r;
	free(project.owner);
	project.owner = xstrdup(to);
	t.search = projects_search_text(&project);
	t.full_name = xasprintf("%s/%s", to, project.name);
	r = db_transaction(store->db, transfer, &t, err);
	free(t.search);
	free(t.full_name);
	project_fini(&project);
	return r;
}

/* ---- kept fresh --------------------------------------------------------------------------------------------------------------- */

int projects_schedule(struct store *store, unsigned most, int64_t now_ms, int64_t *ret_count, struct error *err)
{
	struct due {
		int64_t id, days;
	} *due = xcalloc(most, sizeof(*due));
	char build[STORE_ID_LENGTH + 1];
	struct statement *s;
	size_t count = 0;
	bool fresh;
	int r = db_query(store->db, &s, err,
			 "SELECT id, rebuild_days FROM projects WHERE rebuild_ms <= ? AND deleted_ms IS NULL AND current_version IS NOT NULL ORDER "
			 "BY rebuild_ms LIMIT ?",
			 "ii", now_ms, (int64_t)most);

	*ret_count = 0;
	if (r == 0) {
		while (count < most && (r = statement_step(s, err)) > 0)
			due[count++] = (struct due){statement_integer(s, 0), statement_integer(s, 1)};
		statement_done(s);
	}
	for (size_t i = 0; r >= 0 && i < count; i++) {
		/* The next time first: one that can't be queued must not come again and again. */
		r = db_execute(store->db, NULL, err, "UPDATE projects SET rebuild_ms = ? WHERE id = ?", "ii",
			       rebuild_time(due[i].id, due[i].days > 0 ? due[i].days : 1, now_ms), due[i].id);
		if (r == 0)
			r = builds_enqueue(store, due[i].id, BUILD_PRIORITY_SCHEDULE, now_ms, build, &fresh, err);
		*ret_count += r == 0 && fresh;
	}
	free(due);
	return r < 0 ? r : 0;
}

int projects_each_digest(struct store *store, int64_t since_ms, void (*each)(const char *digest, void *data), void *data, struct error *err)
{
	return db_each_text(store->db, each, data, err,
			    "SELECT digest FROM projects UNION SELECT digest FROM versions WHERE digest IS NOT NULL AND deleted_ms IS NULL UNION "
			    "SELECT digest FROM builds WHERE digest IS NOT NULL AND (ended_ms IS NULL OR ended_ms > ?)",
			    "i", since_ms);
}

/* ---- logos -------------------------------------------------------------------------------------------------------------------- */

int pictures_put(struct store *store, const struct picture_row *picture, int64_t now_ms, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err, "UPDATE pictures SET created_ms = ? WHERE hash = ?", "is", now_ms, picture->hash);

	if (r < 0 || changes > 0)
		return r;
	r = db_execute(store->db, NULL, err, "INSERT INTO pictures (hash, type, data, created_ms) VALUES (?, ?, ?, ?)", "ssbi", picture->hash,
		       picture->type, picture->data, picture->length, now_ms);
	return r == -EEXIST ? 0 : r; /* somebody else was quicker with the same one */
}

int pictures_read(struct store *store, const char *sql, const char *hash, const char *type, struct buf *ret_data, struct error *err)
{
	struct statement *s;
	const void *data;
	size_t length;
	int r = db_query(store->db, &s, err, sql, "ss", hash, type);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0) {
		data = statement_blob(s, 0, &length);
		buf_append(ret_data, data, length);
	}
	statement_done(s);
	return r == 0 ? error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such picture") : r < 0 ? r : 0;
}

int pictures_get(struct store *store, const char *hash, const char *type, struct buf *ret_data, struct error *err)
{
	return pictures_read(store, "SELECT data FROM pictures WHERE hash = ? AND type = ?", hash, type, ret_data, err);
}

int pictures_purge(struct store *store, int64_t before_ms, struct error *err)
{
	return db_execute(store->db, NULL, err,
			  "DELETE FROM pictures WHERE created_ms < ? AND NOT EXISTS (SELECT 1 FROM projects p WHERE p.logo = '/media/' || "
			  "pictures.hash || '.' || pictures.type)",
			  "i", before_ms);
}
