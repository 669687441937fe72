/* /recommendations, the history behind them, and what is trending, over HTTP. */
#include <stdio.h>

#include "unit/web/people.h"

#include "base/clock.h"
#include "base/util.h"
#include "store/sandboxes.h"

static void add_projects(struct fixture *fixture, const char *category, int count)
{
	char name[32];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "%s-%02d", category, i);
		people_project(fixture, "demo", name, category);
	}
}

static int of_category(json_t *json, const char *category)
{
	int count = 0;
	size_t i;
	json_t *item;

	json_array_foreach(at(json, "items"), i, item) count += strcmp(text_of(item, "category"), category) == 0;
	return count;
}

static bool holds(json_t *json, const char *full_name)
{
	size_t i;
	json_t *item;

	json_array_foreach(at(json, "items"), i,
			   item) if (strcmp(text_of(item, "full_name"), full_name) == 0) return true;
	return false;
}

/* Six tries of Cloud, two of AI, two of System. */
static void try_ten(struct guest *guest)
{
	static const char *const tries[] = {"demo/cloud-00",  "demo/cloud-01", "demo/cloud-00", "demo/cloud-00",
					    "demo/cloud-02",  "demo/cloud-00", "demo/ai-00",    "demo/ai-00",
					    "demo/system-00", "demo/system-01"};

	for (size_t i = 0; i < ARRAY_SIZE(tries); i++)
		try_out(guest, tries[i]);
}

static void check_ten(struct guest *guest)
{
	json_t *json = expect(guest, "GET", "/api/v1/recommendations?places=10", NULL, 200);

	assert_true(json_is_true(at(json, "personal")));
	assert_int_equal(json_array_size(at(json, "items")), 10);
	assert_int_equal(of_category(json, "cloud"), 6);
	assert_int_equal(of_category(json, "ai"), 2);
	assert_int_equal(of_category(json, "system"), 2);
	assert_false(holds(json, "demo/cloud-00") || holds(json, "demo/cloud-01") || holds(json, "demo/ai-00"));
	assert_string_equal(text_of(json, "items.0.category"), "cloud");
	/* The most tried of the category comes first. */
	assert_string_equal(text_of(json, "items.0.full_name"), "demo/cloud-09");
	drop(json);
}

static void add_catalogue(struct fixture *fixture)
{
	add_projects(fixture, "cloud", 10);
	add_projects(fixture, "ai", 5);
	add_projects(fixture, "system", 5);
	add_projects(fixture, "web", 3);
	fixture_sql(fixture, "UPDATE projects SET tries = 50 WHERE name = 'cloud-09'");
	fixture_sql(fixture, "UPDATE projects SET tries = 90 WHERE name = 'web-01'");
}

static void shares_places_out_by_history(void **state)
{
	struct guest guest = {.fixture = *state}, other = {.fixture = *state}, ann;
	struct reply reply;
	json_t *json;

	add_catalogue(*state);
	fixture_start(*state);
	ann = person(*state, "ann", "user");
	try_ten(&guest);
	check_ten(&guest);
	try_ten(&ann); /* and just so with an account */
	check_ten(&ann);
	json = expect(&guest, "GET", "/api/v1/recommendations", NULL, 200);
	assert_int_equal(json_array_size(at(json, "items")), 12);
	drop(json);
	/* Somebody else gets their own answer, also from the same address and right behind. */
	reply = ask(&other, "GET", "/api/v1/recommendations?places=10", NULL);
	assert_int_equal(reply.status, 200);
	assert_true(json_is_false(at(reply.json, "personal")));
	assert_non_null(strcasestr(reply.head.data, "\r\nCache-Control: private, no-store\r\n"));
	assert_null(strcasestr(reply.head.data, "\r\nETag:"));
	reply_fini(&reply);
	check_ten(&guest);
}

static void settles_ties_and_fills_up(void **state)
{
	struct guest guest = {.fixture = *state};
	json_t *json;

	add_projects(*state, "web", 2);
	add_projects(*state, "ai", 9);
	fixture_start(*state);
	try_out(&guest, "demo/web-00");
	try_out(&guest, "demo/ai-00");
	/* Three places for two equal shares: the first by name gets the odd one. */
	json = expect(&guest, "GET", "/api/v1/recommendations?places=3", NULL, 200);
	assert_int_equal(of_category(json, "ai"), 2);
	assert_int_equal(of_category(json, "web"), 1);
	drop(json);
	/* One web project is left for four places: others take them. */
	json = expect(&guest, "GET", "/api/v1/recommendations?places=8", NULL, 200);
	assert_int_equal(json_array_size(at(json, "items")), 8);
	assert_int_equal(of_category(json, "web"), 1);
	drop(json);
	/* More places than projects: each once, and none that was tried. */
	json = expect(&guest, "GET", "/api/v1/recommendations?places=24", NULL, 200);
	assert_int_equal(json_array_size(at(json, "items")), 10);
	drop(json);
	call(&guest, "GET", "/api/v1/recommendations?places=0", NULL, 422);
	call(&guest, "GET", "/api/v1/recommendations?places=25", NULL, 422);
	call(&guest, "GET", "/api/v1/recommendations?places=-1", NULL, 422);
	call(&guest, "GET", "/api/v1/recommendations?places=x", NULL, 422);
}

