/* Which route answers a path. Filled before the server starts, read by all threads after. */
#pragma once

#include "http/server.h"
#include "http/target.h"

struct router;

#define ROUTE_PARAMS_MAX 4

struct route_match {
	const struct route *route;            /* NULL: no route for that path and method */
	const char *names[ROUTE_PARAMS_MAX];  /* borrowed from the router */
	const char *values[ROUTE_PARAMS_MAX]; /* borrowed from the target, or memory below */
	size_t count;
	char *memory;
	unsigned allowed; /* the methods of the path's routes; 0: the path is unknown */
};

struct router *router_new(void);
void router_free(struct router *router);
/* Aborts for a pattern that cannot be, or that is there already with one of the methods. */
void router_add(struct router *router, const struct route *route);
void router_match(const struct router *router, unsigned method, const struct target *target,
		  struct route_match *ret_match);
void route_match_fini(struct route_match *match);
/* "GET, HEAD, POST, OPTIONS"; `out` holds 64. */
void router_allow(unsigned methods, char *out);
