#include "store/logins.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"

void login_row_fini(struct login_row *row)
{
	free(row->host);
	free(row->username);
	buf_fini(&row->secret);
	memset(row, 0, sizeof(*row));
}

int logins_insert(struct db *db, int64_t project, const struct login_row *row, int64_t now_ms, struct error *err)
{
	return db_execute(db, NULL, err, "INSERT INTO credentials (id, project, host, username, secret, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
			  "sissbi", row->id, project, row->host, row->username, row->secret.data, row->secret.length, now_ms);
}

int logins_get(struct store *store, int64_t project, const char *id, struct login_row *ret_row, struct error *err)
{
	struct statement *s;
	const void *secret;
	size_t length;
	int r = db_query(store->db, &s, err, "SELECT id, host, username, secret FROM credentials WHERE id = ? AND project = ?", "si", id, project);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0) {
		*ret_row = (struct login_row){.host = statement_text_copy(s, 1), .username = statement_text_copy(s, 2)};
		snprintf(ret_row->id, sizeof(ret_row->id), "%s", statement_text(s, 0));
		secret = statement_blob(s, 3, &length);
		buf_append(&ret_row->secret, secret, length);
	}
	statement_done(s);
	return r == 0 ? error_set(err, ERROR_NOT_FOUND, ENOENT, "there are no such credentials") : r < 0 ? r : 0;
}

/* Ids are letters and digits: nothing in them means something to LIKE. A text that somebody sent has its quotes escaped. */
#define NAMES_IT " LIKE '%\"credentials\":\"' || credentials.id || '\"%'"

int logins_prune(struct db *db, int64_t project, struct error *err)
{
	return db_execute(db, NULL, err,
			  "DELETE FROM credentials WHERE project = ? AND NOT EXISTS (SELECT 1 FROM projects p WHERE p.id = credentials.project AND "
			  "p.source" NAMES_IT ") AND NOT EXISTS (SELECT 1 FROM builds b JOIN projects p ON p.id = b.project WHERE b.project = "
			  "credentials.project AND (b.open_project IS NOT NULL OR b.id = p.last_build) AND b.source" NAMES_IT ")",
			  "i", project);
}

int logins_forget(struct db *db, int64_t project, struct error *err)
{
	return db_execute(db, NULL, err, "DELETE FROM credentials WHERE project = ?", "i", project);
}
