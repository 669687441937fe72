/* The layer below: statements, transactions, migrations. */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "fixture.h"

static struct db *db_of(void **state)
{
	return ((struct fixture *)*state)->store.db;
}

static void keeps_values_as_they_are(void **state)
{
	struct db *db = db_of(state);
	struct error err = {0};
	struct statement *s;
	static const char bytes[] = "a\0b'\xff";
	const void *blob;
	size_t length;

	must(db_execute(db, NULL, &err, "CREATE TABLE t (a VARCHAR(100), b BIGINT, c DOUBLE, d BLOB)", ""), &err);
	must(db_execute(db, NULL, &err, "INSERT INTO t (a, b, c, d) VALUES (?, ?, ?, ?)", "sifb",
			"'; DROP TABLE t; -- 한글", INT64_MIN, 0.1, bytes, sizeof(bytes)),
	     &err);
	must(db_execute(db, NULL, &err, "INSERT INTO t (a, b, c, d) VALUES (?, ?, ?, ?)", "snnb", NULL, NULL,
			(size_t)0),
	     &err);
	must(db_query(db, &s, &err, "SELECT a, b, c, d FROM t ORDER BY b DESC", ""), &err);
	assert_int_equal(statement_step(s, &err), 1);
	assert_string_equal(statement_text(s, 0), "'; DROP TABLE t; -- 한글");
	assert_true(statement_integer(s, 1) == INT64_MIN);
	assert_true(statement_real(s, 2) == 0.1);
	blob = statement_blob(s, 3, &length);
	assert_int_equal(length, sizeof(bytes));
	assert_memory_equal(blob, bytes, length);
	assert_int_equal(statement_step(s, &err), 1);
	assert_true(statement_is_null(s, 0) && statement_is_null(s, 1));
	assert_null(statement_text(s, 0));
	assert_null(statement_text_copy(s, 0));
	assert_int_equal(statement_step(s, &err), 0);
	statement_done(s);
}

static void tells_what_is_broken(void **state)
{
	struct db *db = db_of(state);
	struct error err = {0};
	struct statement *s;

	must(db_execute(db, NULL, &err, "CREATE TABLE t (a INTEGER NOT NULL UNIQUE)", ""), &err);
	must(db_execute(db, NULL, &err, "INSERT INTO t (a) VALUES (?)", "i", INT64_C(1)), &err);
	assert_int_equal(db_execute(db, NULL, &err, "INSERT INTO t (a) VALUES (?)", "i", INT64_C(1)), -EEXIST);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_int_equal(db_execute(db, NULL, &err, "INSERT INTO t (a) VALUES (?)", "n"), -EINVAL);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_true(db_query(db, &s, &err, "SELECT nonsense FROM nowhere", "") < 0);
	assert_null(s);
	assert_int_equal(err.kind, ERROR_INTERNAL);
	statement_done(NULL);
	assert_int_equal(db_open("oracle:x", &db, &err), -EINVAL);
	assert_true(db_open("sqlite:/nowhere/at/all.db", &db, &err) < 0);
	assert_non_null(strstr(err.message, "/nowhere/at/all.db"));
}

static void runs_one_statement_twice_at_once(void **state)
{
	struct db *db = db_of(state);
	struct error err = {0};
	struct statement *a;
	struct statement *b;
	int rows = 0;

	must(db_execute(db, NULL, &err, "CREATE TABLE t (a INTEGER)", ""), &err);
	for (int64_t i = 0; i < 3; i++)
		must(db_execute(db, NULL, &err, "INSERT INTO t (a) VALUES (?)", "i", i), &err);
	must(db_query(db, &a, &err, "SELECT a FROM t", ""), &err);
	while (statement_step(a, &err) > 0) {
		must(db_query(db, &b, &err, "SELECT a FROM t", ""), &err);
		while (statement_step(b, &err) > 0)
			rows++;
		statement_done(b);
	}
	statement_done(a);
	assert_int_equal(rows, 9);
}

static int insert_and_fail(struct db *db, void *data, struct error *err)
{
	int r = db_execute(db, NULL, err, "INSERT INTO t (a) VALUES (1)", "");

	return r < 0 ? r : error_set(err, ERROR_INVALID, *(int *)data, "enough");
}

static void rolls_back(void **state)
{
	struct db *db = db_of(state);
	struct error err = {0};
	int code = EDOM;
	int64_t n;

	must(db_execute(db, NULL, &err, "CREATE TABLE t (a INTEGER)", ""), &err);
	assert_int_equal(db_transaction(db, insert_and_fail, &code, &err), -EDOM);
	must(db_number(db, -1, &n, &err, "SELECT COUNT(*) FROM t", ""), &err);
	assert_int_equal(n, 0);
	must(db_number(db, -1, &n, &err, "SELECT a FROM t", ""), &err);
	assert_int_equal(n, -1);
}

static int increment(struct db *db, void *data, struct error *err)
{
	int64_t n;
	int r = db_number(db, 0, &n, err, "SELECT a FROM t", "");

	(void)data;
	return r < 0 ? r : db_execute(db, NULL, err, "UPDATE t SET a = ?", "i", n + 1);
}

static void *increment_often(void *url)
{
	struct db *db;
	struct error err = {0};

	if (db_open(url, &db, &err) < 0)
		return "open";
	for (int i = 0; i < 100; i++)
		if (db_transaction(db, increment, NULL, &err) < 0)
			return "transaction";
	db_close(db);
	return NULL;
}

static void loses_no_update_between_connections(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};
	pthread_t threads[4];
	int64_t n;

	must(db_execute(fixture->store.db, NULL, &err, "CREATE TABLE t (a BIGINT)", ""), &err);
	must(db_execute(fixture->store.db, NULL, &err, "INSERT INTO t (a) VALUES (0)", ""), &err);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, increment_often, fixture->url);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		void *what;

		pthread_join(threads[i], &what);
		assert_null(what);
	}
	must(db_number(fixture->store.db, 0, &n, &err, "SELECT a FROM t", ""), &err);
	assert_int_equal(n, 400);
}

static void *prepare(void *url)
{
	return store_prepare(url, NULL) < 0 ? "failed" : NULL;
}

static void migrates_once_however_many_ask(void **state)
{
	struct fixture *fixture = *state;
	char *url = fixture_new_url(fixture);
	struct error err = {0};
	pthread_t threads[6];
	struct db *db;
	unsigned version;

	for (size_t i = 0; i < ARRAY_SIZE(threads); i++)
		pthread_create(&threads[i], NULL, prepare, url);
	for (size_t i = 0; i < ARRAY_SIZE(threads); i++) {
		void *what;

		pthread_join(threads[i], &what);
		assert_null(what);
	}
	must(db_open(url, &db, &err), &err);
	must(db_schema_version(db, &version, &err), &err);
	assert_int_equal(version, db_schema_newest());
	assert_true(version > 0);
	must(db_migrate(db, &err), &err);
	db_close(db);
	free(url);
}

static void refuses_a_newer_schema(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};

	must(db_execute(fixture->store.db, NULL, &err,
			"INSERT INTO schema_version (version, applied_ms) VALUES (9999, 0)", ""),
	     &err);
	assert_int_equal(store_prepare(fixture->url, &err), -EPROTO);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_non_null(strstr(err.message, "9999"));
}

int run_database(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_values_as_they_are, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(tells_what_is_broken, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(runs_one_statement_twice_at_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(rolls_back, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(loses_no_update_between_connections, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(migrates_once_however_many_ask, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(refuses_a_newer_schema, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("database", tests, NULL, NULL);
}
