#include "store/statistics.h"

#include <errno.h>
#include <string.h>

static int update(struct db *db, int64_t project, int64_t day, const struct statistics_counts *more,
		  int64_t *ret_changes, struct error *err)
{
	return db_execute(db, ret_changes, err,
			  "UPDATE project_days SET tries = tries + ?, visitors = visitors + ?, used_ms = used_ms + ?, "
			  "likes = CASE WHEN likes + ? < 0 THEN 0 ELSE likes + ? END WHERE project = ? AND day = ?",
			  "iiiiiii", more->tries, more->visitors, more->used_ms, more->likes, more->likes, project,
			  day);
}

int statistics_add(struct db *db, int64_t project, int64_t at_ms, const struct statistics_counts *more,
		   struct error *err)
{
	const int64_t day = at_ms / STATISTICS_DAY_MS;
	int64_t changes = 0;
	int r;

	if (more->tries == 0 && more->visitors == 0 && more->used_ms == 0 && more->likes == 0)
		return 0;
	r = update(db, project, day, more, &changes, err);
	if (r < 0 || changes > 0 || more->likes < 0)
		return r;
	/* From `projects`, so that nothing is left behind of one that is gone. */
	r = db_execute(db, NULL, err,
		       "INSERT INTO project_days (project, day, tries, visitors, used_ms, likes) "
		       "SELECT id, ?, ?, ?, ?, ? FROM projects WHERE id = ?",
		       "iiiiii", day, more->tries, more->visitors, more->used_ms, more->likes, project);
	if (r == -EEXIST) /* another process was faster */
		r = update(db, project, day, more, &changes, err);
	return r;
}

int statistics_get(struct store *store, int64_t project, int64_t now_ms, size_t days, struct statistics_counts *out,
		   struct error *err)
{
	const int64_t first = now_ms / STATISTICS_DAY_MS - (int64_t)days + 1;
	struct statement *s = NULL;
	int r;

	memset(out, 0, days * sizeof(*out));
	r = db_query(store->db, &s, err,
		     "SELECT day, tries, visitors, used_ms, likes FROM project_days WHERE project = ? AND day >= ? AND "
		     "day < ?",
		     "iii", project, first, first + (int64_t)days);
	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0)
		out[statement_integer(s, 0) - first] = (struct statistics_counts){
			.tries = statement_integer(s, 1),
			.visitors = statement_integer(s, 2),
			.used_ms = statement_integer(s, 3),
			.likes = statement_integer(s, 4),
		};
	statement_done(s);
	return r;
}
