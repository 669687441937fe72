#include "store/publish.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "base/util.h"

#define DAY_MS (INT64_C(86400) * 1000)

/* Open ones belong to nobody's count twice: those of the day include those that wait. */
#define BUILDS_OF_DAY "FROM builds WHERE author = ? AND created_ms > ?"

static int count(struct db *db, const char *author, int64_t now_ms, struct publish_usage *usage, struct error *err)
{
	int r = db_number(db, 0, &usage->builds, err, "SELECT COUNT(*) " BUILDS_OF_DAY, "si", author, now_ms - DAY_MS);

	if (r == 0)
		r = db_number(db, 0, &usage->queued, err, "SELECT COUNT(*) FROM builds WHERE author = ? AND state = 'queued'", "s", author);
	if (r == 0)
		r = db_number(db, 0, &usage->projects, err, "SELECT COUNT(*) FROM projects WHERE owner = ?", "s", author);
	return r;
}

int publish_usage(struct store *store, const char *author, int64_t now_ms, struct publish_usage *ret_usage, struct error *err)
{
	return count(store->db, author, now_ms, ret_usage, err);
}

struct publishing {
	const struct publish_order *order;
	const struct publish_limits *limits;
	int64_t now_ms;
	struct publish_result *result;
};

/* The oldest of the day makes room. */
static int refuse_builds(struct db *db, struct publishing *p, struct error *err)
{
	char until[CLOCK_RFC3339_SIZE];
	int64_t oldest;
	int r = db_number(db, p->now_ms, &oldest, err, "SELECT MIN(created_ms) " BUILDS_OF_DAY, "si", p->order->author, p->now_ms - DAY_MS);

	if (r < 0)
		return r;
	p->result->refusal = PUBLISH_MANY_BUILDS;
	p->result->until_ms = oldest + DAY_MS;
	clock_rfc3339(p->result->until_ms, until);
	return error_set(err, ERROR_RATE_LIMITED, EDQUOT, "there may be %u builds a day; the next one is possible at %s", p->limits->builds,
			 until);
}

static int check_limits(struct db *db, struct publishing *p, struct error *err)
{
	const struct publish_limits *limits = p->limits;
	struct publish_usage usage;
	int r;

	if (limits == NULL)
		return 0;
	r = count(db, p->order->author, p->now_ms, &usage, err);
	if (r < 0)
		return r;
	if (p->order->about != NULL && limits->projects > 0 && usage.projects >= limits->projects) {
		p->result->refusal = PUBLISH_MANY_PROJECTS;
		return error_set(err, ERROR_RATE_LIMITED, EDQUOT,
				 "there may be %u projects of one author, and deleted ones count for a week; delete one first", limits->projects);
	}
	if (limits->queued > 0 && usage.queued >= limits->queued) {
		p->result->refusal = PUBLISH_MANY_QUEUED;
		return error_set(err, ERROR_RATE_LIMITED, EDQUOT, "%u of your builds wait already; wait until one has begun, or cancel one",
				 limits->queued);
	}
	return limits->builds > 0 && usage.builds >= limits->builds ? refuse_builds(db, p, err) : 0;
}

/* Everybody's next build stands behind the first ones of those who wait since (start-time fair queueing): whoever brings fifty
 * holds up nobody who brings one. */
static int find_turn(struct db *db, const char *author, int64_t *ret_turn, struct error *err)
{
	int64_t now, own;
	int r = db_number(db, 0, &now, err,
			  "SELECT MAX(turn) FROM (SELECT MAX(turn) AS turn FROM builds WHERE state = 'running' UNION ALL "
			  "SELECT MAX(turn) AS turn FROM builds WHERE state = 'succeeded' UNION ALL "
			  "SELECT MAX(turn) AS turn FROM builds WHERE state = 'failed') AS begun",
			  "");

	if (r == 0)
		r = db_number(db, -1, &own, err, "SELECT MAX(turn) FROM builds WHERE state = 'queued' AND author = ?", "s", author);
	if (r == 0)
		*ret_turn = own + 1 > now ? own + 1 : now;
	return r;
}

