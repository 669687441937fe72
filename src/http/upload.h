/* Bodies with files in them (multipart/form-data, RFC 7578) of routes with ROUTE_FILES: they go to an unlinked file as they come in, so that
 * nothing of one is held in memory, and a half-sent one leaves nothing behind. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "http/request.h"

/* Whether the body came as multipart/form-data; request_body is empty then. */
bool request_has_parts(const struct request *request);

/* A piece of a part: `offset` 0 begins one. `name` is never NULL; the file name and type that the client gave are nobody's concern.
 * A negative errno with `err` set ends the reading. */
typedef int (*part_taker)(const char *name, const void *data, size_t length, uint64_t offset, void *taker_data, struct error *err);
/* Reads the body part by part; for a worker's thread, once. ERROR_MALFORMED when it is not whole, or a part has no name. */
int request_read_parts(struct request *request, part_taker take, void *taker_data, struct error *err);
