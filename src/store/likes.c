#include "store/likes.h"

#include <errno.h>
#include <stdlib.h>

#include "base/util.h"
#include "store/statistics.h"

struct like {
	int64_t project;
	int64_t user;
	int64_t now_ms;
	bool known; /* nothing to do: it was so already */
};

/* First of all in each transaction: the project's row is locked from here on, so that two likes at once neither count
 * wrongly nor wait for each other in a circle. */
static int count(struct db *db, int64_t project, int64_t more, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(db, &changes, err, "UPDATE projects SET likes = likes + ? WHERE id = ?", "ii", more,
			   project);

	if (r == 0 && changes == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such project");
	return r;
}

static int add(struct db *db, void *data, struct error *err)
{
	struct like *like = data;
	int r = count(db, like->project, 1, err);

	if (r < 0)
		return r;
	r = db_execute(db, NULL, err, "INSERT INTO likes (project, user, at_ms) VALUES (?, ?, ?)", "iii", like->project,
		       like->user, like->now_ms);
	like->known = r == -EEXIST;
	if (r < 0)
		return r; /* rolled back, the count too */
	return statistics_add(db, like->project, like->now_ms, &(struct statistics_counts){.likes = 1}, err);
}

static int remove_like(struct db *db, void *data, struct error *err)
{
	struct like *like = data;
	int64_t at_ms = -1;
	int r = count(db, like->project, -1, err);

	if (r == 0)
		r = db_number(db, -1, &at_ms, err, "SELECT at_ms FROM likes WHERE project = ? AND user = ?", "ii",
			      like->project, like->user);
	if (r < 0)
		return r;
	like->known = at_ms < 0;
	if (like->known)
		return -ENOENT; /* rolled back */
	r = db_execute(db, NULL, err, "DELETE FROM likes WHERE project = ? AND user = ?", "ii", like->project,
		       like->user);
	if (r < 0)
		return r;
	return statistics_add(db, like->project, at_ms, &(struct statistics_counts){.likes = -1}, err);
}

static int change(struct store *store, struct like *like, int (*body)(struct db *db, void *data, struct error *err),
		  int64_t *ret_likes, struct error *err)
{
	bool liked = false;
	int r = db_transaction(store->db, body, like, err);

	if (r < 0 && !like->known)
		return r;
	return likes_get(store, like->project, like->user, &liked, ret_likes, err);
}

int likes_add(struct store *store, int64_t project, int64_t user, int64_t now_ms, int64_t *ret_likes, struct error *err)
{
	struct like like = {.project = project, .user = user, .now_ms = now_ms};

	return change(store, &like, add, ret_likes, err);
}

int likes_remove(struct store *store, int64_t project, int64_t user, int64_t *ret_likes, struct error *err)
{
	struct like like = {.project = project, .user = user};

	return change(store, &like, remove_like, ret_likes, err);
}

int likes_get(struct store *store, int64_t project, int64_t user, bool *ret_liked, int64_t *ret_likes,
	      struct error *err)
{
	struct statement *s = NULL;
	int r = db_query(
		store->db, &s, err,
		"SELECT p.likes, (SELECT COUNT(*) FROM likes l WHERE l.project = p.id AND l.user = ?) FROM projects p "
		"WHERE p.id = ?",
		"ii", user, project);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0) {
		*ret_likes = statement_integer(s, 0);
		*ret_liked = statement_integer(s, 1) > 0;
	}
	statement_done(s);
	if (r == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such project");
	return r < 0 ? r : 0;
}

#define FROM_LIKES                                                                                                     \
	" FROM likes l JOIN projects p ON p.id = l.project WHERE l.user = ? AND p.deleted_ms IS NULL AND (p.visibility <> 'hidden' OR p.owner " \
	"= ?) "

int likes_list(struct store *store, int64_t user, const char *username, struct page page, int64_t **ret_projects,
	       size_t *ret_count, int64_t *ret_total, struct error *err)
{
	struct statement *s = NULL;
	int64_t *projects;
	size_t count = 0;
	int r = db_number(store->db, 0, ret_total, err, "SELECT COUNT(*)" FROM_LIKES, "is", user, username);

	if (r == 0)
		r = db_query(store->db, &s, err,
			     "SELECT l.project" FROM_LIKES "ORDER BY l.at_ms DESC, l.project LIMIT ? OFFSET ?", "isii",
			     user, username, (int64_t)page.per_page, page_offset(page));
	if (r < 0)
		return r;
	projects = xcalloc(page.per_page, sizeof(*projects));
	while (count < page.per_page && (r = statement_step(s, err)) > 0)
		projects[count++] = statement_integer(s, 0);
	statement_done(s);
	if (r < 0) {
		free(projects);
		return r;
	}
	*ret_projects = projects;
	*ret_count = count;
	return 0;
}