static int must_be_closed(struct db *db, struct publishing *p, struct error *err)
{
	struct statement *s;
	int r = db_query(db, &s, err, "SELECT id FROM builds WHERE open_project = ?", "i", p->result->project);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0) {
		p->result->refusal = PUBLISH_BUILDING;
		strcpy(p->result->build, statement_text(s, 0));
		r = error_set(err, ERROR_CONFLICT, EBUSY, "a build of this project waits or runs already; cancel it or wait for its end");
	}
	statement_done(s);
	return r;
}

static int insert_build(struct db *db, struct publishing *p, struct error *err)
{
	const struct publish_order *o = p->order;
	struct publish_result *result = p->result;
	int64_t turn, changes = 0;
	int r = find_turn(db, o->author, &turn, err);

	if (r < 0)
		return r;
	random_id(result->build, STORE_ID_LENGTH);
	r = db_execute(db, &changes, err,
		       "UPDATE projects SET last_build = ?, updated_ms = ?, state = CASE WHEN current_version IS NULL THEN 'building' ELSE state END "
		       "WHERE id = ? AND deleted_ms IS NULL",
		       "sii", result->build, p->now_ms, result->project);
	if (r == 0 && changes == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such project");
	if (r == 0)
		r = db_execute(db, NULL, err,
			       "INSERT INTO builds (id, project, open_project, state, kind, author, priority, turn, digest, source_kind, source, "
			       "dockerfile, version, created_ms) VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
			       "siissiisssssi", result->build, result->project, result->project, o->kind, o->author, (int64_t)o->priority, turn,
			       o->digest, o->source_kind, o->source, o->dockerfile, o->version, p->now_ms);
	return r;
}

static int insert_project(struct db *db, struct publishing *p, struct error *err)
{
	const struct project *about = p->order->about;
	int r = projects_insert(db, about, p->now_ms, &p->result->project, err);

	if (r == -EEXIST) {
		p->result->refusal = PUBLISH_NAME_TAKEN;
		return error_set(err, ERROR_CONFLICT, EEXIST, "there is a project %s/%s already; choose another name, or publish a version of it",
				 about->owner, about->name);
	}
	return r;
}

/* And what no source names any more goes. */
static int keep_login(struct db *db, struct publishing *p, struct error *err)
{
	const struct publish_login *login = p->order->login;
	struct login_row row;
	int r = 0;

	if (login != NULL) {
		row = login->row;
		row.secret = (struct buf)BUF_INIT;
		r = login->seal(login->data, p->result->project, &row.secret, err);
		if (r == 0)
			r = logins_insert(db, p->result->project, &row, p->now_ms, err);
		buf_fini(&row.secret);
	}
	return r == 0 ? logins_prune(db, p->result->project, err) : r;
}

static int run(struct db *db, void *data, struct error *err)
{
	struct publishing *p = data;
	int r;

	*p->result = (struct publish_result){.project = p->order->project};
	r = check_limits(db, p, err);
	if (r == 0)
		r = p->order->about != NULL ? insert_project(db, p, err) : must_be_closed(db, p, err);
	if (r == 0)
		r = insert_build(db, p, err);
	if (r == 0)
		r = keep_login(db, p, err);
	if (r == 0 && p->order->about != NULL) /* what is built is what the project is */
		r = db_execute(db, NULL, err, "UPDATE projects SET built_digest = digest WHERE id = ?", "i", p->result->project);
	return r;
}

int publish(struct store *store, const struct publish_order *order, const struct publish_limits *limits, int64_t now_ms,
	    struct publish_result *ret_result, struct error *err)
{
	struct publishing p = {.order = order, .limits = limits, .now_ms = now_ms, .result = ret_result};

	return db_transaction(store->db, run, &p, err);
}
