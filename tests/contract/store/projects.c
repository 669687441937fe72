#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "fixture.h"
#include "store/builds.h"
#include "store/tries.h"
#include "store/versions.h"

static void add_version(struct store *store, int64_t project, const char *label, const char *image)
{
	struct version version = {.project = project,
				  .label = (char *)label,
				  .reference = "demo/x:1",
				  .image = (char *)image,
				  .size = 5,
				  .shell = true};
	struct error err = {0};

	must(versions_add(store, &version, NOW, NULL, &err), &err);
}

static void keeps_projects(void **state)
{
	struct store *store = store_of(state);
	struct project p = sample("figlet", "fun");
	struct error err = {0};
	struct project got;
	bool rebuild;
	int64_t id;
	int64_t again;

	must(projects_upsert(store, &p, NOW, &id, &rebuild, &err), &err);
	assert_true(rebuild);
	must(projects_get(store, "demo", "figlet", &got, &err), &err);
	assert_int_equal(got.id, id);
	assert_string_equal(got.summary, p.summary);
	assert_string_equal(got.summary_ko, p.summary_ko);
	assert_string_equal(got.tags, "text,ascii-art");
	assert_string_equal(got.ports, "80,8080");
	assert_string_equal(got.readme, "# read me");
	assert_string_equal(got.dockerfile, "FROM x");
	assert_string_equal(got.state, "building");
	assert_true(got.network);
	assert_null(got.homepage);
	assert_null(got.version);
	assert_int_equal(got.created_ms, NOW);
	assert_int_equal(got.popularity, 50);
	project_fini(&got);
	/* Again, changed: the same row. Not built yet, so still to be built. */
	p.summary = "Other";
	p.tags = "";
	must(projects_upsert(store, &p, NOW + 5, &again, &rebuild, &err), &err);
	assert_int_equal(again, id);
	assert_true(rebuild);
	must(projects_get_by_id(store, id, &got, &err), &err);
	assert_string_equal(got.summary, "Other");
	assert_string_equal(got.tags, "");
	assert_int_equal(got.created_ms, NOW);
	assert_int_equal(got.updated_ms, NOW + 5);
	project_fini(&got);
	assert_int_equal(projects_get(store, "demo", "none", &got, &err), -ENOENT);
	assert_int_equal(err.kind, ERROR_NOT_FOUND);
	assert_int_equal(projects_get(store, "demo", "fig%", &got, &err), -ENOENT);
}

static void rebuilds_only_what_changed(void **state)
{
	struct store *store = store_of(state);
	struct project p = sample("figlet", "fun");
	int64_t id = add_sample(store, "figlet", "fun");
	struct error err = {0};
	char build[STORE_ID_LENGTH + 1];
	bool rebuild;

	must(builds_enqueue(store, id, 0, NOW, build, NULL, &err), &err);
	must(projects_upsert(store, &p, NOW, &id, &rebuild, &err), &err);
	assert_false(rebuild);
	p.digest = "d2";
	must(projects_upsert(store, &p, NOW, &id, &rebuild, &err), &err);
	assert_true(rebuild);
}

static size_t count_of(struct store *store, const struct project_filter *filter, char *names)
{
	struct project_list list;
	struct error err = {0};
	size_t count;

	must(projects_list(store, filter, &list, &err), &err);
	*names = '\0';
	for (size_t i = 0; i < list.count; i++) {
		strcat(names, list.items[i].name);
		strcat(names, " ");
		assert_null(list.items[i].readme);
	}
	assert_true(list.total >= (int64_t)list.count);
	count = (size_t)list.total;
	project_list_fini(&list);
	return count;
}

