/* Two web processes on one database: one sandbox for a person on both together. On SQLite; with TTOB_TEST_MARIADB (tests/with_mariadb.py)
 * on MariaDB. */
#include <stdio.h>
#include <unistd.h>

#include "unit/web/fixture.h"

#include "base/clock.h"
#include "base/util.h"
#include "store/nodes.h"
#include "store/store.h"

struct pair {
	struct fixture *a;
	struct fixture *b;
};

/* The database of `pair` is a new one on the server that we were given. */
static void make_database(struct fixture *fixture)
{
	char *url = xasprintf("mariadb://root@/mysql?socket=%s", getenv("TTOB_TEST_MARIADB"));
	char *sql;
	struct db *db;

	sql = xasprintf("CREATE DATABASE %s", strrchr(fixture->folder, '/') + 1);
	for (char *p = sql; *p != '\0'; p++)
		if (*p == '-')
			*p = '_';
	assert_int_equal(db_open(url, &db, NULL), 0);
	assert_int_equal(db_execute(db, NULL, NULL, sql, ""), 0);
	db_close(db);
	free(url);
	free(fixture->database);
	fixture->database = xasprintf("mariadb://root@/%s?socket=%s", sql + strlen("CREATE DATABASE "), getenv("TTOB_TEST_MARIADB"));
	fixture->options.database = fixture->database;
	free(sql);
	fixture_seed(fixture);
}

static int setup(void **state)
{
	struct pair *pair = xmalloc(sizeof(*pair));

	pair->a = fixture_new();
	pair->b = fixture_new();
	if (getenv("TTOB_TEST_MARIADB") != NULL)
		make_database(pair->a);
	pair->a->options.node = "a";
	pair->b->options.node = "b";
	pair->b->options.database = pair->a->options.database;
	pair->b->options.data = pair->a->options.data;
	fixture_start(pair->a);
	fixture_start(pair->b);
	*state = pair;
	return 0;
}

static int teardown(void **state)
{
	struct pair *pair = *state;

	fixture_free(pair->b);
	fixture_free(pair->a);
	free(pair);
	return 0;
}

/* A guest of `a` who has one sandbox there; the same person at `b`. */
static void begin(struct pair *pair, struct guest *at_a, struct guest *at_b, char path[80])
{
	*at_a = (struct guest){.fixture = pair->a};
	*at_b = (struct guest){.fixture = pair->b};
	start_try(at_a, "taste/figlet", path, 80);
	strcpy(at_b->cookie, at_a->cookie);
}

static void shows_what_runs_elsewhere(void **state)
{
	struct guest a, b;
	char path[80], extend[90];
	json_t *json;

	begin(*state, &a, &b, path);
	json = expect(&b, "GET", "/api/v1/sandboxes", NULL, 200);
	assert_int_equal(number_of(json, "total"), 1);
	assert_string_equal(text_of(json, "items.0.state"), "running");
	assert_true(json_is_true(at(json, "items.0.elsewhere")));
	drop(json);
	json = expect(&b, "GET", path, NULL, 200);
	assert_true(json_is_true(at(json, "elsewhere")));
	drop(json);
	json = expect(&a, "GET", path, NULL, 200);
	assert_null(at(json, "elsewhere"));
	drop(json);
	snprintf(extend, sizeof(extend), "%s/extend", path);
	call(&b, "POST", extend, "{}", 409);
	call(&a, "POST", extend, "{}", 200);
}

static void one_for_a_person_on_both(void **state)
{
	struct guest a, b;
	char path[80];
	json_t *json;

	begin(*state, &a, &b, path);
	json = expect(&b, "POST", "/api/v1/sandboxes", TRY, 409);
	assert_non_null(strstr(path, text_of(json, "sandbox.id")));
	assert_string_equal(text_of(json, "sandbox.state"), "running");
	assert_true(json_is_true(at(json, "sandbox.elsewhere")));
	drop(json);
	/* That was refused, not begun: it left nothing behind. */
	json = expect(&b, "GET", "/api/v1/sandboxes", NULL, 200);
	assert_int_equal(number_of(json, "total"), 1);
	drop(json);
	json = expect(&b, "GET", "/api/v1/status", NULL, 200);
	assert_int_equal(number_of(json, "sandboxes.running"), 0);
	drop(json);
	json = expect(&b, "POST", "/api/v1/sandboxes?replace=1", TRY, 201);
	assert_null(strstr(path, text_of(json, "id")));
	drop(json);
	json = expect(&a, "GET", path, NULL, 200);
	assert_string_equal(text_of(json, "ended.reason"), "replaced");
	drop(json);
	json = expect(&a, "GET", "/api/v1/status", NULL, 200);
	assert_int_equal(number_of(json, "sandboxes.running"), 0);
	drop(json);
}

