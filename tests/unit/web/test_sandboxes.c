#include <stdio.h>
#include <unistd.h>

#include "unit/web/fixture.h"

static void one_for_a_person(void **state)
{
	struct guest guest = {.fixture = *state};
	char path[80], other[80];
	json_t *json;

	fixture_start(*state);
	start_try(&guest, "taste/figlet", path, sizeof(path));
	json = expect(&guest, "POST", "/api/v1/sandboxes", TRY, 409);
	assert_non_null(strstr(path, text_of(json, "sandbox.id")));
	assert_string_equal(text_of(json, "sandbox.state"), "running");
	drop(json);
	json = expect(&guest, "POST", "/api/v1/sandboxes?replace=1", TRY, 201);
	snprintf(other, sizeof(other), "/api/v1/sandboxes/%s", text_of(json, "id"));
	assert_string_not_equal(path, other);
	drop(json);
	json = expect(&guest, "GET", path, NULL, 200);
	assert_string_equal(text_of(json, "ended.reason"), "replaced");
	assert_int_equal(json_array_size(at(json, "terminals")), 0);
	drop(json);
	json = expect(&guest, "GET", "/api/v1/sandboxes", NULL, 200);
	assert_int_equal(number_of(json, "total"), 2);
	assert_string_equal(text_of(json, "items.0.state"), "running");
	assert_string_equal(text_of(json, "items.1.state"), "ended");
	drop(json);
	json = expect(&guest, "GET", "/api/v1/session", NULL, 200);
	assert_non_null(strstr(other, text_of(json, "sandbox.id")));
	drop(json);
}

static void others_see_nothing(void **state)
{
	struct guest guest = {.fixture = *state}, stranger = {.fixture = *state};
	char path[80], more[96];

	fixture_start(*state);
	start_try(&guest, "taste/figlet", path, sizeof(path));
	drop(expect(&stranger, "GET", path, NULL, 401));
	drop(expect(&stranger, "DELETE", path, NULL, 401));
	start_try(&stranger, "taste/figlet", more, sizeof(more));
	drop(expect(&stranger, "GET", path, NULL, 404));
	drop(expect(&stranger, "DELETE", path, NULL, 404));
	snprintf(more, sizeof(more), "%s/extend", path);
	drop(expect(&stranger, "POST", more, NULL, 404));
	snprintf(more, sizeof(more), "%s/terminals", path);
	drop(expect(&stranger, "POST", more, "{}", 404));
	drop(expect(&guest, "GET", path, NULL, 200));
	snprintf(stranger.cookie, sizeof(stranger.cookie), "ttob_session=%043d", 0);
	drop(expect(&stranger, "GET", path, NULL, 401));
}

static void writes_must_come_from_here(void **state)
{
	struct guest guest = {.fixture = *state}, fresh = {.fixture = *state, .origin = "http://evil.example"};
	char path[80];

	fixture_start(*state);
	drop(expect(&fresh, "POST", "/api/v1/sandboxes", TRY, 403));
	assert_string_equal(fresh.cookie, "");
	start_try(&guest, "taste/figlet", path, sizeof(path));
	guest.origin = "";
	drop(expect(&guest, "DELETE", path, NULL, 403));
	guest.origin = "http://evil.example";
	drop(expect(&guest, "DELETE", path, NULL, 403));
	drop(expect(&guest, "POST", "/api/v1/sandboxes", TRY, 403));
	guest.origin = "null";
	drop(expect(&guest, "DELETE", path, NULL, 403));
	guest.origin = NULL;
	guest.type = "application/x-www-form-urlencoded";
	drop(expect(&guest, "POST", "/api/v1/sandboxes", "project=taste/figlet", 415));
	guest.type = "text/plain";
	drop(expect(&guest, "POST", "/api/v1/sandboxes", TRY, 415));
	guest.type = NULL;
	drop(expect(&guest, "GET", path, NULL, 200));
}

