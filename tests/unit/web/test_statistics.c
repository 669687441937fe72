/* What authors see of their projects, over HTTP. */
#include <stdio.h>

#include "unit/web/people.h"

#include "base/clock.h"
#include "base/util.h"

#define STATISTICS "/api/v1/projects/taste/figlet/statistics"

static void counts_for_the_author(void **state)
{
	struct guest guest = {.fixture = *state}, author, admin, ann;
	char today[CLOCK_RFC3339_SIZE];
	json_t *json;

	fixture_start(*state);
	author = person(*state, "taste", "user");
	admin = person(*state, "root", "admin");
	ann = person(*state, "ann", "user");
	fixture_sql(*state, "INSERT INTO project_days (project, day, tries, visitors, used_ms, likes) SELECT id, "
			   "CAST(strftime('%s', 'now') AS INTEGER) / 86400 - 2, 7, 5, 93000, 1 FROM projects WHERE "
			   "name = 'figlet'");
	try_out(&guest, "taste/figlet");
	try_out(&guest, "taste/figlet");
	try_out(&ann, "taste/figlet");
	call(&ann, "PUT", "/api/v1/projects/taste/figlet/like", NULL, 200);
	call(&guest, "DELETE", "/api/v1/sandboxes?ended=1", NULL, 204); /* changes nothing for the author */
	json = expect(&author, "GET", STATISTICS "?days=3", NULL, 200);
	assert_int_equal(json_array_size(at(json, "days")), 3);
	clock_rfc3339(clock_realtime_ms(), today);
	today[10] = '\0';
	assert_string_equal(text_of(json, "to"), today);
	assert_string_equal(text_of(json, "days.2.date"), today);
	assert_string_equal(text_of(json, "from"), text_of(json, "days.0.date"));
	assert_int_equal(number_of(json, "days.0.tries"), 7);
	assert_int_equal(number_of(json, "days.0.visitors"), 5);
	assert_true(json_real_value(at(json, "days.0.minutes")) > 1.4 &&
		    json_real_value(at(json, "days.0.minutes")) < 1.7);
	assert_int_equal(number_of(json, "days.1.tries"), 0);
	assert_int_equal(number_of(json, "days.2.tries"), 3);
	assert_int_equal(number_of(json, "days.2.visitors"), 2);
	assert_int_equal(number_of(json, "days.2.likes"), 1);
	assert_int_equal(number_of(json, "totals.tries"), 10);
	assert_int_equal(number_of(json, "totals.visitors"), 7);
	assert_int_equal(number_of(json, "totals.likes"), 2);
	drop(json);
	json = expect(&author, "GET", STATISTICS, NULL, 200);
	assert_int_equal(json_array_size(at(json, "days")), 30);
	drop(json);
	json = expect(&admin, "GET", STATISTICS "?days=1", NULL, 200);
	assert_int_equal(number_of(json, "totals.tries"), 3);
	drop(json);
	call(&author, "GET", STATISTICS "?days=366", NULL, 200);
}

static void tells_nobody_else(void **state)
{
	static const char *const paths[] = {STATISTICS, STATISTICS ".csv"};
	struct guest guest = {.fixture = *state}, author, ann;
	char path[128];

	fixture_start(*state);
	author = person(*state, "taste", "user");
	ann = person(*state, "ann", "user");
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++) {
		static const char *const bad[] = {
			"0", "367", "-1", "x", "1e3", "99999999999999999999", "%27%20OR%201=1"};

		call(&guest, "GET", paths[i], NULL, 401);
		call(&ann, "GET", paths[i], NULL, 403);
		for (size_t n = 0; n < ARRAY_SIZE(bad); n++) {
			snprintf(path, sizeof(path), "%s?days=%s", paths[i], bad[n]);
			call(&author, "GET", path, NULL, 422);
		}
	}
	call(&author, "GET", "/api/v1/projects/taste/none/statistics", NULL, 404);
	fixture_sql(*state, "UPDATE projects SET visibility = 'hidden'");
	call(&ann, "GET", STATISTICS, NULL, 404);
	call(&author, "GET", STATISTICS, NULL, 200);
}

static void gives_a_table(void **state)
{
	struct guest author, ann;
	struct reply reply;
	char *line;

	fixture_start(*state);
	author = person(*state, "taste", "user");
	ann = person(*state, "ann", "user");
	try_out(&ann, "taste/figlet");
	reply = ask(&author, "GET", STATISTICS ".csv?days=2", NULL);
	assert_int_equal(reply.status, 200);
	assert_non_null(strcasestr(reply.head.data, "\r\nContent-Type: text/csv; charset=utf-8"));
	assert_non_null(
		strcasestr(reply.head.data,
			   "\r\nContent-Disposition: attachment; filename=\"taste-figlet-statistics.csv\"\r\n"));
	line = reply.body.data;
	assert_int_equal(strncmp(line, "date,tries,visitors,minutes,likes\r\n", 35), 0);
	line = strchr(line, '\n') + 1;
	assert_non_null(strstr(line, ",0,0,0.0,0\r\n"));
	line = strchr(line, '\n') + 1;
	assert_non_null(strstr(line, ",1,1,"));
	assert_true(strlen(line) > 2 && strcmp(line + strlen(line) - 2, "\r\n") == 0);
	/* Nothing that a spreadsheet takes for a formula. */
	assert_null(strpbrk(reply.body.data, "=+@\"\t"));
	reply_fini(&reply);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(counts_for_the_author, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(tells_nobody_else, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(gives_a_table, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("web: statistics", tests, NULL, NULL);
}
