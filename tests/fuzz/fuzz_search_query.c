/* What strangers type into the search box, and what they write into READMEs: the text is tokenized, asked for strictly
 * and loosely, and found again. */
#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/util.h"
#include "search/query.h"
#include "search/tokenizer.h"
#include "search/vocabulary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct seen {
	size_t length; /* of the source */
	int last_start;
};

static int on_token(void *data, int flags, const char *text, int length, int start, int end)
{
	struct seen *seen = data;

	(void)flags;
	if (length <= 0 || (size_t)length > WORD_BYTES_MAX || start < seen->last_start || end < start ||
	    (size_t)end > seen->length || !str_is_utf8(text, (size_t)length))
		abort();
	seen->last_start = start;
	return SQLITE_OK;
}

static sqlite3 *table(void)
{
	static sqlite3 *connection;

	if (connection == NULL &&
	    (sqlite3_open(":memory:", &connection) != SQLITE_OK || tokenizer_register(connection, NULL) < 0 ||
	     sqlite3_exec(connection,
			  "CREATE VIRTUAL TABLE t USING fts5 (name, tags, summary, owner, readme, tokenize = 'ttob', "
			  "prefix = '1 3');",
			  NULL, NULL, NULL) != SQLITE_OK))
		abort();
	return connection;
}

/* Rows that match; FTS5 never finds fault with what we ask. */
static int count(const struct plan *plan)
{
	sqlite3_stmt *statement;
	int rows = 0, code;

	if (sqlite3_prepare_v2(table(), "SELECT rowid FROM t WHERE t MATCH ?", -1, &statement, NULL) != SQLITE_OK)
		abort();
	sqlite3_bind_text(statement, 1, plan->match.data, (int)plan->match.length, SQLITE_STATIC);
	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		rows++;
	if (code != SQLITE_DONE)
		abort();
	sqlite3_finalize(statement);
	return rows;
}

static void fill(const char *text, size_t length)
{
	sqlite3_stmt *statement;

	if (sqlite3_exec(table(), "DELETE FROM t", NULL, NULL, NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(table(), "INSERT INTO t (summary) VALUES (?)", -1, &statement, NULL) != SQLITE_OK)
		abort();
	sqlite3_bind_text(statement, 1, text, (int)length, SQLITE_STATIC);
	if (sqlite3_step(statement) != SQLITE_DONE)
		abort();
	sqlite3_finalize(statement);
}

static void try_plan(const struct query *query, bool loose)
{
	struct plan plan;

	plan_init(&plan);
	if (loose) {
		struct vocabulary *vocabulary = vocabulary_new();

		for (size_t i = 0; i < query->count; i++)
			vocabulary_add(vocabulary, query->words[i].text, strlen(query->words[i].text), 1);
		vocabulary_add(vocabulary, "sqlite", 6, 2);
		query_loose(query, vocabulary, &plan);
		vocabulary_free(vocabulary);
	} else {
		query_strict(query, &plan);
	}
	if (plan.count > QUERY_PHRASES_MAX)
		abort();
	/* What was written is found by what was written, in the beginning of it that is read. */
	if (query->count > 0 && count(&plan) != 1)
		abort();
	plan_fini(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xstrndup((const char *)data, size);
	size_t length = strlen(text);
	struct seen seen = {.length = size};
	struct query query;

	if (tokenize((const char *)data, size, FTS5_TOKENIZE_DOCUMENT, &seen, on_token) != SQLITE_OK)
		abort();
	seen = (struct seen){.length = size};
	if (tokenize((const char *)data, size, FTS5_TOKENIZE_QUERY, &seen, on_token) != SQLITE_OK)
		abort();
	query_parse(text, &query);
	if (query.count > QUERY_WORDS_MAX || (query.blank && query.count > 0))
		abort();
	fill(text, length < QUERY_BYTES_MAX ? length : QUERY_BYTES_MAX);
	try_plan(&query, false);
	try_plan(&query, true);
	free(text);
	return 0;
}
