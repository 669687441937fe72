#include "store/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "store/builds.h"

int registry_each_kept(struct store *store, int64_t deleted_since_ms,
		       void (*each)(const char *reference, const char *image, int64_t created_ms, void *data), void *data, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 "SELECT v.reference, v.image, v.created_ms FROM versions v JOIN projects p ON p.id = v.project "
			 "WHERE (v.deleted_ms IS NULL OR v.deleted_ms >= ?) AND (p.deleted_ms IS NULL OR p.deleted_ms >= ?)",
			 "ii", deleted_since_ms, deleted_since_ms);

	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0)
		each(statement_text(s, 0), statement_text(s, 1), statement_integer(s, 2), data);
	statement_done(s);
	return r;
}

int registry_each_open_build(struct store *store, void (*each)(const char *build, void *data), void *data, struct error *err)
{
	return db_each_text(store->db, each, data, err, "SELECT id FROM builds WHERE state IN ('queued', 'running')", "");
}

int registry_each_project(struct store *store, void (*each)(const char *full_name, void *data), void *data, struct error *err)
{
	return db_each_text(store->db, each, data, err, "SELECT owner || '/' || name FROM projects ORDER BY owner, name", "");
}

int registry_builds_running(struct store *store, const char *full_name, int64_t *ret_count, struct error *err)
{
	if (full_name == NULL)
		return db_number(store->db, 0, ret_count, err, "SELECT COUNT(*) FROM builds WHERE state = 'running'", "");
	return db_number(store->db, 0, ret_count, err,
			 "SELECT COUNT(*) FROM builds b JOIN projects p ON p.id = b.project WHERE b.state = 'running' AND "
			 "p.owner || '/' || p.name = ?",
			 "s", full_name);
}

struct put_back {
	const char *build;
	int64_t changes;
};

static int put_back(struct db *db, void *data, struct error *err)
{
	struct put_back *p = data;
	int r = db_execute(db, &p->changes, err,
			   "UPDATE builds SET state = 'queued', stage = NULL, started_ms = NULL WHERE id = ? AND state = 'running' AND "
			   "cancel_ms IS NULL AND attempts < ?",
			   "si", p->build, (int64_t)BUILD_ATTEMPTS_MAX);

	return r == 0 && p->changes > 0 ? db_execute(db, NULL, err, "DELETE FROM build_stages WHERE build = ?", "s", p->build) : r;
}

int registry_put_build_back(struct store *store, const char *build, bool *ret_done, struct error *err)
{
	struct put_back p = {.build = build};
	int r = db_transaction(store->db, put_back, &p, err);

	*ret_done = r == 0 && p.changes > 0;
	return r;
}

static int write_day(struct db *db, void *data, struct error *err)
{
	const struct registry_day *day = data;
	int64_t changes = 0;
	int r = db_execute(db, &changes, err,
			   "UPDATE registry_days SET repositories = ?, bytes = ?, pulls = pulls + ?, pushes = ? WHERE day = ?", "iiiii",
			   day->repositories, day->bytes, day->pulls, day->pushes, day->day);

	if (r < 0 || changes > 0)
		return r;
	return db_execute(db, NULL, err, "INSERT INTO registry_days (day, repositories, bytes, pulls, pushes) VALUES (?, ?, ?, ?, ?)", "iiiii",
			  day->day, day->repositories, day->bytes, day->pulls, day->pushes);
}

int registry_write_day(struct store *store, const struct registry_day *day, struct error *err)
{
	return db_transaction(store->db, write_day, (void *)day, err);
}

int registry_days(struct store *store, int64_t until, struct registry_day *days, size_t most, size_t *ret_count, struct error *err)
{
	struct statement *s;
	size_t count = 0;
	int r = db_query(store->db, &s, err,
			 "SELECT day, repositories, bytes, pulls, pushes FROM registry_days WHERE day > ? AND day <= ? ORDER BY day", "ii",
			 until - (int64_t)most, until);

	if (r < 0)
		return r;
	while (count < most && (r = statement_step(s, err)) > 0)
		days[count++] = (struct registry_day){statement_integer(s, 0), statement_integer(s, 1), statement_integer(s, 2),
						      statement_integer(s, 3), statement_integer(s, 4)};
	statement_done(s);
	*ret_count = count;
	return r < 0 ? r : 0;
}

int registry_pushes(struct store *store, int64_t since_ms, int64_t *ret_count, struct error *err)
{
	return db_number(store->db, 0, ret_count, err, "SELECT COUNT(*) FROM versions WHERE created_ms >= ?", "i", since_ms);
}
