/* Answers. Each request is answered once; what comes after the first answer is dropped. Security headers, Date,
 * Content-Length and `Cache-Control: no-store` (unless set) are the server's. Callable from the thread that holds the
 * request. */
#pragma once

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "http/request.h"

/* Before the answer: adds a header (line breaks in the value abort: they would forge headers). One of the server's own
 * (Content-Security-Policy, …) stands in the place of that. */
void respond_header(struct request *request, const char *name, const char *value);
/* Set-Cookie (RFC 6265): Path=/, HttpOnly, SameSite=Lax, and Secure when the site is https. max_age seconds; 0 deletes
 * it; negative: until the browser ends. */
void respond_cookie(struct request *request, const char *name, const char *value, int64_t max_age);
/* Retry-After, seconds. */
void respond_retry_after(struct request *request, unsigned seconds);

/* Takes `json`. */
void respond_json(struct request *request, unsigned status, json_t *json);
/* The same, kept in the route's cache until cache_invalidate, with an ETag and `Cache-Control: no-cache`; If-None-Match
 * is answered 304. Only for answers that are the same for everybody. Without a cache in the route: the same answer, not
 * kept. */
void respond_cached(struct request *request, json_t *json);
/* `data` is copied; `type` is a media type. */
void respond_data(struct request *request, unsigned status, const char *type, const void *data, size_t length);
/* The same with an ETag of the data, for whom it may concern: If-None-Match of a 200 is answered 304. `Cache-Control:
 * no-cache` unless set. */
void respond_tagged(struct request *request, unsigned status, const char *type, const void *data, size_t length);
void respond_empty(struct request *request, unsigned status);
void respond_redirect(struct request *request, unsigned status, const char *location);
/* Sends `size` bytes of `fd` from its start by sendfile(2); takes the descriptor. `name`: saved as
 * (Content-Disposition), or NULL. */
void respond_file(struct request *request, int fd, uint64_t size, const char *type, const char *name);
/* application/problem+json (RFC 9457). The status follows from err->kind (problem.h); ERROR_INTERNAL's message stays in
 * the log and is not told. `extra`: NULL or an object whose members are added ({"errors": […]}, {"sandbox": …}); taken.
 * 429 and 503 get a Retry-After of 5 s when none was set. */
void respond_problem(struct request *request, const struct error *err, json_t *extra);
