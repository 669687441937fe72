#include "store/users.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/random.h"
#include "base/util.h"

#define SELECT_USER                                                                                                    \
	"SELECT id, person, username, email, email_verified, password_hash, role, state, display_name, bio, "          \
	"homepage, language, theme, created_ms, seen_ms FROM users "

void user_fini(struct user *user)
{
	free(user->person);
	free(user->username);
	free(user->email);
	free(user->password_hash);
	free(user->role);
	free(user->state);
	free(user->display_name);
	free(user->bio);
	free(user->homepage);
	free(user->language);
	free(user->theme);
	memset(user, 0, sizeof(*user));
}

void user_list_fini(struct user_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		user_fini(&list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

/* Addresses differ by more than the case of ASCII letters, whatever RFC 5321 says about the local part. */
static char *fold(const char *text)
{
	char *folded = xstrdup(text);

	for (char *p = folded; p != NULL && *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return folded;
}

static void read_user(const struct statement *s, struct user *user)
{
	int i = 0;

	memset(user, 0, sizeof(*user));
	user->id = statement_integer(s, i++);
	user->person = statement_text_copy(s, i++);
	user->username = statement_text_copy(s, i++);
	user->email = statement_text_copy(s, i++);
	user->email_verified = statement_integer(s, i++) != 0;
	user->password_hash = statement_text_copy(s, i++);
	user->role = statement_text_copy(s, i++);
	user->state = statement_text_copy(s, i++);
	user->display_name = statement_text_copy(s, i++);
	user->bio = statement_text_copy(s, i++);
	user->homepage = statement_text_copy(s, i++);
	user->language = statement_text_copy(s, i++);
	user->theme = statement_text_copy(s, i++);
	user->created_ms = statement_integer(s, i++);
	user->seen_ms = statement_integer(s, i++);
}

/* Takes the statement. */
static int read_all(struct statement *s, struct user_list *list, struct error *err)
{
	int r;

	while ((r = statement_step(s, err)) > 0) {
		list->items = xrealloc(list->items, (list->count + 1) * sizeof(*list->items));
		read_user(s, &list->items[list->count++]);
	}
	statement_done(s);
	if (r < 0)
		user_list_fini(list);
	return r;
}

/* Takes the statement. */
static int read_one(struct statement *s, struct user *ret_user, struct error *err)
{
	int r = statement_step(s, err);

	if (r > 0)
		read_user(s, ret_user);
	statement_done(s);
	if (r == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such user");
	return r < 0 ? r : 0;
}

static int must_change(int r, int64_t changes, struct error *err)
{
	if (r == 0 && changes == 0)
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such user");
	return r;
}

int users_add(struct store *store, struct user *user, int64_t now_ms, struct error *err)
{
	auto_free char *email_key = fold(user->email);
	int r;

	if (user->person == NULL) {
		user->person = xmalloc(STORE_ID_LENGTH + 1);
		random_id(user->person, STORE_ID_LENGTH);
	}
	if (user->display_name == NULL)
		user->display_name = xstrdup(user->username);
	if (user->role == NULL)
		user->role = xstrdup("user");
	if (user->state == NULL)
		user->state = xstrdup("active");
	user->created_ms = now_ms;
	user->seen_ms = now_ms;
	r = db_execute(
		store->db, NULL, err,
		"INSERT INTO users (person, username, email, email_key, email_verified, password_hash, role, state, "
		"display_name, bio, homepage, language, theme, created_ms, seen_ms) VALUES (?, ?, ?, ?, ?, ?, ?, "
		"?, ?, ?, ?, ?, ?, ?, ?)",
		"ssssissssssssii", user->person, user->username, user->email, email_key, (int64_t)user->email_verified,
		user->password_hash, user->role, user->state, user->display_name, user->bio != NULL ? user->bio : "",
		user->homepage, user->language, user->theme, now_ms, now_ms);
	if (r == -EEXIST)
		return error_set(err, ERROR_CONFLICT, EEXIST, "the user name %s is taken", user->username);
	if (r == 0)
		user->id = db_last_id(store->db);
	return r;
}

int users_get(struct store *store, int64_t id, struct user *ret_user, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, SELECT_USER "WHERE id = ?", "i", id);

	return r == 0 ? read_one(s, ret_user, err) : r;
}

int users_by_name(struct store *store, const char *username, struct user *ret_user, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, SELECT_USER "WHERE username = ?", "s", username);

	return r == 0 ? read_one(s, ret_user, err) : r;
}

int users_by_login(struct store *store, const char *login, struct user *ret_user, struct error *err)
{
	auto_free char *key = fold(login);
	struct statement *s;
	int r;

	if (strchr(key, '@') == NULL)
		return users_by_name(store, key, ret_user, err);
	r = db_query(store->db, &s, err,
		     SELECT_USER "WHERE email_key = ? ORDER BY email_verified DESC, created_ms, id LIMIT 1", "s", key);
	return r == 0 ? read_one(s, ret_user, err) : r;
}

int users_by_verified_email(struct store *store, const char *email, struct user *ret_user, struct error *err)
{
	auto_free char *key = fold(email);
	struct statement *s;
	int r = db_query(store->db, &s, err,
			 SELECT_USER "WHERE email_key = ? AND email_verified = 1 ORDER BY created_ms, id LIMIT 1", "s",
			 key);

	return r == 0 ? read_one(s, ret_user, err) : r;
}

int users_update(struct store *store, const struct user *user, struct error *err)
{
	auto_free char *email_key = fold(user->email);
	struct user known;
	int r = users_get(store, user->id, &known, err); /* MariaDB counts a row that stays as it is as not changed */

	if (r < 0)
		return r;
	user_fini(&known);
	return db_execute(store->db, NULL, err,
			  "UPDATE users SET email = ?, email_key = ?, email_verified = ?, display_name = ?, bio = ?, "
			  "homepage = ?, language = ?, theme = ? WHERE id = ?",
			  "ssisssssi", user->email, email_key, (int64_t)user->email_verified, user->display_name,
			  user->bio != NULL ? user->bio : "", user->homepage, user->language, user->theme, user->id);
}

int users_set_password(struct store *store, int64_t id, const char *password_hash, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err, "UPDATE users SET password_hash = ? WHERE id = ?", "si",
			   password_hash, id);

	return must_change(r, changes, err);
}

/* A change of role or state. */
struct change {
	struct store *store;
	int64_t id;
	const char *role;  /* NULL: stays */
	const char *state; /* NULL: stays */
};

int users_keep_admin(struct store *store, int64_t id, struct error *err)
{
	int64_t others = 0, is_one = 0;
	/* Holds the administrators' rows, so that two of them can't go at the same time. */
	int r = db_execute(store->db, NULL, err, "UPDATE users SET role = 'admin' WHERE role = 'admin'", "");

	if (r == 0)
		r = db_number(store->db, 0, &is_one, err,
			      "SELECT COUNT(*) FROM users WHERE role = 'admin' AND state = 'active' AND id = ?", "i",
			      id);
	if (r == 0)
		r = db_number(store->db, 0, &others, err,
			      "SELECT COUNT(*) FROM users WHERE role = 'admin' AND state = 'active' AND id <> ?", "i",
			      id);
	if (r == 0 && is_one > 0 && others == 0)
		return error_set(err, ERROR_CONFLICT, EBUSY,
				 "this is the last active administrator; make somebody else one first");
	return r;
}

static int apply(struct db *db, void *data, struct error *err)
{
	const struct change *change = data;
	bool still_admin = (change->role == NULL || strcmp(change->role, "admin") == 0) &&
			   (change->state == NULL || strcmp(change->state, "active") == 0);
	int r = still_admin ? 0 : users_keep_admin(change->store, change->id, err);

	if (r == 0 && change->role != NULL)
		r = db_execute(db, NULL, err, "UPDATE users SET role = ? WHERE id = ?", "si", change->role, change->id);
	if (r == 0 && change->state != NULL)
		r = db_execute(db, NULL, err, "UPDATE users SET state = ? WHERE id = ?", "si", change->state,
			       change->id);
	return r;
}

static int change_user(struct store *store, struct change change, struct error *err)
{
	struct user known;
	int r = users_get(store, change.id, &known, err);

	if (r < 0)
		return r;
	user_fini(&known);
	change.store = store;
	return db_transaction(store->db, apply, &change, err);
}

int users_set_role(struct store *store, int64_t id, const char *role, struct error *err)
{
	return change_user(store, (struct change){.id = id, .role = role}, err);
}

int users_set_state(struct store *store, int64_t id, const char *state, struct error *err)
{
	return change_user(store, (struct change){.id = id, .state = state}, err);
}

int users_seen(struct store *store, int64_t id, int64_t now_ms, struct error *err)
{
	return db_execute(store->db, NULL, err, "UPDATE users SET seen_ms = ? WHERE id = ?", "ii", now_ms, id);
}

int users_count_projects(struct store *store, const char *username, bool listed, int64_t *ret_count, struct error *err)
{
	return db_number(store->db, 0, ret_count, err,
			 "SELECT COUNT(*) FROM projects WHERE owner = ? AND visibility <> 'deleted' AND (? = 0 OR visibility = 'listed')", "si",
			 username, (int64_t)listed);
}

/* "%<text>%" with LIKE's own characters made plain. */
static char *like_pattern(const char *text)
{
	struct buf pattern = BUF_INIT;

	buf_append_char(&pattern, '%');
	for (; *text != '\0'; text++) {
		if (strchr("%_!", *text) != NULL)
			buf_append_char(&pattern, '!');
		buf_append_char(&pattern, *text);
	}
	buf_append_char(&pattern, '%');
	return buf_steal(&pattern);
}

#define WHERE_TEXT                                                                                                     \
	"WHERE (? IS NULL OR username LIKE ? ESCAPE '!' OR LOWER(display_name) LIKE ? ESCAPE '!' OR email_key LIKE ? " \
	"ESCAPE '!') "

int users_list(struct store *store, const char *text, struct page page, struct user_list *ret_list, struct error *err)
{
	auto_free char *folded = fold(text != NULL && *text != '\0' ? text : NULL);
	auto_free char *like = folded != NULL ? like_pattern(folded) : NULL;
	struct statement *s;
	int r;

	memset(ret_list, 0, sizeof(*ret_list));
	r = db_number(store->db, 0, &ret_list->total, err, "SELECT COUNT(*) FROM users " WHERE_TEXT, "ssss", like, like,
		      like, like);
	if (r == 0)
		r = db_query(store->db, &s, err,
			     SELECT_USER WHERE_TEXT "ORDER BY created_ms DESC, id DESC LIMIT ? OFFSET ?", "ssssii",
			     like, like, like, like, (int64_t)page.per_page, page_offset(page));
	if (r < 0)
		return r;
	return read_all(s, ret_list, err);
}

int users_list_admins(struct store *store, struct user_list *ret_list, struct error *err)
{
	struct statement *s;
	int r = db_query(store->db, &s, err, SELECT_USER "WHERE role = 'admin' ORDER BY username", "");

	memset(ret_list, 0, sizeof(*ret_list));
	if (r < 0)
		return r;
	r = read_all(s, ret_list, err);
	ret_list->total = (int64_t)ret_list->count;
	return r;
}
