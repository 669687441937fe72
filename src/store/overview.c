#include "store/overview.h"

#include "store/reports.h"

int overview_get(struct store *store, struct overview *ret_overview, struct error *err)
{
	int r = db_number(store->db, 0, &ret_overview->users, err, "SELECT COUNT(*) FROM users", "");

	if (r == 0)
		r = db_number(store->db, 0, &ret_overview->builds_queued, err,
			      "SELECT COUNT(*) FROM builds WHERE state = 'queued'", "");
	if (r == 0)
		r = db_number(store->db, 0, &ret_overview->builds_running, err,
			      "SELECT COUNT(*) FROM builds WHERE state = 'running'", "");
	if (r == 0)
		r = reports_count_open(store, 0, &ret_overview->reports_open, err);
	return r;
}

int overview_projects_of(struct store *store, const char *username, int64_t *ret_count, struct error *err)
{
	return db_number(store->db, 0, ret_count, err, "SELECT COUNT(*) FROM projects WHERE owner = ? AND deleted_ms IS NULL", "s", username);
}

int overview_name_of(struct store *store, const char *person, char **ret_username, struct error *err)
{
	return db_text(store->db, ret_username, err, "SELECT username FROM users WHERE person = ?", "s", person);
}
