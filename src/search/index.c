#include "search/index.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "core/names.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/util.h"
#include "search/rank.h"
#include "search/tokenizer.h"

#define BUSY_MS       5000
#define README_MAX    ((size_t)32 * 1024) /* bytes of each README that are indexed */
#define TEXT_MAX      ((size_t)64 * 1024)
#define CHECK_EVERY   2000 /* steps of SQLite between looks at the clock */
#define STRING(value) STRING_OF(value)
#define STRING_OF(v)  #v

enum statement_name {
	PUT_DOC,
	PUT_HEAD,
	PUT_WHOLE,
	DROP_DOC,
	DROP_HEAD,
	DROP_WHOLE,
	MATCH_HEAD,
	MATCH_WHOLE,
	STATEMENTS
};

static const char *const statements[STATEMENTS] = {
	[PUT_DOC] = "INSERT OR REPLACE INTO docs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
	[PUT_HEAD] = "INSERT INTO head (rowid, name, tags, summary, owner) VALUES (?, ?, ?, ?, ?)",
	[PUT_WHOLE] = "INSERT INTO whole (rowid, name, tags, summary, owner, readme) VALUES (?, ?, ?, ?, ?, ?)",
	[DROP_DOC] = "DELETE FROM docs WHERE id = ?",
	[DROP_HEAD] = "DELETE FROM head WHERE rowid = ?",
	[DROP_WHOLE] = "DELETE FROM whole WHERE rowid = ?",
	[MATCH_HEAD] = "SELECT rowid, ttob_score(head, ?2) FROM head WHERE head MATCH ?1",
	[MATCH_WHOLE] = "SELECT rowid, ttob_score(whole, ?2) FROM whole WHERE whole MATCH ?1",
};

static const char schema[] =
	"CREATE TABLE docs (id INTEGER PRIMARY KEY, updated_ms INTEGER NOT NULL, created_ms INTEGER NOT NULL, "
	"popularity INTEGER NOT NULL, listed INTEGER NOT NULL, owner TEXT NOT NULL, name TEXT NOT NULL, "
	"category TEXT NOT NULL, state TEXT NOT NULL, tags TEXT NOT NULL);"
	"CREATE VIRTUAL TABLE head USING fts5 (name, tags, summary, owner, tokenize = 'ttob', prefix = '1 2 3');"
	"CREATE VIRTUAL TABLE whole USING fts5 (name, tags, summary, owner, readme, tokenize = 'ttob', prefix = '1 3', "
	"columnsize = 0);"
	"CREATE VIRTUAL TABLE head_words USING fts5vocab (head, row);"
	/* How much FTS5 gathers in memory before it writes a segment. */
	"INSERT INTO whole (whole, rank) VALUES ('hashsize', 33554432);"
	"PRAGMA user_version = " STRING(INDEX_VERSION) ";";

struct index_file {
	sqlite3 *connection;
	sqlite3_stmt *prepared[STATEMENTS];
	int64_t deadline_ms;
};

static int tell(const struct index_file *file, struct error *err)
{
	const char *message = sqlite3_errmsg(file->connection);

	switch (sqlite3_errcode(file->connection)) {
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_ERROR: /* a table is not what it should be */
	case SQLITE_SCHEMA:
		return error_set(err, ERROR_INTERNAL, EUCLEAN, "the search index is broken: %s", message);
	case SQLITE_FULL:
		return error_set(err, ERROR_UNAVAILABLE, ENOSPC, "no room for the search index: %s", message);
	default:
		return error_set(err, ERROR_UNAVAILABLE, EIO, "search index: %s", message);
	}
}

