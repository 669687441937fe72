/* Several web processes on one database. */
#include "store/nodes.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "fixture.h"
#include "store/builds.h"
#include "store/sandboxes.h"
#include "store/tries.h"

static void insert(struct store *store, const char *person, const char *node, char id[STORE_ID_LENGTH + 1])
{
	struct sandbox x = {.person = (char *)person,
			    .project = 1,
			    .full_name = "demo/a",
			    .project_summary = "",
			    .version = "1.0",
			    .image = "sha256:a",
			    .state = "starting",
			    .cols = 80,
			    .rows = 24,
			    .node = (char *)node};
	struct error err = {0};

	must(sandboxes_insert(store, &x, NOW, &err), &err);
	strcpy(id, x.id);
	free(x.id);
}

static void assert_state(struct store *store, const char *id, const char *state, const char *reason)
{
	struct sandbox x;
	struct error err = {0};

	must(sandboxes_get(store, id, &x, &err), &err);
	assert_string_equal(x.state, state);
	if (reason != NULL)
		assert_string_equal(x.reason, reason);
	sandbox_fini(&x);
}

static void lives_while_it_says_so(void **state)
{
	struct store *store = store_of(state);
	struct error err = {0};
	int64_t n;

	must(nodes_enter(store, "a", "run1", NOW, &err), &err);
	must(nodes_enter(store, "b", "run2", NOW, &err), &err);
	must(nodes_beat(store, "a", "run1", NOW + NODE_DEAD_MS, &err), &err);
	must(nodes_count(store, NOW + NODE_DEAD_MS, &n, &err), &err);
	assert_int_equal(n, 2);
	must(nodes_bury(store, NOW + NODE_DEAD_MS + 1, &n, &err), &err);
	must(nodes_count(store, NOW, &n, &err), &err);
	assert_int_equal(n, 1);
	/* It was slow, not dead: it is there again. */
	must(nodes_beat(store, "b", "run2", NOW + NODE_DEAD_MS + 2, &err), &err);
	must(nodes_count(store, NOW + NODE_DEAD_MS + 2, &n, &err), &err);
	assert_int_equal(n, 2);
	must(nodes_leave(store, "b", "run2", &err), &err);
	must(nodes_count(store, NOW, &n, &err), &err);
	assert_int_equal(n, 1);
}

static void tells_when_two_have_one_name(void **state)
{
	struct store *store = store_of(state);
	struct error err = {0};
	int64_t n;

	must(nodes_enter(store, "a", "run1", NOW, &err), &err);
	must(nodes_enter(store, "a", "run2", NOW, &err), &err);
	must(nodes_beat(store, "a", "run2", NOW + 1, &err), &err);
	assert_int_equal(nodes_beat(store, "a", "run1", NOW + 1, &err), -EEXIST);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	must(nodes_leave(store, "a", "run1", &err), &err); /* says nothing about the other */
	must(nodes_count(store, NOW, &n, &err), &err);
	assert_int_equal(n, 1);
}

static void ends_what_a_dead_one_had(void **state)
{
	struct store *store = store_of(state);
	char a[STORE_ID_LENGTH + 1], b[STORE_ID_LENGTH + 1], again[STORE_ID_LENGTH + 1], build[STORE_ID_LENGTH + 1];
	int64_t project = add_sample(store, "aa", "fun");
	struct build got;
	struct error err = {0};
	int64_t n;

	must(nodes_enter(store, "a", "run1", NOW, &err), &err);
	must(nodes_enter(store, "b", "run2", NOW, &err), &err);
	insert(store, "p1", "a", a);
	insert(store, "p2", "b", b);
	must(builds_enqueue(store, project, 0, NOW, build, NULL, &err), &err);
	assert_int_equal(builds_claim(store, "a", NOW, &got, &err), 1);
	build_fini(&got);
	must(nodes_beat(store, "b", "run2", NOW + NODE_DEAD_MS, &err), &err);
	must(nodes_bury(store, NOW + NODE_DEAD_MS, &n, &err), &err); /* not yet */
	assert_int_equal(n, 0);
	must(nodes_bury(store, NOW + NODE_DEAD_MS + 1, &n, &err), &err);
	assert_int_equal(n, 1);
	assert_state(store, a, "ended", "failed");
	assert_state(store, b, "starting", NULL);
	insert(store, "p1", "b", again); /* nothing stands in the person's way */
	must(builds_get(store, build, NOW, &got, &err), &err);
	assert_string_equal(got.state, "queued");
	build_fini(&got);
	must(nodes_bury(store, NOW + NODE_DEAD_MS + 1, &n, &err), &err);
	assert_int_equal(n, 0);
}

static void requeues_its_own_builds_only(void **state)
{
	struct store *store = store_of(state);
	char ids[2][STORE_ID_LENGTH + 1];
	struct build got;
	struct error err = {0};
	int64_t n;

	must(nodes_enter(store, "a", "run1", NOW, &err), &err);
	must(nodes_enter(store, "b", "run2", NOW, &err), &err);
	must(builds_enqueue(store, add_sample(store, "aa", "fun"), 0, NOW, ids[0], NULL, &err), &err);
	must(builds_enqueue(store, add_sample(store, "bb", "fun"), 0, NOW + 1, ids[1], NULL, &err), &err);
	assert_int_equal(builds_claim(store, "a", NOW, &got, &err), 1);
	build_fini(&got);
	assert_int_equal(builds_claim(store, "b", NOW, &got, &err), 1);
	build_fini(&got);
	must(builds_requeue(store, "b", NOW, &n, &err), &err);
	assert_int_equal(n, 1);
	must(builds_get(store, ids[0], NOW, &got, &err), &err);
	assert_string_equal(got.state, "running");
	build_fini(&got);
	must(builds_get(store, ids[1], NOW, &got, &err), &err);
	assert_string_equal(got.state, "queued");
	build_fini(&got);
}

