#include "store/tries.h"

#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "core/trending.h"

#define DAY_MS (24 * 3600 * INT64_C(1000))

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
			  "iis", c->project, c->now_ms / DAY_MS, c->person);

	c->counted = r == 0 && known == 0;
	if (!c->counted)
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
		       c->project, c->now_ms / DAY_MS, c->person, c->now_ms);
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
			 "SELECT p.category, COUNT(*) FROM tries t JOIN projects p ON p.id = t.project WHERE t.person "
			 "= ? AND t.at_ms >= ? "
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

int tries_projects(struct store *store, const char *person, int64_t since_ms, int64_t **ret_projects, size_t *ret_count,
		   struct error *err)
{
	int64_t *projects = NULL;
	size_t count = 0;
	struct statement *s;
	int r = db_query(store->db, &s, err, "SELECT DISTINCT project FROM tries WHERE person = ? AND at_ms >= ?", "si",
			 person, since_ms);

	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		projects = xrealloc(projects, (count + 1) * sizeof(*projects));
		projects[count++] = statement_integer(s, 0);
	}
	statement_done(s);
	if (r < 0) {
		free(projects);
		return r;
	}
	*ret_projects = projects;
	*ret_count = count;
	return 0;
}
