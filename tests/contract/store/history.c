/* What a person has tried, what is recommended by it, and what the author and administrators see of it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "fixture.h"
#include "store/builds.h"
#include "store/candidates.h"
#include "store/overview.h"
#include "store/sandboxes.h"
#include "store/statistics.h"
#include "store/tries.h"
#include "store/users.h"

#define DAY STATISTICS_DAY_MS

static void start(struct store *store, const char *person, int64_t project, int64_t now_ms,
		  char id[STORE_ID_LENGTH + 1])
{
	struct sandbox x = {.person = (char *)person, .project = project, .full_name = "demo/x", .state = "starting"};
	struct error err = {0};

	must(sandboxes_insert(store, &x, now_ms, &err), &err);
	strcpy(id, x.id);
	free(x.id);
}

/* A try that runs for so long. */
static void try_it(struct store *store, const char *person, int64_t project, int64_t now_ms, int64_t for_ms)
{
	char id[STORE_ID_LENGTH + 1];
	struct error err = {0};

	start(store, person, project, now_ms, id);
	must(sandboxes_running(store, id, now_ms, now_ms + DAY, 1, &err), &err);
	must(tries_count(store, project, person, now_ms, NULL, &err), &err);
	must(sandboxes_end(store, id, "exited", 0, NULL, now_ms + for_ms, &err), &err);
}

static void tells_tries_by_category(void **state)
{
	struct store *store = store_of(state);
	int64_t a = add_sample(store, "aa", "fun"), b = add_sample(store, "bb", "database");
	int64_t c = add_sample(store, "cc", "database");
	struct category_tries *tries;
	char id[STORE_ID_LENGTH + 1];
	struct error err = {0};
	size_t count;

	try_it(store, "p1", a, NOW, 1);
	try_it(store, "p1", b, NOW, 1);
	try_it(store, "p1", c, NOW, 1);
	try_it(store, "p1", c, NOW, 1);
	try_it(store, "p2", a, NOW, 1);
	start(store, "p1", a, NOW, id); /* never ran */
	must(sandboxes_end(store, id, "failed", -1, NULL, NOW, &err), &err);
	must(tries_by_category(store, "p1", NOW - 1, &tries, &count, &err), &err);
	assert_int_equal(count, 2);
	assert_string_equal(tries[0].category, "database");
	assert_int_equal(tries[0].tries, 3);
	assert_int_equal(tries[1].tries, 1);
	category_tries_free(tries, count);
	must(tries_by_category(store, "p1", NOW + 1, &tries, &count, &err), &err);
	assert_int_equal(count, 0);
	category_tries_free(tries, count);
	must(tries_by_category(store, "nobody", 0, &tries, &count, &err), &err);
	assert_int_equal(count, 0);
	category_tries_free(tries, count);
}

static void set_ready(struct store *store, int64_t project)
{
	struct error err = {0};

	must(projects_set_state(store, project, "ready", NOW, &err), &err);
}

static void offers_what_was_not_tried(void **state)
{
	struct store *store = store_of(state);
	int64_t a = add_sample(store, "aa", "fun"), b = add_sample(store, "bb", "fun"),
		c = add_sample(store, "cc", "web");
	int64_t hidden = add_sample(store, "hh", "fun"), unlisted = add_sample(store, "uu", "fun");
	struct candidate_list list = {0};
	struct error err = {0};

	add_sample(store, "building", "fun");
	set_ready(store, a);
	set_ready(store, b);
	set_ready(store, c);
	set_ready(store, hidden);
	set_ready(store, unlisted);
	must(projects_set_visibility(store, hidden, "hidden", NOW, &err), &err);
	must(projects_set_visibility(store, unlisted, "unlisted", NOW, &err), &err);
	try_it(store, "p2", c, NOW, 1);
	try_it(store, "p2", b, NOW, 1);
	try_it(store, "p3", b, NOW, 1);
	must(candidates_add(store, "p1", NOW - DAY, NULL, 2, &list, &err), &err);
	assert_int_equal(list.count, 2);
	assert_int_equal(list.items[0].project, b);
	assert_int_equal(list.items[1].project, c);
	must(candidates_add(store, "p1", NOW - DAY, "fun", 9, &list, &err), &err);
	assert_int_equal(list.count, 3); /* each once */
	assert_int_equal(list.items[2].project, a);
	candidate_list_fini(&list);
	must(candidates_add(store, "p2", NOW - DAY, NULL, 9, &list, &err), &err);
	assert_int_equal(list.count, 1);
	assert_int_equal(list.items[0].project, a);
	candidate_list_fini(&list);
	/* What was tried long ago may come again. */
	must(candidates_add(store, "p2", NOW + 1, NULL, 9, &list, &err), &err);
	assert_int_equal(list.count, 3);
	candidate_list_fini(&list);
}

