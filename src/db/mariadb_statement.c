/* A prepared statement of MariaDB. All rows of an answer are fetched at once, so that several statements can be read in turn on one
 * connection, as on SQLite. */
#include <errno.h>
#include <inttypes.h>
#include <mysqld_error.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/util.h"
#include "db/mariadb.h"

#define TRIES	     5
#define BUFFER_KEPT  (64 * 1024) /* bytes of one column that are kept between two uses */
#define PACKET_SPARE (64 * 1024) /* what a packet holds beside the parameters */

struct parameter {
	char type; /* 0: not bound */
	int64_t integer;
	double real;
	char *bytes; /* owned */
	unsigned long length;
	size_t capacity;
};

struct column {
	enum { COLUMN_BYTES, COLUMN_INTEGER, COLUMN_REAL } kind;
	my_bool null;
	my_bool truncated;
	int64_t integer;
	double real;
	char *bytes; /* owned; a NUL stands behind the value */
	unsigned long length;
	size_t capacity;
	char number[32]; /* as text */
};

struct statement {
	struct mariadb *db;
	char *sql;
	MYSQL_STMT *handle; /* NULL: to be prepared */
	unsigned generation;
	struct parameter *parameters;
	size_t parameter_count; /* that the caller has bound */
	size_t parameter_room;
	struct column *columns;
	MYSQL_BIND *binds; /* of the columns */
	size_t column_count;
	bool executed;
};

static void drop_columns(struct statement *s)
{
	for (size_t i = 0; i < s->column_count; i++)
		free(s->columns[i].bytes);
	free(s->columns);
	free(s->binds);
	s->columns = NULL;
	s->binds = NULL;
	s->column_count = 0;
}

static void drop_handle(struct statement *s)
{
	if (s->handle != NULL)
		mysql_stmt_close(s->handle);
	s->handle = NULL;
}

static int tell(struct statement *s, struct error *err)
{
	return mariadb_tell(s->db, mysql_stmt_errno(s->handle), mysql_stmt_error(s->handle), err);
}

/* On the connection as it is. */
static int prepare_now(struct statement *s, struct error *err)
{
	const my_bool yes = 1;

	if (s->handle != NULL && s->generation == s->db->generation)
		return 0;
	drop_handle(s);
	s->handle = mysql_stmt_init(s->db->mysql);
	if (s->handle == NULL)
		abort(); /* out of memory */
	s->generation = s->db->generation;
	mysql_stmt_attr_set(s->handle, STMT_ATTR_UPDATE_MAX_LENGTH, &yes); /* how long each column's longest is */
	if (mysql_stmt_prepare(s->handle, s->sql, strlen(s->sql)) != 0) {
		int r = tell(s, err);

		drop_handle(s);
		return r;
	}
	return 0;
}

int mariadb_prepare(void *connection, const char *sql, void **ret_statement, struct error *err)
{
	struct statement *s = xmalloc(sizeof(*s));
	int r;

	s->db = connection;
	s->sql = xstrdup(sql);
	for (int i = 0;; i++) {
		r = mariadb_ensure(s->db, err);
		if (r == 0)
			r = prepare_now(s, err);
		if (r != -ENOTCONN || i > 0 || s->db->holds_schema)
			break;
	}
	if (r < 0) {
		mariadb_finalize(s);
		return r;
	}
	*ret_statement = s;
	return 0;
}

void mariadb_finalize(void *statement)
{
	struct statement *s = statement;

	drop_handle(s);
	drop_columns(s);
	for (size_t i = 0; i < s->parameter_room; i++)
		free(s->parameters[i].bytes);
	free(s->parameters);
	free(s->sql);
	free(s);
}

/* ---- parameters ----------------------------------------------------------------------------------------------------- */

static void keep_bytes(struct parameter *p, const void *bytes, size_t length)
{
	if (p->capacity < length || p->bytes == NULL) {
		free(p->bytes);
		p->capacity = length;
		p->bytes = xmalloc(length + 1);
	}
	memcpy(p->bytes, bytes, length);
	p->length = length;
}

int mariadb_bind(void *statement, int index, char type, const void *bytes, size_t length, int64_t integer, double real)
{
	struct statement *s = statement;
	struct parameter *p;

	if ((size_t)index > s->parameter_room) {
		s->parameters = xrealloc(s->parameters, (size_t)index * sizeof(*s->parameters));
		memset(&s->parameters[s->parameter_room], 0, ((size_t)index - s->parameter_room) * sizeof(*s->parameters));
		s->parameter_room = (size_t)index;
	}
	if ((size_t)index > s->parameter_count)
		s->parameter_count = (size_t)index;
	p = &s->parameters[index - 1];
	p->type = bytes == NULL && (type == 's' || type == 'b') ? 'n' : type;
	p->integer = integer;
	p->real = real;
	if (p->type != 's' && p->type != 'b')
		return 0;
	if (length > s->db->packet_max)
		return -EFBIG;
	keep_bytes(p, bytes, length);
	return 0;
}

