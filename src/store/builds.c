#include "store/builds.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"
#include "store/pattern.h"

#define TYPICAL_MS   60000 /* what a build takes before any has been seen */
#define LATELY       20    /* builds that the estimate looks at */

static const char *const stage_names[BUILD_STAGES] = {"queued", "base", "build", "push", "unpack", "smoke"};

#define BUILD_COLUMNS                                                                                                  \
	"SELECT b.id, b.project, p.owner, p.name, b.state, b.stage, b.error, b.priority, b.attempts, b.created_ms, "   \
	"b.started_ms, "                                                                                               \
	"b.ended_ms, b.kind, b.author, b.version, b.digest, b.log_bytes, b.failed_line, b.smoke_exit, b.smoke_output, b.turn"
#define FROM_BUILDS   " FROM builds b JOIN projects p ON p.id = b.project "
#define SELECT_BUILD  BUILD_COLUMNS ", NULL, NULL, NULL" FROM_BUILDS
#define SELECT_SOURCE BUILD_COLUMNS ", b.source_kind, b.source, b.dockerfile" FROM_BUILDS

void build_fini(struct build *build)
{
	free(build->id);
	free(build->full_name);
	free(build->state);
	free(build->stage);
	free(build->error);
	free(build->kind);
	free(build->author);
	free(build->version);
	free(build->digest);
	free(build->smoke_output);
	free(build->source_kind);
	free(build->source);
	free(build->dockerfile);
	memset(build, 0, sizeof(*build));
}

static void read_build(const struct statement *s, struct build *b)
{
	memset(b, 0, sizeof(*b));
	b->id = statement_text_copy(s, 0);
	b->project = statement_integer(s, 1);
	b->full_name = xasprintf("%s/%s", statement_text(s, 2), statement_text(s, 3));
	b->state = statement_text_copy(s, 4);
	b->stage = statement_text_copy(s, 5);
	b->error = statement_text_copy(s, 6);
	b->priority = (int)statement_integer(s, 7);
	b->attempts = (unsigned)statement_integer(s, 8);
	b->created_ms = statement_integer(s, 9);
	b->started_ms = statement_integer(s, 10);
	b->ended_ms = statement_integer(s, 11);
	b->kind = statement_text_copy(s, 12);
	b->author = statement_text_copy(s, 13);
	b->version = statement_text_copy(s, 14);
	b->digest = statement_text_copy(s, 15);
	b->log_bytes = statement_integer(s, 16);
	b->failed_line = statement_integer(s, 17);
	b->smoke_exit = statement_is_null(s, 18) ? -1 : (int)statement_integer(s, 18);
	b->smoke_output = statement_text_copy(s, 19);
	b->turn = statement_integer(s, 20);
	b->source_kind = statement_text_copy(s, 21);
	b->source = statement_text_copy(s, 22);
	b->dockerfile = statement_text_copy(s, 23);
}

static int not_found(struct error *err, const char *id)
{
	return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no build %s", id);
}

/* Takes the statement. 1, 0: no row, or an error. */
static int read_one(struct statement *s, struct build *ret_build, struct error *err)
{
	int r = statement_step(s, err);

	if (r > 0)
		read_build(s, ret_build);
	statement_done(s);
	return r;
}

struct enqueue {
	int64_t project;
	int priority;
	int64_t now_ms;
	char *id;
	bool is_new;
};

static int raise_priority(struct db *db, const char *id, int priority, struct error *err)
{
	return db_execute(db, NULL, err,
			  "UPDATE builds SET priority = ? WHERE id = ? AND state = 'queued' AND priority < ?", "isi",
			  (int64_t)priority, id, (int64_t)priority);
}

