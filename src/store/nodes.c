#include "store/nodes.h"

#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/util.h"
#include "store/builds.h"
#include "store/sandboxes.h"

struct beat {
	const char *name;
	const char *run;
	int64_t now_ms;
};

static int insert(struct db *db, const struct beat *beat, struct error *err)
{
	return db_execute(db, NULL, err, "INSERT INTO nodes (name, run, started_ms, seen_ms) VALUES (?, ?, ?, ?)", "ssii", beat->name,
			  beat->run, beat->now_ms, beat->now_ms);
}

static int enter(struct db *db, void *data, struct error *err)
{
	const struct beat *beat = data;
	int r = db_execute(db, NULL, err, "DELETE FROM nodes WHERE name = ?", "s", beat->name);

	if (r == 0)
		r = insert(db, beat, err);
	if (r == 0)
		r = db_execute(db, NULL, err, "UPDATE sandboxes SET node = ? WHERE node = '' AND open_person IS NOT NULL", "s",
			       beat->name);
	return r;
}

int nodes_enter(struct store *store, const char *name, const char *run, int64_t now_ms, struct error *err)
{
	struct beat beat = {name, run, now_ms};

	return db_transaction(store->db, enter, &beat, err);
}

static int go_on(struct db *db, void *data, struct error *err)
{
	const struct beat *beat = data;
	int64_t changes = 0;
	int64_t others;
	int r = db_execute(db, &changes, err, "UPDATE nodes SET seen_ms = ? WHERE name = ? AND run = ?", "iss", beat->now_ms, beat->name,
			   beat->run);

	if (r < 0 || changes > 0)
		return r;
	r = db_number(db, 0, &others, err, "SELECT COUNT(*) FROM nodes WHERE name = ?", "s", beat->name);
	if (r == 0 && others > 0)
		return error_set(err, ERROR_CONFLICT, EEXIST, "another process runs as node %s; give each its own [web] node", beat->name);
	return r < 0 ? r : insert(db, beat, err);
}

int nodes_beat(struct store *store, const char *name, const char *run, int64_t now_ms, struct error *err)
{
	struct beat beat = {name, run, now_ms};

	return db_transaction(store->db, go_on, &beat, err);
}

int nodes_leave(struct store *store, const char *name, const char *run, struct error *err)
{
	return db_execute(store->db, NULL, err,
			  "DELETE FROM nodes WHERE name = ? AND run = ? AND NOT EXISTS (SELECT 1 FROM sandboxes WHERE node = ? AND "
			  "open_person IS NOT NULL)",
			  "sss", name, run, name);
}

/* Takes the statement. */
static int read_all(struct statement *s, struct node_sandbox **ret_sandboxes, size_t *ret_count, struct error *err)
{
	struct node_sandbox *sandboxes = NULL;
	size_t count = 0;
	int r;

	while ((r = statement_step(s, err)) > 0) {
		sandboxes = xrealloc(sandboxes, (count + 1) * sizeof(*sandboxes));
		str_copy(sandboxes[count].id, sizeof(sandboxes[count].id), statement_text(s, 0));
		str_copy(sandboxes[count].reason, sizeof(sandboxes[count].reason), statement_text(s, 1));
		str_copy(sandboxes[count].person, sizeof(sandboxes[count].person), statement_text(s, 2));
		count++;
	}
	statement_done(s);
	if (r < 0) {
		free(sandboxes);
		return r;
	}
	*ret_sandboxes = sandboxes;
	*ret_count = count;
	return 0;
}

/* Open ones whose node is no more, one by one: ending also counts the time they were used. */
static int end_orphans(struct store *store, int64_t now_ms, int64_t *ret_count, struct error *err)
{
	struct node_sandbox *sandboxes = NULL;
	size_t count = 0;
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 "SELECT id, end_reason, open_person FROM sandboxes WHERE open_person IS NOT NULL AND node NOT IN (SELECT name FROM nodes)", "");

	if (r == 0)
		r = read_all(s, &sandboxes, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = sandboxes_end(store, sandboxes[i].id, "failed", -1, "the server that it ran on is away", now_ms, err);
		*ret_count += r == 0;
		if (r < 0 && err->kind == ERROR_CONFLICT) /* another node was faster */
			r = 0;
	}
	free(sandboxes);
	return r;
}

int nodes_bury(struct store *store, int64_t now_ms, int64_t *ret_sandboxes, struct error *err)
{
	struct error local;
	int64_t builds;
	int r = db_execute(store->db, NULL, err, "DELETE FROM nodes WHERE seen_ms < ?", "i", now_ms - NODE_DEAD_MS);

	*ret_sandboxes = 0;
	if (r == 0)
		r = end_orphans(store, now_ms, ret_sandboxes, err != NULL ? err : &local);
	if (r == 0)
		r = db_number(store->db, 0, &builds, err,
			      "SELECT COUNT(*) FROM builds WHERE state = 'running' AND node NOT IN (SELECT name FROM nodes)", "");
	if (r == 0 && builds > 0)
		r = builds_requeue(store, NULL, now_ms, &builds, err);
	return r;
}

int nodes_count(struct store *store, int64_t now_ms, int64_t *ret_count, struct error *err)
{
	return db_number(store->db, 0, ret_count, err, "SELECT COUNT(*) FROM nodes WHERE seen_ms >= ?", "i", now_ms - NODE_DEAD_MS);
}

int nodes_ask_end(struct store *store, const char *sandbox, const char *reason, int64_t now_ms, struct error *err)
{
	return db_execute(store->db, NULL, err,
			  "UPDATE sandboxes SET end_asked_ms = ?, end_reason = ? WHERE id = ? AND open_person IS NOT NULL AND "
			  "end_asked_ms IS NULL",
			  "iss", now_ms, reason, sandbox);
}

int nodes_ask_end_of(struct store *store, const char *person, const char *reason, int64_t now_ms, struct error *err)
{
	return db_execute(store->db, NULL, err,
			  "UPDATE sandboxes SET end_asked_ms = ?, end_reason = ? WHERE open_person = ? AND end_asked_ms IS NULL", "iss", now_ms,
			  reason, person);
}

int nodes_sandboxes(struct store *store, const char *name, struct node_sandbox **ret_sandboxes, size_t *ret_count, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, "SELECT id, end_reason, open_person FROM sandboxes WHERE node = ? AND open_person IS NOT NULL", "s", name);

	return r < 0 ? r : read_all(s, ret_sandboxes, ret_count, err);
}
