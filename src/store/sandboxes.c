#include "store/sandboxes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/util.h"
#include "store/statistics.h"

#define SELECT_SANDBOX                                                                                                 \
	"SELECT id, person, project, full_name, project_summary, version, image, state, cols, rows_, terminals, "      \
	"created_ms, started_ms, "                                                                                     \
	"expires_ms, ended_ms, start_us, memory, cpu, pids, disk, reason, exit_code, detail, node FROM sandboxes "

void sandbox_fini(struct sandbox *sandbox)
{
	free(sandbox->id);
	free(sandbox->person);
	free(sandbox->full_name);
	free(sandbox->project_summary);
	free(sandbox->version);
	free(sandbox->image);
	free(sandbox->state);
	free(sandbox->reason);
	free(sandbox->detail);
	free(sandbox->node);
	memset(sandbox, 0, sizeof(*sandbox));
}

void sandbox_copy(const struct sandbox *sandbox, struct sandbox *ret_copy)
{
	*ret_copy = *sandbox;
	ret_copy->id = xstrdup(sandbox->id);
	ret_copy->person = xstrdup(sandbox->person);
	ret_copy->full_name = xstrdup(sandbox->full_name);
	ret_copy->project_summary = xstrdup(sandbox->project_summary);
	ret_copy->version = xstrdup(sandbox->version);
	ret_copy->image = xstrdup(sandbox->image);
	ret_copy->state = xstrdup(sandbox->state);
	ret_copy->reason = xstrdup(sandbox->reason);
	ret_copy->detail = xstrdup(sandbox->detail);
	ret_copy->node = xstrdup(sandbox->node);
}

