/* The bounds of every argument: nothing reaches a handler that is not of its type and within its table's limits. */
#include <errno.h>
#include <string.h>

#include "agent/dispatch.h"
#include "base/str.h"
#include "base/util.h"

bool id_is_valid(const char *id)
{
	size_t length = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return length >= 1 && length <= 40 && id[length] == '\0' && id[0] != '-';
}

static bool is_text(const json_t *value, size_t min, size_t max)
{
	const char *text = json_string_value(value);
	size_t length = json_string_length(value);

	/* jansson has checked the UTF-8; a NUL could only come as \u0000. */
	return text != NULL && strlen(text) == length && length >= min && length <= max;
}

static bool is_text_array(const json_t *value, const struct op_field *field)
{
	if (!json_is_array(value) || json_array_size(value) < field->min || json_array_size(value) > field->max)
		return false;
	for (size_t i = 0; i < json_array_size(value); i++)
		if (!is_text(json_array_get(value, i), 0, FIELD_ITEM_MAX))
			return false;
	return true;
}

static bool is_text_map(json_t *value, const struct op_field *field)
{
	const char *name;
	json_t *item;

	if (!json_is_object(value) || json_object_size(value) > field->max)
		return false;
	json_object_foreach(value, name, item)
		if (strlen(name) > FIELD_ITEM_MAX || !is_text(item, 0, FIELD_ITEM_MAX))
			return false;
	return true;
}

static int check_field(const struct op_field *field, json_t *value, struct error *err)
{
	bool good = false;

	switch (field->type) {
	case FIELD_STRING:
		good = is_text(value, field->min, field->max);
		break;
	case FIELD_ID:
		good = is_text(value, 1, 40) && id_is_valid(json_string_value(value));
		break;
	case FIELD_INTEGER:
		good = json_is_integer(value) && json_integer_value(value) >= 0 &&
		       (uint64_t)json_integer_value(value) >= field->min &&
		       (uint64_t)json_integer_value(value) <= field->max;
		break;
	case FIELD_BOOL:
		good = json_is_boolean(value);
		break;
	case FIELD_OBJECT:
		return json_is_object(value) ? schema_check(field->fields, value, false, err)
					     : error_set(err, ERROR_INVALID, EINVAL, "%s must be an object", field->name);
	case FIELD_STRINGS:
		good = is_text_array(value, field);
		break;
	case FIELD_STRING_MAP:
		good = is_text_map(value, field);
		break;
	}
	return good ? 0 : error_set(err, ERROR_INVALID, EINVAL, "%s is of the wrong type, or out of its bounds", field->name);
}

static const struct op_field *find_field(const struct op_field *fields, const char *name)
{
	for (; fields != NULL && fields->name != NULL; fields++)
		if (strcmp(fields->name, name) == 0)
			return fields;
	return NULL;
}

int schema_check(const struct op_field *fields, json_t *object, bool top, struct error *err)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value) {
		const struct op_field *field = find_field(fields, name);
		int r;

		if (top && (strcmp(name, "id") == 0 || strcmp(name, "op") == 0))
			continue;
		if (field == NULL)
			return error_set(err, ERROR_INVALID, EINVAL, "unknown field \"%.64s\"", name);
		r = check_field(field, value, err);
		if (r < 0)
			return r;
	}
	for (const struct op_field *field = fields; field != NULL && field->name != NULL; field++)
		if (!field->optional && json_object_get(object, field->name) == NULL)
			return error_set(err, ERROR_INVALID, EINVAL, "the field \"%s\" is missing", field->name);
	return 0;
}
