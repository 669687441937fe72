#include "store/tries.h"

#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "core/trending.h"
#include "store/statistics.h"

struct count {
	int64_t project;
	const char *person;
	int64_t now_ms;
	bool counted;
};

static int count_try(struct db *db, void *data, struct error *err)
{
	struct count *c = data;
	struct statement *s;
	double trend = 0;
	int64_t known;
	int r = db_number(db, 0, &known, err, "SELECT COUNT(*) FROM tries WHERE project = ? AND day = ? AND person = ?",
			  "iis", c->project, c->now_ms / STATISTICS_DAY_MS, c->person);

	c->counted = r == 0 && known == 0;
	if (r == 0)
		r = statistics_add(db, c->project, c->now_ms,
				   &(struct statistics_counts){.tries = 1, .visitors = c->counted}, err);
	if (r < 0 || !c->counted)
		return r;
	r = db_query(db, &s, err, "SELECT trend FROM projects WHERE id = ?", "i", c->project);
	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0)
		trend = statement_real(s, 0);
	statement_done(s);
	if (r == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such project");
	if (r < 0)
		return r;
	r = db_execute(db, NULL, err, "INSERT INTO tries (project, day, person, at_ms) VALUES (?, ?, ?, ?)", "iisi",
		       c->project, c->now_ms / STATISTICS_DAY_MS, c->person, c->now_ms);
	if (r < 0)
		return r;
	return db_execute(db, NULL, err, "UPDATE projects SET tries = tries + 1, trend = ? WHERE id = ?", "fi",
			  trending_add(trend, c->now_ms), c->project);
}

int tries_count(struct store *store, int64_t project, const char *person, int64_t now_ms, bool *ret_counted,
		struct error *err)
{
	struct count c = {.project = project, .person = person, .now_ms = now_ms};
	int r = db_transaction(store->db, count_try, &c, err);

	if (r == 0 && ret_counted != NULL)
		*ret_counted = c.counted;
	return r;
}

int tries_by_category(struct store *store, const char *person, int64_t since_ms, struct category_tries **ret_tries,
		      size_t *ret_count, struct error *err)
{
	struct category_tries *tries = NULL;
	size_t count = 0;
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 "SELECT p.category, COUNT(*) FROM sandboxes s JOIN projects p ON p.id = s.project WHERE s.person = ? "
			 "AND s.created_ms >= ? AND s.started_ms IS NOT NULL "
			 "GROUP BY p.category ORDER BY COUNT(*) DESC, p.category",
			 "si", person, since_ms);

	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		tries = xrealloc(tries, (count + 1) * sizeof(*tries));
		tries[count].category = statement_text_copy(s, 0);
		tries[count++].tries = statement_integer(s, 1);
	}
	statement_done(s);
	if (r < 0) {
		category_tries_free(tries, count);
		return r;
	}
	*ret_tries = tries;
	*ret_count = count;
	return 0;
}

void category_tries_free(struct category_tries *tries, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(tries[i].category);
	free(tries);
}
