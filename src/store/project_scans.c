#include "store/projects.h"

/* Each query names an index's column and the key only, so that neither database touches the rows with their READMEs. */

int projects_each_updated(struct store *store, void (*each)(int64_t id, int64_t updated_ms, void *data), void *data,
			  struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, "SELECT id, updated_ms FROM projects", "");

	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0)
		each(statement_integer(s, 0), statement_integer(s, 1), data);
	statement_done(s);
	return r;
}

int projects_each_likes(struct store *store, void (*each)(int64_t id, int64_t likes, void *data), void *data,
			struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, "SELECT id, likes FROM projects", "");

	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0)
		each(statement_integer(s, 0), statement_integer(s, 1), data);
	statement_done(s);
	return r;
}

int projects_each_trend(struct store *store, void (*each)(int64_t id, double trend, void *data), void *data,
			struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, "SELECT id, trend FROM projects", "");

	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0)
		each(statement_integer(s, 0), statement_real(s, 1), data);
	statement_done(s);
	return r;
}
