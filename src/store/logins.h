/* Names and passwords for images that are not public. The passwords come here encrypted (web/vault.h), and belong to one project; its source, or
 * that of its last build, names them by their id ("credentials": "…"). */
#pragma once

#include "base/buf.h"
#include "store/store.h"

struct login_row {
	char id[STORE_ID_LENGTH + 1];
	char *host;	/* of the registry, with its port; owned */
	char *username; /* owned */
	struct buf secret;
};

void login_row_fini(struct login_row *row);
/* Within a transaction of the caller's. */
int logins_insert(struct db *db, int64_t project, const struct login_row *row, int64_t now_ms, struct error *err);
/* ERROR_NOT_FOUND: it is not there (any more), or another project's. */
int logins_get(struct store *store, int64_t project, const char *id, struct login_row *ret_row, struct error *err);
/* Throws away those that neither the project's source names nor that of its last or its open build. */
int logins_prune(struct db *db, int64_t project, struct error *err);
/* Throws away all of the project: they are their owner's. */
int logins_forget(struct db *db, int64_t project, struct error *err);