static int script(struct index_file *file, const char *sql, struct error *err)
{
	return sqlite3_exec(file->connection, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : tell(file, err);
}

/* The statement, with nothing bound; NULL after an error. */
static sqlite3_stmt *statement(struct index_file *file, enum statement_name name)
{
	sqlite3_stmt **prepared = &file->prepared[name];

	if (*prepared == NULL)
		sqlite3_prepare_v3(file->connection, statements[name], -1, SQLITE_PREPARE_PERSISTENT, prepared, NULL);
	return *prepared;
}

/* ---- opening
 * --------------------------------------------------------------------------------------------------------- */

static int number(struct index_file *file, const char *sql, int64_t *ret_number, struct error *err)
{
	sqlite3_stmt *s;
	int r = 0;

	if (sqlite3_prepare_v2(file->connection, sql, -1, &s, NULL) != SQLITE_OK)
		return tell(file, err);
	if (sqlite3_step(s) == SQLITE_ROW)
		*ret_number = sqlite3_column_int64(s, 0);
	else
		r = tell(file, err);
	sqlite3_finalize(s);
	return r;
}

static int make_tables(struct index_file *file, struct error *err)
{
	int64_t tables = 0, version = 0;
	int r = number(file, "SELECT COUNT(*) FROM sqlite_master", &tables, err);

	if (r == 0)
		r = number(file, "PRAGMA user_version", &version, err);
	if (r < 0)
		return r;
	if (version == INDEX_VERSION)
		return 0;
	if (tables > 0 || version != 0)
		return error_set(err, ERROR_INTERNAL, EUCLEAN, "the search index has version %lld instead of %d",
				 (long long)version, INDEX_VERSION);
	r = index_begin(file, err);
	if (r == 0)
		r = script(file, schema, err);
	if (r == 0)
		r = index_commit(file, err);
	if (r < 0)
		index_rollback(file);
	return r;
}

static int out_of_time(void *data)
{
	const struct index_file *file = data;

	return file->deadline_ms != 0 && clock_monotonic_ms() > file->deadline_ms;
}

static int set_up(struct index_file *file, bool writer, struct error *err)
{
	int64_t version = 0;
	int r;

	sqlite3_busy_timeout(file->connection, BUSY_MS);
	r = tokenizer_register(file->connection, err);
	if (r == 0)
		r = rank_register(file->connection, err);
	if (r == 0 && writer) {
		r = script(file,
			   "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -16384; "
			   "PRAGMA wal_autocheckpoint = 4000;",
			   err);
		return r == 0 ? make_tables(file, err) : r;
	}
	if (r == 0)
		r = script(file, "PRAGMA query_only = ON; PRAGMA cache_size = -16384;", err);
	if (r == 0)
		r = number(file, "PRAGMA user_version", &version, err);
	if (r == 0 && version != INDEX_VERSION)
		r = error_set(err, ERROR_INTERNAL, EUCLEAN, "the search index has another version");
	sqlite3_progress_handler(file->connection, CHECK_EVERY, out_of_time, file);
	return r;
}

int index_open(const char *path, bool writer, struct index_file **ret_file, struct error *err)
{
	struct index_file *file = xmalloc(sizeof(*file));
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (writer ? SQLITE_OPEN_CREATE : 0);
	int r = 0;

	if (sqlite3_open_v2(path, &file->connection, flags, NULL) != SQLITE_OK)
		r = file->connection != NULL ? tell(file, err) : error_set(err, ERROR_UNAVAILABLE, ENOMEM, "no memory");
	if (r == 0)
		r = set_up(file, writer, err);
	if (r < 0) {
		index_close(file);
		return error_wrap(err, "%s", path);
	}
	*ret_file = file;
	return 0;
}

void index_close(struct index_file *file)
{
	if (file == NULL)
		return;
	for (size_t i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(file->prepared[i]);
	sqlite3_close(file->connection);
	free(file);
}

/* ---- writing
 * --------------------------------------------------------------------------------------------------------- */

int index_begin(struct index_file *file, struct error *err)
{
	return script(file, "BEGIN IMMEDIATE", err);
}

int index_commit(struct index_file *file, struct error *err)
{
	return script(file, "COMMIT", err);
}

void index_rollback(struct index_file *file)
{
	if (sqlite3_get_autocommit(file->connection) == 0)
		sqlite3_exec(file->connection, "ROLLBACK", NULL, NULL, NULL);
}

static int run(struct index_file *file, sqlite3_stmt *s, struct error *err)
{
	int r = s != NULL && sqlite3_step(s) == SQLITE_DONE ? 0 : tell(file, err);

	if (s != NULL) {
		sqlite3_reset(s);
		sqlite3_clear_bindings(s);
	}
	return r;
}

static void bind(sqlite3_stmt *s, int at, const char *text)
{
	sqlite3_bind_text(s, at, text != NULL ? text : "", -1, SQLITE_STATIC);
}

static int drop(struct index_file *file, enum statement_name name, int64_t id, struct error *err)
{
	sqlite3_stmt *s = statement(file, name);

	if (s != NULL)
		sqlite3_bind_int64(s, 1, id);
	return run(file, s, err);
}

int index_remove(struct index_file *file, int64_t id, struct error *err)
{
	int r = drop(file, DROP_DOC, id, err);

	if (r == 0)
		r = drop(file, DROP_HEAD, id, err);
	return r == 0 ? drop(file, DROP_WHOLE, id, err) : r;
}

static int put_doc(struct index_file *file, const struct project *p, bool listed, struct error *err)
{
	sqlite3_stmt *s = statement(file, PUT_DOC);
	int at = 1;

	if (s == NULL)
		return tell(file, err);
	sqlite3_bind_int64(s, at++, p->id);
	sqlite3_bind_int64(s, at++, p->updated_ms);
	sqlite3_bind_int64(s, at++, p->created_ms);
	sqlite3_bind_int64(s, at++, p->popularity);
	sqlite3_bind_int64(s, at++, listed);
	bind(s, at++, p->owner);
	bind(s, at++, p->name);
	bind(s, at++, p->category);
	bind(s, at++, p->state);
	bind(s, at, p->tags);
	return run(file, s, err);
}

struct texts {
	struct buf name, tags, summary, readme;
};

/* Two line breaks, so that the last character of one text and the first of the next are no pair. */
static void append_text(struct buf *to, const char *text, size_t most)
{
	if (text == NULL)
		return;
	if (to->length > 0)
		buf_append_string(to, "\n\n");
	buf_append(to, text, min_size(strlen(text), most));
}

static void collect(const struct project *p, struct texts *texts)
{
	char key[WORD_BYTES_MAX];

	memset(texts, 0, sizeof(*texts));
	words_key(p->name, strlen(p->name), key, sizeof(key));
	append_text(&texts->name, p->name, TEXT_MAX);
	if (strcmp(key, p->name) != 0) /* "nodejs" finds node.js */
		append_text(&texts->name, key, TEXT_MAX);
	append_text(&texts->tags, p->category, TEXT_MAX);
	append_text(&texts->tags, category_words(p->category), TEXT_MAX);
	append_text(&texts->tags, p->tags, TEXT_MAX);
	append_text(&texts->summary, p->summary, TEXT_MAX);
	append_text(&texts->summary, p->summary_ko, TEXT_MAX);
	append_text(&texts->readme, p->readme, README_MAX);
	append_text(&texts->readme, p->readme_ko, README_MAX);
}

static int put_row(struct index_file *file, enum statement_name name, const struct project *p,
		   const struct texts *texts, struct error *err)
{
	sqlite3_stmt *s = statement(file, name);

	if (s == NULL)
		return tell(file, err);
	sqlite3_bind_int64(s, 1, p->id);
	bind(s, 2, texts->name.data);
	bind(s, 3, texts->tags.data);
	bind(s, 4, texts->summary.data);
	bind(s, 5, p->owner);
	if (name == PUT_WHOLE)
		bind(s, 6, texts->readme.data);
	return run(file, s, err);
}

int index_put(struct index_file *file, const struct project *project, struct error *err)
{
	bool listed = project->visibility == NULL || strcmp(project->visibility, "listed") == 0;
	struct texts texts;
	int r = index_remove(file, project->id, err);

	if (r == 0)
		r = put_doc(file, project, listed, err);
	if (r < 0 || !listed)
		return r;
	collect(project, &texts);
	r = put_row(file, PUT_HEAD, project, &texts, err);
	if (r == 0)
		r = put_row(file, PUT_WHOLE, project, &texts, err);
	buf_fini(&texts.name);
	buf_fini(&texts.tags);
	buf_fini(&texts.summary);
	buf_fini(&texts.readme);
	return r;
}

int index_optimize(struct index_file *file, struct error *err)
{
	return script(file,
		      "INSERT INTO head (head) VALUES ('optimize'); INSERT INTO whole (whole) VALUES ('optimize'); "
		      "PRAGMA wal_checkpoint (TRUNCATE);",
		      err);
}

/* ---- reading
 * --------------------------------------------------------------------------------------------------------- */

static const char *text_at(sqlite3_stmt *s, int column)
{
	const char *text = (const char *)sqlite3_column_text(s, column);

	return text != NULL ? text : "";
}

int index_load(struct index_file *file, void (*each)(const struct fact *fact, void *data), void *data,
	       struct error *err)
{
	sqlite3_stmt *s;
	int code, r;

	if (sqlite3_prepare_v2(
		    file->connection,
		    "SELECT id, updated_ms, created_ms, popularity, listed, owner, name, category, state, tags "
		    "FROM docs",
		    -1, &s, NULL) != SQLITE_OK)
		return tell(file, err);
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		struct fact fact = {
			.id = sqlite3_column_int64(s, 0),
			.updated_ms = sqlite3_column_int64(s, 1),
			.created_ms = sqlite3_column_int64(s, 2),
			.popularity = (unsigned)sqlite3_column_int64(s, 3),
			.listed = sqlite3_column_int64(s, 4) != 0,
			.owner = text_at(s, 5),
			.name = text_at(s, 6),
			.category = text_at(s, 7),
			.state = text_at(s, 8),
			.tags = text_at(s, 9),
		};

		each(&fact, data);
	}
	r = code == SQLITE_DONE ? 0 : tell(file, err);
	sqlite3_finalize(s);
	return r;
}

int index_words(struct index_file *file, struct vocabulary *vocabulary, struct error *err)
{
	sqlite3_stmt *s;
	int code, r;

	/* Guesses are made of Latin letters only. */
	if (sqlite3_prepare_v2(file->connection, "SELECT term, doc FROM head_words WHERE term >= 'a' AND term < '{'",
			       -1, &s, NULL) != SQLITE_OK)
		return tell(file, err);
	while ((code = sqlite3_step(s)) == SQLITE_ROW)
		vocabulary_add(vocabulary, text_at(s, 0), (size_t)sqlite3_column_bytes(s, 0),
			       sqlite3_column_int64(s, 1));
	r = code == SQLITE_DONE ? 0 : tell(file, err);
	sqlite3_finalize(s);
	return r;
}

int index_match(struct index_file *file, bool head, const struct plan *plan, int64_t budget_ms, struct hit **ret_hits,
		size_t *ret_count, struct error *err)
{
	sqlite3_stmt *s = statement(file, head ? MATCH_HEAD : MATCH_WHOLE);
	size_t capacity = 0;
	int code, r;

	*ret_hits = NULL;
	*ret_count = 0;
	if (s == NULL)
		return tell(file, err);
	sqlite3_bind_text(s, 1, plan->match.data, (int)plan->match.length, SQLITE_STATIC);
	sqlite3_bind_pointer(s, 2, (void *)plan, RANK_PLAN, NULL);
	file->deadline_ms = clock_monotonic_ms() + budget_ms;
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		if (*ret_count == capacity) {
			capacity = max_size(256, capacity * 2);
			*ret_hits = xrealloc(*ret_hits, capacity * sizeof(**ret_hits));
		}
		(*ret_hits)[(*ret_count)++] = (struct hit){sqlite3_column_int64(s, 0), sqlite3_column_double(s, 1)};
	}
	if (code == SQLITE_ERROR) /* of this question, not of the file */
		r = error_set(err, ERROR_INTERNAL, EIO, "search: %s", sqlite3_errmsg(file->connection));
	else
		r = code == SQLITE_DONE || code == SQLITE_INTERRUPT ? 0 : tell(file, err);
	file->deadline_ms = 0;
	sqlite3_reset(s);
	sqlite3_clear_bindings(s);
	if (r < 0) {
		free(*ret_hits);
		*ret_hits = NULL;
		*ret_count = 0;
	}
	return r;
}
