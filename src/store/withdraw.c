/* A person's things change hands, or go. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "store/projects.h"
#include "store/users.h"

#define NOBODY "withdrawn" /* no user can have this name: core/username.h */

/* ---- adoption ---------------------------------------------------------------------------------------------------- */

struct adoption {
	const char *from;
	const char *to;
};

struct try_key {
	int64_t project;
	int64_t day;
};

static int read_tries(struct db *db, const char *person, struct try_key **ret_keys, size_t *ret_count,
		      struct error *err)
{
	struct try_key *keys = NULL;
	size_t count = 0;
	struct statement *s;
	int r = db_query(db, &s, err, "SELECT project, day FROM tries WHERE person = ?", "s", person);

	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		keys = xrealloc(keys, (count + 1) * sizeof(*keys));
		keys[count++] = (struct try_key){statement_integer(s, 0), statement_integer(s, 1)};
	}
	statement_done(s);
	*ret_keys = keys;
	*ret_count = count;
	return r;
}

/* What both tried on one day is one try. */
static int adopt_try(struct db *db, const struct adoption *adoption, struct try_key key, struct error *err)
{
	int64_t known = 0;
	int r = db_number(db, 0, &known, err, "SELECT COUNT(*) FROM tries WHERE project = ? AND day = ? AND person = ?",
			  "iis", key.project, key.day, adoption->to);

	if (r == 0 && known > 0)
		return db_execute(db, NULL, err, "DELETE FROM tries WHERE project = ? AND day = ? AND person = ?",
				  "iis", key.project, key.day, adoption->from);
	if (r == 0)
		r = db_execute(db, NULL, err,
			       "UPDATE tries SET person = ? WHERE project = ? AND day = ? AND person = ?", "siis",
			       adoption->to, key.project, key.day, adoption->from);
	return r;
}

static int adopt(struct db *db, void *data, struct error *err)
{
	const struct adoption *adoption = data;
	auto_free struct try_key *keys = NULL;
	size_t count = 0;
	int r = db_execute(
		db, NULL, err,
		"UPDATE sandboxes SET open_person = CASE WHEN open_person IS NULL THEN NULL ELSE ? END, person = ? "
		"WHERE person = ?",
		"sss", adoption->to, adoption->to, adoption->from);

	if (r == -EEXIST)
		return error_set(err, ERROR_CONFLICT, EEXIST, "both have a sandbox open; one has to end first");
	if (r == 0)
		r = read_tries(db, adoption->from, &keys, &count, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = adopt_try(db, adoption, keys[i], err);
	if (r == 0)
		r = db_execute(db, NULL, err, "UPDATE reports SET person = ? WHERE person = ?", "ss", adoption->to,
			       adoption->from);
	return r;
}

int users_adopt(struct store *store, const char *from, const char *to, struct error *err)
{
	struct adoption adoption = {.from = from, .to = to};

	return strcmp(from, to) == 0 ? 0 : db_transaction(store->db, adopt, &adoption, err);
}

/* ---- withdrawal -------------------------------------------------------------------------------------------------- */

struct withdrawal {
	struct store *store;
	int64_t id;
	int64_t heir;
	int64_t now_ms;
	int64_t *projects; /* those that the heir got */
	size_t count;
};

static int read_projects(struct db *db, const char *owner, int64_t **ret_ids, size_t *ret_count, struct error *err)
{
	int64_t *ids = NULL;
	size_t count = 0;
	struct statement *s;
	int r = db_query(db, &s, err, "SELECT id FROM projects WHERE owner = ? ORDER BY id", "s", owner);

	if (r < 0)
		return r;
	while ((r = statement_step(s, err)) > 0) {
		ids = xrealloc(ids, (count + 1) * sizeof(*ids));
		ids[count++] = statement_integer(s, 0);
	}
	statement_done(s);
	*ret_ids = ids;
	*ret_count = count;
	return r;
}

/* Who has tried it keeps that in the history, under the new name. */
static int pass_on(struct db *db, const struct withdrawal *w, int64_t project, const char *heir, struct error *err)
{
	auto_free char *name = NULL;
	auto_free char *full_name = NULL;
	int r = db_text(db, &name, err, "SELECT name FROM projects WHERE id = ?", "i", project);

	if (r < 0)
		return r;
	full_name = xasprintf("%s/%s", heir != NULL ? heir : NOBODY, name);
	r = db_execute(db, NULL, err, "UPDATE sandboxes SET full_name = ? WHERE project = ?", "si", full_name, project);
	if (r < 0)
		return r;
	if (heir == NULL)
		return db_execute(db, NULL, err, "DELETE FROM projects WHERE id = ?", "i", project);
	r = db_execute(db, NULL, err, "UPDATE projects SET owner = ?, updated_ms = ? WHERE id = ?", "sii", heir,
		       w->now_ms, project);
	if (r == -EEXIST)
		return error_set(err, ERROR_CONFLICT, EEXIST, "%s has a project %s already", heir, name);
	return r;
}

static int pass_on_all(struct db *db, struct withdrawal *w, const char *owner, struct error *err)
{
	struct user heir = {0};
	int r = w->heir != 0 ? users_get(w->store, w->heir, &heir, err) : 0;

	free(steal(w->projects));
	w->count = 0;
	if (r == 0)
		r = read_projects(db, owner, &w->projects, &w->count, err);
	for (size_t i = 0; r == 0 && i < w->count; i++)
		r = pass_on(db, w, w->projects[i], heir.username, err);
	if (r == 0) /* builds of others' projects that they asked for */
		r = db_execute(db, NULL, err, "UPDATE builds SET author = '' WHERE author = ?", "s", owner);
	user_fini(&heir);
	return r;
}

static int forget_person(struct db *db, const char *person, struct error *err)
{
	int r = db_execute(db, NULL, err, "DELETE FROM sandboxes WHERE person = ?", "s", person);

	if (r == 0)
		r = db_execute(db, NULL, err, "DELETE FROM tries WHERE person = ?", "s", person);
	if (r == 0)
		r = db_execute(db, NULL, err,
			       "UPDATE reports SET reporter = NULL, person = '', open_key = NULL WHERE person = ?", "s",
			       person);
	return r;
}

/* What was done stays in the audit log, but nobody's name. */
static int forget_name(struct db *db, const char *username, struct error *err)
{
	auto_free char *projects = xasprintf("%s/%%", username);
	int r = db_execute(db, NULL, err, "UPDATE audit SET actor = ? WHERE actor = ?", "ss", NOBODY, username);

	if (r == 0)
		r = db_execute(db, NULL, err, "UPDATE audit SET target = ? WHERE target = ? OR target LIKE ?", "sss",
			       NOBODY, username, projects);
	return r;
}

/* The references would do most of it; being explicit does not depend on them. */
static int forget_user(struct db *db, int64_t id, struct error *err)
{
	static const char *const statements[] = {
		"UPDATE projects SET likes = likes - 1 WHERE id IN (SELECT project FROM likes WHERE user = ?)",
		"DELETE FROM likes WHERE user = ?",
		"UPDATE comments SET user = NULL WHERE user = ?",
		"DELETE FROM identities WHERE user = ?",
		"DELETE FROM auth_states WHERE link_user = ?",
		"DELETE FROM tokens WHERE user = ?",
		"DELETE FROM sessions WHERE user = ?",
		"DELETE FROM users WHERE id = ?",
	};
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(statements); i++)
		r = db_execute(db, NULL, err, statements[i], "i", id);
	return r;
}

