#include <string.h>

#include "web/internal.h"

#define SIZE_MOST 1000 /* columns, rows (docs: terminal protocol) */

void body_members(json_t *json, const char *const *known, struct field_errors *errors)
{
	const char *key;
	json_t *value;

	json_object_foreach(json, key, value)
	{
		bool found = false;

		for (size_t i = 0; known[i] != NULL; i++)
			found = found || strcmp(known[i], key) == 0;
		if (!found)
			field_error(errors, key, "is not known here");
	}
}

const char *body_text(json_t *json, const char *field, struct field_errors *errors)
{
	json_t *value = json_object_get(json, field);

	if (value != NULL && !json_is_null(value) && !json_is_string(value))
		field_error(errors, field, "must be a text");
	return json_string_value(value);
}

unsigned body_size(json_t *json, const char *field, unsigned fallback, struct field_errors *errors)
{
	json_t *value = json_object_get(json, field);

	if (value == NULL)
		return fallback;
	if (!json_is_integer(value) || json_integer_value(value) < 1 || json_integer_value(value) > SIZE_MOST) {
		field_error(errors, field, "must be a whole number from 1 to %d", SIZE_MOST);
		return fallback;
	}
	return (unsigned)json_integer_value(value);
}