static int insert(struct db *db, const struct enqueue *e, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(db, &changes, err,
			   "UPDATE projects SET last_build = ?, built_digest = digest, "
			   "state = CASE WHEN current_version IS NULL THEN 'building' ELSE state END WHERE id = ?",
			   "si", e->id, e->project);

	if (r < 0)
		return r;
	if (changes == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such project");
	return db_execute(db, NULL, err,
			  "INSERT INTO builds (id, project, open_project, state, kind, priority, created_ms) SELECT ?, id, id, 'queued', "
			  "CASE WHEN current_version IS NULL THEN 'publish' ELSE 'rebuild' END, ?, ? FROM projects WHERE id = ?",
			  "siii", e->id, (int64_t)e->priority, e->now_ms, e->project);
}

static int enqueue(struct db *db, void *data, struct error *err)
{
	struct enqueue *e = data;
	struct statement *s;
	int r = db_query(db, &s, err, "SELECT id FROM builds WHERE open_project = ?", "i", e->project);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	e->is_new = r == 0;
	if (r > 0)
		strcpy(e->id, statement_text(s, 0));
	statement_done(s);
	if (r < 0)
		return r;
	if (!e->is_new)
		return raise_priority(db, e->id, e->priority, err);
	random_id(e->id, STORE_ID_LENGTH);
	return insert(db, e, err);
}

int builds_enqueue(struct store *store, int64_t project, int priority, int64_t now_ms, char *ret_id, bool *ret_new,
		   struct error *err)
{
	struct enqueue e = {.project = project, .priority = priority, .now_ms = now_ms, .id = ret_id};
	int r = db_transaction(store->db, enqueue, &e, err);

	if (r == 0 && ret_new != NULL)
		*ret_new = e.is_new;
	return r;
}

static int open_stage(struct db *db, const char *id, const char *stage, int64_t now_ms, struct error *err)
{
	int r = db_execute(db, NULL, err, "UPDATE build_stages SET ended_ms = ? WHERE build = ? AND ended_ms IS NULL",
			   "is", now_ms, id);

	/* A build that is tried again goes through its stages again. */
	if (r == 0)
		r = db_execute(db, NULL, err, "DELETE FROM build_stages WHERE build = ? AND name = ?", "ss", id, stage);
	if (r == 0)
		r = db_execute(db, NULL, err, "INSERT INTO build_stages (build, name, started_ms) VALUES (?, ?, ?)",
			       "ssi", id, stage, now_ms);
	if (r == 0)
		r = db_execute(db, NULL, err, "UPDATE builds SET stage = ? WHERE id = ?", "ss", stage, id);
	return r;
}

struct claim {
	const char *node;
	int64_t now_ms;
	struct build *build;
	bool found;
};

/* What is built is what the project is now, not what it was when it was queued. */
static int follow_project(struct db *db, const struct build *build, struct error *err)
{
	int r = db_execute(db, NULL, err, "UPDATE projects SET built_digest = digest WHERE id = ?", "i", build->project);

	if (r < 0)
		return r;
	return db_execute(db, NULL, err, "UPDATE builds SET digest = (SELECT digest FROM projects WHERE id = ?) WHERE id = ?", "is",
			  build->project, build->id);
}

static int claim(struct db *db, void *data, struct error *err)
{
	struct claim *c = data;
	struct statement *s;
	int r;

	build_fini(c->build); /* of a run of this transaction that was rolled back */
	c->found = false;
	r = db_query(db, &s, err,
		     SELECT_SOURCE "WHERE b.state = 'queued' ORDER BY b.priority DESC, b.turn, b.created_ms, b.id LIMIT 1", "");
	if (r == 0)
		r = read_one(s, c->build, err);
	if (r <= 0)
		return r;
	c->found = true;
	if (c->build->digest == NULL)
		r = follow_project(db, c->build, err);
	if (r < 0)
		return r;
	r = db_execute(db, NULL, err,
		       "UPDATE builds SET state = 'running', node = ?, started_ms = ?, attempts = attempts + 1 WHERE id = ?",
		       "sis", c->node, c->now_ms, c->build->id);
	if (r == 0)
		r = open_stage(db, c->build->id, "base", c->now_ms, err);
	if (r < 0)
		return r;
	free(c->build->state);
	free(c->build->stage);
	c->build->state = xstrdup("running");
	c->build->stage = xstrdup("base");
	c->build->attempts++;
	c->build->started_ms = c->now_ms;
	return 0;
}

int builds_claim(struct store *store, const char *node, int64_t now_ms, struct build *ret_build, struct error *err)
{
	struct claim c = {.node = node, .now_ms = now_ms, .build = ret_build};
	int r;

	memset(ret_build, 0, sizeof(*ret_build));
	r = db_transaction(store->db, claim, &c, err);
	if (r < 0) {
		build_fini(ret_build);
		return r;
	}
	return c.found;
}

/* What a build takes, from those that succeeded lately, milliseconds. */
static int typical(struct store *store, int64_t *ret_ms, struct error *err)
{
	return db_number(
		store->db, TYPICAL_MS, ret_ms, err,
		"SELECT AVG(took) FROM (SELECT ended_ms - started_ms AS took FROM builds WHERE state = 'succeeded' "
		"ORDER BY ended_ms DESC LIMIT ?) AS lately",
		"i", (int64_t)LATELY);
}

/* What the running ones together still need, and how many run. */
static int running_left(struct store *store, int64_t typical_ms, int64_t now_ms, int64_t *ret_left_ms,
			int64_t *ret_count, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, "SELECT started_ms FROM builds WHERE state = 'running'", "");

	*ret_left_ms = 0;
	*ret_count = 0;
	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		int64_t left = typical_ms - (now_ms - statement_integer(s, 0));

		*ret_left_ms += left > 1000 ? left : 1000;
		++*ret_count;
	}
	statement_done(s);
	return r;
}

