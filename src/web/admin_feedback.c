/* /admin/comments and /admin/reports. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "store/reports.h"
#include "web/feedback.h"
#include "web/views.h"

#define NOTE_MOST 2000 /* characters */
#define NOTE_BODY 32768

static int get_comments(struct request *request, struct error *err)
{
	const char *hidden = feedback_filter(request, "hidden");
	struct comment_list list = {0};
	struct session session = {0};
	json_t *items;
	struct page page = {1, 1};
	int r = feedback_admin_page(request, &session, &page, err);

	if (r == 0 && hidden != NULL && strcmp(hidden, "1") != 0 && strcmp(hidden, "0") != 0)
		r = error_set(err, ERROR_INVALID, EINVAL, "hidden must be 1 or 0");
	if (r == 0)
		r = comments_search(request_local(request), hidden != NULL ? hidden[0] - '0' : -1,
				    feedback_filter(request, "q"), page, &list, err);
	if (r < 0)
		return r;
	items = json_array();
	for (size_t i = 0; i < list.count; i++) {
		json_t *json = view_comment(&list.items[i], &session);

		json_object_set_new(json, "project", json_string(list.items[i].full_name));
		json_array_append_new(items, json);
	}
	respond_json(request, 200, view_page(items, page, list.total));
	comment_list_fini(&list);
	return 0;
}

/* ---- reports
 * --------------------------------------------------------------------------------------------------------- */

static int view_report(struct store *store, const struct session *session, const struct report *report,
		       json_t **ret_json, struct error *err)
{
	bool about_comment = report->comment[0] != '\0';
	struct comment comment = {0};
	int r = about_comment ? comments_get(store, report->comment, &comment, err) : 0;

	if (r < 0 && err->kind != ERROR_NOT_FOUND)
		return r;
	*ret_json = json_pack("{s:s,s:s,s:s,s:o,s:o,s:s,s:s,s:s,s:o,s:o,s:o}", "id", report->id, "kind",
			      about_comment ? "comment" : "project", "project", report->full_name, "comment",
			      about_comment && r == 0 ? view_comment(&comment, session) : json_null(), "reporter",
			      view_text(report->reporter), "reason", report->reason, "text", report->body, "state",
			      report->state, "note", view_text(report->note), "created_at",
			      view_time(report->created_ms), "closed_at", view_time(report->closed_ms));
	comment_fini(&comment);
	return 0;
}

static int get_reports(struct request *request, struct error *err)
{
	const char *wanted = feedback_filter(request, "state");
	struct store *store = request_local(request);
	struct report_list list = {0};
	json_t *items = json_array();
	struct session session = {0};
	struct page page = {1, 1};
	int r = feedback_admin_page(request, &session, &page, err);

	if (r == 0 && wanted != NULL && strcmp(wanted, "open") != 0 && strcmp(wanted, "closed") != 0)
		r = error_set(err, ERROR_INVALID, EINVAL, "state must be open or closed");
	if (r == 0)
		r = reports_list(store, wanted, page, &list, err);
	for (size_t i = 0; r == 0 && i < list.count; i++) {
		json_t *json = NULL;

		r = view_report(store, &session, &list.items[i], &json, err);
		json_array_append_new(items, json);
	}
	r = feedback_answer(request, r, items, page, list.total);
	report_list_fini(&list);
	return r;
}

static int change_report(struct request *request, const struct session *session, const char *wanted, const char *note,
			 struct error *err)
{
	struct store *store = request_local(request);
	struct report report = {0};
	json_t *json = NULL;
	int r = reports_set_state(store, request_param(request, "id"), wanted, note, clock_realtime_ms(), err);

	if (r == 0)
		r = reports_get(store, request_param(request, "id"), &report, err);
	if (r == 0)
		r = visitor_audit(request, session, strcmp(wanted, "open") == 0 ? "report.open" : "report.close",
				  report.id, report.full_name, err);
	if (r == 0)
		r = view_report(store, session, &report, &json, err);
	if (r == 0)
		respond_json(request, 200, json);
	report_fini(&report);
	return r;
}

static int patch_report(struct request *request, struct error *err)
{
	static const char *const known[] = {"state", "note", NULL};
	struct field_errors errors = {0};
	auto_free char *note = NULL;
	const char *wanted;
	struct session session = {0};
	json_t *json = NULL;
	int r = visitor_admin(request, &session, err);

	if (r == 0)
		r = request_json(request, &json, err);
	if (r < 0)
		return r;
	body_members(json, known, &errors);
	wanted = json_string_value(json_object_get(json, "state"));
	if (!str_equal(wanted, "open") && !str_equal(wanted, "closed"))
		field_error(&errors, "state", "must be \"open\" or \"closed\"");
	note = feedback_text(json, "note", 0, NOTE_MOST, &errors);
	if (errors.count > 0)
		r = feedback_refuse(request, 0, &errors, err);
	else
		r = change_report(request, &session, wanted, note, err);
	json_decref(json);
	return r;
}

const struct resource admin_feedback_resources[] = {
	{METHOD_GET, "/api/v1/admin/comments", ROUTE_WORK, get_comments, false, 0},
	{METHOD_GET, "/api/v1/admin/reports", ROUTE_WORK, get_reports, false, 0},
	{METHOD_PATCH, "/api/v1/admin/reports/{id}", ROUTE_WORK, patch_report, false, NOTE_BODY},
	{0},
};
