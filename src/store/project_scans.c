#include "store/projects.h"

/* Each query names an index's column and the key only, so that neither database touches the rows with their READMEs. */

struct scan {
	void (*number)(int64_t id, int64_t value, void *data); /* one of both */
	void (*real)(int64_t id, double value, void *data);
	void *data;
};

static int scan(struct store *store, const char *sql, const struct scan *scan, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, sql, "");

	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		if (scan->number != NULL)
			scan->number(statement_integer(s, 0), statement_integer(s, 1), scan->data);
		else
			scan->real(statement_integer(s, 0), statement_real(s, 1), scan->data);
	}
	statement_done(s);
	return r;
}

int projects_each_updated(struct store *store, void (*each)(int64_t id, int64_t updated_ms, void *data), void *data,
			  struct error *err)
{
	return scan(store, "SELECT id, updated_ms FROM projects", &(struct scan){.number = each, .data = data}, err);
}

int projects_each_likes(struct store *store, void (*each)(int64_t id, int64_t likes, void *data), void *data,
			struct error *err)
{
	return scan(store, "SELECT id, likes FROM projects", &(struct scan){.number = each, .data = data}, err);
}

int projects_each_trend(struct store *store, void (*each)(int64_t id, double trend, void *data), void *data,
			struct error *err)
{
	return scan(store, "SELECT id, trend FROM projects", &(struct scan){.real = each, .data = data}, err);
}
