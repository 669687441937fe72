/* A fresh database for each test, of the kind that the program was started with. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "store/projects.h"
#include "store/store.h"

struct fixture {
	char *folder; /* of the databases that are files; else NULL */
	char *url;
	struct store store;
};

extern const char *fixture_kind; /* "sqlite", or "mariadb": under tests/with_mariadb.py */

int fixture_setup(void **state);
int fixture_teardown(void **state);
/* The address of another database, which is empty; the caller frees it. */
char *fixture_new_url(const struct fixture *fixture);

#define NOW INT64_C(1790000000000)

/* A filled-in project; strings are literals, so it is not for project_fini. */
struct project sample(const char *name, const char *category);
/* Puts it in and gives the id. */
int64_t add_sample(struct store *store, const char *name, const char *category);
/* An account; gives its id. `email` and `hash` (of a password) may be NULL. */
int64_t add_user(struct store *store, const char *username, const char *email, const char *hash);
/* The test's store, out of what cmocka hands to it. */
struct store *store_of(void **state);
/* Fails the test with the message unless r is 0. */
void must(int r, const struct error *err);

/* The suites, one per file; each gives its failures. */
int run_database(void);
int run_mariadb(void); /* for that one alone */
int run_nodes(void);
int run_banners(void);
int run_projects(void);
int run_builds(void);
int run_sandboxes(void);
int run_sessions(void);
int run_users(void);
int run_feedback(void);
int run_history(void);
int run_identities(void);
int run_sources(void);
int run_publish(void);
int run_logins(void);
