/* What the recorder could not write for a while is written whole when it can. */
#include <unistd.h>

#include "unit/web/people.h"

#include "base/clock.h"
#include "store/store.h"

#define HELD_MS 11500 /* longer than a connection waits for the database's lock (10 s), so that the job is run again   \
		       */

struct holder {
	const char *database;
	pthread_barrier_t held;
};

static int hold(struct db *db, void *data, struct error *err)
{
	int64_t until_ms = clock_monotonic_ms() + HELD_MS;
	struct holder *holder = data;

	(void)db;
	(void)err;
	pthread_barrier_wait(&holder->held);
	while (clock_monotonic_ms() < until_ms)
		usleep(20000);
	return 0;
}

static void *hold_database(void *data)
{
	struct holder *holder = data;
	struct store store;

	assert_int_equal(store_open(holder->database, &store, NULL), 0);
	assert_int_equal(db_transaction(store.db, hold, holder, NULL), 0);
	store_close(&store);
	return NULL;
}

static void writes_what_had_to_wait(void **state)
{
	struct fixture *fixture = *state;
	struct guest guest = {.fixture = fixture};
	struct holder holder = {.database = fixture->database};
	pthread_t thread;
	json_t *json;

	fixture_start(fixture);
	become_known(&guest);
	pthread_barrier_init(&holder.held, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, hold_database, &holder), 0);
	pthread_barrier_wait(&holder.held);
	call(&guest, "POST", "/api/v1/sandboxes", TRY, 201); /* waits until it is written down */
	json = expect(&guest, "GET", "/api/v1/sandboxes", NULL, 200);       /* but this does */
	assert_int_equal(number_of(json, "total"), 1);
	assert_string_equal(text_of(json, "items.0.project"), "taste/figlet");
	assert_string_equal(text_of(json, "items.0.state"), "running");
	drop(json);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&holder.held);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(writes_what_had_to_wait, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("web: record", tests, NULL, NULL);
}
