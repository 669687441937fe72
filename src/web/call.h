/* A request on its way through the threads: checked by a worker, decided on the control loop, answered there (or by the recorder). */
#pragma once

#include "http/request.h"
#include "http/response.h"
#include "store/store.h"
#include "web/hub.h"
#include "web/presence.h"

struct web;

struct call {
	struct call *next; /* in a list of those that wait for the same */
	struct hub *hub;
	struct request *request; /* deferred */
	char person[STORE_ID_LENGTH + 1];
	char id[48];   /* of the sandbox or build */
	int64_t user;  /* whose account */
	struct holder holder; /* whose call it is */
	struct holder before; /* who that was before they signed in */
	void (*then)(struct call *call); /* what comes after a step that waits */
	unsigned n;    /* terminal */
	unsigned cols;
	unsigned rows;
	uint64_t offset;
	bool replace;
	void (*run)(struct call *call); /* on the loop */
	struct sandbox row;		/* of a try, until it becomes a live one */
	char *reference;
	char *run_command;
	bool network;
	json_t *answer;	  /* what a recorder's job prepared */
	struct page page; /* of a list */
};

/* Defers the request. */
struct call *call_new(struct request *request, struct hub *hub, const char *person, void (*run)(struct call *call));
/* Has `run` called on the loop. From any thread. */
void call_post(struct call *call);
/* Each answers and frees the call. */
void call_json(struct call *call, unsigned status, json_t *json); /* takes json */
void call_empty(struct call *call, unsigned status);
void call_problem(struct call *call, const struct error *err, json_t *extra); /* takes extra */
void call_free(struct call *call); /* without an answer of its own: the server says 500 */