void sandbox_list_fini(struct sandbox_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		sandbox_fini(&list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

static void read_sandbox(const struct statement *s, struct sandbox *x)
{
	int i = 0;

	memset(x, 0, sizeof(*x));
	x->id = statement_text_copy(s, i++);
	x->person = statement_text_copy(s, i++);
	x->project = statement_integer(s, i++);
	x->full_name = statement_text_copy(s, i++);
	x->project_summary = statement_text_copy(s, i++);
	x->version = statement_text_copy(s, i++);
	x->image = statement_text_copy(s, i++);
	x->state = statement_text_copy(s, i++);
	x->cols = (unsigned)statement_integer(s, i++);
	x->rows = (unsigned)statement_integer(s, i++);
	x->terminals = (unsigned)statement_integer(s, i++);
	x->created_ms = statement_integer(s, i++);
	x->started_ms = statement_integer(s, i++);
	x->expires_ms = statement_integer(s, i++);
	x->ended_ms = statement_integer(s, i++);
	x->start_us = statement_integer(s, i++);
	x->memory = (uint64_t)statement_integer(s, i++);
	x->cpu = (uint32_t)statement_integer(s, i++);
	x->pids = (uint32_t)statement_integer(s, i++);
	x->disk = (uint64_t)statement_integer(s, i++);
	x->reason = statement_text_copy(s, i++);
	x->exit_code = (int)statement_integer(s, i++);
	x->detail = statement_text_copy(s, i++);
	x->node = statement_text_copy(s, i++);
}

/* An insertion is tried again when the connection broke: it may have been done all the same. */
static int is_there(struct store *store, const char *id, struct error *err)
{
	int64_t count;
	int r = db_number(store->db, 0, &count, err, "SELECT COUNT(*) FROM sandboxes WHERE id = ? AND state <> 'ended'", "s", id);

	return r < 0 ? r : count > 0;
}

int sandboxes_insert(struct store *store, struct sandbox *x, int64_t now_ms, struct error *err)
{
	int r;

	if (strcmp(x->state, "queued") != 0 && strcmp(x->state, "starting") != 0)
		return error_set(err, ERROR_INVALID, EINVAL, "a sandbox begins as queued or starting, not %s",
				 x->state);
	if (x->id == NULL) {
		x->id = xmalloc(STORE_ID_LENGTH + 1);
		random_id(x->id, STORE_ID_LENGTH);
	}
	x->created_ms = now_ms;
	/* open_person is UNIQUE: of two requests at once, one gets through. */
	r = db_execute(store->db, NULL, err,
		       "INSERT INTO sandboxes (id, person, open_person, project, full_name, project_summary, version, "
		       "image, state, cols, rows_, "
		       "terminals, created_ms, memory, cpu, pids, disk, node) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
		       "?, ?, ?, ?, ?)",
		       "sssisssssiiiiiiiis", x->id, x->person, x->person, x->project, x->full_name,
		       x->project_summary != NULL ? x->project_summary : "", x->version, x->image, x->state,
		       (int64_t)x->cols, (int64_t)x->rows, (int64_t)x->terminals, now_ms, (int64_t)x->memory,
		       (int64_t)x->cpu, (int64_t)x->pids, (int64_t)x->disk, x->node != NULL ? x->node : "");
	if (r != -EEXIST)
		return r;
	r = is_there(store, x->id, err);
	if (r == 0)
		return error_set(err, ERROR_CONFLICT, EEXIST, "one sandbox is open already; end it first");
	return r < 0 ? r : 0;
}

/* Takes the statement. 1, 0: no row, or an error. */
static int read_one(struct statement *s, struct sandbox *ret_sandbox, struct error *err)
{
	int r = statement_step(s, err);

	if (r > 0)
		read_sandbox(s, ret_sandbox);
	statement_done(s);
	return r;
}

int sandboxes_get(struct store *store, const char *id, struct sandbox *ret_sandbox, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, SELECT_SANDBOX "WHERE id = ?", "s", id);

	if (r == 0)
		r = read_one(s, ret_sandbox, err);
	if (r == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no sandbox %s", id);
	return r < 0 ? r : 0;
}

int sandboxes_open_of(struct store *store, const char *person, struct sandbox *ret_sandbox, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, SELECT_SANDBOX "WHERE open_person = ?", "s", person);

	if (r == 0)
		r = read_one(s, ret_sandbox, err);
	if (r == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "no sandbox is open");
	return r < 0 ? r : 0;
}

/* Takes the statement. */
static int read_all(struct statement *s, struct sandbox_list *list, struct error *err)
{
	int r;

	while ((r = statement_step(s, err)) > 0) {
		list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
		read_sandbox(s, &list->items[list->count++]);
	}
	statement_done(s);
	if (r < 0)
		sandbox_list_fini(list);
	return r;
}

int sandboxes_list(struct store *store, const char *person, struct page page, struct sandbox_list *ret_list,
		   struct error *err)
{
	struct statement *s = NULL;
	int r;

	memset(ret_list, 0, sizeof(*ret_list));
	r = db_number(store->db, 0, &ret_list->total, err, "SELECT COUNT(*) FROM sandboxes WHERE person = ?", "s",
		      person);
	if (r == 0)
		r = db_query(store->db, &s, err,
			     SELECT_SANDBOX "WHERE person = ? ORDER BY CASE WHEN open_person IS NULL THEN 1 ELSE 0 "
					    "END, created_ms DESC, id "
					    "LIMIT ? OFFSET ?",
			     "sii", person, (int64_t)page.per_page, page_offset(page));
	return r < 0 ? r : read_all(s, ret_list, err);
}

int sandboxes_in_state(struct store *store, const char *node, const char *state, struct sandbox_list *ret_list,
		       struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, SELECT_SANDBOX "WHERE state = ? AND (? IS NULL OR node = ?) ORDER BY created_ms, id", "sss",
			 state, node, node);

	memset(ret_list, 0, sizeof(*ret_list));
	if (r == 0)
		r = read_all(s, ret_list, err);
	if (r == 0)
		ret_list->total = (int64_t)ret_list->count;
	return r;
}

static int must_change(int r, int64_t changes, const char *id, const char *what, struct error *err)
{
	if (r == 0 && changes == 0)
		return error_set(err, ERROR_CONFLICT, EPROTO, "sandbox %s cannot %s: it is unknown or in another state",
				 id, what);
	return r;
}

int sandboxes_starting(struct store *store, const char *id, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err,
			   "UPDATE sandboxes SET state = 'starting' WHERE id = ? AND state = 'queued'", "s", id);

	return must_change(r, changes, id, "start", err);
}

int sandboxes_running(struct store *store, const char *id, int64_t now_ms, int64_t expires_ms, int64_t start_us,
		      struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err,
			   "UPDATE sandboxes SET state = 'running', started_ms = ?, expires_ms = ?, start_us = ? "
			   "WHERE id = ? AND state = 'starting'",
			   "iiis", now_ms, expires_ms, start_us, id);

	return must_change(r, changes, id, "run", err);
}

struct ending {
	const char *id;
	const char *reason;
	int exit_code;
	const char *detail;
	int64_t now_ms;
};

