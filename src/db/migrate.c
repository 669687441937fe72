#include <errno.h>

#include "base/clock.h"
#include "db/migrations.h"

static int ensure_table(struct db *db, struct error *err)
{
	return db_run_script(db,
			     "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY, "
			     "applied_ms BIGINT NOT NULL)",
			     err);
}

unsigned db_schema_newest(void)
{
	return migration_count > 0 ? migrations[migration_count - 1].version : 0;
}

int db_schema_version(struct db *db, unsigned *ret_version, struct error *err)
{
	int64_t version;
	int r = ensure_table(db, err);

	if (r == 0)
		r = db_number(db, 0, &version, err, "SELECT MAX(version) FROM schema_version", "");
	if (r == 0)
		*ret_version = (unsigned)version;
	return r;
}

static int note_version(struct db *db, const struct migration *migration, struct error *err)
{
	return db_execute(db, NULL, err, "INSERT INTO schema_version (version, applied_ms) VALUES (?, ?)", "ii",
			  (int64_t)migration->version, clock_realtime_ms());
}

/* Another process may have been faster: asked again inside the transaction. */
static int apply(struct db *db, void *data, struct error *err)
{
	const struct migration *migration = data;
	unsigned version;
	int r = db_schema_version(db, &version, err);

	if (r < 0 || version >= migration->version)
		return r;
	for (size_t i = 0; r == 0 && migration->statements[i] != NULL; i++)
		r = db_run_script(db, migration->statements[i], err);
	return r < 0 ? r : note_version(db, migration, err);
}

/* ---- where a schema's changes are final at once ----------------------------------------------------------------------- */

static int note_progress(struct db *db, const struct migration *migration, int64_t done, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(db, &changes, err, "UPDATE schema_progress SET done = ? WHERE version = ?", "ii", done,
			   (int64_t)migration->version);

	if (r < 0 || changes > 0)
		return r;
	return db_execute(db, NULL, err, "INSERT INTO schema_progress (version, done) VALUES (?, ?)", "ii",
			  (int64_t)migration->version, done);
}

/* Goes on where a predecessor was cut off. The statement at which that was may have been done without being noted: where it makes a
 * thing that is there, it was. */
static int apply_by_steps(struct db *db, const struct migration *migration, struct error *err)
{
	bool taken_up;
	int64_t done;
	int r = db_run_script(db,
			      "CREATE TABLE IF NOT EXISTS schema_progress (version INTEGER NOT NULL PRIMARY KEY, done INTEGER NOT NULL)",
			      err);

	if (r == 0)
		r = db_number(db, -1, &done, err, "SELECT done FROM schema_progress WHERE version = ?", "i",
			      (int64_t)migration->version);
	if (r < 0)
		return r;
	taken_up = done >= 0;
	if (!taken_up)
		r = note_progress(db, migration, done = 0, err);
	for (int64_t i = done; r == 0 && migration->statements[i] != NULL; i++) {
		r = db_run_script(db, migration->statements[i], err);
		if (r == -EEXIST && taken_up && i == done)
			r = 0;
		if (r == 0)
			r = note_progress(db, migration, i + 1, err);
		if (r < 0)
			return error_wrap(err, "statement %lld", (long long)i + 1);
	}
	return r < 0 ? r : note_version(db, migration, err);
}

static int migrate_by_steps(struct db *db, struct error *err)
{
	unsigned version;
	int r = db_lock_schema(db, err);

	if (r == 0)
		r = db_schema_version(db, &version, err);
	for (size_t i = 0; r == 0 && i < migration_count; i++) {
		if (migrations[i].version <= version)
			continue;
		r = apply_by_steps(db, &migrations[i], err);
		if (r < 0)
			error_wrap(err, "migration %s", migrations[i].name);
	}
	db_unlock_schema(db);
	return r;
}

int db_migrate(struct db *db, struct error *err)
{
	unsigned version;
	int r = db_schema_version(db, &version, err);

	if (r < 0)
		return r;
	if (version > db_schema_newest())
		return error_set(err, ERROR_CONFLICT, EPROTO,
				 "the database has schema %u, this program knows up to %u; use the newer program again",
				 version, db_schema_newest());
	if (version == db_schema_newest())
		return 0;
	if (!db_schema_is_transactional(db))
		return migrate_by_steps(db, err);
	for (size_t i = 0; i < migration_count; i++) {
		if (migrations[i].version <= version)
			continue;
		r = db_transaction(db, apply, (void *)&migrations[i], err);
		if (r < 0)
			return error_wrap(err, "migration %s", migrations[i].name);
	}
	return 0;
}
