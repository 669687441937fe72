#include "store/sources.h"

#include <errno.h>
#include <stdlib.h>

#include "base/random.h"
#include "base/util.h"

#define INTERRUPTED "the platform was started anew meanwhile; ask again"

void source_fini(struct source *source)
{
	char *const strings[] = {source->id,	     source->url,    source->ref,   source->state,    source->error,
				 source->error_kind, source->commit, source->found, source->proposal, source->files};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++)
		free(strings[i]);
	*source = (struct source){0};
}

struct adding {
	int64_t user;
	const char *node;
	const char *url;
	const char *ref;
	unsigned most;
	int64_t now_ms;
	char *id;
};

static int add(struct db *db, void *data, struct error *err)
{
	struct adding *a = data;
	int64_t open;
	int r = db_number(db, 0, &open, err, "SELECT COUNT(*) FROM sources WHERE user = ? AND state = 'fetching'", "i", a->user);

	if (r < 0)
		return r;
	if (open >= (int64_t)a->most)
		return error_set(err, ERROR_RATE_LIMITED, EAGAIN, "%u repositories are being fetched for you already; wait for one of them", a->most);
	random_id(a->id, STORE_ID_LENGTH);
	return db_execute(db, NULL, err, "INSERT INTO sources (id, user, url, ref, state, node, created_ms) VALUES (?, ?, ?, ?, 'fetching', ?, ?)",
			  "sisssi", a->id, a->user, a->url, a->ref, a->node, a->now_ms);
}

int sources_add(struct store *store, int64_t user, const char *node, const char *url, const char *ref, unsigned most, int64_t now_ms,
		char *ret_id, struct error *err)
{
	struct adding adding = {user, node, url, ref, most, now_ms, ret_id};

	return db_transaction(store->db, add, &adding, err);
}

int sources_get(struct store *store, int64_t user, const char *id, struct source *ret_source, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 "SELECT id, user, url, ref, state, error, error_kind, commit_id, found, proposal, files, created_ms FROM sources WHERE id = ? "
			 "AND user = ?",
			 "si", id, user);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0)
		*ret_source = (struct source){
			.id = statement_text_copy(s, 0),
			.user = statement_integer(s, 1),
			.url = statement_text_copy(s, 2),
			.ref = statement_text_copy(s, 3),
			.state = statement_text_copy(s, 4),
			.error = statement_text_copy(s, 5),
			.error_kind = statement_text_copy(s, 6),
			.commit = statement_text_copy(s, 7),
			.found = statement_text_copy(s, 8),
			.proposal = statement_text_copy(s, 9),
			.files = statement_text_copy(s, 10),
			.created_ms = statement_integer(s, 11),
		};
	statement_done(s);
	if (r == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such source of yours; each is kept for a day");
	return r < 0 ? r : 0;
}

int sources_ready(struct store *store, const char *id, const char *commit, const char *found, const char *proposal, const char *files,
		  struct error *err)
{
	return db_execute(store->db, NULL, err,
			  "UPDATE sources SET state = 'ready', commit_id = ?, found = ?, proposal = ?, files = ? WHERE id = ? AND state = 'fetching'",
			  "sssss", commit, found, proposal, files, id);
}

int sources_failed(struct store *store, const char *id, const char *error_kind, const char *error, struct error *err)
{
	return db_execute(store->db, NULL, err,
			  "UPDATE sources SET state = 'failed', error = ?, error_kind = ? WHERE id = ? AND state = 'fetching'", "sss", error,
			  error_kind, id);
}

int sources_interrupted(struct store *store, const char *node, struct error *err)
{
	return db_execute(store->db, NULL, err,
			  "UPDATE sources SET state = 'failed', error = ?, error_kind = 'unavailable' WHERE node = ? AND state = 'fetching'", "ss",
			  INTERRUPTED, node);
}

int sources_purge(struct store *store, int64_t now_ms, struct error *err)
{
	int r = db_execute(store->db, NULL, err, "DELETE FROM sources WHERE created_ms < ?", "i", now_ms - SOURCE_LIFE_MS);

	if (r == 0)
		r = db_execute(store->db, NULL, err,
			       "UPDATE sources SET state = 'failed', error = ?, error_kind = 'unavailable' WHERE created_ms < ? AND state = 'fetching'",
			       "si", INTERRUPTED, now_ms - SOURCE_FETCH_MS);
	return r;
}