/* A minute counts for the project on the day on which the sandbox started. */
static int count_time(struct db *db, const struct ending *ending, struct error *err)
{
	struct statistics_counts counts = {0};
	int64_t project = 0, started_ms = 0;
	struct statement *s;
	int r = db_query(db, &s, err, "SELECT project, started_ms FROM sandboxes WHERE id = ?", "s", ending->id);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0) {
		project = statement_integer(s, 0);
		started_ms = statement_integer(s, 1);
	}
	statement_done(s);
	if (r < 0)
		return r;
	if (started_ms > 0 && ending->now_ms > started_ms)
		counts.used_ms = ending->now_ms - started_ms;
	return statistics_add(db, project, started_ms, &counts, err);
}

static int end(struct db *db, void *data, struct error *err)
{
	const struct ending *ending = data;
	int64_t changes = 0;
	int r = db_execute(db, &changes, err,
			   "UPDATE sandboxes SET state = 'ended', open_person = NULL, reason = ?, exit_code = ?, "
			   "detail = ?, ended_ms = ?, "
			   "terminals = 0 WHERE id = ? AND state <> 'ended'",
			   "sisis", ending->reason, (int64_t)ending->exit_code, ending->detail, ending->now_ms,
			   ending->id);

	r = must_change(r, changes, ending->id, "end", err);
	return r == 0 ? count_time(db, ending, err) : r;
}

int sandboxes_end(struct store *store, const char *id, const char *reason, int exit_code, const char *detail,
		  int64_t now_ms, struct error *err)
{
	struct ending ending = {
		.id = id, .reason = reason, .exit_code = exit_code, .detail = detail, .now_ms = now_ms};

	return db_transaction(store->db, end, &ending, err);
}

int sandboxes_set_expiry(struct store *store, const char *id, int64_t expires_ms, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err,
			   "UPDATE sandboxes SET expires_ms = ? WHERE id = ? AND state <> 'ended'", "is", expires_ms,
			   id);

	return must_change(r, changes, id, "be extended", err);
}

int sandboxes_set_terminals(struct store *store, const char *id, unsigned terminals, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err,
			   "UPDATE sandboxes SET terminals = ? WHERE id = ? AND state <> 'ended'", "is",
			   (int64_t)terminals, id);

	return must_change(r, changes, id, "have terminals", err);
}

int sandboxes_forget(struct store *store, const char *person, const char *id, struct error *err)
{
	int64_t changes = 0, known = 0;
	int r = db_execute(store->db, &changes, err,
			   "DELETE FROM sandboxes WHERE id = ? AND person = ? AND state = 'ended'", "ss", id, person);

	if (r < 0 || changes > 0)
		return r;
	r = db_number(store->db, 0, &known, err, "SELECT COUNT(*) FROM sandboxes WHERE id = ? AND person = ?", "ss", id,
		      person);
	if (r < 0)
		return r;
	if (known > 0)
		return error_set(err, ERROR_CONFLICT, EBUSY, "the sandbox has not ended; end it first");
	return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such sandbox of yours");
}

int sandboxes_forget_ended(struct store *store, const char *person, int64_t *ret_count, struct error *err)
{
	return db_execute(store->db, ret_count, err, "DELETE FROM sandboxes WHERE person = ? AND state = 'ended'", "s",
			  person);
}

int sandboxes_position(struct store *store, const char *id, int64_t *ret_position, struct error *err)
{
	return db_number(store->db, 0, ret_position, err,
			 "SELECT COUNT(*) FROM sandboxes a JOIN sandboxes b ON b.id = ? WHERE b.state = 'queued' AND "
			 "a.state = 'queued' AND "
			 "(a.created_ms < b.created_ms OR (a.created_ms = b.created_ms AND a.id <= b.id))",
			 "s", id);
}

int sandboxes_count(struct store *store, struct sandbox_counts *ret_counts, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 "SELECT state, COUNT(*) FROM sandboxes WHERE open_person IS NOT NULL GROUP BY state", "");

	memset(ret_counts, 0, sizeof(*ret_counts));
	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		const char *state = statement_text(s, 0);
		int64_t n = statement_integer(s, 1);

		if (strcmp(state, "queued") == 0)
			ret_counts->queued = n;
		else if (strcmp(state, "starting") == 0)
			ret_counts->starting = n;
		else
			ret_counts->running = n;
	}
	statement_done(s);
	return r;
}
