#include "search/rank.h"

#include <errno.h>

#include "search/query.h"
#include "search/tokenizer.h"

/* By column. Each is more than the next one even when only the beginning of a word was typed there (query.c's factor),
 * README's own bonus included. */
static const double weights[] = {32, 12, 6, 3, 1};
#define README_COLUMN 4
#define HITS_MAX      16

/* Occurrences in the README, at most HITS_MAX. */
static int count_hits(const Fts5ExtensionApi *api, Fts5Context *context, int phrase)
{
	Fts5PhraseIter iterator;
	int column, offset, hits = 0;

	if (api->xPhraseFirst(context, phrase, &iterator, &column, &offset) != SQLITE_OK)
		return 0;
	for (; column >= 0 && hits < HITS_MAX; hits++)
		api->xPhraseNext(context, &iterator, &column, &offset);
	return hits;
}

static double score_phrase(const Fts5ExtensionApi *api, Fts5Context *context, int phrase)
{
	Fts5PhraseIter iterator;
	int column, offset, hits;

	if (api->xPhraseFirst(context, phrase, &iterator, &column, &offset) != SQLITE_OK || column < 0 ||
	    column > README_COLUMN)
		return 0;
	if (column < README_COLUMN)
		return weights[column];
	hits = count_hits(api, context, phrase);
	return weights[README_COLUMN] * (1 + 0.5 * hits / (hits + 2.0));
}

static void score(const Fts5ExtensionApi *api, Fts5Context *context, sqlite3_context *result, int count,
		  sqlite3_value **values)
{
	const struct plan *plan = count == 1 ? sqlite3_value_pointer(values[0], RANK_PLAN) : NULL;
	double best[QUERY_WORDS_MAX] = {0}, sum = 0;
	int phrases = api->xPhraseCount(context);

	for (int i = 0; plan != NULL && i < phrases && (size_t)i < plan->count; i++) {
		double value = score_phrase(api, context, i) * (double)plan->phrases[i].factor;

		if (value > best[plan->phrases[i].word])
			best[plan->phrases[i].word] = value;
	}
	for (size_t i = 0; i < QUERY_WORDS_MAX; i++)
		sum += best[i];
	sqlite3_result_double(result, sum);
}

int rank_register(sqlite3 *connection, struct error *err)
{
	fts5_api *api;
	int r = tokenizer_api(connection, &api, err);

	if (r == 0 && api->xCreateFunction(api, "ttob_score", NULL, score, NULL) != SQLITE_OK)
		r = error_set(err, ERROR_INTERNAL, EIO, "the score function was not taken: %s",
			      sqlite3_errmsg(connection));
	return r;
}
