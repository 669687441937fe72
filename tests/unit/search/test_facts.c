#include "search/facts.h"

#include "unit/test.h"

static struct fact sample(int64_t id, const char *name)
{
	return (struct fact){.id = id,
			     .listed = true,
			     .owner = "taste",
			     .name = name,
			     .category = "fun",
			     .state = "ready",
			     .tags = "text,c++"};
}

static void keeps_facts(void **state)
{
	struct facts *facts = facts_new();
	struct fact fact;
	size_t cursor = 0, seen = 0;

	(void)state;
	for (int64_t id = 1; id <= 5000; id++) {
		fact = sample(id << 40, "Node.js");
		facts_put(facts, &fact);
	}
	for (int64_t id = 1; id <= 5000; id += 2)
		facts_remove(facts, id << 40);
	facts_remove(facts, 77);
	assert_int_equal(facts_count(facts), 2500);
	for (int64_t id = 1; id <= 5000; id++)
		assert_int_equal(facts_find(facts, id << 40) != NULL, id % 2 == 0);
	while (facts_next(facts, &cursor) != NULL)
		seen++;
	assert_int_equal(seen, 2500);
	assert_string_equal(facts_find(facts, INT64_C(2) << 40)->key, "nodejs");
	assert_string_equal(facts_find(facts, INT64_C(2) << 40)->tags, ",text,c++,");
	/* Trend and likes come from elsewhere. */
	facts_find(facts, INT64_C(2) << 40)->likes = 7;
	fact = sample(INT64_C(2) << 40, "other");
	facts_put(facts, &fact);
	assert_int_equal(facts_count(facts), 2500);
	assert_int_equal(facts_find(facts, INT64_C(2) << 40)->likes, 7);
	assert_string_equal(facts_find(facts, INT64_C(2) << 40)->name, "other");
	/* Places of removed ones are found again, round after round. */
	for (int round = 0; round < 20; round++) {
		for (int64_t id = 1; id <= 100; id++) {
			fact = sample(id + 1000 * round, "x");
			facts_put(facts, &fact);
		}
		for (int64_t id = 1; id <= 100; id++)
			facts_remove(facts, id + 1000 * round);
	}
	assert_int_equal(facts_count(facts), 2500);
	facts_free(facts);
}

static void filters(void **state)
{
	struct fact fact = sample(1, "a");
	struct project_filter filter = {0};

	(void)state;
	fact.tags = ",text,c++,";
	assert_true(fact_matches(&fact, &filter));
	filter = (struct project_filter){.category = "fun", .tag = "c++", .state = "ready", .owner = "taste"};
	assert_true(fact_matches(&fact, &filter));
	filter.tag = "C++";
	assert_true(fact_matches(&fact, &filter));
	filter.tag = "c";
	assert_false(fact_matches(&fact, &filter));
	filter.tag = "";
	assert_false(fact_matches(&fact, &filter));
	filter = (struct project_filter){.owner = "other"};
	assert_false(fact_matches(&fact, &filter));
	filter = (struct project_filter){.visibility = "any"};
	fact.listed = false;
	assert_false(fact_matches(&fact, &filter));
}

static void sorts_in_a_total_order(void **state)
{
	struct fact a = sample(1, "a"), b = sample(2, "b");

	(void)state;
	assert_true(fact_compare(&a, &b, PROJECT_SORT_NAME) < 0);
	assert_true(fact_compare(&a, &b, PROJECT_SORT_TRENDING) < 0);
	assert_true(fact_compare(&a, &b, PROJECT_SORT_NEW) > 0); /* the same moment: the later id */
	b.popularity = 1;
	assert_true(fact_compare(&a, &b, PROJECT_SORT_TRENDING) > 0);
	a.trend = 1;
	assert_true(fact_compare(&a, &b, PROJECT_SORT_TRENDING) < 0);
	assert_true(fact_compare(&a, &b, PROJECT_SORT_LIKES) < 0);
	b.likes = 1;
	assert_true(fact_compare(&a, &b, PROJECT_SORT_LIKES) > 0);
	b.created_ms = 5;
	assert_true(fact_compare(&a, &b, PROJECT_SORT_NEW) > 0);
	assert_int_equal(fact_compare(&a, &a, PROJECT_SORT_RELEVANCE), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_facts),
		cmocka_unit_test(filters),
		cmocka_unit_test(sorts_in_a_total_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
