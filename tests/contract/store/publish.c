/* Publishing, the queue by turns, versions, deleting and what is thrown away. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"

#include "base/util.h"
#include "store/builds.h"
#include "store/project_life.h"
#include "store/publish.h"
#include "store/versions.h"

static int try_publish(struct store *store, const char *owner, const char *name, int64_t now_ms, const struct publish_limits *limits,
		       struct publish_result *result)
{
	struct project about = sample(name, "fun");
	struct error err;

	about.owner = (char *)owner;
	return publish(store,
		       &(struct publish_order){.about = &about,
					       .kind = "publish",
					       .author = owner,
					       .priority = BUILD_PRIORITY_FIRST,
					       .digest = "d1",
					       .source_kind = "script",
					       .source = "{\"kind\":\"script\"}",
					       .dockerfile = "FROM a\n"},
		       limits, now_ms, result, &err);
}

static struct publish_result publish_one(struct store *store, const char *owner, const char *name, int64_t now_ms)
{
	struct publish_result result;

	assert_int_equal(try_publish(store, owner, name, now_ms, NULL, &result), 0);
	return result;
}

static void authors_take_turns(void **state)
{
	static const char *const order[] = {"a1", "b1", "c1", "a2", "b2", "a3", "a4"};
	struct store *store = store_of(state);
	struct publish_result last;
	struct error err = {0};
	struct build build;

	publish_one(store, "ann", "a1", NOW);
	publish_one(store, "ann", "a2", NOW + 1);
	publish_one(store, "ann", "a3", NOW + 2);
	last = publish_one(store, "ann", "a4", NOW + 3);
	publish_one(store, "bob", "b1", NOW + 4);
	publish_one(store, "bob", "b2", NOW + 5);
	must(builds_get(store, last.build, NOW + 6, &build, &err), &err);
	assert_int_equal(build.position, 6);
	build_fini(&build);
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		char expected[16];

		if (i == 2) /* who comes now waits for nobody's second one */
			publish_one(store, "cat", "c1", NOW + 10);
		assert_int_equal(builds_claim(store, "n", NOW + 20 + (int64_t)i, &build, &err), 1);
		snprintf(expected, sizeof(expected), "/%s", order[i]);
		if (strstr(build.full_name, expected) == NULL)
			fail_msg("%zu: %s instead of %s", i, build.full_name, order[i]);
		assert_string_equal(build.source, "{\"kind\":\"script\"}");
		assert_string_equal(build.dockerfile, "FROM a\n");
		build_fini(&build);
	}
}

static void limits_hold(void **state)
{
	const struct publish_limits limits = {.builds = 3, .projects = 10, .queued = 2}, few = {.projects = 1};
	struct store *store = store_of(state);
	struct publish_result result;
	struct error err = {0};
	struct build build;

	assert_int_equal(try_publish(store, "ann", "a", NOW, &limits, &result), 0);
	assert_true(try_publish(store, "ann", "a", NOW, &limits, &result) < 0);
	assert_int_equal(result.refusal, PUBLISH_NAME_TAKEN);
	assert_int_equal(try_publish(store, "ann", "b", NOW, &limits, &result), 0);
	assert_true(try_publish(store, "ann", "c", NOW, &limits, &result) < 0);
	assert_int_equal(result.refusal, PUBLISH_MANY_QUEUED);
	assert_int_equal(builds_claim(store, "n", NOW, &build, &err), 1);
	build_fini(&build);
	assert_int_equal(try_publish(store, "ann", "c", NOW + 5, &limits, &result), 0);
	assert_int_equal(builds_claim(store, "n", NOW, &build, &err), 1);
	build_fini(&build);
	assert_true(try_publish(store, "ann", "d", NOW + 6, &limits, &result) < 0);
	assert_int_equal(result.refusal, PUBLISH_MANY_BUILDS);
	assert_int_equal(result.until_ms, NOW + 86400000);
	assert_true(try_publish(store, "ann", "d", NOW + 6, &few, &result) < 0);
	assert_int_equal(result.refusal, PUBLISH_MANY_PROJECTS);
	assert_int_equal(try_publish(store, "bob", "d", NOW + 6, &limits, &result), 0); /* others' are others' */
	assert_int_equal(try_publish(store, "ann", "d", NOW + 86400001, &limits, &result), 0);
}

