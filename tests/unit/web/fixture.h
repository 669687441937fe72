/* A whole web process over real HTTP on a free loopback port, with the in-memory engine behind it and a database of its own. */
#pragma once

#include "unit/test.h"

#include <jansson.h>
#include <pthread.h>

#include "base/buf.h"
#include "engine/fake/fake.h"
#include "web/web.h"

struct fixture {
	struct web_options options; /* change before fixture_start */
	struct web *web;
	struct engine *engine; /* the fake; touch it by fixture_on_loop only */
	char folder[64];
	char *database;
	bool engine_away; /* the engine starts away */
};

/* Options of a usual process and one project: taste/figlet is ready (version 1.0). */
struct fixture *fixture_new(void);
void fixture_seed(struct fixture *fixture); /* the same project in another database: after fixture->database was changed */
void fixture_start(struct fixture *fixture); /* and waits until the engine is up */
void fixture_stop(struct fixture *fixture);  /* the web process; the data stays */
void fixture_free(struct fixture *fixture);
/* For cmocka: a fixture as the test's state, the second one with its web process running. */
int fixture_setup(void **state);
int fixture_setup_started(void **state);
int fixture_teardown(void **state);
/* Runs `body` on the control loop and waits for it. */
void fixture_on_loop(struct fixture *fixture, void (*body)(struct engine *engine, void *data), void *data);
/* The engine goes away, or comes back. */
void fixture_away(struct fixture *fixture, bool away);
/* A project of the catalogue, with a build queued behind the others. */
void fixture_add_project(struct fixture *fixture, const char *name);
/* Runs one statement without parameters in the database; asks it for one number. */
void fixture_sql(struct fixture *fixture, const char *sql);
int64_t fixture_count(struct fixture *fixture, const char *sql);

/* One visitor. */
struct guest {
	struct fixture *fixture;
	char cookie[80]; /* "" before the first try */
	const char *origin; /* NULL: that of the site; "": none */
	const char *type;   /* Content-Type of bodies; NULL: JSON */
	const char *headers; /* more, each with its line break; NULL: none */
};

struct reply {
	int status;
	json_t *json; /* NULL: no JSON */
	struct buf head;
	struct buf body;
};

/* `body` NULL: none. The guest keeps the cookie it gets. */
struct reply ask(struct guest *guest, const char *method, const char *path, const char *body);
void reply_fini(struct reply *reply);
/* Asks, checks the status, gives the JSON (a new reference; NULL when there is none). */
json_t *expect(struct guest *guest, const char *method, const char *path, const char *body, int status);
/* Gives a JSON back; takes NULL. */
void drop(json_t *json);
/* As expect, when what the answer says does not matter. */
void call(struct guest *guest, const char *method, const char *path, const char *body, int status);
int status_of(struct guest *guest, const char *method, const char *path, const char *body);

/* Calls that are made at the same time, each by a thread of its own. */
struct runner {
	pthread_t thread;
	struct guest guest;
	const char *method;
	const char *path;
	const char *body;
	int status; /* of the answer */
};

void run_all(struct runner *runners, size_t count);
unsigned answered(const struct runner *runners, size_t count, int status); /* how many were answered so */

/* A try that must start at once: "/api/v1/sandboxes/<id>". */
void start_try(struct guest *guest, const char *project, char *path, size_t size);
/* A try from its start to its end. */
void try_out(struct guest *guest, const char *project);
/* The guest gets a session, and nothing else is there. */
void become_known(struct guest *guest);
/* An account, signed in with it. Its password is PASSWORD. */
void register_as(struct guest *guest, const char *username);
/* 200, or fails the test. */
void log_in(struct guest *guest, const char *username);
#define PASSWORD "seven green kettles"

#define TRY "{\"project\": \"taste/figlet\"}"

/* "a.b.0.c" of the object; fails the test when it isn't there. Borrowed. */
const char *text_of(json_t *json, const char *path);
json_int_t number_of(json_t *json, const char *path);
json_t *at(json_t *json, const char *path); /* NULL: not there */

/* Asks again and again until text_of(path) is `value`; gives the last answer (a new reference). */
json_t *until(struct guest *guest, const char *url, const char *path, const char *value);