static void offers_trending_ones_without_history(void **state)
{
	struct guest guest = {.fixture = *state}, ann;
	json_t *json;

	add_projects(*state, "web", 1);
	people_project(*state, "demo", "secret", "web");
	people_project(*state, "demo", "unlisted", "web");
	fixture_sql(*state, "UPDATE projects SET visibility = 'hidden' WHERE name = 'secret'");
	fixture_sql(*state, "UPDATE projects SET visibility = 'unlisted' WHERE name = 'unlisted'");
	fixture_sql(*state, "UPDATE projects SET trend = 1e9 WHERE name = 'web-00'");
	fixture_add_project(*state, "unbuilt");
	fixture_start(*state);
	ann = person(*state, "ann", "user");
	json = expect(&guest, "GET", "/api/v1/recommendations", NULL, 200);
	assert_true(json_is_false(at(json, "personal")));
	assert_string_equal(text_of(json, "items.0.full_name"), "demo/web-00");
	assert_false(holds(json, "demo/secret") || holds(json, "demo/unlisted"));
	drop(json);
	json = expect(&ann, "GET", "/api/v1/recommendations?places=1", NULL, 200);
	assert_true(json_is_false(at(json, "personal")));
	assert_int_equal(json_array_size(at(json, "items")), 1);
	drop(json);
	/* A broken cookie is nobody's. */
	snprintf(guest.cookie, sizeof(guest.cookie), "ttob_session=' OR 1=1 --");
	call(&guest, "GET", "/api/v1/recommendations", NULL, 200);
}

static void offers_trending_ones_when_all_were_tried(void **state)
{
	struct guest guest = {.fixture = *state};
	json_t *json;

	fixture_start(*state);
	try_out(&guest, "taste/figlet");
	json = expect(&guest, "GET", "/api/v1/recommendations", NULL, 200);
	assert_true(json_is_false(at(json, "personal")));
	assert_int_equal(json_array_size(at(json, "items")), 1);
	drop(json);
}

static void forgets_old_tries(void **state)
{
	struct guest guest = {.fixture = *state};
	json_t *json;

	add_projects(*state, "web", 3);
	fixture_start(*state);
	try_out(&guest, "demo/web-00");
	json = expect(&guest, "GET", "/api/v1/recommendations", NULL, 200);
	assert_true(json_is_true(at(json, "personal")));
	drop(json);
	fixture_sql(*state, "UPDATE sandboxes SET created_ms = created_ms - 91 * 86400000");
	json = expect(&guest, "GET", "/api/v1/recommendations", NULL, 200);
	assert_true(json_is_false(at(json, "personal")));
	assert_true(holds(json, "demo/web-00"));
	drop(json);
}

/* ---- the history
 * ------------------------------------------------------------------------------------------------------- */

static json_int_t history_of(struct guest *guest)
{
	json_t *json = expect(guest, "GET", "/api/v1/sandboxes", NULL, 200);
	json_int_t total = number_of(json, "total");

	drop(json);
	return total;
}

