/* A thin layer over SQL databases: one connection per thread, statements prepared once and kept, `?` parameters only.
 * The SQL that goes through here keeps to what SQLite and MariaDB share. A struct db and its statements belong to one
 * thread.
 *
 *   struct statement *s;
 *   r = db_query(db, &s, &err, "SELECT id FROM projects WHERE owner = ? AND tries > ?", "si", owner, (int64_t)5);
 *   while (r == 0 && (r = statement_step(s, &err)) > 0)
 *           use(statement_text(s, 0));
 *   statement_done(s); */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct db;
struct statement;

/* "sqlite:/var/lib/ttob/ttob.db", "sqlite::memory:" (one connection only): WAL, synchronous=NORMAL, foreign keys on, 10 s busy
 * time-out. "mariadb://user:password@host:port/database?socket=/path" (mariadb_place.h): InnoDB, strict, SERIALIZABLE; a connection that
 * was lost is opened again by the next use. No message holds the address, which may hold a password.
 *
 * On both, texts are UTF-8 (what is not becomes U+FFFD) and compare byte by byte, LIKE minds the case, `||` joins texts, and a row that
 * an UPDATE meets counts as changed. */
int db_open(const char *url, struct db **ret_db, struct error *err);
void db_close(struct db *db); /* rolls back an open transaction; takes NULL */
const char *db_kind(const struct db *db); /* "sqlite", "mariadb" */

/* The address with the `length` bytes put in as the user's password. ERROR_INVALID when it has no user, or a password already. */
int db_url_with_password(const char *url, const char *password, size_t length, char **ret_url, struct error *err);
/* A copy that may be shown. */
char *db_url_without_password(const char *url);

/* Brings the schema up to the newest migration (src/db/migrations/NNNN-*.sql, built in), each in a transaction of its
 * own, or, on MariaDB, where a schema's changes can't be rolled back, taken up again at the statement where it was cut off. Refused with ERROR_CONFLICT when the database is newer than this program. Safe when several processes start at
 * once. */
int db_migrate(struct db *db, struct error *err);
/* The schema's version, 0 for an empty database. */
int db_schema_version(struct db *db, unsigned *ret_version, struct error *err);
/* The newest version that this program knows. */
unsigned db_schema_newest(void);

/* Starts `sql` with its parameters, one letter of `types` each: s const char * (NULL: NULL), i int64_t, f double, b
 * const void * and size_t, n nothing (NULL). *ret_statement must be given back by statement_done, also after errors of
 * statement_step. */
int db_query(struct db *db, struct statement **ret_statement, struct error *err, const char *sql, const char *types,
	     ...);
/* The same with the parameters as an array, for statements that are put together. */
struct db_value {
	char type;         /* as the letters of `types` */
	const void *bytes; /* s and b */
	size_t length;     /* b */
	int64_t integer;
	double real;
};
int db_query_values(struct db *db, struct statement **ret_statement, struct error *err, const char *sql,
		    const struct db_value *values, size_t count);
/* One row or the end: 1, 0, or a negative errno. */
int statement_step(struct statement *statement, struct error *err);
/* Takes NULL. */
void statement_done(struct statement *statement);

/* Columns of the current row, from 0. Text and blobs are borrowed until the next step; NULL is NULL, 0 or 0.0. */
const char *statement_text(const struct statement *statement, int column);
int64_t statement_integer(const struct statement *statement, int column);
double statement_real(const struct statement *statement, int column);
bool statement_is_null(const struct statement *statement, int column);
const void *statement_blob(const struct statement *statement, int column, size_t *ret_length);
/* A copy, NULL for NULL. */
char *statement_text_copy(const struct statement *statement, int column);

/* Runs a statement to its end. *ret_changes (may be NULL): the rows that it changed. ERROR_CONFLICT (-EEXIST) when a
 * UNIQUE or primary key is broken, ERROR_INVALID for other constraints, ERROR_TOO_LARGE when a value is too
 * long, ERROR_UNAVAILABLE when the database stays locked (-EBUSY), its disk is full (-ENOSPC), or it is away (-ENOTCONN: a statement
 * that writes may have been done all the same). */
int db_execute(struct db *db, int64_t *ret_changes, struct error *err, const char *sql, const char *types, ...);
/* The first column of the first row as a number; `fallback` when there is no row or it is NULL. */
int db_number(struct db *db, int64_t fallback, int64_t *ret_value, struct error *err, const char *sql,
	      const char *types, ...);

/* The same as a text, malloc'd; NULL when there is no row or it is NULL. */
int db_text(struct db *db, char **ret_text, struct error *err, const char *sql, const char *types, ...);
/* Calls `each` with the first column of every row, as a text. */
int db_each_text(struct db *db, void (*each)(const char *text, void *data), void *data, struct error *err, const char *sql,
		 const char *types, ...);

/* The id that the last INSERT made. */
int64_t db_last_id(struct db *db);

/* Runs `body` in a transaction that can write from its start and is the only such one, in all processes (BEGIN IMMEDIATE, or a row that
 * each takes first): committed when it gives 0, rolled back otherwise. Begins again, a few times, while the database is busy or after the
 * connection was lost before the commit: `body` must be able to run twice. Lost at the commit: ERROR_UNAVAILABLE, -ENOTCONN. Not
 * nested. */
int db_transaction(struct db *db, int (*body)(struct db *db, void *data, struct error *err), void *data,
		   struct error *err);
