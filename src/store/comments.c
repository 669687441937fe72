#include "store/comments.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"
#include "store/pattern.h"

#define COLUMNS                                                                                                        \
	"SELECT c.id, c.project, p.owner, p.name, c.user, u.username, u.display_name, c.body, c.hidden, "              \
	"c.created_ms, c.edited_ms"
#define FROM_COMMENTS " FROM comments c JOIN projects p ON p.id = c.project LEFT JOIN users u ON u.id = c.user "

void comment_fini(struct comment *comment)
{
	free(comment->full_name);
	free(comment->owner);
	free(comment->username);
	free(comment->display_name);
	free(comment->body);
	free(comment->hidden);
	memset(comment, 0, sizeof(*comment));
}

void comment_list_fini(struct comment_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		comment_fini(&list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

static void read_comment(const struct statement *s, struct comment *comment)
{
	memset(comment, 0, sizeof(*comment));
	str_copy(comment->id, sizeof(comment->id), statement_text(s, 0));
	comment->project = statement_integer(s, 1);
	comment->owner = statement_text_copy(s, 2);
	comment->full_name = xasprintf("%s/%s", statement_text(s, 2), statement_text(s, 3));
	comment->user = statement_integer(s, 4);
	comment->username = statement_text_copy(s, 5);
	comment->display_name = statement_text_copy(s, 6);
	comment->body = statement_text_copy(s, 7);
	comment->hidden = statement_text_copy(s, 8);
	comment->created_ms = statement_integer(s, 9);
	comment->edited_ms = statement_integer(s, 10);
}

static int not_found(struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such comment");
}

int comments_add(struct store *store, int64_t project, int64_t user, const char *body, int64_t now_ms, char *ret_id,
		 struct error *err)
{
	struct error why = {0};
	int r;

	random_id(ret_id, STORE_ID_LENGTH);
	r = db_execute(store->db, NULL, &why,
		       "INSERT INTO comments (id, project, user, body, created_ms) VALUES (?, ?, ?, ?, ?)", "siisi",
		       ret_id, project, user, body, now_ms);
	if (r < 0 && why.kind == ERROR_INVALID) /* a foreign key */
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such project any more");
	if (r < 0 && err != NULL)
		*err = why;
	return r;
}

int comments_get(struct store *store, const char *id, struct comment *ret_comment, struct error *err)
{
	struct statement *s = NULL;
	int r = db_query(store->db, &s, err, COLUMNS FROM_COMMENTS "WHERE c.id = ?", "s", id);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0)
		read_comment(s, ret_comment);
	statement_done(s);
	if (r == 0)
		return not_found(err);
	return r < 0 ? r : 0;
}

/* Takes the statement. */
static int read_all(struct statement *s, struct page page, struct comment_list *list, struct error *err)
{
	int r = 0;

	list->items = xcalloc(page.per_page, sizeof(*list->items));
	while (list->count < page.per_page && (r = statement_step(s, err)) > 0)
		read_comment(s, &list->items[list->count++]);
	statement_done(s);
	if (r < 0)
		comment_list_fini(list);
	return r < 0 ? r : 0;
}

#define WHERE_SEEN                                                                                                     \
	"WHERE c.project = ? AND (c.hidden IS NULL OR ? = 1 OR c.user = ? OR (? = 1 AND c.hidden = 'author')) "

int comments_list(struct store *store, int64_t project, const struct comment_reader *reader, struct page page,
		  struct comment_list *ret_list, struct error *err)
{
	const int64_t admin = reader->admin;
	const int64_t author = reader->author;
	struct statement *s = NULL;
	int r;

	memset(ret_list, 0, sizeof(*ret_list));
	r = db_number(store->db, 0, &ret_list->total, err, "SELECT COUNT(*) FROM comments c " WHERE_SEEN, "iiii",
		      project, admin, reader->user, author);
	if (r == 0)
		r = db_query(store->db, &s, err,
			     COLUMNS FROM_COMMENTS WHERE_SEEN "ORDER BY c.created_ms DESC, c.id LIMIT ? OFFSET ?",
			     "iiiiii", project, admin, reader->user, author, (int64_t)page.per_page, page_offset(page));
	return r < 0 ? r : read_all(s, page, ret_list, err);
}

#define WHERE_FOUND                                                                                                    \
	"WHERE (? < 0 OR (c.hidden IS NOT NULL) = ?) AND (? IS NULL OR LOWER(c.body) LIKE ? ESCAPE '!' OR "            \
	"u.username LIKE ? ESCAPE '!' OR p.name LIKE ? ESCAPE '!' OR p.owner LIKE ? ESCAPE '!') "

int comments_search(struct store *store, int hidden, const char *text, struct page page, struct comment_list *ret_list,
		    struct error *err)
{
	auto_free char *like = text != NULL ? pattern_containing(text) : NULL;
	struct statement *s = NULL;
	int r;

	memset(ret_list, 0, sizeof(*ret_list));
	r = db_number(store->db, 0, &ret_list->total, err, "SELECT COUNT(*)" FROM_COMMENTS WHERE_FOUND, "iisssss",
		      (int64_t)hidden, (int64_t)hidden, like, like, like, like, like);
	if (r == 0)
		r = db_query(store->db, &s, err,
			     COLUMNS FROM_COMMENTS WHERE_FOUND "ORDER BY c.created_ms DESC, c.id LIMIT ? OFFSET ?",
			     "iisssssii", (int64_t)hidden, (int64_t)hidden, like, like, like, like, like,
			     (int64_t)page.per_page, page_offset(page));
	return r < 0 ? r : read_all(s, page, ret_list, err);
}

int comments_edit(struct store *store, const char *id, const char *body, int64_t now_ms, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err, "UPDATE comments SET body = ?, edited_ms = ? WHERE id = ?", "sis",
			   body, now_ms, id);

	return r == 0 && changes == 0 ? not_found(err) : r;
}

