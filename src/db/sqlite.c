#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "db/backend.h"

#define BUSY_MS 10000
#define BUSY_STEP_US 500

static int tell(sqlite3 *connection, struct error *err)
{
	int code = sqlite3_extended_errcode(connection);
	const char *message = sqlite3_errmsg(connection);

	switch (code) {
	case SQLITE_CONSTRAINT_UNIQUE:
	case SQLITE_CONSTRAINT_PRIMARYKEY:
	case SQLITE_CONSTRAINT_ROWID:
		return error_set(err, ERROR_CONFLICT, EEXIST, "it is there already: %s", message);
	default:
		break;
	}
	switch (code & 0xff) {
	case SQLITE_CONSTRAINT:
		return error_set(err, ERROR_INVALID, EINVAL, "the database refuses it: %s", message);
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(err, ERROR_UNAVAILABLE, EBUSY, "the database is busy: %s", message);
	case SQLITE_FULL:
		return error_set(err, ERROR_UNAVAILABLE, ENOSPC, "the database's disk is full");
	case SQLITE_TOOBIG:
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "too large for the database");
	default:
		return error_set(err, ERROR_INTERNAL, EIO, "database: %s", message);
	}
}

/* What the migrations say to MariaDB only, in SQLite's words: ids are never given twice, so that what still speaks of something that was
 * deleted can't mean something new. */
static char *own_words(const char *sql)
{
	static const char theirs[] = "/*! AUTO_INCREMENT */";
	static const char ours[] = "AUTOINCREMENT";
	char *copy = xstrdup(sql);

	for (char *at = strstr(copy, theirs); at != NULL; at = strstr(at, theirs)) {
		memset(at, ' ', sizeof(theirs) - 1);
		memcpy(at, ours, sizeof(ours) - 1);
	}
	return copy;
}

static int script(void *connection, const char *sql, struct error *err)
{
	auto_free char *text = own_words(sql);

	return sqlite3_exec(connection, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : tell(connection, err);
}

/* SQLite's own waits grow to a tenth of a second, which is many times what one of our transactions takes: who comes late would then wait
 * for those who came after. */
static int wait_while_busy(void *data, int count)
{
	(void)data;
	usleep(BUSY_STEP_US);
	return count < BUSY_MS * 1000 / BUSY_STEP_US;
}

static int open_sqlite(const char *place, void **ret_connection, struct error *err)
{
	sqlite3 *connection = NULL;
	int code = sqlite3_open_v2(place, &connection, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX,
				   NULL);
	int r;

	if (code != SQLITE_OK) {
		r = error_set(err, ERROR_INTERNAL, EIO, "cannot open the database %s: %s", place,
			      connection != NULL ? sqlite3_errmsg(connection) : sqlite3_errstr(code));
		sqlite3_close(connection);
		return r;
	}
	sqlite3_extended_result_codes(connection, 1);
	sqlite3_busy_handler(connection, wait_while_busy, NULL);
	r = script(connection,
		   "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA "
		   "trusted_schema = OFF; PRAGMA case_sensitive_like = ON;", /* LIKE as on MariaDB */
		   err);
	if (r < 0) {
		sqlite3_close(connection);
		return error_wrap(err, "cannot open the database %s", place);
	}
	*ret_connection = connection;
	return 0;
}

static void close_sqlite(void *connection)
{
	sqlite3_close(connection);
}

/* IMMEDIATE: it can write from its start, and needs no lock that another one might hold as well. */
static int begin(void *connection, struct error *err)
{
	return script(connection, "BEGIN IMMEDIATE", err);
}

static int end(void *connection, bool commit, struct error *err)
{
	int r = commit ? script(connection, "COMMIT", err) : 0;

	if (!commit || r < 0)
		script(connection, "ROLLBACK", NULL);
	return r;
}

static int prepare(void *connection, const char *sql, void **ret_statement, struct error *err)
{
	sqlite3_stmt *statement;

	if (sqlite3_prepare_v3(connection, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL) != SQLITE_OK)
		return tell(connection, err);
	*ret_statement = statement;
	return 0;
}

static void finalize(void *statement)
{
	sqlite3_finalize(statement);
}

static int bind(void *statement, int index, char type, const void *bytes, size_t length, int64_t integer, double real)
{
	int code;

	if (bytes == NULL && (type == 's' || type == 'b'))
		type = 'n';
	switch (type) {
	case 's':
		code = sqlite3_bind_text64(statement, index, bytes, length, SQLITE_TRANSIENT, SQLITE_UTF8);
		break;
	case 'b':
		code = sqlite3_bind_blob64(statement, index, bytes, length, SQLITE_TRANSIENT);
		break;
	case 'i':
		code = sqlite3_bind_int64(statement, index, integer);
		break;
	case 'f':
		code = sqlite3_bind_double(statement, index, real);
		break;
	default:
		code = sqlite3_bind_null(statement, index);
		break;
	}
	return code == SQLITE_OK ? 0 : code == SQLITE_TOOBIG ? -EFBIG : -EINVAL;
}

static int step(void *statement, struct error *err)
{
	int code = sqlite3_step(statement);

	if (code == SQLITE_ROW)
		return 1;
	return code == SQLITE_DONE ? 0 : tell(sqlite3_db_handle(statement), err);
}

static void reset(void *statement)
{
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
}

static const char *text(void *statement, int column)
{
	return (const char *)sqlite3_column_text(statement, column);
}

static int64_t integer(void *statement, int column)
{
	return sqlite3_column_int64(statement, column);
}

static double real(void *statement, int column)
{
	return sqlite3_column_double(statement, column);
}

static bool is_null(void *statement, int column)
{
	return sqlite3_column_type(statement, column) == SQLITE_NULL;
}

static const void *blob(void *statement, int column, size_t *ret_length)
{
	const void *bytes = sqlite3_column_blob(statement, column);

	*ret_length = (size_t)sqlite3_column_bytes(statement, column);
	return bytes;
}

static int64_t changes(void *connection)
{
	return sqlite3_changes64(connection);
}

static int64_t last_id(void *connection)
{
	return sqlite3_last_insert_rowid(connection);
}

const struct db_backend db_sqlite = {
	.scheme = "sqlite:",
	.kind = "sqlite",
	.transactional_schema = true,
	.open = open_sqlite,
	.close = close_sqlite,
	.begin = begin,
	.end = end,
	.script = script,
	.prepare = prepare,
	.finalize = finalize,
	.bind = bind,
	.step = step,
	.reset = reset,
	.text = text,
	.integer = integer,
	.real = real,
	.is_null = is_null,
	.blob = blob,
	.changes = changes,
	.last_id = last_id,
};
