#include "db/db.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"
#include "base/util.h"
#include "db/backend.h"
#include "db/migrations.h"

#define PARAMETERS_MAX    48
#define TRANSACTION_TRIES 5

static const struct db_backend *const backends[] = {&db_sqlite, &db_mariadb};

struct db {
	const struct db_backend *backend;
	void *connection;
	struct map *statements; /* sql → struct statement */
	bool in_transaction;
};

struct statement {
	struct db *db;
	void *handle;
	bool kept; /* in db.statements */
	bool busy;
};

int db_open(const char *url, struct db **ret_db, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(backends); i++) {
		size_t length = strlen(backends[i]->scheme);
		struct db *db;
		int r;

		if (strncmp(url, backends[i]->scheme, length) != 0)
			continue;
		db = xmalloc(sizeof(*db));
		db->backend = backends[i];
		r = db->backend->open(url + length, &db->connection, err);
		if (r < 0) {
			free(db);
			return r;
		}
		db->statements = map_new();
		*ret_db = db;
		return 0;
	}
	/* Not the address itself: it may hold a password. */
	return error_set(err, ERROR_INVALID, EINVAL,
			 "the database's address must be sqlite:PATH or mariadb://user:password@host:port/database");
}

void db_close(struct db *db)
{
	size_t cursor = 0;
	struct statement *statement;

	if (db == NULL)
		return;
	while ((statement = map_next(db->statements, &cursor, NULL)) != NULL) {
		db->backend->finalize(statement->handle);
		free(statement);
	}
	map_free(db->statements);
	if (db->in_transaction)
		db->backend->end(db->connection, false, NULL);
	db->backend->close(db->connection);
	free(db);
}

static int get_statement(struct db *db, const char *sql, struct statement **ret_statement, struct error *err)
{
	struct statement *statement = map_get(db->statements, sql);
	struct statement *known = statement;
	void *handle;
	int r;

	if (statement == NULL || statement->busy) {
		r = db->backend->prepare(db->connection, sql, &handle, err);
		if (r < 0)
			return r;
		statement = xmalloc(sizeof(*statement));
		statement->db = db;
		statement->handle = handle;
		statement->kept = known == NULL;
		if (statement->kept)
			map_put(db->statements, sql, statement);
	}
	statement->busy = true;
	*ret_statement = statement;
	return 0;
}

void statement_done(struct statement *statement)
{
	if (statement == NULL)
		return;
	statement->db->backend->reset(statement->handle);
	statement->busy = false;
	if (!statement->kept) {
		statement->db->backend->finalize(statement->handle);
		free(statement);
	}
}

/* Bytes that are no UTF-8 become U+FFFD: MariaDB would refuse the text, and a record must not be lost to a name that a program
 * printed. */
static char *repair_utf8(const char *text, size_t length)
{
	struct buf out = BUF_INIT;

	while (length > 0) {
		size_t n = length < 4 ? length : 4;

		while (n > 0 && !str_is_utf8(text, n))
			n--;
		if (n > 0)
			buf_append(&out, text, n);
		else
			buf_append_string(&out, "\xef\xbf\xbd");
		text += n > 0 ? n : 1;
		length -= n > 0 ? n : 1;
	}
	return buf_steal(&out);
}

static int bind(struct statement *statement, int index, const struct db_value *v)
{
	size_t length = v->type == 's' && v->bytes != NULL ? strlen(v->bytes) : v->length;
	const char *text = v->bytes;
	char *repaired = NULL;
	int r;

	if (v->type == 's' && text != NULL && !str_is_utf8(text, length)) {
		text = repaired = repair_utf8(text, length);
		length = strlen(text);
	}
	r = statement->db->backend->bind(statement->handle, index, v->type, text, length, v->integer, v->real);
	free(repaired);
	return r;
}

int db_query_values(struct db *db, struct statement **ret_statement, struct error *err, const char *sql,
		    const struct db_value *values, size_t count)
{
	struct statement *statement;
	int r;

	*ret_statement = NULL;
	r = get_statement(db, sql, &statement, err);
	for (size_t i = 0; r == 0 && i < count; i++) {
		r = bind(statement, (int)i + 1, &values[i]);
		if (r < 0) {
			statement_done(statement);
			return error_set(err, r == -EFBIG ? ERROR_TOO_LARGE : ERROR_INTERNAL, r,
					 "cannot bind parameter %zu of %s", i + 1, sql);
		}
	}
	if (r == 0)
		*ret_statement = statement;
	return r;
}

static size_t collect(const char *types, va_list args, struct db_value values[PARAMETERS_MAX])
{
	size_t count = 0;

	for (; *types != '\0'; types++) {
		struct db_value *v = &values[count++];

		if (count > PARAMETERS_MAX)
			abort(); /* a bug: the statement is written wrongly */
		*v = (struct db_value){.type = *types};
		switch (*types) {
		case 's':
			v->bytes = va_arg(args, const char *);
			break;
		case 'i':
			v->integer = va_arg(args, int64_t);
			break;
		case 'f':
			v->real = va_arg(args, double);
			break;
		case 'b':
			v->bytes = va_arg(args, const void *);
			v->length = va_arg(args, size_t);
			break;
		case 'n':
			break;
		default:
			abort();
		}
	}
	return count;
}

