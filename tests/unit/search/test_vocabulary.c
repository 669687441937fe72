#include "search/vocabulary.h"

#include "search/distance.h"
#include "unit/test.h"

static enum slip slip(const char *typed, const char *word)
{
	return slip_between(typed, strlen(typed), word, strlen(word));
}

static void forgives_one_slip(void **state)
{
	(void)state;
	assert_int_equal(slip("sqlite", "sqlite"), SLIP_SAME);
	assert_int_equal(slip("sqlte", "sqlite"), SLIP_WHOLE);   /* one too few */
	assert_int_equal(slip("sqliite", "sqlite"), SLIP_WHOLE); /* one too many */
	assert_int_equal(slip("sqlyte", "sqlite"), SLIP_WHOLE);  /* another */
	assert_int_equal(slip("slqite", "sqlite"), SLIP_WHOLE);  /* swapped */
	assert_int_equal(slip("aqlite", "sqlite"), SLIP_WHOLE);
	assert_int_equal(slip("qlite", "sqlite"), SLIP_WHOLE);
	assert_int_equal(slip("xsqlite", "sqlite"), SLIP_WHOLE);
	assert_int_equal(slip("sqlitex", "sqlite"), SLIP_WHOLE);
	assert_int_equal(slip("sqlit", "sqlite"), SLIP_WHOLE);
	assert_int_equal(slip("postgers", "postgresql"), SLIP_PREFIX);
	assert_int_equal(slip("pstgres", "postgresql"), SLIP_PREFIX);
	assert_int_equal(slip("post", "postgresql"), SLIP_PREFIX);
	assert_int_equal(slip("sqllt", "sqlite"), SLIP_PREFIX);
	assert_int_equal(slip("slqiet", "sqlite"), SLIP_NONE);
	assert_int_equal(slip("sql", "lua"), SLIP_NONE);
	assert_int_equal(slip("", "a"), SLIP_WHOLE);
	assert_int_equal(slip("", ""), SLIP_SAME);
	assert_int_equal(slip("ab", ""), SLIP_NONE);
}

/* The slow, plain way of counting. */
static int distance(const char *a, const char *b)
{
	int rows[12][12];
	int n = (int)strlen(a), m = (int)strlen(b);

	for (int i = 0; i <= n; i++)
		for (int j = 0; j <= m; j++) {
			int best = i == 0 ? j : j == 0 ? i : rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]);

			if (i > 0 && j > 0 && rows[i - 1][j] + 1 < best)
				best = rows[i - 1][j] + 1;
			if (i > 0 && j > 0 && rows[i][j - 1] + 1 < best)
				best = rows[i][j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    rows[i - 2][j - 2] + 1 < best)
				best = rows[i - 2][j - 2] + 1;
			rows[i][j] = best;
		}
	return rows[n][m];
}

static void agrees_with_counting(void **state)
{
	unsigned seed = 7;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		char a[8] = "", b[8] = "";
		int n = (int)((seed = seed * 1103515245 + 12345) >> 16) % 7,
		    m = (int)((seed = seed * 1103515245 + 12345) >> 16) % 7;
		enum slip got;

		for (int i = 0; i < n; i++)
			a[i] = (char)('a' + ((seed = seed * 1103515245 + 12345) >> 16) % 3);
		for (int i = 0; i < m; i++)
			b[i] = (char)('a' + ((seed = seed * 1103515245 + 12345) >> 16) % 3);
		got = slip(a, b);
		if ((distance(a, b) == 0) != (got == SLIP_SAME) || (distance(a, b) == 1) != (got == SLIP_WHOLE))
			fail_msg("\"%s\" and \"%s\": %d, distance %d", a, b, got, distance(a, b));
	}
}

static void guesses_the_commonest(void **state)
{
	static const char *const words[] = {"sqlite", "sqlite3", "postgresql", "python",
					    "redis",  "한글",    "the",        "pythons"};
	struct vocabulary *vocabulary = vocabulary_new();
	struct guess guesses[GUESSES_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		vocabulary_add(vocabulary, words[i], strlen(words[i]), (int64_t)i + 1);
	assert_int_equal(vocabulary_count(vocabulary), 7);
	assert_int_equal(vocabulary_guess(vocabulary, "sqlte", guesses), 2);
	assert_string_equal(guesses[0].word, "sqlite");
	assert_string_equal(guesses[1].word, "sqlite3");
	assert_true(guesses[1].prefix);
	assert_int_equal(vocabulary_guess(vocabulary, "pyhton", guesses), 2);
	assert_string_equal(guesses[0].word, "python");
	assert_int_equal(vocabulary_guess(vocabulary, "redi", guesses), 1);
	assert_int_equal(vocabulary_guess(vocabulary, "rds", guesses), 0);    /* too short to guess */
	assert_int_equal(vocabulary_guess(vocabulary, "python", guesses), 1); /* not itself */
	assert_string_equal(guesses[0].word, "pythons");
	assert_int_equal(vocabulary_guess(vocabulary, "한글입니다", guesses), 0);
	vocabulary_free(vocabulary);
}

static void keeps_the_best_of_many(void **state)
{
	struct vocabulary *vocabulary = vocabulary_new();
	struct guess guesses[GUESSES_MAX];

	(void)state;
	for (char letter = 'a'; letter <= 'z'; letter++) {
		const char word[] = {'w', 'o', 'r', letter, 's', '\0'};

		vocabulary_add(vocabulary, word, 5, letter);
	}
	assert_int_equal(vocabulary_guess(vocabulary, "wor1s", guesses), GUESSES_MAX);
	assert_string_equal(guesses[0].word, "worzs");
	assert_string_equal(guesses[GUESSES_MAX - 1].word, "worus");
	vocabulary_free(vocabulary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forgives_one_slip),
		cmocka_unit_test(agrees_with_counting),
		cmocka_unit_test(guesses_the_commonest),
		cmocka_unit_test(keeps_the_best_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
