#include "db/mariadb.h"

#include <errmsg.h>
#include <errno.h>
#include <mysqld_error.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/util.h"
#include "db/backend.h"

#define CONNECT_SECONDS	 5
#define ANSWER_SECONDS	 30 /* longer than any wait for a lock */
#define PACKET_FALLBACK	 (1024 * 1024)
#define PACKET_CLIENT	 (1024UL * 1024 * 1024)
#define CR_SERVER_LOST_X 2055 /* CR_SERVER_LOST with the system's reason */
#define ER_SNAPSHOT	 1020 /* a row changed since the snapshot was taken */
#define ER_KILLED	 1927 /* ER_CONNECTION_KILLED of MariaDB */

/* Names compare byte by byte and spaces at the end count, as on SQLite; so do `||`, "…", backslashes and LIKE. Whoever is wrong is told,
 * and a lock is waited for as long as on SQLite. SERIALIZABLE: what a transaction has read stays so until its end. */
static const char *const session_start[] = {
	"SET NAMES utf8mb4 COLLATE utf8mb4_nopad_bin",
	"SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,ERROR_FOR_DIVISION_BY_ZERO,PIPES_AS_CONCAT,ANSI_QUOTES,"
	"NO_BACKSLASH_ESCAPES', time_zone = '+00:00', tx_isolation = 'SERIALIZABLE', autocommit = 1, innodb_lock_wait_timeout = 10, "
	"lock_wait_timeout = 20, foreign_key_checks = 1, unique_checks = 1, default_storage_engine = InnoDB",
};

/* ---- errors --------------------------------------------------------------------------------------------------------- */

static bool means_lost(unsigned code)
{
	switch (code) {
	case CR_SERVER_GONE_ERROR:
	case CR_SERVER_LOST:
	case CR_SERVER_LOST_X:
	case CR_CONNECTION_ERROR:
	case CR_CONN_HOST_ERROR:
	case CR_UNKNOWN_HOST:
	case CR_COMMANDS_OUT_OF_SYNC:
	case CR_MALFORMED_PACKET:
	case ER_SERVER_SHUTDOWN:
	case ER_NORMAL_SHUTDOWN:
	case ER_KILLED:
		return true;
	default:
		return false;
	}
}

static int tell_lost(struct mariadb *db, const char *message, struct error *err)
{
	db->lost = true;
	return error_set(err, ERROR_UNAVAILABLE, db->in_transaction ? EBUSY : ENOTCONN, "the database is away: %s", message);
}

int mariadb_tell(struct mariadb *db, unsigned code, const char *message, struct error *err)
{
	if (means_lost(code))
		return tell_lost(db, message, err);
	switch (code) {
	case ER_DUP_ENTRY:
	case ER_DUP_ENTRY_WITH_KEY_NAME:
	case ER_DUP_KEY:
		/* Its message holds the value, which is not for everybody. */
		return error_set(err, ERROR_CONFLICT, EEXIST, "it is there already");
	case ER_TABLE_EXISTS_ERROR:
	case ER_DUP_FIELDNAME:
	case ER_DUP_KEYNAME:
		return error_set(err, ERROR_CONFLICT, EEXIST, "it is there already: %s", message);
	case ER_DATA_TOO_LONG:
	case ER_NET_PACKET_TOO_LARGE:
	case CR_NET_PACKET_TOO_LARGE:
		return error_set(err, ERROR_TOO_LARGE, EFBIG, "too large for the database");
	case ER_BAD_NULL_ERROR:
	case ER_NO_DEFAULT_FOR_FIELD:
	case ER_NO_REFERENCED_ROW:
	case ER_NO_REFERENCED_ROW_2:
	case ER_ROW_IS_REFERENCED:
	case ER_ROW_IS_REFERENCED_2:
	case ER_WARN_DATA_OUT_OF_RANGE:
	case ER_TRUNCATED_WRONG_VALUE:
	case ER_TRUNCATED_WRONG_VALUE_FOR_FIELD:
	case ER_CONSTRAINT_FAILED:
		return error_set(err, ERROR_INVALID, EINVAL, "the database refuses it: %s", message);
	case ER_LOCK_DEADLOCK:
	case ER_LOCK_WAIT_TIMEOUT:
	case ER_SNAPSHOT:
		return error_set(err, ERROR_UNAVAILABLE, EBUSY, "the database is busy: %s", message);
	case ER_DISK_FULL:
	case ER_RECORD_FILE_FULL:
		return error_set(err, ERROR_UNAVAILABLE, ENOSPC, "the database's disk is full");
	case ER_CON_COUNT_ERROR:
	case ER_TOO_MANY_USER_CONNECTIONS:
	case ER_OPTION_PREVENTS_STATEMENT: /* it is read-only for a while */
	case ER_OUT_OF_RESOURCES:
		return error_set(err, ERROR_UNAVAILABLE, EAGAIN, "the database takes nothing now: %s", message);
	default:
		return error_set(err, ERROR_INTERNAL, EIO, "database: %s", message);
	}
}

