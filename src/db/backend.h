/* What a database must be able to do for db.c: one const table per kind. Only db.c and migrate.c use it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct db_backend {
	const char *scheme; /* "sqlite:" */
	const char *kind;   /* "sqlite" */
	/* CREATE TABLE and its like can be rolled back. Where not, a migration is run statement by statement, and how far it came is kept. */
	bool transactional_schema;
	int (*open)(const char *place, void **ret_connection, struct error *err);
	void (*close)(void *connection);
	/* A transaction that will write: no two at one time, whoever opened them. */
	int (*begin)(void *connection, struct error *err);
	/* Commits or rolls back. After an error nothing of it is there, except when the connection broke right then (ERROR_UNAVAILABLE,
	 * -ENOTCONN): then it is not known. */
	int (*end)(void *connection, bool commit, struct error *err);
	/* Nobody else changes the schema from here on; waits for who does. NULL where `begin` is enough. */
	int (*lock_schema)(void *connection, struct error *err);
	void (*unlock_schema)(void *connection);
	/* One statement without parameters, or several where `transactional_schema` holds. */
	int (*script)(void *connection, const char *sql, struct error *err);
	int (*prepare)(void *connection, const char *sql, void **ret_statement, struct error *err);
	void (*finalize)(void *statement);
	/* Parameters from 1; text and blobs are copied. `type` is one of s, i, f, b, n; `length` holds for s and b. */
	int (*bind)(void *statement, int index, char type, const void *bytes, size_t length, int64_t integer,
		    double real);
	int (*step)(void *statement, struct error *err); /* 1: a row, 0: the end */
	void (*reset)(void *statement);                  /* ready to be bound again, parameters forgotten */
	const char *(*text)(void *statement, int column);
	int64_t (*integer)(void *statement, int column);
	double (*real)(void *statement, int column);
	bool (*is_null)(void *statement, int column);
	const void *(*blob)(void *statement, int column, size_t *ret_length);
	int64_t (*changes)(void *connection); /* of the last statement */
	int64_t (*last_id)(void *connection);
};

extern const struct db_backend db_sqlite;
extern const struct db_backend db_mariadb;