static void set_delay(struct engine *engine, void *data)
{
	fake_engine_delay(engine, *(int64_t *)data);
}

static void two_at_once_start_one(void **state)
{
	struct guest guest = {.fixture = *state};
	struct runner runners[4];
	int64_t delay = 100;

	fixture_start(*state);
	become_known(&guest);
	fixture_on_loop(*state, set_delay, &delay);
	for (int i = 0; i < 4; i++)
		runners[i] = (struct runner){.guest = guest, .method = "POST", .path = "/api/v1/sandboxes", .body = TRY};
	run_all(runners, 4);
	assert_int_equal(answered(runners, 4, 201), 1);
	assert_int_equal(answered(runners, 4, 409), 3);
}

static void who_finds_no_place_waits(void **state)
{
	struct fixture *fixture = *state;
	struct guest first = {.fixture = fixture}, second = {.fixture = fixture}, third = {.fixture = fixture},
		     fourth = {.fixture = fixture};
	char path[80], waiting[80], later[80];
	json_t *json;

	fixture->options.most = 1;
	fixture->options.queue_max = 2;
	fixture_start(fixture);
	start_try(&first, "taste/figlet", path, sizeof(path));
	json = expect(&second, "POST", "/api/v1/sandboxes", TRY, 202);
	assert_string_equal(text_of(json, "state"), "queued");
	assert_int_equal(number_of(json, "position"), 1);
	assert_true(number_of(json, "eta_seconds") > 0);
	snprintf(waiting, sizeof(waiting), "/api/v1/sandboxes/%s", text_of(json, "id"));
	drop(json);
	json = expect(&third, "POST", "/api/v1/sandboxes", TRY, 202);
	assert_int_equal(number_of(json, "position"), 2);
	snprintf(later, sizeof(later), "/api/v1/sandboxes/%s", text_of(json, "id"));
	drop(json);
	drop(expect(&fourth, "POST", "/api/v1/sandboxes", TRY, 503));
	drop(expect(&second, "POST", "/api/v1/sandboxes", TRY, 409)); /* waits already */
	json = expect(&second, "GET", waiting, NULL, 200);
	assert_string_equal(text_of(json, "state"), "queued");
	drop(json);
	drop(expect(&first, "DELETE", path, NULL, 204));
	drop(until(&second, waiting, "state", "running"));
	json = expect(&third, "GET", later, NULL, 200);
	assert_int_equal(number_of(json, "position"), 1);
	drop(json);
	drop(expect(&third, "DELETE", later, NULL, 204)); /* gives up waiting */
	drop(expect(&fourth, "POST", "/api/v1/sandboxes", TRY, 202));
}

static void time_can_be_extended_to_a_limit(void **state)
{
	struct guest guest = {.fixture = *state};
	char path[80], extend[96], before[40];
	json_t *json;

	fixture_start(*state);
	start_try(&guest, "taste/figlet", path, sizeof(path));
	snprintf(extend, sizeof(extend), "%s/extend", path);
	json = expect(&guest, "GET", path, NULL, 200);
	snprintf(before, sizeof(before), "%s", text_of(json, "expires_at"));
	drop(json);
	json = expect(&guest, "POST", extend, NULL, 200);
	assert_true(strcmp(text_of(json, "expires_at"), before) > 0);
	drop(json);
	drop(expect(&guest, "POST", extend, NULL, 200));
	json = expect(&guest, "POST", extend, NULL, 409); /* one hour, and twice half of one: two hours are the most */
	assert_non_null(strstr(text_of(json, "detail"), "120 minutes"));
	drop(json);
	drop(expect(&guest, "DELETE", path, NULL, 204));
	drop(expect(&guest, "DELETE", path, NULL, 204));
	drop(expect(&guest, "POST", extend, NULL, 409));
	drop(expect(&guest, "DELETE", "/api/v1/sandboxes/nothing", NULL, 404));
}