static int tell_mysql(struct mariadb *db, struct error *err)
{
	return mariadb_tell(db, mysql_errno(db->mysql), mysql_error(db->mysql), err);
}

/* ---- the connection ------------------------------------------------------------------------------------------------- */

static void start_library(void)
{
	mysql_library_init(0, NULL, NULL);
}

static void disconnect(struct mariadb *db)
{
	if (db->mysql != NULL)
		mysql_close(db->mysql);
	db->mysql = NULL;
}

static void set_options(struct mariadb *db)
{
	const struct mariadb_place *place = &db->place;
	const unsigned connect_seconds = CONNECT_SECONDS, answer_seconds = ANSWER_SECONDS, no = 0;
	const unsigned long packet = PACKET_CLIENT;
	const my_bool yes = 1;

	mysql_optionsv(db->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	mysql_optionsv(db->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &connect_seconds);
	mysql_optionsv(db->mysql, MYSQL_OPT_READ_TIMEOUT, &answer_seconds);
	mysql_optionsv(db->mysql, MYSQL_OPT_WRITE_TIMEOUT, &answer_seconds);
	mysql_optionsv(db->mysql, MYSQL_OPT_LOCAL_INFILE, &no); /* else the server could ask for our files */
	mysql_optionsv(db->mysql, MYSQL_OPT_MAX_ALLOWED_PACKET, &packet);
	/* Nothing that sends the password as it is. */
	mysql_optionsv(db->mysql, MARIADB_OPT_RESTRICTED_AUTH, "mysql_native_password,client_ed25519,caching_sha2_password");
	if (place->tls) {
		mysql_optionsv(db->mysql, MYSQL_OPT_SSL_ENFORCE, &yes);
		mysql_optionsv(db->mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
		if (place->ca != NULL)
			mysql_optionsv(db->mysql, MYSQL_OPT_SSL_CA, place->ca);
	}
}

static void ask_packet_max(struct mariadb *db)
{
	MYSQL_RES *result;
	MYSQL_ROW row = NULL;

	db->packet_max = PACKET_FALLBACK;
	if (mysql_query(db->mysql, "SELECT @@max_allowed_packet") != 0 || (result = mysql_store_result(db->mysql)) == NULL)
		return;
	row = mysql_fetch_row(result);
	if (row != NULL && row[0] != NULL)
		db->packet_max = strtoul(row[0], NULL, 10);
	mysql_free_result(result);
}

static int begin_session(struct mariadb *db, struct error *err)
{
	for (size_t i = 0; i < ARRAY_SIZE(session_start); i++)
		if (mysql_query(db->mysql, session_start[i]) != 0)
			return tell_mysql(db, err);
	ask_packet_max(db);
	return 0;
}

static int connect_now(struct mariadb *db, struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	const struct mariadb_place *place = &db->place;
	const char *host = place->host != NULL ? place->host : place->socket == NULL ? "127.0.0.1" : "localhost";
	int r = 0;

	pthread_once(&once, start_library);
	disconnect(db);
	db->mysql = mysql_init(NULL);
	if (db->mysql == NULL)
		abort(); /* out of memory */
	set_options(db);
	/* FOUND_ROWS: rows that an UPDATE meets count as changed, as on SQLite, even when they were so before. */
	if (mysql_real_connect(db->mysql, host, place->user, place->password, place->database, place->port, place->socket,
			       CLIENT_FOUND_ROWS) == NULL)
		r = tell_mysql(db, err);
	if (r == 0)
		r = begin_session(db, err);
	if (r < 0) {
		disconnect(db);
		return error_wrap(err, "cannot open the database %s at %s", place->database,
				  place->socket != NULL ? place->socket : host);
	}
	db->lost = false;
	db->generation++;
	return 0;
}

/* The server closed its end while nothing was asked: nothing is lost by asking on a new connection. */
static bool hung_up(const struct mariadb *db)
{
	struct pollfd fd = {.fd = mysql_get_socket(db->mysql), .events = POLLRDHUP};

	return poll(&fd, 1, 0) > 0;
}

int mariadb_ensure(struct mariadb *db, struct error *err)
{
	bool bound = db->in_transaction || db->holds_schema;

	if (db->mysql != NULL && !db->lost && (bound || !hung_up(db)))
		return 0;
	if (bound)
		return tell_lost(db, "the connection broke", err);
	return connect_now(db, err);
}

int mariadb_script(struct mariadb *db, const char *sql, struct error *err)
{
	for (int i = 0;; i++) {
		int r = mariadb_ensure(db, err);

		if (r < 0)
			return r;
		if (mysql_query(db->mysql, sql) == 0)
			return 0;
		r = tell_mysql(db, err);
		if (r != -ENOTCONN || i > 0 || db->holds_schema)
			return r;
	}
}

static int open_mariadb(const char *place, void **ret_connection, struct error *err)
{
	struct mariadb *db = xmalloc(sizeof(*db));
	int r = mariadb_place_parse(place, &db->place, err);

	if (r == 0)
		r = connect_now(db, err);
	if (r < 0) {
		mariadb_place_fini(&db->place);
		free(db);
		return r;
	}
	*ret_connection = db;
	return 0;
}

static void close_mariadb(void *connection)
{
	struct mariadb *db = connection;

	disconnect(db);
	mariadb_place_fini(&db->place);
	free(db);
}

static int script(void *connection, const char *sql, struct error *err)
{
	return mariadb_script(connection, sql, err);
}

/* ---- transactions --------------------------------------------------------------------------------------------------- */

/* Takes the rows of a SELECT that is there for what it does. */
static int ask(struct mariadb *db, const char *sql, bool *ret_true, struct error *err)
{
	MYSQL_RES *result;
	MYSQL_ROW row;

	if (mysql_query(db->mysql, sql) != 0 || (result = mysql_store_result(db->mysql)) == NULL)
		return tell_mysql(db, err);
	row = mysql_fetch_row(result);
	*ret_true = row != NULL && row[0] != NULL && strcmp(row[0], "1") == 0;
	mysql_free_result(result);
	return 0;
}

static int end(void *connection, bool commit, struct error *err);

/* One writing transaction at a time, in all processes: each takes the first row of schema_version first. That is what BEGIN IMMEDIATE
 * gives on SQLite, and what the transactions in store/ are written for. */
static int begin(void *connection, struct error *err)
{
	struct mariadb *db = connection;
	bool locked;
	int r;

	for (int i = 0;; i++) {
		r = mariadb_script(db, "START TRANSACTION", err);
		if (r < 0)
			return r;
		r = ask(db, "SELECT version FROM schema_version WHERE version = 1 FOR UPDATE", &locked, err);
		if (r != -ENOTCONN || i > 0)
			break;
	}
	db->in_transaction = true;
	if (r == 0 && !locked)
		r = error_set(err, ERROR_INTERNAL, EIO, "the database has no schema yet");
	if (r < 0)
		end(db, false, NULL);
	return r;
}

static int end(void *connection, bool commit, struct error *err)
{
	struct mariadb *db = connection;
	int r = commit && db->lost ? mariadb_ensure(db, err) : 0;

	db->in_transaction = false; /* from here on a broken connection leaves open what became of it: -ENOTCONN, not -EBUSY */
	if (db->lost)
		return r;
	if (mysql_query(db->mysql, commit ? "COMMIT" : "ROLLBACK") == 0)
		return 0;
	r = tell_mysql(db, err);
	db->lost = true; /* whatever is still open there must not be met by the next one */
	return r;
}

/* The lock is the connection's: it goes with a process that dies. */
static int lock_schema(void *connection, struct error *err)
{
	struct mariadb *db = connection;
	bool locked = false;
	int r = mariadb_ensure(db, err);

	if (r == 0)
		r = ask(db, "SELECT GET_LOCK(CONCAT('ttob schema ', MD5(DATABASE())), 20)", &locked, err);
	if (r == 0 && !locked)
		return error_set(err, ERROR_UNAVAILABLE, EBUSY, "another process is changing the database's schema");
	db->holds_schema = r == 0;
	/* For the tables to come; those that are there have it already. */
	if (r == 0)
		r = mariadb_script(db, "ALTER DATABASE CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin", err);
	return r;
}

static void unlock_schema(void *connection)
{
	struct mariadb *db = connection;
	bool unlocked;

	if (db->holds_schema && !db->lost)
		ask(db, "SELECT RELEASE_LOCK(CONCAT('ttob schema ', MD5(DATABASE())))", &unlocked, NULL);
	db->holds_schema = false;
}

static int64_t changes(void *connection)
{
	return ((struct mariadb *)connection)->changes;
}

static int64_t last_id(void *connection)
{
	return ((struct mariadb *)connection)->last_id;
}

const struct db_backend db_mariadb = {
	.scheme = "mariadb:",
	.kind = "mariadb",
	.transactional_schema = false,
	.open = open_mariadb,
	.close = close_mariadb,
	.begin = begin,
	.end = end,
	.lock_schema = lock_schema,
	.unlock_schema = unlock_schema,
	.script = script,
	.prepare = mariadb_prepare,
	.finalize = mariadb_finalize,
	.bind = mariadb_bind,
	.step = mariadb_step,
	.reset = mariadb_reset,
	.text = mariadb_text,
	.integer = mariadb_integer,
	.real = mariadb_real,
	.is_null = mariadb_is_null,
	.blob = mariadb_blob,
	.changes = changes,
	.last_id = last_id,
};