static void ends_what_runs_elsewhere(void **state)
{
	struct guest a, b, stranger;
	char path[80];
	json_t *json;

	begin(*state, &a, &b, path);
	stranger = (struct guest){.fixture = b.fixture};
	call(&stranger, "POST", "/api/v1/sandboxes", TRY, 201);
	call(&stranger, "DELETE", path, NULL, 404);
	call(&b, "DELETE", path, NULL, 204);
	json = expect(&a, "GET", path, NULL, 200);
	assert_string_equal(text_of(json, "ended.reason"), "stopped");
	drop(json);
	call(&b, "POST", "/api/v1/sandboxes", TRY, 201);
}

static void one_however_many_ask_at_once(void **state)
{
	struct runner runners[8];
	struct guest a, b;
	char path[80];

	begin(*state, &a, &b, path);
	call(&a, "DELETE", path, NULL, 204);
	for (int i = 0; i < 8; i++)
		runners[i] = (struct runner){.guest = i % 2 == 0 ? a : b, .method = "POST", .path = "/api/v1/sandboxes", .body = TRY};
	run_all(runners, 8);
	assert_int_equal(answered(runners, 8, 201), 1);
	assert_int_equal(answered(runners, 8, 409), 7);
}

/* `a` is gone without a word, and long ago: whoever had a sandbox there may start another one. */
static void a_dead_node_stands_in_nobodys_way(void **state)
{
	struct pair *pair = *state;
	struct guest a, b;
	char path[80];
	struct store store;
	json_t *json;

	begin(pair, &a, &b, path);
	fixture_stop(pair->a); /* a restart: its sandboxes stay, and it is expected back */
	call(&b, "POST", "/api/v1/sandboxes", TRY, 409);
	assert_int_equal(store_open(pair->b->options.database, &store, NULL), 0);
	assert_int_equal(db_execute(store.db, NULL, NULL, "UPDATE nodes SET seen_ms = ? WHERE name = 'a'", "i",
				    clock_realtime_ms() - NODE_DEAD_MS - 1000),
			 0);
	store_close(&store);
	call(&b, "POST", "/api/v1/sandboxes?replace=1", TRY, 201);
	json = expect(&b, "GET", path, NULL, 200);
	assert_string_equal(text_of(json, "ended.reason"), "failed");
	drop(json);
	fixture_start(pair->a); /* it meets nothing that is not its own */
	json = expect(&b, "GET", "/api/v1/sandboxes", NULL, 200);
	assert_string_equal(text_of(json, "items.0.state"), "running");
	drop(json);
}

/* `a` was taken for dead while it was only slow: it ends what is no longer its own. */
static void ends_what_others_took_over(void **state)
{
	struct pair *pair = *state;
	struct guest a, b;
	char path[80];
	struct store store;

	begin(pair, &a, &b, path);
	assert_int_equal(store_open(pair->a->options.database, &store, NULL), 0);
	assert_int_equal(db_execute(store.db, NULL, NULL,
				    "UPDATE sandboxes SET state = 'ended', open_person = NULL, reason = 'failed', ended_ms = 1", ""),
			 0);
	store_close(&store);
	json_decref(until(&a, "/api/v1/status", "engine", "up"));
	for (;;) {
		json_t *json = expect(&a, "GET", "/api/v1/status", NULL, 200);
		json_int_t running = number_of(json, "sandboxes.running");

		drop(json);
		if (running == 0)
			break;
		usleep(20000);
	}
	call(&b, "POST", "/api/v1/sandboxes", TRY, 201);
}

static void tells_browsers_of_what_runs_elsewhere(void **state)
{
	struct guest a, b;
	char path[80];
	json_t *json;

	begin(*state, &a, &b, path);
	json = expect(&b, "GET", "/api/v1/session", NULL, 200);
	assert_non_null(strstr(path, text_of(json, "sandbox.id")));
	assert_string_equal(text_of(json, "sandbox.state"), "running");
	assert_true(json_is_true(at(json, "sandbox.elsewhere")));
	drop(json);
	json = expect(&a, "GET", "/api/v1/session", NULL, 200);
	assert_non_null(strstr(path, text_of(json, "sandbox.id")));
	assert_null(at(json, "sandbox.elsewhere"));
	drop(json);
	call(&a, "DELETE", path, NULL, 204);
	json = expect(&b, "GET", "/api/v1/session", NULL, 200);
	assert_true(json_is_null(at(json, "sandbox")));
	drop(json);
}