static void removes_history(void **state)
{
	struct guest guest = {.fixture = *state}, other = {.fixture = *state}, stranger = {.fixture = *state};
	char open[96], ended[96], path[128];
	json_t *json;

	add_projects(*state, "web", 3);
	fixture_start(*state);
	try_out(&guest, "demo/web-00");
	try_out(&guest, "demo/web-01");
	try_out(&other, "demo/web-00");
	json = expect(&guest, "GET", "/api/v1/sandboxes", NULL, 200);
	snprintf(ended, sizeof(ended), "/api/v1/sandboxes/%s", text_of(json, "items.0.id"));
	drop(json);
	json = expect(&guest, "POST", "/api/v1/sandboxes", "{\"project\": \"demo/web-02\"}", 201);
	snprintf(open, sizeof(open), "/api/v1/sandboxes/%s", text_of(json, "id"));
	drop(json);
	snprintf(path, sizeof(path), "%s/history", open);
	call(&guest, "DELETE", path, NULL, 409); /* it runs */
	snprintf(path, sizeof(path), "%s/history", ended);
	call(&stranger, "DELETE", path, NULL, 401);
	call(&other, "DELETE", path, NULL, 404);
	guest.origin = "https://evil.example";
	call(&guest, "DELETE", path, NULL, 403);
	call(&guest, "DELETE", "/api/v1/sandboxes?ended=1", NULL, 403);
	guest.origin = NULL;
	call(&guest, "DELETE", path, NULL, 204);
	call(&guest, "DELETE", path, NULL, 404);
	call(&guest, "GET", ended, NULL, 404);
	assert_int_equal(history_of(&guest), 2);
	call(&guest, "DELETE", "/api/v1/sandboxes", NULL, 422);
	call(&guest, "DELETE", "/api/v1/sandboxes?ended=0", NULL, 422);
	call(&stranger, "DELETE", "/api/v1/sandboxes?ended=1", NULL, 401);
	call(&guest, "DELETE", "/api/v1/sandboxes?ended=1", NULL, 204);
	call(&guest, "DELETE", "/api/v1/sandboxes?ended=1", NULL, 204);
	assert_int_equal(history_of(&guest), 1);
	json = expect(&guest, "GET", open, NULL, 200);
	assert_string_equal(text_of(json, "state"), "running");
	drop(json);
	assert_int_equal(history_of(&other), 1);
	/* Right behind the end, though writing is another thread's. */
	call(&guest, "DELETE", open, NULL, 204);
	snprintf(path, sizeof(path), "%s/history", open);
	call(&guest, "DELETE", path, NULL, 204);
	assert_int_equal(history_of(&guest), 0);
	json = expect(&guest, "GET", "/api/v1/recommendations", NULL, 200);
	assert_true(json_is_false(at(json, "personal")));
	drop(json);
}

/* ---- trending and new
 * --------------------------------------------------------------------------------------------------- */

static void counts_one_person_once_a_day(void **state)
{
	struct guest guest = {.fixture = *state}, first = {.fixture = *state}, second = {.fixture = *state};
	json_t *json;

	people_project(*state, "demo", "often", "web");
	people_project(*state, "demo", "wanted", "web");
	fixture_sql(*state, "UPDATE projects SET trend = 0, popularity = 0");
	fixture_sql(*state, "UPDATE projects SET created_ms = 5 WHERE name = 'wanted'");
	fixture_start(*state);
	for (int i = 0; i < 5; i++)
		try_out(&guest, "demo/often");
	try_out(&first, "demo/wanted");
	try_out(&second, "demo/wanted");
	/* The answer may be a second old; the counts in it are never wrong. */
	json = until(&guest, "/api/v1/projects?sort=trending", "items.0.full_name", "demo/wanted");
	drop(json);
	json = expect(&guest, "GET", "/api/v1/projects/demo/often?x=1", NULL, 200);
	assert_int_equal(number_of(json, "tries"), 1);
	drop(json);
	/* Old tries fade: half of their weight in three days. */
	fixture_sql(*state, "UPDATE projects SET trend = trend - 2 WHERE name = 'wanted'");
	fixture_sql(*state, "UPDATE projects SET updated_ms = updated_ms + 1");
	drop(until(&guest, "/api/v1/projects?sort=trending", "items.0.full_name", "demo/often"));
	json = expect(&guest, "GET", "/api/v1/projects?sort=new&x=3", NULL, 200);
	assert_string_equal(text_of(json, "items.2.full_name"), "demo/wanted");
	drop(json);
}

/* ---- one at a time
 * ------------------------------------------------------------------------------------------------------ */

static void one_runs_in_all_browsers_of_a_person(void **state)
{
	struct runner runners[4];
	json_t *json;

	fixture_start(*state);
	for (int i = 0; i < 4; i++)
		runners[i] = (struct runner){.guest = i == 0 ? person(*state, "ann", "user") : person_again(*state, "ann"),
					     .method = "POST",
					     .path = "/api/v1/sandboxes",
					     .body = TRY};
	run_all(runners, 4);
	assert_int_equal(answered(runners, 4, 201), 1);
	assert_int_equal(answered(runners, 4, 409), 3);
	/* Each browser finds the same one. */
	for (int i = 0; i < 4; i++) {
		json = expect(&runners[i].guest, "GET", "/api/v1/sandboxes", NULL, 200);
		assert_int_equal(number_of(json, "total"), 1);
		assert_string_equal(text_of(json, "items.0.state"), "running");
		drop(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shares_places_out_by_history, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(settles_ties_and_fills_up, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(offers_trending_ones_without_history, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(offers_trending_ones_when_all_were_tried, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(forgets_old_tries, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(removes_history, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(counts_one_person_once_a_day, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(one_runs_in_all_browsers_of_a_person, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("web: recommendations", tests, NULL, NULL);
}