/* Those that wait in front of it, and itself: three ranges of the index builds_queue, as one condition would look at all that wait. */
static int count_before(struct store *store, const struct build *b, int64_t *ret_count, struct error *err)
{
	return db_number(store->db, 0, ret_count, err,
			 "SELECT (SELECT COUNT(*) FROM builds WHERE state = 'queued' AND priority > ?) + "
			 "(SELECT COUNT(*) FROM builds WHERE state = 'queued' AND priority = ? AND turn < ?) + "
			 "(SELECT COUNT(*) FROM builds WHERE state = 'queued' AND priority = ? AND turn = ? AND "
			 "(created_ms < ? OR (created_ms = ? AND id <= ?)))",
			 "iiiiiiis", (int64_t)b->priority, (int64_t)b->priority, b->turn, (int64_t)b->priority, b->turn, b->created_ms, b->created_ms,
			 b->id);
}

static int estimate(struct store *store, struct build *b, int64_t now_ms, struct error *err)
{
	int64_t typical_ms = TYPICAL_MS;
	int64_t left_ms = 0;
	int64_t running = 0;
	int r;

	if (strcmp(b->state, "queued") != 0 && strcmp(b->state, "running") != 0)
		return 0;
	r = typical(store, &typical_ms, err);
	if (r < 0)
		return r;
	if (strcmp(b->state, "running") == 0) {
		int64_t left = typical_ms - (now_ms - b->started_ms);

		b->eta_seconds = left > 1000 ? (left + 999) / 1000 : 1;
		return 0;
	}
	r = count_before(store, b, &b->position, err);
	if (r == 0)
		r = running_left(store, typical_ms, now_ms, &left_ms, &running, err);
	if (r < 0)
		return r;
	/* As many at a time as run now. */
	b->eta_seconds = ((left_ms + b->position * typical_ms) / (running > 0 ? running : 1) + 999) / 1000;
	return 0;
}

int builds_waiting(struct store *store, int64_t now_ms, int64_t *ret_waiting, int64_t *ret_eta_seconds, struct error *err)
{
	int64_t typical_ms = TYPICAL_MS;
	int64_t left_ms = 0;
	int64_t running = 0;
	int r = typical(store, &typical_ms, err);

	if (r == 0)
		r = running_left(store, typical_ms, now_ms, &left_ms, &running, err);
	if (r == 0)
		r = db_number(store->db, 0, ret_waiting, err, "SELECT COUNT(*) FROM builds WHERE state = 'queued'", "");
	if (r == 0)
		*ret_eta_seconds = ((left_ms + (*ret_waiting + 1) * typical_ms) / (running > 0 ? running : 1) + 999) / 1000;
	return r;
}

int builds_get_source(struct store *store, const char *id, struct build *ret_build, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, SELECT_SOURCE "WHERE b.id = ?", "s", id);

	if (r == 0)
		r = read_one(s, ret_build, err);
	if (r == 0)
		return not_found(err, id);
	return r < 0 ? r : 0;
}

/* Without an estimate. */
static int get_row(struct store *store, const char *id, struct build *ret_build, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, SELECT_BUILD "WHERE b.id = ?", "s", id);

	if (r == 0)
		r = read_one(s, ret_build, err);
	if (r == 0)
		return not_found(err, id);
	return r < 0 ? r : 0;
}

int builds_get(struct store *store, const char *id, int64_t now_ms, struct build *ret_build, struct error *err)
{
	int r = get_row(store, id, ret_build, err);

	if (r < 0)
		return r;
	r = estimate(store, ret_build, now_ms, err);
	if (r < 0)
		build_fini(ret_build);
	return r;
}

