/* Where a MariaDB database is: mariadb://user:password@host:port/database?socket=/path&tls=verify&ca=/path. User, password and host are
 * percent-decoded; nothing but the database's name is needed. */
#pragma once

#include <stdbool.h>

#include "base/error.h"

/* All strings are owned; NULL: not given. */
struct mariadb_place {
	char *host;
	char *user;
	char *password;
	char *database;
	char *socket;
	char *ca;      /* file of certificates that sign the server's */
	unsigned port; /* 0: MariaDB's own */
	bool tls;      /* encrypted, and the server's certificate is verified */
};

/* `place` is what follows "mariadb:". ERROR_INVALID; no message holds the password. */
int mariadb_place_parse(const char *place, struct mariadb_place *ret_place, struct error *err);
/* Wipes the password. */
void mariadb_place_fini(struct mariadb_place *place);