static void finds_projects(void **state)
{
	struct store *store = store_of(state);
	struct project p = sample("percent", "system");
	struct error err = {0};
	char names[500];
	bool rebuild;
	int64_t id;
	static const struct {
		struct project_filter filter;
		const char *names;
	} table[] = {
		{{.sort = PROJECT_SORT_NAME}, "figlet jq percent sqlite "},
		{{.text = "", .sort = PROJECT_SORT_NAME}, "figlet jq percent sqlite "},
		{{.text = "FIG"}, "figlet "},
		{{.text = "그림 글자", .sort = PROJECT_SORT_NAME}, "figlet jq sqlite "},
		{{.text = "big  LETTERS\tfig"}, "figlet "},
		{{.text = "fig sqlite"}, ""},
		{{.text = "100%"}, "percent "},
		{{.text = "%"}, "percent "},
		{{.text = "_"}, ""},
		{{.text = "'\"; --"}, ""},
		{{.text = "!"}, ""},
		{{.category = "fun"}, "figlet "},
		{{.category = "none"}, ""},
		{{.tag = "ascii-art", .sort = PROJECT_SORT_NAME}, "figlet jq sqlite "},
		{{.tag = "ascii"}, ""},
		{{.tag = "%"}, ""},
		{{.tag = "c++"}, "percent "},
		{{.state = "ready"}, "sqlite "},
		{{.state = "ready", .category = "database", .tag = "text", .text = "sq"}, "sqlite "},
	};

	add_sample(store, "figlet", "fun");
	add_sample(store, "jq", "system");
	add_version(store, add_sample(store, "sqlite", "database"), "3.40.1", "sha256:aa");
	p.summary = "100% sure";
	p.summary_ko = NULL;
	p.tags = "c++";
	must(projects_upsert(store, &p, NOW, &id, &rebuild, &err), &err);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		struct project_filter filter = table[i].filter;

		filter.page = (struct page){1, 20};
		count_of(store, &filter, names);
		if (strcmp(names, table[i].names) != 0)
			fail_msg("filter %zu: \"%s\" instead of \"%s\"", i, names, table[i].names);
	}
}

static void lists_by_pages(void **state)
{
	struct store *store = store_of(state);
	struct project_filter filter = {.sort = PROJECT_SORT_NAME, .page = {1, 2}};
	char names[500];

	for (int i = 0; i < 5; i++) {
		char name[3] = {'p', (char)('0' + i), '\0'};

		add_sample(store, name, "fun");
	}
	assert_int_equal(count_of(store, &filter, names), 5);
	assert_string_equal(names, "p0 p1 ");
	filter.page.page = 3;
	assert_int_equal(count_of(store, &filter, names), 5);
	assert_string_equal(names, "p4 ");
	filter.page.page = 4000000000u;
	filter.page.per_page = 100;
	assert_int_equal(count_of(store, &filter, names), 5);
	assert_string_equal(names, "");
}

static void sorts_by_what_is_tried(void **state)
{
	struct store *store = store_of(state);
	int64_t a = add_sample(store, "aa", "fun");
	int64_t b = add_sample(store, "bb", "fun");
	struct project_filter filter = {.sort = PROJECT_SORT_TRENDING, .page = {1, 10}};
	const int64_t day = 24 * 3600 * INT64_C(1000);
	struct error err = {0};
	char names[500];
	bool counted;

	count_of(store, &filter, names);
	assert_string_equal(names, "aa bb ");
	must(tries_count(store, b, "p1", NOW, &counted, &err), &err);
	assert_true(counted);
	must(tries_count(store, b, "p1", NOW + 1000, &counted, &err), &err);
	assert_false(counted); /* once a day */
	count_of(store, &filter, names);
	assert_string_equal(names, "bb aa ");
	/* Two weeks on, one fresh try outweighs three old ones. */
	must(tries_count(store, b, "p2", NOW, NULL, &err), &err);
	must(tries_count(store, b, "p3", NOW, NULL, &err), &err);
	must(tries_count(store, a, "p1", NOW + 14 * day, NULL, &err), &err);
	count_of(store, &filter, names);
	assert_string_equal(names, "aa bb ");
	assert_int_equal(tries_count(store, 999, "p1", NOW, NULL, &err), -ENOENT);
}

static void keeps_versions(void **state)
{
	struct store *store = store_of(state);
	int64_t id = add_sample(store, "aa", "fun");
	struct version *versions;
	struct version version;
	struct project project;
	struct error err = {0};
	size_t count;

	assert_int_equal(versions_get(store, id, NULL, &version, &err), -ENOENT);
	add_version(store, id, "1.0", "sha256:a");
	add_version(store, id, "2.0", "sha256:b");
	add_version(store, id, "1.0", "sha256:c");
	must(versions_get(store, id, NULL, &version, &err), &err);
	assert_string_equal(version.image, "sha256:c");
	version_fini(&version);
	must(versions_get(store, id, "2.0", &version, &err), &err);
	assert_string_equal(version.image, "sha256:b");
	assert_true(version.shell);
	version_fini(&version);
	must(versions_get(store, id, "1.0", &version, &err), &err);
	assert_string_equal(version.image, "sha256:c");
	version_fini(&version);
	must(versions_list(store, id, &versions, &count, &err), &err);
	assert_int_equal(count, 2); /* a rebuild takes the place of what had its label */
	versions_free(versions, count);
	must(versions_current(store, &versions, &count, &err), &err);
	assert_int_equal(count, 1);
	versions_free(versions, count);
	must(projects_get_by_id(store, id, &project, &err), &err);
	assert_string_equal(project.state, "ready");
	assert_string_equal(project.version, "1.0");
	assert_string_equal(project.image, "sha256:c");
	assert_int_equal(project.verified_ms, NOW);
	project_fini(&project);
	version = (struct version){.project = 999, .label = "1", .reference = "x", .image = "y"};
	assert_true(versions_add(store, &version, NOW, NULL, &err) < 0);
}

