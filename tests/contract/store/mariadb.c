/* What only a database server can do to us: go away in the middle, come back, refuse. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/util.h"
#include "db/migrations.h"
#include "fixture.h"

static struct db *db_of(void **state)
{
	return ((struct fixture *)*state)->store.db;
}

/* Another connection to the same database. */
static struct db *another(void **state)
{
	struct fixture *fixture = *state;
	struct error err = {0};
	struct db *db;

	must(db_open(fixture->url, &db, &err), &err);
	return db;
}

static int64_t number(struct db *db, const char *sql)
{
	struct error err = {0};
	int64_t n = -1;

	must(db_number(db, -1, &n, &err, sql, ""), &err);
	return n;
}

static void execute(struct db *db, const char *sql)
{
	struct error err = {0};

	must(db_execute(db, NULL, &err, sql, ""), &err);
}

/* Cuts the connection `id` and waits until the server has forgotten it. */
static void cut(void **state, int64_t id)
{
	struct db *db = another(state);
	char *sql = xasprintf("KILL %lld", (long long)id);
	struct error err = {0};
	int64_t there = 1;

	must(db_run_script(db, sql, &err), &err);
	while (there > 0)
		must(db_number(db, 0, &there, &err, "SELECT COUNT(*) FROM information_schema.processlist WHERE id = ?", "i", id),
		     &err);
	free(sql);
	db_close(db);
}

#define OWN_ID "SELECT CONNECTION_ID()"

static void goes_on_after_the_connection_was_cut(void **state)
{
	struct db *db = db_of(state);

	execute(db, "CREATE TABLE t (a INTEGER)");
	execute(db, "INSERT INTO t (a) VALUES (1)");
	cut(state, number(db, OWN_ID));
	/* One that writes and is known already, one that reads and is not. */
	execute(db, "INSERT INTO t (a) VALUES (1)");
	cut(state, number(db, OWN_ID));
	assert_int_equal(number(db, "SELECT COUNT(*) FROM t"), 2);
	cut(state, number(db, OWN_ID));
	assert_int_equal(number(db, "SELECT COUNT(*) FROM t"), 2);
}

struct cutting {
	void **state;
	unsigned runs;
};

static int insert_while_it_is_cut(struct db *db, void *data, struct error *err)
{
	struct cutting *cutting = data;
	int r = db_execute(db, NULL, err, "INSERT INTO t (a) VALUES (?)", "i", (int64_t)++cutting->runs);

	if (r == 0 && cutting->runs == 1)
		cut(cutting->state, number(db, OWN_ID));
	return r < 0 ? r : db_execute(db, NULL, err, "INSERT INTO t (a) VALUES (?)", "i", (int64_t)cutting->runs);
}

static void runs_a_transaction_again_that_was_cut(void **state)
{
	struct db *db = db_of(state);
	struct cutting cutting = {.state = state};
	struct error err = {0};

	execute(db, "CREATE TABLE t (a INTEGER)");
	must(db_transaction(db, insert_while_it_is_cut, &cutting, &err), &err);
	assert_int_equal(cutting.runs, 2);
	assert_int_equal(number(db, "SELECT COUNT(*) FROM t"), 2);
	assert_int_equal(number(db, "SELECT SUM(a) FROM t"), 4); /* nothing of the first run */
}

static int insert_and_be_cut(struct db *db, void *data, struct error *err)
{
	struct cutting *cutting = data;
	int r = db_execute(db, NULL, err, "INSERT INTO t (a) VALUES (1)", "");

	cutting->runs++;
	if (r == 0)
		cut(cutting->state, number(db, OWN_ID));
	return r;
}

/* The connection breaks between the last statement and the commit: nobody can tell what the server made of it. */
static void does_not_repeat_a_commit(void **state)
{
	struct db *db = db_of(state);
	struct cutting cutting = {.state = state};
	struct error err = {0};

	execute(db, "CREATE TABLE t (a INTEGER)");
	assert_int_equal(db_transaction(db, insert_and_be_cut, &cutting, &err), -ENOTCONN);
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	assert_int_equal(cutting.runs, 1);
	assert_int_equal(number(db, "SELECT COUNT(*) FROM t"), 0);
}

/* The rows that are being read are gone with the connection when another statement has made a new one. */
static void tells_that_rows_are_gone(void **state)
{
	struct db *db = db_of(state);
	struct statement *s;
	struct error err = {0};

	execute(db, "CREATE TABLE t (a INTEGER)");
	execute(db, "INSERT INTO t (a) VALUES (1)");
	execute(db, "INSERT INTO t (a) VALUES (2)");
	must(db_query(db, &s, &err, "SELECT a FROM t", ""), &err);
	assert_int_equal(statement_step(s, &err), 1);
	cut(state, number(db, OWN_ID));
	execute(db, "INSERT INTO t (a) VALUES (3)");
	assert_int_equal(statement_step(s, &err), -ENOTCONN);
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	statement_done(s);
	must(db_query(db, &s, &err, "SELECT a FROM t", ""), &err);
	for (int i = 0; i < 3; i++)
		assert_int_equal(statement_step(s, &err), 1);
	assert_int_equal(statement_step(s, &err), 0);
	statement_done(s);
}

