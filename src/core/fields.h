/* What is wrong with a form, field by field (RFC 9457 `errors`). */
#pragma once

#include <jansson.h>
#include <stddef.h>

#include "base/error.h"

#define FIELD_ERRORS_MAX 20

struct field_errors {
	size_t count;
	struct {
		char field[48];
		char message[160];
	} items[FIELD_ERRORS_MAX];
};

/* Notes one; those beyond the maximum are dropped. */
void field_error(struct field_errors *errors, const char *field, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* {"errors": [{field, message}]}, for respond_problem. */
json_t *field_errors_json(const struct field_errors *errors);
/* ERROR_INVALID with a message that names the first, or 0 when there are none. */
int field_errors_result(const struct field_errors *errors, struct error *err);