static void fill_bind(MYSQL_BIND *bind, struct parameter *p)
{
	switch (p->type) {
	case 's':
	case 'b':
		bind->buffer_type = p->type == 's' ? MYSQL_TYPE_STRING : MYSQL_TYPE_BLOB;
		bind->buffer = p->bytes;
		bind->buffer_length = p->length;
		bind->length = &p->length;
		break;
	case 'i':
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = &p->integer;
		break;
	case 'f':
		bind->buffer_type = MYSQL_TYPE_DOUBLE;
		bind->buffer = &p->real;
		break;
	default:
		bind->buffer_type = MYSQL_TYPE_NULL;
		break;
	}
}

static int send_parameters(struct statement *s, struct error *err)
{
	size_t count = mysql_stmt_param_count(s->handle);
	MYSQL_BIND *binds;
	size_t size = 0;
	int r = 0;

	if (count != s->parameter_count)
		return error_set(err, ERROR_INTERNAL, EINVAL, "%zu parameters for %s", s->parameter_count, s->sql);
	if (count == 0)
		return 0;
	binds = xcalloc(count, sizeof(*binds));
	for (size_t i = 0; i < count; i++) {
		fill_bind(&binds[i], &s->parameters[i]);
		size += s->parameters[i].type == 's' || s->parameters[i].type == 'b' ? s->parameters[i].length : 0;
	}
	if (size + PACKET_SPARE > s->db->packet_max)
		r = error_set(err, ERROR_TOO_LARGE, EFBIG, "too large for the database (its max_allowed_packet is %zu bytes)",
			      s->db->packet_max);
	else if (mysql_stmt_bind_param(s->handle, binds) != 0)
		r = tell(s, err);
	free(binds); /* the library has a copy */
	return r;
}

/* ---- running -------------------------------------------------------------------------------------------------------- */

static void fill_column(struct column *column, MYSQL_BIND *bind, const MYSQL_FIELD *field)
{
	*bind = (MYSQL_BIND){.is_null = &column->null, .error = &column->truncated, .length = &column->length};
	switch (field->type) {
	case MYSQL_TYPE_TINY:
	case MYSQL_TYPE_SHORT:
	case MYSQL_TYPE_INT24:
	case MYSQL_TYPE_LONG:
	case MYSQL_TYPE_LONGLONG:
	case MYSQL_TYPE_YEAR:
		column->kind = COLUMN_INTEGER;
		bind->buffer_type = MYSQL_TYPE_LONGLONG;
		bind->buffer = &column->integer;
		break;
	case MYSQL_TYPE_FLOAT:
	case MYSQL_TYPE_DOUBLE:
		column->kind = COLUMN_REAL;
		bind->buffer_type = MYSQL_TYPE_DOUBLE;
		bind->buffer = &column->real;
		break;
	default: /* DECIMAL too: what SUM and AVG give */
		column->kind = COLUMN_BYTES;
		if (column->bytes == NULL || column->capacity < field->max_length) {
			free(column->bytes);
			column->capacity = field->max_length;
			column->bytes = xmalloc(column->capacity + 1);
		}
		bind->buffer_type = MYSQL_TYPE_STRING;
		bind->buffer = column->bytes;
		bind->buffer_length = column->capacity;
		break;
	}
}

/* Fetches the rows and makes room for the longest. */
static int take_rows(struct statement *s, struct error *err)
{
	size_t count = mysql_stmt_field_count(s->handle);
	MYSQL_RES *fields;

	if (count == 0) {
		s->db->changes = (int64_t)mysql_stmt_affected_rows(s->handle);
		s->db->last_id = (int64_t)mysql_stmt_insert_id(s->handle);
		drop_columns(s);
		return 0;
	}
	if (mysql_stmt_store_result(s->handle) != 0)
		return tell(s, err);
	fields = mysql_stmt_result_metadata(s->handle);
	if (fields == NULL)
		return tell(s, err);
	if (count != s->column_count) {
		drop_columns(s);
		s->columns = xcalloc(count, sizeof(*s->columns));
		s->binds = xcalloc(count, sizeof(*s->binds));
		s->column_count = count;
	}
	for (size_t i = 0; i < count; i++)
		fill_column(&s->columns[i], &s->binds[i], mysql_fetch_field_direct(fields, (unsigned)i));
	mysql_free_result(fields);
	return mysql_stmt_bind_result(s->handle, s->binds) == 0 ? 0 : tell(s, err);
}

