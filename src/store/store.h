/* What is kept, one file per kind of thing; all SQL is in this folder. A struct store belongs to one thread: every
 * worker opens its own (server_config.worker_start). Times are milliseconds since 1970, UTC; 0 and NULL: not known, not
 * happened. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "db/db.h"

struct store {
	struct db *db;
};

/* Once per process, before other stores are opened: makes the database's folder and brings the schema up to date. */
int store_prepare(const char *url, struct error *err);
int store_open(const char *url, struct store *store, struct error *err);
void store_close(struct store *store);

/* Which part of a list: page from 1, per_page 1…100. */
struct page {
	unsigned page;
	unsigned per_page;
};

#define STORE_ID_LENGTH 20 /* random_id */

/* The offset of the page's first item, for LIMIT ? OFFSET ?. */
int64_t page_offset(struct page page);