static int withdraw(struct db *db, void *data, struct error *err)
{
	struct withdrawal *w = data;
	struct user user = {0};
	int r = users_keep_admin(w->store, w->id, err);

	if (r == 0)
		r = users_get(w->store, w->id, &user, err);
	if (r == 0)
		r = pass_on_all(db, w, user.username, err);
	if (r == 0)
		r = forget_person(db, user.person, err);
	if (r == 0)
		r = forget_name(db, user.username, err);
	if (r == 0)
		r = forget_user(db, w->id, err);
	user_fini(&user);
	return r;
}

/* What a search finds holds the owner's name. */
static int index_again(struct store *store, int64_t id, int64_t now_ms, struct error *err)
{
	struct project project = {0};
	int64_t same;
	bool rebuild;
	int r = projects_get_by_id(store, id, &project, err);

	if (r == 0)
		r = projects_upsert(store, &project, now_ms, &same, &rebuild, err);
	project_fini(&project);
	return r;
}

int users_check_heir(struct store *store, const char *username, int64_t heir, struct error *err)
{
	int64_t count = 0;
	int r = db_number(
		store->db, 0, &count, err,
		"SELECT COUNT(*) FROM projects mine JOIN projects theirs ON theirs.name = mine.name JOIN users u ON "
		"u.username = theirs.owner WHERE mine.owner = ? AND u.id = ?",
		"si", username, heir);

	if (r == 0 && count > 0)
		return error_set(err, ERROR_CONFLICT, EEXIST,
				 "they have a project of the same name as one of yours; rename or delete yours first");
	return r;
}

int users_withdraw(struct store *store, int64_t id, int64_t heir, int64_t now_ms, struct error *err)
{
	struct withdrawal w = {.store = store, .id = id, .heir = heir, .now_ms = now_ms};
	int r = heir == id ? error_set(err, ERROR_INVALID, EINVAL, "nobody inherits from themselves")
			   : db_transaction(store->db, withdraw, &w, err);

	for (size_t i = 0; r == 0 && heir != 0 && i < w.count; i++)
		r = index_again(store, w.projects[i], now_ms, err);
	free(w.projects);
	return r;
}