static void it_ends_by_itself_in_time(void **state)
{
	struct fixture *fixture = *state;
	struct guest guest = {.fixture = fixture};
	char path[80];

	fixture->options.idle_ms = 30;
	fixture_start(fixture);
	start_try(&guest, "taste/figlet", path, sizeof(path));
	drop(until(&guest, path, "ended.reason", "idle"));
	fixture_stop(fixture);
	fixture->options.idle_ms = 900000;
	fixture->options.lifetime_ms = 30;
	fixture_start(fixture);
	start_try(&guest, "taste/figlet", path, sizeof(path));
	drop(until(&guest, path, "ended.reason", "expired"));
}

static void fail_start(struct engine *engine, void *data)
{
	fake_engine_fail(engine, "start", *(enum error_kind *)data, 1);
}

static void a_failed_start_is_told_and_gives_the_place_back(void **state)
{
	struct fixture *fixture = *state;
	struct guest guest = {.fixture = fixture};
	enum error_kind kind = ERROR_INTERNAL;
	json_t *json;
	char path[80];

	fixture->options.most = 1;
	fixture_start(fixture);
	fixture_on_loop(fixture, fail_start, &kind);
	json = expect(&guest, "POST", "/api/v1/sandboxes", TRY, 503);
	assert_non_null(strstr(text_of(json, "detail"), "made to fail"));
	drop(json);
	json = expect(&guest, "GET", "/api/v1/sandboxes", NULL, 200);
	assert_string_equal(text_of(json, "items.0.ended.reason"), "failed");
	drop(json);
	/* An image that is not unpacked here is fetched, and the start goes on. */
	kind = ERROR_NOT_FOUND;
	fixture_on_loop(fixture, fail_start, &kind);
	start_try(&guest, "taste/figlet", path, sizeof(path));
}

static void count_pulls(struct engine *engine, void *data)
{
	*(unsigned *)data = fake_engine_count(engine, "pull");
}

static void an_image_that_is_not_here_is_fetched_once(void **state)
{
	struct guest guest = {.fixture = *state};
	enum error_kind kind = ERROR_NOT_FOUND;
	unsigned pulls;
	char path[80];

	fixture_start(*state);
	fixture_on_loop(*state, fail_start, &kind);
	start_try(&guest, "taste/figlet", path, sizeof(path));
	fixture_on_loop(*state, count_pulls, &pulls);
	assert_int_equal(pulls, 1);
}

static void lose(struct engine *engine, void *data)
{
	(void)data;
	fake_engine_lose_sandboxes(engine);
}

static void count_adopted(struct engine *engine, void *data)
{
	*(unsigned *)data = fake_engine_count(engine, "adopt");
}

static void an_engine_that_comes_back_finds_its_sandboxes(void **state)
{
	struct guest guest = {.fixture = *state}, other = {.fixture = *state};
	unsigned adopted;
	char path[80];

	fixture_start(*state);
	start_try(&guest, "taste/figlet", path, sizeof(path));
	fixture_away(*state, true);
	drop(expect(&other, "POST", "/api/v1/sandboxes", TRY, 503));
	drop(expect(&other, "GET", "/readyz", NULL, 503));
	drop(until(&guest, path, "state", "running"));
	fixture_away(*state, false);
	drop(expect(&other, "POST", "/api/v1/sandboxes", TRY, 201));
	drop(until(&guest, path, "state", "running"));
	fixture_on_loop(*state, count_adopted, &adopted);
	assert_int_equal(adopted, 1);
	fixture_away(*state, true);
	fixture_on_loop(*state, lose, NULL);
	fixture_away(*state, false);
	drop(until(&guest, path, "ended.reason", "failed"));
	start_try(&guest, "taste/figlet", path, sizeof(path));
}

static void end_one(struct engine *engine, void *data)
{
	fake_engine_end(engine, data, "memory", 137);
}

