/* What a database must be able to do for db.c: one const table per kind. Only db.c uses it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct db_backend {
	const char *scheme; /* "sqlite:" */
	const char *begin;  /* begins a transaction that will write */
	int (*open)(const char *place, void **ret_connection, struct error *err);
	void (*close)(void *connection);
	/* Several statements without parameters, separated by semicolons. */
	int (*script)(void *connection, const char *sql, struct error *err);
	int (*prepare)(void *connection, const char *sql, void **ret_statement, struct error *err);
	void (*finalize)(void *statement);
	/* Parameters from 1; text and blobs are copied. `type` is one of s, i, f, b, n. */
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