static void forgets_what_has_ended(void **state)
{
	struct store *store = store_of(state);
	int64_t a = add_sample(store, "aa", "fun");
	char ended[STORE_ID_LENGTH + 1], open[STORE_ID_LENGTH + 1], other[STORE_ID_LENGTH + 1];
	struct category_tries *tries;
	struct sandbox_list list;
	struct project project;
	struct error err = {0};
	int64_t count;
	size_t kinds;

	start(store, "p1", a, NOW, ended);
	must(sandboxes_running(store, ended, NOW, NOW + 5, 1, &err), &err);
	must(tries_count(store, a, "p1", NOW, NULL, &err), &err);
	assert_int_equal(sandboxes_forget(store, "p1", ended, &err), -EBUSY);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	must(sandboxes_end(store, ended, "exited", 0, NULL, NOW + 60000, &err), &err);
	assert_int_equal(sandboxes_forget(store, "p2", ended, &err), -ENOENT);
	must(sandboxes_forget(store, "p1", ended, &err), &err);
	assert_int_equal(sandboxes_forget(store, "p1", ended, &err), -ENOENT);
	must(tries_by_category(store, "p1", 0, &tries, &kinds, &err), &err);
	assert_int_equal(kinds, 0);
	category_tries_free(tries, kinds);
	/* What the project has counted stays, and is not counted again today. */
	must(tries_count(store, a, "p1", NOW + 1, NULL, &err), &err);
	must(projects_get_by_id(store, a, &project, &err), &err);
	assert_int_equal(project.tries, 1);
	project_fini(&project);
	start(store, "p2", a, NOW, other);
	must(sandboxes_end(store, other, "exited", 0, NULL, NOW, &err), &err);
	for (int i = 0; i < 3; i++)
		try_it(store, "p1", a, NOW + i, 1);
	start(store, "p1", a, NOW, open);
	must(sandboxes_forget_ended(store, "p1", &count, &err), &err);
	assert_int_equal(count, 3);
	must(sandboxes_list(store, "p1", (struct page){1, 9}, &list, &err), &err);
	assert_int_equal(list.count, 1);
	assert_string_equal(list.items[0].id, open);
	sandbox_list_fini(&list);
	must(sandboxes_list(store, "p2", (struct page){1, 9}, &list, &err), &err);
	assert_int_equal(list.count, 1);
	sandbox_list_fini(&list);
}

static void counts_for_authors(void **state)
{
	struct store *store = store_of(state);
	int64_t a = add_sample(store, "aa", "fun"), b = add_sample(store, "bb", "fun");
	int64_t noon = NOW - NOW % DAY + DAY / 2;
	struct statistics_counts days[3];
	char id[STORE_ID_LENGTH + 1];
	struct error err = {0};

	try_it(store, "p1", a, noon - DAY, 60000);
	try_it(store, "p1", a, noon, 60000);
	try_it(store, "p1", a, noon + 1, 30000);
	try_it(store, "p2", a, noon + DAY / 2 - 1, DAY); /* over midnight: on the day of its start */
	try_it(store, "p2", b, noon, 5);
	start(store, "p3", a, noon, id); /* never ran */
	must(sandboxes_end(store, id, "failed", -1, NULL, noon + 99, &err), &err);
	must(statistics_get(store, a, noon, 3, days, &err), &err);
	assert_int_equal(days[0].tries, 0);
	assert_int_equal(days[1].tries, 1);
	assert_int_equal(days[1].visitors, 1);
	assert_int_equal(days[1].used_ms, 60000);
	assert_int_equal(days[2].tries, 3);
	assert_int_equal(days[2].visitors, 2);
	assert_int_equal(days[2].used_ms, 90000 + DAY);
	/* A second end changes nothing. */
	assert_int_equal(sandboxes_end(store, id, "idle", 0, NULL, noon, &err), -EPROTO);
	/* The project goes while a sandbox of it runs. */
	start(store, "p4", a, noon, id);
	must(sandboxes_running(store, id, noon, noon + DAY, 1, &err), &err);
	must(projects_delete(store, a, &err), &err);
	must(sandboxes_end(store, id, "exited", 0, NULL, noon + 1000, &err), &err);
	must(statistics_get(store, a, noon, 3, days, &err), &err);
	assert_int_equal(days[2].tries, 0);
	assert_int_equal(days[2].used_ms, 0);
}

static void tells_administrators(void **state)
{
	struct store *store = store_of(state);
	int64_t a = add_sample(store, "aa", "fun"), count;
	struct user user = {.username = xstrdup("demo")};
	char build[STORE_ID_LENGTH + 1];
	struct overview overview;
	struct error err = {0};
	char *name;
	bool fresh;

	must(users_add(store, &user, NOW, &err), &err);
	must(builds_enqueue(store, a, BUILD_PRIORITY_PERSON, NOW, build, &fresh, &err), &err);
	must(overview_get(store, &overview, &err), &err);
	assert_int_equal(overview.users, 1);
	assert_int_equal(overview.builds_queued, 1);
	assert_int_equal(overview.builds_running, 0);
	assert_int_equal(overview.reports_open, 0);
	must(overview_projects_of(store, "demo", &count, &err), &err);
	assert_int_equal(count, 1);
	must(overview_projects_of(store, "' OR 1=1 --", &count, &err), &err);
	assert_int_equal(count, 0);
	must(overview_name_of(store, user.person, &name, &err), &err);
	assert_string_equal(name, "demo");
	free(name);
	must(overview_name_of(store, "a guest", &name, &err), &err);
	assert_null(name);
	user_fini(&user);
}

int run_history(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(tells_tries_by_category, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(offers_what_was_not_tried, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(forgets_what_has_ended, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(counts_for_authors, fixture_setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(tells_administrators, fixture_setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