static int query(struct db *db, struct statement **ret_statement, struct error *err, const char *sql, const char *types, va_list args)
{
	struct db_value values[PARAMETERS_MAX];
	size_t count = collect(types, args, values);

	return db_query_values(db, ret_statement, err, sql, values, count);
}

int db_query(struct db *db, struct statement **ret_statement, struct error *err, const char *sql, const char *types,
	     ...)
{
	va_list args;
	int r;

	va_start(args, types);
	r = query(db, ret_statement, err, sql, types, args);
	va_end(args);
	return r;
}

int statement_step(struct statement *statement, struct error *err)
{
	return statement->db->backend->step(statement->handle, err);
}

int db_execute(struct db *db, int64_t *ret_changes, struct error *err, const char *sql, const char *types, ...)
{
	struct statement *statement;
	va_list args;
	int r;

	va_start(args, types);
	r = query(db, &statement, err, sql, types, args);
	va_end(args);
	if (r < 0)
		return r;
	while ((r = statement_step(statement, err)) > 0)
		;
	if (r == 0 && ret_changes != NULL)
		*ret_changes = db->backend->changes(db->connection);
	statement_done(statement);
	return r;
}

int db_number(struct db *db, int64_t fallback, int64_t *ret_value, struct error *err, const char *sql,
	      const char *types, ...)
{
	struct statement *statement;
	va_list args;
	int r;

	va_start(args, types);
	r = query(db, &statement, err, sql, types, args);
	va_end(args);
	if (r < 0)
		return r;
	r = statement_step(statement, err);
	if (r >= 0)
		*ret_value = r > 0 && !statement_is_null(statement, 0) ? statement_integer(statement, 0) : fallback;
	statement_done(statement);
	return r < 0 ? r : 0;
}

int db_text(struct db *db, char **ret_text, struct error *err, const char *sql, const char *types, ...)
{
	struct statement *statement;
	va_list args;
	int r;

	*ret_text = NULL;
	va_start(args, types);
	r = query(db, &statement, err, sql, types, args);
	va_end(args);
	if (r < 0)
		return r;
	r = statement_step(statement, err);
	if (r > 0)
		*ret_text = statement_text_copy(statement, 0);
	statement_done(statement);
	return r < 0 ? r : 0;
}

int db_each_text(struct db *db, void (*each)(const char *text, void *data), void *data, struct error *err, const char *sql,
		 const char *types, ...)
{
	struct statement *statement;
	va_list args;
	int r;

	va_start(args, types);
	r = query(db, &statement, err, sql, types, args);
	va_end(args);
	if (r < 0)
		return r;
	while ((r = statement_step(statement, err)) > 0)
		each(statement_text(statement, 0), data);
	statement_done(statement);
	return r;
}

int64_t db_last_id(struct db *db)
{
	return db->backend->last_id(db->connection);
}

const char *statement_text(const struct statement *statement, int column)
{
	return statement->db->backend->text(statement->handle, column);
}

int64_t statement_integer(const struct statement *statement, int column)
{
	return statement->db->backend->integer(statement->handle, column);
}

double statement_real(const struct statement *statement, int column)
{
	return statement->db->backend->real(statement->handle, column);
}

bool statement_is_null(const struct statement *statement, int column)
{
	return statement->db->backend->is_null(statement->handle, column);
}

const void *statement_blob(const struct statement *statement, int column, size_t *ret_length)
{
	return statement->db->backend->blob(statement->handle, column, ret_length);
}

char *statement_text_copy(const struct statement *statement, int column)
{
	return xstrdup(statement_text(statement, column));
}

static int run_once(struct db *db, int (*body)(struct db *db, void *data, struct error *err), void *data,
		    struct error *err)
{
	int r = db->backend->begin(db->connection, err);

	if (r < 0)
		return r;
	db->in_transaction = true;
	r = body(db, data, err);
	if (r == 0)
		r = db->backend->end(db->connection, true, err);
	else
		db->backend->end(db->connection, false, NULL);
	db->in_transaction = false;
	return r;
}

int db_transaction(struct db *db, int (*body)(struct db *db, void *data, struct error *err), void *data,
		   struct error *err)
{
	int r = 0;

	if (db->in_transaction) {
		log_error("bug: a transaction within a transaction");
		abort();
	}
	for (int i = 0; i < TRANSACTION_TRIES; i++) {
		r = run_once(db, body, data, err);
		if (r != -EBUSY)
			break;
	}
	return r;
}

const char *db_kind(const struct db *db)
{
	return db->backend->kind;
}

int db_run_script(struct db *db, const char *sql, struct error *err)
{
	return db->backend->script(db->connection, sql, err);
}

bool db_schema_is_transactional(const struct db *db)
{
	return db->backend->transactional_schema;
}

int db_lock_schema(struct db *db, struct error *err)
{
	return db->backend->lock_schema != NULL ? db->backend->lock_schema(db->connection, err) : 0;
}

void db_unlock_schema(struct db *db)
{
	if (db->backend->unlock_schema != NULL)
		db->backend->unlock_schema(db->connection);
}
