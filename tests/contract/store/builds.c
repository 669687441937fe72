#include "store/builds.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "fixture.h"
#include "store/versions.h"

static void enqueue(struct store *store, const char *name, int priority, int64_t now_ms, char id[STORE_ID_LENGTH + 1])
{
	struct error err = {0};

	must(builds_enqueue(store, add_sample(store, name, "fun"), priority, now_ms, id, NULL, &err), &err);
}

static void claims_by_priority_then_age(void **state)
{
	struct store *store = store_of(state);
	char ids[4][STORE_ID_LENGTH + 1];
	static const int order[] = {3, 1, 0, 2};
	struct error err = {0};
	struct build build;

	enqueue(store, "a", 0, NOW, ids[0]);
	enqueue(store, "b", 10, NOW + 1, ids[1]);
	enqueue(store, "c", 0, NOW + 2, ids[2]);
	enqueue(store, "d", 0, NOW + 3, ids[3]);
	must(builds_bump(store, ids[3], BUILD_PRIORITY_WANTED, &err), &err);
	for (int i = 0; i < 4; i++) {
		must(builds_get(store, ids[order[i]], NOW + 10, &build, &err), &err);
		assert_int_equal(build.position, 1);
		build_fini(&build);
		assert_int_equal(builds_claim(store, "a", NOW + 10, &build, &err), 1);
		assert_string_equal(build.id, ids[order[i]]);
		assert_string_equal(build.state, "running");
		assert_int_equal(build.attempts, 1);
		build_fini(&build);
	}
	assert_int_equal(builds_claim(store, "a", NOW + 10, &build, &err), 0);
	assert_int_equal(builds_bump(store, "none", 1, &err), -ENOENT);
}

static void has_one_open_build_per_project(void **state)
{
	struct store *store = store_of(state);
	int64_t project = add_sample(store, "a", "fun");
	char first[STORE_ID_LENGTH + 1];
	char second[STORE_ID_LENGTH + 1];
	struct error err = {0};
	struct build build;
	bool is_new;

	must(builds_enqueue(store, project, 0, NOW, first, &is_new, &err), &err);
	assert_true(is_new);
	assert_int_equal(strlen(first), STORE_ID_LENGTH);
	must(builds_enqueue(store, project, 20, NOW, second, &is_new, &err), &err);
	assert_false(is_new);
	assert_string_equal(first, second);
	must(builds_get(store, first, NOW, &build, &err), &err);
	assert_int_equal(build.priority, 20);
	assert_string_equal(build.full_name, "demo/a");
	build_fini(&build);
	must(builds_enqueue(store, project, 5, NOW, second, &is_new, &err), &err);
	must(builds_get(store, first, NOW, &build, &err), &err);
	assert_int_equal(build.priority, 20); /* never lowered */
	build_fini(&build);
	must(builds_finish(store, first, "cancelled", NULL, NOW, &err), &err);
	must(builds_enqueue(store, project, 5, NOW, second, &is_new, &err), &err);
	assert_true(is_new);
	assert_string_not_equal(first, second);
	assert_int_equal(builds_enqueue(store, 999, 5, NOW, second, &is_new, &err), -ENOENT);
}

static void tells_stages(void **state)
{
	struct store *store = store_of(state);
	struct build_stage stages[BUILD_STAGES];
	char id[STORE_ID_LENGTH + 1];
	struct error err = {0};
	struct build build;

	enqueue(store, "a", 0, NOW, id);
	must(builds_stages(store, id, NOW + 500, stages, &err), &err);
	assert_string_equal(stages[0].name, "queued");
	assert_string_equal(stages[0].state, "running");
	assert_true(stages[0].seconds == 0.5);
	assert_string_equal(stages[1].state, "waiting");
	assert_int_equal(builds_set_stage(store, id, "build", NOW, &err), -EPROTO); /* it is not running */
	assert_int_equal(builds_claim(store, "a", NOW + 1000, &build, &err), 1);
	build_fini(&build);
	must(builds_set_stage(store, id, "build", NOW + 3000, &err), &err);
	must(builds_set_stage(store, id, "unpack", NOW + 8000, &err), &err);
	must(builds_stages(store, id, NOW + 9000, stages, &err), &err);
	assert_string_equal(stages[0].state, "done");
	assert_string_equal(stages[1].name, "base");
	assert_true(stages[1].seconds == 2.0);
	assert_string_equal(stages[2].name, "build");
	assert_true(stages[2].seconds == 5.0);
	assert_string_equal(stages[3].state, "done"); /* push was not needed */
	assert_string_equal(stages[4].state, "running");
	assert_string_equal(stages[5].state, "waiting");
	must(builds_finish(store, id, "failed", "no space", NOW + 10000, &err), &err);
	must(builds_stages(store, id, NOW + 99000, stages, &err), &err);
	assert_string_equal(stages[4].state, "failed");
	assert_true(stages[4].seconds == 2.0);
	assert_int_equal(builds_set_stage(store, id, "nonsense", NOW, &err), -EINVAL);
}

