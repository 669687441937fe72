/* Inside the MariaDB backend: one connection, opened again when it was lost. */
#pragma once

#include <mysql.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "db/mariadb_place.h"

struct mariadb {
	struct mariadb_place place;
	MYSQL *mysql;	     /* NULL: not connected */
	unsigned generation; /* of the connection: statements of another one are prepared again */
	size_t packet_max;   /* what the server takes at once, bytes */
	bool lost;	     /* the connection is of no use any more */
	bool in_transaction; /* nothing may be done on another connection than it began on */
	bool holds_schema;   /* the same, for the lock on the schema */
	int64_t changes;
	int64_t last_id;
};

/* Connects when there is no connection or it is known to be lost; looks first whether the server has hung up. Within a transaction a
 * lost one stays lost: -EBUSY, so that the transaction is run again. */
int mariadb_ensure(struct mariadb *db, struct error *err);
/* What the server or the library said, as an error of ours; notes when the connection is lost (-ENOTCONN; -EBUSY within a transaction). */
int mariadb_tell(struct mariadb *db, unsigned code, const char *message, struct error *err);
/* A statement without parameters or rows that may be sent again on a new connection. */
int mariadb_script(struct mariadb *db, const char *sql, struct error *err);

/* The statement's part of struct db_backend. */
int mariadb_prepare(void *connection, const char *sql, void **ret_statement, struct error *err);
void mariadb_finalize(void *statement);
int mariadb_bind(void *statement, int index, char type, const void *bytes, size_t length, int64_t integer, double real);
int mariadb_step(void *statement, struct error *err);
void mariadb_reset(void *statement);
const char *mariadb_text(void *statement, int column);
int64_t mariadb_integer(void *statement, int column);
double mariadb_real(void *statement, int column);
bool mariadb_is_null(void *statement, int column);
const void *mariadb_blob(void *statement, int column, size_t *ret_length);