static void fill_stage(struct build_stage *stage, int64_t started_ms, int64_t ended_ms, int64_t now_ms, bool failed)
{
	int64_t end = ended_ms > 0 ? ended_ms : now_ms;

	strcpy(stage->state, failed ? "failed" : ended_ms > 0 ? "done" : "running");
	stage->seconds = end > started_ms ? (double)(end - started_ms) / 1000.0 : 0;
}

int builds_stages(struct store *store, const char *id, int64_t now_ms, struct build_stage *out, struct error *err)
{
	struct statement *s;
	struct build b;
	bool passed = false;
	bool failed;
	int r = get_row(store, id, &b, err);

	if (r < 0)
		return r;
	failed = strcmp(b.state, "failed") == 0 || strcmp(b.state, "cancelled") == 0;
	for (size_t i = 0; i < BUILD_STAGES; i++) {
		out[i] = (struct build_stage){.state = "waiting"};
		strcpy(out[i].name, stage_names[i]);
	}
	fill_stage(&out[0], b.created_ms, b.started_ms > 0 ? b.started_ms : b.ended_ms, now_ms,
		   failed && b.started_ms == 0);
	r = db_query(store->db, &s, err, "SELECT name, started_ms, ended_ms FROM build_stages WHERE build = ?", "s",
		     id);
	while (r == 0 && (r = statement_step(s, err)) > 0) {
		for (size_t i = 0; i < BUILD_STAGES; i++)
			if (strcmp(stage_names[i], statement_text(s, 0)) == 0)
				fill_stage(&out[i], statement_integer(s, 1), statement_integer(s, 2), now_ms,
					   failed && str_equal(b.stage, stage_names[i]));
		r = 0;
	}
	statement_done(s);
	/* A stage that was not needed counts as done as soon as a later one has begun. */
	for (size_t i = BUILD_STAGES; i-- > 0;) {
		if (strcmp(out[i].state, "waiting") != 0)
			passed = true;
		else if (passed || strcmp(b.state, "succeeded") == 0)
			strcpy(out[i].state, "done");
	}
	build_fini(&b);
	return r < 0 ? r : 0;
}

struct change {
	const char *id;
	const char *state;
	const char *stage;
	const char *error;
	int64_t now_ms;
};

static int set_stage(struct db *db, void *data, struct error *err)
{
	const struct change *c = data;
	int64_t running = 0;
	int r = db_number(db, 0, &running, err, "SELECT COUNT(*) FROM builds WHERE id = ? AND state = 'running'", "s",
			  c->id);

	if (r < 0)
		return r;
	if (running == 0)
		return error_set(err, ERROR_CONFLICT, EPROTO, "build %s is not running", c->id);
	return open_stage(db, c->id, c->stage, c->now_ms, err);
}

int builds_exists(struct store *store, const char *id, bool *ret_exists, struct error *err)
{
	int64_t count = 0;
	int r = db_number(store->db, 0, &count, err, "SELECT COUNT(*) FROM builds WHERE id = ?", "s", id);

	*ret_exists = count > 0;
	return r;
}

int builds_set_stage(struct store *store, const char *id, const char *stage, int64_t now_ms, struct error *err)
{
	struct change c = {.id = id, .stage = stage, .now_ms = now_ms};

	for (size_t i = 0; i < BUILD_STAGES; i++)
		if (strcmp(stage_names[i], stage) == 0)
			return db_transaction(store->db, set_stage, &c, err);
	return error_set(err, ERROR_INVALID, EINVAL, "%s is no stage of a build", stage);
}

/* A project that was changed while it was built is built once more. */
static int build_change(struct db *db, const struct change *c, struct error *err)
{
	char id[STORE_ID_LENGTH + 1];
	struct enqueue e = {.priority = BUILD_PRIORITY_CATALOG, .now_ms = c->now_ms, .id = id};
	int r = db_number(db, 0, &e.project, err,
			  "SELECT p.id FROM projects p JOIN builds b ON b.project = p.id WHERE b.id = ? AND p.digest <> p.built_digest",
			  "s", c->id);

	if (r < 0 || e.project == 0)
		return r;
	random_id(id, STORE_ID_LENGTH);
	return insert(db, &e, err);
}

