#include "store/reports.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/random.h"
#include "base/str.h"
#include "base/util.h"

#define SELECT_REPORT                                                                                                  \
	"SELECT r.id, r.project, p.owner, p.name, r.comment, r.person, r.reporter, r.reason, r.body, r.state, "        \
	"r.note, r.created_ms, r.closed_ms FROM reports r JOIN projects p ON p.id = r.project "

void report_fini(struct report *report)
{
	free(report->full_name);
	free(report->person);
	free(report->reporter);
	free(report->reason);
	free(report->body);
	free(report->state);
	free(report->note);
	memset(report, 0, sizeof(*report));
}

void report_list_fini(struct report_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		report_fini(&list->items[i]);
	free(list->items);
	memset(list, 0, sizeof(*list));
}

static void read_report(const struct statement *s, struct report *report)
{
	memset(report, 0, sizeof(*report));
	str_copy(report->id, sizeof(report->id), statement_text(s, 0));
	report->project = statement_integer(s, 1);
	report->full_name = xasprintf("%s/%s", statement_text(s, 2), statement_text(s, 3));
	str_copy(report->comment, sizeof(report->comment), statement_text(s, 4));
	report->person = statement_text_copy(s, 5);
	report->reporter = statement_text_copy(s, 6);
	report->reason = statement_text_copy(s, 7);
	report->body = statement_text_copy(s, 8);
	report->state = statement_text_copy(s, 9);
	report->note = statement_text_copy(s, 10);
	report->created_ms = statement_integer(s, 11);
	report->closed_ms = statement_integer(s, 12);
}

static int not_found(struct error *err)
{
	return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no such report");
}

/* What is UNIQUE among the open ones. */
static char *open_key(const struct report *report)
{
	return report->comment[0] != '\0' ? xasprintf("%s c %s", report->person, report->comment)
					  : xasprintf("%s p %lld", report->person, (long long)report->project);
}

struct adding {
	struct report *report;
	const char *key;
	int64_t now_ms;
	bool fresh;
};

static int insert(struct db *db, const struct adding *adding, struct error *err)
{
	const struct report *x = adding->report;

	return db_execute(db, NULL, err,
			  "INSERT INTO reports (id, open_key, project, comment, person, reporter, reason, body, state, "
			  "created_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'open', ?)",
			  "ssisssssi", x->id, adding->key, x->project, x->comment[0] != '\0' ? x->comment : NULL,
			  x->person, x->reporter, x->reason, x->body, adding->now_ms);
}

static int say_anew(struct db *db, const struct adding *adding, struct error *err)
{
	struct report *x = adding->report;
	struct statement *s = NULL;
	int r = db_query(db, &s, err, "SELECT id FROM reports WHERE open_key = ?", "s", adding->key);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0)
		str_copy(x->id, sizeof(x->id), statement_text(s, 0));
	statement_done(s);
	if (r == 0) /* closed between the two: the transaction begins again */
		return error_set(err, ERROR_UNAVAILABLE, EBUSY, "the report is being closed; try again");
	if (r < 0)
		return r;
	return db_execute(db, NULL, err, "UPDATE reports SET reason = ?, body = ?, created_ms = ? WHERE id = ?", "ssis",
			  x->reason, x->body, adding->now_ms, x->id);
}

static int add(struct db *db, void *data, struct error *err)
{
	struct adding *adding = data;
	int r;

	random_id(adding->report->id, STORE_ID_LENGTH);
	r = insert(db, adding, err);
	adding->fresh = r == 0;
	return r == -EEXIST ? say_anew(db, adding, err) : r;
}

int reports_add(struct store *store, struct report *report, int64_t now_ms, bool *ret_new, struct error *err)
{
	auto_free char *key = open_key(report);
	struct adding adding = {.report = report, .key = key, .now_ms = now_ms};
	struct error why = {0};
	int r = db_transaction(store->db, add, &adding, &why);

	*ret_new = adding.fresh;
	if (r < 0 && why.kind == ERROR_INVALID) /* a foreign key */
		return error_set(err, ERROR_NOT_FOUND, ENOENT, "what you report is not there any more");
	if (r < 0 && err != NULL)
		*err = why;
	return r;
}

int reports_get(struct store *store, const char *id, struct report *ret_report, struct error *err)
{
	struct statement *s = NULL;
	int r = db_query(store->db, &s, err, SELECT_REPORT "WHERE r.id = ?", "s", id);

	if (r < 0)
		return r;
	r = statement_step(s, err);
	if (r > 0)
		read_report(s, ret_report);
	statement_done(s);
	if (r == 0)
		return not_found(err);
	return r < 0 ? r : 0;
}

int reports_list(struct store *store, const char *state, struct page page, struct report_list *ret_list,
		 struct error *err)
{
	struct statement *s = NULL;
	int r;

	memset(ret_list, 0, sizeof(*ret_list));
	r = db_number(store->db, 0, &ret_list->total, err,
		      "SELECT COUNT(*) FROM reports r WHERE ? IS NULL OR r.state = ?", "ss", state, state);
	if (r == 0)
		r = db_query(store->db, &s, err,
			     SELECT_REPORT
			     "WHERE ? IS NULL OR r.state = ? ORDER BY r.created_ms DESC, r.id LIMIT ? OFFSET ?",
			     "ssii", state, state, (int64_t)page.per_page, page_offset(page));
	if (r < 0)
		return r;
	ret_list->items = xcalloc(page.per_page, sizeof(*ret_list->items));
	while (ret_list->count < page.per_page && (r = statement_step(s, err)) > 0)
		read_report(s, &ret_list->items[ret_list->count++]);
	statement_done(s);
	if (r < 0)
		report_list_fini(ret_list);
	return r < 0 ? r : 0;
}

int reports_set_state(struct store *store, const char *id, const char *state, const char *note, int64_t now_ms,
		      struct error *err)
{
	bool open = strcmp(state, "open") == 0;
	struct report report = {0};
	auto_free char *key = NULL;
	int r = reports_get(store, id, &report, err);

	if (r < 0)
		return r;
	if (open)
		key = open_key(&report);
	r = db_execute(store->db, NULL, err,
		       "UPDATE reports SET state = ?, open_key = ?, note = CASE WHEN ? IS NULL THEN note ELSE ? END, "
		       "closed_ms = "
		       "CASE WHEN ? = 1 THEN NULL WHEN closed_ms IS NULL THEN ? ELSE closed_ms END WHERE id = ?",
		       "ssssiis", state, key, note, note, (int64_t)open, now_ms, id);
	report_fini(&report);
	if (r == -EEXIST)
		return error_set(err, ERROR_CONFLICT, EEXIST,
				 "the same person has reported this again; that report is open");
	return r;
}

int reports_count_open(struct store *store, int64_t project, int64_t *ret_count, struct error *err)
{
	return db_number(store->db, 0, ret_count, err,
			 "SELECT COUNT(*) FROM reports WHERE state = 'open' AND (? = 0 OR project = ?)", "ii", project,
			 project);
}
