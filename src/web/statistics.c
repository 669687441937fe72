/* /projects/{owner}/{name}/statistics, as JSON and as a table (RFC 4180), for the author. */
#include "store/statistics.h"

#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/util.h"
#include "web/internal.h"
#include "web/sight.h"

#define DAYS      30
#define DAYS_MOST 366
#define DATE_SIZE 11

struct table {
	size_t days;
	int64_t first_ms; /* some time of the first day */
	struct statistics_counts counts[DAYS_MOST];
};

static void date_of(const struct table *table, size_t day, char out[DATE_SIZE])
{
	char text[CLOCK_RFC3339_SIZE];

	clock_rfc3339(table->first_ms + (int64_t)day * STATISTICS_DAY_MS, text);
	memcpy(out, text, DATE_SIZE - 1);
	out[DATE_SIZE - 1] = '\0';
}

/* Minutes with one decimal. */
static double minutes_of(int64_t used_ms)
{
	return round((double)used_ms / 6000) / 10;
}

static int load_table(struct request *request, struct table *table, struct error *err)
{
	const int64_t now_ms = clock_realtime_ms();
	struct project project = {0};
	struct session session = {0};
	uint64_t days = DAYS;
	int r = request_query_number(request, "days", 1, DAYS_MOST, DAYS, &days, err);

	if (r == 0)
		r = visitor_user(request, &session, err);
	if (r == 0)
		r = sight_project(request, &session, &project, err);
	if (r == 0)
		r = sight_must_own(&session, &project, err);
	if (r == 0)
		r = statistics_get(request_local(request), project.id, now_ms, (size_t)days, table->counts, err);
	table->days = r == 0 ? (size_t)days : 0;
	table->first_ms = now_ms - (int64_t)(table->days - 1) * STATISTICS_DAY_MS;
	project_fini(&project);
	return r;
}

static json_t *view_counts(const struct statistics_counts *counts)
{
	return json_pack("{s:I,s:I,s:f,s:I}", "tries", (json_int_t)counts->tries, "visitors",
			 (json_int_t)counts->visitors, "minutes", minutes_of(counts->used_ms), "likes",
			 (json_int_t)counts->likes);
}

static int get_statistics(struct request *request, struct error *err)
{
	auto_free struct table *table = xmalloc(sizeof(*table));
	struct statistics_counts totals = {0};
	char from[DATE_SIZE], to[DATE_SIZE];
	json_t *days;
	int r = load_table(request, table, err);

	if (r < 0)
		return r;
	days = json_array();
	for (size_t i = 0; i < table->days; i++) {
		json_t *day = view_counts(&table->counts[i]);

		date_of(table, i, to);
		json_object_set_new(day, "date", json_string(to));
		json_array_append_new(days, day);
		totals.tries += table->counts[i].tries;
		totals.visitors += table->counts[i].visitors;
		totals.used_ms += table->counts[i].used_ms;
		totals.likes += table->counts[i].likes;
	}
	date_of(table, 0, from);
	respond_json(request, 200,
		     json_pack("{s:s,s:s,s:o,s:o}", "from", from, "to", to, "days", days, "totals",
			       view_counts(&totals)));
	return 0;
}

/* Dates and numbers only: there is no text in it that a spreadsheet could take for a formula. */
static int get_statistics_csv(struct request *request, struct error *err)
{
	auto_free struct table *table = xmalloc(sizeof(*table));
	auto_free char *disposition = NULL;
	auto_buf struct buf csv = BUF_INIT;
	char date[DATE_SIZE];
	int r = load_table(request, table, err);

	if (r < 0)
		return r;
	buf_append_string(&csv, "date,tries,visitors,minutes,likes\r\n");
	for (size_t i = 0; i < table->days; i++) {
		const struct statistics_counts *counts = &table->counts[i];

		date_of(table, i, date);
		buf_printf(&csv, "%s,%lld,%lld,%.1f,%lld\r\n", date, (long long)counts->tries,
			   (long long)counts->visitors, minutes_of(counts->used_ms), (long long)counts->likes);
	}
	/* Found in the database, so the names are of a-z, 0-9, "-", "." and "_". */
	disposition = xasprintf("attachment; filename=\"%s-%s-statistics.csv\"", request_param(request, "owner"),
				request_param(request, "name"));
	respond_header(request, "Content-Disposition", disposition);
	respond_data(request, 200, "text/csv; charset=utf-8; header=present", csv.data, csv.length);
	return 0;
}

const struct resource statistics_resources[] = {
	{METHOD_GET, "/api/v1/projects/{owner}/{name}/statistics", ROUTE_WORK, get_statistics, false, 0},
	{METHOD_GET, "/api/v1/projects/{owner}/{name}/statistics.csv", ROUTE_WORK, get_statistics_csv, false, 0},
	{0},
};
