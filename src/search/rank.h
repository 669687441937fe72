/* The FTS5 auxiliary function ttob_score(table, plan): how well a row fits. For each word its best place counts: a word
 * of the name more than any of tags and category, those more than the summary, then the author, then the README, where
 * also counts how often it occurs (saturating, as in BM25). Whole words count more than beginnings, guesses less. */
#pragma once

#include <sqlite3.h>

#include "base/error.h"

#define RANK_PLAN "ttob_plan" /* the type of the pointer that is bound as second argument, a struct plan */

int rank_register(sqlite3 *connection, struct error *err);
