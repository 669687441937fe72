/* Errors on the wire: the one table from kinds of errors to HTTP status codes, and their RFC 9457 objects. */
#pragma once

#include <jansson.h>

#include "base/error.h"

unsigned problem_status(enum error_kind kind);
/* "Not Found"; "Error" for a status that is not in use here. */
const char *problem_title(unsigned status);
/* {type, title, status, detail} and the members of `extra` (taken; NULL: none; it can't replace the four). Never tells
 * the message of an internal error. */
json_t *problem_json(const struct error *err, json_t *extra);
/* The same for a status that no kind of error stands for (405, 426). */
json_t *problem_json_status(unsigned status, const char *detail, json_t *extra);