static void cancels(void **state)
{
	struct store *store = store_of(state);
	struct publish_result a = publish_one(store, "ann", "a", NOW), b = publish_one(store, "bob", "b", NOW + 1);
	struct error err = {0};
	struct build build;
	char **ids;
	size_t count;
	bool running;
	int64_t again;

	assert_int_equal(builds_claim(store, "n", NOW, &build, &err), 1);
	build_fini(&build);
	must(builds_cancel(store, b.build, NOW, &running, &err), &err);
	assert_false(running);
	must(builds_cancel(store, a.build, NOW, &running, &err), &err);
	assert_true(running);
	must(builds_cancelled(store, "n", &ids, &count, &err), &err);
	assert_int_equal(count, 1);
	assert_string_equal(ids[0], a.build);
	free(ids[0]);
	free(ids);
	must(builds_requeue(store, "n", NOW, &again, &err), &err); /* the process died in between */
	must(builds_get(store, a.build, NOW, &build, &err), &err);
	assert_string_equal(build.state, "cancelled");
	build_fini(&build);
	assert_true(builds_cancel(store, a.build, NOW, &running, &err) < 0);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	assert_true(builds_cancel(store, "none", NOW, &running, &err) < 0);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
}

static void what_is_deleted_goes_after_a_week(void **state)
{
	struct store *store = store_of(state);
	struct publish_result one = publish_one(store, "ann", "a", NOW);
	struct version version = {.project = one.project, .label = "1", .reference = "ann/a@x", .image = "sha256:x", .build = one.build};
	struct project project;
	struct error err = {0};
	struct build *builds;
	size_t count;
	int64_t total;

	must(versions_add(store, &version, NOW, NULL, &err), &err);
	must(projects_trash(store, one.project, NOW, &err), &err);
	assert_true(projects_trash(store, one.project, NOW, &err) < 0);
	assert_true(projects_get(store, "ann", "a", &project, &err) < 0);
	must(projects_get_deleted(store, "ann", "a", &project, &err), &err);
	assert_int_equal(project.deleted_ms, NOW);
	project_fini(&project);
	must(projects_restore(store, one.project, NOW, &err), &err);
	must(projects_trash(store, one.project, NOW + 5, &err), &err);
	must(projects_purge(store, NOW + 5, &err), &err);
	must(projects_get_deleted(store, "ann", "a", &project, &err), &err);
	project_fini(&project);
	must(projects_purge(store, NOW + 6, &err), &err);
	assert_true(projects_get_deleted(store, "ann", "a", &project, &err) < 0);
	must(builds_list(store, &(struct build_filter){.page = {1, 10}}, &builds, &count, &total, &err), &err);
	assert_int_equal(total, 0);
	builds_free(builds, count);
}

static void what_is_due_is_built_again_once(void **state)
{
	struct store *store = store_of(state);
	struct publish_result one = publish_one(store, "ann", "a", NOW);
	struct version version = {.project = one.project, .label = "1", .reference = "ann/a@x", .image = "sha256:x", .build = one.build};
	struct error err = {0};
	int64_t count;

	must(versions_add(store, &version, NOW, NULL, &err), &err);
	must(builds_finish(store, one.build, "succeeded", NULL, NOW, &err), &err);
	must(projects_schedule(store, 5, NOW + INT64_C(6) * 86400000, &count, &err), &err);
	assert_int_equal(count, 0); /* up to a tenth before the week is over, no more */
	must(projects_schedule(store, 5, NOW + INT64_C(7) * 86400000, &count, &err), &err);
	assert_int_equal(count, 1);
	must(projects_schedule(store, 5, NOW + INT64_C(7) * 86400000, &count, &err), &err);
	assert_int_equal(count, 0);
	assert_true(rebuild_time(5, 7, NOW) != rebuild_time(6, 7, NOW));
}

static void pictures_go_with_the_last_logo(void **state)
{
	const struct picture_row picture = {"\0png", 4, "png", "0123456789abcdef0123456789abcdef"};
	struct store *store = store_of(state);
	int64_t id = add_sample(store, "a", "fun");
	struct buf data = BUF_INIT;
	struct error err = {0};

	must(pictures_put(store, &picture, NOW, &err), &err);
	must(pictures_put(store, &picture, NOW, &err), &err);
	must(projects_set_logo(store, id, "/media/0123456789abcdef0123456789abcdef.png", NOW, &err), &err);
	must(pictures_purge(store, NOW + 1, &err), &err);
	must(pictures_get(store, picture.hash, "png", &data, &err), &err);
	assert_int_equal(data.length, 4);
	buf_fini(&data);
	must(projects_set_logo(store, id, NULL, NOW, &err), &err);
	must(pictures_purge(store, NOW + 1, &err), &err);
	assert_true(pictures_get(store, picture.hash, "png", &data, &err) < 0);
}

int run_publish(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(authors_take_turns, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(limits_hold, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(cancels, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_is_deleted_goes_after_a_week, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(what_is_due_is_built_again_once, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(pictures_go_with_the_last_logo, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("store: publish", tests, NULL, NULL);
}