static int finish(struct db *db, void *data, struct error *err)
{
	const struct change *c = data;
	int64_t changes = 0;
	int r = db_execute(db, &changes, err,
			   "UPDATE builds SET state = ?, error = ?, ended_ms = ?, open_project = NULL WHERE id = ? AND "
			   "state IN ('queued', "
			   "'running')",
			   "ssis", c->state, c->error, c->now_ms, c->id);

	if (r < 0)
		return r;
	if (changes == 0)
		return error_set(err, ERROR_CONFLICT, EALREADY, "build %s is unknown or has ended already", c->id);
	r = db_execute(db, NULL, err, "UPDATE build_stages SET ended_ms = ? WHERE build = ? AND ended_ms IS NULL", "is",
		       c->now_ms, c->id);
	if (r == 0 && strcmp(c->state, "succeeded") != 0)
		r = db_execute(db, NULL, err,
			       "UPDATE projects SET state = 'failed' WHERE current_version IS NULL AND id = (SELECT "
			       "project FROM builds "
			       "WHERE id = ?)",
			       "s", c->id);
	return r == 0 ? build_change(db, c, err) : r;
}

int builds_finish(struct store *store, const char *id, const char *state, const char *error, int64_t now_ms,
		  struct error *err)
{
	struct change c = {.id = id, .state = state, .error = error, .now_ms = now_ms};

	if (strcmp(state, "succeeded") != 0 && strcmp(state, "failed") != 0 && strcmp(state, "cancelled") != 0)
		return error_set(err, ERROR_INVALID, EINVAL, "%s is no end of a build", state);
	return db_transaction(store->db, finish, &c, err);
}

int builds_bump(struct store *store, const char *id, int priority, struct error *err)
{
	int64_t known;
	int r = db_number(store->db, 0, &known, err, "SELECT COUNT(*) FROM builds WHERE id = ?", "s", id);

	if (r == 0 && known == 0)
		return not_found(err, id);
	return r < 0 ? r : raise_priority(store->db, id, priority, err);
}

#define LOST_BUILDS "state = 'running' AND (node = ? OR node NOT IN (SELECT name FROM nodes))"

struct requeue {
	const char *node;
	int64_t now_ms;
	int64_t count;
};

static int requeue(struct db *db, void *data, struct error *err)
{
	struct requeue *q = data;
	struct change c = {.state = "failed",
			   .error = "the server stopped in the middle of it, again and again",
			   .now_ms = q->now_ms};
	struct statement *s;
	int r = db_query(db, &s, err, "SELECT id FROM builds WHERE " LOST_BUILDS " AND attempts >= ?", "si", q->node,
			 (int64_t)BUILD_ATTEMPTS_MAX);

	while (r == 0 && (r = statement_step(s, err)) > 0) {
		c.id = statement_text(s, 0);
		r = finish(db, &c, err);
	}
	statement_done(s);
	if (r < 0)
		return r;
	c = (struct change){.state = "cancelled", .now_ms = q->now_ms};
	r = db_query(db, &s, err, "SELECT id FROM builds WHERE " LOST_BUILDS " AND cancel_ms IS NOT NULL", "s", q->node);
	while (r == 0 && (r = statement_step(s, err)) > 0) {
		c.id = statement_text(s, 0);
		r = finish(db, &c, err);
	}
	statement_done(s);
	if (r < 0)
		return r;
	r = db_execute(db, NULL, err,
		       "DELETE FROM build_stages WHERE build IN (SELECT id FROM builds WHERE " LOST_BUILDS ")", "s", q->node);
	if (r < 0)
		return r;
	return db_execute(db, &q->count, err,
			  "UPDATE builds SET state = 'queued', stage = NULL, started_ms = NULL WHERE cancel_ms IS NULL AND " LOST_BUILDS, "s", q->node);
}

int builds_requeue(struct store *store, const char *node, int64_t now_ms, int64_t *ret_count, struct error *err)
{
	struct requeue q = {.node = node, .now_ms = now_ms};
	int r = db_transaction(store->db, requeue, &q, err);

	if (r == 0)
		*ret_count = q.count;
	return r;
}

int builds_set_source(struct store *store, const char *id, int64_t project, const char *digest, const char *source, const char *dockerfile,
		      struct error *err)
{
	int r = db_execute(store->db, NULL, err, "UPDATE builds SET source = ?, dockerfile = ? WHERE id = ? AND source IS NOT NULL", "sss", source,
			   dockerfile, id);

	if (r == 0)
		r = db_execute(store->db, NULL, err, "UPDATE projects SET source = ?, dockerfile = ? WHERE id = ? AND digest = ?", "ssis", source,
			       dockerfile, project, digest);
	return r;
}