/* An account's sandbox on `a`; its owner signs in at `b`. */
static void tells_who_signs_in(void **state)
{
	struct pair *pair = *state;
	struct guest a = {.fixture = pair->a}, b = {.fixture = pair->b};
	char path[80];
	json_t *json;

	register_as(&a, "alice");
	start_try(&a, "taste/figlet", path, sizeof(path));
	json = expect(&b, "POST", "/api/v1/session", "{\"login\": \"alice\", \"password\": \"" PASSWORD "\"}", 200);
	assert_string_equal(text_of(json, "user.username"), "alice");
	assert_non_null(strstr(path, text_of(json, "sandbox.id")));
	assert_true(json_is_true(at(json, "sandbox.elsewhere")));
	drop(json);
}

static void a_guest_leaves_nothing_elsewhere(void **state)
{
	struct pair *pair = *state;
	struct guest a, b;
	char path[80];

	begin(pair, &a, &b, path);
	call(&b, "DELETE", "/api/v1/session", NULL, 204);
	assert_int_equal(fixture_count(pair->a, "SELECT COUNT(*) FROM sandboxes WHERE state = 'ended' AND reason = 'stopped'"), 1);
	call(&a, "GET", "/api/v1/session", NULL, 401);
}

/* Asks until it is answered so; other answers than `before` are wrong. */
static void until_status(struct guest *guest, const char *method, const char *path, const char *body, int before, int status)
{
	for (;;) {
		int now = status_of(guest, method, path, body);

		if (now == status)
			return;
		assert_int_equal(now, before);
		usleep(20000);
	}
}

/* A guest of `a` registers at `b`: what runs on `a` is the account's from then on, there too. */
static void what_runs_elsewhere_comes_along(void **state)
{
	struct pair *pair = *state;
	struct guest a, b, old;
	char path[80], extend[90];

	begin(pair, &a, &b, path);
	old = a;
	register_as(&b, "alice");
	strcpy(a.cookie, b.cookie);
	snprintf(extend, sizeof(extend), "%s/extend", path);
	until_status(&a, "POST", extend, "{}", 409, 200);
	call(&old, "GET", path, NULL, 401);
	call(&a, "DELETE", path, NULL, 204);
	call(&b, "POST", "/api/v1/sandboxes", TRY, 201);
}

/* A guest has one on `b`, the account has one on `a`: the guest's stays, as it does on one node. */
static void the_accounts_one_elsewhere_is_replaced(void **state)
{
	struct pair *pair = *state;
	struct guest alice = {.fixture = pair->a}, guest = {.fixture = pair->b};
	char path[80], kept[80];
	json_t *json;

	register_as(&alice, "alice");
	start_try(&alice, "taste/figlet", path, sizeof(path));
	start_try(&guest, "taste/figlet", kept, sizeof(kept));
	log_in(&guest, "alice");
	json = expect(&guest, "GET", "/api/v1/session", NULL, 200);
	assert_non_null(strstr(kept, text_of(json, "sandbox.id")));
	assert_null(at(json, "sandbox.elsewhere"));
	drop(json);
	json = expect(&alice, "GET", path, NULL, 200);
	assert_string_equal(text_of(json, "ended.reason"), "replaced");
	drop(json);
	json = expect(&alice, "GET", "/api/v1/sandboxes", NULL, 200);
	assert_int_equal(number_of(json, "total"), 2);
	drop(json);
}

static void the_suspended_have_nothing_elsewhere(void **state)
{
	struct pair *pair = *state;
	struct guest alice = {.fixture = pair->a}, admin = {.fixture = pair->b};
	char path[80];

	register_as(&alice, "alice");
	register_as(&admin, "root-1");
	fixture_sql(pair->a, "UPDATE users SET role = 'admin' WHERE username = 'root-1'");
	start_try(&alice, "taste/figlet", path, sizeof(path));
	call(&admin, "PATCH", "/api/v1/admin/users/alice", "{\"state\": \"suspended\"}", 200);
	for (;;) {
		if (fixture_count(pair->a, "SELECT COUNT(*) FROM sandboxes WHERE state = 'ended' AND reason = 'stopped'") == 1)
			break;
		usleep(20000);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(shows_what_runs_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(one_for_a_person_on_both, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_what_runs_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(one_however_many_ask_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_browsers_of_what_runs_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(tells_who_signs_in, setup, teardown),
		cmocka_unit_test_setup_teardown(a_guest_leaves_nothing_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(what_runs_elsewhere_comes_along, setup, teardown),
		cmocka_unit_test_setup_teardown(the_accounts_one_elsewhere_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(the_suspended_have_nothing_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dead_node_stands_in_nobodys_way, setup, teardown),
		cmocka_unit_test_setup_teardown(ends_what_others_took_over, setup, teardown),
	};

	return cmocka_run_group_tests_name("web: nodes", tests, NULL, NULL);
}
