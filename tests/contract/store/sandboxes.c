#include "store/sandboxes.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "fixture.h"

static int insert(struct store *store, const char *person, const char *begin, int64_t now_ms,
		  char id[STORE_ID_LENGTH + 1], struct error *err)
{
	struct sandbox x = {.person = (char *)person,
			    .project = 1,
			    .full_name = "demo/a",
			    .project_summary = "An a",
			    .version = "1.0",
			    .image = "sha256:a",
			    .state = (char *)begin,
			    .cols = 80,
			    .rows = 24,
			    .terminals = 1,
			    .memory = UINT64_C(1) << 40,
			    .cpu = 500,
			    .pids = 128,
			    .disk = 5};
	int r = sandboxes_insert(store, &x, now_ms, err);

	if (r == 0)
		strcpy(id, x.id);
	free(x.id);
	return r;
}

static void goes_through_its_life(void **state)
{
	struct store *store = store_of(state);
	char id[STORE_ID_LENGTH + 1];
	struct sandbox_counts counts;
	struct error err = {0};
	struct sandbox x;

	must(insert(store, "p1", "queued", NOW, id, &err), &err);
	assert_int_equal(sandboxes_running(store, id, NOW, NOW, 1, &err), -EPROTO);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	must(sandboxes_starting(store, id, &err), &err);
	assert_int_equal(sandboxes_starting(store, id, &err), -EPROTO);
	must(sandboxes_running(store, id, NOW + 10, NOW + 1000, 27000, &err), &err);
	must(sandboxes_set_expiry(store, id, NOW + 2000, &err), &err);
	must(sandboxes_set_terminals(store, id, 0x80000003u, &err), &err);
	must(sandboxes_count(store, &counts, &err), &err);
	assert_int_equal(counts.running, 1);
	assert_int_equal(counts.queued + counts.starting, 0);
	must(sandboxes_open_of(store, "p1", &x, &err), &err);
	assert_string_equal(x.id, id);
	assert_string_equal(x.state, "running");
	assert_int_equal(x.expires_ms, NOW + 2000);
	assert_int_equal(x.start_us, 27000);
	assert_int_equal(x.terminals, 0x80000003u);
	assert_true(x.memory == UINT64_C(1) << 40);
	assert_int_equal(x.exit_code, -1);
	assert_null(x.reason);
	sandbox_fini(&x);
	must(sandboxes_end(store, id, "exited", 137, "why", NOW + 50, &err), &err);
	assert_int_equal(sandboxes_end(store, id, "idle", 0, NULL, NOW + 60, &err), -EPROTO);
	assert_int_equal(sandboxes_set_expiry(store, id, NOW, &err), -EPROTO);
	must(sandboxes_get(store, id, &x, &err), &err);
	assert_string_equal(x.state, "ended");
	assert_string_equal(x.reason, "exited");
	assert_string_equal(x.detail, "why");
	assert_int_equal(x.exit_code, 137);
	assert_int_equal(x.ended_ms, NOW + 50);
	sandbox_fini(&x);
	assert_int_equal(sandboxes_open_of(store, "p1", &x, &err), -ENOENT);
	assert_int_equal(sandboxes_get(store, "none", &x, &err), -ENOENT);
}

static void allows_one_open_per_person(void **state)
{
	struct store *store = store_of(state);
	char first[STORE_ID_LENGTH + 1];
	char second[STORE_ID_LENGTH + 1];
	struct error err = {0};

	must(insert(store, "p1", "starting", NOW, first, &err), &err);
	assert_int_equal(insert(store, "p1", "queued", NOW, second, &err), -EEXIST);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	must(insert(store, "p2", "queued", NOW, second, &err), &err);
	must(sandboxes_end(store, first, "replaced", -1, NULL, NOW, &err), &err);
	must(insert(store, "p1", "queued", NOW, second, &err), &err);
	assert_int_equal(insert(store, "p3", "running", NOW, second, &err), -EINVAL);
}

struct inserter {
	const char *url;
	int taken;
	int refused;
};

static void *insert_one(void *data)
{
	struct inserter *inserter = data;
	char id[STORE_ID_LENGTH + 1];
	struct error err = {0};
	struct store store;

	if (store_open(inserter->url, &store, &err) < 0)
		return NULL;
	for (int i = 0; i < 20; i++) {
		int r = insert(&store, "p1", "starting", NOW, id, &err);

		inserter->taken += r == 0;
		inserter->refused += r == -EEXIST;
	}
	store_close(&store);
	return NULL;
}

static void allows_one_however_many_ask_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct inserter inserters[4] = {{0}};
	pthread_t threads[4];
	int taken = 0;
	int refused = 0;

	for (int i = 0; i < 4; i++) {
		inserters[i].url = fixture->url;
		pthread_create(&threads[i], NULL, insert_one, &inserters[i]);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		taken += inserters[i].taken;
		refused += inserters[i].refused;
	}
	assert_int_equal(taken, 1);
	assert_int_equal(refused, 79);
}

static void lists_open_first_then_newest(void **state)
{
	struct store *store = store_of(state);
	char ids[4][STORE_ID_LENGTH + 1];
	struct sandbox_list list;
	struct error err = {0};

	for (int i = 0; i < 4; i++) {
		/* The open one is the oldest. */
		must(insert(store, "p1", "starting", i == 3 ? NOW - 5 : NOW + i, ids[i], &err), &err);
		if (i < 3)
			must(sandboxes_end(store, ids[i], "stopped", 0, NULL, NOW + i, &err), &err);
	}
	must(insert(store, "other", "starting", NOW, ids[0], &err), &err);
	must(sandboxes_list(store, "p1", (struct page){1, 3}, &list, &err), &err);
	assert_int_equal(list.total, 4);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.items[0].id, ids[3]);
	assert_string_equal(list.items[1].id, ids[2]);
	assert_string_equal(list.items[2].id, ids[1]);
	sandbox_list_fini(&list);
	must(sandboxes_list(store, "p1", (struct page){2, 3}, &list, &err), &err);
	assert_int_equal(list.count, 1);
	sandbox_list_fini(&list);
	must(sandboxes_list(store, "nobody", (struct page){1, 3}, &list, &err), &err);
	assert_int_equal(list.total, 0);
	sandbox_list_fini(&list);
}

static void queues_in_order(void **state)
{
	struct store *store = store_of(state);
	char a[STORE_ID_LENGTH + 1];
	char b[STORE_ID_LENGTH + 1];
	char c[STORE_ID_LENGTH + 1];
	struct sandbox_list list;
	struct error err = {0};
	int64_t position;

	must(insert(store, "p1", "queued", NOW, a, &err), &err);
	must(insert(store, "p2", "starting", NOW + 1, b, &err), &err);
	must(insert(store, "p3", "queued", NOW + 2, c, &err), &err);
	must(sandboxes_position(store, a, &position, &err), &err);
	assert_int_equal(position, 1);
	must(sandboxes_position(store, c, &position, &err), &err);
	assert_int_equal(position, 2);
	must(sandboxes_position(store, b, &position, &err), &err);
	assert_int_equal(position, 0);
	must(sandboxes_in_state(store, NULL, "queued", &list, &err), &err);
	assert_int_equal(list.count, 2);
	assert_string_equal(list.items[0].id, a);
	sandbox_list_fini(&list);
}

int run_sandboxes(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(goes_through_its_life, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(allows_one_open_per_person, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(allows_one_however_many_ask_at_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(lists_open_first_then_newest, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(queues_in_order, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("sandboxes", tests, NULL, NULL);
}
