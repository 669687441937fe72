/* /projects/{owner}/{name}/comments and /comments/{id}: what people say. */
#include "store/comments.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "core/markdown.h"
#include "web/feedback.h"
#include "web/sight.h"
#include "web/views.h"

#define COMMENT_MOST 4000 /* characters */
#define COMMENT_BODY 65536

/* ---- what is shown
 * --------------------------------------------------------------------------------------------------- */

static bool is_writer(const struct comment *comment, const struct session *session)
{
	return session->user != 0 && comment->user == session->user;
}

/* Hides and unhides comments of this project. */
static bool is_host(const struct comment *comment, const struct session *session)
{
	return session->user != 0 && str_equal(session->username, comment->owner);
}

static bool may_hide(const struct comment *comment, const struct session *session)
{
	return session->admin || (is_host(comment, session) && !str_equal(comment->hidden, "admin"));
}

static bool may_see(const struct comment *comment, const struct session *session)
{
	return comment->hidden == NULL || is_writer(comment, session) || may_hide(comment, session);
}

static json_t *view_writer(const struct comment *comment)
{
	if (comment->username == NULL)
		return json_null();
	return json_pack("{s:s,s:o}", "username", comment->username, "display_name", view_text(comment->display_name));
}

static json_t *view_body(const char *markdown)
{
	auto_buf struct buf html = BUF_INIT;

	if (markdown_comment_to_html(markdown, strlen(markdown), &html, NULL) < 0)
		return json_null();
	return json_stringn(html.data != NULL ? html.data : "", html.length);
}

json_t *view_comment(const struct comment *comment, const struct session *session)
{
	bool mine = is_writer(comment, session);

	return json_pack("{s:s,s:o,s:s,s:o,s:o,s:o,s:o,s:b,s:b,s:b}", "id", comment->id, "author", view_writer(comment),
			 "body", comment->body, "body_html", view_body(comment->body), "created_at",
			 view_time(comment->created_ms), "edited_at", view_time(comment->edited_ms), "hidden",
			 view_text(comment->hidden), "mine", (int)mine, "can_hide", (int)may_hide(comment, session),
			 "can_delete", (int)(mine || session->admin));
}

/* ---- of a project
 * ---------------------------------------------------------------------------------------------------- */

static int list_comments(struct request *request, struct error *err)
{
	struct comment_list list = {0};
	struct project project = {0};
	struct session session = {0};
	json_t *items = NULL;
	struct page page = {1, 1};
	int r = feedback_page(request, &page, err);

	if (r == 0)
		r = sight_visitor(request, &session, err);
	if (r == 0)
		r = sight_project(request, &session, &project, err);
	if (r == 0) {
		struct comment_reader reader = {.user = session.user,
						.author = sight_is_author(&session, &project),
						.admin = session.admin};

		r = comments_list(request_local(request), project.id, &reader, page, &list, err);
	}
	project_fini(&project);
	if (r < 0)
		return r;
	items = json_array();
	for (size_t i = 0; i < list.count; i++)
		json_array_append_new(items, view_comment(&list.items[i], &session));
	respond_json(request, 200, view_page(items, page, list.total));
	comment_list_fini(&list);
	return 0;
}

/* The text of a POST or PATCH; NULL: it was refused (r 0) or there is none to refuse (r). */
static char *read_body(struct request *request, int *r, struct error *err)
{
	static const char *const known[] = {"body", NULL};
	struct field_errors errors = {0};
	json_t *json = NULL;
	char *body;

	*r = request_json(request, &json, err);
	if (*r < 0)
		return NULL;
	body_members(json, known, &errors);
	body = feedback_text(json, "body", 1, COMMENT_MOST, &errors);
	json_decref(json);
	if (errors.count == 0)
		return body;
	free(body);
	*r = feedback_refuse(request, 0, &errors, err);
	return NULL;
}

static int respond_comment(struct request *request, unsigned status, const char *id, const struct session *session,
			   struct error *err)
{
	struct comment comment = {0};
	int r = comments_get(request_local(request), id, &comment, err);

	if (r == 0)
		respond_json(request, status, view_comment(&comment, session));
	comment_fini(&comment);
	return r;
}

