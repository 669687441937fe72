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

/* Names that differ anyhow are different: in case, in spaces at the end, in accents, in characters beyond the first plane. */
static void compares_texts_byte_by_byte(void **state)
{
	static const char *const names[] = {"a", "A", "a ", "a  ", " a", "\xc3\xa4", "e", "\xc3\xa9", "\xf0\x9f\x90\x91",
					    "\xf0\x9f\x90\x92", "ss", "\xc3\x9f", "", " "};
	struct db *db = db_of(state);
	struct error err = {0};
	struct statement *s;
	int64_t n;

	must(db_execute(db, NULL, &err, "CREATE TABLE t (a VARCHAR(20) NOT NULL UNIQUE)", ""), &err);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		must(db_execute(db, NULL, &err, "INSERT INTO t (a) VALUES (?)", "s", names[i]), &err);
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		assert_int_equal(db_execute(db, NULL, &err, "INSERT INTO t (a) VALUES (?)", "s", names[i]), -EEXIST);
		must(db_query(db, &s, &err, "SELECT a FROM t WHERE a = ?", "s", names[i]), &err);
		assert_int_equal(statement_step(s, &err), 1);
		assert_string_equal(statement_text(s, 0), names[i]);
		assert_int_equal(statement_step(s, &err), 0);
		statement_done(s);
	}
	must(db_number(db, 0, &n, &err, "SELECT COUNT(*) FROM t WHERE a LIKE ?", "s", "a%"), &err);
	assert_int_equal(n, 3);
	must(db_number(db, 0, &n, &err, "SELECT COUNT(*) FROM t WHERE a = 'A' || ''", ""), &err);
	assert_int_equal(n, 1);
	must(db_number(db, 0, &n, &err, "SELECT COUNT(*) FROM t WHERE a = 'x\\'", ""), &err);
	assert_int_equal(n, 0);
	must(db_query(db, &s, &err, "SELECT a FROM t ORDER BY a DESC", ""), &err);
	assert_int_equal(statement_step(s, &err), 1);
	assert_string_equal(statement_text(s, 0), "\xf0\x9f\x90\x92");
	statement_done(s);
}

static void repairs_what_is_no_utf8(void **state)
{
	static const char *const texts[][2] = {
		{"a\xff\xfe""b", "a\xef\xbf\xbd\xef\xbf\xbd""b"},
		{"\xea\xb8", "\xef\xbf\xbd\xef\xbf\xbd"},		       /* cut off in the middle of a character */
		{"\xed\xa0\x80!", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd!"}, /* half of a pair of UTF-16 */
		{"\xf0\x9f\x90\x91", "\xf0\x9f\x90\x91"},
	};
	struct db *db = db_of(state);
	struct error err = {0};
	struct statement *s;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		must(db_execute(db, NULL, &err, "CREATE TABLE t (a TEXT)", ""), &err);
		must(db_execute(db, NULL, &err, "INSERT INTO t (a) VALUES (?)", "s", texts[i][0]), &err);
		must(db_query(db, &s, &err, "SELECT a FROM t WHERE a = ?", "s", texts[i][0]), &err);
		assert_int_equal(statement_step(s, &err), 1);
		assert_string_equal(statement_text(s, 0), texts[i][1]);
		statement_done(s);
		must(db_execute(db, NULL, &err, "DROP TABLE t", ""), &err);
	}
}

static void keeps_large_values_and_refuses_huge_ones(void **state)
{
	const size_t large = 6 << 20, huge = 1100u << 20;
	struct db *db = db_of(state);
	char *bytes = xmalloc(large + 1);
	void *nothing = calloc(1, huge); /* untouched, so that it takes no memory */
	struct error err = {0};
	struct statement *s;
	const void *blob;
	size_t length;

	assert_non_null(nothing);
	memset(bytes, 'x', large);
	bytes[large] = '\0';
	must(db_execute(db, NULL, &err, "CREATE TABLE t (a MEDIUMTEXT, b MEDIUMBLOB)", ""), &err);
	must(db_execute(db, NULL, &err, "INSERT INTO t (a, b) VALUES (?, ?)", "sb", bytes, bytes, large), &err);
	must(db_query(db, &s, &err, "SELECT a, b FROM t", ""), &err);
	assert_int_equal(statement_step(s, &err), 1);
	assert_int_equal(strlen(statement_text(s, 0)), large);
	blob = statement_blob(s, 1, &length);
	assert_int_equal(length, large);
	assert_memory_equal(blob, bytes, length);
	statement_done(s);
	assert_int_equal(db_execute(db, NULL, &err, "INSERT INTO t (b) VALUES (?)", "b", nothing, huge), -EFBIG);
	assert_int_equal(err.kind, ERROR_TOO_LARGE);
	free(nothing);
	free(bytes);
	/* It goes on. */
	must(db_execute(db, NULL, &err, "INSERT INTO t (a) VALUES (?)", "s", "x"), &err);
}