static void ends_once(void **state)
{
	struct store *store = store_of(state);
	char id[STORE_ID_LENGTH + 1];
	struct error err = {0};
	struct project project;
	struct build build;

	enqueue(store, "a", 0, NOW, id);
	assert_int_equal(builds_finish(store, id, "running", NULL, NOW, &err), -EINVAL);
	must(builds_finish(store, id, "failed", "exit code 1", NOW + 1, &err), &err);
	assert_int_equal(builds_finish(store, id, "succeeded", NULL, NOW + 2, &err), -EALREADY);
	must(builds_get(store, id, NOW, &build, &err), &err);
	assert_string_equal(build.state, "failed");
	assert_string_equal(build.error, "exit code 1");
	assert_int_equal(build.ended_ms, NOW + 1);
	build_fini(&build);
	must(projects_get(store, "demo", "a", &project, &err), &err);
	assert_string_equal(project.state, "failed");
	assert_string_equal(project.build, id);
	project_fini(&project);
}

static void leaves_a_ready_project_ready(void **state)
{
	struct store *store = store_of(state);
	int64_t id = add_sample(store, "a", "fun");
	struct version version = {.project = id, .label = "1", .reference = "demo/a:1", .image = "sha256:a"};
	char build[STORE_ID_LENGTH + 1];
	struct error err = {0};
	struct project project;

	must(versions_add(store, &version, NOW, NULL, &err), &err);
	must(builds_enqueue(store, id, 0, NOW, build, NULL, &err), &err);
	must(builds_finish(store, build, "failed", "x", NOW, &err), &err);
	must(projects_get(store, "demo", "a", &project, &err), &err);
	assert_string_equal(project.state, "ready");
	project_fini(&project);
}

static void estimates_from_the_past(void **state)
{
	struct store *store = store_of(state);
	char id[STORE_ID_LENGTH + 1];
	char waiting[2][STORE_ID_LENGTH + 1];
	struct error err = {0};
	struct build build;

	for (int i = 0; i < 2; i++) {
		enqueue(store, i == 0 ? "a" : "b", 0, NOW, id);
		assert_int_equal(builds_claim(store, "a", NOW, &build, &err), 1);
		build_fini(&build);
		must(builds_finish(store, id, "succeeded", NULL, NOW + (i == 0 ? 10000 : 30000), &err), &err);
	}
	enqueue(store, "c", 0, NOW, id);
	assert_int_equal(builds_claim(store, "a", NOW, &build, &err), 1);
	build_fini(&build);
	enqueue(store, "d", 0, NOW + 1, waiting[0]);
	enqueue(store, "e", 0, NOW + 2, waiting[1]);
	/* Twenty seconds each; the running one has five behind it. */
	must(builds_get(store, id, NOW + 5000, &build, &err), &err);
	assert_int_equal(build.eta_seconds, 15);
	assert_int_equal(build.position, 0);
	build_fini(&build);
	must(builds_get(store, waiting[1], NOW + 5000, &build, &err), &err);
	assert_int_equal(build.position, 2);
	assert_int_equal(build.eta_seconds, 55);
	build_fini(&build);
}

