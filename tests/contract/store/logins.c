/* Names and passwords of images: how long they are kept, and whose they are. */
#include <string.h>

#include "fixture.h"

#include "base/util.h"
#include "store/builds.h"
#include "store/logins.h"
#include "store/project_life.h"
#include "store/publish.h"
#include "store/versions.h"

#define FIRST  "aaaaaaaaaaaaaaaaaaaa"
#define SECOND "bbbbbbbbbbbbbbbbbbbb"
#define SOURCE(id) "{\"kind\":\"image\",\"reference\":\"h/x:1\",\"credentials\":\"" id "\"}"

/* Not encrypted: bytes that a text would not survive, and the project. */
static int seal(void *data, int64_t project, struct buf *out, struct error *err)
{
	(void)data;
	(void)err;
	buf_append(out, "\0\xff'\"", 4);
	buf_printf(out, "%lld", (long long)project);
	return 0;
}

static struct publish_login login_of(const char *id)
{
	struct publish_login login = {.row = {.host = (char *)"h:5000", .username = (char *)"robot$pull"}, .seal = seal};

	strcpy(login.row.id, id);
	return login;
}

static struct publish_result order(struct store *store, int64_t project, const char *source, const struct publish_login *login)
{
	struct project about = sample("a", "fun");
	struct publish_result result;
	struct error err = {0};

	about.owner = (char *)"ann";
	about.source = (char *)source;
	must(publish(store,
		     &(struct publish_order){.about = project == 0 ? &about : NULL,
					     .project = project,
					     .kind = project == 0 ? "publish" : "version",
					     .author = "ann",
					     .priority = BUILD_PRIORITY_FIRST,
					     .digest = "d",
					     .source_kind = "image",
					     .source = source,
					     .dockerfile = "FROM h/x:1\n",
					     .login = login},
		     NULL, NOW, &result, &err),
	     &err);
	return result;
}

static void end(struct store *store, const struct publish_result *build, bool well)
{
	struct version version = {.project = build->project, .label = "1", .reference = "ann/a@x", .image = "sha256:x", .build = (char *)build->build};
	struct error err = {0};

	if (well)
		must(versions_add(store, &version, NOW, NULL, &err), &err);
	must(builds_finish(store, build->build, well ? "succeeded" : "failed", well ? NULL : "no", NOW, &err), &err);
}

static bool has(struct store *store, int64_t project, const char *id)
{
	struct login_row row = {0};
	struct error err = {0};
	int r = logins_get(store, project, id, &row, &err);

	if (r == 0) {
		assert_string_equal(row.host, "h:5000");
		assert_string_equal(row.username, "robot$pull");
		assert_true(row.secret.length >= 5);
		assert_memory_equal(row.secret.data, "\0\xff'\"", 4);
	} else if (err.kind != ERROR_NOT_FOUND) {
		fail_msg("%s", err.message);
	}
	login_row_fini(&row);
	return r == 0;
}

static struct publish_result first(struct store *store)
{
	struct publish_login login = login_of(FIRST);

	return order(store, 0, SOURCE(FIRST), &login);
}

static void it_is_the_projects_alone(void **state)
{
	struct store *store = store_of(state);
	struct publish_result a = first(store);

	assert_true(has(store, a.project, FIRST));
	assert_false(has(store, a.project + 1, FIRST));
	assert_false(has(store, a.project, SECOND));
	assert_false(has(store, a.project, "%"));
	assert_false(has(store, a.project, ""));
}

static void the_same_source_keeps_it(void **state)
{
	struct store *store = store_of(state);
	struct publish_result a = first(store), b;

	end(store, &a, true);
	assert_true(has(store, a.project, FIRST));
	b = order(store, a.project, SOURCE(FIRST), NULL);
	end(store, &b, false);
	assert_true(has(store, a.project, FIRST));
}

static void another_source_takes_its_place_when_it_is_built(void **state)
{
	struct publish_login login = login_of(SECOND);
	struct store *store = store_of(state);
	struct publish_result a = first(store), b;

	end(store, &a, true);
	b = order(store, a.project, SOURCE(SECOND), &login);
	assert_true(has(store, a.project, FIRST)); /* what stands is still built from time to time */
	assert_true(has(store, a.project, SECOND));
	end(store, &b, true);
	assert_false(has(store, a.project, FIRST));
	assert_true(has(store, a.project, SECOND));
	b = order(store, a.project, "{\"kind\":\"script\"}", NULL);
	end(store, &b, true);
	assert_false(has(store, a.project, SECOND));
}

static void one_that_failed_goes_with_the_next(void **state)
{
	struct publish_login login = login_of(SECOND);
	struct store *store = store_of(state);
	struct publish_result a = first(store), b;

	end(store, &a, true);
	b = order(store, a.project, SOURCE(SECOND), &login);
	end(store, &b, false);
	assert_true(has(store, a.project, SECOND)); /* it may be tried again */
	order(store, a.project, SOURCE(FIRST), NULL);
	assert_true(has(store, a.project, FIRST));
	assert_false(has(store, a.project, SECOND));
}

static void it_goes_with_the_project_and_with_its_owner(void **state)
{
	struct store *store = store_of(state);
	struct publish_result a = first(store);
	struct error err = {0};

	must(projects_trash(store, a.project, NOW, &err), &err);
	assert_true(has(store, a.project, FIRST)); /* it can be restored */
	must(projects_restore(store, a.project, NOW, &err), &err);
	must(projects_transfer(store, a.project, "bob", 0, NOW, &err), &err);
	assert_false(has(store, a.project, FIRST));
	a = first(store);
	must(projects_trash(store, a.project, NOW, &err), &err);
	must(projects_purge(store, NOW + 1, &err), &err);
	assert_false(has(store, a.project, FIRST));
}

int run_logins(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_is_the_projects_alone, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(the_same_source_keeps_it, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(another_source_takes_its_place_when_it_is_built, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(one_that_failed_goes_with_the_next, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(it_goes_with_the_project_and_with_its_owner, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("store: logins", tests, NULL, NULL);
}