static void the_engine_says_how_it_ended(void **state)
{
	struct guest guest = {.fixture = *state};
	char path[80];
	json_t *json;

	fixture_start(*state);
	start_try(&guest, "taste/figlet", path, sizeof(path));
	fixture_on_loop(*state, end_one, strrchr(path, '/') + 1);
	json = until(&guest, path, "ended.reason", "memory");
	assert_int_equal(number_of(json, "ended.exit_code"), 137);
	drop(json);
	start_try(&guest, "taste/figlet", path, sizeof(path));
}

static void a_new_process_closes_what_is_gone(void **state)
{
	struct fixture *fixture = *state;
	struct guest guest = {.fixture = fixture};
	char path[80];

	fixture_start(fixture);
	start_try(&guest, "taste/figlet", path, sizeof(path));
	fixture_stop(fixture); /* the in-memory engine's sandboxes end with it */
	fixture_start(fixture);
	drop(until(&guest, path, "ended.reason", "failed"));
	fixture->options.end_on_stop = true;
	fixture_stop(fixture);
	fixture_start(fixture);
	start_try(&guest, "taste/figlet", path, sizeof(path));
	fixture_stop(fixture);
	fixture_start(fixture);
	drop(until(&guest, path, "ended.reason", "stopped"));
}

static void more_shells(void **state)
{
	struct guest guest = {.fixture = *state};
	char path[80], terminals[96];
	json_t *json;

	fixture_start(*state);
	start_try(&guest, "taste/figlet", path, sizeof(path));
	snprintf(terminals, sizeof(terminals), "%s/terminals", path);
	for (int n = 2; n <= 4; n++) {
		json = expect(&guest, "POST", terminals, "{\"cols\": 100, \"rows\": 40}", 201);
		assert_int_equal(number_of(json, "n"), n);
		drop(json);
	}
	drop(expect(&guest, "POST", terminals, NULL, 409));
	drop(expect(&guest, "POST", terminals, "{\"cols\": 0}", 422));
	drop(expect(&guest, "POST", terminals, "{\"cols\": 1001}", 422));
	drop(expect(&guest, "POST", terminals, "{\"columns\": 10}", 422));
	json = expect(&guest, "GET", path, NULL, 200);
	assert_int_equal(json_array_size(at(json, "terminals")), 4);
	drop(json);
}

static void bad_bodies_are_refused(void **state)
{
	static const struct {
		const char *body;
		int status;
	} table[] = {
		{"", 400},
		{"{", 400},
		{"[]", 400},
		{"null", 400},
		{"\"x\"", 400},
		{"{\"project\": \"taste/figlet\"", 400},
		{"{\"project\": \"a/b\", \"project\": \"a/b\"}", 400},
		{"{\"project\": \"\xff/x\"}", 400},
		{"{}", 422},
		{"{\"project\": null}", 422},
		{"{\"project\": 5}", 422},
		{"{\"project\": \"figlet\"}", 422},
		{"{\"project\": \"/\"}", 422},
		{"{\"project\": \"taste/\"}", 422},
		{"{\"project\": \"../etc/passwd\"}", 422},
		{"{\"project\": \"taste/figlet/x\"}", 422},
		{"{\"project\": \"Taste/Figlet\"}", 422},
		{"{\"project\": \"taste/figlet\", \"cols\": -1}", 422},
		{"{\"project\": \"taste/figlet\", \"cols\": 1e3}", 422},
		{"{\"project\": \"taste/figlet\", \"rows\": \"24\"}", 422},
		{"{\"project\": \"taste/figlet\", \"rows\": 99999999999}", 422},
		{"{\"project\": \"taste/figlet\", \"version\": 1}", 422},
		{"{\"project\": \"taste/figlet\", \"version\": \"; rm\"}", 422},
		{"{\"project\": \"taste/figlet\", \"replace\": \"yes\"}", 422},
		{"{\"project\": \"taste/figlet\", \"root\": true}", 422},
		{"{\"project\": \"taste/nothing\"}", 404},
		{"{\"project\": \"taste/figlet\", \"version\": \"9.9\"}", 404},
	};
	struct guest guest = {.fixture = *state};

	fixture_start(*state);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		drop(expect(&guest, "POST", "/api/v1/sandboxes", table[i].body, table[i].status));
	drop(expect(&guest, "POST", "/api/v1/sandboxes", "{\"project\": \"taste/figlet\", \"version\": \"1.0\"}", 201));
}