static void comes_back_with_the_server(void **state)
{
	struct fixture *fixture = *state;
	struct db *db = fixture->store.db;
	struct error err = {0};
	struct db *other;
	int64_t n;
	int r;

	execute(db, "CREATE TABLE t (a INTEGER)");
	execute(db, "INSERT INTO t (a) VALUES (1)");
	other = another(state);
	must(db_run_script(other, "SET GLOBAL max_error_count = 65", &err), &err); /* forgotten by the next server */
	must(db_run_script(other, "SHUTDOWN", &err), &err);
	/* tests/with_mariadb.py starts it again; until then we are told what is the matter. */
	do {
		r = db_number(db, 0, &n, &err, "SELECT @@GLOBAL.max_error_count", "");
		if (r < 0) {
			assert_int_equal(err.kind, ERROR_UNAVAILABLE);
			assert_int_equal(r, -ENOTCONN);
		}
		usleep(20000);
	} while (r < 0 || n == 65);
	assert_int_equal(number(db, "SELECT COUNT(*) FROM t"), 1);
	execute(db, "INSERT INTO t (a) VALUES (1)");
	assert_int_equal(number(other, "SELECT COUNT(*) FROM t"), 2);
	db_close(other);
}

static int find_locked(struct db *db, void *data, struct error *err)
{
	void **state = data;
	struct db *other = another(state);
	struct error refused = {0};

	/* Whoever reads is not held up by one that writes. */
	execute(db, "UPDATE t SET a = 2");
	assert_int_equal(number(other, "SELECT a FROM t"), 1);
	/* Whoever writes the same waits, and is told in the end; not ten seconds here. */
	must(db_run_script(other, "SET innodb_lock_wait_timeout = 1", &refused), &refused);
	assert_int_equal(db_execute(other, NULL, &refused, "UPDATE t SET a = 3", ""), -EBUSY);
	assert_int_equal(refused.kind, ERROR_UNAVAILABLE);
	db_close(other);
	(void)err;
	return 0;
}

static void tells_when_it_stays_locked(void **state)
{
	struct db *db = db_of(state);
	struct error err = {0};

	execute(db, "CREATE TABLE t (a INTEGER)");
	execute(db, "INSERT INTO t (a) VALUES (1)");
	must(db_transaction(db, find_locked, state, &err), &err);
	assert_int_equal(number(db, "SELECT a FROM t"), 2);
}

static void refuses_what_is_too_long(void **state)
{
	struct db *db = db_of(state);
	struct error err = {0};
	char text[70001];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	execute(db, "CREATE TABLE t (a VARCHAR(20), b TEXT, c INTEGER)");
	assert_int_equal(db_execute(db, NULL, &err, "INSERT INTO t (a) VALUES (?)", "s", "123456789012345678901"), -EFBIG);
	assert_int_equal(err.kind, ERROR_TOO_LARGE);
	assert_int_equal(db_execute(db, NULL, &err, "INSERT INTO t (b) VALUES (?)", "s", text), -EFBIG);
	assert_int_equal(db_execute(db, NULL, &err, "INSERT INTO t (c) VALUES (?)", "i", INT64_C(1) << 40), -EINVAL);
	assert_int_equal(db_execute(db, NULL, &err, "INSERT INTO t (c) VALUES (?)", "s", "x"), -EINVAL);
	assert_int_equal(db_execute(db, NULL, &err, "INSERT INTO t (a, b) VALUES (?, ?)", "s", "one is missing"), -EINVAL);
	assert_int_equal(err.kind, ERROR_INTERNAL);
	/* Twenty characters of four bytes each are twenty characters. */
	must(db_execute(db, NULL, &err, "INSERT INTO t (a) VALUES (?)", "s",
			"\xf0\x9f\x90\x91\xf0\x9f\x90\x91\xf0\x9f\x90\x91\xf0\x9f\x90\x91\xf0\x9f\x90\x91"
			"\xf0\x9f\x90\x91\xf0\x9f\x90\x91\xf0\x9f\x90\x91\xf0\x9f\x90\x91\xf0\x9f\x90\x91"
			"\xf0\x9f\x90\x91\xf0\x9f\x90\x91\xf0\x9f\x90\x91\xf0\x9f\x90\x91\xf0\x9f\x90\x91"
			"\xf0\x9f\x90\x91\xf0\x9f\x90\x91\xf0\x9f\x90\x91\xf0\x9f\x90\x91\xf0\x9f\x90\x91"),
	     &err);
	assert_int_equal(number(db, "SELECT COUNT(*) FROM t"), 1);
}

/* ---- the schema ------------------------------------------------------------------------------------------------------- */

