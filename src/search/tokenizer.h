/* The FTS5 tokenizer "ttob" (https://sqlite.org/fts5.html#custom_tokenizers). A word is one token. A run becomes its
 * overlapping pairs and its last character alone (터미널: 터미, 미널, 널), so that any part of two characters or more
 * is found as a phrase and a single one as a prefix; one blank between two runs is bridged by a pair beside the last
 * character (웹 터미널: 웹터), because Korean writes both. In a query a run is its pairs only, or the one character. */
#pragma once

#include <sqlite3.h>
#include <stddef.h>

#include "base/error.h"

int tokenizer_register(sqlite3 *connection, struct error *err);
/* FTS5's functions for this connection. */
int tokenizer_api(sqlite3 *connection, fts5_api **ret_api, struct error *err);

/* What the tokenizer does, for tests and the fuzzer: `token` as FTS5's xToken. */
int tokenize(const char *text, size_t length, int flags, void *data,
	     int (*token)(void *data, int flags, const char *text, int length, int start, int end));