/* *ret_sent: the server may have done it. */
static int run_once(struct statement *s, bool *ret_sent, struct error *err)
{
	int r = mariadb_ensure(s->db, err);

	*ret_sent = false;
	if (r == 0)
		r = prepare_now(s, err);
	if (r == 0)
		r = send_parameters(s, err);
	if (r < 0)
		return r;
	*ret_sent = mysql_stmt_field_count(s->handle) == 0; /* reading twice does no harm */
	if (mysql_stmt_execute(s->handle) != 0)
		return tell(s, err);
	return take_rows(s, err);
}

/* A statement of its own is run again when the connection broke and that does no harm, and when it lost a deadlock. */
static int run(struct statement *s, struct error *err)
{
	const struct mariadb *db = s->db;
	int tries_left = TRIES;
	int r;

	do {
		bool sent;
		bool again;

		r = run_once(s, &sent, err);
		if (r == 0)
			break;
		again = !db->in_transaction && !db->holds_schema;
		if (r == -ENOTCONN && (sent || db->mysql == NULL || tries_left < TRIES))
			again = false;
		else if (r != -ENOTCONN && (s->handle == NULL || mysql_stmt_errno(s->handle) != ER_LOCK_DEADLOCK))
			again = false;
		if (!again)
			return r;
	} while (--tries_left > 0);
	s->executed = r == 0;
	return r;
}

int mariadb_step(void *statement, struct error *err)
{
	struct statement *s = statement;

	if (!s->executed) {
		int r = run(s, err);

		if (r < 0)
			return r;
	}
	if (s->column_count == 0)
		return 0;
	if (s->generation != s->db->generation) /* another statement had to connect again, and its rows went with the old connection */
		return error_set(err, ERROR_UNAVAILABLE, ENOTCONN, "the database was away for a moment");
	switch (mysql_stmt_fetch(s->handle)) {
	case 0:
	case MYSQL_DATA_TRUNCATED: /* of numbers only, which are cut as C does */
		return 1;
	case MYSQL_NO_DATA:
		return 0;
	default:
		return tell(s, err);
	}
}

void mariadb_reset(void *statement)
{
	struct statement *s = statement;

	if (s->executed && s->handle != NULL && s->generation == s->db->generation)
		mysql_stmt_free_result(s->handle);
	s->executed = false;
	s->parameter_count = 0;
	for (size_t i = 0; i < s->parameter_room; i++) {
		struct parameter *p = &s->parameters[i];

		p->type = 0;
		if (p->capacity > BUFFER_KEPT) {
			free(steal(p->bytes));
			p->capacity = 0;
		}
	}
	for (size_t i = 0; i < s->column_count; i++) {
		struct column *column = &s->columns[i];

		if (column->capacity > BUFFER_KEPT) {
			free(steal(column->bytes));
			column->capacity = 0;
		}
	}
}

/* ---- columns -------------------------------------------------------------------------------------------------------- */

static struct column *column_at(struct statement *s, int index)
{
	struct column *column = &s->columns[index];

	if (index < 0 || (size_t)index >= s->column_count)
		abort(); /* a bug: the caller reads what it has not asked for */
	return column->null ? NULL : column;
}

const char *mariadb_text(void *statement, int index)
{
	struct column *column = column_at(statement, index);

	if (column == NULL)
		return NULL;
	switch (column->kind) {
	case COLUMN_INTEGER:
		snprintf(column->number, sizeof(column->number), "%" PRId64, column->integer);
		return column->number;
	case COLUMN_REAL:
		snprintf(column->number, sizeof(column->number), "%.15g", column->real);
		return column->number;
	default:
		column->bytes[column->length] = '\0';
		return column->bytes;
	}
}

int64_t mariadb_integer(void *statement, int index)
{
	struct column *column = column_at(statement, index);

	if (column == NULL)
		return 0;
	switch (column->kind) {
	case COLUMN_INTEGER:
		return column->integer;
	case COLUMN_REAL:
		return (int64_t)column->real;
	default:
		return strtoll(mariadb_text(statement, index), NULL, 10);
	}
}

double mariadb_real(void *statement, int index)
{
	struct column *column = column_at(statement, index);

	if (column == NULL)
		return 0;
	switch (column->kind) {
	case COLUMN_INTEGER:
		return (double)column->integer;
	case COLUMN_REAL:
		return column->real;
	default:
		return strtod(mariadb_text(statement, index), NULL);
	}
}

bool mariadb_is_null(void *statement, int index)
{
	return column_at(statement, index) == NULL;
}

const void *mariadb_blob(void *statement, int index, size_t *ret_length)
{
	struct column *column = column_at(statement, index);

	*ret_length = 0;
	if (column == NULL || column->kind != COLUMN_BYTES)
		return NULL;
	*ret_length = column->length;
	return column->length > 0 ? column->bytes : NULL;
}
