#include "terminal/control.h"

#include <errno.h>
#include <jansson.h>

#include "base/util.h"

static int parse_side(const json_t *value, unsigned *ret_side)
{
	json_int_t side = json_integer_value(value);

	if (!json_is_integer(value) || side < 1 || side > CONTROL_SIZE_MAX)
		return -EINVAL;
	*ret_side = (unsigned)side;
	return 0;
}

static int parse_object(const json_t *root, struct control *control, const char **ret_why)
{
	const json_t *resize = json_object_get(root, "resize");
	const json_t *ack = json_object_get(root, "ack");

	if (!json_is_object(root)) {
		*ret_why = "control message is not an object";
		return -EINVAL;
	}
	if (resize != NULL) {
		if (!json_is_array(resize) || json_array_size(resize) != 2 ||
		    parse_side(json_array_get(resize, 0), &control->cols) < 0 ||
		    parse_side(json_array_get(resize, 1), &control->rows) < 0) {
			*ret_why = "resize is not two numbers from 1 to 1000";
			return -EINVAL;
		}
		control->has_resize = true;
	}
	if (ack != NULL) {
		if (!json_is_integer(ack) || json_integer_value(ack) < 0) {
			*ret_why = "ack is not a count of bytes";
			return -EINVAL;
		}
		control->ack = (uint64_t)json_integer_value(ack);
		control->has_ack = true;
	}
	return 0;
}

int control_parse(const char *json, size_t length, struct control *ret_control, const char **ret_why)
{
	json_t *root = json_loadb(json, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);
	int r;

	*ret_control = (struct control){0};
	if (root == NULL) {
		*ret_why = "control message is not JSON";
		return -EINVAL;
	}
	r = parse_object(root, ret_control, ret_why);
	json_decref(root);
	return r;
}

char *control_exit(const char *reason, int exit_code)
{
	json_t *code = exit_code < 0 ? json_null() : json_integer(exit_code);
	json_t *root = json_pack("{s:{s:s, s:o}}", "exit", "reason", reason, "code", code);
	char *text, *copy;

	if (root == NULL) /* the reason was not UTF-8 */
		return xstrdup("{\"exit\": {\"reason\": \"failed\", \"code\": null}}");
	text = json_dumps(root, 0);
	json_decref(root);
	copy = xstrdup(text);
	free(text);
	return copy;
}
