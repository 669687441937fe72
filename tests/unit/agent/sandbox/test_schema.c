#include "../../test.h"

#include "agent/dispatch.h"
#include "agent/limits.h"

static const struct op_field inner[] = {{.name = "deep", .type = FIELD_BOOL}, {.name = NULL}};
static const struct op_field fields[] = {
	{.name = "id_field", .type = FIELD_ID, .optional = true},
	{.name = "text", .type = FIELD_STRING, .optional = true, .min = 2, .max = 5},
	{.name = "number", .type = FIELD_INTEGER, .optional = true, .min = 1, .max = 10},
	{.name = "flag", .type = FIELD_BOOL, .optional = true},
	{.name = "list", .type = FIELD_STRINGS, .optional = true, .min = 1, .max = 2},
	{.name = "map", .type = FIELD_STRING_MAP, .optional = true, .max = 1},
	{.name = "object", .type = FIELD_OBJECT, .optional = true, .fields = inner},
	{.name = NULL},
};

static bool passes(const struct op_field *table, const char *text, bool top)
{
	json_t *object = json_loads(text, JSON_ALLOW_NUL, NULL);
	struct error err = {0};
	int r;

	assert_non_null(object);
	r = schema_check(table, object, top, &err);
	json_decref(object);
	assert_true(r == 0 || (err.kind == ERROR_INVALID && err.message[0] != '\0'));
	return r == 0;
}

static void test_accepts(void **state)
{
	(void)state;
	assert_true(passes(fields, "{}", false));
	assert_true(passes(fields, "{\"id_field\":\"a-1\",\"text\":\"12345\",\"number\":10,\"flag\":false,\"list\":[\"\"],"
				   "\"map\":{\"a\":\"\"},\"object\":{\"deep\":true}}",
			   false));
	assert_true(passes(fields, "{\"id\":1,\"op\":\"x\"}", true));
	assert_true(passes(NULL, "{\"id\":1,\"op\":\"x\"}", true));
}

static void test_refuses(void **state)
{
	static const char *const bad[] = {
		"{\"id\":1}", "{\"op\":\"x\"}", "{\"other\":1}", "{\"\":1}",
		"{\"id_field\":\"\"}", "{\"id_field\":\"-a\"}", "{\"id_field\":\"A\"}", "{\"id_field\":\"a/b\"}", "{\"id_field\":null}",
		"{\"id_field\":\"a\\u0000b\"}", "{\"id_field\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}",
		"{\"text\":\"1\"}", "{\"text\":\"123456\"}", "{\"text\":12}", "{\"text\":\"a\\u0000b\"}", "{\"text\":null}",
		"{\"number\":0}", "{\"number\":11}", "{\"number\":-1}", "{\"number\":1.0}", "{\"number\":\"1\"}", "{\"number\":true}",
		"{\"flag\":0}", "{\"flag\":\"true\"}", "{\"flag\":null}",
		"{\"list\":[]}", "{\"list\":[\"a\",\"b\",\"c\"]}", "{\"list\":[1]}", "{\"list\":\"a\"}", "{\"list\":[\"a\\u0000\"]}",
		"{\"map\":{\"a\":1}}", "{\"map\":{\"a\":\"\",\"b\":\"\"}}", "{\"map\":[]}", "{\"map\":{\"a\":null}}",
		"{\"object\":{}}", "{\"object\":[]}", "{\"object\":{\"deep\":true,\"more\":1}}", "{\"object\":{\"deep\":1}}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		if (passes(fields, bad[i], false))
			fail_msg("passed: %s", bad[i]);
	assert_false(passes(NULL, "{\"x\":1}", true));
}

static void test_missing_field_is_named(void **state)
{
	json_t *object = json_object();
	struct error err;

	(void)state;
	assert_true(schema_check(limits_fields, object, false, &err) < 0);
	assert_non_null(strstr(err.message, "memory"));
	json_decref(object);
}

static void test_limits_go_there_and_back(void **state)
{
	struct limits limits = {.memory = 512ull << 20, .cpu = 500, .pids = 128, .disk = 1ull << 33};
	json_t *object = limits_to_json(&limits);
	struct limits back = limits_from_json(object);
	struct error err;

	(void)state;
	assert_int_equal(schema_check(limits_fields, object, false, &err), 0);
	assert_true(limits_equal(&limits, &back));
	back.disk++;
	assert_false(limits_equal(&limits, &back));
	json_decref(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_accepts),
		cmocka_unit_test(test_refuses),
		cmocka_unit_test(test_missing_field_is_named),
		cmocka_unit_test(test_limits_go_there_and_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
