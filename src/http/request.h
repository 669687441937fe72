/* What a client asked. Strings are borrowed for the life of the request. A request is one thread's at a time: the
 * server's, a worker's, or after request_defer its holder's. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "http/server.h"

enum method request_method(const struct request *request); /* METHOD_GET for HEAD */
bool request_is_head(const struct request *request);
/* Percent-decoded, valid UTF-8, begins with "/", without the query. */
const char *request_path(const struct request *request);
void *request_data(const struct request *request);  /* the route's */
void *request_local(const struct request *request); /* the worker's; NULL on a server thread */

/* A parameter of the route's pattern, decoded; asking for a name that the pattern lacks aborts. */
const char *request_param(const struct request *request, const char *name);
/* The first value of a query parameter, decoded ("+" is a space); NULL: not there. */
const char *request_query(const struct request *request, const char *name);
/* A whole number of the query, or `fallback` when it is missing or empty; ERROR_INVALID that names it when it isn't one
 * within min…max. */
int request_query_number(const struct request *request, const char *name, uint64_t min, uint64_t max, uint64_t fallback,
			 uint64_t *ret_value, struct error *err);
/* Case-insensitive name; the first of several; NULL: not there, or not clean UTF-8. Headers and cookies are the
 * connection's memory: read them before request_defer. */
const char *request_header(const struct request *request, const char *name);
/* RFC 6265 §4.2; the first of that name; NULL: not there. */
const char *request_cookie(const struct request *request, const char *name);
/* The client's address as text ("192.0.2.7", "2001:db8::1", "unix"), through a trusted proxy when configured. For
 * limits and logs. */
const char *request_address(const struct request *request);
/* "https://try.example.org": scheme and host as the client knows this site, no slash at the end. */
const char *request_site(const struct request *request);

/* The whole body; NULL and 0 when there is none. A NUL stands behind it. */
const char *request_body(const struct request *request, size_t *ret_length);
/* The body as a JSON object: ERROR_MALFORMED when it is empty, not UTF-8, not JSON, not an object, or names a key
 * twice. The caller owns *ret_json (json_decref). */
int request_json(const struct request *request, json_t **ret_json, struct error *err);

/* Takes the request along: the connection waits, the handler returns 0, and any thread answers later by one respond_…
 * call and request_unref (dropped without an answer: 500). Gives `request` back. Fine when the client goes away or the
 * server stops meanwhile. */
struct request *request_defer(struct request *request);
void request_unref(struct request *request);
/* From a worker: has `handler` go on with the request in the pool for what keeps a processor and much memory busy (hashing
 * of passwords), so that a storm of it stalls nothing else; then returns 0 at once, and so should the caller.
 * ERROR_UNAVAILABLE with Retry-After when too many wait there. The handler's request_local is made by worker_start, too. */
int request_heavy(struct request *request, request_handler handler, struct error *err);
/* The same in the pool for what asks other machines (a provider somebody signs in by) and mostly waits, so that one that is slow
 * keeps nobody else from being served. */
int request_outside(struct request *request, request_handler handler, struct error *err);