static int post_comment(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	char id[STORE_ID_LENGTH + 1];
	auto_free char *body = NULL;
	struct project project = {0};
	struct session session = {0};
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = sight_project(request, &session, &project, err);
	if (r == 0)
		body = read_body(request, &r, err);
	if (body != NULL)
		r = feedback_limit(request, web->comments, &session, err);
	if (r == 0 && body != NULL)
		r = comments_add(request_local(request), project.id, session.user, body, clock_realtime_ms(), id, err);
	if (r == 0 && body != NULL)
		r = respond_comment(request, 201, id, &session, err);
	project_fini(&project);
	return r;
}

/* ---- one
 * ------------------------------------------------------------------------------------------------------------- */

/* The route's {id}, as far as this person may see it and the project that it belongs to. */
static int find_comment(struct request *request, const struct session *session, struct comment *ret_comment,
			struct error *err)
{
	struct store *store = request_local(request);
	struct comment comment = {0};
	struct project project = {0};
	bool seen;
	int r = comments_get(store, request_param(request, "id"), &comment, err);

	if (r == 0)
		r = projects_get_by_id(store, comment.project, &project, err);
	seen = r == 0 && may_see(&comment, session) && sight_may_see(session, &project);
	project_fini(&project);
	if (seen) {
		*ret_comment = comment;
		return 0;
	}
	comment_fini(&comment);
	return r < 0 ? r : error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such comment");
}

static int patch_comment(struct request *request, struct error *err)
{
	struct web *web = request_data(request);
	auto_free char *body = NULL;
	struct comment comment = {0};
	struct session session = {0};
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = find_comment(request, &session, &comment, err);
	if (r == 0 && !is_writer(&comment, &session))
		r = error_set(err, ERROR_FORBIDDEN, EPERM, "only who wrote a comment can change it");
	if (r == 0)
		body = read_body(request, &r, err);
	if (body != NULL)
		r = feedback_limit(request, web->comments, &session, err);
	if (r == 0 && body != NULL)
		r = comments_edit(request_local(request), comment.id, body, clock_realtime_ms(), err);
	if (r == 0 && body != NULL)
		r = respond_comment(request, 200, comment.id, &session, err);
	comment_fini(&comment);
	return r;
}

static int delete_comment(struct request *request, struct error *err)
{
	struct comment comment = {0};
	struct session session = {0};
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = find_comment(request, &session, &comment, err);
	if (r == 0 && !is_writer(&comment, &session) && !session.admin)
		r = error_set(err, ERROR_FORBIDDEN, EPERM, "only who wrote a comment can remove it");
	if (r == 0)
		r = comments_delete(request_local(request), comment.id, err);
	if (r == 0 && !is_writer(&comment, &session))
		r = visitor_audit(request, &session, "comment.delete", comment.id, comment.full_name, err);
	if (r == 0)
		respond_empty(request, 204);
	comment_fini(&comment);
	return r;
}

static int change_hidden(struct request *request, struct error *err)
{
	bool hide = request_method(request) == METHOD_PUT;
	struct comment comment = {0};
	struct session session = {0};
	int r = visitor_user(request, &session, err);

	if (r == 0)
		r = find_comment(request, &session, &comment, err);
	if (r == 0 && !session.admin && !is_host(&comment, &session))
		r = error_set(err, ERROR_FORBIDDEN, EPERM, "only the project's author can do this");
	if (r == 0 && hide)
		r = comments_hide(request_local(request), comment.id, session.admin, err);
	else if (r == 0)
		r = comments_unhide(request_local(request), comment.id, session.admin, err);
	if (r == 0 && session.admin)
		r = visitor_audit(request, &session, hide ? "comment.hide" : "comment.unhide", comment.id,
				  comment.full_name, err);
	if (r == 0)
		r = respond_comment(request, 200, comment.id, &session, err);
	comment_fini(&comment);
	return r;
}

const struct resource comment_resources[] = {
	{METHOD_GET, "/api/v1/projects/{owner}/{name}/comments", ROUTE_WORK, list_comments, false, 0},
	{METHOD_POST, "/api/v1/projects/{owner}/{name}/comments", ROUTE_WORK, post_comment, false, COMMENT_BODY},
	{METHOD_PATCH, "/api/v1/comments/{id}", ROUTE_WORK, patch_comment, false, COMMENT_BODY},
	{METHOD_DELETE, "/api/v1/comments/{id}", ROUTE_WORK, delete_comment, false, 0},
	{METHOD_PUT | METHOD_DELETE, "/api/v1/comments/{id}/hidden", ROUTE_WORK, change_hidden, false, 0},
	{0},
};