static void passes_on_who_wants_an_end(void **state)
{
	struct store *store = store_of(state);
	struct node_sandbox *list;
	char id[STORE_ID_LENGTH + 1];
	struct error err = {0};
	size_t count;

	must(nodes_enter(store, "a", "run1", NOW, &err), &err);
	insert(store, "p1", "a", id);
	must(nodes_sandboxes(store, "a", &list, &count, &err), &err);
	assert_int_equal(count, 1);
	assert_string_equal(list[0].id, id);
	assert_string_equal(list[0].reason, "");
	free(list);
	must(nodes_ask_end(store, id, "replaced", NOW, &err), &err);
	must(nodes_ask_end(store, id, "stopped", NOW, &err), &err); /* the first stays */
	must(nodes_sandboxes(store, "a", &list, &count, &err), &err);
	assert_string_equal(list[0].reason, "replaced");
	free(list);
	must(nodes_sandboxes(store, "b", &list, &count, &err), &err);
	assert_int_equal(count, 0);
	free(list);
	must(sandboxes_end(store, id, "replaced", -1, NULL, NOW, &err), &err);
	must(nodes_ask_end(store, id, "stopped", NOW, &err), &err);
	must(nodes_ask_end(store, "none", "stopped", NOW, &err), &err);
	must(nodes_sandboxes(store, "a", &list, &count, &err), &err);
	assert_int_equal(count, 0);
	free(list);
}

static void waits_for_one_that_still_has_sandboxes(void **state)
{
	struct store *store = store_of(state);
	char id[STORE_ID_LENGTH + 1], orphan[STORE_ID_LENGTH + 1];
	struct sandbox_list list;
	struct error err = {0};
	int64_t n;

	insert(store, "p0", "", orphan); /* from before there were nodes */
	must(nodes_enter(store, "a", "run1", NOW, &err), &err);
	insert(store, "p1", "a", id);
	must(nodes_leave(store, "a", "run1", &err), &err);
	must(nodes_bury(store, NOW + 1, &n, &err), &err);
	assert_int_equal(n, 0);
	must(nodes_enter(store, "a", "run2", NOW + 2, &err), &err);
	must(sandboxes_in_state(store, "a", "starting", &list, &err), &err);
	assert_int_equal(list.count, 2);
	sandbox_list_fini(&list);
	must(sandboxes_in_state(store, "b", "starting", &list, &err), &err);
	assert_int_equal(list.count, 0);
	sandbox_list_fini(&list);
}

static void inserts_once_when_told_twice(void **state)
{
	struct store *store = store_of(state);
	char id[STORE_ID_LENGTH + 1];
	struct sandbox x = {.person = "p1", .project = 1, .full_name = "demo/a", .state = "starting", .node = "a"};
	struct error err = {0};
	int64_t n;

	insert(store, "p1", "a", id);
	x.id = id;
	must(sandboxes_insert(store, &x, NOW, &err), &err); /* the answer to the first was lost */
	must(db_number(store->db, 0, &n, &err, "SELECT COUNT(*) FROM sandboxes", ""), &err);
	assert_int_equal(n, 1);
	must(sandboxes_end(store, id, "stopped", -1, NULL, NOW, &err), &err);
	assert_int_equal(sandboxes_insert(store, &x, NOW, &err), -EEXIST);
}

/* What another process does to the catalogue shows. */
static void tells_that_the_catalogue_has_changed(void **state)
{
	struct store *store = store_of(state);
	struct error err = {0};
	int64_t first, second, project;

	must(projects_changed(store, &first, &err), &err);
	assert_int_equal(first, 0);
	project = add_sample(store, "aa", "fun");
	must(projects_changed(store, &first, &err), &err);
	assert_true(first != 0);
	must(projects_set_state(store, project, "ready", NOW + 1, &err), &err);
	must(projects_changed(store, &second, &err), &err);
	assert_true(second != first);
	must(tries_count(store, project, "p", NOW, NULL, &err), &err);
	must(projects_changed(store, &first, &err), &err);
	assert_true(second != first);
	must(db_execute(store->db, NULL, &err, "UPDATE projects SET likes = likes + 1", ""), &err);
	must(projects_changed(store, &second, &err), &err);
	assert_true(second != first);
	must(projects_changed(store, &first, &err), &err);
	assert_true(second == first);
	must(projects_delete(store, project, &err), &err);
	must(projects_changed(store, &first, &err), &err);
	assert_int_equal(first, 0);
}

int run_nodes(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(lives_while_it_says_so, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(tells_when_two_have_one_name, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(ends_what_a_dead_one_had, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(requeues_its_own_builds_only, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(passes_on_who_wants_an_end, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(waits_for_one_that_still_has_sandboxes, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(tells_that_the_catalogue_has_changed, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(inserts_once_when_told_twice, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("nodes", tests, NULL, NULL);
}