static void deletes_with_all_that_hangs_on_it(void **state)
{
	struct store *store = store_of(state);
	int64_t id = add_sample(store, "aa", "fun");
	char build[STORE_ID_LENGTH + 1];
	struct error err = {0};
	struct build got;
	int64_t n;

	add_version(store, id, "1.0", "sha256:a");
	must(tries_count(store, id, "p", NOW, NULL, &err), &err);
	must(builds_enqueue(store, id, 0, NOW, build, NULL, &err), &err);
	must(projects_delete(store, id, &err), &err);
	assert_int_equal(builds_get(store, build, NOW, &got, &err), -ENOENT);
	must(db_number(store->db, 0, &n, &err, "SELECT (SELECT COUNT(*) FROM versions) + (SELECT COUNT(*) FROM tries)",
		       ""),
	     &err);
	assert_int_equal(n, 0);
	assert_int_equal(projects_delete(store, id, &err), -ENOENT);
	/* What is under way for the old one must not get to a new one. */
	assert_int_not_equal(add_sample(store, "later", "fun"), id);
	assert_int_equal(projects_set_state(store, id, "ready", NOW, &err), -ENOENT);
}

static void counts(void **state)
{
	struct store *store = store_of(state);
	struct category_count *categories;
	struct state_counts states;
	struct error err = {0};
	size_t count;
	int64_t id;

	must(projects_categories(store, &categories, &count, &err), &err);
	assert_int_equal(count, 0);
	category_counts_free(categories, count);
	add_sample(store, "a", "fun");
	id = add_sample(store, "b", "database");
	add_sample(store, "c", "database");
	must(projects_set_state(store, id, "failed", NOW, &err), &err);
	must(projects_categories(store, &categories, &count, &err), &err);
	assert_int_equal(count, 2);
	assert_string_equal(categories[0].category, "database");
	assert_int_equal(categories[0].projects, 2);
	category_counts_free(categories, count);
	must(projects_count_states(store, &states, &err), &err);
	assert_int_equal(states.building, 2);
	assert_int_equal(states.failed, 1);
	assert_int_equal(states.ready, 0);
}

static void shows_only_what_is_listed(void **state)
{
	struct store *store = store_of(state);
	int64_t a = add_sample(store, "aa", "fun");
	int64_t b = add_sample(store, "bb", "web");
	struct project_filter filter = {.sort = PROJECT_SORT_NAME, .page = {1, 10}};
	struct project p = sample("aa", "fun");
	struct category_count *categories;
	struct project got;
	struct error err = {0};
	char names[500];
	size_t count;
	bool rebuild;

	add_sample(store, "cc", "fun");
	must(projects_set_visibility(store, a, "unlisted", NOW + 1, &err), &err);
	must(projects_set_visibility(store, b, "hidden", NOW + 1, &err), &err);
	must(projects_upsert(store, &p, NOW + 2, &a, &rebuild, &err), &err);
	assert_int_equal(count_of(store, &filter, names), 1);
	assert_string_equal(names, "cc ");
	filter.text = "aa";
	assert_int_equal(count_of(store, &filter, names), 0);
	filter.visibility = "any";
	assert_int_equal(count_of(store, &filter, names), 1);
	filter.text = NULL;
	assert_int_equal(count_of(store, &filter, names), 3);
	filter.visibility = "hidden";
	count_of(store, &filter, names);
	assert_string_equal(names, "bb ");
	must(projects_categories(store, &categories, &count, &err), &err);
	assert_int_equal(count, 1);
	assert_int_equal(categories[0].projects, 1);
	category_counts_free(categories, count);
	must(projects_get_by_id(store, a, &got, &err), &err);
	assert_string_equal(got.visibility, "unlisted");
	assert_null(got.embed_origins);
	project_fini(&got);
	assert_int_equal(projects_set_visibility(store, a, "secret", NOW, &err), -EINVAL);
	assert_int_equal(projects_set_visibility(store, 999, "hidden", NOW, &err), -ENOENT);
}

