#include "core/fields.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"

void field_error(struct field_errors *errors, const char *field, const char *format, ...)
{
	size_t length;
	va_list args;
	char *message;

	if (errors->count >= FIELD_ERRORS_MAX)
		return;
	snprintf(errors->items[errors->count].field, sizeof(errors->items[0].field), "%s", field);
	message = errors->items[errors->count].message;
	va_start(args, format);
	vsnprintf(message, sizeof(errors->items[0].message), format, args);
	va_end(args);
	/* A cut must not leave half a character: JSON would refuse the whole message. */
	for (length = strlen(message); length > 0 && !str_is_utf8(message, length);)
		message[--length] = '\0';
	errors->count++;
}

json_t *field_errors_json(const struct field_errors *errors)
{
	json_t *items = json_array();

	for (size_t i = 0; i < errors->count; i++)
		json_array_append_new(items, json_pack("{s:s, s:s}", "field", errors->items[i].field, "message",
						       errors->items[i].message));
	return json_pack("{s:o}", "errors", items);
}

int field_errors_result(const struct field_errors *errors, struct error *err)
{
	if (errors->count == 0)
		return 0;
	return error_set(err, ERROR_INVALID, EINVAL, "%s: %s", errors->items[0].field, errors->items[0].message);
}
