/* One file with the index: an SQLite database of its own, since what the store keeps may stand in another kind of
 * database. It holds nothing that can't be made again. A connection belongs to one thread at a time.
 *
 *   docs   each project that the store has, with its facts and the updated_ms that was read: a build that was broken
 * off goes on where it was head   FTS5: name, tags with category, summaries, owner: small, for suggestions and guesses
 *   whole  FTS5: the same and the READMEs
 *
 * Unlisted and hidden projects are in `docs` only. */
#pragma once

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "search/facts.h"
#include "search/query.h"

/* Another number when tables or the tokenizer change: files of other versions are thrown away. */
#define INDEX_VERSION 2

struct index_file;

/* A code of this kind: the file is broken, or of another version, and has to be made anew. */
#define INDEX_BROKEN (-EUCLEAN)

/* The writer makes what is not there; there is one at a time. INDEX_BROKEN; else ERROR_UNAVAILABLE for a full disk or a
 * folder that is not there. */
int index_open(const char *path, bool writer, struct index_file **ret_file, struct error *err);
void index_close(struct index_file *file); /* takes NULL; rolls back */

int index_begin(struct index_file *file, struct error *err);
int index_commit(struct index_file *file, struct error *err);
void index_rollback(struct index_file *file);
/* The project as projects_get gives it. */
int index_put(struct index_file *file, const struct project *project, struct error *err);
int index_remove(struct index_file *file, int64_t id, struct error *err);
/* After many changes: one segment is read quicker than many. */
int index_optimize(struct index_file *file, struct error *err);
/* Each row of `docs`. */
int index_load(struct index_file *file, void (*each)(const struct fact *fact, void *data), void *data,
	       struct error *err);
/* The words of `head` and how many projects have each. */
int index_words(struct index_file *file, struct vocabulary *vocabulary, struct error *err);

struct hit {
	int64_t id;
	double score;
};

/* Everything that the plan matches, in no order, for the caller to free. Stops after `budget_ms` with what it has. */
int index_match(struct index_file *file, bool head, const struct plan *plan, int64_t budget_ms, struct hit **ret_hits,
		size_t *ret_count, struct error *err);
