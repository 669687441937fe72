#include "search/tokenizer.h"

#include <errno.h>
#include <string.h>

#include "search/words.h"

typedef int (*token_function)(void *data, int flags, const char *text, int length, int start, int end);

struct sink {
	token_function token;
	void *data;
	bool query;
	char last[8]; /* the character that ended the run before, "": none */
	size_t last_length;
};

static int give(struct sink *sink, int flags, const char *text, size_t length, const struct word *word)
{
	return sink->token(sink->data, flags, text, (int)length, (int)word->start, (int)word->end);
}

static int bridge(struct sink *sink, const struct word *word)
{
	size_t first = word->offsets[1];
	char pair[16];

	if (sink->query || sink->last_length == 0 || (word->joint != JOINT_SPACE && word->joint != JOINT_NONE))
		return SQLITE_OK;
	memcpy(pair, sink->last, sink->last_length);
	memcpy(pair + sink->last_length, word->text, first);
	return give(sink, FTS5_TOKEN_COLOCATED, pair, sink->last_length + first, word);
}

static int give_run(struct sink *sink, const struct word *word)
{
	const char *last = word->text + word->offsets[word->letters - 1];
	int code = bridge(sink, word);

	for (size_t i = 0; code == SQLITE_OK && i + 1 < word->letters; i++)
		code = give(sink, 0, word->text + word->offsets[i], (size_t)(word->offsets[i + 2] - word->offsets[i]),
			    word);
	sink->last_length = strlen(last);
	memcpy(sink->last, last, sink->last_length);
	if (code == SQLITE_OK && (!sink->query || word->letters == 1))
		code = give(sink, 0, last, sink->last_length, word);
	return code;
}

int tokenize(const char *text, size_t length, int flags, void *data, token_function token)
{
	struct sink sink = {.token = token, .data = data, .query = (flags & FTS5_TOKENIZE_QUERY) != 0};
	struct words words;
	struct word word;
	int code = SQLITE_OK;

	words_init(&words, text, length);
	while (code == SQLITE_OK && words_next(&words, &word)) {
		if (word.run) {
			code = give_run(&sink, &word);
		} else {
			sink.last_length = 0;
			code = give(&sink, 0, word.text, word.length, &word);
		}
	}
	return code;
}

static int create(void *context, const char **arguments, int count, Fts5Tokenizer **ret_tokenizer)
{
	static char nothing; /* it has no state, but FTS5 wants a pointer */

	(void)context;
	(void)arguments;
	(void)count;
	*ret_tokenizer = (Fts5Tokenizer *)&nothing;
	return SQLITE_OK;
}

static void destroy(Fts5Tokenizer *tokenizer)
{
	(void)tokenizer;
}

static int run(Fts5Tokenizer *tokenizer, void *context, int flags, const char *text, int length, token_function token)
{
	(void)tokenizer;
	return text != NULL && length > 0 ? tokenize(text, (size_t)length, flags, context, token) : SQLITE_OK;
}

int tokenizer_api(sqlite3 *connection, fts5_api **ret_api, struct error *err)
{
	sqlite3_stmt *statement = NULL;
	fts5_api *api = NULL;

	if (sqlite3_prepare_v2(connection, "SELECT fts5(?1)", -1, &statement, NULL) == SQLITE_OK) {
		sqlite3_bind_pointer(statement, 1, &api, "fts5_api_ptr", NULL);
		sqlite3_step(statement);
	}
	sqlite3_finalize(statement);
	if (api == NULL)
		return error_set(err, ERROR_UNSUPPORTED, ENOTSUP, "this SQLite has no FTS5");
	*ret_api = api;
	return 0;
}

int tokenizer_register(sqlite3 *connection, struct error *err)
{
	static fts5_tokenizer tokenizer = {.xCreate = create, .xDelete = destroy, .xTokenize = run};
	fts5_api *api;
	int r = tokenizer_api(connection, &api, err);

	if (r == 0 && api->xCreateTokenizer(api, "ttob", NULL, &tokenizer, NULL) != SQLITE_OK)
		r = error_set(err, ERROR_INTERNAL, EIO, "the tokenizer was not taken: %s", sqlite3_errmsg(connection));
	return r;
}