int comments_delete(struct store *store, const char *id, struct error *err)
{
	int64_t changes = 0;
	int r = db_execute(store->db, &changes, err, "DELETE FROM comments WHERE id = ?", "s", id);

	return r == 0 && changes == 0 ? not_found(err) : r;
}

/* 1: an administrator has hidden it. */
static int is_hidden_by_admin(struct store *store, const char *id, struct error *err)
{
	int64_t by_admin;
	int r = db_number(store->db, -1, &by_admin, err,
			  "SELECT CASE WHEN hidden = 'admin' THEN 1 ELSE 0 END FROM comments WHERE id = ?", "s", id);

	if (r == 0 && by_admin < 0)
		return not_found(err);
	return r < 0 ? r : (int)by_admin;
}

int comments_hide(struct store *store, const char *id, bool admin, struct error *err)
{
	int r;

	if (admin)
		r = db_execute(store->db, NULL, err, "UPDATE comments SET hidden = 'admin' WHERE id = ?", "s", id);
	else
		r = db_execute(store->db, NULL, err,
			       "UPDATE comments SET hidden = 'author' WHERE id = ? AND hidden IS NULL", "s", id);
	if (r == 0)
		r = is_hidden_by_admin(store, id, err);
	return r < 0 ? r : 0;
}

int comments_unhide(struct store *store, const char *id, bool admin, struct error *err)
{
	int r;

	if (admin)
		r = db_execute(store->db, NULL, err, "UPDATE comments SET hidden = NULL WHERE id = ?", "s", id);
	else
		r = db_execute(store->db, NULL, err,
			       "UPDATE comments SET hidden = NULL WHERE id = ? AND hidden = 'author'", "s", id);
	if (r == 0)
		r = is_hidden_by_admin(store, id, err);
	if (r > 0 && !admin)
		return error_set(err, ERROR_FORBIDDEN, EPERM, "an administrator has hidden this comment");
	return r < 0 ? r : 0;
}
