/* Repositories that somebody had looked at. */
#include <errno.h>
#include <string.h>

#include "base/util.h"
#include "fixture.h"
#include "store/sources.h"
#include "store/users.h"

static void ends_stay(void **state)
{
	struct store *store = store_of(state);
	int64_t ann = add_user(store, "ann", NULL, NULL), bob = add_user(store, "bob", NULL, NULL);
	struct source source;
	char id[STORE_ID_LENGTH + 1];
	struct error err = {0};

	must(sources_add(store, ann, "n1", "https://h.example/a", NULL, 3, NOW, id, &err), &err);
	must(sources_get(store, ann, id, &source, &err), &err);
	assert_string_equal(source.state, "fetching");
	assert_string_equal(source.url, "https://h.example/a");
	assert_null(source.ref);
	assert_null(source.error);
	source_fini(&source);
	assert_int_equal(sources_get(store, bob, id, &source, &err), -ENOENT);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	must(sources_ready(store, id, "c0ffee", "node", "{\"a\":\"\xea\xb0\x80\"}", "[]", &err), &err);
	must(sources_failed(store, id, "timeout", "late", &err), &err);
	must(sources_interrupted(store, "n1", &err), &err);
	must(sources_get(store, ann, id, &source, &err), &err);
	assert_string_equal(source.state, "ready");
	assert_string_equal(source.commit, "c0ffee");
	assert_string_equal(source.found, "node");
	assert_string_equal(source.proposal, "{\"a\":\"\xea\xb0\x80\"}");
	assert_null(source.error);
	source_fini(&source);
	must(sources_ready(store, "nothing", "c", "go", "{}", "[]", &err), &err);
}

static void a_few_at_one_time(void **state)
{
	struct store *store = store_of(state);
	int64_t ann = add_user(store, "ann", NULL, NULL), bob = add_user(store, "bob", NULL, NULL);
	char first[STORE_ID_LENGTH + 1], id[STORE_ID_LENGTH + 1];
	struct error err = {0};

	must(sources_add(store, ann, "n1", "https://h.example/a", "v1", 2, NOW, first, &err), &err);
	must(sources_add(store, ann, "n1", "https://h.example/a", "v1", 2, NOW, id, &err), &err);
	assert_true(sources_add(store, ann, "n1", "https://h.example/a", "v1", 2, NOW, id, &err) < 0);
	assert_int_equal(err.kind, ERROR_RATE_LIMITED);
	must(sources_add(store, bob, "n1", "https://h.example/a", "v1", 2, NOW, id, &err), &err);
	must(sources_failed(store, first, "not_found", "nothing there", &err), &err);
	must(sources_add(store, ann, "n1", "https://h.example/a", "v1", 2, NOW, id, &err), &err);
}

static void restarts_and_age(void **state)
{
	struct store *store = store_of(state);
	int64_t ann = add_user(store, "ann", NULL, NULL);
	char here[STORE_ID_LENGTH + 1], there[STORE_ID_LENGTH + 1];
	struct source source;
	struct error err = {0};

	must(sources_add(store, ann, "n1", "https://h.example/a", NULL, 3, NOW, here, &err), &err);
	must(sources_add(store, ann, "n2", "https://h.example/a", NULL, 3, NOW, there, &err), &err);
	must(sources_interrupted(store, "n1", &err), &err);
	must(sources_get(store, ann, here, &source, &err), &err);
	assert_string_equal(source.state, "failed");
	assert_string_equal(source.error_kind, "unavailable");
	source_fini(&source);
	must(sources_purge(store, NOW + SOURCE_FETCH_MS, &err), &err);
	must(sources_get(store, ann, there, &source, &err), &err);
	assert_string_equal(source.state, "fetching");
	source_fini(&source);
	must(sources_purge(store, NOW + SOURCE_FETCH_MS + 1, &err), &err);
	must(sources_get(store, ann, there, &source, &err), &err);
	assert_string_equal(source.state, "failed");
	source_fini(&source);
	must(sources_purge(store, NOW + SOURCE_LIFE_MS + 1, &err), &err);
	assert_int_equal(sources_get(store, ann, there, &source, &err), -ENOENT);
}

int run_sources(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(ends_stay, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_few_at_one_time, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(restarts_and_age, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("sources", tests, NULL, NULL);
}