static void note_updated(int64_t id, int64_t updated_ms, void *data)
{
	((int64_t *)data)[id] = updated_ms;
}

static void note_likes(int64_t id, int64_t likes, void *data)
{
	((int64_t *)data)[id] = likes + 1;
}

static void note_trend(int64_t id, double trend, void *data)
{
	((double *)data)[id] = trend;
}

static void lists_by_ids_and_scans(void **state)
{
	struct store *store = store_of(state);
	int64_t a = add_sample(store, "aa", "fun");
	int64_t b = add_sample(store, "bb", "web");
	int64_t c = add_sample(store, "cc", "web");
	int64_t ids[] = {c, 9999, a, b}, values[16] = {0};
	struct project_list list;
	struct error err = {0};
	double trends[16] = {0};

	must(projects_list_by_ids(store, ids, ARRAY_SIZE(ids), &list, &err), &err);
	assert_int_equal(list.count, 3);
	assert_string_equal(list.items[0].name, "cc");
	assert_string_equal(list.items[1].name, "aa");
	assert_string_equal(list.items[2].name, "bb");
	assert_null(list.items[0].readme);
	project_list_fini(&list);
	must(projects_set_visibility(store, a, "hidden", NOW + 7, &err), &err);
	must(projects_list_by_ids(store, ids, ARRAY_SIZE(ids), &list, &err), &err);
	assert_int_equal(list.count, 2);
	project_list_fini(&list);
	must(projects_list_by_ids(store, ids, 0, &list, &err), &err);
	assert_int_equal(list.count, 0);
	assert_true(c < 16);
	must(projects_each_updated(store, note_updated, values, &err), &err);
	assert_true(values[a] == NOW + 7 && values[b] == NOW && values[c] == NOW);
	must(projects_each_likes(store, note_likes, values, &err), &err);
	assert_true(values[a] == 1 && values[c] == 1);
	must(tries_count(store, b, "p1", NOW, NULL, &err), &err);
	must(projects_each_trend(store, note_trend, trends, &err), &err);
	assert_true(trends[b] > trends[a] && trends[a] == trends[c]);
}

static void keeps_embed_origins(void **state)
{
	struct store *store = store_of(state);
	int64_t id = add_sample(store, "aa", "fun");
	struct project got;
	struct error err = {0};

	must(projects_set_embed_origins(store, id, "https://a.example https://b.example", NOW + 3, &err), &err);
	must(projects_get_by_id(store, id, &got, &err), &err);
	assert_string_equal(got.embed_origins, "https://a.example https://b.example");
	assert_int_equal(got.updated_ms, NOW + 3);
	project_fini(&got);
	must(projects_set_embed_origins(store, id, "", NOW, &err), &err);
	must(projects_get_by_id(store, id, &got, &err), &err);
	assert_null(got.embed_origins);
	project_fini(&got);
	assert_int_equal(projects_set_embed_origins(store, 999, NULL, NOW, &err), -ENOENT);
}

static void filters_by_owner(void **state)
{
	struct store *store = store_of(state);
	struct project p = sample("aa", "fun");
	struct project_filter filter = {.owner = "other", .sort = PROJECT_SORT_NAME, .page = {1, 10}};
	struct error err = {0};
	char names[500];
	bool rebuild;
	int64_t id;

	add_sample(store, "aa", "fun");
	p.owner = "other";
	must(projects_upsert(store, &p, NOW, &id, &rebuild, &err), &err);
	assert_int_equal(count_of(store, &filter, names), 1);
	filter.owner = "nobody";
	assert_int_equal(count_of(store, &filter, names), 0);
}

static void knows_the_sorts(void **state)
{
	enum project_sort sort;

	(void)state;
	assert_int_equal(project_sort_from_name("likes", &sort), 0);
	assert_int_equal(sort, PROJECT_SORT_LIKES);
	assert_int_equal(project_sort_from_name("name; DROP", &sort), -EINVAL);
}

int run_projects(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(keeps_projects, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(rebuilds_only_what_changed, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(finds_projects, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(lists_by_pages, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(sorts_by_what_is_tried, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(keeps_versions, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(deletes_with_all_that_hangs_on_it, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(shows_only_what_is_listed, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(lists_by_ids_and_scans, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(keeps_embed_origins, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(filters_by_owner, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(counts, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(knows_the_sorts, NULL, NULL),
	};

	return cmocka_run_group_tests_name("projects", tests, NULL, NULL);
}
