/* Static files, loaded into memory once: nothing a client sends is ever used as a file name. `.br` and `.gz` files
 * stand beside what they hold and are chosen by Accept-Encoding (RFC 9110 §12.5.3); ETag and If-None-Match (§13.1.2).
 */
#pragma once

#include <stddef.h>

#include "base/error.h"
#include "http/server.h"

struct files;

/* Loads all regular files below `folder` (links are not followed), at most 64 MiB together. */
int files_new(const char *folder, struct files **ret_files, struct error *err);
/* Not before the servers that use it are freed; takes NULL. */
void files_free(struct files *files);
size_t files_count(const struct files *files);

/* The bytes of a file as it is, not packed; borrowed. NULL: nothing is there. */
const char *files_get(const struct files *files, const char *path, size_t *ret_length);
/* Answers with the file of that path ("/favicon.svg"): `/assets/…` immutable for a year, all else no-cache.
 * ERROR_NOT_FOUND. */
int files_respond(struct files *files, struct request *request, const char *path, unsigned status, struct error *err);
/* A handler for routes of the single-page app: answers with /index.html. The route's data is the `struct files *`. */
int files_index(struct request *request, struct error *err);
/* The fallback handler (server_set_fallback, data: the files): the file of the request's path; else, for a browser that
 * wants HTML outside /api, index.html with status 404; else a 404 problem. */
int files_fallback(struct request *request, struct error *err);
/* What files_fallback does, for a handler that has other data. */
int files_respond_any(struct files *files, struct request *request, struct error *err);
