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

/* Another process may have been faster: asked again inside the transaction. */
static int apply(struct db *db, void *data, struct error *err)
{
	const struct migration *migration = data;
	unsigned version;
	int r = db_schema_version(db, &version, err);

	if (r < 0 || version >= migration->version)
		return r;
	r = db_run_script(db, migration->sql, err);
	if (r < 0)
		return r;
	return db_execute(db, NULL, err, "INSERT INTO schema_version (version, applied_ms) VALUES (?, ?)", "ii",
			  (int64_t)migration->version, clock_realtime_ms());
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
	for (size_t i = 0; i < migration_count; i++) {
		if (migrations[i].version <= version)
			continue;
		r = db_transaction(db, apply, (void *)&migrations[i], err);
		if (r < 0)
			return error_wrap(err, "migration %s", migrations[i].name);
	}
	return 0;
}