static void keeps_texts_as_ours_whatever_the_default_is(void **state)
{
	struct db *db = db_of(state);

	assert_int_equal(number(db, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND "
				    "collation_name IS NOT NULL AND collation_name <> 'utf8mb4_nopad_bin'"),
			 0);
	assert_true(number(db, "SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE() AND "
			       "collation_name = 'utf8mb4_nopad_bin'") > 50);
	assert_int_equal(number(db, "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND "
				    "engine <> 'InnoDB'"),
			 0);
}

/* As a process leaves it that was cut off in the middle of the newest migration: after the first statement, before it noted it. */
static void takes_up_a_migration_that_was_cut_off(void **state)
{
	struct fixture *fixture = *state;
	const struct migration *last = &migrations[migration_count - 1];
	char *url = fixture_new_url(fixture);
	struct error err = {0};
	struct db *db;
	unsigned version;
	int64_t statements = 0;

	while (last->statements[statements] != NULL)
		statements++;
	must(store_prepare(url, &err), &err);
	must(db_open(url, &db, &err), &err);
	must(db_execute(db, NULL, &err, "DELETE FROM schema_version WHERE version = ?", "i", (int64_t)last->version), &err);
	must(db_execute(db, NULL, &err, "UPDATE schema_progress SET done = ? WHERE version = ?", "ii", statements - 1,
			(int64_t)last->version),
	     &err);
	must(db_migrate(db, &err), &err);
	must(db_schema_version(db, &version, &err), &err);
	assert_int_equal(version, db_schema_newest());
	/* But what was never begun must not find its things there: they would be somebody else's. */
	must(db_execute(db, NULL, &err, "DELETE FROM schema_version WHERE version = ?", "i", (int64_t)last->version), &err);
	must(db_execute(db, NULL, &err, "DELETE FROM schema_progress WHERE version = ?", "i", (int64_t)last->version), &err);
	assert_int_equal(db_migrate(db, &err), -EEXIST);
	assert_non_null(strstr(err.message, last->name));
	db_close(db);
	free(url);
}

/* ---- who may in ------------------------------------------------------------------------------------------------------- */

static void asks_for_a_password(void **state)
{
	struct fixture *fixture = *state;
	const char *database = strstr(fixture->url, "@/") + 2;
	const char *socket = getenv("TTOB_TEST_MARIADB");
	char *sql, *url;
	struct error err = {0};
	struct db *db;

	sql = xasprintf("GRANT ALL ON %.*s.* TO 'lodger'@'localhost' IDENTIFIED BY 'p@ss:w/rd%%'", (int)strcspn(database, "?"), database);
	execute(fixture->store.db, sql);
	url = xasprintf("mariadb://lodger:p%%40ss%%3Aw%%2Frd%%25@/%.*s?socket=%s", (int)strcspn(database, "?"), database, socket);
	must(db_open(url, &db, &err), &err);
	assert_string_equal(db_kind(db), "mariadb");
	db_close(db);
	free(url);
	url = xasprintf("mariadb://lodger:wrongpass@/%.*s?socket=%s", (int)strcspn(database, "?"), database, socket);
	assert_true(db_open(url, &db, &err) < 0);
	assert_int_equal(err.kind, ERROR_INTERNAL);
	assert_non_null(strstr(err.message, "denied"));
	assert_null(strstr(err.message, "wrongpass"));
	free(url);
	url = xasprintf("mariadb://root@/%.*s?socket=%s&tls=verify", (int)strcspn(database, "?"), database, socket);
	assert_true(db_open(url, &db, &err) < 0); /* the server has no certificate: never without, then */
	free(url);
	execute(fixture->store.db, "DROP USER 'lodger'@'localhost'");
	free(sql);
}

static void tells_that_nothing_listens(void **state)
{
	struct error err = {0};
	struct db *db;

	(void)state;
	assert_int_equal(db_open("mariadb://u:secret@127.0.0.1:1/x", &db, &err), -ENOTCONN);
	assert_int_equal(err.kind, ERROR_UNAVAILABLE);
	assert_null(strstr(err.message, "secret"));
	assert_int_equal(db_open("mariadb:///x?socket=/nowhere/at/all", &db, &err), -ENOTCONN);
	assert_non_null(strstr(err.message, "/nowhere/at/all"));
}

int run_mariadb(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(goes_on_after_the_connection_was_cut, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(runs_a_transaction_again_that_was_cut, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(does_not_repeat_a_commit, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(tells_that_rows_are_gone, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(comes_back_with_the_server, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(tells_when_it_stays_locked, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_too_long, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(keeps_texts_as_ours_whatever_the_default_is, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(takes_up_a_migration_that_was_cut_off, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(asks_for_a_password, fixture_setup, fixture_teardown),
		cmocka_unit_test(tells_that_nothing_listens),
	};

	return cmocka_run_group_tests_name("mariadb", tests, NULL, NULL);
}