static void counts_rows_that_it_met(void **state)
{
	struct db *db = db_of(state);
	struct error err = {0};
	int64_t changes;

	must(db_execute(db, NULL, &err, "CREATE TABLE t (a INTEGER)", ""), &err);
	must(db_execute(db, &changes, &err, "INSERT INTO t (a) VALUES (1), (1), (2)", ""), &err);
	assert_int_equal(changes, 3);
	must(db_execute(db, &changes, &err, "UPDATE t SET a = 1 WHERE a = 1", ""), &err);
	assert_int_equal(changes, 2);
	must(db_execute(db, &changes, &err, "DELETE FROM t WHERE a > 5", ""), &err);
	assert_int_equal(changes, 0);
}

static void holds_references(void **state)
{
	struct db *db = db_of(state);
	struct error err = {0};
	int64_t n;

	/* Also those that a column has from ALTER TABLE. */
	assert_int_equal(db_execute(db, NULL, &err,
				    "INSERT INTO sessions (token_hash, person, user, created_ms, seen_ms, expires_ms) VALUES "
				    "('h', 'p', 77, 1, 1, 1)",
				    ""),
			 -EINVAL);
	assert_int_equal(err.kind, ERROR_INVALID);
	must(db_execute(db, NULL, &err,
			"INSERT INTO users (person, username, role, state, display_name, bio, created_ms, seen_ms) VALUES "
			"('p', 'u', 'user', 'active', '', '', 1, 1)",
			""),
	     &err);
	must(db_execute(db, NULL, &err,
			"INSERT INTO sessions (token_hash, person, user, created_ms, seen_ms, expires_ms) VALUES ('h', 'p', ?, 1, "
			"1, 1)",
			"i", db_last_id(db)),
	     &err);
	must(db_execute(db, NULL, &err, "DELETE FROM users", ""), &err);
	must(db_number(db, -1, &n, &err, "SELECT COUNT(*) FROM sessions", ""), &err);
	assert_int_equal(n, 0);
}

static int insert_and_fail(struct db *db, void *data, struct error *err)
{
	int r = db_execute(db, NULL, err, "INSERT INTO t (a) VALUES (1)", "");

	return r < 0 ? r : error_set(err, ERROR_INVALID, *(int *)data, "enough");
}

static void join(const char *text, void *data)
{
	strcat(data, text != NULL ? text : "-");
}

static void gives_single_texts(void **state)
{
	struct db *db = db_of(state);
	struct error err = {0};
	char all[16] = "", *text = NULL;

	must(db_execute(db, NULL, &err, "CREATE TABLE t (a VARCHAR(10), b INTEGER)", ""), &err);
	must(db_execute(db, NULL, &err, "INSERT INTO t (a, b) VALUES ('x', 1), ('한', 2), (NULL, 3)", ""), &err);
	must(db_text(db, &text, &err, "SELECT a FROM t WHERE b = ?", "i", INT64_C(2)), &err);
	assert_string_equal(text, "한");
	free(text);
	must(db_text(db, &text, &err, "SELECT a FROM t WHERE b = ?", "i", INT64_C(3)), &err);
	assert_null(text);
	must(db_text(db, &text, &err, "SELECT a FROM t WHERE b = ?", "i", INT64_C(4)), &err);
	assert_null(text);
	assert_true(db_text(db, &text, &err, "SELECT nonsense FROM nowhere", "") < 0);
	must(db_each_text(db, join, all, &err, "SELECT a FROM t WHERE b <> ? ORDER BY b", "i", INT64_C(1)), &err);
	assert_string_equal(all, "한-");
	assert_true(db_each_text(db, join, all, &err, "SELECT nonsense FROM nowhere", "") < 0);
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
		cmocka_unit_test_setup_teardown(compares_texts_byte_by_byte, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(repairs_what_is_no_utf8, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(keeps_large_values_and_refuses_huge_ones, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(counts_rows_that_it_met, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(holds_references, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(tells_what_is_broken, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(runs_one_statement_twice_at_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(gives_single_texts, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(rolls_back, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(loses_no_update_between_connections, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(migrates_once_however_many_ask, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(refuses_a_newer_schema, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("database", tests, NULL, NULL);
}
