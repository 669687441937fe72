/* /reports: what somebody wants the administrators to look at. */
#include "store/reports.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/str.h"
#include "base/util.h"
#include "web/feedback.h"
#include "web/sight.h"

#define REPORT_MOST 2000 /* characters */
#define REPORT_BODY 32768

struct wish {
	const char *project; /* borrowed of the JSON; one of the two is NULL */
	const char *comment;
	const char *reason;
	char *text; /* "" for none */
};

static const char *const reasons[] = {"spam", "abuse", "illegal", "broken", "other"};

static void read_wish(json_t *json, struct wish *wish, struct field_errors *errors)
{
	static const char *const known[] = {"project", "comment", "reason", "text", NULL};
	json_t *project = json_object_get(json, "project");
	json_t *comment = json_object_get(json, "comment");
	bool fits = false;

	body_members(json, known, errors);
	wish->project = json_string_value(project);
	wish->comment = json_string_value(comment);
	wish->reason = json_string_value(json_object_get(json, "reason"));
	if (project != NULL && wish->project == NULL)
		field_error(errors, "project", "must be \"owner/name\"");
	else if (comment != NULL && wish->comment == NULL)
		field_error(errors, "comment", "must be a comment's id");
	else if ((wish->project == NULL) == (wish->comment == NULL))
		field_error(errors, "project", "name either a project or a comment");
	for (size_t i = 0; i < ARRAY_SIZE(reasons); i++)
		fits = fits || str_equal(wish->reason, reasons[i]);
	if (!fits)
		field_error(errors, "reason", "must be spam, abuse, illegal, broken or other");
	wish->text = feedback_text(json, "text", 0, REPORT_MOST, errors);
}

/* What it is about, which must be something that this person can see. */
static int find_target(struct store *store, const struct session *session, const struct wish *wish,
		       struct report *report, struct error *err)
{
	struct comment comment = {0};
	struct project project = {0};
	const char *slash = wish->project != NULL ? strchr(wish->project, '/') : NULL;
	auto_free char *owner = slash != NULL ? xstrndup(wish->project, (size_t)(slash - wish->project)) : NULL;
	int r;

	if (wish->comment != NULL) {
		r = comments_get(store, wish->comment, &comment, err);
		if (r == 0)
			r = projects_get_by_id(store, comment.project, &project, err);
		if (r == 0 && ((comment.hidden != NULL && !session->admin) || !sight_may_see(session, &project)))
			r = error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such comment");
		str_copy(report->comment, sizeof(report->comment), comment.id);
	} else if (owner == NULL) {
		r = error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such project");
	} else {
		r = sight_named(store, session, owner, slash + 1, &project, err);
	}
	report->project = project.id;
	comment_fini(&comment);
	project_fini(&project);
	return r;
}

static int add_report(struct request *request, const struct wish *wish, struct error *err)
{
	struct web *web = request_data(request);
	struct store *store = request_local(request);
	struct report report = {0};
	struct session session = {0};
	bool fresh = false;
	int r = sight_visitor(request, &session, err);

	if (r == 0)
		r = find_target(store, &session, wish, &report, err);
	if (r == 0)
		r = feedback_limit(request, web->reports, &session, err);
	if (r == 0) /* only now: a new guest is a row, and nobody may have those without end */
		r = visitor_need(request, &session, err);
	if (r < 0)
		return r;
	report.person = session.person;
	report.reporter = session.user != 0 ? session.username : NULL;
	report.reason = (char *)wish->reason;
	report.body = wish->text != NULL ? wish->text : (char *)"";
	r = reports_add(store, &report, clock_realtime_ms(), &fresh, err);
	if (r == 0)
		respond_json(request, fresh ? 201 : 200, json_pack("{s:s}", "id", report.id));
	return r;
}

static int post_report(struct request *request, struct error *err)
{
	struct field_errors errors = {0};
	struct wish wish = {0};
	json_t *json = NULL;
	int r = request_json(request, &json, err);

	if (r < 0)
		return r;
	read_wish(json, &wish, &errors);
	if (errors.count > 0)
		r = feedback_refuse(request, 0, &errors, err);
	else
		r = add_report(request, &wish, err);
	free(wish.text);
	json_decref(json);
	return r;
}

const struct resource report_resources[] = {
	{METHOD_POST, "/api/v1/reports", ROUTE_WORK, post_report, false, REPORT_BODY},
	{0},
};