static void a_huge_body_is_refused(void **state)
{
	struct guest guest = {.fixture = *state};
	size_t length = 64 * 1024;
	char *body = malloc(length + 1);

	fixture_start(*state);
	memset(body, ' ', length);
	body[length] = '\0';
	drop(expect(&guest, "POST", "/api/v1/sandboxes", body, 413));
	free(body);
}

static void an_address_may_try_so_often(void **state)
{
	struct fixture *fixture = *state;
	struct guest guest = {.fixture = fixture};
	struct reply reply;

	fixture->options.limit_loopback = true;
	fixture->options.tries = 2;
	fixture_start(fixture);
	drop(expect(&guest, "POST", "/api/v1/sandboxes", TRY, 201));
	drop(expect(&guest, "POST", "/api/v1/sandboxes?replace=1", TRY, 201));
	reply = ask(&guest, "POST", "/api/v1/sandboxes?replace=1", TRY);
	assert_int_equal(reply.status, 429);
	assert_non_null(strstr(reply.head.data, "Retry-After: "));
	reply_fini(&reply);
}

static void a_network_may_try_so_often(void **state)
{
	struct fixture *fixture = *state;

	fixture->options.limit_loopback = true;
	fixture->options.trust_forwarded = true; /* so that a test can come from many places */
	fixture->options.tries = 2;
	fixture_start(fixture);
	for (int i = 1; i <= 3; i++) {
		struct guest guest = {.fixture = fixture};
		char header[64];

		snprintf(header, sizeof(header), "X-Forwarded-For: 2001:db8::%d\r\n", i);
		guest.headers = header;
		drop(expect(&guest, "POST", "/api/v1/sandboxes", TRY, i <= 2 ? 201 : 429));
	}
}

/* A guest is a row of the database. */
static void who_gets_nothing_is_no_guest(void **state)
{
	struct fixture *fixture = *state;
	struct guest guest = {.fixture = fixture};

	fixture->options.limit_loopback = true;
	fixture->options.tries = 0;
	fixture_start(fixture);
	drop(expect(&guest, "POST", "/api/v1/sandboxes", "{\"project\": \"taste/none\"}", 404));
	drop(expect(&guest, "POST", "/api/v1/sandboxes", TRY, 429));
	drop(expect(&guest, "POST", "/api/v1/reports", "{\"project\": \"taste/none\", \"reason\": \"spam\"}", 404));
	assert_string_equal(guest.cookie, "");
}

static void leaving_ends_session_and_sandbox(void **state)
{
	struct guest guest = {.fixture = *state}, same;
	char path[80];

	fixture_start(*state);
	start_try(&guest, "taste/figlet", path, sizeof(path));
	same = guest;
	drop(expect(&guest, "DELETE", "/api/v1/session", NULL, 204));
	drop(expect(&same, "GET", path, NULL, 401));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(one_for_a_person, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(others_see_nothing, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(writes_must_come_from_here, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(two_at_once_start_one, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(who_finds_no_place_waits, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(time_can_be_extended_to_a_limit, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(it_ends_by_itself_in_time, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_failed_start_is_told_and_gives_the_place_back, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(an_image_that_is_not_here_is_fetched_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(an_engine_that_comes_back_finds_its_sandboxes, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_engine_says_how_it_ended, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_new_process_closes_what_is_gone, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(more_shells, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(bad_bodies_are_refused, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_huge_body_is_refused, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(an_address_may_try_so_often, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_network_may_try_so_often, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(who_gets_nothing_is_no_guest, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(leaving_ends_session_and_sandbox, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("web: sandboxes", tests, NULL, NULL);
}