int builds_set_outcome(struct store *store, const char *id, const struct build_outcome *outcome, struct error *err)
{
	const struct db_value values[] = {
		{.type = 'i', .integer = outcome->log_bytes},
		{.type = outcome->failed_line > 0 ? 'i' : 'n', .integer = outcome->failed_line},
		{.type = outcome->smoke_exit >= 0 ? 'i' : 'n', .integer = outcome->smoke_exit},
		{.type = 's', .bytes = outcome->smoke_output},
		{.type = 's', .bytes = id},
	};
	struct statement *s;
	int r = db_query_values(store->db, &s, err,
				"UPDATE builds SET log_bytes = ?, failed_line = ?, smoke_exit = ?, smoke_output = ? WHERE id = ?", values,
				ARRAY_SIZE(values));

	if (r < 0)
		return r;
	r = statement_step(s, err);
	statement_done(s);
	return r < 0 ? r : 0;
}

/* ---- lists ------------------------------------------------------------------------------------------------------------------ */

void builds_free(struct build *builds, size_t count)
{
	for (size_t i = 0; i < count; i++)
		build_fini(&builds[i]);
	free(builds);
}

#define FILTERED \
	"WHERE (? IS NULL OR b.author = ? OR p.owner = ?) AND (? = 0 OR b.project = ?) AND (? IS NULL OR b.state = ?) "                          \
	"AND (? IS NULL OR LOWER(p.owner || '/' || p.name) LIKE ? ESCAPE '!' OR LOWER(b.author) LIKE ? ESCAPE '!') "

int builds_list(struct store *store, const struct build_filter *f, struct build **ret_builds, size_t *ret_count, int64_t *ret_total,
		struct error *err)
{
	auto_free char *like = f->text != NULL ? pattern_containing(f->text) : NULL;
	struct build *builds = NULL;
	size_t count = 0;
	struct statement *s;
	int r = db_number(store->db, 0, ret_total, err, "SELECT COUNT(*)" FROM_BUILDS FILTERED, "sssiisssss", f->author, f->author, f->author,
			  f->project, f->project, f->state, f->state, like, like, like);

	if (r == 0)
		r = db_query(store->db, &s, err, SELECT_BUILD FILTERED "ORDER BY b.created_ms DESC, b.id LIMIT ? OFFSET ?", "sssiisssssii",
			     f->author, f->author, f->author, f->project, f->project, f->state, f->state, like, like, like,
			     (int64_t)f->page.per_page, page_offset(f->page));
	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		builds = xrealloc(builds, (count + 1) * sizeof(*builds));
		read_build(s, &builds[count++]);
	}
	statement_done(s);
	if (r < 0) {
		builds_free(builds, count);
		return r;
	}
	*ret_builds = builds;
	*ret_count = count;
	return 0;
}

/* ---- cancelling ------------------------------------------------------------------------------------------------------------- */

struct cancel {
	struct change change;
	bool running;
};

static int cancel(struct db *db, void *data, struct error *err)
{
	struct cancel *c = data;
	struct statement *s;
	char state[16] = "";
	int r = db_query(db, &s, err, "SELECT state FROM builds WHERE id = ?", "s", c->change.id);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0)
		strncpy(state, statement_text(s, 0), sizeof(state) - 1);
	statement_done(s);
	if (r <= 0)
		return r < 0 ? r : not_found(err, c->change.id);
	c->running = strcmp(state, "running") == 0;
	if (!c->running)
		return finish(db, &c->change, err);
	return db_execute(db, NULL, err, "UPDATE builds SET cancel_ms = ? WHERE id = ? AND cancel_ms IS NULL", "is", c->change.now_ms,
			  c->change.id);
}

int builds_cancel(struct store *store, const char *id, int64_t now_ms, bool *ret_running, struct error *err)
{
	struct cancel c = {.change = {.id = id, .state = "cancelled", .now_ms = now_ms}};
	int r = db_transaction(store->db, cancel, &c, err);

	*ret_running = c.running;
	return r;
}

int builds_cancelled(struct store *store, const char *node, char ***ret_ids, size_t *ret_count, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, "SELECT id FROM builds WHERE state = 'running' AND node = ? AND cancel_ms IS NOT NULL", "s", node);

	*ret_ids = NULL;
	*ret_count = 0;
	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		*ret_ids = xrealloc(*ret_ids, (*ret_count + 1) * sizeof(**ret_ids));
		(*ret_ids)[(*ret_count)++] = statement_text_copy(s, 0);
	}
	statement_done(s);
	return r;
}