static void queues_again_after_a_crash(void **state)
{
	struct store *store = store_of(state);
	struct build_stage stages[BUILD_STAGES];
	char id[STORE_ID_LENGTH + 1];
	char later[STORE_ID_LENGTH + 1];
	struct error err = {0};
	struct build build;
	int64_t count;

	enqueue(store, "a", 0, NOW, id);
	for (int i = 0; i < BUILD_ATTEMPTS_MAX; i++) {
		assert_int_equal(builds_claim(store, "a", NOW + 10, &build, &err), 1);
		assert_string_equal(build.id, id);
		build_fini(&build);
		if (i == 0)
			enqueue(store, "b", 0, NOW + 5, later);
		must(builds_set_stage(store, id, "build", NOW + 20, &err), &err);
		must(builds_requeue(store, "a", NOW + 30, &count, &err), &err);
		assert_int_equal(count, i < BUILD_ATTEMPTS_MAX - 1 ? 1 : 0);
		must(builds_stages(store, id, NOW + 40, stages, &err), &err);
		assert_string_equal(stages[2].state, i < BUILD_ATTEMPTS_MAX - 1 ? "waiting" : "failed");
	}
	must(builds_get(store, id, NOW, &build, &err), &err);
	assert_string_equal(build.state, "failed");
	build_fini(&build);
	assert_int_equal(builds_claim(store, "a", NOW, &build, &err), 1);
	assert_string_equal(build.id, later);
	build_fini(&build);
}

struct claimer {
	const char *url;
	int claimed;
	int failed;
};

static bool change_sample(struct store *store, const char *digest)
{
	struct project project = sample("a", "fun");
	struct error err = {0};
	bool rebuild;
	int64_t id;

	project.digest = (char *)digest;
	must(projects_upsert(store, &project, NOW, &id, &rebuild, &err), &err);
	return rebuild;
}

static void builds_what_changed_meanwhile_once_more(void **state)
{
	struct store *store = store_of(state);
	char first[STORE_ID_LENGTH + 1];
	struct error err = {0};
	struct build build;

	enqueue(store, "a", 0, NOW, first);
	change_sample(store, "while queued");
	assert_int_equal(builds_claim(store, "a", NOW + 1, &build, &err), 1); /* takes what is there now */
	build_fini(&build);
	assert_false(change_sample(store, "while queued"));
	assert_true(change_sample(store, "while running"));
	must(builds_finish(store, first, "succeeded", NULL, NOW + 2, &err), &err);
	assert_int_equal(builds_claim(store, "a", NOW + 3, &build, &err), 1);
	assert_string_not_equal(build.id, first);
	assert_false(change_sample(store, "while running"));
	must(builds_finish(store, build.id, "failed", "no", NOW + 4, &err), &err);
	build_fini(&build);
	assert_int_equal(builds_claim(store, "a", NOW + 5, &build, &err), 0); /* a failure alone is no reason */
}

static void *claim_all(void *data)
{
	struct claimer *claimer = data;
	struct error err = {0};
	struct store store;
	struct build build;
	int r;

	if (store_open(claimer->url, &store, &err) < 0) {
		claimer->failed = 1;
		return NULL;
	}
	while ((r = builds_claim(&store, "a", NOW, &build, &err)) > 0) {
		claimer->claimed++;
		build_fini(&build);
	}
	claimer->failed = r < 0;
	store_close(&store);
	return NULL;
}

static void gives_a_build_to_one_only(void **state)
{
	struct fixture *fixture = *state;
	struct claimer claimers[4] = {{0}};
	pthread_t threads[4];
	char id[STORE_ID_LENGTH + 1];
	int claimed = 0;

	for (int i = 0; i < 40; i++) {
		char *name = xasprintf("p%d", i);

		enqueue(&fixture->store, name, 0, NOW, id);
		free(name);
	}
	for (int i = 0; i < 4; i++) {
		claimers[i].url = fixture->url;
		pthread_create(&threads[i], NULL, claim_all, &claimers[i]);
	}
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(claimers[i].failed, 0);
		claimed += claimers[i].claimed;
	}
	assert_int_equal(claimed, 40);
}

int run_builds(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(claims_by_priority_then_age, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(has_one_open_build_per_project, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(tells_stages, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(ends_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(leaves_a_ready_project_ready, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(estimates_from_the_past, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(queues_again_after_a_crash, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(builds_what_changed_meanwhile_once_more, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(gives_a_build_to_one_only, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("builds", tests, NULL, NULL);
}
