/* The schema's history, generated from migrations/NNNN-*.sql. */
#pragma once

#include <stddef.h>

#include "db/db.h"

struct migration {
	unsigned version;
	const char *name;
	const char *const *statements; /* in order; ends with NULL */
};

extern const struct migration migrations[];
extern const size_t migration_count;

/* For migrate.c. One statement without parameters; one transaction around several is of use where the schema is transactional. */
int db_run_script(struct db *db, const char *sql, struct error *err);
bool db_schema_is_transactional(const struct db *db);
/* Keeps other processes from changing the schema, where a transaction does not. */
int db_lock_schema(struct db *db, struct error *err);
void db_unlock_schema(struct db *db);
