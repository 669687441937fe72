/* The schema's history, generated from migrations/NNNN-*.sql. */
#pragma once

#include <stddef.h>

#include "db/db.h"

struct migration {
	unsigned version;
	const char *name;
	const char *sql;
};

extern const struct migration migrations[];
extern const size_t migration_count;

/* Several statements at once, without parameters. */
int db_run_script(struct db *db, const char *sql, struct error *err);
