#include "unit/web/fixture.h"

struct question {
	const char *image;
	unsigned count;
	unsigned asked; /* how often pool was asked for at all */
};

static void look(struct engine *engine, void *data)
{
	struct question *question = data;

	question->count = fake_engine_pooled(engine, question->image);
	question->asked = fake_engine_count(engine, "pool");
}

static unsigned pooled(struct fixture *fixture, const char *image)
{
	struct question question = {.image = image};

	fixture_on_loop(fixture, look, &question);
	return question.count;
}

static unsigned asked(struct fixture *fixture)
{
	struct question question = {.image = "none"};

	fixture_on_loop(fixture, look, &question);
	return question.asked;
}

static int setup(void **state)
{
	struct fixture *fixture = fixture_new();

	fixture->options.pool = 3;
	*state = fixture;
	return 0;
}

static void wait_for_pool(struct fixture *fixture, const char *image, unsigned count)
{
	/* Ends by the runner's limit when it never comes. */
	while (pooled(fixture, image) != count)
		;
}

static void what_is_ready_is_prepared(void **state)
{
	struct fixture *fixture = *state;

	fixture_start(fixture);
	wait_for_pool(fixture, "sha256:00", 3);
}

static void an_engine_that_comes_back_is_told_again(void **state)
{
	struct fixture *fixture = *state;
	unsigned before;

	fixture_start(fixture);
	wait_for_pool(fixture, "sha256:00", 3);
	before = asked(fixture);
	fixture_away(fixture, true);
	fixture_away(fixture, false);
	while (asked(fixture) == before)
		;
	assert_int_equal(pooled(fixture, "sha256:00"), 3);
}

static void a_project_that_becomes_ready_is_prepared(void **state)
{
	struct fixture *fixture = *state;
	struct guest guest = {.fixture = fixture};
	json_t *json;

	fixture_add_project(fixture, "one");
	fixture_start(fixture);
	json = until(&guest, "/api/v1/projects/taste/one", "state", "ready");
	json_decref(json);
	while (asked(fixture) < 2)
		;
}

static void none_are_prepared_when_the_operator_says_so(void **state)
{
	struct fixture *fixture = *state;
	struct guest guest = {.fixture = fixture};
	json_t *json;

	fixture->options.pool = 0;
	fixture_add_project(fixture, "one");
	fixture_start(fixture);
	json = until(&guest, "/api/v1/projects/taste/one", "state", "ready");
	json_decref(json);
	assert_int_equal(asked(fixture), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_ready_is_prepared, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(an_engine_that_comes_back_is_told_again, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(a_project_that_becomes_ready_is_prepared, setup, fixture_teardown),
		cmocka_unit_test_setup_teardown(none_are_prepared_when_the_operator_says_so, setup, fixture_teardown),
	};

	return cmocka_run_group_tests_name("web: pools", tests, NULL, NULL);
}
