#include "search/tokenizer.h"

#include <stdio.h>

#include "unit/test.h"

struct gathered {
	char text[1000];
	int stop_after; /* tokens; 0: never */
	int count;
};

static int gather(void *data, int flags, const char *text, int length, int start, int end)
{
	struct gathered *gathered = data;
	size_t used = strlen(gathered->text);

	assert_true(start >= 0 && end >= start && length > 0);
	snprintf(gathered->text + used, sizeof(gathered->text) - used, "%s%.*s",
		 flags & FTS5_TOKEN_COLOCATED ? "=" : " ", length, text);
	return ++gathered->count == gathered->stop_after ? SQLITE_ABORT : SQLITE_OK;
}

static void expect(const char *text, int flags, const char *tokens)
{
	struct gathered gathered = {0};

	assert_int_equal(tokenize(text, strlen(text), flags, &gathered, gather), SQLITE_OK);
	assert_string_equal(gathered.text, tokens);
}

static void makes_words_of_latin(void **state)
{
	(void)state;
	expect("The node.js, C++ & \"scikit-learn\"!", FTS5_TOKENIZE_DOCUMENT, " the node js c++ scikit learn");
	expect("", FTS5_TOKENIZE_DOCUMENT, "");
}

static void makes_pairs_of_hangul(void **state)
{
	(void)state;
	expect("웹터미널", FTS5_TOKENIZE_DOCUMENT, " 웹터 터미 미널 널");
	expect("웹터미널", FTS5_TOKENIZE_QUERY, " 웹터 터미 미널");
	expect("널", FTS5_TOKENIZE_DOCUMENT, " 널");
	expect("널", FTS5_TOKENIZE_QUERY | FTS5_TOKENIZE_PREFIX, " 널");
	expect("SQL데이터", FTS5_TOKENIZE_DOCUMENT, " sql 데이 이터 터");
	expect("数据库", FTS5_TOKENIZE_DOCUMENT, " 数据 据库 库");
}

static void bridges_one_blank(void **state)
{
	(void)state;
	expect("웹 터미널", FTS5_TOKENIZE_DOCUMENT, " 웹=웹터 터미 미널 널");
	expect("웹 터미널", FTS5_TOKENIZE_QUERY, " 웹 터미 미널");
	expect("웹, 터미", FTS5_TOKENIZE_DOCUMENT, " 웹 터미 미");
	expect("웹 x 터", FTS5_TOKENIZE_DOCUMENT, " 웹 x 터");
}

static void passes_errors_on(void **state)
{
	struct gathered gathered = {.stop_after = 2};

	(void)state;
	assert_int_equal(tokenize("가나다라", strlen("가나다라"), FTS5_TOKENIZE_DOCUMENT, &gathered, gather),
			 SQLITE_ABORT);
	assert_int_equal(gathered.count, 2);
}

static int64_t number(sqlite3 *connection, const char *sql)
{
	sqlite3_stmt *statement;
	int64_t value;

	assert_int_equal(sqlite3_prepare_v2(connection, sql, -1, &statement, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
	value = sqlite3_column_int64(statement, 0);
	sqlite3_finalize(statement);
	return value;
}

static void works_inside_fts5(void **state)
{
	sqlite3 *connection;

	(void)state;
	assert_int_equal(sqlite3_open(":memory:", &connection), SQLITE_OK);
	assert_int_equal(tokenizer_register(connection, NULL), 0);
	assert_int_equal(
		sqlite3_exec(connection,
			     "CREATE VIRTUAL TABLE t USING fts5 (x, tokenize = 'ttob');"
			     "INSERT INTO t VALUES ('브라우저에서 쓰는 웹터미널'), ('a node.js shell'), ('오픈 소스');",
			     NULL, NULL, NULL),
		SQLITE_OK);
	assert_int_equal(number(connection, "SELECT COUNT(*) FROM t('\"터미널\"')"), 1);
	assert_int_equal(number(connection, "SELECT COUNT(*) FROM t('\"미널\"')"), 1);
	assert_int_equal(number(connection, "SELECT COUNT(*) FROM t('\"널\" *')"), 1);
	assert_int_equal(number(connection, "SELECT COUNT(*) FROM t('\"우저\"')"), 1);
	assert_int_equal(number(connection, "SELECT COUNT(*) FROM t('\"저우\"')"), 0);
	assert_int_equal(number(connection, "SELECT COUNT(*) FROM t('\"오픈소스\"')"), 1);
	assert_int_equal(number(connection, "SELECT COUNT(*) FROM t('\"node js\" *')"), 1);
	sqlite3_close(connection);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(makes_words_of_latin), cmocka_unit_test(makes_pairs_of_hangul),
		cmocka_unit_test(bridges_one_blank),    cmocka_unit_test(passes_errors_on),
		cmocka_unit_test(works_inside_fts5),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
