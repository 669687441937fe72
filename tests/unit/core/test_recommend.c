#include "core/recommend.h"

#include "base/util.h"

#include "../test.h"

/* "name:places name:places", in the order of the result. */
static void expect_shares(struct recommend_share *shares, size_t count, unsigned places, const char *const *names,
			  const unsigned *expected)
{
	unsigned sum = 0;

	recommend_share_out(shares, count, places);
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(shares[i].category, names[i]);
		assert_int_equal(shares[i].places, expected[i]);
		sum += shares[i].places;
	}
	assert_true(sum == places || sum == 0);
}

static void six_two_and_two(void **state)
{
	struct recommend_share shares[] = {{"system", 2, 0}, {"cloud", 6, 0}, {"ai", 2, 0}};

	(void)state;
	expect_shares(shares, 3, 10, (const char *[]){"cloud", "ai", "system"}, (unsigned[]){6, 2, 2});
}

static void the_largest_remainder_gets_the_place(void **state)
{
	/* 7 places for 5, 3, 2 tries: 3.5, 2.1, 1.4 */
	struct recommend_share shares[] = {{"a", 5, 0}, {"b", 3, 0}, {"c", 2, 0}};

	(void)state;
	expect_shares(shares, 3, 7, (const char *[]){"a", "b", "c"}, (unsigned[]){4, 2, 1});
}

static void ties_go_by_tries_then_by_name(void **state)
{
	struct recommend_share shares[] = {{"web", 1, 0}, {"ai", 1, 0}, {"fun", 1, 0}};

	(void)state;
	expect_shares(shares, 3, 4, (const char *[]){"ai", "fun", "web"}, (unsigned[]){2, 1, 1});
}

static void no_history_no_shares(void **state)
{
	struct recommend_share shares[] = {{"a", 0, 0}};

	(void)state;
	expect_shares(shares, 1, 5, (const char *[]){"a"}, (unsigned[]){0});
	recommend_share_out(NULL, 0, 5);
}

static const struct recommend_candidate candidates[] = {
	{1, "cloud"}, {2, "ai"}, {3, "cloud"}, {4, "fun"}, {5, "cloud"}, {6, "ai"}, {7, "cloud"},
};

static void picks_the_most_tried_of_each_category(void **state)
{
	struct recommend_share shares[] = {{"ai", 2, 0}, {"cloud", 4, 0}};
	int64_t out[3];

	(void)state;
	assert_int_equal(recommend_pick(shares, 2, candidates, ARRAY_SIZE(candidates), 3, out), 3);
	assert_int_equal(out[0], 1);
	assert_int_equal(out[1], 3);
	assert_int_equal(out[2], 2);
}

static void a_short_category_leaves_its_places_to_the_best_of_the_others(void **state)
{
	struct recommend_share shares[] = {{"fun", 9, 0}};
	int64_t out[3];

	(void)state;
	assert_int_equal(recommend_pick(shares, 1, candidates, ARRAY_SIZE(candidates), 3, out), 3);
	assert_int_equal(out[0], 4);
	assert_int_equal(out[1], 1);
	assert_int_equal(out[2], 2);
}

static void fewer_projects_than_places(void **state)
{
	struct recommend_share shares[] = {{"ai", 1, 0}};
	int64_t out[20];

	(void)state;
	assert_int_equal(recommend_pick(shares, 1, candidates, ARRAY_SIZE(candidates), 20, out), 7);
	assert_int_equal(recommend_pick(shares, 1, candidates, 0, 20, out), 0);
	assert_int_equal(recommend_pick(NULL, 0, candidates, ARRAY_SIZE(candidates), 2, out), 2);
	assert_int_equal(out[1], 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(six_two_and_two),
		cmocka_unit_test(the_largest_remainder_gets_the_place),
		cmocka_unit_test(ties_go_by_tries_then_by_name),
		cmocka_unit_test(no_history_no_shares),
		cmocka_unit_test(picks_the_most_tried_of_each_category),
		cmocka_unit_test(a_short_category_leaves_its_places_to_the_best_of_the_others),
		cmocka_unit_test(fewer_projects_than_places),
	};

	return cmocka_run_group_tests_name("recommend", tests, NULL, NULL);
}
