#include "search/query.h"

#include "base/util.h"
#include "unit/test.h"

static struct query query;

static const char *strict(const char *text)
{
	static char out[20000];
	struct plan plan;

	plan_init(&plan);
	query_parse(text, &query);
	query_strict(&query, &plan);
	assert_true(plan.match.length < sizeof(out));
	strcpy(out, plan.match.data != NULL ? plan.match.data : "");
	plan_fini(&plan);
	return out;
}

static void asks_for_words_and_beginnings(void **state)
{
	(void)state;
	assert_string_equal(strict("SQLite"), "(\"sqlite\" OR \"sqlite\" *)");
	assert_string_equal(strict("a"), "(\"a\" OR {name tags summary owner} : \"a\" *)");
	assert_string_equal(strict("node.js"), "(\"node js\" OR \"node js\" * OR \"nodejs\" *)");
	assert_string_equal(strict("터미널"), "(\"터미널\")");
	assert_string_equal(strict("터"), "(\"터\" OR {name tags summary owner} : \"터\" *)");
	assert_string_equal(strict("c언어"), "(\"c\" OR {name tags summary owner} : \"c\" *) AND (\"언어\")");
	assert_string_equal(strict("sql sql SQL"), "(\"sql\" OR \"sql\" *)");
	/* What joins a word that is not taken joins no other one. */
	assert_string_equal(strict("abc xyz abc.def"),
			    "(\"abc\" OR \"abc\" *) AND (\"xyz\" OR \"xyz\" *) AND (\"abc def\" OR \"abc def\" * OR "
			    "\"abcdef\" *)");
	strict("a b c d e f g h i.j");
	assert_int_equal(query.count, QUERY_WORDS_MAX);
	assert_string_equal(query.words[QUERY_WORDS_MAX - 1].text, "h");
}

static void leaves_unfinished_jamo_alone(void **state)
{
	(void)state;
	assert_string_equal(strict("터미ㄴ"), "(\"터미\")");
	assert_string_equal(strict("ㅋㅋ"), "(\"ㅋ\" OR {name tags summary owner} : \"ㅋ\" *)");
}

static void takes_nothing_for_syntax(void **state)
{
	static const char *const hostile[] = {
		"a AND",         "OR",           "NOT x",      "NEAR(a b, 2)", "\"",
		"\"a",           "a\"b\"",       "*",          "a*",           "-a",
		"{name}: x",     "name:x",       "^a",         "(((((",        "a + b",
		"'; DROP TABLE", "a\x01\x02",    "\xff\xfe",   "\\\"",         "a\tb\nc",
		"col : \"x\"",   "\u202e\u200b", "$$$ %s%n%d", "[x]",          "\xf0\x9f\x90\x8d",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(hostile); i++) {
		const char *match = strict(hostile[i]);
		size_t quotes = 0;

		for (const char *c = match; *c != '\0'; c++) {
			quotes += *c == '"';
			/* Between quotes: folded letters and blanks only. */
			if (quotes % 2 == 1 && *c != '"' &&
			    !((*c >= 'a' && *c <= 'z') || (*c >= '0' && *c <= '9') || *c == ' ' || *c == '+' ||
			      *c == '#' || (unsigned char)*c >= 0x80))
				fail_msg("%s became %s", hostile[i], match);
		}
		assert_int_equal(quotes % 2, 0);
	}
	query_parse(" \t\n", &query);
	assert_true(query.blank);
	assert_int_equal(query.count, 0);
	query_parse("* \"", &query);
	assert_false(query.blank);
	assert_int_equal(query.count, 0);
}

static void cuts_what_is_long(void **state)
{
	size_t size = 2 << 20;
	char *text = xmalloc(size + 1);
	struct plan plan;

	(void)state;
	for (size_t i = 0; i < size; i++)
		text[i] = i % 3 == 2 ? ' ' : (char)('a' + i / 3 % 26);
	query_parse(text, &query);
	assert_int_equal(query.count, QUERY_WORDS_MAX);
	plan_init(&plan);
	query_loose(&query, NULL, &plan);
	assert_true(plan.count <= QUERY_PHRASES_MAX);
	plan_fini(&plan);
	for (size_t i = 0; i + 3 < size; i += 3)
		memcpy(text + i, "가", 3);
	query_parse(text, &query);
	plan_init(&plan);
	query_loose(&query, NULL, &plan);
	assert_true(plan.count <= QUERY_PHRASES_MAX);
	plan_fini(&plan);
	free(text);
}

static bool loose(const char *text, const struct vocabulary *vocabulary, char *out, size_t size)
{
	struct plan plan;
	bool more;

	plan_init(&plan);
	query_parse(text, &query);
	more = query_loose(&query, vocabulary, &plan);
	assert_true(plan.match.length < size);
	strcpy(out, plan.match.data != NULL ? plan.match.data : "");
	for (size_t i = 0; i < plan.count; i++)
		assert_true(plan.phrases[i].word < plan.words);
	plan_fini(&plan);
	return more;
}

static void forgives_slips(void **state)
{
	struct vocabulary *vocabulary = vocabulary_new();
	char out[4000];

	(void)state;
	vocabulary_add(vocabulary, "sqlite", 6, 3);
	assert_true(loose("sqlte", vocabulary, out, sizeof(out)));
	assert_string_equal(out, "(\"sqlte\" OR \"sqlte\" * OR \"sqlite\" *)");
	assert_false(loose("zebra", vocabulary, out, sizeof(out)));
	assert_false(loose("sql", NULL, out, sizeof(out)));
	assert_true(loose("터미날", vocabulary, out, sizeof(out)));
	assert_string_equal(out, "(\"터미날\" OR \"터미나\" OR (\"미날\") OR (\"터미\"))");
	assert_true(loose("데잍", vocabulary, out, sizeof(out)));
	assert_string_equal(out, "(\"데잍\" OR \"데이\")");
	assert_true(loose("가나다라마", vocabulary, out, sizeof(out)));
	assert_string_equal(out, "(\"가나다라마\" OR (\"나다라마\") OR (\"다라마\") OR (\"가나\" AND \"라마\") OR "
				 "(\"가나다\") OR (\"가나다라\"))");
	vocabulary_free(vocabulary);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asks_for_words_and_beginnings),
		cmocka_unit_test(leaves_unfinished_jamo_alone),
		cmocka_unit_test(takes_nothing_for_syntax),
		cmocka_unit_test(cuts_what_is_long),
		cmocka_unit_test(forgives_slips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
